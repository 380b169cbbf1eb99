#pragma once
// What a transaction overwrote in place: records of [owner 8][version 32][its value], one behind
// the other. Nobody frees one of them: they go together, when the transaction has ended.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "millrace/state/table/entry.h"

namespace millrace::state {

class UndoLog {
public:
    // Copies the home of an entry; the entry itself is the caller's to change.
    [[gnu::always_inline]] Version* save(Entry& e, Version* below) {
        const std::size_t bytes = size_of(e.value_size);
        if (static_cast<std::size_t>(end_ - next_) < bytes) [[unlikely]]
            next_chunk(bytes);
        std::byte* at = next_;
        next_ += bytes;
        Entry* const owner = &e;
        std::memcpy(at, &owner, sizeof owner);
        auto* v = new (at + sizeof owner) Version{below, e.timestamp, e.value_size, e.txn, 0};
        if (e.value_size == 8)
            std::memcpy(v->value(), e.home_value(), 8);
        else
            std::memcpy(v->value(), e.home_value(), e.value_size);
        return v;
    }
    template <class F>
    void for_each_owner(F&& visit) const {
        for (std::size_t c = 0; c < in_use_; ++c) {
            const std::byte* at = chunks_[c].memory.get();
            const std::byte* end = c + 1 == in_use_ ? next_ : at + chunks_[c].used;
            while (at < end) {
                Entry* owner;
                std::memcpy(&owner, at, sizeof owner);
                at += size_of(reinterpret_cast<const Version*>(at + sizeof owner)->value_size);
                visit(owner);
            }
        }
    }
    bool empty() const { return in_use_ == 0; }
    void reset();  // keeps what a transaction like the last one needs
    std::int64_t used() const { return full_ + (next_ - begin_); }
    std::int64_t reserved() const { return reserved_; }

private:
    static std::size_t size_of(std::uint32_t value_size) {
        return (sizeof(Entry*) + sizeof(Version) + value_size + 7) & ~std::size_t{7};
    }
    void next_chunk(std::size_t bytes);
    struct Chunk {
        std::unique_ptr<std::byte[]> memory;
        std::size_t size;
        std::size_t used = 0;  // once it is full
    };
    std::vector<Chunk> chunks_;
    std::size_t in_use_ = 0;  // chunks; the last of them is being filled
    std::byte *begin_ = nullptr, *next_ = nullptr, *end_ = nullptr;
    std::int64_t full_ = 0, reserved_ = 0;
};

}  // namespace millrace::state
