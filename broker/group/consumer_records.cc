#include "millrace/broker/group/consumer_records.h"

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/java_order.h"

namespace millrace::broker {

namespace {

template <class Sets>
std::vector<Uuid> topics_in_order(const Sets& sets) {
    std::vector<Uuid> topics;
    for (const auto& [topic, partitions] : sets) topics.push_back(topic);
    order_like_java(topics);
    return topics;
}

std::vector<wire::ConsumerGroupCurrentMemberAssignmentValue::TopicPartitions> to_wire(
    const AssignedPartitions& assigned) {
    std::vector<wire::ConsumerGroupCurrentMemberAssignmentValue::TopicPartitions> result;
    for (const Uuid& topic : topics_in_order(assigned)) {
        auto& one = result.emplace_back();
        one.topic_id = topic;
        for (const auto& [partition, epoch] : assigned.at(topic)) {
            one.partitions.push_back(partition);
            one.assignment_epochs->push_back(epoch);
        }
    }
    return result;
}

template <class Key>
CoordinatorRecord tombstone(const Key& key) {
    return {encode_key(key), std::nullopt};
}

}  // namespace

CoordinatorRecord consumer_epoch_record(const std::string& group_id, std::int32_t epoch,
                                        std::int64_t metadata_hash) {
    return {encode_key(wire::ConsumerGroupMetadataKey{group_id}),
            encode_value(wire::ConsumerGroupMetadataValue{epoch, metadata_hash}, 0)};
}

CoordinatorRecord consumer_member_record(const std::string& group_id, const std::string& member_id,
                                         const ConsumerMember& member) {
    const wire::ConsumerGroupMemberMetadataValue value{
        .instance_id = member.instance_id,
        .rack_id = member.rack_id,
        .client_id = member.client_id,
        .client_host = member.client_host,
        .subscribed_topic_names = {member.topics.begin(), member.topics.end()},
        .subscribed_topic_regex = member.regex,
        .rebalance_timeout_ms = member.rebalance_timeout_ms,
        .server_assignor = member.server_assignor,
        .classic_member_metadata = member.classic};
    return {encode_key(wire::ConsumerGroupMemberMetadataKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord consumer_target_epoch_record(const std::string& group_id, std::int32_t epoch,
                                               Timestamp time) {
    const wire::ConsumerGroupTargetAssignmentMetadataValue value{epoch, time.value()};
    return {encode_key(wire::ConsumerGroupTargetAssignmentMetadataKey{group_id}),
            encode_value(value, 0)};
}

CoordinatorRecord consumer_target_record(const std::string& group_id, const std::string& member_id,
                                         const PartitionSets& target) {
    wire::ConsumerGroupTargetAssignmentMemberValue value;
    for (const Uuid& topic : topics_in_order(target)) {
        const auto& partitions = target.at(topic);
        auto& one = value.topic_partitions.emplace_back();
        one.topic_id = topic;
        one.partitions.assign(partitions.begin(), partitions.end());
        order_like_java(one.partitions);
    }
    return {encode_key(wire::ConsumerGroupTargetAssignmentMemberKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord consumer_assignment_record(const std::string& group_id,
                                             const std::string& member_id,
                                             const ConsumerMember& member) {
    const wire::ConsumerGroupCurrentMemberAssignmentValue value{
        .member_epoch = member.epoch,
        .previous_member_epoch = member.previous_epoch,
        .state = static_cast<std::int8_t>(member.state),
        .assigned_partitions = to_wire(member.assigned),
        .partitions_pending_revocation = to_wire(member.revoking)};
    return {encode_key(wire::ConsumerGroupCurrentMemberAssignmentKey{group_id, member_id}),
            encode_value(value, 0)};
}

CoordinatorRecord consumer_regex_record(const std::string& group_id, const std::string& regex,
                                        const ResolvedRegex& resolved) {
    const wire::ConsumerGroupRegularExpressionValue value{
        {resolved.topics.begin(), resolved.topics.end()}, resolved.version, resolved.time.value()};
    return {encode_key(wire::ConsumerGroupRegularExpressionKey{group_id, regex}),
            encode_value(value, 0)};
}

CoordinatorRecord consumer_regex_tombstone(const std::string& group_id, const std::string& regex) {
    return tombstone(wire::ConsumerGroupRegularExpressionKey{group_id, regex});
}

CoordinatorRecord consumer_partition_metadata_tombstone(const std::string& group_id) {
    return tombstone(wire::ConsumerGroupPartitionMetadataKey{group_id});
}

CoordinatorRecords consumer_member_tombstones(const std::string& group_id,
                                              const std::string& member_id) {
    return {tombstone(wire::ConsumerGroupCurrentMemberAssignmentKey{group_id, member_id}),
            tombstone(wire::ConsumerGroupTargetAssignmentMemberKey{group_id, member_id}),
            tombstone(wire::ConsumerGroupMemberMetadataKey{group_id, member_id})};
}

CoordinatorRecords consumer_group_tombstones(const std::string& group_id,
                                             const ConsumerGroup& group) {
    CoordinatorRecords records;
    for (const auto& [id, member] : group.members)
        records.push_back(tombstone(wire::ConsumerGroupCurrentMemberAssignmentKey{group_id, id}));
    for (const auto& [id, member] : group.members)
        records.push_back(tombstone(wire::ConsumerGroupTargetAssignmentMemberKey{group_id, id}));
    records.push_back(tombstone(wire::ConsumerGroupTargetAssignmentMetadataKey{group_id}));
    for (const auto& [id, member] : group.members)
        records.push_back(tombstone(wire::ConsumerGroupMemberMetadataKey{group_id, id}));
    for (const auto& [regex, resolved] : group.regexes)
        records.push_back(consumer_regex_tombstone(group_id, regex));
    records.push_back(consumer_partition_metadata_tombstone(group_id));
    records.push_back(tombstone(wire::ConsumerGroupMetadataKey{group_id}));
    return records;
}

}  // namespace millrace::broker
