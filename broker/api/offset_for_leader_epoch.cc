// OffsetForLeaderEpoch: API key 23, versions 2-4.
//
// - The largest epoch at or below the asked one, and the offset where it ends: -1, -1 when there is
//   none; the current epoch ends at the log end. Consumers find out with it whether the log was cut
//   (KIP-320), replicas where they diverge (KIP-101, KIP-279).
// - The current leader epoch is checked: 74, 75.
#include "millrace/wire/messages/offset_for_leader_epoch.h"

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
ErrorCode find_end(Broker::State& broker, const std::string& topic,
                   const wire::OffsetForLeaderEpochRequest::OffsetForLeaderPartition& asked,
                   wire::OffsetForLeaderEpochResponse::EpochEndOffset& into) {
    ErrorCode code = ErrorCode::None;
    Partition* partition = broker.led_partition(topic, asked.partition, code);
    if (!partition) return code;
    if (asked.current_leader_epoch >= 0) {
        const LeaderEpoch current{asked.current_leader_epoch};
        if (current < partition->leader_epoch()) return ErrorCode::FencedLeaderEpoch;
        if (current > partition->leader_epoch()) return ErrorCode::UnknownLeaderEpoch;
    }
    const LeaderEpoch epoch{asked.leader_epoch};
    if (asked.leader_epoch < 0) return ErrorCode::None;  // nothing is known of that: -1, -1
    if (epoch == partition->leader_epoch()) {
        into.leader_epoch = epoch.value();
        into.end_offset = partition->log_end().value();
    } else if (const auto end = partition->log().end_offset_for(epoch)) {
        into.leader_epoch = end->epoch.value();
        into.end_offset = end->end_offset.value();
    }
    return ErrorCode::None;
}
}  // namespace

void handle_offset_for_leader_epoch(Broker::State& broker, const Request& request) {
    wire::OffsetForLeaderEpochResponse response;
    for (const auto& topic : request.body.as<wire::OffsetForLeaderEpochRequest>().topics) {
        auto& answered = response.topics.emplace_back();
        answered.topic = topic.topic;
        for (const auto& asked : topic.partitions) {
            auto& partition = answered.partitions.emplace_back();
            partition.partition = asked.partition;
            partition.error_code = find_end(broker, topic.topic, asked, partition);
        }
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
