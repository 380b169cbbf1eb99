#pragma once
// count() of the stores on a table: a run of records, each found once and counted where it lies.
#include <algorithm>
#include <span>

#include "millrace/base/byte_order.h"
#include "millrace/state/store.h"
#include "millrace/state/table/table.h"

namespace millrace::state {

inline void add_one(Counted& record, const std::byte* before) {
    const std::uint64_t count = before ? load_be<std::uint64_t>(before) + 1 : 1;
    store_be(record.count, count);
}

// `hash_of(hash)`: that of a record's key in the table, from that of the key alone.
// `key_of(record)`: that key (WholeKey and the like). `slowly(record, hash)` does what Table::open
// does not.
template <class HashOf, class KeyOf, class Slowly>
[[gnu::always_inline]] inline void count_in(Table& table, std::span<Counted> run, HashOf&& hash_of,
                                            KeyOf&& key_of, Slowly&& slowly) {
    // The slots of a run are asked for all at once, its entries a little ahead.
    constexpr std::size_t kRun = 256, kAhead = 8;
    struct Looked {
        Table::Start at;
        std::uint64_t hash;
    } looked[kRun + kAhead];
    while (!run.empty()) {
        const std::size_t size = std::min(run.size(), kRun);
        Looked* to = looked;
        for (const Counted& record : run.first(size)) {
            const std::uint64_t hash = hash_of(record.hash);
            *to++ = {table.start(hash), hash};
        }
        for (std::size_t i = 0; i < kAhead; ++i) *to++ = looked[size - 1];
        for (std::size_t i = 0; i < kAhead; ++i) table.prefetch_entry(looked[i].at);
        const std::uint64_t layout = table.layout();
        const Looked* start = looked;
        Counted* record = run.data();
        Counted* const end = record + size;
        // Once slots moved, the rest of the run starts anew.
        for (; record != end && table.layout() == layout; ++record, ++start) {
            table.prefetch_entry(start[kAhead].at);
            bool made;
            Entry* const e =
                table.open(start->at, start->hash, key_of(*record), sizeof record->count, made);
            if (!e) [[unlikely]] {
                slowly(*record, start->hash);
                continue;
            }
            std::byte* stored = e->home_value();
            if (made) {
                add_one(*record, nullptr);
            } else {
                add_one(*record, stored);
                record->timestamp = std::max(record->timestamp, e->timestamp);
            }
            std::memcpy(stored, record->count, sizeof record->count);
            e->timestamp = record->timestamp;
            record->key = e->key();
        }
        run = run.subspan(static_cast<std::size_t>(record - run.data()));
    }
}

// The long way; `old`: what the store has, `key`: as it is in the table.
inline void count_by_put(Table& table, Counted& record, std::uint64_t hash, BytesView key,
                         const std::optional<ValueAndTimestamp>& old) {
    add_one(record, old && old->value.size() == sizeof record.count ? old->value.data() : nullptr);
    if (old) record.timestamp = std::max(record.timestamp, old->timestamp.value());
    table.put(hash, key, BytesView(record.count), Timestamp{record.timestamp});
    record.key = table.find(hash, key)->key();
}

inline void log_counted(ChangeLog* log, std::span<const Counted> run) {
    if (log) log->log_counted(run);
}

}  // namespace millrace::state
