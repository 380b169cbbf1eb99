// DescribeConfigs, key 32, versions 1-4 (Java: ConfigHelper), and ListConfigResources, key 74,
// versions 0-1 (KIP-1142).
// - Topic 2, broker 4 (this node, or empty for what is set for all), broker logger 8, client
//   metrics 16, group 32. Another broker's id, another type, an empty name: 42. Unknown topic: 3,
//   bad name: 17. Groups and subscriptions need not exist.
// - Every key with value, source and, when asked, its synonyms in order of precedence (v1) and
//   documentation (v3), which says so when a config has no effect here; v3 types. No keys, or null:
//   all. Secrets are null. Internal keys show when they are set.
#include <algorithm>
#include <set>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/config/dynamic_config.h"
#include "millrace/broker/config/group_config.h"

namespace millrace::broker {
namespace {

using Request = wire::DescribeConfigsRequest;
using Resource = Request::DescribeConfigsResource;
using Result_ = wire::DescribeConfigsResponse::DescribeConfigsResult;
using Entry = wire::DescribeConfigsResponse::DescribeConfigsResourceResult;

bool wanted(const Resource& resource, std::string_view name) {
    if (!resource.configuration_keys || resource.configuration_keys->empty()) return true;
    const auto& keys = *resource.configuration_keys;
    return std::find(keys.begin(), keys.end(), name) != keys.end();
}

struct Describe {  // one resource
    const ClusterView& view;
    const Request& request;
    const Resource& resource;
    Result_& result;

    void add(const ConfigEntry& effective, const ConfigKey* key, bool read_only) const {
        if (key && key->internal && effective.source == ConfigSource::Default) return;
        if (!wanted(resource, effective.name)) return;
        const bool secret = !key || key->sensitive();
        const auto value = [&](const std::string& text) {
            return secret ? std::optional<std::string>() : std::optional(text);
        };
        Entry& entry = result.configs.emplace_back();
        entry.name = effective.name;
        const bool null = effective.synonyms.empty() && key && key->default_is_null;
        entry.value = null ? std::nullopt : value(effective.value);
        entry.is_sensitive = secret;
        entry.read_only = read_only;
        entry.config_source = static_cast<std::int8_t>(effective.source);
        entry.config_type = static_cast<std::int8_t>(key ? key->type : ConfigType::Unknown);
        entry.documentation.reset();
        if (request.include_documentation && key) entry.documentation = documentation(*key);
        if (!request.include_synonyms) return;
        for (const ConfigEntry& synonym : effective.synonyms)
            entry.synonyms.push_back(
                {synonym.name, value(synonym.value), static_cast<std::int8_t>(synonym.source)});
    }
    void refuse(ErrorCode code, std::string why) const {
        result.error_code = code;
        result.error_message = std::move(why);
    }
    BrokerOverrides overrides() const { return view.image.broker_overrides(view.self); }

    void topic() const {
        if (auto legal = check_topic_name(resource.resource_name); !legal)
            return refuse(legal.error().code, legal.error().detail);
        if (!view.image.topic(std::string_view(resource.resource_name)))
            return refuse(ErrorCode::UnknownTopicOrPartition, "");
        const ConfigMap& set =
            view.image.configs({ConfigResourceType::Topic, resource.resource_name});
        for (const ConfigKey& key : topic_config_keys())
            add(effective_topic_config(key, set, overrides(), view.config), &key, false);
    }

    void all_brokers() const {  // what is set for all
        for (const auto& [name, value] : view.image.configs({ConfigResourceType::Broker, ""})) {
            ConfigEntry entry{name, value, ConfigSource::DynamicDefaultBroker, {}};
            entry.synonyms = {entry};
            add(entry, find_broker_key(name), false);
        }
    }

    void broker() const {
        if (resource.resource_name.empty()) return all_brokers();
        std::int64_t id = 0;
        if (!parse_int64(resource.resource_name, id))
            return refuse(ErrorCode::InvalidRequest,
                          "Broker id must be an integer, but it is: " + resource.resource_name);
        if (id != view.self.value())
            return refuse(ErrorCode::InvalidRequest,
                          "Unexpected broker id, expected " + std::to_string(view.self.value()) +
                              " or empty string, but received " + resource.resource_name);
        const auto describe = [&](const std::string& name, const ConfigKey& key, bool read_only) {
            ConfigEntry entry;
            entry.name = name;
            entry.value = key.default_text;
            entry.synonyms = broker_config_entries(name, overrides(), view.config);
            if (!entry.synonyms.empty()) {
                entry.value = entry.synonyms.front().value;
                entry.source = entry.synonyms.front().source;
            }
            add(entry, &key, read_only);
        };
        for (const ConfigKey& key : broker_config_keys())
            describe(std::string(key.name), key, key.update == UpdateMode::ReadOnly);
        // "listener.name.NAME.KEY", in no list.
        for (const ConfigMap* set : {overrides().broker, overrides().cluster}) {
            if (!set) continue;
            for (const auto& [name, value] : *set) {
                const ConfigKey* key = find_broker_key(name);
                if (key && key->name != name) describe(name, *key, true);
            }
        }
    }

    void logger() const {
        if (resource.resource_name.empty())
            return refuse(ErrorCode::InvalidRequest, "Broker id must not be empty");
        std::int64_t id = 0;
        if (!parse_int64(resource.resource_name, id))
            return refuse(ErrorCode::InvalidRequest,
                          "Broker id must be an integer, but it is: " + resource.resource_name);
        if (id != view.self.value())
            return refuse(ErrorCode::InvalidRequest, "Unexpected broker id, expected " +
                                                         std::to_string(view.self.value()) +
                                                         " but received " + resource.resource_name);
        if (!wanted(resource, "root")) return;
        Entry& entry = result.configs.emplace_back();
        entry.name = "root";
        entry.value = std::string(view.root_log_level);
        entry.config_source = static_cast<std::int8_t>(ConfigSource::DynamicBrokerLogger);
        entry.documentation = "";
    }

    void client_metrics() const {
        if (resource.resource_name.empty())
            return refuse(ErrorCode::InvalidRequest,
                          "Client metrics subscription name must not be empty");
        const ConfigMap& set =
            view.image.configs({ConfigResourceType::ClientMetrics, resource.resource_name});
        for (const ConfigKey& key : client_metrics_config_keys()) {
            ConfigEntry entry{std::string(key.name), key.default_text, ConfigSource::Default, {}};
            if (const auto own = set.find(key.name); own != set.end()) {
                entry.value = own->second;
                entry.source = ConfigSource::ClientMetrics;
                entry.synonyms = {entry};
            }
            add(entry, &key, false);
        }
    }

    void group() const {
        if (resource.resource_name.empty())
            return refuse(ErrorCode::InvalidRequest, "Group name must not be empty");
        const ConfigMap& set =
            view.image.configs({ConfigResourceType::Group, resource.resource_name});
        for (const ConfigKey& key : group_config_keys())
            add(effective_group_config(key, set, overrides(), view.config), &key, false);
    }
};

}  // namespace

wire::DescribeConfigsResponse describe_configs(const ClusterView& view, const Request& request) {
    wire::DescribeConfigsResponse response;
    for (const auto& resource : request.resources) {
        Result_& result = response.results.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_message = "";
        const Describe describe{view, request, resource, result};
        switch (static_cast<ConfigResourceType>(resource.resource_type)) {
            case ConfigResourceType::Topic:
                describe.topic();
                break;
            case ConfigResourceType::Broker:
                describe.broker();
                break;
            case ConfigResourceType::BrokerLogger:
                describe.logger();
                break;
            case ConfigResourceType::ClientMetrics:
                describe.client_metrics();
                break;
            case ConfigResourceType::Group:
                describe.group();
                break;
            default:
                describe.refuse(ErrorCode::InvalidRequest,
                                "This most likely occurs because of a request being malformed by "
                                "the client library or the message was sent to an incompatible "
                                "broker. See the broker logs for more details.");
        }
    }
    return response;
}

wire::ListConfigResourcesResponse list_config_resources(
    const ClusterView& view, const wire::ListConfigResourcesRequest& request,
    std::int16_t version) {
    using enum ConfigResourceType;
    wire::ListConfigResourcesResponse response;
    std::set<ConfigResourceType> types;
    for (const std::int8_t type : request.resource_types)
        types.insert(static_cast<ConfigResourceType>(type));
    const std::set<ConfigResourceType> known = {Topic, Broker, BrokerLogger, ClientMetrics, Group};
    if (version == 0) {
        types = {ClientMetrics};
    } else if (types.empty()) {
        types = known;
    } else if (!std::includes(known.begin(), known.end(), types.begin(), types.end())) {
        response.error_code = ErrorCode::UnsupportedVersion;
        return response;
    }
    const auto add = [&](ConfigResourceType type, const std::string& name) {
        auto& resource = response.config_resources.emplace_back();
        resource.resource_name = name;
        resource.resource_type = static_cast<std::int8_t>(type);
    };
    for (const ConfigResourceType type : {Group, ClientMetrics}) {
        if (!types.contains(type)) continue;
        for (const std::string& name : view.image.config_names(type)) add(type, name);
    }
    for (const ConfigResourceType type : {BrokerLogger, Broker}) {
        if (!types.contains(type)) continue;
        for (const auto& [id, broker] : view.image.brokers()) add(type, std::to_string(id.value()));
    }
    if (types.contains(Topic))
        for (const auto& [name, topic] : view.image.topics()) add(Topic, name);
    return response;
}

}  // namespace millrace::broker
