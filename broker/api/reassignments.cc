// AlterPartitionReassignments, key 45, versions 0-1, and ListPartitionReassignments, key 46,
// version 0 (KIP-455, KIP-860; Java: ReplicationControlManager).
// - The replicas that a partition has already: nothing happens. Null cancels: 85 when nothing is
//   under way. Unknown topic or partition: 3; unknown brokers, one twice, none: 39.
// - Missing: to move a partition to other brokers (42), since this broker does not replicate yet.
#include <algorithm>
#include <set>

#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using AlterRequest = wire::AlterPartitionReassignmentsRequest;
using AlterResponse = wire::AlterPartitionReassignmentsResponse;
using ListResponse = wire::ListPartitionReassignmentsResponse;

Result<void> reassign(const ControllerState& state, const std::string& name,
                      const AlterRequest::ReassignablePartition& wanted) {
    const TopicImage* topic = state.image.topic(name);
    if (!topic)
        return fail(ErrorCode::UnknownTopicOrPartition,
                    "Unable to find a topic named " + name + ".");
    const PartitionImage* partition = state.image.partition(name, wanted.partition_index);
    if (!partition)
        return fail(ErrorCode::UnknownTopicOrPartition, "Unable to find partition " + name + ":" +
                                                            std::to_string(wanted.partition_index) +
                                                            ".");
    if (!wanted.replicas) return fail(ErrorCode::NoReassignmentInProgress, "");
    const auto bad = [](std::string why) {
        return fail(ErrorCode::InvalidReplicaAssignment, std::move(why));
    };
    if (wanted.replicas->empty())
        return bad("The manual partition assignment includes an empty replica list.");
    std::set<std::int32_t> seen;
    for (const std::int32_t id : *wanted.replicas)
        if (!seen.insert(id).second)
            return bad("The manual partition assignment includes the broker " + std::to_string(id) +
                       " more than once.");
    for (const std::int32_t id : *wanted.replicas)
        if (!state.image.broker(NodeId{id}))
            return bad("The manual partition assignment includes broker " + std::to_string(id) +
                       ", but no such broker is registered.");
    const bool same = std::equal(wanted.replicas->begin(), wanted.replicas->end(),
                                 partition->replicas.begin(), partition->replicas.end(),
                                 [](std::int32_t a, NodeId b) { return a == b.value(); });
    if (!same)
        return fail(ErrorCode::InvalidRequest,
                    "This broker does not move partitions to other replicas yet.");
    return {};
}

std::vector<std::int32_t> numbers(const std::vector<NodeId>& ids) {
    std::vector<std::int32_t> list;
    for (const NodeId id : ids) list.push_back(id.value());
    return list;
}

}  // namespace

Decision alter_partition_reassignments(ControllerState& state, const AlterRequest& request,
                                       std::int16_t version) {
    AlterResponse response;
    response.allow_replication_factor_change = request.allow_replication_factor_change;
    if (!request.topics.empty()) response.error_message.reset();
    for (const auto& topic : request.topics) {
        auto& answered = response.responses.emplace_back();
        answered.name = topic.name;
        for (const auto& wanted : topic.partitions) {
            auto& result = answered.partitions.emplace_back();
            result.partition_index = wanted.partition_index;
            result.error_message.reset();
            const auto done = reassign(state, topic.name, wanted);
            if (done) continue;
            result.error_code = done.error().code;
            if (!done.error().detail.empty()) result.error_message = done.error().detail;
        }
    }
    return {{}, wire::AnyResponse::of(std::move(response), version)};
}

AlterResponse alter_partition_reassignments_error(const AlterRequest& request, ErrorCode code) {
    AlterResponse response;
    response.allow_replication_factor_change = request.allow_replication_factor_change;
    response.error_code = code;
    response.error_message = std::string(name(code));
    return response;
}

Decision list_partition_reassignments(ControllerState& state,
                                      const wire::ListPartitionReassignmentsRequest& request,
                                      std::int16_t version) {
    ListResponse response;
    response.error_message.reset();
    const auto add = [&](const TopicImage& topic, const std::vector<std::int32_t>* wanted) {
        ListResponse::OngoingTopicReassignment ongoing;
        ongoing.name = topic.name;
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const PartitionImage& p = topic.partitions[i];
            const auto index = static_cast<std::int32_t>(i);
            if (p.adding.empty() && p.removing.empty()) continue;
            if (wanted && std::find(wanted->begin(), wanted->end(), index) == wanted->end())
                continue;
            ongoing.partitions.push_back(
                {index, numbers(p.replicas), numbers(p.adding), numbers(p.removing)});
        }
        if (!ongoing.partitions.empty()) response.topics.push_back(std::move(ongoing));
    };
    if (!request.topics) {
        for (const auto& [name, topic] : state.image.topics()) add(topic, nullptr);
    } else {
        for (const auto& asked : *request.topics)
            if (const TopicImage* topic = state.image.topic(asked.name))
                add(*topic, &asked.partition_indexes);
    }
    return {{}, wire::AnyResponse::of(std::move(response), version)};
}

ListResponse list_partition_reassignments_error(const wire::ListPartitionReassignmentsRequest&,
                                                ErrorCode code) {
    ListResponse response;
    response.error_code = code;
    response.error_message = std::string(name(code));
    return response;
}

}  // namespace millrace::broker
