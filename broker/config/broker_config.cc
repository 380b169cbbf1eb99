#include "millrace/broker/config/broker_config.h"

#include <algorithm>
#include <array>
#include <functional>

#include "millrace/base/check.h"
#include "millrace/broker/config/broker_config_fields.h"

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

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> list;
        const BrokerConfig defaults;
        BrokerConfig::fields([&]<class T>(std::string_view name, T BrokerConfig::*member,
                                          FieldRule rule, std::string_view doc) {
            const T& value = defaults.*member;
            list.push_back(
                {.key = {name,
                         type_of(value),
                         text_of(value),
                         {rule.min, rule.max, std::move(rule.one_of), rule.may_be_empty},
                         doc},
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

// Kafka's keys that change nothing here: accepted with a warning, so that an existing file works.
constexpr std::array<std::string_view, 46> kWithoutEffect = {
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "socket.send.buffer.bytes",
    "socket.receive.buffer.bytes",
    "socket.listen.backlog.size",
    "log.cleaner.threads",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.io.buffer.load.factor",
    "offsets.load.buffer.size",
    "offsets.topic.compression.codec",
    "offsets.commit.timeout.ms",
    "transaction.state.log.load.buffer.size",
    "group.coordinator.threads",
    "group.coordinator.append.linger.ms",
    "group.coordinator.rebalance.protocols",
    "group.consumer.assignors",
    "group.consumer.migration.policy",
    "group.share.enable",
    "share.coordinator.state.topic.num.partitions",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.election.backoff.max.ms",
    "initial.broker.registration.timeout.ms",
    "metadata.log.segment.bytes",
    "metadata.log.segment.ms",
    "metadata.max.retention.bytes",
    "metadata.max.retention.ms",
    "metadata.log.max.snapshot.interval.ms",
    "auto.leader.rebalance.enable",
    "leader.imbalance.check.interval.seconds",
    "leader.imbalance.per.broker.percentage",
    "controlled.shutdown.enable",
    "controlled.shutdown.max.retries",
    "metrics.num.samples",
    "metrics.sample.window.ms",
    "metrics.recording.level",
    "metric.reporters",
    "auto.include.jmx.reporter",
    "replica.socket.timeout.ms",
    "replica.fetch.min.bytes",
    "replica.fetch.backoff.ms",
    "request.timeout.ms",
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

}  // namespace

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
    std::map<std::string, std::string, std::less<>> aliases;
    for (auto& [name, value] : given) {
        if (const Setting* setting = find_setting(name)) {
            MR_TRY_VOID(check_config_value(setting->key, value));
            parsed.config.given[name] = value;
            continue;
        }
        const auto is = [&](std::string_view other) { return name == other; };
        if (std::any_of(kAliases.begin(), kAliases.end(),
                        [&](const Alias& a) { return is(a.name); })) {
            aliases[name] = value;
        } else if (std::any_of(kWithoutEffect.begin(), kWithoutEffect.end(), is)) {
            parsed.warnings.push_back(name + " has no effect here");
        } else if (std::any_of(kRefusedPrefixes.begin(), kRefusedPrefixes.end(),
                               [&](std::string_view p) { return name.starts_with(p); })) {
            return invalid(
                name + " is not supported: this broker serves plaintext without access control");
        } else {
            const std::string_view near = nearest_name(broker_config_keys(), name);
            return invalid("Unknown configuration " + name +
                           (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
        }
    }
    for (const Alias& alias : kAliases) {
        const auto it = aliases.find(alias.name);
        if (it == aliases.end() || parsed.config.given.contains(alias.of)) continue;
        std::string value = it->second;
        if (alias.factor > 0) {
            std::int64_t number = 0;
            if (!parse_int64(value, number) || number > INT64_MAX / alias.factor || number < -1) {
                return invalid("Invalid value " + value + " for configuration " +
                               std::string(alias.name));
            }
            value = std::to_string(number < 0 ? number : number * alias.factor);
        }
        MR_TRY_VOID(check_config_value(find_setting(alias.of)->key, value));
        parsed.config.given[std::string(alias.of)] = value;
    }
    for (const auto& [name, value] : parsed.config.given) {
        const Setting* setting = find_setting(name);
        setting->assign(value, parsed.config);
    }
    MR_TRY_VOID(check_together(parsed.config));
    return parsed;
}

std::span<const ConfigKey> broker_config_keys() {
    static const std::vector<ConfigKey> keys = [] {
        std::vector<ConfigKey> list;
        for (const Setting& setting : settings()) list.push_back(setting.key);
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
