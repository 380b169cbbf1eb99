#include "millrace/broker/group/group_records.h"

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/wire/records/offsets.h"

namespace millrace::broker {

namespace {

template <class WireTasks>
std::vector<WireTasks> to_wire(const TaskSet& tasks) {
    std::vector<WireTasks> result;
    for (const TaskId& task : tasks) {
        if (result.empty() || result.back().subtopology_id != task.subtopology)
            result.push_back({.subtopology_id = task.subtopology});
        result.back().partitions.push_back(task.partition);
    }
    return result;
}

using CurrentTasks = wire::StreamsGroupCurrentMemberAssignmentValue::TaskIds;

std::vector<CurrentTasks> to_wire(const ActiveTasks& tasks) {
    std::vector<CurrentTasks> result;
    for (const auto& [task, epoch] : tasks) {
        if (result.empty() || result.back().subtopology_id != task.subtopology)
            result.push_back({.subtopology_id = task.subtopology});
        result.back().partitions.push_back(task.partition);
        result.back().assignment_epochs->push_back(epoch);
    }
    return result;
}

}  // namespace

CoordinatorRecord streams_group_record(const std::string& group_id, const StreamsGroup& group) {
    wire::StreamsGroupMetadataValue value{
        .epoch = group.epoch,
        .metadata_hash = group.metadata_hash,
        .validated_topology_epoch = group.validated_topology_epoch};
    for (const auto& [key, text] : group.assignment_configs)
        value.last_assignment_configs->push_back({key, text});
    return {encode_key(wire::StreamsGroupMetadataKey{group_id}), encode_value(value, 0)};
}

CoordinatorRecord streams_member_record(const std::string& group_id, const std::string& member_id,
                                        const StreamsMember& member) {
    wire::StreamsGroupMemberMetadataValue value{.instance_id = member.instance_id,
                                                .rack_id = member.rack_id,
                                                .client_id = member.client_id,
                                                .client_host = member.client_host,
                                                .rebalance_timeout_ms = member.rebalance_timeout_ms,
                                                .topology_epoch = member.topology_epoch,
                                                .process_id = member.process_id};
    if (member.user_endpoint)
        value.user_endpoint = {member.user_endpoint->first, member.user_endpoint->second};
    for (const auto& [key, text] : member.client_tags) value.client_tags.push_back({key, text});
    return {encode_key(wire::StreamsGroupMemberMetadataKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord streams_topology_record(const std::string& group_id,
                                          const wire::StreamsGroupTopologyValue& topology) {
    return {encode_key(wire::StreamsGroupTopologyKey{group_id}), encode_value(topology, 0)};
}

CoordinatorRecord streams_target_epoch_record(const std::string& group_id, std::int32_t epoch,
                                              Timestamp time) {
    const wire::StreamsGroupTargetAssignmentMetadataValue value{epoch, time.value()};
    return {encode_key(wire::StreamsGroupTargetAssignmentMetadataKey{group_id}),
            encode_value(value, 0)};
}

CoordinatorRecord streams_target_record(const std::string& group_id, const std::string& member_id,
                                        const Tasks& tasks) {
    using Wire = wire::StreamsGroupTargetAssignmentMemberValue;
    const Wire value{to_wire<Wire::TaskIds>(tasks.active), to_wire<Wire::TaskIds>(tasks.standby),
                     to_wire<Wire::TaskIds>(tasks.warmup)};
    return {encode_key(wire::StreamsGroupTargetAssignmentMemberKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord streams_assignment_record(const std::string& group_id,
                                            const std::string& member_id,
                                            const StreamsMember& member) {
    const wire::StreamsGroupCurrentMemberAssignmentValue value{
        .member_epoch = member.epoch,
        .previous_member_epoch = member.previous_epoch,
        .state = static_cast<std::int8_t>(member.state),
        .active_tasks = to_wire(member.active),
        .standby_tasks = to_wire<CurrentTasks>(member.standby),
        .warmup_tasks = to_wire<CurrentTasks>(member.warmup),
        .active_tasks_pending_revocation = to_wire(member.active_revoking),
        .standby_tasks_pending_revocation = to_wire<CurrentTasks>(member.standby_revoking),
        .warmup_tasks_pending_revocation = to_wire<CurrentTasks>(member.warmup_revoking)};
    return {encode_key(wire::StreamsGroupCurrentMemberAssignmentKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord streams_target_tombstone(const std::string& group_id,
                                           const std::string& member_id) {
    return {encode_key(wire::StreamsGroupTargetAssignmentMemberKey{group_id, member_id}),
            std::nullopt};
}

CoordinatorRecords streams_member_tombstones(const std::string& group_id,
                                             const std::string& member_id) {
    return {{encode_key(wire::StreamsGroupCurrentMemberAssignmentKey{group_id, member_id}),
             std::nullopt},
            streams_target_tombstone(group_id, member_id),
            {encode_key(wire::StreamsGroupMemberMetadataKey{group_id, member_id}), std::nullopt}};
}

CoordinatorRecords streams_group_tombstones(const std::string& group_id) {
    return {{encode_key(wire::StreamsGroupTargetAssignmentMetadataKey{group_id}), std::nullopt},
            {encode_key(wire::StreamsGroupMetadataKey{group_id}), std::nullopt},
            {encode_key(wire::StreamsGroupTopologyKey{group_id}), std::nullopt}};
}

CoordinatorRecord offset_record(const std::string& group_id, const TopicPartition& tp,
                                const CommittedOffset& offset) {
    wire::OffsetCommitValue value;
    value.offset = offset.offset;
    value.metadata = offset.metadata;
    value.commit_timestamp = offset.commit_time.value();
    const std::int16_t version =
        offset.expire_time ? 1 : 4;  // only version 1 carries the time of expiry
    if (version >= 3) {
        value.leader_epoch = offset.leader_epoch;
        value.topic_id = offset.topic_id;
    } else {
        value.expire_timestamp = offset.expire_time->value();
    }
    return {encode_key(wire::OffsetCommitKey{group_id, tp.topic, tp.partition}),
            encode_value(value, version)};
}

CoordinatorRecord offset_tombstone(const std::string& group_id, const TopicPartition& tp) {
    return {encode_key(wire::OffsetCommitKey{group_id, tp.topic, tp.partition}), std::nullopt};
}

}  // namespace millrace::broker
