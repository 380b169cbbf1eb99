// DescribeTopicPartitions, key 75, version 0 (KIP-966; Java:
// DescribeTopicPartitionsRequestHandler).
// - The topics that are asked for, or all, in the order of their names; at most
//   max(1, min(limit, 2000)) partitions, then a cursor that says where to go on.
// - A cursor's topic must be asked for and its partition not negative, else 42 for every topic;
// what
//   lies before the cursor is left out.
// - Unknown topic: 3, bad name: 17. Eligible and last known leaders as the metadata has them.
#include <algorithm>
#include <set>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Request = wire::DescribeTopicPartitionsRequest;
using Response = wire::DescribeTopicPartitionsResponse;
constexpr std::int32_t kPartitionsMax = 2000;  // max.request.partition.size.limit

std::vector<std::int32_t> numbers(const std::vector<NodeId>& ids) {
    std::vector<std::int32_t> list;
    for (const NodeId id : ids) list.push_back(id.value());
    return list;
}

Response::Partition describe(const ClusterView& view, const PartitionImage& p, std::int32_t index) {
    Response::Partition result;
    const auto alive = [&](NodeId id) {
        const BrokerImage* broker = view.image.broker(id);
        return broker && !broker->fenced;
    };
    result.partition_index = index;
    result.leader_epoch = p.leader_epoch.value();
    result.leader_id = p.leader && alive(*p.leader) ? p.leader->value() : -1;
    if (result.leader_id == -1) result.error_code = ErrorCode::LeaderNotAvailable;
    result.replica_nodes = numbers(p.replicas);
    result.isr_nodes = numbers(p.isr);
    result.eligible_leader_replicas = numbers(p.elr);
    result.last_known_elr = numbers(p.last_known_elr);
    for (const NodeId id : p.replicas)
        if (!alive(id)) result.offline_replicas.push_back(id.value());
    return result;
}

Response::Topic refused(const std::string& name, ErrorCode code) {
    Response::Topic topic;
    topic.name = name;
    topic.error_code = code;
    topic.is_internal = is_internal_topic_name(name);
    return topic;
}

}  // namespace

wire::DescribeTopicPartitionsResponse describe_topic_partitions(const ClusterView& view,
                                                                const Request& request) {
    Response response;
    std::set<std::string> names;
    for (const auto& topic : request.topics) names.insert(topic.name);
    if (names.empty())
        for (const auto& [name, topic] : view.image.topics()) names.insert(name);
    std::string from;
    std::int32_t first = 0;
    if (request.cursor) {
        from = request.cursor->topic_name;
        first = request.cursor->partition_index;
        if (first < 0 || (!request.topics.empty() && !names.contains(from))) {
            for (const auto& topic : request.topics)
                response.topics.push_back(refused(topic.name, ErrorCode::InvalidRequest));
            return response;
        }
        names.erase(names.begin(), names.lower_bound(from));
    }
    std::int32_t left = std::max(1, std::min(request.response_partition_limit, kPartitionsMax));
    for (const std::string& name : names) {
        const std::int32_t begin = name == from ? first : 0;
        const TopicImage* image = view.image.topic(std::string_view(name));
        if (left == 0) {
            response.next_cursor = Response::Cursor{name, begin};
            break;
        }
        if (!image) {
            response.topics.push_back(refused(name, check_topic_name(name)
                                                        ? ErrorCode::UnknownTopicOrPartition
                                                        : ErrorCode::InvalidTopicException));
            response.topics.back().topic_authorized_operations = kAllTopicOperations;
            continue;
        }
        auto& topic = response.topics.emplace_back();
        topic.name = name;
        topic.topic_id = image->id;
        topic.is_internal = is_internal_topic_name(name);
        topic.topic_authorized_operations = kAllTopicOperations;
        const auto count = static_cast<std::int32_t>(image->partitions.size());
        std::int32_t index = begin;
        for (; index < count && left > 0; ++index, --left)
            topic.partitions.push_back(
                describe(view, image->partitions[static_cast<std::size_t>(index)], index));
        if (index < count) {
            response.next_cursor = Response::Cursor{name, index};
            break;
        }
    }
    // As Kafka: those with errors first.
    std::stable_partition(response.topics.begin(), response.topics.end(),
                          [](const auto& topic) { return topic.error_code != ErrorCode::None; });
    return response;
}

}  // namespace millrace::broker
