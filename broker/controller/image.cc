#include "millrace/broker/controller/image.h"

#include <algorithm>

#include "millrace/base/hash.h"

namespace millrace::broker {
namespace {

Failure does_not_fit(std::string what) {
    return fail(ErrorCode::UnknownServerError, "metadata: " + std::move(what));
}

std::vector<NodeId> nodes(const std::vector<std::int32_t>& ids) {
    std::vector<NodeId> list;
    list.reserve(ids.size());
    for (const std::int32_t id : ids) list.push_back(NodeId{id});
    return list;
}

std::vector<std::int32_t> numbers(const std::vector<NodeId>& ids) {
    std::vector<std::int32_t> list;
    list.reserve(ids.size());
    for (const NodeId id : ids) list.push_back(id.value());
    return list;
}

std::optional<NodeId> leader_of(std::int32_t id) {
    return id >= 0 ? std::optional(NodeId{id}) : std::nullopt;
}

std::string quota_key(const wire::ClientQuotaRecord& record) {
    std::string key = "quota/";
    for (const auto& entity : record.entity) {
        key += entity.entity_type + '=' +
               (entity.entity_name ? "n" + *entity.entity_name : "default") + '/';
    }
    return key + record.key;
}
std::string scram_key(const std::string& name, std::int8_t mechanism) {
    return "scram/" + std::to_string(mechanism) + '/' + name;
}

}  // namespace

const Endpoint* BrokerImage::endpoint(std::string_view listener) const {
    for (const Endpoint& e : endpoints) {
        if (e.listener == listener) return &e;
    }
    return nullptr;
}

const TopicImage* MetadataImage::topic(std::string_view name) const {
    const auto it = topics_.find(name);
    return it == topics_.end() ? nullptr : &it->second;
}

const TopicImage* MetadataImage::topic(const Uuid& id) const {
    const auto it = topic_names_.find(id);
    return it == topic_names_.end() ? nullptr : topic(it->second);
}

const PartitionImage* MetadataImage::partition(std::string_view name, std::int32_t index) const {
    const TopicImage* t = topic(name);
    if (!t || index < 0 || static_cast<std::size_t>(index) >= t->partitions.size()) return nullptr;
    return &t->partitions[static_cast<std::size_t>(index)];
}

const BrokerImage* MetadataImage::broker(NodeId id) const {
    const auto it = brokers_.find(id);
    return it == brokers_.end() ? nullptr : &it->second;
}

const ConfigMap& MetadataImage::configs(const ConfigResource& resource) const {
    static const ConfigMap none;
    const auto it = configs_.find(resource);
    return it == configs_.end() ? none : it->second;
}

std::vector<std::string> MetadataImage::config_names(ConfigResourceType type) const {
    std::vector<std::string> names;
    for (auto at = configs_.lower_bound({type, ""}); at != configs_.end() && at->first.type == type;
         ++at)
        if (!at->second.empty()) names.push_back(at->first.name);
    return names;
}

namespace {
template <class Record>
std::vector<const Record*> kept_of(const std::map<std::string, MetadataRecord>& kept) {
    std::vector<const Record*> list;
    for (const auto& [key, record] : kept)
        if (const auto* one = std::get_if<Record>(&record)) list.push_back(one);
    return list;
}
}  // namespace

std::vector<const wire::ClientQuotaRecord*> MetadataImage::client_quotas() const {
    return kept_of<wire::ClientQuotaRecord>(kept_);
}

std::vector<const wire::UserScramCredentialRecord*> MetadataImage::scram_credentials() const {
    return kept_of<wire::UserScramCredentialRecord>(kept_);
}

BrokerOverrides MetadataImage::broker_overrides(NodeId node) const {
    return {&configs({ConfigResourceType::Broker, std::to_string(node.value())}),
            &configs({ConfigResourceType::Broker, ""})};
}

TopicConfig MetadataImage::topic_config(std::string_view topic, NodeId node,
                                        const BrokerConfig& config) const {
    return broker::topic_config(configs({ConfigResourceType::Topic, std::string(topic)}),
                                broker_overrides(node), config);
}

std::int16_t MetadataImage::feature(std::string_view name) const {
    const auto it = features_.find(name);
    return it == features_.end() ? std::int16_t{0} : it->second;
}

TopicImage* MetadataImage::find_topic(const Uuid& id) {
    return const_cast<TopicImage*>(std::as_const(*this).topic(id));
}

Result<void> MetadataImage::replay(const MetadataRecord& record, Offset offset,
                                   std::vector<MetadataChange>* changes) {
    return std::visit([&](const auto& r) { return replay_one(r, offset, changes); }, record);
}

// ---- topics ----

Result<void> MetadataImage::replay_one(const wire::TopicRecord& r, Offset, Changes changes) {
    if (topics_.contains(r.name)) return does_not_fit("topic " + r.name + " is there already");
    if (topic_names_.contains(r.topic_id))
        return does_not_fit("topic id " + r.topic_id.to_string() + " is there already");
    topics_[r.name] = TopicImage{r.name, r.topic_id, {}};
    topic_names_[r.topic_id] = r.name;
    if (changes) changes->push_back(TopicCreated{r.name, r.topic_id});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::RemoveTopicRecord& r, Offset, Changes changes) {
    const auto it = topic_names_.find(r.topic_id);
    if (it == topic_names_.end())
        return does_not_fit("topic id " + r.topic_id.to_string() + " is removed but unknown");
    const std::string name = it->second;
    partition_count_ -= static_cast<std::int64_t>(topics_[name].partitions.size());
    topics_.erase(name);
    topic_names_.erase(it);
    configs_.erase({ConfigResourceType::Topic, name});  // Kafka: configs go with their topic
    if (changes) changes->push_back(TopicDeleted{name, r.topic_id});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::PartitionRecord& r, Offset, Changes changes) {
    TopicImage* topic = find_topic(r.topic_id);
    if (!topic) return does_not_fit("a partition of the unknown topic " + r.topic_id.to_string());
    const auto index = static_cast<std::size_t>(r.partition_id);
    if (r.partition_id < 0 || index > topic->partitions.size()) {
        return does_not_fit(topic->name + " has no partition before " +
                            std::to_string(r.partition_id));
    }
    const bool created = index == topic->partitions.size();
    if (created) {
        topic->partitions.emplace_back();
        ++partition_count_;
    }
    PartitionImage& p = topic->partitions[index];
    p.leader = leader_of(r.leader);
    p.leader_epoch = LeaderEpoch{r.leader_epoch};
    p.partition_epoch = r.partition_epoch;
    p.replicas = nodes(r.replicas);
    p.isr = nodes(r.isr);
    p.adding = nodes(r.adding_replicas);
    p.removing = nodes(r.removing_replicas);
    p.elr = r.eligible_leader_replicas ? nodes(*r.eligible_leader_replicas) : std::vector<NodeId>{};
    p.last_known_elr = r.last_known_elr ? nodes(*r.last_known_elr) : std::vector<NodeId>{};
    p.directories = r.directories;
    p.recovering = r.leader_recovery_state == 1;
    if (changes)
        changes->push_back(PartitionChanged{topic->name, topic->id, r.partition_id, created});
    return {};
}

// Java: PartitionRegistration.merge. A leader that is named raises the leader epoch, even when it
// is the same one.
Result<void> MetadataImage::replay_one(const wire::PartitionChangeRecord& r, Offset,
                                       Changes changes) {
    TopicImage* topic = find_topic(r.topic_id);
    if (!topic || r.partition_id < 0 ||
        static_cast<std::size_t>(r.partition_id) >= topic->partitions.size()) {
        return does_not_fit("a change of an unknown partition of " + r.topic_id.to_string());
    }
    PartitionImage& p = topic->partitions[static_cast<std::size_t>(r.partition_id)];
    if (r.isr) p.isr = nodes(*r.isr);
    if (r.replicas) p.replicas = nodes(*r.replicas);
    if (r.adding_replicas) p.adding = nodes(*r.adding_replicas);
    if (r.removing_replicas) p.removing = nodes(*r.removing_replicas);
    if (r.directories) p.directories = *r.directories;
    if (r.eligible_leader_replicas) p.elr = nodes(*r.eligible_leader_replicas);
    if (r.last_known_elr) p.last_known_elr = nodes(*r.last_known_elr);
    if (r.leader != -2) {
        p.leader = leader_of(r.leader);
        p.leader_epoch = LeaderEpoch{p.leader_epoch.value() + 1};
    }
    if (r.leader_recovery_state >= 0) p.recovering = r.leader_recovery_state == 1;
    ++p.partition_epoch;
    if (changes)
        changes->push_back(PartitionChanged{topic->name, topic->id, r.partition_id, false});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::ClearElrRecord& r, Offset, Changes) {
    const auto clear = [](TopicImage& topic) {
        for (PartitionImage& p : topic.partitions) {
            p.elr.clear();
            p.last_known_elr.clear();
        }
    };
    if (r.topic_name.empty()) {
        for (auto& [name, topic] : topics_) clear(topic);
    } else if (const auto it = topics_.find(r.topic_name); it != topics_.end()) {
        clear(it->second);
    }
    return {};
}

// ---- nodes ----

Result<void> MetadataImage::replay_one(const wire::RegisterBrokerRecord& r, Offset,
                                       Changes changes) {
    BrokerImage b;
    b.id = NodeId{r.broker_id};
    b.epoch = r.broker_epoch;
    b.incarnation = r.incarnation_id;
    for (const auto& e : r.end_points) {
        b.endpoints.push_back(
            {e.name, e.host, e.port, static_cast<SecurityProtocol>(e.security_protocol)});
    }
    for (const auto& f : r.features)
        b.features[f.name] = {f.min_supported_version, f.max_supported_version};
    b.rack = r.rack;
    b.fenced = r.fenced;
    b.in_controlled_shutdown = r.in_controlled_shutdown;
    b.log_dirs = r.log_dirs;
    brokers_[b.id] = std::move(b);
    if (changes) changes->push_back(BrokerChanged{NodeId{r.broker_id}});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::UnregisterBrokerRecord& r, Offset,
                                       Changes changes) {
    brokers_.erase(NodeId{r.broker_id});
    if (changes) changes->push_back(BrokerChanged{NodeId{r.broker_id}});
    return {};
}

Result<void> MetadataImage::set_fenced(std::int32_t id, bool fenced, Changes changes) {
    const auto it = brokers_.find(NodeId{id});
    if (it == brokers_.end())
        return does_not_fit("broker " + std::to_string(id) + " is not registered");
    it->second.fenced = fenced;
    if (changes) changes->push_back(BrokerChanged{NodeId{id}});
    return {};
}
Result<void> MetadataImage::replay_one(const wire::FenceBrokerRecord& r, Offset, Changes c) {
    return set_fenced(r.id, true, c);
}
Result<void> MetadataImage::replay_one(const wire::UnfenceBrokerRecord& r, Offset, Changes c) {
    return set_fenced(r.id, false, c);
}

Result<void> MetadataImage::replay_one(const wire::BrokerRegistrationChangeRecord& r, Offset,
                                       Changes changes) {
    const auto it = brokers_.find(NodeId{r.broker_id});
    if (it == brokers_.end() || it->second.epoch != r.broker_epoch) {
        return does_not_fit("broker " + std::to_string(r.broker_id) +
                            " is not registered at epoch " + std::to_string(r.broker_epoch));
    }
    BrokerImage& b = it->second;
    if (r.fenced != 0) b.fenced = r.fenced > 0;
    if (r.in_controlled_shutdown != 0) b.in_controlled_shutdown = r.in_controlled_shutdown > 0;
    if (!r.log_dirs.empty()) b.log_dirs = r.log_dirs;
    if (changes) changes->push_back(BrokerChanged{NodeId{r.broker_id}});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::RegisterControllerRecord& r, Offset, Changes) {
    controllers_[NodeId{r.controller_id}] = r;
    return {};
}
Result<void> MetadataImage::replay_one(const wire::UnregisterControllerRecord& r, Offset, Changes) {
    controllers_.erase(NodeId{r.controller_id});
    return {};
}

// ---- configs, features, ids ----

Result<void> MetadataImage::replay_one(const wire::ConfigRecord& r, Offset, Changes changes) {
    const ConfigResource resource{static_cast<ConfigResourceType>(r.resource_type),
                                  r.resource_name};
    if (r.value) {
        configs_[resource][r.name] = *r.value;
    } else if (const auto it = configs_.find(resource); it != configs_.end()) {
        it->second.erase(r.name);
        if (it->second.empty()) configs_.erase(it);
    }
    if (changes) changes->push_back(ConfigChanged{resource});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::FeatureLevelRecord& r, Offset, Changes changes) {
    if (r.feature_level == 0) {
        features_.erase(r.name);
    } else {
        features_[r.name] = r.feature_level;
    }
    if (changes) changes->push_back(FeaturesChanged{});
    return {};
}

Result<void> MetadataImage::replay_one(const wire::ProducerIdsRecord& r, Offset, Changes) {
    if (r.next_producer_id < next_producer_id_) return does_not_fit("producer ids go back");
    next_producer_id_ = r.next_producer_id;
    return {};
}

// ---- kept for snapshots ----

Result<void> MetadataImage::replay_one(const wire::ClientQuotaRecord& r, Offset, Changes changes) {
    if (changes) changes->push_back(QuotasChanged{});
    if (r.remove) {
        kept_.erase(quota_key(r));
    } else {
        kept_[quota_key(r)] = r;
    }
    return {};
}
Result<void> MetadataImage::replay_one(const wire::UserScramCredentialRecord& r, Offset, Changes) {
    kept_[scram_key(r.name, r.mechanism)] = r;
    return {};
}
Result<void> MetadataImage::replay_one(const wire::RemoveUserScramCredentialRecord& r, Offset,
                                       Changes) {
    kept_.erase(scram_key(r.name, r.mechanism));
    return {};
}
Result<void> MetadataImage::replay_one(const wire::AccessControlEntryRecord& r, Offset, Changes) {
    kept_["acl/" + r.id.to_string()] = r;
    return {};
}
Result<void> MetadataImage::replay_one(const wire::RemoveAccessControlEntryRecord& r, Offset,
                                       Changes) {
    kept_.erase("acl/" + r.id.to_string());
    return {};
}
Result<void> MetadataImage::replay_one(const wire::DelegationTokenRecord& r, Offset, Changes) {
    kept_["token/" + r.token_id] = r;
    return {};
}
Result<void> MetadataImage::replay_one(const wire::RemoveDelegationTokenRecord& r, Offset,
                                       Changes) {
    kept_.erase("token/" + r.token_id);
    return {};
}

// ---- snapshot ----

std::vector<MetadataRecord> MetadataImage::records() const {  // in the order of Kafka's ImageWriter
    std::vector<MetadataRecord> list;
    const auto feature = [&](const std::string& name, std::int16_t level) {
        wire::FeatureLevelRecord r;
        r.name = name;
        r.feature_level = level;
        list.emplace_back(std::move(r));
    };
    constexpr std::string_view kVersion =
        "metadata.version";  // the first: it says how to read the others
    if (const auto it = features_.find(kVersion); it != features_.end())
        feature(it->first, it->second);
    for (const auto& [name, level] : features_) {
        if (name != kVersion) feature(name, level);
    }
    for (const auto& [id, b] : brokers_) {
        wire::RegisterBrokerRecord r;
        r.broker_id = id.value();
        r.broker_epoch = b.epoch;
        r.incarnation_id = b.incarnation;
        for (const Endpoint& e : b.endpoints) {
            r.end_points.push_back(
                {e.listener, e.host, e.port, static_cast<std::int16_t>(e.protocol)});
        }
        for (const auto& [name, range] : b.features)
            r.features.push_back({name, range.first, range.second});
        r.rack = b.rack;
        r.fenced = b.fenced;
        r.in_controlled_shutdown = b.in_controlled_shutdown;
        r.log_dirs = b.log_dirs;
        list.emplace_back(std::move(r));
    }
    for (const auto& [id, r] : controllers_) list.emplace_back(r);
    for (const auto& [name, t] : topics_) {
        wire::TopicRecord topic;
        topic.name = name;
        topic.topic_id = t.id;
        list.emplace_back(std::move(topic));
        std::int32_t index = 0;
        for (const PartitionImage& p : t.partitions)
            list.emplace_back(partition_record(t.id, index++, p));
    }
    for (const auto& [resource, entries] : configs_) {
        for (const auto& [name, value] : entries) {
            wire::ConfigRecord r;
            r.resource_type = static_cast<std::int8_t>(resource.type);
            r.resource_name = resource.name;
            r.name = name;
            r.value = value;
            list.emplace_back(std::move(r));
        }
    }
    for (const auto& [key, record] : kept_) list.push_back(record);
    if (next_producer_id_ > 0) {
        wire::ProducerIdsRecord r;
        r.broker_id = -1;
        r.next_producer_id = next_producer_id_;
        list.emplace_back(std::move(r));
    }
    return list;
}

std::uint64_t MetadataImage::hash() const {
    std::uint64_t hash = 0;
    ByteSink sink;
    for (const MetadataRecord& record : records()) {
        sink.clear();
        encode_metadata(record, sink);
        hash = hash * 0x9e3779b97f4a7c15ULL + hash_bytes(sink.view());
    }
    return hash;
}

wire::PartitionRecord partition_record(const Uuid& topic_id, std::int32_t index,
                                       const PartitionImage& p) {
    wire::PartitionRecord r;
    r.partition_id = index;
    r.topic_id = topic_id;
    r.replicas = numbers(p.replicas);
    r.isr = numbers(p.isr);
    r.adding_replicas = numbers(p.adding);
    r.removing_replicas = numbers(p.removing);
    r.leader = p.leader ? p.leader->value() : -1;
    r.leader_recovery_state = p.recovering ? 1 : 0;
    r.leader_epoch = p.leader_epoch.value();
    r.partition_epoch = p.partition_epoch;
    r.directories = p.directories;
    if (!p.elr.empty()) r.eligible_leader_replicas = numbers(p.elr);
    if (!p.last_known_elr.empty()) r.last_known_elr = numbers(p.last_known_elr);
    return r;
}

}  // namespace millrace::broker
