// ElectLeaders, key 43, versions 0-2 (KIP-183, KIP-460; Java:
// ReplicationControlManager.electLeaders).
// - Type 0: the preferred replica, if it is in the ISR and alive, else 80. Type 1 (v1): where
// nobody
//   leads, any replica that is alive, else 83. Another type: 42.
// - Not needed: 84; left out of the answer when all partitions were asked for (null). Unknown: 3.
#include <algorithm>

#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Request = wire::ElectLeadersRequest;
using Result_ = wire::ElectLeadersResponse::PartitionResult;
enum ElectionType : std::int8_t { Preferred = 0, Unclean = 1 };

Result<wire::PartitionChangeRecord> elect(const ControllerState& state, const std::string& name,
                                          std::int32_t index, std::int8_t type) {
    const TopicImage* topic = state.image.topic(name);
    if (!topic) return fail(ErrorCode::UnknownTopicOrPartition, "No such topic as " + name);
    if (index < 0 || index >= static_cast<std::int32_t>(topic->partitions.size()))
        return fail(ErrorCode::UnknownTopicOrPartition,
                    "No such partition as " + name + "-" + std::to_string(index));
    const PartitionImage& p = topic->partitions[static_cast<std::size_t>(index)];
    const bool has_leader = p.leader && state.is_active(*p.leader);
    const NodeId preferred = p.replicas.empty() ? NodeId{-1} : p.replicas.front();
    if (type == Preferred ? has_leader && *p.leader == preferred : has_leader)
        return fail(ErrorCode::ElectionNotNeeded,
                    "Leader election not needed for topic partition.");
    const auto in_sync = [&](NodeId id) {
        return std::find(p.isr.begin(), p.isr.end(), id) != p.isr.end();
    };
    wire::PartitionChangeRecord record;
    record.partition_id = index;
    record.topic_id = topic->id;
    if (type == Preferred) {
        if (!in_sync(preferred) || !state.is_active(preferred))
            return fail(ErrorCode::PreferredLeaderNotAvailable,
                        "The preferred leader was not available.");
        record.leader = preferred.value();
        return record;
    }
    for (const bool clean : {true, false}) {
        for (const NodeId id : p.replicas) {
            if (!state.is_active(id) || (clean && !in_sync(id))) continue;
            record.leader = id.value();
            if (!clean) {
                record.isr = std::vector<std::int32_t>{id.value()};
                record.leader_recovery_state = 1;
            }
            return record;
        }
    }
    return fail(ErrorCode::EligibleLeadersNotAvailable,
                "Eligible topic partition leaders are not available.");
}

}  // namespace

Decision elect_leaders(ControllerState& state, const Request& request, std::int16_t version) {
    Decision decision;
    wire::ElectLeadersResponse response;
    const bool known = request.election_type == Preferred || request.election_type == Unclean;
    if (!known) response.error_code = ErrorCode::InvalidRequest;
    const auto one = [&](const std::string& topic, std::int32_t index, bool asked,
                         std::vector<Result_>& into) {
        auto elected = known
                           ? elect(state, topic, index, request.election_type)
                           : Result<wire::PartitionChangeRecord>(fail(
                                 ErrorCode::InvalidRequest,
                                 "Unknown election type " + std::to_string(request.election_type)));
        if (!elected && !asked && elected.error().code == ErrorCode::ElectionNotNeeded) return;
        Result_& result = into.emplace_back();
        result.partition_id = index;
        result.error_message.reset();
        if (elected) {
            decision.records.emplace_back(*std::move(elected));
        } else {
            result.error_code = elected.error().code;
            result.error_message = elected.error().detail;
        }
    };
    if (request.topic_partitions) {
        for (const auto& topic : *request.topic_partitions) {
            auto& result = response.replica_election_results.emplace_back();
            result.topic = topic.topic;
            for (const std::int32_t index : topic.partitions)
                one(topic.topic, index, true, result.partition_result);
        }
    } else {
        for (const auto& [name, topic] : state.image.topics()) {
            auto& result = response.replica_election_results.emplace_back();
            result.topic = name;
            for (std::size_t i = 0; i < topic.partitions.size(); ++i)
                one(name, static_cast<std::int32_t>(i), false, result.partition_result);
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::ElectLeadersResponse elect_leaders_error(const Request&, ErrorCode code) {
    wire::ElectLeadersResponse response;
    response.error_code = code;
    return response;
}

}  // namespace millrace::broker
