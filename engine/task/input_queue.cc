#include "millrace/engine/task/input_queue.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/read_run.h"

namespace millrace::engine {
namespace {

constexpr std::array<Row, kRunMax> make_identity() {
    std::array<Row, kRunMax> rows{};
    for (std::size_t i = 0; i < kRunMax; ++i) rows[i] = static_cast<Row>(i);
    return rows;
}
constexpr std::array<Row, kRunMax> kIdentity = make_identity();

std::size_t count_records(const FetchedRecords& records) {
    std::size_t count = 0;
    wire::BatchWalker walker(records.batches);
    while (const auto batch = walker.next())
        count += static_cast<std::size_t>(std::max(0, batch->count()));
    return count;
}

inline Cell cell_of(const wire::NullableView& bytes) {
    Cell cell;
    cell.data = bytes.data();
    cell.size = static_cast<std::uint32_t>(bytes.size());
    cell.state = bytes.is_null() ? Cell::Null : Cell::HasBytes;
    return cell;
}

void copy_bytes(Cell& to, const Cell& from) {
    to = from;
    if (!from.is_null()) to.state = Cell::HasBytes;  // whatever was made of them
}

BytesView raw_headers(const wire::HeadersView& headers, Arena& arena) {
    const BytesView encoded = headers.encoded();
    const auto count = static_cast<std::int32_t>(headers.count());
    std::byte* at = arena.take(varint_size(count) + encoded.size());
    std::byte* after = store_varint(at, count);
    std::memcpy(after, encoded.data(), encoded.size());
    return {at, varint_size(count) + encoded.size()};
}

}  // namespace

InputQueue::InputQueue(TopicPartition tp, const NodeSpec& source, Node* node, SidesAsked asked,
                       TimestampPolicy default_timestamps)
    : tp_(std::move(tp)),
      spec_(source),
      node_(node),
      timestamps_(source.timestamps == TimestampPolicy::Default ? default_timestamps
                                                                : source.timestamps) {
    for (Column* column : {&keys_, &reject_keys_})
        column->set_type(*spec_.key.ops, spec_.key.codec.get());
    for (Column* column : {&values_, &reject_values_})
        column->set_type(*spec_.value.ops, spec_.value.codec.get());
    origin_.topic = reject_.topic = &tp_.topic;
    origin_.partition = reject_.partition = tp_.partition;
    origin_.keys = &keys_;
    origin_.values = &values_;
    reject_.keys = &reject_keys_;
    reject_.values = &reject_values_;
    origin_.rows = &rows_;
    reject_.rows = &reject_rows_;
    rows_.origin = kIdentity;
    const auto checked_by_size = [](const Codec& codec) {
        return codec.fixed_size() != 0 || codec.always_plausible();
    };
    read_key_ = asked.key && !spec_.key.codec->plausible_is_exact();
    read_value_ = asked.value && !spec_.value.codec->plausible_is_exact();
    fast_ = !read_key_ && !read_value_ && timestamps_ == TimestampPolicy::FailOnInvalid &&
            checked_by_size(*spec_.key.codec) && checked_by_size(*spec_.value.codec);
    key_bytes_ = spec_.key.codec->fixed_size();
    value_bytes_ = spec_.value.codec->fixed_size();
}

void InputQueue::enqueue(FetchedRecords records) {
    if (!position_ || (fetched_.empty() && !has_head_ && head_ == parsed_))
        position_ = std::max(records.from, position_.value_or(records.from));
    buffered_ += count_records(records);
    fetched_.push_back(std::move(records));
}

void InputQueue::clear() {
    fetched_.clear();
    walker_.reset();
    reader_.reset();
    buffered_ = 0;
    head_ = parsed_ = 0;
    has_head_ = false;
    position_.reset();
    epoch_.reset();
    progressed = false;
    lag.reset();
    idle_since.reset();
}

// Where the reader puts a chunk. The loops write through these alone: nothing is loaded again
// because of a store.
struct InputQueue::Chunk {
    InputQueue& queue;
    std::int64_t* const timestamps = queue.rows_.timestamp.data();
    std::int64_t* const offsets = queue.origin_.offset.data();
    Cell* const keys = &queue.keys_[0];
    Cell* const values = &queue.values_[0];
    std::int64_t low = INT64_MAX, high = INT64_MIN;

    void one(std::size_t i, const wire::RecordView& record) {
        offsets[i] = record.offset.value();
        timestamps[i] = record.timestamp.value();
        low = std::min(low, timestamps[i]);
        high = std::max(high, timestamps[i]);
        keys[i] = cell_of(record.key);
        values[i] = cell_of(record.value);
        if (record.headers.empty()) [[likely]]
            return;
        queue.rows_.headers[i] = raw_headers(record.headers, queue.headers_);
        queue.rows_.any_headers = true;
    }
    auto alike(std::size_t from, std::uint32_t key_size, std::uint32_t value_size) {
        return
            [this, key_word = Cell::bytes_word(key_size), value_word = Cell::bytes_word(value_size),
             i = from](std::int64_t offset, std::int64_t timestamp, const std::byte* key,
                       const std::byte* value) mutable {
                offsets[i] = offset;
                timestamps[i] = timestamp;
                low = std::min(low, timestamp);
                high = std::max(high, timestamp);
                keys[i].point_to(key, key_word);
                values[i].point_to(value, value_word);
                ++i;
            };
    }
    void all_at(std::size_t n, Timestamp timestamp) {
        low = high = timestamp.value();
        for (std::size_t i = 0; i < n; ++i) timestamps[i] = timestamp.value();
    }
};

// The next chunk of records. False: no more are here, or they are broken (then the context failed).
bool InputQueue::parse(TaskContext& context) {
    const auto broken = [&](const Error& error) {
        context.fail(Error{error.code, "records of " + tp_.to_string() + ": " + error.detail});
        return false;
    };
    head_ = parsed_ = 0;
    keys_.reset();
    values_.reset();
    if (std::exchange(rows_.any_headers, false)) {
        rows_.headers.fill({});
        headers_.reset();
    }
    for (;;) {
        if (reader_) {
            Chunk chunk{*this};
            const auto read = reader_->read_run(kRunMax, chunk);
            if (!read) return broken(read.error());
            if (*read > 0) {
                parsed_ = *read;
                chunk_low_ = chunk.low;
                chunk_high_ = chunk.high;
                if (!fetched_.empty() && Offset{origin_.offset[0]} < fetched_.front().from)
                    chunk_low_ = -1;  // there are rows in it that will be skipped
                return true;
            }
            reader_.reset();
        }
        if (fetched_.empty()) return false;
        FetchedRecords& front = fetched_.front();
        if (!walker_) walker_.emplace(front.batches.view());
        if (const auto batch = walker_->next()) {
            if (batch->control()) {
                buffered_ -=
                    std::min(buffered_, static_cast<std::size_t>(std::max(0, batch->count())));
                continue;
            }
            if (batch->codec() == wire::Codec::None) {
                reader_.emplace(*batch, batch->encoded_records());
            } else {
                auto records = wire::uncompressed_records(*batch);
                if (!records) return broken(records.error());
                uncompressed_ = *std::move(records);
                reader_.emplace(*batch, uncompressed_.view());
            }
            continue;
        }
        if (auto status = walker_->status(); !status) return broken(status.error());
        position_ = std::max(front.next, position_.value_or(front.next));
        epoch_ = front.epoch;
        walker_.reset();
        fetched_.pop_front();
    }
}

// The row as it came, for handlers and extractors: the record under examination.
void InputQueue::reject_origin(Row row) {
    reject_.offset[0] = origin_.offset[row];
    reject_rows_.timestamp[0] = rows_.timestamp[row];
    reject_rows_.headers[0] = rows_.headers[row];
    copy_bytes(reject_keys_[0], keys_[row]);
    copy_bytes(reject_values_[0], values_[row]);
}

// Reads what the topology will ask for.
bool InputQueue::readable(TaskContext& context, Row row) {
    const auto read = [&](bool wanted, Column& column, const char* side, const ColumnType& type) {
        if (!wanted || column[row].is_null() || column.readable(row)) return true;
        reject_origin(row);
        context.deserialization_error(*node_, reject_, 0,
                                      std::string("the ") + side + " is no " +
                                          std::string(type.ops->name) + ": " + column.bad_detail() +
                                          " (read by " + node_->place() + ')');
        return false;
    };
    return read(read_key_, keys_, "key", spec_.key) &&
           read(read_value_, values_, "value", spec_.value);
}

// Semantics §6.3, §8.1. Sets head_timestamp_.
bool InputQueue::accept(TaskContext& context, Row row) {
    const auto plausible = [&](bool will_be_read, const Cell& cell, const char* side,
                               const ColumnType& type) {
        if (will_be_read || cell.is_null() || type.codec->plausible(cell.bytes())) return true;
        reject_origin(row);
        context.deserialization_error(
            *node_, reject_, 0,
            std::string("a ") + side + " of " + std::to_string(cell.size) + " bytes is no " +
                std::string(type.ops->name) + " (read by " + node_->place() + ')');
        return false;
    };
    if (!plausible(read_key_, keys_[row], "key", spec_.key) ||
        !plausible(read_value_, values_[row], "value", spec_.value))
        return false;
    if ((read_key_ || read_value_) && !readable(context, row)) return false;
    const std::int64_t offset = origin_.offset[row];
    std::int64_t timestamp = rows_.timestamp[row];
    switch (timestamps_) {
        case TimestampPolicy::FailOnInvalid:
            if (timestamp < 0) {
                context.fail(Error{ErrorCode::InvalidTimestamp,
                                   "record " + tp_.to_string() + " offset " +
                                       std::to_string(offset) + " has the negative timestamp " +
                                       std::to_string(timestamp) +
                                       "; choose another timestamp extractor for " + spec_.name});
                return false;
            }
            break;
        case TimestampPolicy::Default:  // resolved before
        case TimestampPolicy::LogAndSkipOnInvalid:
            break;
        case TimestampPolicy::UsePartitionTimeOnInvalid:
            if (timestamp < 0) timestamp = partition_time;
            if (timestamp < 0) {
                context.fail(
                    Error{ErrorCode::InvalidTimestamp,
                          "record " + tp_.to_string() + " offset " + std::to_string(offset) +
                              " has no timestamp and no earlier record of the partition has one"});
                return false;
            }
            break;
        case TimestampPolicy::WallClock:
            timestamp = context.now.wall.value();
            break;
        case TimestampPolicy::Custom: {
            reject_origin(row);
            try {
                timestamp =
                    spec_.extractor(reject_keys_, reject_values_, 0, timestamp, partition_time);
            } catch (const CellIsBad&) {
                const bool key = reject_keys_[0].is_bad();
                context.deserialization_error(*node_, reject_, 0,
                                              (key ? reject_keys_ : reject_values_).bad_detail());
                return false;
            } catch (const std::exception& e) {  // fatal, no handler asked (StreamsException)
                context.fail(Error{ErrorCode::InvalidTimestamp,
                                   "the timestamp extractor of " + spec_.name +
                                       " failed at record " + tp_.to_string() + " offset " +
                                       std::to_string(offset) + ": " + e.what()});
                return false;
            }
            break;
        }
    }
    if (timestamp < 0) {
        context.drop();
        return false;
    }
    const auto& guard = context.settings().future_max_ms;
    if (guard && timestamp - *guard > context.now.wall.value()) [[unlikely]] {
        reject_origin(row);
        context.deserialization_error(
            *node_, reject_, 0,
            "its timestamp " + std::to_string(timestamp) + " lies more than " +
                std::to_string(*guard) +
                " ms ahead of the wall clock: it would close every window before it");
        return false;
    }
    head_timestamp_ = rows_.timestamp[row] = timestamp;
    return true;
}

bool InputQueue::load_head(TaskContext& context, bool in_run) {
    while (!has_head_ && !context.failed()) {
        if (head_ == parsed_ && (in_run || !parse(context))) return false;
        const Offset offset{origin_.offset[head_]};
        const bool before_start = !fetched_.empty() && offset < fetched_.front().from;
        if (!before_start && accept(context, static_cast<Row>(head_))) {
            has_head_ = true;
            position_ = offset;
            break;
        }
        if (context.failed()) return false;
        ++head_;
        buffered_ -= buffered_ > 0;
        if (!before_start) {  // dropped: the offset moves on all the same
            position_ = offset + 1;
            progressed = true;
        }
    }
    return has_head_;
}

// A record that accept() would take without a word.
inline bool InputQueue::plain(Row row, std::int64_t latest) const {
    // One comparison: a negative timestamp is a great one.
    if (static_cast<std::uint64_t>(rows_.timestamp[row]) > static_cast<std::uint64_t>(latest))
        return false;
    const Cell &key = keys_[row], &value = values_[row];
    if (key_bytes_ != 0 && key.size != key_bytes_ && !key.is_null()) return false;
    return value_bytes_ == 0 || value.size == value_bytes_ || value.is_null();
}

std::size_t InputQueue::take(TaskContext& context, std::int64_t until, bool until_inclusive,
                             std::size_t records_max) {
    const auto& guard = context.settings().future_max_ms;
    const std::int64_t wall = context.now.wall.value();
    const std::int64_t latest = !fast_                               ? -1
                                : guard && wall < INT64_MAX - *guard ? wall + *guard
                                                                     : INT64_MAX;
    const std::int64_t last = until_inclusive || until == INT64_MIN ? until : until - 1;
    const std::int64_t due = context.next_stream_punctuation();
    const std::int64_t* const timestamps = rows_.timestamp.data();
    std::int64_t stream_time = context.stream_time, high = partition_time;
    const std::size_t from = head_;
    std::size_t head = from, size = 0;
    bool together = true;  // the rows of the run are consecutive
    const auto put = [&](std::int64_t timestamp) {
        high = std::max(high, timestamp);
        stream_time = std::max(stream_time, timestamp);
        if (!together) [[unlikely]]
            chosen_[size] = static_cast<Row>(head);
        ++size;
        ++head;
    };
    // Records of any size that are accepted at a glance and belong to the run.
    const std::int64_t usual_last = std::min(latest, last);
    const bool usual = fast_ && key_bytes_ == 0 && value_bytes_ == 0 && usual_last >= 0;
    const bool whole_chunk =
        usual && chunk_low_ >= 0 && chunk_high_ <= usual_last && chunk_high_ < due;
    for (;;) {
        put(head_timestamp_);
        has_head_ = false;
        if (whole_chunk && stream_time < due && together) {
            const std::size_t stop = head + std::min(records_max - size, parsed_ - head);
            std::int64_t highest = head_timestamp_;
            if (stop != parsed_)
                for (std::size_t row = head; row < stop; ++row)
                    highest = std::max(highest, timestamps[row]);
            else if (stop != head)
                highest = chunk_high_;
            high = std::max(high, highest);
            stream_time = std::max(stream_time, highest);
            size += stop - head;
            head = stop;
        } else if (usual) {
            const std::size_t stop = head + std::min(records_max - size, parsed_ - head);
            while (head < stop && stream_time < due &&
                   static_cast<std::uint64_t>(timestamps[head]) <=
                       static_cast<std::uint64_t>(usual_last))
                put(timestamps[head]);
        }
        if (size == records_max || stream_time >= due || head == parsed_) break;
        if (fast_ && plain(static_cast<Row>(head), latest)) [[likely]] {
            head_timestamp_ = timestamps[head];
            has_head_ = true;
        } else {  // the long way, which may skip records
            partition_time = high;
            head_ = head;
            const bool found = load_head(context, true);
            if (head_ != head && std::exchange(together, false))
                for (std::size_t i = 0; i < size; ++i) chosen_[i] = static_cast<Row>(from + i);
            head = head_;
            if (!found) break;
        }
        if (head_timestamp_ > last) break;
    }
    head_ = head;
    size_ = size;
    selected_ = together ? kIdentity.data() + from : chosen_.data();
    const Offset after{origin_.offset[selected_[size - 1]] + 1};
    position_ =
        has_head_ ? Offset{origin_.offset[head]} : std::max(position_.value_or(after), after);
    partition_time = high;
    context.stream_time = stream_time;
    origin_.stream_time = stream_time;
    buffered_ -= std::min(buffered_, size_);
    progressed = true;
    return size_;
}

Run InputQueue::run() const {
    auto& self = const_cast<InputQueue&>(*this);
    return Run{&self.rows_, &self.keys_, &self.values_, &origin_, selected_, size_};
}

}  // namespace millrace::engine
