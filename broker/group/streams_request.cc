// What a heartbeat of a streams group says, and whether it may say so (GroupCoordinatorService's
// checks).
#include <utility>

#include "millrace/broker/group/group_shard.h"
#include "millrace/broker/group/streams_topology.h"

namespace millrace::broker {

namespace {

using HeartbeatRequest = wire::StreamsGroupHeartbeatRequest;
using HeartbeatResponse = wire::StreamsGroupHeartbeatResponse;

TaskSet task_set(const std::vector<HeartbeatRequest::TaskIds>& from) {
    TaskSet tasks;
    for (const auto& ids : from)
        for (const std::int32_t partition : ids.partitions)
            tasks.insert({ids.subtopology_id, partition});
    return tasks;
}

}  // namespace

// What the member says of itself; fields that it left out stay.
StreamsMember GroupCoordinator::Beat::member_after(const StreamsMember& before) const {
    StreamsMember member = before;
    if (request.instance_id) member.instance_id = request.instance_id;
    if (request.rack_id) member.rack_id = request.rack_id;
    if (request.rebalance_timeout_ms != -1)
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    if (request.topology) member.topology_epoch = request.topology->epoch;
    if (request.process_id) member.process_id = *request.process_id;
    if (request.user_endpoint)
        member.user_endpoint = {request.user_endpoint->host, request.user_endpoint->port};
    if (request.client_tags) {
        member.client_tags.clear();
        for (const auto& tag : *request.client_tags)
            member.client_tags.emplace_back(tag.key, tag.value);
    }
    member.client_id = client_id;
    member.client_host = client_host;
    return member;
}

std::optional<Tasks> GroupCoordinator::Beat::owned() const {
    if (joining()) return Tasks{};
    if (!request.active_tasks || !request.standby_tasks || !request.warmup_tasks)
        return std::nullopt;
    return Tasks{task_set(*request.active_tasks), task_set(*request.standby_tasks),
                 task_set(*request.warmup_tasks)};
}

void GroupCoordinator::Beat::refuse(ErrorCode code, std::string detail) const {
    HeartbeatResponse response;
    response.error_code = code;
    if (!detail.empty()) response.error_message = std::move(detail);
    answer(std::move(response));
}

Result<void> validate_heartbeat(const HeartbeatRequest& request) {
    const auto invalid = [](std::string detail) {
        return fail(ErrorCode::InvalidRequest, std::move(detail));
    };
    if (request.member_id.empty()) return invalid("MemberId can't be empty.");
    if (request.group_id.empty()) return invalid("GroupId can't be empty.");
    if (request.instance_id && request.instance_id->empty())
        return invalid("InstanceId can't be empty.");
    if (request.rack_id && request.rack_id->empty()) return invalid("RackId can't be empty.");
    if (request.member_epoch < kLeaveStatic) return invalid("MemberEpoch is invalid.");
    if (request.member_epoch == kLeaveStatic && !request.instance_id)
        return invalid("InstanceId can't be null.");
    const bool some = request.active_tasks || request.standby_tasks || request.warmup_tasks;
    const bool all = request.active_tasks && request.standby_tasks && request.warmup_tasks;
    if (request.member_epoch == 0) {
        if (request.rebalance_timeout_ms == -1)
            return invalid("RebalanceTimeoutMs must be provided in first request.");
        if (!request.topology) return invalid("Topology must be non-null when (re-)joining.");
        const auto owns = [](const auto& tasks) { return tasks && !tasks->empty(); };
        if (owns(request.active_tasks))
            return invalid("ActiveTasks must be empty when (re-)joining.");
        if (owns(request.standby_tasks))
            return invalid("StandbyTasks must be empty when (re-)joining.");
        if (owns(request.warmup_tasks))
            return invalid("WarmupTasks must be empty when (re-)joining.");
        return validate_topology(topology_value(*request.topology));
    }
    if (request.topology) return invalid("Topology can only be provided when (re-)joining.");
    if (some && !all) return invalid("If one task-type is non-null, all must be non-null.");
    return {};
}

}  // namespace millrace::broker
