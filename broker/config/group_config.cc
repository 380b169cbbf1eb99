#include "millrace/broker/config/group_config.h"

#include <algorithm>
#include <array>

#include "millrace/broker/config/kafka_configs.h"
#include "millrace/broker/pattern.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kAssignorName = "streams.assignor.name";
constexpr std::string_view kDeadLetterTopic = "errors.deadletterqueue.topic.name";

std::vector<ConfigKey> keys_of(std::span<const KafkaConfig> rows) {
    std::vector<ConfigKey> keys;
    for (const KafkaConfig& row : rows) keys.push_back(config_key(row));
    return keys;
}

Failure invalid(std::string why) {
    return fail(ErrorCode::InvalidConfig, std::move(why));
}

std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const ConfigKey> keys) {
    const std::string_view near = nearest_name(keys, name);
    return std::string(what) + std::string(name) +
           (near.empty() ? "" : ", did you mean " + std::string(near) + "?");
}

std::int64_t number_of(const BrokerConfig& config, const std::string& name) {
    std::int64_t value = 0;
    (void)parse_int64(broker_value(config, name), value);  // checked when it was set
    return value;
}

// Which limits of the broker hold for a key: "group.share.min.session.timeout.ms" and "...max...".
Result<void> check_limits(const std::string& name, std::string_view text,
                          const BrokerConfig& config) {
    const std::size_t dot = name.find('.');
    const std::string kind = "group." + name.substr(0, dot), rest = name.substr(dot);
    std::int64_t value = 0;
    if (!parse_int64(text, value)) return {};
    const auto known = [](const std::string& key) {
        return find_config_key(broker_config_keys(), key) != nullptr;
    };
    // streams.num.standby.replicas <= group.streams.max.standby.replicas
    if (rest.starts_with(".num.")) {
        const std::string most = kind + ".max." + rest.substr(5);
        if (known(most) && value > number_of(config, most))
            return invalid(name + " must be less than or equal to " +
                           std::to_string(number_of(config, most)));
        return {};
    }
    const std::string least = kind + ".min" + rest, most = kind + ".max" + rest;
    const bool lower = known(least), upper = known(most);
    const std::int64_t low = lower ? number_of(config, least) : INT64_MIN,
                       high = upper ? number_of(config, most) : INT64_MAX;
    if (value >= low && value <= high) return {};
    if (lower && upper)
        return invalid(name + " must be in the range " + std::to_string(low) + " to " +
                       std::to_string(high) + " inclusive.");
    return invalid(name + (lower ? " must be greater than or equal to " + std::to_string(low)
                                 : " must be less than or equal to " + std::to_string(high)));
}

Result<void> check_match(std::string_view entry) {
    constexpr std::array kParameters = {"client_instance_id",    "client_id",
                                        "client_software_name",  "client_software_version",
                                        "client_source_address", "client_source_port"};
    const std::size_t equals = entry.find('=');
    const auto illegal = [&] {
        return invalid("Illegal client matching pattern: " + std::string(entry));
    };
    if (equals == std::string_view::npos) return illegal();
    std::string_view parameter = entry.substr(0, equals);
    while (parameter.ends_with(' ')) parameter.remove_suffix(1);
    if (std::find(kParameters.begin(), kParameters.end(), parameter) == kParameters.end())
        return illegal();
    if (!Pattern::compile(std::string(entry.substr(equals + 1)))) return illegal();
    return {};
}

}  // namespace

std::span<const ConfigKey> group_config_keys() {
    static const std::vector<ConfigKey> keys = keys_of(kafka_group_configs());
    return keys;
}

std::span<const ConfigKey> client_metrics_config_keys() {
    static const std::vector<ConfigKey> keys = keys_of(kafka_client_metrics_configs());
    return keys;
}

std::string group_broker_synonym(std::string_view group_key) {
    if (group_key == kAssignorName) return "group.streams.assignors";
    std::string name = "group." + std::string(group_key);
    return find_config_key(broker_config_keys(), name) ? name : std::string();
}

std::string broker_value(const BrokerConfig& config, std::string_view name) {
    if (auto typed = value_text(config, name)) return *std::move(typed);
    const auto given = config.given.find(name);
    if (given != config.given.end()) return given->second;
    const ConfigKey* key = find_config_key(broker_config_keys(), name);
    return key ? key->default_text : std::string();
}

Result<void> check_group_configs(const ConfigMap& configs, const BrokerConfig& config) {
    for (const auto& [name, value] : configs) {
        const ConfigKey* key = find_config_key(group_config_keys(), name);
        if (!key)
            return invalid(unknown_name("Unknown group config name: ", name, group_config_keys()));
        MR_TRY_VOID(check_config_value(*key, value));
    }
    for (const auto& [name, value] : configs) {
        MR_TRY_VOID(check_limits(name, value, config));
        if (name == kAssignorName) {
            const auto known = parse_list(broker_value(config, "group.streams.assignors"));
            if (std::find(known.begin(), known.end(), value) == known.end()) {
                std::string list;
                for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
                return invalid(name + " '" + value +
                               "' is not a registered task assignor. Registered assignors are: [" +
                               list + "].");
            }
        }
        if (name == kDeadLetterTopic && value.starts_with("__"))
            return invalid(name + ": DLQ topic name must not start with '__'");
    }
    for (const std::string kind : {"consumer", "share", "streams"}) {
        const auto effective = [&](const std::string& rest) {
            const auto set = configs.find(kind + rest);
            std::int64_t value = 0;
            if (set != configs.end() && parse_int64(set->second, value)) return value;
            return number_of(config, "group." + kind + rest);
        };
        const std::string heartbeat = ".heartbeat.interval.ms", session = ".session.timeout.ms";
        const bool touched = configs.contains(kind + heartbeat) || configs.contains(kind + session);
        if (touched && effective(session) <= effective(heartbeat))
            return invalid(kind + session + " must be greater than " + kind + heartbeat);
    }
    return {};
}

Result<void> check_client_metrics_configs(const ConfigMap& configs) {
    constexpr std::int64_t kIntervalMin = 100, kIntervalMax = 3'600'000;
    for (const auto& [name, value] : configs) {
        const ConfigKey* key = find_config_key(client_metrics_config_keys(), name);
        if (!key)
            return fail(ErrorCode::InvalidRequest,
                        unknown_name("Unknown client metrics configuration: ", name,
                                     client_metrics_config_keys()));
        MR_TRY_VOID(check_config_value(*key, value));
        if (name == "interval.ms") {
            std::int64_t interval = 0;
            (void)parse_int64(value, interval);
            if (interval < kIntervalMin || interval > kIntervalMax)
                return fail(ErrorCode::InvalidRequest,
                            "Invalid value " + value +
                                " for interval.ms, interval must be between 100 and 3600000 (1 "
                                "hour)");
        }
        if (name == "match")
            for (const std::string& entry : parse_list(value)) MR_TRY_VOID(check_match(entry));
    }
    return {};
}

ConfigEntry effective_group_config(const ConfigKey& key, const ConfigMap& group,
                                   const BrokerOverrides& overrides, const BrokerConfig& config) {
    ConfigEntry entry;
    entry.name = std::string(key.name);
    const std::string synonym = group_broker_synonym(key.name);
    if (!synonym.empty())
        entry.synonyms = broker_config_entries(synonym, overrides, config);
    else if (!key.default_is_null)
        entry.synonyms.push_back({entry.name, key.default_text, ConfigSource::Default, {}});
    const auto own = group.find(key.name);
    if (own != group.end())
        entry.synonyms.insert(entry.synonyms.begin(),
                              {entry.name, own->second, ConfigSource::Group, {}});
    if (!entry.synonyms.empty()) {
        entry.value = entry.synonyms.front().value;
        entry.source = entry.synonyms.front().source;
    }
    if (key.name == kAssignorName && own == group.end()) {
        const auto assignors = parse_list(entry.value);
        entry.value = assignors.empty() ? std::string() : assignors.front();
    }
    return entry;
}

}  // namespace millrace::broker
