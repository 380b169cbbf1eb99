// DeleteRecords: API key 21, versions 0-2 (KIP-107).
//
// - Moves the log start offset up to the asked one; -1 is the high watermark. Above it: 1. Whole
//   segments below it are deleted later, by retention.
// - A topic that is only compacted: POLICY_VIOLATION. Internal topics: INVALID_TOPIC_EXCEPTION.
// - One replica: the low watermark that is answered is the new log start.
#include "millrace/wire/messages/delete_records.h"

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
ErrorCode delete_before(Broker::State& broker, const std::string& topic,
                        const wire::DeleteRecordsRequest::DeleteRecordsPartition& asked,
                        std::int64_t& low_watermark) {
    ErrorCode code = ErrorCode::None;
    Partition* partition = broker.led_partition(topic, asked.partition_index, code);
    if (!partition) return code;
    if (is_internal_topic(topic)) return ErrorCode::InvalidTopicException;
    Log& log = partition->log();
    if (log.config().cleanup_compact && !log.config().cleanup_delete)
        return ErrorCode::PolicyViolation;
    const Offset to = asked.offset == -1 ? partition->high_watermark() : Offset{asked.offset};
    if (to < Offset{0} || to > partition->high_watermark()) return ErrorCode::OffsetOutOfRange;
    if (to > log.log_start_offset()) {
        if (const auto moved = log.set_log_start_offset(to); !moved) return moved.error().code;
    }
    low_watermark = log.log_start_offset().value();
    return ErrorCode::None;
}
}  // namespace

void handle_delete_records(Broker::State& broker, const Request& request) {
    wire::DeleteRecordsResponse response;
    for (const auto& topic : request.body.as<wire::DeleteRecordsRequest>().topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        for (const auto& asked : topic.partitions) {
            auto& partition = answered.partitions.emplace_back();
            partition.partition_index = asked.partition_index;
            partition.low_watermark = -1;
            partition.error_code =
                delete_before(broker, topic.name, asked, partition.low_watermark);
        }
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
