// DescribeConfigs, key 32, versions 1-4 (Java: ConfigHelper).
// - Topic 2, broker 4 (this node, or empty for what is set for all), group 32. Another broker's id,
// another type: 42.
//   Unknown topic: 3, bad name: 17.
// - Every key with value, source and, when asked, its synonyms in order of precedence (v1) and
// documentation (v3); v3 types.
//   No keys, or null: all.
// Missing: broker loggers (8), client metrics (16).
#include <algorithm>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Request = wire::DescribeConfigsRequest;
using Result_ = wire::DescribeConfigsResponse::DescribeConfigsResult;
using Entry = wire::DescribeConfigsResponse::DescribeConfigsResourceResult;

bool is_dynamic_key(std::string_view broker_key) {
    const auto keys = topic_config_keys();
    return std::any_of(keys.begin(), keys.end(), [&](const ConfigKey& key) {
        return broker_synonym(key.name) == broker_key;
    });
}

bool wanted(const Request::DescribeConfigsResource& resource, std::string_view name) {
    if (!resource.configuration_keys || resource.configuration_keys->empty()) return true;
    const auto& keys = *resource.configuration_keys;
    return std::find(keys.begin(), keys.end(), name) != keys.end();
}

Entry entry_of(const ConfigEntry& effective, const ConfigKey* key, bool read_only,
               const Request& request) {
    Entry entry;
    entry.name = effective.name;
    entry.value = effective.value;
    entry.read_only = read_only;
    entry.config_source = static_cast<std::int8_t>(effective.source);
    entry.config_type = static_cast<std::int8_t>(key ? key->type : ConfigType::String);
    entry.documentation.reset();
    if (request.include_documentation && key) entry.documentation = std::string(key->doc);
    if (request.include_synonyms) {
        for (const ConfigEntry& synonym : effective.synonyms) {
            entry.synonyms.push_back(
                {synonym.name, synonym.value, static_cast<std::int8_t>(synonym.source)});
        }
    }
    return entry;
}

ConfigEntry effective_broker_config(const ClusterView& view, const ConfigKey& key) {
    const std::string name(key.name);
    std::vector<ConfigEntry> all;
    const auto add = [&](const ConfigMap& from, ConfigSource source) {
        if (const auto it = from.find(name); it != from.end())
            all.push_back({name, it->second, source, {}});
    };
    const BrokerOverrides overrides = view.image.broker_overrides(view.self);
    add(*overrides.broker, ConfigSource::DynamicBroker);
    add(*overrides.cluster, ConfigSource::DynamicDefaultBroker);
    add(view.config.given, ConfigSource::StaticBroker);
    all.push_back({name, key.default_text, ConfigSource::Default, {}});
    ConfigEntry entry = all.front();
    entry.synonyms = std::move(all);
    return entry;
}

void refuse(Result_& result, ErrorCode code, std::string why) {
    result.error_code = code;
    result.error_message = std::move(why);
}

void describe_one(const ClusterView& view, const Request& request,
                  const Request::DescribeConfigsResource& resource, Result_& result) {
    switch (static_cast<ConfigResourceType>(resource.resource_type)) {
        case ConfigResourceType::Topic: {
            if (auto legal = check_topic_name(resource.resource_name); !legal)
                return refuse(result, legal.error().code, legal.error().detail);
            if (!view.image.topic(std::string_view(resource.resource_name))) {
                return refuse(result, ErrorCode::UnknownTopicOrPartition,
                              "This server does not host this topic-partition.");
            }
            const ConfigMap& set =
                view.image.configs({ConfigResourceType::Topic, resource.resource_name});
            for (const ConfigKey& key : topic_config_keys()) {
                if (!wanted(resource, key.name)) continue;
                result.configs.push_back(
                    entry_of(effective_topic_config(
                                 key, set, view.image.broker_overrides(view.self), view.config),
                             &key, false, request));
            }
            return;
        }
        case ConfigResourceType::Broker: {
            if (resource.resource_name.empty()) {  // what is set for all
                for (const auto& [name, value] :
                     view.image.configs({ConfigResourceType::Broker, ""})) {
                    if (!wanted(resource, name)) continue;
                    ConfigEntry entry{name, value, ConfigSource::DynamicDefaultBroker, {}};
                    entry.synonyms = {entry};
                    result.configs.push_back(entry_of(
                        entry, find_config_key(broker_config_keys(), name), false, request));
                }
                return;
            }
            if (resource.resource_name != std::to_string(view.self.value())) {
                return refuse(result, ErrorCode::InvalidRequest,
                              "Unexpected broker id, expected " +
                                  std::to_string(view.self.value()) +
                                  " or empty string, but received " + resource.resource_name);
            }
            for (const ConfigKey& key : broker_config_keys()) {
                if (!wanted(resource, key.name)) continue;
                result.configs.push_back(entry_of(effective_broker_config(view, key), &key,
                                                  !is_dynamic_key(key.name), request));
            }
            return;
        }
        case ConfigResourceType::Group:
            for (const auto& [name, value] :
                 view.image.configs({ConfigResourceType::Group, resource.resource_name})) {
                if (!wanted(resource, name)) continue;
                ConfigEntry entry{name, value, ConfigSource::Group, {}};
                entry.synonyms = {entry};
                result.configs.push_back(entry_of(entry, nullptr, false, request));
            }
            return;
        default:
            return refuse(result, ErrorCode::InvalidRequest,
                          "Unsupported resource type: " + std::to_string(resource.resource_type));
    }
}

}  // namespace

wire::DescribeConfigsResponse describe_configs(const ClusterView& view, const Request& request) {
    wire::DescribeConfigsResponse response;
    for (const auto& resource : request.resources) {
        Result_& result = response.results.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_message.reset();
        describe_one(view, request, resource, result);
    }
    return response;
}

}  // namespace millrace::broker
