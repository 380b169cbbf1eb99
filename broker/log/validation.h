#pragma once
// What a leader checks of a batch that a client sends (Java: LogValidator, and the first checks of
// UnifiedLog.append). check_client_batch looks at the batch, check_client_records at what is in it;
// between the two come the producer's epoch and sequence, so that a repeated batch is a duplicate
// whatever else is wrong with it.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/topic_partition.h"
#include "millrace/broker/log/log_config.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/messages/produce.h"

namespace millrace::broker {

// In Kafka's order: exactly one batch of magic 2 (InvalidRecord, UnsupportedForMessageFormat,
// CorruptMessage); first offset 0, count and offsets, no control batch, a sequence when there is a
// producer (InvalidRecord); max.message.bytes (MessageTooLarge); CRC (CorruptMessage); codec
// (UnsupportedCompressionType); segment.bytes (RecordListTooLarge).
Result<wire::RecordBatchView> check_client_batch(const Bytes& bytes, const LogConfig& config);

// Well-formed records with consecutive offsets (InvalidRecord), keys where the topic is compacted
// (InvalidRecord), timestamps within limits (InvalidTimestamp). Gives the bytes to append: those
// that came, or a new block when the max timestamp was wrong, the topic has LogAppendTime, or
// another codec. `invalid`: indexes of records to blame, may be null. `built`: the records are not
// read where what it says and the batch's header settle all of this.
Result<Bytes> check_client_records(const Bytes& bytes, const wire::RecordBatchView& batch,
                                   const LogConfig& config, Timestamp now,
                                   const std::optional<wire::ProduceRequest::Built>& built,
                                   std::vector<std::int32_t>* invalid);

// What a client is told of records that are to blame (KIP-467): of each, and of all of them, in
// Kafka's words. `code`, `invalid`: of check_client_records.
struct RecordErrors {
    std::string whole;
    std::vector<std::pair<std::int32_t, std::string>> records;
};
RecordErrors record_errors(const Bytes& bytes, ErrorCode code,
                           const std::vector<std::int32_t>& invalid, const LogConfig& config,
                           Timestamp now, const TopicPartition& tp);

}  // namespace millrace::broker
