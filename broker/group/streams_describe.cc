// StreamsGroupDescribe, and what interactive queries are told: which endpoint holds which
// partitions.
#include <algorithm>
#include <utility>

#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

namespace {

using Described = wire::StreamsGroupDescribeResponse::DescribedGroup;

std::vector<wire::StreamsGroupDescribeResponse::TaskIds> to_wire(const TaskSet& tasks) {
    std::vector<wire::StreamsGroupDescribeResponse::TaskIds> result;
    for (const TaskId& task : tasks) {
        if (result.empty() || result.back().subtopology_id != task.subtopology)
            result.push_back({task.subtopology, {}});
        result.back().partitions.push_back(task.partition);
    }
    return result;
}

wire::StreamsGroupDescribeResponse::Assignment to_wire(const Tasks& tasks) {
    return {to_wire(tasks.active), to_wire(tasks.standby), to_wire(tasks.warmup)};
}

auto to_wire(const wire::StreamsGroupTopologyValue& topology) {
    using Wire = wire::StreamsGroupDescribeResponse;
    const auto infos = [](const auto& topics) {
        std::vector<Wire::TopicInfo> result;
        for (const auto& topic : topics) {
            Wire::TopicInfo info{topic.name, topic.partitions, topic.replication_factor, {}};
            for (const auto& config : topic.topic_configs)
                info.topic_configs.push_back({config.key, config.value});
            result.push_back(std::move(info));
        }
        return result;
    };
    Wire::Topology result{.epoch = topology.epoch};
    result.subtopologies.emplace();
    for (const auto& sub : topology.subtopologies)
        result.subtopologies->push_back(
            {sub.subtopology_id, sub.source_topics, sub.repartition_sink_topics,
             infos(sub.state_changelog_topics), infos(sub.repartition_source_topics)});
    return result;
}

}  // namespace

std::vector<wire::StreamsGroupHeartbeatResponse::EndpointToPartitions> endpoint_partitions(
    const StreamsGroup& group, const TopicLookup& topics) {
    using Wire = wire::StreamsGroupHeartbeatResponse;
    std::vector<Wire::EndpointToPartitions> result;
    if (!group.topology) return result;
    const auto partitions_of = [&](const TaskSet& tasks) {
        std::map<std::string, std::vector<std::int32_t>> by_topic;
        for (const TaskId& task : tasks)
            for (const auto& sub : group.topology->subtopologies) {
                if (sub.subtopology_id != task.subtopology) continue;
                const auto add = [&](const std::string& name) {
                    const auto topic = topics.find(name);
                    if (topic && task.partition < topic->partitions)
                        by_topic[name].push_back(task.partition);
                };
                for (const std::string& name : sub.source_topics) add(name);
                for (const auto& topic : sub.repartition_source_topics) add(topic.name);
            }
        std::vector<Wire::TopicPartition> wire_form;
        for (auto& [name, partitions] : by_topic)
            wire_form.push_back({name, std::move(partitions)});
        return wire_form;
    };
    for (const auto& [id, member] : group.members) {
        if (!member.user_endpoint) continue;
        const Tasks tasks = member.assigned();
        result.push_back({{member.user_endpoint->first, member.user_endpoint->second},
                          partitions_of(tasks.active),
                          partitions_of(tasks.standby)});
    }
    return result;
}

void GroupCoordinator::streams_describe(const std::string& group_id,
                                        std::function<void(Described)> answer) {
    Described described;
    described.group_id = group_id;
    ErrorCode code;
    GroupShard* shard = active(group_id, code);
    const Group* group = shard ? shard->fold.find(group_id) : nullptr;
    if (!shard || !group || !group->streams) {
        described.error_code = shard ? ErrorCode::GroupIdNotFound : code;
        if (shard) described.error_message = "Group " + group_id + " not found.";
        return answer(std::move(described));
    }
    const StreamsGroup& streams = *group->streams;
    described.group_state = streams_group_state(streams);
    described.group_epoch = streams.epoch;
    described.assignment_epoch = streams.target_epoch;
    described.assignor_name = "sticky";
    if (streams.topology) described.topology = to_wire(*streams.topology);
    const StreamsWork& work = shard->work[group_id];
    for (const auto& [member_id, member] : streams.members) {
        wire::StreamsGroupDescribeResponse::Member one;
        one.member_id = member_id;
        one.member_epoch = member.epoch;
        one.instance_id = member.instance_id;
        one.rack_id = member.rack_id;
        one.client_id = member.client_id;
        one.client_host = member.client_host;
        one.topology_epoch = member.topology_epoch;
        one.process_id = member.process_id;
        if (member.user_endpoint)
            one.user_endpoint = {member.user_endpoint->first, member.user_endpoint->second};
        for (const auto& [key, value] : member.client_tags) one.client_tags.push_back({key, value});
        if (const auto it = work.task_offsets.find(member_id); it != work.task_offsets.end()) {
            for (const auto& [task, offset] : it->second.offsets)
                one.task_offsets.push_back({task.subtopology, task.partition, offset});
            for (const auto& [task, offset] : it->second.end_offsets)
                one.task_end_offsets.push_back({task.subtopology, task.partition, offset});
        }
        one.assignment = to_wire(member.assigned());
        if (const auto it = streams.targets.find(member_id); it != streams.targets.end())
            one.target_assignment = to_wire(it->second);
        described.members.push_back(std::move(one));
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
