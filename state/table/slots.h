#pragma once
// Hash -> entry by extendible hashing: a directory of segments of at most 8192 slots, probed
// linearly. A full segment splits in two, so that growing costs at most some tens of microseconds
// at a time and never moves the whole table.
#include <cstdint>
#include <memory>
#include <vector>

#include "millrace/state/table/entry.h"

namespace millrace::state {

// Equality of n bytes, eight at a time. memcmp's wide masked loads reach into the line behind a
// short key: a cache miss more.
inline bool same_bytes(const void* a, const void* b, std::size_t n) {
    const auto* x = static_cast<const std::byte*>(a);
    const auto* y = static_cast<const std::byte*>(b);
    std::uint64_t p, q;
    if (n == 16) {
        std::uint64_t r, s;
        std::memcpy(&p, x, 8);
        std::memcpy(&q, y, 8);
        std::memcpy(&r, x + 8, 8);
        std::memcpy(&s, y + 8, 8);
        return p == q && r == s;
    }
    if (n >= 8) {
        for (std::size_t i = 0; i + 8 < n; i += 8) {
            std::memcpy(&p, x + i, 8);
            std::memcpy(&q, y + i, 8);
            if (p != q) return false;
        }
        std::memcpy(&p, x + n - 8, 8);
        std::memcpy(&q, y + n - 8, 8);
        return p == q;
    }
    if (n >= 4) {
        std::uint32_t r, s, t, u;
        std::memcpy(&r, x, 4);
        std::memcpy(&s, y, 4);
        std::memcpy(&t, x + n - 4, 4);
        std::memcpy(&u, y + n - 4, 4);
        return r == s && t == u;
    }
    for (std::size_t i = 0; i < n; ++i)
        if (x[i] != y[i]) return false;
    return true;
}

// A key to look for that lies in one piece. Keys made of pieces (window_key.h) look the same to
// Slots and Table, and are put together only when they are stored.
struct WholeKey {
    BytesView bytes;
    std::size_t size() const { return bytes.size(); }
    bool equals(const std::byte* stored) const {  // of the same size
        return same_bytes(stored, bytes.data(), bytes.size());
    }
    void write(std::byte* to) const {
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    }
};

class Slots {
    struct Slot {  // all zero: free
        std::uint64_t hash;
        Entry* entry;
    };
    struct Segment {
        std::unique_ptr<Slot[]> slots;
        std::size_t mask;
        std::size_t used = 0;
        std::size_t used_max = 0;
        unsigned depth = 0;        // how many leading bits of the hash its keys share
        std::size_t expected = 0;  // slots: when it grows, then to as many at least
    };

public:
    Slots();

    struct Place {  // of a key: its slot, or the one to put it in; good until something changes
        Segment* segment;
        Slot* slot;
        Entry* entry() const { return slot->entry; }
    };
    template <class Key>
    [[gnu::always_inline]] Place probe(std::uint64_t hash, const Key& key) const {
        Segment& s = *directory_[hash >> shift_];
        for (std::size_t i = hash & s.mask;; i = (i + 1) & s.mask) {
            Slot& slot = s.slots[i];
            if (!slot.entry || holds(slot, hash, key)) return {&s, &slot};
        }
    }
    // The same for who holds the first slot already: Start is good until layout() changes.
    class Start {
        friend class Slots;
        Slot* slot;
    };
    template <class Key>
    [[gnu::always_inline]] Place probe(Start start, std::uint64_t hash, const Key& key) const {
        if (start.slot->entry) {
            if (!holds(*start.slot, hash, key)) return probe(hash, key);
            return {nullptr, start.slot};
        }
        return {directory_[hash >> shift_], start.slot};
    }
    [[gnu::always_inline]] Start start(std::uint64_t hash) const {
        Segment& s = *directory_[hash >> shift_];
        Start start;
        start.slot = &s.slots[hash & s.mask];
        __builtin_prefetch(start.slot);
        return start;
    }
    [[gnu::always_inline]] void prefetch_likely_entry(Start start) const {
        __builtin_prefetch(start.slot->entry, 1);
    }
    std::uint64_t layout() const { return layout_; }
    Entry* find(std::uint64_t hash, BytesView key) const {
        return probe(hash, WholeKey{key}).entry();
    }
    void insert(Entry* entry);  // its key is not there
    [[gnu::always_inline]] void insert(const Place& place,
                                       Entry* entry) {  // where its key was looked for
        Segment& s = *place.segment;
        if (s.used >= s.used_max) [[unlikely]]
            return insert(entry);
        *place.slot = Slot{entry->hash, entry};
        ++s.used;
        ++size_;
    }
    void erase(const Entry* entry);             // is there
    void replace(const Entry* old, Entry* by);  // same key

    // Two steps of getting a cold entry near: its slot, and, once that has arrived, the entry.
    // Always inline: GCC 12 takes a function that only prefetches for one without effect, and drops
    // the call.
    [[gnu::always_inline]] void prefetch_slot(std::uint64_t hash) const {
        const Segment& s = *directory_[hash >> shift_];
        __builtin_prefetch(&s.slots[hash & s.mask]);
    }
    [[gnu::always_inline]] void prefetch_entry(std::uint64_t hash) const {
        const Segment& s = *directory_[hash >> shift_];
        std::size_t i = hash & s.mask;
        for (int probes = 0; probes < 4; ++probes, i = (i + 1) & s.mask) {
            if (s.slots[i].hash == hash) {
                __builtin_prefetch(s.slots[i].entry);
                return;
            }
        }
    }

    void clear();  // the slots stay
    // About so many keys will come. Asked of empty slots; memory is taken as they come.
    void expect(std::size_t keys);
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return static_cast<std::size_t>(bytes_) / sizeof(Slot); }
    std::int64_t bytes() const { return bytes_; }

    // Visits every entry, in an order that depends on hashes only. The visitor may not insert or
    // erase.
    template <class F>
    void for_each(F&& visit) const {
        const Segment* last = nullptr;
        for (const Segment* s : directory_) {
            if (s == last) continue;
            last = s;
            for (std::size_t i = 0; i <= s->mask; ++i)
                if (s->slots[i].entry) visit(s->slots[i].entry);
        }
    }
    // The eviction hand: up to `count` slots from the position `hand` on; moves it. Collects
    // entries, erases nothing.
    void sweep(std::uint64_t& hand, std::size_t count, std::vector<Entry*>& into) const;

private:
    static constexpr std::size_t kSlotsMin = 8, kSlotsMax = 8192;

    template <class Key>
    [[gnu::always_inline]] static bool holds(const Slot& slot, std::uint64_t hash, const Key& key) {
        return slot.hash == hash && slot.entry->key_size == key.size() &&
               key.equals(reinterpret_cast<const std::byte*>(slot.entry + 1));
    }

    Segment& segment_of(std::uint64_t hash) { return *directory_[hash >> shift_]; }
    static void place(Segment& s, const Slot& slot);
    static std::size_t used_max(std::size_t slots) { return slots * 7 / 10; }
    void grow(std::uint64_t hash);
    Segment* make(std::size_t slots, unsigned depth);

    std::vector<Segment*> directory_;  // 2^depth; several may name one segment
    std::vector<std::unique_ptr<Segment>> segments_;
    unsigned shift_ = 63;  // 64 - depth of the directory, which has at least one bit
    std::size_t size_ = 0;
    std::int64_t bytes_ = 0;
    std::uint64_t layout_ = 0;  // grows whenever slots move
};

}  // namespace millrace::state
