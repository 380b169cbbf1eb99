#include "millrace/engine/operators/aggregate.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "millrace/base/byte_order.h"
#include "millrace/base/mutant.h"

namespace millrace::engine {
namespace {

// Of codecs: int64 in big endian, the format of Kafka's LongSerializer.
bool is_int64(const Codec* codec) {
    return codec && codec->fingerprint() == "int64";
}

// first start = max(0, ts - size + advance) / advance * advance (TimeWindows.windowsFor)
std::int64_t first_window(const TimeWindowsSpec& windows, std::int64_t timestamp) {
    return std::max<std::int64_t>(0, timestamp - windows.size_ms + windows.advance_ms) /
           windows.advance_ms * windows.advance_ms;
}

std::int64_t window_end(const TimeWindowsSpec& windows, std::int64_t start) {
    return start > std::numeric_limits<std::int64_t>::max() - windows.size_ms
               ? std::numeric_limits<std::int64_t>::max()
               : start + windows.size_ms;
}

// TimeWindows.windowsFor throws as well: such a record goes to the processing handler.
void check_window_end(const TimeWindowsSpec& windows, std::int64_t start) {
    if (start > std::numeric_limits<std::int64_t>::max() - windows.size_ms)
        throw std::invalid_argument("the end of the window that starts at " +
                                    std::to_string(start) + " ms does not fit in 64 bits");
}

// The stored aggregate, as an object at `row`.
void read_stored(const TaskStore& store, Column& values, Row row, BytesView stored) {
    auto read = store.value_codec->read(values.arena().copy(stored), values.object_at(row));
    if (!read)
        throw std::runtime_error("the stored aggregate does not deserialise: " +
                                 read.error().detail);
}

}  // namespace

// Out of line: records out of order are few.
[[gnu::noinline]] void KeptRows::retime(Row row, std::int64_t timestamp) {
    if (!own_) {
        own_ = true;
        rows_.any_headers = run_->rows->any_headers;
        for (std::size_t i = 0; i < run_->size; ++i) {
            const Row r = run_->selected[i];
            rows_.timestamp[r] = run_->rows->timestamp[r];
            rows_.headers[r] = run_->rows->headers[r];
            rows_.origin[r] = run_->rows->origin[r];
        }
    }
    rows_.timestamp[row] = timestamp;
}

AggregateNode::AggregateNode(std::string name, std::source_location at,
                             std::shared_ptr<const AggregateKernel> kernel, std::string store,
                             const TypeOps& result)
    : Node(std::move(name), at),
      kernel_(std::move(kernel)),
      store_name_(std::move(store)),
      result_(&result) {}

Result<void> AggregateNode::init(TaskContext& context) {
    MR_TRY_VOID(Node::init(context));
    store_ = context.store(store_name_);
    if (!store_ || !store_->key_value)
        return tl::make_unexpected(
            Error{ErrorCode::InvalidRequest, place() + " has no store " + store_name_});
    values_.set_type(*result_, store_->value_codec);
    cache_.attach(context, *store_, store_->key_codec->type(), store_->key_codec, *result_, false);
    counts_ = kernel_->counts() && is_int64(store_->value_codec) && !cache_.active();
    return {};
}

void AggregateNode::process(const Run& run) {
    kept_.begin(run);
    values_.reset();
    keys_.hash(run, *store_->key_codec);
    if (auto read = keys_.prefetch(run, *store_->key_value, !counts_); !read)
        return context().fail(std::move(read.error()));
    counted_.size = 0;
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if ((*run.keys)[row].is_null() || (*run.values)[row].is_null()) {
                context().drop();
                continue;
            }
            if (!keys_.has(row)) [[unlikely]]
                throw CellIsBad{};
            if (counts_)
                counted_.add(row, keys_[row].key, run.rows->timestamp[row]);
            else
                add(run, row);
        }
    });
    if (counted_.size > 0) {
        state::KeyValueStore& store = *store_->key_value;
        if (!store.count({counted_.records.data(), counted_.size}))
            return context().fail(Error{ErrorCode::InvalidRequest,
                                        place() + ": store " + store_name_ + " does not count"});
        for (std::size_t i = 0; i < counted_.size; ++i) {
            const Row row = counted_.rows[i];
            values_[row].set_bytes(counted_.records[i].count);
            kept_.keep(row, counted_.records[i].timestamp);
        }
    }
    forward(kept_.run(*run.keys, values_));
}

void AggregateNode::add(const Run& run, Row row) {
    state::KeyValueStore& store = *store_->key_value;
    const state::HashedKey key = keys_[row];
    const auto old = store.get(key);
    std::int64_t timestamp = run.rows->timestamp[row];
    if (old) timestamp = std::max(timestamp, old->timestamp.value());
    if (old) read_stored(*store_, values_, row, old->value);
    Cell& cell = values_[row];
    const bool result = kernel_->apply(run, row, values_.object_at(row), old.has_value());
    cell.state = result ? Cell::HasObject : Cell::Null;
    state::MaybeBytes value;
    if (!cell.is_null()) value = values_.bytes(row);
    // A delete is logged with the record's own time
    // (ChangeLoggingTimestampedKeyValueBytesStore).
    cache_.set_headers(run.rows->headers[row]);
    store.put(key, value, Timestamp{value ? timestamp : run.rows->timestamp[row]});
    if (!cache_.active()) kept_.keep(row, timestamp);  // else a flush forwards
}

WindowAggregateNode::WindowAggregateNode(std::string name, std::source_location at,
                                         std::shared_ptr<const AggregateKernel> kernel,
                                         std::string store, TimeWindowsSpec windows,
                                         ColumnType windowed_key, const TypeOps& result)
    : Node(std::move(name), at),
      kernel_(std::move(kernel)),
      store_name_(std::move(store)),
      windows_(windows),
      windowed_key_(std::move(windowed_key)),
      result_(&result),
      rows_(*this) {}

Result<void> WindowAggregateNode::init(TaskContext& context) {
    MR_TRY_VOID(Node::init(context));
    store_ = context.store(store_name_);
    if (!store_ || !store_->window)
        return tl::make_unexpected(
            Error{ErrorCode::InvalidRequest, place() + " has no window store " + store_name_});
    for (Column* keys : {&rows_.keys(), &windowed_keys_})
        keys->set_type(*windowed_key_.ops, windowed_key_.codec.get());
    for (Column* values : {&rows_.values(), &values_})
        values->set_type(*result_, store_->value_codec);
    cache_.attach(context, *store_, *windowed_key_.ops, windowed_key_.codec.get(), *result_, true);
    counts_ = kernel_->counts() && is_int64(store_->value_codec) && !cache_.active();
    return {};
}

void WindowAggregateNode::save_clocks(Clocks& clocks) const {
    if (observed_ >= 0 && !mutant::on(Mutant::ClocksNotCommitted))
        clocks["millrace.observed." + name()] = observed_;
}

void WindowAggregateNode::restore_clocks(const Clocks& clocks) {
    const auto it = clocks.find("millrace.observed." + name());
    observed_ = it == clocks.end() ? -1 : it->second;
}

// One update of one window; `to`: the row that is handed on with `timestamp`. False: nothing is, a
// flush of the cache does it.
bool WindowAggregateNode::add(const Run& run, Row row, std::int64_t start, Column& keys,
                              Column& values, Row to, std::int64_t& timestamp) {
    state::WindowStore& store = *store_->window;
    const state::HashedKey key = keys_[row];
    const auto old = store.fetch(key, start);
    timestamp = run.rows->timestamp[row];
    if (old) timestamp = std::max(timestamp, old->timestamp.value());
    if (old) read_stored(*store_, values, to, old->value);
    Cell& cell = values[to];
    const bool result = kernel_->apply(run, row, values.object_at(to), old.has_value());
    cell.state = result ? Cell::HasObject : Cell::Null;
    state::MaybeBytes value;
    if (!cell.is_null()) value = values.bytes(to);
    cache_.set_headers(run.rows->headers[row]);
    store.put(key, start, value, Timestamp{value ? timestamp : run.rows->timestamp[row]});
    if (cache_.active()) return false;
    // The key on its way: inner key, then the start (the topic format of a time-windowed key).
    std::byte* windowed = keys.arena().take(key.key.size() + 8);
    if (!key.key.empty()) std::memcpy(windowed, key.key.data(), key.key.size());
    store_be<std::int64_t>(windowed + key.key.size(), start);
    keys[to].set_bytes({windowed, key.key.size() + 8});
    return true;
}

void WindowAggregateNode::process(const Run& run) {
    if (windows_.advance_ms != windows_.size_ms) return hop(run);
    kept_.begin(run);
    windowed_keys_.reset();
    values_.reset();
    if (counts_)
        count(run);
    else
        tumble(run);
    forward(kept_.run(windowed_keys_, values_));
}

// Makes [start_, end_) the window of the record. Records mostly stay in one for a while: few
// divisions. True: it is closed already.
inline bool WindowAggregateNode::late(std::int64_t timestamp) {
    observed_ = std::max(observed_, timestamp);
    enter_window(timestamp);
    if (end_ == std::numeric_limits<std::int64_t>::max()) [[unlikely]]
        check_window_end(windows_, start_);
    return end_ <= observed_ - windows_.grace_ms;
}

inline void WindowAggregateNode::enter_window(std::int64_t timestamp) {
    if (timestamp >= start_ && timestamp < end_) [[likely]]
        return;
    start_ = first_window(windows_, timestamp);
    end_ = window_end(windows_, start_);
}

void WindowAggregateNode::tumble(const Run& run) {
    keys_.hash(run, *store_->key_codec);
    if (run.size > 1) {
        for (std::size_t i = 0; i < run.size; ++i) {
            const Row row = run.selected[i];
            if (!keys_.has(row)) continue;
            enter_window(run.rows->timestamp[row]);
            store_->window->prefetch(keys_[row], start_);
        }
    }
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if (!keys_.has(row)) [[unlikely]] {
                if (!(*run.keys)[row].is_null()) throw CellIsBad{};
                context().drop();  // a null key; a null value counts, and advances the clock
                continue;
            }
            if (late(run.rows->timestamp[row])) [[unlikely]] {
                context().drop();
                continue;
            }
            std::int64_t timestamp;
            if (add(run, row, start_, windowed_keys_, values_, row, timestamp))
                kept_.keep(row, timestamp);
        }
    });
}

void WindowAggregateNode::count(const Run& run) {
    const bool same = same_format(store_->key_codec, run.keys->codec());
    keys_.begin();
    counted_.size = counted_from_ = 0;
    drive(run, [&](std::size_t& at) { gather(run, at, same); });
    count_window(run);
}

// Takes the records from `at` on. What is gathered and not in the store yet is all of the window
// [start_, end_).
void WindowAggregateNode::gather(const Run& run, std::size_t& at, bool same) {
    const Codec& codec = *store_->key_codec;
    const std::uint8_t as_it_is = same ? Cell::HasBytes : 0;  // a state of keys that are taken so
    const Cell* const cells = &(*run.keys)[0];
    const std::int64_t* const timestamps = run.rows->timestamp.data();
    const Row* const rows = run.selected;
    // A window at the end of time is looked at anew for each record.
    constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
    const auto plus_grace = [&](std::int64_t end) {
        return end > kNever - windows_.grace_ms ? kNever : end + windows_.grace_ms;
    };
    std::int64_t observed = observed_, start = start_, dropped = 0;
    std::uint64_t known = end_ == kNever ? 0 : static_cast<std::uint64_t>(end_ - start_);
    std::int64_t late_from = plus_grace(end_);  // late is a record once so much was observed
    std::size_t i = at;
    const std::size_t size = run.size;
    state::Counted* to = counted_.records.data() + counted_.size;
    Row* to_row = counted_.rows.data() + counted_.size;
    const auto leave = [&] {
        at = i;
        observed_ = observed;
        counted_.size = static_cast<std::size_t>(to - counted_.records.data());
        context().drop(std::exchange(dropped, 0));
    };
    for (; i < size; ++i) {
        const Row row = rows[i];
        const Cell& cell = cells[row];
        BytesView key = cell.bytes();
        if (!(cell.state & as_it_is)) [[unlikely]] {
            if (cell.is_null()) {
                ++dropped;  // a null key; a null value counts, and advances the clock
                continue;
            }
            const auto converted = keys_.read(run, codec, same, row);
            if (!converted) {
                leave();
                throw CellIsBad{};
            }
            key = *converted;
        }
        const std::int64_t timestamp = timestamps[row];
        observed = std::max(observed, timestamp);
        if (static_cast<std::uint64_t>(timestamp) - static_cast<std::uint64_t>(start) >= known)
            [[unlikely]] {
            leave();
            count_window(run);
            enter_window(timestamp);
            start = start_;
            known = end_ == kNever ? 0 : static_cast<std::uint64_t>(end_ - start_);
            late_from = plus_grace(end_);
            if (end_ == kNever) check_window_end(windows_, start);
        }
        if (observed >= late_from && end_ <= observed - windows_.grace_ms) [[unlikely]] {
            ++dropped;
            continue;
        }
        CountRun::put(*to++, key, timestamp);
        *to_row++ = row;
    }
    leave();
}

// What was gathered last: all of one window.
void WindowAggregateNode::count_window(const Run& run) {
    const std::int64_t start = start_;
    const std::size_t from = std::exchange(counted_from_, counted_.size);
    const std::span<state::Counted> records(counted_.records.data() + from, counted_.size - from);
    if (records.empty()) return;
    if (!store_->window->count(records, start)) {  // hidden, or expired there
        keys_.hash(run, *store_->key_codec);
        for (std::size_t i = from; i < counted_.size; ++i) {
            const Row row = counted_.rows[i];
            std::int64_t timestamp;
            if (add(run, row, start, windowed_keys_, values_, row, timestamp))
                kept_.keep(row, timestamp);
        }
        return;
    }
    constexpr std::uint32_t kSequenceBytes = 4;  // at the end of the store's keys
    Cell *const keys = &windowed_keys_[0], *const values = &values_[0];
    kept_.keep(counted_.rows.data() + from, records, [&](Row row, const state::Counted& record) {
        const auto size = static_cast<std::uint32_t>(record.key.size());
        keys[row].point_to(record.key.data(), Cell::bytes_word(size - kSequenceBytes));
        values[row].point_to(record.count, Cell::bytes_word(sizeof record.count));
    });
}

void WindowAggregateNode::hop(const Run& run) {
    rows_.begin(run);
    keys_.hash(run, *store_->key_codec);
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if (!keys_.has(row)) [[unlikely]] {
                if (!(*run.keys)[row].is_null()) throw CellIsBad{};
                context().drop();
                continue;
            }
            const std::int64_t timestamp = run.rows->timestamp[row];
            observed_ = std::max(observed_, timestamp);
            const std::int64_t close = observed_ - windows_.grace_ms;
            check_window_end(windows_, timestamp / windows_.advance_ms * windows_.advance_ms);
            for (std::int64_t start = first_window(windows_, timestamp); start <= timestamp;
                 start += windows_.advance_ms) {
                if (window_end(windows_, start) > close) {
                    const Row to = rows_.add(row);
                    bool emitted = false;
                    try {
                        emitted = add(run, row, start, rows_.keys(), rows_.values(), to,
                                      rows_.rows().timestamp[to]);
                    } catch (...) {
                        rows_.take_back();
                        throw;
                    }
                    if (!emitted) rows_.take_back();
                } else {
                    context().drop();  // late for this window
                }
                if (start > std::numeric_limits<std::int64_t>::max() - windows_.advance_ms) break;
            }
        }
    });
    rows_.flush();
}

}  // namespace millrace::engine
