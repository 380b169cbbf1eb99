#include "millrace/broker/config/dynamic_config.h"

#include <algorithm>
#include <array>

#include "millrace/broker/config/group_config.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kListenerPrefix = "listener.name.";
// Per broker in Kafka; here the sockets stay as they were opened.
constexpr std::array<std::string_view, 2> kNotDynamicHere = {"listeners",
                                                             "listener.security.protocol.map"};
constexpr std::array<std::string_view, 6> kThreadCounts = {
    "background.threads",  "log.cleaner.threads",  "num.io.threads",
    "num.network.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir"};

Failure refused(std::string why) {
    return fail(ErrorCode::InvalidRequest, std::move(why));
}

std::string listed(const std::vector<std::string>& names) {
    std::string text = "[";
    for (const std::string& name : names) text += (text.size() > 1 ? ", " : "") + name;
    return text + "]";
}

template <class List>
bool among(const List& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

bool has_listener_prefix(std::string_view name) {
    return name.starts_with(kListenerPrefix);
}

// At most twice and at least half of what runs now, so that one step cannot starve a broker.
Result<void> check_thread_count(const std::string& name, std::string_view text,
                                const BrokerConfig& config) {
    std::int64_t wanted = 0, now = 0;
    if (!parse_int64(text, wanted) || !parse_int64(broker_value(config, name), now)) return {};
    const std::string of =
        "Dynamic thread count update validation failed for " + name + "=" + std::to_string(wanted);
    std::string why;
    if (wanted <= 0)
        why = of + ", value should be at least 1";
    else if (wanted < now / 2)
        why = of + ", value should be at least half the current value " + std::to_string(now);
    else if (wanted > now * 2)
        why = of + ", value should not be greater than double the current value " +
              std::to_string(now);
    if (why.empty()) return {};
    return refused("Invalid value org.apache.kafka.common.config.ConfigException: " + why +
                   " for configuration Invalid dynamic configuration");
}

}  // namespace

const ConfigKey* find_broker_key(std::string_view name) {
    if (const ConfigKey* key = find_config_key(broker_config_keys(), name)) return key;
    if (!has_listener_prefix(name)) return nullptr;
    const std::size_t dot = name.find('.', kListenerPrefix.size());
    if (dot == std::string_view::npos) return nullptr;
    return find_config_key(broker_config_keys(), name.substr(dot + 1));
}

Result<void> check_dynamic_configs(const ConfigMap& set, bool for_all_brokers,
                                   const BrokerConfig& config) {
    std::vector<std::string> fixed, security, per_broker;
    for (const auto& [name, value] : set) {
        const ConfigKey* key = find_broker_key(name);
        if (!key) {
            const std::string_view near = nearest_name(broker_config_keys(), name);
            return fail(ErrorCode::InvalidConfig,
                        "Unknown configuration " + name +
                            (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
        }
        if (has_listener_prefix(name)) {
            if (for_all_brokers && key->update != UpdateMode::ClusterWide)
                per_broker.push_back(name);
        } else if (key->update == UpdateMode::ReadOnly || among(kNotDynamicHere, name)) {
            fixed.push_back(name);
        } else if (key->update == UpdateMode::PerBroker && name.starts_with("ssl.")) {
            security.push_back(name);
        } else if (key->update == UpdateMode::PerBroker && for_all_brokers) {
            per_broker.push_back(name);
        }
    }
    if (!fixed.empty()) return refused("Cannot update these configs dynamically: " + listed(fixed));
    if (!security.empty())
        return refused(
            "These security configs can be dynamically updated only per-listener using the "
            "listener prefix: " +
            listed(security));
    if (!per_broker.empty())
        return refused(
            "Cannot update these configs at default cluster level, broker id must be specified: " +
            listed(per_broker));
    for (const auto& [name, value] : set) {
        if (auto legal = check_config_value(*find_broker_key(name), value); !legal)
            return refused(legal.error().detail);
        if (among(kThreadCounts, name)) MR_TRY_VOID(check_thread_count(name, value, config));
    }
    return {};
}

}  // namespace millrace::broker
