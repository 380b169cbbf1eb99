// IncrementalAlterConfigs, key 44, versions 0-1 (KIP-339; Java: ConfigurationControlManager).
// - Topics, brokers (empty name: all of them) and groups. SET 0, DELETE 1, APPEND 2, SUBTRACT 3
// (lists only).
// - A resource or a key twice, or null for SET: 42. Unknown topic: 3. Unknown name or bad
// value: 40.
// - Of a broker's keys those may change that are the defaults of topic configs; others need a
// restart: 40.
// - validate_only answers as if. Deleting what is not set does nothing.
#include <algorithm>
#include <map>
#include <set>

#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

enum Operation : std::int8_t { Set = 0, Delete = 1, Append = 2, Subtract = 3 };
using Resource = wire::IncrementalAlterConfigsRequest::AlterConfigsResource;

const ConfigKey* key_of(ConfigResourceType type, const std::string& name) {
    return find_config_key(
        type == ConfigResourceType::Topic ? topic_config_keys() : broker_config_keys(), name);
}

bool is_dynamic(const std::string& broker_key) {
    const auto keys = topic_config_keys();
    return std::any_of(keys.begin(), keys.end(), [&](const ConfigKey& key) {
        return broker_synonym(key.name) == broker_key;
    });
}

Result<std::vector<MetadataRecord>> plan(const ControllerState& state, const Resource& wanted) {
    const auto type = static_cast<ConfigResourceType>(wanted.resource_type);
    const auto invalid = [](std::string why) {
        return fail(ErrorCode::InvalidConfig, std::move(why));
    };
    const bool known_type = type == ConfigResourceType::Topic ||
                            type == ConfigResourceType::Broker || type == ConfigResourceType::Group;
    if (!known_type)
        return fail(ErrorCode::InvalidRequest,
                    "Unsupported resource type " + std::to_string(wanted.resource_type));
    if (type == ConfigResourceType::Topic && !state.image.topic(wanted.resource_name)) {
        return fail(ErrorCode::UnknownTopicOrPartition,
                    "The topic '" + wanted.resource_name + "' does not exist.");
    }
    std::int64_t node = 0;
    if (type == ConfigResourceType::Broker && !wanted.resource_name.empty() &&
        (!parse_int64(wanted.resource_name, node) ||
         !state.image.broker(NodeId{static_cast<std::int32_t>(node)}))) {
        return fail(ErrorCode::InvalidRequest,
                    "No broker " + wanted.resource_name + " is registered.");
    }
    const ConfigResource resource{type, wanted.resource_name};
    ConfigMap after = state.image.configs(resource);
    std::set<std::string> seen;
    std::vector<MetadataRecord> records;
    for (const auto& config : wanted.configs) {
        if (!seen.insert(config.name).second)
            return fail(ErrorCode::InvalidRequest, "Error due to duplicate config keys");
        if (config.config_operation != Delete && !config.value) {
            return fail(ErrorCode::InvalidRequest, "Null value not supported for : " + config.name);
        }
        const ConfigKey* key =
            type == ConfigResourceType::Group ? nullptr : key_of(type, config.name);
        if (type == ConfigResourceType::Broker && key && !is_dynamic(config.name)) {
            return invalid("Cannot update these configs dynamically: " + config.name);
        }
        const auto present = after.find(config.name);
        std::optional<std::string> value;
        switch (config.config_operation) {
            case Set:
                value = *config.value;
                break;
            case Delete:
                break;
            case Append:
            case Subtract: {
                if (!key || key->type != ConfigType::List) {
                    return invalid(
                        "Can't " +
                        std::string(config.config_operation == Append ? "APPEND" : "SUBTRACT") +
                        " to key " + config.name + " because its type is not LIST.");
                }
                std::vector<std::string> items =
                    parse_list(present == after.end() ? key->default_text : present->second);
                for (const std::string& item : parse_list(*config.value)) {
                    const auto at = std::find(items.begin(), items.end(), item);
                    if (config.config_operation == Append && at == items.end())
                        items.push_back(item);
                    if (config.config_operation == Subtract && at != items.end()) items.erase(at);
                }
                value = list_text(items);
                break;
            }
            default:
                return fail(ErrorCode::InvalidRequest,
                            "Unknown operation " + std::to_string(config.config_operation));
        }
        if (value && value->size() > 32'767)
            return invalid("The configuration value of " + config.name +
                           " is longer than 32767 bytes");
        if (!value && present == after.end()) continue;
        if (value) {
            after[config.name] = *value;
        } else {
            after.erase(config.name);
        }
        wire::ConfigRecord record;
        record.resource_type = wanted.resource_type;
        record.resource_name = wanted.resource_name;
        record.name = config.name;
        record.value = std::move(value);
        records.emplace_back(std::move(record));
    }
    if (type == ConfigResourceType::Topic) MR_TRY_VOID(check_topic_configs(after));
    if (type == ConfigResourceType::Broker) {
        for (const auto& [name, value] : after) {
            const ConfigKey* key = key_of(type, name);
            if (!key) return invalid("Unknown configuration " + name);
            MR_TRY_VOID(check_config_value(*key, value));
        }
    }
    return records;
}

}  // namespace

Decision incremental_alter_configs(ControllerState& state,
                                   const wire::IncrementalAlterConfigsRequest& request,
                                   std::int16_t version) {
    Decision decision;
    wire::IncrementalAlterConfigsResponse response;
    std::map<std::pair<std::int8_t, std::string>, int> times;
    for (const Resource& resource : request.resources)
        ++times[{resource.resource_type, resource.resource_name}];
    for (const Resource& resource : request.resources) {
        auto& result = response.responses.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_message.reset();
        auto planned =
            times[{resource.resource_type, resource.resource_name}] > 1
                ? Result<std::vector<MetadataRecord>>(
                      fail(ErrorCode::InvalidRequest, "Each resource must appear at most once."))
                : plan(state, resource);
        if (!planned) {
            result.error_code = planned.error().code;
            result.error_message = planned.error().detail;
        } else if (!request.validate_only) {
            for (MetadataRecord& record : *planned) decision.records.push_back(std::move(record));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::IncrementalAlterConfigsResponse incremental_alter_configs_error(
    const wire::IncrementalAlterConfigsRequest& request, ErrorCode code) {
    wire::IncrementalAlterConfigsResponse response;
    for (const Resource& resource : request.resources) {
        auto& result = response.responses.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_code = code;
        result.error_message = std::string(name(code));
    }
    return response;
}

}  // namespace millrace::broker
