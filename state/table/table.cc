#include "millrace/state/table/table.h"

#include <algorithm>
#include <new>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"

namespace millrace::state {
namespace {

std::uint32_t size_in_entry(MaybeBytes value) {
    if (!value) return kTombstone;
    MR_CHECK(value->size() < kNothing);
    return static_cast<std::uint32_t>(value->size());
}
std::size_t bytes_of(MaybeBytes value) {
    return value ? value->size() : 0;
}
std::size_t bytes_of(std::uint32_t value_size) {
    return value_size < kNothing ? value_size : 0;
}

void fill(std::byte* at, MaybeBytes value) {
    // A caller may put a view that it got from this table, even of the bytes that are overwritten
    // here.
    if (value && !value->empty()) std::memmove(at, value->data(), value->size());
}

}  // namespace

void Table::inherit(Table& from) {
    MR_CHECK(empty() && structure_ == 0 && indexes_.empty() && !changed());
    arena_.swap(from.arena_);
    std::swap(slots_, from.slots_);
    std::swap(open_, from.open_);
    std::swap(in_flight_, from.in_flight_);
    dirty_.swap(from.dirty_);
    arena_.clear();
    slots_.clear();
    open_.clear();
    in_flight_.clear();
    dirty_.clear();
}

// ---- blocks
// ---------------------------------------------------------------------------------------------------------

void Table::fill_home(Entry& e, MaybeBytes value, Timestamp timestamp, TxnNumber txn) {
    fill(e.home_value(), value);
    e.value_size = size_in_entry(value);
    e.timestamp = timestamp.value();
    e.txn = txn;
}

Version* Table::push(Entry& e, std::size_t value_size) {
    const Arena::Block block = arena_.allocate(sizeof(Version) + value_size);
    if (e.undoable) lift(e);
    auto* v = new (block.at) Version{e.link, 0, kTombstone, 0, block.size_class};
    e.link = v;
    return v;
}

// Turns an entry whose older versions are in undo logs into one whose newer versions lie above its
// home: so that the home holds what is committed, or may get a value that does not fit.
void Table::lift(Entry& e) {
    const Version* v = undo_of(e);
    e.undoable = false;
    e.link = nullptr;
    if (!v) return;
    Version** link = &e.link;
    const auto add = [&](std::int64_t timestamp, BytesView value, TxnNumber txn) {
        const Arena::Block block = arena_.allocate(sizeof(Version) + value.size());
        auto* made = new (block.at) Version{
            nullptr, timestamp, static_cast<std::uint32_t>(value.size()), txn, block.size_class};
        fill(made->value(), value);
        above_bytes_ += static_cast<std::int64_t>(made->capacity() + sizeof(Version));
        *link = made;
        link = &made->below;
        (txn == current_ ? open_ : in_flight_).above.push_back(&e);
    };
    add(e.timestamp, e.home_view(), e.txn);
    for (; v->below && v->txn > committed_; v = v->below) add(v->timestamp, v->view(), v->txn);
    fill_home(e, v->view(), Timestamp{v->timestamp}, v->txn);
}

void Table::note_above(Entry* e) {
    if (e->txn == current_) {  // made by the open transaction
        if (e->noted) return;
        e->noted = true;
    }
    open_.above.push_back(e);
}

void Table::release(Version* v) {
    const SizeClass size_class = v->size_class;
    arena_.release(reinterpret_cast<std::byte*>(v), size_class);
}

// `listed`: dirty_ names the block, which stays until the list is next looked through.
void Table::forget(Entry* e, bool listed) {
    for (EntryIndex* index : indexes_) index->erased(e);
    slots_.erase(e);
    ++structure_;
    if (listed) {
        dirty_bytes_ -= static_cast<std::int64_t>(e->block_size());
        e->dead = true;
        if (++dead_ > dirty_.size() / 2 + 64) drop_dead();
        return;
    }
    const SizeClass size_class = e->size_class;
    arena_.release(reinterpret_cast<std::byte*>(e), size_class);
}

// A larger block for the entry; the home value is not carried over.
Entry* Table::relocate(Entry* e, std::size_t value_size, bool listed) {
    const Arena::Block block = arena_.allocate(sizeof(Entry) + e->key_size + value_size);
    auto* by = new (block.at) Entry(*e);
    by->size_class = block.size_class;
    by->value_size = kNothing;
    std::memcpy(by + 1, e + 1, e->key_size);
    slots_.replace(e, by);
    ++structure_;
    for (EntryIndex* index : indexes_) index->moved(e, by);
    if (e->newest_txn() > committed_) moved_.emplace_back(e, by);
    if (listed) {
        dirty_bytes_ -= static_cast<std::int64_t>(e->block_size());
        e->dead = true;
        ++dead_;
        list_dirty(by);
    } else {
        arena_.release(reinterpret_cast<std::byte*>(e), e->size_class);
    }
    return by;
}

void Table::drop_dead() {
    if (dead_ == 0) return;
    std::size_t kept = 0;
    for (Entry* e : dirty_) {
        if (e->dead)
            arena_.release(reinterpret_cast<std::byte*>(e), e->size_class);
        else
            dirty_[kept++] = e;
    }
    dirty_.resize(kept);
    dead_ = 0;
}

// ---- writing
// --------------------------------------------------------------------------------------------------------

void Table::put(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp) {
    advance_prefetch();
    const std::size_t size = bytes_of(value);
    const Slots::Place place = slots_.probe(hash, WholeKey{key});
    Entry* e = place.entry();
    if (!e) {
        if (!value && !has_runs_) return;
        e = make(place, hash, WholeKey{key}, size);
        fill_home(*e, value, timestamp, current_);
        open_new(e);
        live_ += value ? 1 : 0;
        return;
    }
    e->referenced = true;
    if (value && size <= kUndoBytesMax && (e->value_size == size || e->home_capacity() >= size) &&
        open_home(*e))
        return fill_home(*e, value, timestamp, current_);
    if (e->undoable) lift(*e);
    live_ += static_cast<int>(value.has_value()) - static_cast<int>(e->newest_is_value());
    Version* v = e->link;
    if (v && v->txn == current_) {
        if (v->capacity() < size) {
            Version* larger = push(*e, size);
            larger->below = v->below;
            above_bytes_ += static_cast<std::int64_t>(larger->capacity()) -
                            static_cast<std::int64_t>(v->capacity());
            // Written before the old one goes: the value may be a view of it.
            fill(larger->value(), value);
            release(v);
            v = larger;
            v->value_size = size_in_entry(value);
            v->timestamp = timestamp.value();
            v->txn = current_;
            return;
        }
    } else if (!v && e->txn == current_ && e->home_capacity() >= size) {
        if (!value) note_above(e);
        return fill_home(*e, value, timestamp, current_);
    } else {
        note_above(e);
        v = push(*e, size);
        above_bytes_ += static_cast<std::int64_t>(v->capacity() + sizeof(Version));
        fill(v->value(), value);
        if (e->txn == current_ && !v->below)
            e->value_size = kNothing;  // this transaction's home, too small now
        v->value_size = size_in_entry(value);
        v->timestamp = timestamp.value();
        v->txn = current_;
        return;
    }
    fill(v->value(), value);
    v->value_size = size_in_entry(value);
    v->timestamp = timestamp.value();
}

TxnNumber Table::restore_txn() {
    if (committed_ <= frozen_)
        committed_ = sealed_ = current_++;  // above what is being written to the runs
    return committed_;
}

void Table::restore(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp) {
    MR_CHECK(open_.empty() && !in_flight_now_);
    const TxnNumber txn = restore_txn();
    const Slots::Place place = slots_.probe(hash, WholeKey{key});
    Entry* e = place.entry();
    if (!e) {
        if (!value && !has_runs_) return;
        e = make(place, hash, WholeKey{key}, bytes_of(value));
        fill_home(*e, value, timestamp, txn);
        live_ += value ? 1 : 0;
        list_dirty(e);
        return;
    }
    live_ += static_cast<int>(value.has_value()) - static_cast<int>(e->newest_is_value());
    const bool listed = listed_at(*e, committed_);
    if (!e->upper() && !home_frozen(*e) && e->home_capacity() >= bytes_of(value) &&
        (value || has_runs_)) {
        fill_home(*e, value, timestamp, txn);
        if (!listed) list_dirty(e);
        return;
    }
    Version* v = push(*e, bytes_of(value));
    fill(v->value(), value);
    v->value_size = size_in_entry(value);
    v->timestamp = timestamp.value();
    v->txn = txn;
    finish(e, listed);
    patch_moved();
}

Entry* Table::load_clean(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp) {
    const Slots::Place place = slots_.probe(hash, WholeKey{key});
    MR_DCHECK(!place.entry());
    Entry* e = make(place, hash, WholeKey{key}, bytes_of(value));
    fill_home(*e, value, timestamp, 0);
    if (value) {
        ++live_;
        if (evicted_ > 0) --evicted_;
    }
    return e;
}

// ---- transactions
// ---------------------------------------------------------------------------------------------------

void Table::seal() {
    MR_CHECK(!in_flight_now_);
    std::swap(in_flight_, open_);
    in_flight_now_ = true;
    sealed_ = current_++;
    if (mutant::on(Mutant::StateMergedBeforeCommit)) committed();
}

void Table::committed() {
    if (!in_flight_now_) return;
    const TxnNumber was = committed_;
    committed_ = sealed_;
    if (spills_) {
        dirty_.insert(dirty_.end(), in_flight_.made.begin(), in_flight_.made.end());
        dirty_bytes_ += in_flight_.made_bytes;
        for (Entry* e : in_flight_.clean)
            if (e->undoable) list_dirty(e);  // else it was lifted, and comes below
    }
    const std::vector<Entry*>& above = in_flight_.above;
    for (std::size_t i = 0; i < above.size(); ++i) {
        if (i + 4 < above.size()) __builtin_prefetch(above[i + 4]);
        merge(above[i], was);
    }
    in_flight_.clear();
    in_flight_now_ = false;
    patch_moved();
}

// Is the version that was newest at `committed` named by dirty_?
bool Table::listed_at(const Entry& e, TxnNumber committed) const {
    if (!spills_) return false;
    for (const Version* v = e.upper(); v; v = v->below)
        if (v->txn <= committed) return v->txn > frozen_;
    return e.value_size != kNothing && e.txn <= committed && e.txn > frozen_;
}

void Table::merge(Entry* e, TxnNumber was) {
    bool listed;
    if (e->undoable) {  // made, deleted, made again, and written over by the open transaction
        e->noted = false;
        return;
    }
    if (e->txn > was) {  // made by this transaction
        e->noted = false;
        listed = spills_;
        if (e->value_size == kNothing) e->txn = committed_;
    } else {
        listed = listed_at(*e, was);
    }
    for (const Version* v = e->link; v; v = v->below)
        if (v->txn > was && v->txn <= committed_)
            above_bytes_ -= static_cast<std::int64_t>(v->capacity() + sizeof(Version));
    finish(e, listed);
}

// The newest committed version swallows the older ones, and goes home unless the home is frozen.
void Table::finish(Entry* e, bool listed) {
    Version* v = e->link;
    while (v && v->txn > committed_) v = v->below;
    if (v) {
        while (Version* older = v->below) {
            v->below = older->below;
            release(older);
        }
        if (home_frozen(*e) && !mutant::on(Mutant::FrozenEntryOverwritten)) {
            if (!listed) {
                list_dirty(e);
                deferred_.push_back(e);
            }
            return;
        }
    }
    settle(e, listed);
}

void Table::settle(Entry* e, bool listed) {
    Version** link = &e->link;
    while (*link && (*link)->txn > committed_) link = &(*link)->below;
    if (Version* v = *link) {
        const std::size_t size = bytes_of(v->value_size);
        *link = nullptr;
        if (size > e->home_capacity()) {
            const bool was_listed = listed;
            e = relocate(e, size, listed);
            listed = was_listed;
        }
        if (size != 0) std::memcpy(e->home_value(), v->value(), size);
        e->value_size = v->value_size;
        e->timestamp = v->timestamp;
        e->txn = v->txn;
        release(v);
    }
    if (!e->link && e->value_size == kTombstone && !has_runs_) return forget(e, listed);
    if (!listed) list_dirty(e);
}

void Table::patch_moved() {
    if (moved_.empty()) return;
    std::sort(moved_.begin(), moved_.end());
    for (auto* list : {&open_.above, &in_flight_.above}) {
        for (Entry*& e : *list) {
            const auto at = std::lower_bound(moved_.begin(), moved_.end(),
                                             std::pair<const Entry*, Entry*>(e, nullptr));
            if (at != moved_.end() && at->first == e) e = at->second;
        }
    }
    moved_.clear();
}

void Table::aborted() {
    if (mutant::on(Mutant::AbortKeepsState)) {
        committed();
        seal();
        return committed();
    }
    drop_uncommitted();
}

void Table::drop_uncommitted() {
    for (const auto& [changes, below] : {std::pair(&open_, sealed_), {&in_flight_, committed_}}) {
        for (Entry* e : changes->above) drop_above(e, below);
        changes->undo.for_each_owner([&, below = below](Entry* e) { drop_above(e, below); });
    }
    for (Changes* changes : {&open_, &in_flight_}) {
        for (Entry* e : changes->made) {
            drop_above(e, committed_);
            forget(e, false);
        }
        changes->clear();
    }
    in_flight_now_ = false;
    committed_ = sealed_ = current_++;
}

// Drops the versions that are newer than `txn`. An entry that is made by such a one holds nothing
// then.
void Table::drop_above(Entry* e, TxnNumber txn) {
    while (e->txn > txn && undo_of(*e)) {  // value for value: live_ stays
        const Version* v = e->link;
        e->link = v->below;
        fill_home(*e, v->view(), Timestamp{v->timestamp}, v->txn);
    }
    live_ -= static_cast<int>(e->newest_is_value());
    while (e->upper() && e->link->txn > txn) {
        Version* v = e->link;
        e->link = v->below;
        above_bytes_ -= static_cast<std::int64_t>(v->capacity() + sizeof(Version));
        release(v);
    }
    if (!e->upper() && e->txn > txn) e->value_size = kNothing;
    live_ += static_cast<int>(e->newest_is_value());
    if (!e->upper() && e->value_size == kTombstone && e->txn <= committed_ && !has_runs_)
        forget(e, spills_ && e->txn > frozen_);
}

void Table::Changes::clear() {
    made.clear();
    above.clear();
    clean.clear();
    undo.reset();
    made_bytes = 0;
}

std::optional<ValueAndTimestamp> Table::committed_value(const Entry& e) const {
    const auto home_is_it = [&] { return e.txn <= committed_; };
    if (e.undoable && home_is_it()) return newest(e);
    for (const Version* v = e.link; v; v = v->below) {
        if (v->txn > committed_) continue;
        if (v->value_size == kTombstone) return {};
        return ValueAndTimestamp{v->view(), Timestamp{v->timestamp}};
    }
    if (!home_is_it() || e.value_size >= kNothing) return {};
    return ValueAndTimestamp{e.home_view(), Timestamp{e.timestamp}};
}

// ---- spilling
// -------------------------------------------------------------------------------------------------------

const std::vector<Entry*>& Table::freeze() {
    MR_CHECK(spills_ && !spilling_);
    drop_dead();
    // Homes are read from now on by another thread: they hold what is committed.
    for (const Changes* changes : {&open_, &in_flight_})
        changes->undo.for_each_owner([this](Entry* e) {
            if (undo_of(*e)) lift(*e);
        });
    frozen_list_.swap(dirty_);
    frozen_bytes_ = dirty_bytes_;
    dirty_bytes_ = 0;
    frozen_ = committed_;
    spilling_ = has_runs_ = true;
    return frozen_list_;
}

void Table::end_spill() {
    // Whoever was committed again meanwhile goes home now.
    std::vector<Entry*> deferred;
    deferred.swap(deferred_);
    for (Entry* e : deferred) settle(e, true);
    patch_moved();
    frozen_list_.clear();
    frozen_bytes_ = 0;
    spilling_ = false;
}

void Table::spilled() {
    MR_CHECK(spilling_);
    clean_ = frozen_;
    end_spill();
}

void Table::spill_failed() {
    MR_CHECK(spilling_);
    // The frozen entries are dirty again; those committed again are in dirty_ already.
    std::sort(deferred_.begin(), deferred_.end());
    for (Entry* e : frozen_list_)
        if (!std::binary_search(deferred_.begin(), deferred_.end(), e)) list_dirty(e);
    frozen_ = clean_;
    end_spill();
}

std::int64_t Table::evict(std::int64_t bytes, std::size_t slots_max) {
    std::vector<Entry*> seen;
    std::int64_t freed = 0;
    constexpr std::size_t kStep = 1024;
    for (std::size_t done = 0; done < slots_max && freed < bytes; done += kStep) {
        seen.clear();
        slots_.sweep(hand_, kStep, seen);
        for (Entry* e : seen) {
            if (e->upper() || (e->txn > clean_ && !mutant::on(Mutant::EvictUnspilled)) ||
                e->value_size == kNothing)
                continue;
            if (e->referenced) {
                e->referenced = false;
                continue;
            }
            freed += static_cast<std::int64_t>(e->block_size());
            if (e->value_size != kTombstone) --live_, ++evicted_;
            forget(e, false);
            complete_ = false;
        }
    }
    return freed;
}

void Table::check_invariants() const {
    std::int64_t live = 0, above_bytes = 0, made_bytes = 0;
    std::size_t entries = 0;
    slots_.for_each([&](const Entry* e) {
        ++entries;
        MR_CHECK(!e->dead);
        MR_CHECK(slots_.find(e->hash, e->key()) == e);
        MR_CHECK(e->upper() || e->value_size != kNothing);
        live += e->newest_is_value();
        TxnNumber made = e->txn;  // of the oldest version there is
        for (const Version* v = undo_of(*e); v; v = v->txn > committed_ ? v->below : nullptr) {
            MR_CHECK(e->txn <= current_ && !home_frozen(*e));
            MR_CHECK(v->txn < made && v->value_size < kNothing);
            made = v->txn;
        }
        TxnNumber above = current_ + 1;
        std::size_t committed_above = 0;
        for (const Version* v = e->upper(); v; v = v->below) {
            MR_CHECK(v->txn < above && v->txn <= current_);
            above = v->txn;
            if (v->txn > committed_)
                above_bytes += static_cast<std::int64_t>(v->capacity() + sizeof(Version));
            else
                ++committed_above;
        }
        MR_CHECK(committed_above == 0 || (committed_above == 1 && home_frozen(*e)));
        if (made > committed_) made_bytes += static_cast<std::int64_t>(e->block_size());
    });
    MR_CHECK(entries == slots_.size());
    MR_CHECK(live == live_);
    MR_CHECK(above_bytes == above_bytes_);
    MR_CHECK(made_bytes == open_.made_bytes + in_flight_.made_bytes);
}

}  // namespace millrace::state
