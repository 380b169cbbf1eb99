#include "millrace/engine/assignment/topology_request.h"

#include <algorithm>
#include <charconv>

namespace millrace::engine {

namespace {
using Request = wire::StreamsGroupHeartbeatRequest;

Request::TopicInfo topic_info(const InternalTopic& topic, const StreamsConfig& config) {
    Request::TopicInfo info;
    info.name = topic.name;
    info.partitions = topic.partitions.value_or(0);  // 0: the group derives it
    info.replication_factor =
        static_cast<std::int16_t>(std::max<std::int64_t>(config.replication_factor, 0));
    for (const auto& [key, value] : topic.configs) info.topic_configs.push_back({key, value});
    return info;
}
}  // namespace

Request::Topology topology_request(const TaskTopology& topology, const StreamsConfig& config) {
    Request::Topology out;
    for (const Subtopology& sub : topology.subtopologies()) {
        Request::Subtopology& to = out.subtopologies.emplace_back();
        to.subtopology_id = std::to_string(sub.id);
        to.source_topics = sub.source_topics;
        to.repartition_sink_topics = sub.repartition_sinks;
        std::vector<std::string> repartition_names;
        for (const InternalTopic& t : sub.repartition_sources) {
            to.repartition_source_topics.push_back(topic_info(t, config));
            repartition_names.push_back(t.name);
        }
        for (const InternalTopic& t : sub.changelogs)
            to.state_changelog_topics.push_back(topic_info(t, config));
        for (const std::vector<std::string>& group : sub.copartition_groups) {
            Request::CopartitionGroup& indices = to.copartition_groups.emplace_back();
            for (const std::string& name : group) {
                const auto source =
                    std::find(sub.source_topics.begin(), sub.source_topics.end(), name);
                const auto repartition =
                    std::find(repartition_names.begin(), repartition_names.end(), name);
                if (source != sub.source_topics.end()) {
                    indices.source_topics.push_back(
                        static_cast<std::int16_t>(source - sub.source_topics.begin()));
                } else if (repartition != repartition_names.end()) {
                    indices.repartition_source_topics.push_back(
                        static_cast<std::int16_t>(repartition - repartition_names.begin()));
                }
            }
        }
    }
    return out;
}

std::optional<TaskId> task_id(const std::string& subtopology, std::int32_t partition,
                              const TaskTopology& topology) {
    std::int32_t id = -1;
    const auto [end, error] =
        std::from_chars(subtopology.data(), subtopology.data() + subtopology.size(), id);
    if (error != std::errc() || end != subtopology.data() + subtopology.size() || partition < 0)
        return std::nullopt;
    for (const Subtopology& sub : topology.subtopologies())
        if (sub.id == id) return TaskId{id, partition};
    return std::nullopt;
}

}  // namespace millrace::engine
