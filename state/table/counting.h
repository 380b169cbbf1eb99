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

// `hash` of a record: that of its key in the table. `key_of(record)`: that key (WholeKey and the
// like). `slowly(record)` does what Table::open does not.
template <class KeyOf, class Slowly>
void count_in(Table& table, std::span<Counted> run, KeyOf&& key_of, Slowly&& slowly) {
    constexpr std::size_t kAhead = 8;
    const std::size_t ahead_end = run.size() - std::min(kAhead, run.size());
    for (std::size_t i = 0; i < run.size() - ahead_end; ++i) table.prefetch_entry(run[i].hash);
    for (std::size_t i = 0; i < run.size(); ++i) {
        Counted& record = run[i];
        if (i < ahead_end) table.prefetch_entry(run[i + kAhead].hash);
        bool made;
        Entry* e = table.open(record.hash, key_of(record), sizeof record.count, made);
        if (!e) [[unlikely]] {
            slowly(record);
            continue;
        }
        std::byte* stored = e->home_value();
        add_one(record, made ? nullptr : stored);
        if (!made) record.timestamp = std::max(record.timestamp, e->timestamp);
        std::memcpy(stored, record.count, sizeof record.count);
        e->timestamp = record.timestamp;
        record.key = e->key();
    }
}

// The long way; `old`: what the store has, `key`: as it is in the table.
inline void count_by_put(Table& table, Counted& record, BytesView key,
                         const std::optional<ValueAndTimestamp>& old) {
    add_one(record, old && old->value.size() == sizeof record.count ? old->value.data() : nullptr);
    if (old) record.timestamp = std::max(record.timestamp, old->timestamp.value());
    table.put(record.hash, key, BytesView(record.count), Timestamp{record.timestamp});
    record.key = table.find(record.hash, key)->key();
}

inline void log_counted(ChangeLog* log, std::span<const Counted> run) {
    if (log) log->log_counted(run);
}

}  // namespace millrace::state
