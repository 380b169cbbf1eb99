#pragma once
// Every config that Apache Kafka 4.4 knows, as its own definitions say it: names, types, defaults,
// validators, update modes, synonyms and documentation. Facts only; what this broker makes of them
// stands in broker_config.h and topic_config.h. The rows are generated (kafka_configs.inc,
// tests/interop/config_tables.sh).
#include <span>
#include <string_view>

#include "millrace/broker/config/config_key.h"

namespace millrace::broker {

struct KafkaConfig {
    std::string_view name;
    ConfigType type;
    bool has_default;
    const char* default_text;      // null: none
    std::string_view validator;    // ConfigDef.Validator.toString(): "[0,...]", "[compact, delete]"
    std::string_view update_mode;  // brokers: read-only, per-broker, cluster-wide
    bool internal;                 // not shown unless it is set
    std::string_view synonyms;     // comma-separated, in order of precedence
    std::string_view doc;
};

// Sorted by name.
std::span<const KafkaConfig> kafka_broker_configs();
std::span<const KafkaConfig> kafka_broker_quota_configs();  // dynamic only: replication throttles
std::span<const KafkaConfig> kafka_topic_configs();
std::span<const KafkaConfig> kafka_group_configs();
std::span<const KafkaConfig> kafka_client_metrics_configs();

// The row as a key: rule parsed, default as text.
ConfigKey config_key(const KafkaConfig& config);

}  // namespace millrace::broker
