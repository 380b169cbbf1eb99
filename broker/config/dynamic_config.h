#pragma once
// Which of a broker's configs may change while it runs, and to what (KIP-226; Java:
// DynamicBrokerConfig).
#include <string>
#include <string_view>

#include "millrace/broker/config/topic_config.h"

namespace millrace::broker {

// The key behind a name; for "listener.name.NAME.KEY" that of KEY. Null: none.
const ConfigKey* find_broker_key(std::string_view name);

// What is to be set (not what is deleted) for one broker, or for all of them. InvalidConfig: a name
// that nobody knows. InvalidRequest, as Kafka: not dynamic, not for all brokers, or a bad value.
// `config`: what the broker runs with now.
Result<void> check_dynamic_configs(const ConfigMap& set, bool for_all_brokers,
                                   const BrokerConfig& config);

}  // namespace millrace::broker
