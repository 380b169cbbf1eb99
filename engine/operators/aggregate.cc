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

}  // namespace

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
    count_bytes_ = kernel_->counts() && is_int64(store_->value_codec);
    cache_.attach(context, *store_, store_->key_codec->type(), store_->key_codec, *result_, false);
    return {};
}

void AggregateNode::process(const Run& run) {
    selection_.size = 0;
    values_.reset();
    keys_.hash(run, *store_->key_codec);
    if (auto read = keys_.prefetch(run, *store_->key_value); !read)
        return context().fail(std::move(read.error()));
    state::KeyValueStore& store = *store_->key_value;
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if ((*run.keys)[row].is_null() || (*run.values)[row].is_null()) {
                context().drop();
                continue;
            }
            if (!keys_.has(row)) [[unlikely]]
                throw CellIsBad{};
            const state::HashedKey key = keys_[row];
            const auto old = store.get(key);
            std::int64_t timestamp = run.rows->timestamp[row];
            if (old) timestamp = std::max(timestamp, old->timestamp.value());
            Cell& cell = values_[row];
            if (count_bytes_) {
                std::byte* count = values_.arena().take(8);
                const std::uint64_t before =
                    old && old->value.size() == 8 ? load_be<std::uint64_t>(old->value.data()) : 0;
                store_be<std::uint64_t>(count, before + 1);
                cell.set_bytes({count, 8});
            } else {
                bool present = false;
                if (old) {
                    cell.set_bytes(values_.arena().copy(old->value));
                    auto read = store_->value_codec->read(cell.bytes(), values_.object_at(row));
                    if (!read)
                        throw std::runtime_error("the stored aggregate does not deserialise: " +
                                                 read.error().detail);
                    present = true;
                }
                if (kernel_->apply(run, row, values_.object_at(row), present)) {
                    cell.state = Cell::HasObject;
                } else {
                    cell.state = Cell::Null;
                }
            }
            state::MaybeBytes value;
            if (!cell.is_null()) value = values_.bytes(row);
            // A delete is logged with the record's own time
            // (ChangeLoggingTimestampedKeyValueBytesStore).
            cache_.set_headers(run.rows->headers[row]);
            store.put(key, value, Timestamp{value ? timestamp : run.rows->timestamp[row]});
            if (cache_.active()) continue;  // a flush forwards
            rows_.timestamp[row] = timestamp;
            rows_.headers[row] = run.rows->headers[row];
            rows_.origin[row] = run.rows->origin[row];
            selection_.rows[selection_.size++] = row;
        }
    });
    forward(Run{&rows_, run.keys, &values_, run.origin, selection_.rows.data(), selection_.size});
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
    rows_.keys().set_type(*windowed_key_.ops, windowed_key_.codec.get());
    rows_.values().set_type(*result_, store_->value_codec);
    count_bytes_ = kernel_->counts() && is_int64(store_->value_codec);
    cache_.attach(context, *store_, *windowed_key_.ops, windowed_key_.codec.get(), *result_, true);
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

// Records mostly stay in a window for a while.
inline std::int64_t WindowAggregateNode::window_of(std::int64_t timestamp) {
    if (last_start_ >= 0 && timestamp >= last_start_ && timestamp - last_start_ < windows_.size_ms)
        return last_start_;
    return last_start_ = first_window(windows_, timestamp);
}

// count on bytes: one block holds the new count and the windowed key.
void WindowAggregateNode::add_count(const Run& run, Row row, std::int64_t start) {
    state::WindowStore& store = *store_->window;
    const state::HashedKey key = keys_[row];
    std::int64_t timestamp = run.rows->timestamp[row];
    std::uint64_t count = 1;
    if (const auto old = store.fetch(key, start)) {
        if (old->value.size() == 8) count += load_be<std::uint64_t>(old->value.data());
        timestamp = std::max(timestamp, old->timestamp.value());
    }
    const Row to = rows_.add(row);
    std::byte* block = rows_.values().arena().take(16 + key.key.size());
    store_be<std::uint64_t>(block, count);
    std::memcpy(block + 8, key.key.data(), key.key.size());
    store_be<std::int64_t>(block + 8 + key.key.size(), start);
    cache_.set_headers(run.rows->headers[row]);
    store.put(key, start, BytesView{block, 8}, Timestamp{timestamp});
    if (cache_.active()) return rows_.take_back();  // a flush forwards
    rows_.rows().timestamp[to] = timestamp;
    rows_.values()[to].set_bytes({block, 8});
    rows_.keys()[to].set_bytes({block + 8, key.key.size() + 8});
}

void WindowAggregateNode::add(const Run& run, Row row, std::int64_t start) {
    state::WindowStore& store = *store_->window;
    const state::HashedKey key = keys_[row];
    const auto old = store.fetch(key, start);
    std::int64_t timestamp = run.rows->timestamp[row];
    if (old) timestamp = std::max(timestamp, old->timestamp.value());
    const Row to = rows_.add(row);
    Column& values = rows_.values();
    Cell& cell = values[to];
    try {
        if (old) {
            auto read =
                store_->value_codec->read(values.arena().copy(old->value), values.object_at(to));
            if (!read)
                throw std::runtime_error("the stored aggregate does not deserialise: " +
                                         read.error().detail);
        }
        const bool result = kernel_->apply(run, row, values.object_at(to), old.has_value());
        cell.state = result ? Cell::HasObject : Cell::Null;
    } catch (...) {
        rows_.take_back();
        throw;
    }
    state::MaybeBytes value;
    if (!cell.is_null()) value = values.bytes(to);
    cache_.set_headers(run.rows->headers[row]);
    store.put(key, start, value, Timestamp{value ? timestamp : run.rows->timestamp[row]});
    if (cache_.active()) return rows_.take_back();
    rows_.rows().timestamp[to] = timestamp;
    // The key on its way: inner key, then the start (the topic format of a time-windowed key).
    Column& keys = rows_.keys();
    std::byte* windowed = keys.arena().take(key.key.size() + 8);
    if (!key.key.empty()) std::memcpy(windowed, key.key.data(), key.key.size());
    store_be<std::int64_t>(windowed + key.key.size(), start);
    keys[to].set_bytes({windowed, key.key.size() + 8});
}

void WindowAggregateNode::process(const Run& run) {
    rows_.begin(run);
    keys_.hash(run, *store_->key_codec);
    if (run.size > 1) {
        for (std::size_t i = 0; i < run.size; ++i) {
            const Row row = run.selected[i];
            if (keys_.has(row))
                store_->window->prefetch(keys_[row], window_of(run.rows->timestamp[row]));
        }
    }
    const bool tumbling = windows_.advance_ms == windows_.size_ms;
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if (!keys_.has(row)) [[unlikely]] {
                if (!(*run.keys)[row].is_null()) throw CellIsBad{};
                context().drop();  // a null key; a null value counts, and advances the clock
                continue;
            }
            const std::int64_t timestamp = run.rows->timestamp[row];
            observed_ = std::max(observed_, timestamp);
            const std::int64_t close = observed_ - windows_.grace_ms;
            if (tumbling) {
                const std::int64_t start = window_of(timestamp);
                if (window_end(windows_, start) <= close) [[unlikely]]
                    context().drop();  // late
                else if (count_bytes_)
                    add_count(run, row, start);
                else
                    add(run, row, start);
                continue;
            }
            for (std::int64_t start = first_window(windows_, timestamp); start <= timestamp;
                 start += windows_.advance_ms) {
                if (window_end(windows_, start) > close)
                    add(run, row, start);
                else
                    context().drop();  // late for this window
                if (start > std::numeric_limits<std::int64_t>::max() - windows_.advance_ms) break;
            }
        }
    });
    rows_.flush();
}

}  // namespace millrace::engine
