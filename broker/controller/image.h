#pragma once
// What the cluster's metadata says: the fold of the metadata log's records. The broker acts on the
// image of the committed records only; the active controller keeps a second one that is ahead by
// what it has appended.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "millrace/base/strong.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/config/topic_config.h"
#include "millrace/broker/controller/metadata_record.h"

namespace millrace::broker {

struct PartitionImage {
    std::optional<NodeId> leader;
    LeaderEpoch leader_epoch{};
    std::int32_t partition_epoch = 0;
    std::vector<NodeId> replicas, isr, adding, removing, elr, last_known_elr;
    std::vector<Uuid> directories;
    bool recovering = false;  // LeaderRecoveryState
    friend bool operator==(const PartitionImage&, const PartitionImage&) = default;
};

struct TopicImage {
    std::string name;
    Uuid id;
    std::vector<PartitionImage> partitions;  // by index
    friend bool operator==(const TopicImage&, const TopicImage&) = default;
};

struct BrokerImage {
    NodeId id{};
    std::int64_t epoch = -1;  // the offset of the registration
    Uuid incarnation;
    std::vector<Endpoint> endpoints;
    std::map<std::string, std::pair<std::int16_t, std::int16_t>> features;  // min, max
    std::optional<std::string> rack;
    bool fenced = true, in_controlled_shutdown = false;
    std::vector<Uuid> log_dirs;
    const Endpoint* endpoint(std::string_view listener) const;  // null: none of that name
    friend bool operator==(const BrokerImage&, const BrokerImage&) = default;
};

enum class ConfigResourceType : std::int8_t {
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32
};
struct ConfigResource {
    ConfigResourceType type{};
    std::string name;  // broker: its id, empty for all
    friend auto operator<=>(const ConfigResource&, const ConfigResource&) = default;
};

// What a committed record changed, in log order. A created topic's partitions are reported one by
// one after it.
struct TopicCreated {
    std::string name;
    Uuid id;
};
struct TopicDeleted {
    std::string name;
    Uuid id;
};
struct PartitionChanged {  // new, or another leader, epoch, ISR or replicas
    std::string topic;
    Uuid topic_id;
    std::int32_t partition = 0;
    bool created = false;
};
struct ConfigChanged {
    ConfigResource resource;
};
struct BrokerChanged {
    NodeId id{};
};
struct FeaturesChanged {};
struct QuotasChanged {};
using MetadataChange = std::variant<TopicCreated, TopicDeleted, PartitionChanged, ConfigChanged,
                                    BrokerChanged, FeaturesChanged, QuotasChanged>;

class MetadataImage {
public:
    const TopicImage* topic(std::string_view name) const;
    const TopicImage* topic(const Uuid& id) const;
    const PartitionImage* partition(std::string_view topic, std::int32_t index) const;
    const std::map<std::string, TopicImage, std::less<>>& topics() const { return topics_; }
    std::int64_t partition_count() const { return partition_count_; }

    const BrokerImage* broker(NodeId id) const;
    const std::map<NodeId, BrokerImage>& brokers() const { return brokers_; }
    const std::map<NodeId, wire::RegisterControllerRecord>& controllers() const {
        return controllers_;
    }

    const ConfigMap& configs(const ConfigResource& resource) const;  // empty when none
    std::vector<std::string> config_names(ConfigResourceType type) const;  // that have any
    TopicConfig topic_config(std::string_view topic, NodeId node, const BrokerConfig& config) const;
    BrokerOverrides broker_overrides(NodeId node) const;

    const std::map<std::string, std::int16_t, std::less<>>& features() const {
        return features_;
    }                                                   // finalized
    std::int16_t feature(std::string_view name) const;  // 0 when not finalized
    // Ordered by entity and key, by mechanism and name.
    std::vector<const wire::ClientQuotaRecord*> client_quotas() const;
    std::vector<const wire::UserScramCredentialRecord*> scram_credentials() const;
    std::int64_t next_producer_id() const { return next_producer_id_; }

    // Applies one record that stands at `offset`. A record that does not fit the image is an error
    // of the log: UnknownServerError.
    Result<void> replay(const MetadataRecord& record, Offset offset,
                        std::vector<MetadataChange>* changes = nullptr);

    // The records a snapshot holds: replayed into an empty image they give this one.
    std::vector<MetadataRecord> records() const;
    std::uint64_t hash() const;  // equal images have equal hashes on every node (K5)
    friend bool operator==(const MetadataImage&, const MetadataImage&) = default;

private:
    using Changes = std::vector<MetadataChange>*;
    Result<void> replay_one(const wire::TopicRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RemoveTopicRecord&, Offset, Changes);
    Result<void> replay_one(const wire::PartitionRecord&, Offset, Changes);
    Result<void> replay_one(const wire::PartitionChangeRecord&, Offset, Changes);
    Result<void> replay_one(const wire::ClearElrRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RegisterBrokerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::UnregisterBrokerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::FenceBrokerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::UnfenceBrokerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::BrokerRegistrationChangeRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RegisterControllerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::UnregisterControllerRecord&, Offset, Changes);
    Result<void> replay_one(const wire::ConfigRecord&, Offset, Changes);
    Result<void> replay_one(const wire::FeatureLevelRecord&, Offset, Changes);
    Result<void> replay_one(const wire::ProducerIdsRecord&, Offset, Changes);
    Result<void> replay_one(const wire::ClientQuotaRecord&, Offset, Changes);
    Result<void> replay_one(const wire::UserScramCredentialRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RemoveUserScramCredentialRecord&, Offset, Changes);
    Result<void> replay_one(const wire::AccessControlEntryRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RemoveAccessControlEntryRecord&, Offset, Changes);
    Result<void> replay_one(const wire::DelegationTokenRecord&, Offset, Changes);
    Result<void> replay_one(const wire::RemoveDelegationTokenRecord&, Offset, Changes);
    // No state: NoOp, ZkMigrationState; Begin-, End- and AbortTransaction are
    // MetadataTransaction's.
    template <class R>
    Result<void> replay_one(const R&, Offset, Changes) {
        return {};
    }
    Result<void> set_fenced(std::int32_t id, bool fenced, Changes);
    TopicImage* find_topic(const Uuid& id);

    std::map<std::string, TopicImage, std::less<>> topics_;
    std::map<Uuid, std::string> topic_names_;
    std::int64_t partition_count_ = 0;
    std::map<NodeId, BrokerImage> brokers_;
    std::map<NodeId, wire::RegisterControllerRecord> controllers_;
    std::map<ConfigResource, ConfigMap> configs_;
    std::map<std::string, std::int16_t, std::less<>> features_;
    std::int64_t next_producer_id_ = 0;
    std::map<std::string, MetadataRecord>
        kept_;  // quotas, credentials, access rules: carried for snapshots, not acted on
};

wire::PartitionRecord partition_record(const Uuid& topic_id, std::int32_t index,
                                       const PartitionImage& partition);

}  // namespace millrace::broker
