#pragma once
// A table of byte keys with the layers of design §3.10. Writes go to the open layer; seal() puts it
// in flight, committed() merges that down, aborted() drops open and in flight: all in the time of
// what changed, not of what is there. freeze() hands the committed entries that are not in the
// sorted runs to a background writer, without copying them: they are left untouched (newer versions
// lie above) until spilled() turns them clean.
//
// One thread. The frozen entries' keys, home values and timestamps may be read by another thread
// between freeze() and spilled().
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"
#include "millrace/state/store.h"
#include "millrace/state/table/arena.h"
#include "millrace/state/table/entry.h"
#include "millrace/state/table/slots.h"
#include "millrace/state/table/undo_log.h"

namespace millrace::state {

class EntryIndex {  // an order over the entries of a table, kept up while it exists
public:
    virtual ~EntryIndex() = default;
    virtual void inserted(Entry* entry) = 0;
    virtual void erased(Entry* entry) = 0;                 // still readable
    virtual void moved(const Entry* from, Entry* to) = 0;  // equal keys, both readable
};

class Table {
public:
    // With `spills`, committed changes are listed for freeze(). Until the first freeze a committed
    // delete leaves nothing behind.
    explicit Table(bool spills = false) : spills_(spills) {}
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    // An empty table goes on with the memory of one that nobody needs any more.
    void inherit(Table& from);
    // An empty table: about so many keys will come.
    void expect(std::size_t keys) { slots_.expect(keys); }

    // ---- reading ----
    Entry* find(std::uint64_t hash, BytesView key) const { return slots_.find(hash, key); }
    static std::optional<ValueAndTimestamp> newest(const Entry& e) {
        if (const Version* v = e.upper()) {
            if (v->value_size == kTombstone) return {};
            return ValueAndTimestamp{v->view(), Timestamp{v->timestamp}};
        }
        if (e.value_size >= kNothing) return {};
        return ValueAndTimestamp{e.home_view(), Timestamp{e.timestamp}};
    }
    std::optional<ValueAndTimestamp> get(std::uint64_t hash, BytesView key) {
        advance_prefetch();
        Entry* e = slots_.find(hash, key);
        if (!e) return {};
        e->referenced = true;
        return newest(*e);
    }
    // What the last commit left: open and in-flight versions are skipped (interactive queries that
    // ask for committed state).
    std::optional<ValueAndTimestamp> committed_value(const Entry& e) const;

    // For open() by who knows its keys well ahead: the slot where a key is looked for first, which
    // is asked for here; a little later the entry may be. Good until layout() changes.
    using Start = Slots::Start;
    [[gnu::always_inline]] Start start(std::uint64_t hash) const { return slots_.start(hash); }
    [[gnu::always_inline]] void prefetch_entry(Start start) const {
        slots_.prefetch_likely_entry(start);
    }
    std::uint64_t layout() const { return slots_.layout(); }
    // A hint that the key is about to be used. The slot is fetched now, the entry of the key seven
    // hints earlier, too.
    [[gnu::always_inline]] void prefetch(std::uint64_t hash) {
        slots_.prefetch_slot(hash);
        slots_.prefetch_entry(ring_[ring_at_ & 7]);
        ring_[ring_at_++ & 7] = hash;
        ring_left_ = 8;
    }

    // ---- writing ----
    void put(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp);
    // The entry of the key, open, with a value of `size` bytes for the caller to overwrite, its
    // timestamp too; `made`: by this call, the bytes are garbage. Null: this key has to take the
    // long way (get, put). The entry and its key stay where they are until a commit, an abort, an
    // eviction or the end of a spill.
    template <class Key>
    [[gnu::always_inline]] Entry* open(Start start, std::uint64_t hash, const Key& key,
                                       std::uint32_t size, bool& made) {
        const Slots::Place place = slots_.probe(start, hash, key);
        Entry* e = place.entry();
        made = !e;
        if (e) {
            e->referenced = true;
            return e->value_size == size && open_home(*e) ? e : nullptr;
        }
        if (!complete_) return nullptr;
        const std::int64_t used = arena_.used();
        e = make(place, hash, key, size);
        e->value_size = size;
        open_.made.push_back(e);
        open_.made_bytes += arena_.used() - used;
        ++live_;
        return e;
    }
    // Below everything open; only between transactions (nothing open, nothing in flight).
    void restore(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp);
    // What the sorted runs said about a key that is not here: clean. A tombstone remembers that
    // they have nothing.
    Entry* load_clean(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp);

    void seal();
    void committed();
    void aborted();
    void drop_uncommitted();  // what aborted() does

    // ---- spilling ----
    // The entries committed since the last freeze, each once, in no order; untouched until
    // spilled() or spill_failed().
    const std::vector<Entry*>& freeze();
    void spilled();       // they are in the sorted runs
    void spill_failed();  // they are not: they go back to committed
    bool spilling() const { return spilling_; }
    bool has_runs() const { return has_runs_; }
    // The sorted runs hold keys of this table that are not in memory: deletes leave tombstones, a
    // miss must ask them.
    void set_has_runs() { has_runs_ = true, complete_ = false; }
    bool complete() const { return complete_; }  // what is not here is nowhere

    // Forgets clean entries that were not used lately, until `bytes` are free or a sweep of
    // `slots_max` slots has ended. Returns the bytes freed.
    std::int64_t evict(std::int64_t bytes, std::size_t slots_max);

    // ---- counts ----
    std::size_t size() const {
        return slots_.size();
    }  // keys, also those whose newest version is a tombstone
    std::int64_t live() const {
        return live_ + evicted_;
    }  // keys whose newest version is a value; a guess once evicted
    std::int64_t uncommitted_bytes() const {
        return above_bytes_ + open_.bytes() + in_flight_.bytes();
    }
    std::int64_t committed_bytes() const { return dirty_bytes_ + frozen_bytes_; }
    std::int64_t bytes() const {
        return arena_.used() + slots_.bytes() + open_.undo.used() + in_flight_.undo.used();
    }
    bool filled() const {  // its slots are worth keeping for as many keys
        return slots_.size() * 4 >= slots_.capacity();
    }
    std::int64_t reserved_bytes() const {
        return arena_.reserved() + slots_.bytes() + open_.undo.reserved() +
               in_flight_.undo.reserved();
    }
    bool changed() const { return !open_.empty() || !in_flight_.empty(); }
    bool empty() const { return slots_.size() == 0; }

    // Grows whenever entries come, go or move: cursors then look for their place again.
    std::uint64_t structure() const { return structure_; }
    void attach(EntryIndex* index) { indexes_.push_back(index); }
    template <class F>
    void for_each(F&& visit) const {
        slots_.for_each(visit);
    }

    // Panics when a layer or a count is wrong; O(everything), for tests.
    void check_invariants() const;

private:
    struct Changes {                // of one transaction
        std::vector<Entry*> made;   // entries that were not there
        std::vector<Entry*> above;  // entries with a version of it above their home, each once; and
                                    // made ones that it then deleted
        UndoLog undo;               // what it wrote over in place, and whose home that is
        std::vector<Entry*> clean;  // of these, the ones that are to be listed as dirty
        std::int64_t made_bytes = 0;

        bool empty() const { return made.empty() && above.empty() && undo.empty(); }
        std::int64_t bytes() const { return made_bytes + undo.used(); }
        void clear();
    };

    static constexpr std::uint32_t kUndoBytesMax = 1024;  // larger values go above

    // A new entry that holds nothing yet.
    template <class Key>
    [[gnu::always_inline]] Entry* make(const Slots::Place& place, std::uint64_t hash,
                                       const Key& key, std::size_t value_size) {
        const Arena::Block block = arena_.allocate(sizeof(Entry) + key.size() + value_size);
        auto* e = new (block.at) Entry{hash,
                                       nullptr,
                                       0,
                                       static_cast<std::uint32_t>(key.size()),
                                       kNothing,
                                       current_,
                                       block.size_class,
                                       true,
                                       false,
                                       false,
                                       false};
        key.write(block.at + sizeof(Entry));
        slots_.insert(place, e);
        ++structure_;
        for (EntryIndex* index : indexes_) index->inserted(e);
        return e;
    }
    void open_new(Entry* e) {
        open_.made.push_back(e);
        open_.made_bytes += static_cast<std::int64_t>(e->block_size());
    }
    // What the home held before a transaction that has not ended wrote over it.
    Version* undo_of(const Entry& e) const {
        return e.undoable && e.txn > committed_ ? e.link : nullptr;
    }
    // Makes the home the open version, when the newest version is a value that lies there and
    // nothing forbids to overwrite it.
    [[gnu::always_inline]] bool open_home(Entry& e) {
        if (e.value_size > kUndoBytesMax || e.upper()) return false;  // no value, too
        if (e.txn == current_) return true;
        if (e.txn <= frozen_) [[unlikely]] {
            if (e.txn > clean_) return false;
            open_.clean.push_back(&e);
        }
        e.link = open_.undo.save(e, undo_of(e));
        e.undoable = true;
        e.txn = current_;
        return true;
    }
    void note_above(Entry* e);
    void lift(Entry& e);
    void fill_home(Entry& e, MaybeBytes value, Timestamp timestamp, TxnNumber txn);
    Version* push(Entry& e, std::size_t value_size);
    void release(Version* v);
    void forget(Entry* e, bool listed);
    Entry* relocate(Entry* e, std::size_t value_size, bool listed);
    bool listed_at(const Entry& e, TxnNumber committed) const;
    void merge(Entry* e, TxnNumber was_committed);
    void finish(Entry* e, bool listed);
    void settle(Entry* e, bool listed);
    void drop_above(Entry* e, TxnNumber txn);
    void list_dirty(Entry* e) {
        if (!spills_) return;
        dirty_bytes_ += static_cast<std::int64_t>(e->block_size());
        dirty_.push_back(e);
    }
    void drop_dead();
    void patch_moved();
    void end_spill();
    bool home_frozen(const Entry& e) const {
        return e.value_size != kNothing && e.txn > clean_ && e.txn <= frozen_;
    }
    TxnNumber restore_txn();
    [[gnu::always_inline]] void advance_prefetch() {
        if (ring_left_ == 0) return;
        --ring_left_;
        slots_.prefetch_entry(ring_[ring_at_++ & 7]);
    }

    Arena arena_;
    Slots slots_;
    // Transaction numbers: see entry.h. The open transaction is current_.
    TxnNumber current_ = 2, sealed_ = 1, committed_ = 1, frozen_ = 0, clean_ = 0;
    bool spills_, has_runs_ = false, complete_ = true, spilling_ = false, in_flight_now_ = false;
    Changes open_, in_flight_;
    std::vector<Entry*> dirty_;        // committed and not frozen; may name dead blocks
    std::vector<Entry*> frozen_list_;  // in the hands of the background writer
    std::vector<Entry*> deferred_;     // committed again while their home was frozen
    std::vector<std::pair<const Entry*, Entry*>> moved_;  // by a commit, while named by an `above`
    std::size_t dead_ = 0;                                // dead blocks named by dirty_
    std::vector<EntryIndex*> indexes_;
    std::int64_t live_ = 0, evicted_ = 0, dirty_bytes_ = 0, frozen_bytes_ = 0;
    std::int64_t above_bytes_ = 0;  // of uncommitted versions above homes
    std::uint64_t structure_ = 0, hand_ = 0;
    std::uint64_t ring_[8] = {};
    std::uint32_t ring_at_ = 0, ring_left_ = 0;
};

}  // namespace millrace::state
