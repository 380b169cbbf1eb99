// Metadata, key 3, versions 0-13 (Java: KafkaApis.handleTopicMetadataRequest, KRaftMetadataCache).
// - Null topics: all (v0: an empty list); v1+ an empty list: none. v12 asks by id too (name null),
// unknown: 100.
// - Every unfenced broker with the endpoint of the listener that the request came in on; brokers
// without it are not listed.
// - A partition whose leader is gone or fenced: 5 and leader -1; one whose leader lacks this
// listener: 72 from v6, else 5.
// - Unknown topics are created when the request and auto.create.topics.enable allow it; meanwhile
// the answer is 3. Bad name: 17.
// - The controller id is a live broker, since clients send their admin requests there: this one if
// it can be reached.
// - v5 offline replicas, v7 leader epochs, v8 authorized operations (only when asked), v10 topic
// ids.
#include <algorithm>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Response = wire::MetadataResponse;

const Endpoint* live_endpoint(const ClusterView& view, NodeId id) {
    const BrokerImage* broker = view.image.broker(id);
    return broker && !broker->fenced ? broker->endpoint(view.listener) : nullptr;
}

Response::Partition describe(const ClusterView& view, const PartitionImage& p, std::int32_t index,
                             std::int16_t version) {
    Response::Partition result;
    result.partition_index = index;
    result.leader_epoch = p.leader_epoch.value();
    const auto reachable = [&](NodeId id) {
        return version > 0 || live_endpoint(view, id) != nullptr;
    };  // v0 names only live ones
    for (const NodeId id : p.replicas) {
        if (reachable(id)) result.replica_nodes.push_back(id.value());
        if (!live_endpoint(view, id)) result.offline_replicas.push_back(id.value());
    }
    for (const NodeId id : p.isr) {
        if (reachable(id)) result.isr_nodes.push_back(id.value());
    }
    if (p.leader && live_endpoint(view, *p.leader)) {
        result.leader_id = p.leader->value();
        const bool lacks = result.replica_nodes.size() < p.replicas.size() ||
                           result.isr_nodes.size() < p.isr.size();
        if (lacks) result.error_code = ErrorCode::ReplicaNotAvailable;  // v0 only
        return result;
    }
    result.leader_id = -1;
    const BrokerImage* leader = p.leader ? view.image.broker(*p.leader) : nullptr;
    const bool alive = leader && !leader->fenced;
    result.error_code =
        alive && version >= 6 ? ErrorCode::ListenerNotFound : ErrorCode::LeaderNotAvailable;
    return result;
}

Response::Topic describe(const ClusterView& view, const TopicImage& topic,
                         const wire::MetadataRequest& request, std::int16_t version) {
    Response::Topic result;
    result.name = topic.name;
    result.topic_id = topic.id;
    result.is_internal = is_internal_topic_name(topic.name);
    std::int32_t index = 0;
    for (const PartitionImage& p : topic.partitions)
        result.partitions.push_back(describe(view, p, index++, version));
    if (request.include_topic_authorized_operations)
        result.topic_authorized_operations = kAllTopicOperations;
    return result;
}

Response::Topic refused(std::optional<std::string> name, const Uuid& id, ErrorCode code) {
    Response::Topic result;
    result.error_code = code;
    result.is_internal = name && is_internal_topic_name(*name);
    result.name = std::move(name);
    result.topic_id = id;
    return result;
}

}  // namespace

bool is_internal_topic_name(std::string_view name) {
    return name == "__consumer_offsets" || name == "__transaction_state" ||
           name == "__share_group_state";
}

MetadataAnswer metadata(const ClusterView& view, const wire::MetadataRequest& request,
                        std::int16_t version) {
    MetadataAnswer answer;
    Response& response = answer.response;
    response.cluster_id = std::string(view.cluster_id);
    for (const auto& [id, broker] : view.image.brokers()) {
        const Endpoint* at = live_endpoint(view, id);
        if (!at) continue;
        Response::Broker listed;
        listed.node_id = id.value();
        listed.host = at->host;
        listed.port = at->port;
        listed.rack = broker.rack;
        response.brokers.push_back(std::move(listed));
        if (response.controller_id == -1 || id == view.self) response.controller_id = id.value();
    }
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = kAllClusterOperations;

    const bool all = !request.topics || (version == 0 && request.topics->empty());
    if (all) {
        for (const auto& [name, topic] : view.image.topics())
            response.topics.push_back(describe(view, topic, request, version));
        return answer;
    }
    // By id only from v12 on, and never with neither name nor id: nothing is answered then.
    const bool by_ids = std::any_of(request.topics->begin(), request.topics->end(),
                                    [](const auto& t) { return !t.topic_id.is_zero(); });
    const bool nameless =
        std::any_of(request.topics->begin(), request.topics->end(),
                    [](const auto& t) { return !t.name && t.topic_id.is_zero(); });
    if (nameless || (version < 12 && by_ids)) {
        response = {};
        response.cluster_id = std::string(view.cluster_id);
        for (const auto& asked : *request.topics)
            response.topics.push_back(
                refused(asked.name.value_or(""), asked.topic_id,
                        version < 12 ? ErrorCode::InvalidRequest : ErrorCode::UnknownServerError));
        return answer;
    }
    std::vector<std::pair<std::string, Uuid>> seen;  // Kafka answers each once
    for (const auto& asked : *request.topics) {
        if (by_ids && asked.topic_id.is_zero()) continue;  // names count where there is no id
        const std::pair<std::string, Uuid> key{asked.name.value_or(""), asked.topic_id};
        if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
        seen.push_back(key);
        const bool by_id = !asked.topic_id.is_zero();
        if (by_id) {
            if (const TopicImage* topic = view.image.topic(asked.topic_id)) {
                response.topics.push_back(describe(view, *topic, request, version));
            } else {
                response.topics.push_back(refused({}, asked.topic_id, ErrorCode::UnknownTopicId));
            }
            continue;
        }
        if (const TopicImage* topic = view.image.topic(std::string_view(*asked.name))) {
            response.topics.push_back(describe(view, *topic, request, version));
        } else if (!check_topic_name(*asked.name)) {
            response.topics.push_back(refused(asked.name, {}, ErrorCode::InvalidTopicException));
        } else {
            const bool create =
                request.allow_auto_topic_creation && view.config.auto_create_topics_enable;
            if (create) answer.create.push_back(*asked.name);
            response.topics.push_back(refused(asked.name, {}, ErrorCode::UnknownTopicOrPartition));
        }
    }
    return answer;
}

}  // namespace millrace::broker
