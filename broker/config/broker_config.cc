#include "millrace/broker/config/broker_config.h"

#include <algorithm>
#include <array>
#include <functional>

#include "millrace/base/check.h"
#include "millrace/broker/config/broker_config_fields.h"
#include "millrace/broker/config/kafka_configs.h"

namespace millrace::broker {
namespace {

constexpr ConfigType type_of(const bool&) {
    return ConfigType::Boolean;
}
constexpr ConfigType type_of(const std::int16_t&) {
    return ConfigType::Short;
}
constexpr ConfigType type_of(const std::int32_t&) {
    return ConfigType::Int;
}
constexpr ConfigType type_of(const std::int64_t&) {
    return ConfigType::Long;
}
constexpr ConfigType type_of(const double&) {
    return ConfigType::Double;
}
inline ConfigType type_of(const std::string&) {
    return ConfigType::String;
}
inline ConfigType type_of(const std::vector<std::string>&) {
    return ConfigType::List;
}
constexpr ConfigType type_of(const Durability&) {
    return ConfigType::String;
}

std::string text_of(bool v) {
    return v ? "true" : "false";
}
std::string text_of(std::int16_t v) {
    return std::to_string(v);
}
std::string text_of(std::int32_t v) {
    return std::to_string(v);
}
std::string text_of(std::int64_t v) {
    return std::to_string(v);
}
std::string text_of(double v) {
    if (v > 1e300) return "1.7976931348623157E308";  // Java's Double.MAX_VALUE
    std::string text = std::to_string(v);
    while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
    return text;
}
std::string text_of(const std::string& v) {
    return v;
}
std::string text_of(const std::vector<std::string>& v) {
    return list_text(v);
}
std::string text_of(Durability v) {
    return v == Durability::Synced ? "synced" : "page-cache";
}

// The text was checked against the key's type and range.
void assign(std::string_view text, bool& into) {
    MR_CHECK(parse_bool(text, into));
}
template <class Int>
requires std::is_integral_v<Int>
void assign(std::string_view text, Int& into) {
    std::int64_t v = 0;
    MR_CHECK(parse_int64(text, v));
    into = static_cast<Int>(v);
}
void assign(std::string_view text, double& into) {
    MR_CHECK(parse_double(text, into));
}
void assign(std::string_view text, std::string& into) {
    into = text;
}
void assign(std::string_view text, std::vector<std::string>& into) {
    into = parse_list(text);
}
void assign(std::string_view text, Durability& into) {
    into = text == "synced" ? Durability::Synced : Durability::PageCache;
}

struct Setting {
    ConfigKey key;
    std::function<void(std::string_view, BrokerConfig&)> assign;
    std::function<std::string(const BrokerConfig&)> text;
};

// Settings of ours that nothing acts on yet.
constexpr std::array<std::string_view, 7> kFieldsWithoutEffect = {
    "controller.quorum.append.linger.ms",
    "log.preallocate",
    "num.network.threads",
    "queued.max.requests",
    "replica.fetch.max.bytes",
    "replica.fetch.wait.max.ms",
    "replica.lag.time.max.ms",
};

// Kafka's row says type, rule, documentation and how it may change; the field narrows the rule to
// what its own type holds, and has the default of this broker. Where Kafka's default is null (the
// value comes from another key then), that is what is described.
ConfigKey merged(const KafkaConfig& row, ConfigKey field) {
    ConfigKey key = config_key(row);
    if (!key.default_is_null) key.default_text = std::move(field.default_text);
    key.rule.min = std::max(key.rule.min, field.rule.min);
    key.rule.max = std::min(key.rule.max, field.rule.max);
    if (key.rule.one_of.empty()) key.rule.one_of = std::move(field.rule.one_of);
    key.rule.list_may_be_empty = field.rule.list_may_be_empty;
    key.has_effect = std::find(kFieldsWithoutEffect.begin(), kFieldsWithoutEffect.end(),
                               key.name) == kFieldsWithoutEffect.end();
    return key;
}

const KafkaConfig* kafka_row(std::string_view name) {
    const auto rows = kafka_broker_configs();
    const auto at = std::lower_bound(
        rows.begin(), rows.end(), name,
        [](const KafkaConfig& row, std::string_view wanted) { return row.name < wanted; });
    return at != rows.end() && at->name == name ? &*at : nullptr;
}

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> list;
        const BrokerConfig defaults;
        BrokerConfig::fields([&]<class T>(std::string_view name, T BrokerConfig::*member,
                                          FieldRule rule, std::string_view doc) {
            const T& value = defaults.*member;
            if constexpr (std::is_same_v<T, std::int16_t>) rule.max = std::min(rule.max, 32767.0);
            ConfigKey key{name,
                          type_of(value),
                          text_of(value),
                          {.min = rule.min,
                           .max = rule.max,
                           .one_of = std::move(rule.one_of),
                           .list_may_be_empty = rule.may_be_empty},
                          doc};
            if (const KafkaConfig* row = kafka_row(name)) key = merged(*row, std::move(key));
            list.push_back(
                {.key = std::move(key),
                 .assign =
                     [member](std::string_view text, BrokerConfig& config) {
                         millrace::broker::assign(text, config.*member);
                     },
                 .text = [member](const BrokerConfig& config) { return text_of(config.*member); }});
        });
        std::sort(list.begin(), list.end(),
                  [](const Setting& a, const Setting& b) { return a.key.name < b.key.name; });
        return list;
    }();
    return all;
}

const Setting* find_setting(std::string_view name) {
    const auto& all = settings();
    const auto it = std::lower_bound(
        all.begin(), all.end(), name,
        [](const Setting& s, std::string_view wanted) { return s.key.name < wanted; });
    return it != all.end() && it->key.name == name ? &*it : nullptr;
}

// Other units and old names of Kafka's, the first that is given wins over the ones behind it.
struct Alias {
    std::string_view name, of;
    std::int64_t factor;
};
constexpr std::array kAliases = {
    Alias{"log.retention.minutes", "log.retention.ms", 60'000},
    Alias{"log.retention.hours", "log.retention.ms", 3'600'000},
    Alias{"log.roll.hours", "log.roll.ms", 3'600'000},
    Alias{"log.roll.jitter.hours", "log.roll.jitter.ms", 3'600'000},
    Alias{"log.dir", "log.dirs", 0},
    Alias{"broker.id", "node.id", 0},
    Alias{"log.flush.scheduler.interval.ms", "log.flush.interval.ms", 1},
};

// What would silently not protect anything is refused.
constexpr std::array<std::string_view, 7> kRefusedPrefixes = {
    "sasl.", "ssl.", "listener.name.", "authorizer.", "zookeeper.", "super.users", "remote.log."};

Failure invalid(std::string why) {
    return fail(ErrorCode::InvalidConfig, std::move(why));
}

Result<SecurityProtocol> protocol_of(std::string_view name) {
    if (name == "PLAINTEXT") return SecurityProtocol::Plaintext;
    if (name == "SSL") return SecurityProtocol::Ssl;
    if (name == "SASL_PLAINTEXT") return SecurityProtocol::SaslPlaintext;
    if (name == "SASL_SSL") return SecurityProtocol::SaslSsl;
    return invalid("Unknown security protocol " + std::string(name));
}

Result<void> apply_map(const BrokerConfig& config, std::vector<Endpoint>& endpoints) {
    std::map<std::string, SecurityProtocol> protocols;
    for (const std::string& entry : parse_list(config.listener_security_protocol_map)) {
        const std::size_t colon = entry.find(':');
        if (colon == std::string::npos)
            return invalid("listener.security.protocol.map: no ':' in " + entry);
        MR_TRY(const SecurityProtocol protocol,
               protocol_of(std::string_view(entry).substr(colon + 1)));
        protocols[entry.substr(0, colon)] = protocol;
    }
    for (Endpoint& endpoint : endpoints) {
        const auto known = protocols.find(endpoint.listener);
        if (known != protocols.end()) endpoint.protocol = known->second;
        if (endpoint.protocol != SecurityProtocol::Plaintext) {
            return invalid("Listener " + endpoint.listener +
                           ": only the security protocol PLAINTEXT is served");
        }
    }
    return {};
}

bool is_controller_listener(const BrokerConfig& config, const std::string& name) {
    const auto names = parse_list(config.controller_listener_names);
    return std::find(names.begin(), names.end(), name) != names.end();
}

Result<void> check_together(const BrokerConfig& config) {
    MR_TRY(auto bound, parse_listeners(config.listeners));
    MR_TRY_VOID(apply_map(config, bound));
    MR_TRY(auto advertised, parse_listeners(config.advertised_listeners));
    for (const Endpoint& endpoint : advertised) {
        const bool known = std::any_of(bound.begin(), bound.end(), [&](const Endpoint& b) {
            return b.listener == endpoint.listener;
        });
        if (!known)
            return invalid("advertised.listeners: " + endpoint.listener +
                           " is not among the listeners");
        if (endpoint.host.empty() || endpoint.host == "0.0.0.0") {
            return invalid("advertised.listeners: " + endpoint.listener +
                           " must name a host that clients can reach");
        }
    }
    if (config.bound_endpoints().empty() &&
        std::find(config.process_roles.begin(), config.process_roles.end(), "broker") !=
            config.process_roles.end()) {
        return invalid("listeners: a broker needs a listener that is not the controller's");
    }
    if (config.group_min_session_timeout_ms > config.group_max_session_timeout_ms) {
        return invalid("group.min.session.timeout.ms is above group.max.session.timeout.ms");
    }
    if (config.log_cleaner_min_compaction_lag_ms > config.log_cleaner_max_compaction_lag_ms) {
        return invalid(
            "log.cleaner.min.compaction.lag.ms is above log.cleaner.max.compaction.lag.ms");
    }
    if (config.broker_heartbeat_interval_ms >= config.broker_session_timeout_ms) {
        return invalid("broker.heartbeat.interval.ms must be below broker.session.timeout.ms");
    }
    for (const std::string& voter : parse_list(config.controller_quorum_voters)) {
        const std::size_t at = voter.find('@'), colon = voter.rfind(':');
        std::int64_t id = 0, port = 0;
        if (at == std::string::npos || colon == std::string::npos || colon < at ||
            !parse_int64(std::string_view(voter).substr(0, at), id) || id < 0 || id > INT32_MAX ||
            !parse_int64(std::string_view(voter).substr(colon + 1), port) || port < 0 ||
            port > 65535) {
            return invalid("controller.quorum.voters: " + voter + " is not id@host:port");
        }
    }
    return {};
}

bool is_alias(std::string_view name) {
    return std::any_of(kAliases.begin(), kAliases.end(),
                       [&](const Alias& a) { return a.name == name; });
}

// The checked texts into the fields. An alias counts where its own key is not given.
Result<void> assign_all(const std::map<std::string, std::string, std::less<>>& given,
                        BrokerConfig& config) {
    std::map<std::string_view, std::string> values;
    for (const auto& [name, value] : given)
        if (find_setting(name)) values[name] = value;
    for (const Alias& alias : kAliases) {
        const auto at = given.find(alias.name);
        if (at == given.end() || values.contains(alias.of)) continue;
        std::string value = at->second;
        if (alias.factor > 0) {
            std::int64_t number = 0;
            if (!parse_int64(value, number) || number > INT64_MAX / alias.factor || number < -1) {
                return invalid("Invalid value " + value + " for configuration " +
                               std::string(alias.name));
            }
            value = std::to_string(number < 0 ? number : number * alias.factor);
        }
        MR_TRY_VOID(check_config_value(find_setting(alias.of)->key, value));
        values[alias.of] = std::move(value);
    }
    for (const auto& [name, value] : values) find_setting(name)->assign(value, config);
    return {};
}

}  // namespace

Result<BrokerConfig> with_overrides(
    const BrokerConfig& config, const std::map<std::string, std::string, std::less<>>& overrides) {
    auto given = config.given;
    for (const auto& [name, value] : overrides) given[name] = value;
    BrokerConfig changed = config;
    MR_TRY_VOID(assign_all(given, changed));
    return changed;
}

std::vector<std::string> broker_config_synonyms(std::string_view name) {
    if (const KafkaConfig* row = kafka_row(name)) return parse_list(row->synonyms);
    return {std::string(name)};
}

Result<std::vector<Endpoint>> parse_listeners(std::string_view text) {
    std::vector<Endpoint> endpoints;
    for (const std::string& item : parse_list(text)) {
        const std::size_t scheme = item.find("://"), colon = item.rfind(':');
        if (scheme == std::string::npos || scheme == 0 || colon <= scheme) {
            return invalid("Listener " + item + " is not NAME://host:port");
        }
        std::int64_t port = 0;
        if (!parse_int64(std::string_view(item).substr(colon + 1), port) || port < 0 ||
            port > 65535) {
            return invalid("Listener " + item + ": the port is not a number from 0 to 65535");
        }
        Endpoint endpoint{item.substr(0, scheme), item.substr(scheme + 3, colon - scheme - 3),
                          static_cast<std::uint16_t>(port), SecurityProtocol::Plaintext};
        if (endpoint.host.starts_with('[') && endpoint.host.ends_with(']')) {  // IPv6
            endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
        }
        if (auto protocol = protocol_of(endpoint.listener)) endpoint.protocol = *protocol;
        for (const Endpoint& other : endpoints) {
            if (other.listener == endpoint.listener)
                return invalid("Listener name " + endpoint.listener + " is there twice");
        }
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

std::string to_text(std::span<const Endpoint> endpoints) {
    std::string text;
    for (const Endpoint& e : endpoints) {
        if (!text.empty()) text += ',';
        const bool v6 = e.host.find(':') != std::string::npos;
        text +=
            e.listener + "://" + (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
    }
    return text;
}

std::vector<Endpoint> BrokerConfig::bound_endpoints() const {
    std::vector<Endpoint> endpoints = parse_listeners(listeners).value_or(std::vector<Endpoint>{});
    (void)apply_map(*this, endpoints);
    std::erase_if(endpoints,
                  [&](const Endpoint& e) { return is_controller_listener(*this, e.listener); });
    return endpoints;
}

std::vector<Endpoint> BrokerConfig::advertised_endpoints() const {
    std::vector<Endpoint> endpoints = bound_endpoints();
    const auto advertised = parse_listeners(advertised_listeners).value_or(std::vector<Endpoint>{});
    for (Endpoint& endpoint : endpoints) {
        for (const Endpoint& a : advertised) {
            if (a.listener != endpoint.listener) continue;
            endpoint.host = a.host;
            endpoint.port = a.port;
        }
        if (endpoint.host.empty() || endpoint.host == "0.0.0.0") endpoint.host = "localhost";
    }
    return endpoints;
}

std::vector<VoterAddress> BrokerConfig::voters() const {
    std::vector<VoterAddress> voters;
    for (const std::string& text : parse_list(controller_quorum_voters)) {
        const std::size_t at = text.find('@'), colon = text.rfind(':');
        std::int64_t id = 0, port = 0;
        if (at == std::string::npos || colon == std::string::npos || colon < at) continue;
        if (!parse_int64(std::string_view(text).substr(0, at), id)) continue;
        if (!parse_int64(std::string_view(text).substr(colon + 1), port)) continue;
        voters.push_back({static_cast<std::int32_t>(id), text.substr(at + 1, colon - at - 1),
                          static_cast<std::uint16_t>(port)});
    }
    return voters;
}

Result<ParsedBrokerConfig> parse_broker_config(std::string_view properties,
                                               const ConfigOverrides& overrides) {
    MR_TRY(ConfigOverrides given, parse_properties(properties));
    given.insert(given.end(), overrides.begin(), overrides.end());
    ParsedBrokerConfig parsed;
    for (auto& [name, value] : given) {
        if (std::any_of(kRefusedPrefixes.begin(), kRefusedPrefixes.end(),
                        [&](std::string_view p) { return name.starts_with(p); })) {
            return invalid(
                name + " is not supported: this broker serves plaintext without access control");
        }
        const ConfigKey* key = find_config_key(broker_config_keys(), name);
        if (!key) {
            const std::string_view near = nearest_name(broker_config_keys(), name);
            return invalid("Unknown configuration " + name +
                           (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
        }
        MR_TRY_VOID(check_config_value(*key, value));
        if (!key->has_effect && !is_alias(name))
            parsed.warnings.push_back(name + " has no effect here");
        parsed.config.given[name] = value;
    }
    MR_TRY_VOID(assign_all(parsed.config.given, parsed.config));
    // What Kafka has no default for counts as given; a node's id has two names.
    const std::string id = std::to_string(parsed.config.node_id);
    parsed.config.given.try_emplace("node.id", id);
    parsed.config.given.try_emplace("broker.id", id);
    parsed.config.given.try_emplace("process.roles", list_text(parsed.config.process_roles));
    MR_TRY_VOID(check_together(parsed.config));
    return parsed;
}

std::span<const ConfigKey> broker_config_keys() {
    static const std::vector<ConfigKey> keys = [] {
        std::vector<ConfigKey> list;
        for (const Setting& setting : settings()) list.push_back(setting.key);
        for (const KafkaConfig& row : kafka_broker_configs()) {
            if (find_setting(row.name)) continue;
            list.push_back(config_key(row));
            list.back().has_effect = is_alias(row.name);
        }
        for (const KafkaConfig& row : kafka_broker_quota_configs()) {
            ConfigKey& key = list.emplace_back(config_key(row));
            key.internal = key.default_is_null = true;  // as Kafka: shown when set only
            key.update = UpdateMode::ClusterWide;
            key.has_effect = false;
        }
        std::sort(list.begin(), list.end(),
                  [](const ConfigKey& a, const ConfigKey& b) { return a.name < b.name; });
        return list;
    }();
    return keys;
}

std::optional<std::string> value_text(const BrokerConfig& config, std::string_view key) {
    const Setting* setting = find_setting(key);
    if (!setting) return std::nullopt;
    return setting->text(config);
}

Result<ConfigOverrides> parse_properties(std::string_view text) {
    ConfigOverrides entries;
    std::size_t at = 0;
    const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\f'; };
    while (at < text.size()) {
        // One logical line: a backslash before the line's end joins it with the next.
        std::string line;
        bool more = true;
        while (more && at <= text.size()) {
            more = false;
            while (at < text.size() && space(text[at])) ++at;
            if (line.empty() && at < text.size() && (text[at] == '#' || text[at] == '!')) {
                while (at < text.size() && text[at] != '\n') ++at;
            }
            while (at < text.size() && text[at] != '\n' && text[at] != '\r') {
                if (text[at] == '\\' && at + 1 < text.size() &&
                    (text[at + 1] == '\n' || text[at + 1] == '\r')) {
                    more = true;
                    ++at;
                    break;
                }
                if (text[at] == '\\' && at + 1 < text.size()) line += text[at++];
                line += text[at++];
            }
            if (at < text.size() && text[at] == '\r') ++at;
            if (at < text.size() && text[at] == '\n') ++at;
            if (at >= text.size()) break;
        }
        if (line.empty()) continue;
        std::string key, value;
        std::string* into = &key;
        bool separated = false;
        for (std::size_t i = 0; i < line.size(); ++i) {
            char c = line[i];
            if (c == '\\' && i + 1 < line.size()) {
                c = line[++i];
                if (c == 'u' && i + 4 < line.size()) {
                    std::uint32_t code = 0;
                    for (int k = 1; k <= 4; ++k) {
                        const char h = line[i + static_cast<std::size_t>(k)];
                        const int digit = h >= '0' && h <= '9'   ? h - '0'
                                          : h >= 'a' && h <= 'f' ? h - 'a' + 10
                                          : h >= 'A' && h <= 'F' ? h - 'A' + 10
                                                                 : -1;
                        if (digit < 0)
                            return invalid(
                                "A \\u in the properties is not followed by four hex digits");
                        code = code * 16 + static_cast<std::uint32_t>(digit);
                    }
                    i += 4;
                    if (code < 0x80) {
                        *into += static_cast<char>(code);
                    } else if (code < 0x800) {
                        *into += static_cast<char>(0xc0 | (code >> 6));
                        *into += static_cast<char>(0x80 | (code & 0x3f));
                    } else {
                        *into += static_cast<char>(0xe0 | (code >> 12));
                        *into += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
                        *into += static_cast<char>(0x80 | (code & 0x3f));
                    }
                    continue;
                }
                *into += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'f' ? '\f' : c;
                continue;
            }
            if (!separated && (c == '=' || c == ':' || space(c))) {
                separated = true;
                std::size_t j = i;
                while (j < line.size() && space(line[j])) ++j;
                if (j < line.size() && (line[j] == '=' || line[j] == ':')) ++j;
                while (j < line.size() && space(line[j])) ++j;
                i = j - 1;
                into = &value;
                continue;
            }
            *into += c;
        }
        while (!value.empty() && space(value.back())) value.pop_back();
        entries.emplace_back(std::move(key), std::move(value));
    }
    return entries;
}

}  // namespace millrace::broker
