// ConsumerGroupDescribe: what a consumer group is and what its members hold.
#include <utility>

#include "millrace/broker/group/consumer_shard.h"

namespace millrace::broker {

namespace {

using Described = wire::ConsumerGroupDescribeResponse::DescribedGroup;
using WireAssignment = wire::ConsumerGroupDescribeResponse::Assignment;

std::int32_t partition_of(std::int32_t partition) {
    return partition;
}
std::int32_t partition_of(const std::pair<const std::int32_t, std::int32_t>& with_epoch) {
    return with_epoch.first;
}

template <class Sets>
WireAssignment to_wire(const Sets& sets, const TopicLookup& topics) {
    WireAssignment result;
    for (const auto& [id, partitions] : sets) {
        const auto topic = topics.find(id);
        if (!topic) continue;  // deleted a moment ago
        auto& one = result.topic_partitions.emplace_back();
        one.topic_id = id;
        one.topic_name = topic->name;
        for (const auto& partition : partitions) one.partitions.push_back(partition_of(partition));
    }
    return result;
}

}  // namespace

void GroupCoordinator::consumer_describe(const std::string& group_id,
                                         std::function<void(Described)> answer) {
    Described described;
    described.group_id = group_id;
    ErrorCode code;
    GroupShard* shard = active(group_id, code);
    const Group* group = shard ? shard->fold.find(group_id) : nullptr;
    if (!shard || !group || !group->consumer) {
        described.error_code = shard ? ErrorCode::GroupIdNotFound : code;
        if (shard)
            described.error_message =
                "Group " + group_id +
                (group && !group->simple() ? " is not a consumer group." : " not found.");
        return answer(std::move(described));
    }
    const ConsumerGroup& consumer = *group->consumer;
    described.group_state = consumer_group_state(consumer);
    described.group_epoch = consumer.epoch;
    described.assignment_epoch = consumer.target_epoch;
    described.assignor_name =
        ConsumerMembers(consumer).preferred_assignor(config_.consumer_assignors.front());
    for (const auto& [member_id, member] : consumer.members) {
        auto& one = described.members.emplace_back();
        one.member_id = member_id;
        one.instance_id = member.instance_id;
        one.rack_id = member.rack_id;
        one.member_epoch = member.epoch;
        one.client_id = member.client_id;
        one.client_host = member.client_host;
        one.subscribed_topic_names = {member.topics.begin(), member.topics.end()};
        one.subscribed_topic_regex = member.regex;
        one.assignment = to_wire(member.assigned, topics_);
        if (const auto it = consumer.targets.find(member_id); it != consumer.targets.end())
            one.target_assignment = to_wire(it->second, topics_);
        one.member_type = member.classic ? 0 : 1;
    }
    answer_after(*shard, group->membership_end,
                 [group_id, answer, described = std::move(described)](ErrorCode failed) {
                     if (failed == ErrorCode::None) return answer(described);
                     Described refused;
                     refused.group_id = group_id;
                     refused.error_code = failed;
                     answer(std::move(refused));
                 });
}

}  // namespace millrace::broker
