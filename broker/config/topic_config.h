#pragma once
// Topic configs (Kafka's TopicConfig): definitions for CreateTopics and DescribeConfigs, and the
// effective values of a topic as a struct for the log. Precedence: topic > dynamic broker > dynamic
// default > static broker > default.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/broker/config/broker_config.h"

namespace millrace::broker {

using ConfigMap = std::map<std::string, std::string, std::less<>>;

enum class ConfigSource : std::int8_t {  // DescribeConfigs' numbers
    Unknown = 0,
    Topic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
};

std::span<const ConfigKey> topic_config_keys();  // sorted by name
std::string_view broker_synonym(
    std::string_view topic_key);  // "segment.bytes" -> "log.segment.bytes"; empty: none

// InvalidConfig: an unknown name, a bad value, or values that contradict each other. A value may be
// null only to delete it.
Result<void> check_topic_configs(const ConfigMap& configs);

struct ConfigEntry {  // an effective value and where it is from
    std::string name;
    std::string value;
    ConfigSource source = ConfigSource::Default;
    std::vector<ConfigEntry> synonyms;  // in order of precedence, this one first
};
struct BrokerOverrides {  // what metadata records set: by broker id, and for all brokers
    const ConfigMap* broker = nullptr;
    const ConfigMap* cluster = nullptr;
};
// A broker's key with its synonyms, in order of precedence; empty: its value is null.
std::vector<ConfigEntry> broker_config_entries(std::string_view name,
                                               const BrokerOverrides& overrides,
                                               const BrokerConfig& config);
ConfigEntry effective_topic_config(const ConfigKey& key, const ConfigMap& topic,
                                   const BrokerOverrides& overrides, const BrokerConfig& config);

struct TopicConfig {  // effective, typed
    bool compact = false, delete_old = true;
    std::int64_t retention_ms = 604'800'000;  // -1: for ever
    std::int64_t retention_bytes = -1;
    std::int32_t segment_bytes = 1'073'741'824;
    std::int64_t segment_ms = 604'800'000;
    std::int64_t segment_jitter_ms = 0;
    std::int32_t segment_index_bytes = 10 * 1024 * 1024;
    std::int32_t index_interval_bytes = 4096;
    std::int32_t max_message_bytes = 1'048'588;
    std::string compression_type = "producer";
    std::int32_t compression_gzip_level = -1, compression_lz4_level = 9, compression_zstd_level = 3;
    std::int64_t delete_retention_ms = 86'400'000;
    std::int64_t file_delete_delay_ms = 60'000;
    double min_cleanable_dirty_ratio = 0.5;
    std::int64_t min_compaction_lag_ms = 0, max_compaction_lag_ms = INT64_MAX;
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election_enable = false;
    bool log_append_time = false;  // message.timestamp.type
    std::int64_t timestamp_before_max_ms = INT64_MAX, timestamp_after_max_ms = 3'600'000;
    std::int64_t flush_messages = INT64_MAX, flush_ms = INT64_MAX;
    bool preallocate = false;
    friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};
TopicConfig topic_config(const ConfigMap& topic, const BrokerOverrides& overrides,
                         const BrokerConfig& config);

}  // namespace millrace::broker
