// The metadata cache and coordinator look-ups of Cluster.
#include <algorithm>

#include "millrace/client/cluster.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/metadata.h"

namespace millrace::client {

void Cluster::want_topic(const std::string& topic, bool create_if_missing) {
    const auto [it, fresh] = wanted_topics_.try_emplace(topic, create_if_missing);
    it->second = it->second || create_if_missing;
    if (fresh) {
        interest_grew_ = true;
        schedule_refresh(Duration{});
    }
}

void Cluster::forget_topic(const std::string& topic) {
    wanted_topics_.erase(topic);
    const auto it = topics_.find(topic);
    if (it == topics_.end()) return;
    topic_names_.erase(it->second.id);
    topics_.erase(it);
}

// Not sooner than the backoff after the last one.
void Cluster::refresh_metadata() {
    if (!refresh_in_flight_) schedule_refresh(backoff(refresh_failures_));
}

void Cluster::schedule_refresh(Duration delay) {
    refresh_at_ = std::min(refresh_at_, now_.time + delay);
}

void Cluster::poll_metadata() {
    if (refresh_in_flight_ || wanted_topics_.empty() || refresh_at_ > now_.time) return;
    refresh_in_flight_ = true;
    interest_grew_ = false;
    refresh_at_ = now_.time + config_.metadata_max_age;
    Call call;
    call.target = AnyNode{};
    call.api = wire::ApiKey::Metadata;
    call.version_min = 4;  // allow_auto_topic_creation
    call.version_max = 13;
    call.build = [this](std::int16_t version) {
        wire::MetadataRequest request;
        std::vector<wire::MetadataRequest::Topic> topics;
        bool create = false;
        for (const auto& [topic, create_it] : wanted_topics_) {
            wire::MetadataRequest::Topic t;
            t.name = topic;
            topics.push_back(std::move(t));
            const auto known = topics_.find(topic);
            if (create_it && (known == topics_.end() || known->second.partitions.empty()))
                create = true;
        }
        // One flag for the whole request. A topic that may not be created is then left out of it.
        if (create)
            std::erase_if(topics, [&](const auto& t) { return !wanted_topics_.at(*t.name); });
        request.topics = std::move(topics);
        request.allow_auto_topic_creation = create;
        if (create) interest_grew_ = true;  // the others come next
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this](Answer answer) {
        refresh_in_flight_ = false;
        if (!answer.ok()) {
            schedule_refresh(backoff(refresh_failures_++));
            if (refresh_failures_ == 5)
                log_.warn("no metadata from any broker",
                          {{"trouble", describe_trouble()}, {"last", answer.detail}});
            return;
        }
        metadata_arrived(answer.response.as<wire::MetadataResponse>());
    };
    this->call(own_, std::move(call));
}

void Cluster::metadata_arrived(const wire::MetadataResponse& response) {
    std::map<NodeId, Address> nodes;
    for (const auto& broker : response.brokers)
        nodes[NodeId{broker.node_id}] =
            Address{broker.host, static_cast<std::uint16_t>(broker.port)};
    bool changed = nodes != nodes_;
    std::vector<LinkKey> moved;  // links to addresses that are no more
    for (const auto& [key, link] : links_) {
        const auto it = nodes.find(key.first);
        if (it != nodes.end() && link.state != LinkState::Closed && link.address != it->second)
            moved.push_back(key);
    }
    if (!nodes.empty()) nodes_ = std::move(nodes);
    bool incomplete = false;
    for (const auto& topic : response.topics) {
        if (!topic.name || !wanted_topics_.contains(*topic.name)) continue;
        TopicMetadata& known = topics_[*topic.name];
        if (topic.error_code != ErrorCode::None) {
            changed |= known.error != topic.error_code;
            known.error = topic.error_code;
            if (topic.error_code == ErrorCode::UnknownTopicOrPartition) {
                if (!known.partitions.empty()) changed = true;
                known.partitions.clear();
            }
            incomplete = true;
            continue;
        }
        const bool same_topic = known.id == topic.topic_id;
        if (!same_topic) {
            topic_names_.erase(known.id);
            known.id = topic.topic_id;
            known.partitions.clear();
            changed = true;
        }
        if (!topic.topic_id.is_zero()) topic_names_[topic.topic_id] = *topic.name;
        changed |= known.error != ErrorCode::None;
        known.error = ErrorCode::None;
        for (const auto& partition : topic.partitions) {
            if (partition.partition_index < 0 || partition.partition_index >= 1 << 20)
                continue;  // not from a broker
            const auto index = static_cast<std::size_t>(partition.partition_index);
            if (index >= known.partitions.size()) {
                known.partitions.resize(index + 1);
                changed = true;
            }
            PartitionMetadata& p = known.partitions[index];
            PartitionMetadata fresh;
            fresh.error = partition.error_code;
            if (partition.leader_id >= 0) fresh.leader = NodeId{partition.leader_id};
            if (partition.leader_epoch >= 0) fresh.epoch = LeaderEpoch{partition.leader_epoch};
            if (p.epoch && fresh.epoch &&
                *fresh.epoch < *p.epoch) {  // a broker that lags behind what we know
                incomplete |= !p.leader;
                continue;
            }
            changed |= p.leader != fresh.leader || p.epoch != fresh.epoch;
            incomplete |= !fresh.leader;
            p = fresh;
        }
    }
    if (changed) ++metadata_version_;
    if (interest_grew_) {
        schedule_refresh(Duration{});
    } else if (incomplete) {
        schedule_refresh(backoff(refresh_failures_++));
    } else {
        refresh_failures_ = 0;
    }
    for (const LinkKey& key : moved) {
        Link& link = links_.at(key);
        if (link.state == LinkState::Closed) continue;
        out_.emplace_back(std::in_place_type<CloseLink>, CloseLink{link.id});
        lost(key, "the broker moved");
        links_.at(key).retry_at = now_.time;
        links_.at(key).failures = 0;
    }
}

const TopicMetadata* Cluster::topic(const std::string& name) const {
    const auto it = topics_.find(name);
    return it == topics_.end() ? nullptr : &it->second;
}

const std::string* Cluster::topic_name(const Uuid& id) const {
    const auto it = topic_names_.find(id);
    return it == topic_names_.end() ? nullptr : &it->second;
}

const PartitionMetadata* Cluster::partition(const TopicPartition& tp) const {
    const TopicMetadata* t = topic(tp.topic);
    if (!t || tp.partition < 0 || static_cast<std::size_t>(tp.partition) >= t->partitions.size())
        return nullptr;
    return &t->partitions[static_cast<std::size_t>(tp.partition)];
}

void Cluster::learn_leader(const TopicPartition& tp, NodeId leader, LeaderEpoch epoch) {
    const auto it = topics_.find(tp.topic);
    if (it == topics_.end() ||
        static_cast<std::size_t>(tp.partition) >= it->second.partitions.size())
        return;
    PartitionMetadata& p = it->second.partitions[static_cast<std::size_t>(tp.partition)];
    if ((p.epoch && epoch <= *p.epoch) || !nodes_.contains(leader)) return;
    p = {ErrorCode::None, leader, epoch};
    ++metadata_version_;
}

void Cluster::learn_node(NodeId node, Address address) {
    nodes_[node] = std::move(address);
}

// ---- coordinators
// ---------------------------------------------------------------------------------------------------

void Cluster::forget_coordinator(const Coordinator& which) {
    const auto it = coordinators_.find(which);
    if (it != coordinators_.end()) it->second.node.reset();
}

std::optional<NodeId> Cluster::coordinator(const Coordinator& which) const {
    const auto it = coordinators_.find(which);
    return it == coordinators_.end() ? std::nullopt : it->second.node;
}

void Cluster::look_up(const Coordinator& which) {
    CoordinatorState& state = coordinators_[which];
    if (state.looking) return;
    state.looking = true;
    Call call;
    call.target = AnyNode{};
    call.api = wire::ApiKey::FindCoordinator;
    call.version_min = 1;  // key types
    call.version_max = 6;
    call.build = [which](std::int16_t version) {
        wire::FindCoordinatorRequest request;
        request.key_type = static_cast<std::int8_t>(which.type);
        if (version >= 4) {
            request.coordinator_keys.push_back(which.key);
        } else {
            request.key = which.key;
        }
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this, which](Answer answer) {
        CoordinatorState& state = coordinators_[which];
        state.looking = false;
        ErrorCode error = answer.error;
        std::string detail = answer.detail;
        if (answer.ok()) {
            const auto& response = answer.response.as<wire::FindCoordinatorResponse>();
            NodeId node{response.node_id};
            Address address{response.host, static_cast<std::uint16_t>(response.port)};
            error = response.error_code;
            detail = response.error_message.value_or("");
            if (answer.response.version() >= 4) {
                error = ErrorCode::CoordinatorNotAvailable;
                for (const auto& c : response.coordinators) {
                    if (c.key != which.key) continue;
                    node = NodeId{c.node_id};
                    address = Address{c.host, static_cast<std::uint16_t>(c.port)};
                    error = c.error_code;
                    detail = c.error_message.value_or("");
                }
            }
            if (error == ErrorCode::None && node.value() < 0)
                error = ErrorCode::CoordinatorNotAvailable;
            if (error == ErrorCode::None) {
                nodes_[node] = std::move(address);
                state.node = node;
                std::deque<Pending> waiting = std::move(state.waiting);
                state.waiting.clear();
                for (Pending& p : waiting)
                    if (!p.scope.expired()) enqueue(node, std::move(p));
                return;
            }
        }
        const bool lost = error == ErrorCode::NetworkException ||
                          error == ErrorCode::RequestTimedOut ||
                          error == ErrorCode::BrokerNotAvailable || retriable(error);
        if (lost) {  // those who wait have deadlines of their own
            after(own_, backoff(1), [this, which] {
                if (!coordinators_[which].waiting.empty()) look_up(which);
            });
            return;
        }
        std::deque<Pending> waiting = std::move(state.waiting);
        state.waiting.clear();
        for (Pending& p : waiting) this->answer(p, {.error = error, .detail = detail});
    };
    this->call(own_, std::move(call));
}

}  // namespace millrace::client
