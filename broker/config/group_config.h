#pragma once
// Configs of groups (Kafka's GroupConfig) and of client metrics subscriptions (KIP-714,
// ClientMetricsConfigs): definitions, checks, effective values.
#include <optional>
#include <string>
#include <string_view>

#include "millrace/broker/config/topic_config.h"

namespace millrace::broker {

std::span<const ConfigKey> group_config_keys();           // sorted by name
std::span<const ConfigKey> client_metrics_config_keys();  // sorted by name

// "consumer.session.timeout.ms" -> "group.consumer.session.timeout.ms"; empty: only groups have it.
std::string group_broker_synonym(std::string_view group_key);

// InvalidConfig: unknown name, bad value, or outside of what the broker's group.* limits allow.
Result<void> check_group_configs(const ConfigMap& configs, const BrokerConfig& config);
// InvalidConfig or, as Kafka, InvalidRequest.
Result<void> check_client_metrics_configs(const ConfigMap& configs);

ConfigEntry effective_group_config(const ConfigKey& key, const ConfigMap& group,
                                   const BrokerOverrides& overrides, const BrokerConfig& config);

// The value of any of a broker's keys as text: what was given, or its default.
std::string broker_value(const BrokerConfig& config, std::string_view name);

}  // namespace millrace::broker
