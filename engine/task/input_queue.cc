#include "millrace/engine/task/input_queue.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/wire/batch/compression.h"

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

void set(Column& column, Row row, const wire::NullableView& bytes) {
    if (bytes.is_null())
        column.set_null(row);
    else
        column[row].set_bytes(bytes.view());
}

}  // namespace

InputQueue::InputQueue(TopicPartition tp, const NodeSpec& source, Node* node, SidesAsked asked,
                       TimestampPolicy default_timestamps)
    : tp_(std::move(tp)),
      spec_(source),
      node_(node),
      timestamps_(source.timestamps == TimestampPolicy::Default ? default_timestamps
                                                                : source.timestamps),
      records_(kRunMax) {
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

// The next chunk of records. False: no more are here, or they are broken (then the context failed).
bool InputQueue::parse(TaskContext& context) {
    const auto broken = [&](const Error& error) {
        context.fail(Error{error.code, "records of " + tp_.to_string() + ": " + error.detail});
        return false;
    };
    head_ = parsed_ = 0;
    for (;;) {
        if (reader_) {
            const auto read = reader_->read(records_);
            if (!read) return broken(read.error());
            if (*read > 0) {
                parsed_ = *read;
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

BytesView InputQueue::raw_headers(const wire::RecordView& record, Arena& arena) {
    if (record.headers.empty()) return {};
    const BytesView encoded = record.headers.encoded();
    const auto count = static_cast<std::int32_t>(record.headers.count());
    std::byte* at = arena.take(varint_size(count) + encoded.size());
    std::byte* after = store_varint(at, count);
    std::memcpy(after, encoded.data(), encoded.size());
    return {at, varint_size(count) + encoded.size()};
}

void InputQueue::reject_origin(const wire::RecordView& record) {
    reject_.offset[0] = record.offset.value();
    reject_rows_.timestamp[0] = record.timestamp.value();
    reject_rows_.headers[0] = raw_headers(record, headers_);
    set(reject_keys_, 0, record.key);
    set(reject_values_, 0, record.value);
}

// Reads what the topology will ask for, in the place where the run will have it.
bool InputQueue::readable(TaskContext& context, const wire::RecordView& record, Row row) {
    const auto read = [&](bool wanted, const wire::NullableView& bytes, Column& column,
                          const char* side, const NodeSpec& spec) {
        if (!wanted || bytes.is_null()) return true;
        set(column, row, bytes);
        if (column.readable(row)) return true;
        reject_origin(record);
        const ColumnType& type = &column == &keys_ ? spec.key : spec.value;
        context.deserialization_error(*node_, reject_, 0,
                                      std::string("the ") + side + " is no " +
                                          std::string(type.ops->name) + ": " + column.bad_detail() +
                                          " (read by " + node_->place() + ')');
        return false;
    };
    return read(read_key_, record.key, keys_, "key", spec_) &&
           read(read_value_, record.value, values_, "value", spec_);
}

// Semantics §6.3, §8.1. Sets head_timestamp_.
bool InputQueue::accept(TaskContext& context, const wire::RecordView& record, Row row) {
    if (!read_key_ && !record.key.is_null() && !spec_.key.codec->plausible(record.key.view())) {
        reject_origin(record);
        context.deserialization_error(*node_, reject_, 0,
                                      "a key of " + std::to_string(record.key.size()) +
                                          " bytes is no " + std::string(spec_.key.ops->name) +
                                          " (read by " + node_->place() + ')');
        return false;
    }
    if (!read_value_ && !record.value.is_null() &&
        !spec_.value.codec->plausible(record.value.view())) {
        reject_origin(record);
        context.deserialization_error(*node_, reject_, 0,
                                      "a value of " + std::to_string(record.value.size()) +
                                          " bytes is no " + std::string(spec_.value.ops->name) +
                                          " (read by " + node_->place() + ')');
        return false;
    }
    if ((read_key_ || read_value_) && !readable(context, record, row)) return false;
    std::int64_t timestamp = record.timestamp.value();
    switch (timestamps_) {
        case TimestampPolicy::FailOnInvalid:
            if (timestamp < 0) {
                context.fail(Error{ErrorCode::InvalidTimestamp,
                                   "record " + tp_.to_string() + " offset " +
                                       std::to_string(record.offset.value()) +
                                       " has the negative timestamp " + std::to_string(timestamp) +
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
                          "record " + tp_.to_string() + " offset " +
                              std::to_string(record.offset.value()) +
                              " has no timestamp and no earlier record of the partition has one"});
                return false;
            }
            break;
        case TimestampPolicy::WallClock:
            timestamp = context.now.wall.value();
            break;
        case TimestampPolicy::Custom: {
            reject_origin(record);
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
                                       std::to_string(record.offset.value()) + ": " + e.what()});
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
        reject_origin(record);
        context.deserialization_error(
            *node_, reject_, 0,
            "its timestamp " + std::to_string(timestamp) + " lies more than " +
                std::to_string(*guard) +
                " ms ahead of the wall clock: it would close every window before it");
        return false;
    }
    head_timestamp_ = timestamp;
    head_row_ = row;
    return true;
}

bool InputQueue::load_head(TaskContext& context, bool in_run) {
    const Row row = in_run ? static_cast<Row>(size_) : Row{0};
    while (!has_head_ && !context.failed()) {
        if (head_ == parsed_ && (in_run || !parse(context))) return false;
        const wire::RecordView& record = records_[head_];
        const bool before_start = !fetched_.empty() && record.offset < fetched_.front().from;
        if (!before_start && accept(context, record, row)) {
            has_head_ = true;
            position_ = record.offset;
            break;
        }
        if (context.failed()) return false;
        ++head_;
        buffered_ -= buffered_ > 0;
        if (!before_start) {  // dropped: the offset moves on all the same
            position_ = record.offset + 1;
            progressed = true;
        }
    }
    return has_head_;
}

// A record that accept() would take without a word.
inline bool InputQueue::plain(const wire::RecordView& record, std::int64_t latest) const {
    // One comparison: a negative timestamp is a great one.
    if (static_cast<std::uint64_t>(record.timestamp.value()) > static_cast<std::uint64_t>(latest))
        return false;
    if (key_bytes_ != 0 && record.key.size() != key_bytes_ && !record.key.is_null()) return false;
    return value_bytes_ == 0 || record.value.size() == value_bytes_ || record.value.is_null();
}

std::size_t InputQueue::take(TaskContext& context, std::int64_t until, bool until_inclusive,
                             std::size_t records_max) {
    keys_.reset();
    values_.reset();
    headers_.reset();
    const auto& guard = context.settings().future_max_ms;
    const std::int64_t wall = context.now.wall.value();
    const std::int64_t latest = !fast_                               ? -1
                                : guard && wall < INT64_MAX - *guard ? wall + *guard
                                                                     : INT64_MAX;
    const std::int64_t last = until_inclusive || until == INT64_MIN ? until : until - 1;
    const std::int64_t due = context.next_stream_punctuation();
    std::int64_t stream_time = context.stream_time, high = partition_time;
    std::int64_t timestamp = head_timestamp_;
    // The loop writes through these alone: nothing is loaded again because of a store.
    std::int64_t* const timestamps = rows_.timestamp.data();
    std::int64_t* const offsets = origin_.offset.data();
    BytesView* const headers = rows_.headers.data();
    Cell* const keys = &keys_[0];
    Cell* const values = &values_[0];
    const wire::RecordView* record = records_.data() + head_;
    const wire::RecordView* const end = records_.data() + parsed_;
    const bool reads = read_key_ || read_value_;
    std::size_t size = 0;
    const std::int64_t usual_last = std::min(latest, last);
    const bool usual = fast_ && key_bytes_ == 0 && value_bytes_ == 0 && usual_last >= 0;
    for (;;) {
        // Those of which the next is accepted at a glance and belongs to the run, too.
        while (usual && size + 1 < records_max && record + 1 != end && record->headers.empty()) {
            const std::int64_t next = record[1].timestamp.value();
            stream_time = std::max(stream_time, timestamp);
            if (static_cast<std::uint64_t>(next) > static_cast<std::uint64_t>(usual_last) ||
                stream_time >= due)
                break;
            high = std::max(high, timestamp);
            timestamps[size] = timestamp;
            offsets[size] = record->offset.value();
            headers[size] = {};
            keys[size] = cell_of(record->key);
            values[size] = cell_of(record->value);
            timestamp = next;
            ++size;
            ++record;
        }
        high = std::max(high, timestamp);
        stream_time = std::max(stream_time, timestamp);
        timestamps[size] = timestamp;
        offsets[size] = record->offset.value();
        headers[size] = {};
        if (!record->headers.empty()) [[unlikely]]
            headers[size] = raw_headers(*record, headers_);
        // What was read at the source is there already, with its object.
        const bool there = reads && head_row_ == size;
        if (!there || !read_key_ || record->key.is_null()) keys[size] = cell_of(record->key);
        if (!there || !read_value_ || record->value.is_null())
            values[size] = cell_of(record->value);
        ++size;
        ++record;
        has_head_ = false;
        if (size == records_max || stream_time >= due || record == end) break;
        if (fast_ && plain(*record, latest)) [[likely]] {
            timestamp = record->timestamp.value();
            has_head_ = true;
        } else {  // the long way, which may skip records
            partition_time = high;
            head_ = static_cast<std::size_t>(record - records_.data());
            size_ = size;
            if (!load_head(context, true)) {
                record = records_.data() + head_;
                break;
            }
            record = records_.data() + head_;
            timestamp = head_timestamp_;
        }
        if (timestamp > last) break;
    }
    head_ = static_cast<std::size_t>(record - records_.data());
    head_timestamp_ = timestamp;
    size_ = size;
    const Offset after{offsets[size - 1] + 1};
    position_ = has_head_ ? records_[head_].offset : std::max(position_.value_or(after), after);
    partition_time = high;
    context.stream_time = stream_time;
    origin_.stream_time = stream_time;
    buffered_ -= std::min(buffered_, size_);
    progressed = true;
    return size_;
}

Run InputQueue::run() const {
    auto& self = const_cast<InputQueue&>(*this);
    return Run{&self.rows_, &self.keys_, &self.values_, &origin_, kIdentity.data(), size_};
}

}  // namespace millrace::engine
