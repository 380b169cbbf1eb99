#include "millrace/broker/log/validation.h"

#include <algorithm>
#include <cstring>

#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker {

using wire::RecordBatchView;
using wire::TimestampType;

Result<RecordBatchView> check_client_batch(const Bytes& bytes, const LogConfig& config) {
    wire::BatchWalker walker(bytes);
    const auto first = walker.next();
    if (const auto walked = walker.status(); !walked) {
        const bool old = walked.error().code == ErrorCode::UnsupportedForMessageFormat;
        return fail(
            old ? ErrorCode::InvalidRecord : walked.error().code,  // magic 0 and 1: as Kafka
            walked.error().detail);
    }
    if (!first || walker.left() != 0)
        return fail(ErrorCode::InvalidRecord,
                    "a produce request holds exactly one batch per partition");
    const RecordBatchView batch = *first;
    if (batch.base_offset() != Offset{0})
        return fail(ErrorCode::InvalidRecord, "the first offset of a produced batch is not 0");
    if (batch.count() <= 0 || batch.last_offset_delta() < 0 ||
        batch.count() != std::int64_t{batch.last_offset_delta()} + 1)
        return fail(ErrorCode::InvalidRecord,
                    "the record count does not fit the last offset delta");
    if (batch.control())
        return fail(ErrorCode::InvalidRecord, "clients may not write control batches");
    if (batch.has_producer_id() && batch.base_sequence() < 0)
        return fail(ErrorCode::InvalidRecord, "a producer id without a sequence");
    if (batch.transactional() && !batch.has_producer_id())
        return fail(ErrorCode::InvalidRecord, "a transactional batch without a producer id");
    if (static_cast<std::int64_t>(batch.size()) > config.max_message_bytes)
        return fail(ErrorCode::MessageTooLarge, "the batch has " + std::to_string(batch.size()) +
                                                    " bytes, max.message.bytes is " +
                                                    std::to_string(config.max_message_bytes));
    MR_TRY_VOID(batch.validate());
    if (static_cast<std::int64_t>(batch.size()) > config.segment_bytes)
        return fail(ErrorCode::RecordListTooLarge, "the batch is larger than segment.bytes");
    return batch;
}

namespace {

struct RecordsSeen {
    Timestamp max{-1};
};

// As far into the future as a record may lie.
std::int64_t latest_of(const LogConfig& config, Timestamp now) {
    return config.message_timestamp_after_max_ms >= INT64_MAX - now.value()
               ? INT64_MAX
               : now.value() + config.message_timestamp_after_max_ms;
}

// A batch that was built in this process, with nothing in it that the topic could mind.
bool settled_by_builder(const std::optional<wire::ProduceRequest::Built>& built,
                        const RecordBatchView& batch, const LogConfig& config, Timestamp now) {
    return built && !(config.cleanup_compact && built->null_keys) &&
           config.message_timestamp_type == TimestampType::CreateTime &&
           (!config.compression_type || *config.compression_type == batch.codec()) &&
           config.message_timestamp_before_max_ms >= now.value() &&
           batch.max_timestamp().value() <= latest_of(config, now);
}

Result<RecordsSeen> look_at_records(const RecordBatchView& batch, BytesView records,
                                    const LogConfig& config, Timestamp now,
                                    std::vector<std::int32_t>* invalid) {
    RecordsSeen seen;
    const bool create_time = config.message_timestamp_type == TimestampType::CreateTime;
    const std::int64_t earliest = config.message_timestamp_before_max_ms >= now.value()
                                      ? INT64_MIN
                                      : now.value() - config.message_timestamp_before_max_ms;
    const std::int64_t latest = latest_of(config, now);
    // All of them at once, as a rule; one by one to say which are wrong.
    MR_TRY(const wire::RecordsSummary all, wire::RecordReader(batch, records).read_over());
    const bool in_time = !create_time || (all.timestamp_min.value() >= earliest &&
                                          all.timestamp_max.value() <= latest);
    if (!all.gap && in_time && !(config.cleanup_compact && all.null_key)) [[likely]] {
        seen.max = std::max(seen.max, all.timestamp_max);
        return seen;
    }
    std::int32_t index = 0;
    bool null_key = false, bad_time = false, bad_offset = false;
    wire::RecordReader reader(batch, records);
    wire::RecordView chunk[128];
    for (;;) {
        MR_TRY(const std::size_t n, reader.read(chunk));
        if (n == 0) break;
        for (std::size_t i = 0; i < n; ++i, ++index) {
            const wire::RecordView& record = chunk[i];
            const std::int64_t time = record.timestamp.value();
            if (time > seen.max.value()) seen.max = record.timestamp;
            const bool no_key = config.cleanup_compact && record.key.is_null();
            const bool late = create_time && time != -1 && (time < earliest || time > latest);
            const bool gap = record.offset - batch.base_offset() != index;
            if (!(no_key | late | gap)) [[likely]]
                continue;
            null_key |= no_key;
            bad_time |= late && !no_key;
            bad_offset |= gap;
            if (invalid) invalid->push_back(index);
        }
    }
    if (bad_offset)
        return fail(ErrorCode::InvalidRecord, "offsets inside of the batch do not count up from 0");
    if (bad_time)
        return fail(ErrorCode::InvalidTimestamp,
                    "a timestamp is outside of what the topic accepts");
    if (null_key)
        return fail(ErrorCode::InvalidRecord, "a compacted topic takes no record without a key");
    return seen;
}

Bytes stamped_copy(const RecordBatchView& batch, TimestampType type, Timestamp max) {
    MutableBlock block(batch.size());
    std::memcpy(block.data(), batch.bytes().data(), batch.size());
    wire::stamp_max_timestamp(block.data(), type, max);
    wire::stamp_offset_and_epoch(block.data(), batch.base_offset(),
                                 LeaderEpoch{-1});  // ours, and not appended yet
    return Bytes(std::move(block));
}

Result<Bytes> rebuilt(const RecordBatchView& batch, BytesView records, wire::Codec codec,
                      const LogConfig& config, Timestamp now) {
    wire::RecordBatchBuilder builder(batch.size());
    builder.set_base_timestamp(batch.base_timestamp());
    wire::RecordReader reader(batch, records);
    wire::RecordView chunk[128];
    for (;;) {
        MR_TRY(const std::size_t n, reader.read(chunk));
        if (n == 0) break;
        for (std::size_t i = 0; i < n; ++i)
            builder.append(chunk[i].timestamp, chunk[i].key, chunk[i].value, chunk[i].headers);
    }
    wire::BatchSettings settings{.codec = codec,
                                 .level = config.compression_level,
                                 .timestamp_type = config.message_timestamp_type,
                                 .log_append_time = now,
                                 .producer_epoch = batch.producer_epoch(),
                                 .base_sequence = batch.base_sequence(),
                                 .transactional = batch.transactional()};
    if (batch.has_producer_id()) settings.producer_id = batch.producer_id();
    return builder.finish(settings);
}

}  // namespace

Result<Bytes> check_client_records(const Bytes& bytes, const RecordBatchView& batch,
                                   const LogConfig& config, Timestamp now,
                                   const std::optional<wire::ProduceRequest::Built>& built,
                                   std::vector<std::int32_t>* invalid) {
    // As Kafka: a client that sets LogAppendTime is refused where the topic has it; else the flag
    // is taken away.
    const bool claims_append_time = batch.timestamp_type() == TimestampType::LogAppendTime;
    if (claims_append_time && config.message_timestamp_type == TimestampType::LogAppendTime) {
        for (std::int32_t i = 0; invalid && i < batch.count(); ++i) invalid->push_back(i);
        return fail(ErrorCode::InvalidTimestamp, "clients may not set LogAppendTime");
    }
    if (settled_by_builder(built, batch, config, now)) return bytes;
    MR_TRY(const Bytes records, wire::uncompressed_records(bytes));
    MR_TRY(const RecordsSeen seen, look_at_records(batch, records, config, now, invalid));
    if (config.compression_type && *config.compression_type != batch.codec()) {
        MR_TRY(Bytes again, rebuilt(batch, records, *config.compression_type, config, now));
        if (static_cast<std::int64_t>(again.size()) > config.max_message_bytes)
            return fail(
                ErrorCode::MessageTooLarge,
                "the batch is larger than max.message.bytes in the topic's compression.type");
        return again;
    }
    if (config.message_timestamp_type == TimestampType::LogAppendTime)
        return stamped_copy(batch, TimestampType::LogAppendTime, now);
    if (claims_append_time || seen.max != batch.max_timestamp())
        return stamped_copy(batch, TimestampType::CreateTime, seen.max);
    return bytes;
}

RecordErrors record_errors(const Bytes& bytes, ErrorCode code,
                           const std::vector<std::int32_t>& invalid, const LogConfig& config,
                           Timestamp now, const TopicPartition& tp) {
    RecordErrors errors;
    const auto batch = RecordBatchView::of(bytes.view());
    const auto records = wire::uncompressed_records(bytes);
    if (!batch || !records) return errors;
    const auto around = [&](std::int64_t by) {  // as Java: it wraps
        return std::to_string(static_cast<std::int64_t>(static_cast<std::uint64_t>(now.value()) +
                                                        static_cast<std::uint64_t>(by)));
    };
    const std::string range = "[" + around(-config.message_timestamp_before_max_ms) + ", " +
                              around(config.message_timestamp_after_max_ms) + "]";
    const bool claims_append_time = batch->timestamp_type() == TimestampType::LogAppendTime;
    const auto why = [&](const wire::RecordView& record, std::int32_t index) {
        const std::string offset = std::to_string(index),
                          time = std::to_string(record.timestamp.value());
        if (config.cleanup_compact && record.key.is_null())
            return "Compacted topic cannot accept message without key in topic partition " +
                   tp.to_string();
        if (code == ErrorCode::InvalidTimestamp && claims_append_time)
            return "Invalid timestamp type in message DefaultRecord(offset=" + offset +
                   "). Producer should not set timestamp type to LogAppendTime.";
        if (record.offset - batch->base_offset() != index)
            return std::string("offsets inside of the batch do not count up from 0");
        return "Timestamp " + time + " of message with offset " + offset +
               " is out of range. The timestamp should be within " + range;
    };
    wire::RecordReader reader(*batch, *records);
    wire::RecordView record;
    std::size_t next = 0;
    for (std::int32_t index = 0; next < invalid.size(); ++index) {
        const auto n = reader.read({&record, 1});
        if (!n || *n == 0) break;
        if (invalid[next] != index) continue;
        errors.records.emplace_back(index, why(record, index));
        ++next;
    }
    if (code == ErrorCode::InvalidTimestamp) {
        errors.whole = "One or more records have been rejected due to invalid timestamp";
        return errors;
    }
    errors.whole = "One or more records have been rejected due to " +
                   std::to_string(errors.records.size()) +
                   " record errors in total, and only showing the first three errors at most: [";
    for (std::size_t i = 0; i < errors.records.size() && i < 3; ++i)
        errors.whole += (i > 0 ? ", " : "") + std::string("RecordError(batchIndex=") +
                        std::to_string(errors.records[i].first) + ", message='" +
                        errors.records[i].second + "')";
    errors.whole += "]";
    return errors;
}

}  // namespace millrace::broker
