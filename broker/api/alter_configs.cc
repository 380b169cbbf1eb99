// IncrementalAlterConfigs, key 44, versions 0-1 (KIP-339), and AlterConfigs, key 33, versions 0-2
// (Java: ConfigAdminManager, ConfigurationControlManager).
// - Topics 2, brokers 4 (empty name: all of them), client metrics 16, groups 32. Broker loggers 8:
//   broker_loggers.cc. Another type, a resource or a key twice, null for SET: 42. Unknown topic: 3.
// - SET 0, DELETE 1, APPEND 2, SUBTRACT 3 (lists only: 40). Deleting what is not set does nothing.
//   AlterConfigs sets what it names and deletes the rest.
// - Unknown name or bad value: 40. Brokers, as Kafka: 42 for what is not dynamic and for bad
// values;
//   a name that nobody knows is 40 here, where Kafka keeps it.
// - validate_only answers as if. A broker's record is written even when nothing changes.
#include <algorithm>
#include <map>
#include <set>

#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/config/dynamic_config.h"
#include "millrace/broker/config/group_config.h"

namespace millrace::broker {
namespace {

enum Operation : std::int8_t { Set = 0, Delete = 1, Append = 2, Subtract = 3 };

struct Change {
    std::string name;
    std::int8_t operation = Set;
    std::optional<std::string> value;
};
struct Wanted {
    ConfigResource resource;
    std::vector<Change> changes;
    bool whole = false;  // AlterConfigs: what is not named goes
};

Failure invalid(std::string why) {
    return fail(ErrorCode::InvalidConfig, std::move(why));
}
Failure refused(std::string why) {
    return fail(ErrorCode::InvalidRequest, std::move(why));
}

const ConfigKey* key_of(ConfigResourceType type, std::string_view name) {
    switch (type) {
        case ConfigResourceType::Topic:
            return find_config_key(topic_config_keys(), name);
        case ConfigResourceType::Broker:
            return find_broker_key(name);
        case ConfigResourceType::Group:
            return find_config_key(group_config_keys(), name);
        default:
            return nullptr;  // Kafka knows no types of client metrics' keys here, either
    }
}

Result<void> check_resource(const ControllerState& state, const ConfigResource& resource) {
    switch (resource.type) {
        case ConfigResourceType::Topic:
            if (resource.name.empty()) return refused("Default topic resources are not allowed.");
            return {};
        case ConfigResourceType::Broker: {
            if (resource.name.empty()) return {};
            std::int64_t id = 0;
            if (!parse_int64(resource.name, id))
                return refused("Node id must be an integer, but it is: " + resource.name);
            if (id < 0 || id > INT32_MAX ||
                !state.image.broker(NodeId{static_cast<std::int32_t>(id)}))
                return refused("Unexpected broker id, expected " +
                               std::to_string(state.self.value()) + ", but received " +
                               resource.name);
            return {};
        }
        case ConfigResourceType::ClientMetrics:
            if (resource.name.empty()) return refused("Subscription name can't be empty");
            return {};
        case ConfigResourceType::Group:
            if (resource.name.empty()) return refused("Default group resources are not allowed.");
            return {};
        default:
            return refused("Unknown resource type " +
                           std::to_string(static_cast<int>(resource.type)));
    }
}

Result<void> check_exists(const ControllerState& state, const ConfigResource& resource) {
    if (resource.type == ConfigResourceType::Topic && !state.image.topic(resource.name))
        return fail(ErrorCode::UnknownTopicOrPartition,
                    "The topic '" + resource.name + "' does not exist.");
    return {};
}

// The value after APPEND or SUBTRACT.
Result<std::string> edited_list(const ConfigKey* key, const Change& change,
                                const std::string* present) {
    if (!key || key->type != ConfigType::List)
        return invalid("Can't " + std::string(change.operation == Append ? "APPEND" : "SUBTRACT") +
                       " to key " + change.name + " because its type is not LIST.");
    std::vector<std::string> items = parse_list(present ? *present : key->default_text);
    for (const std::string& item : parse_list(*change.value)) {
        const auto at = std::find(items.begin(), items.end(), item);
        if (change.operation == Append && at == items.end()) items.push_back(item);
        if (change.operation == Subtract && at != items.end()) items.erase(at);
    }
    return list_text(items);
}

Result<void> check_after(const ControllerState& state, const ConfigResource& resource,
                         const ConfigMap& set, const ConfigMap& after) {
    switch (resource.type) {
        case ConfigResourceType::Topic:
            return check_topic_configs(after);
        case ConfigResourceType::Broker:
            return check_dynamic_configs(set, resource.name.empty(), *state.config);
        case ConfigResourceType::ClientMetrics:
            return check_client_metrics_configs(after);
        default:
            return check_group_configs(after, *state.config);
    }
}

Result<std::vector<MetadataRecord>> plan(const ControllerState& state, Wanted wanted) {
    const ConfigResource& resource = wanted.resource;
    std::set<std::string> seen;
    for (const Change& change : wanted.changes) {
        if (!seen.insert(change.name).second) return refused("Error due to duplicate config keys");
        if (change.operation != Delete && !change.value)
            return refused("Null value not supported for : " + change.name);
        if (change.operation < Set || change.operation > Subtract)
            return fail(ErrorCode::UnknownServerError,
                        "Unknown operation " + std::to_string(change.operation));
    }
    MR_TRY_VOID(check_resource(state, resource));
    if (!wanted.whole) MR_TRY_VOID(check_exists(state, resource));
    ConfigMap after = state.image.configs(resource);
    if (wanted.whole) {
        for (const auto& [name, value] : after)
            if (!seen.contains(name)) wanted.changes.push_back({name, Delete, std::nullopt});
    }
    ConfigMap set;  // what is new
    std::vector<MetadataRecord> records;
    for (Change& change : wanted.changes) {
        const auto present = after.find(change.name);
        const std::string* old = present == after.end() ? nullptr : &present->second;
        std::optional<std::string> value;
        if (change.operation == Set) value = change.value;
        if (change.operation == Append || change.operation == Subtract) {
            MR_TRY(value, edited_list(key_of(resource.type, change.name), change, old));
        }
        const bool same = value ? old && *old == *value : !old;
        const bool always = value && resource.type == ConfigResourceType::Broker;
        if (value) set[change.name] = *value;
        if (value)
            after[change.name] = *value;
        else
            after.erase(change.name);
        if (same && !always) continue;
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(resource.type);
        record.resource_name = resource.name;
        record.name = change.name;
        record.value = std::move(value);
        records.emplace_back(std::move(record));
    }
    MR_TRY_VOID(check_after(state, resource, set, after));
    if (wanted.whole) MR_TRY_VOID(check_exists(state, resource));
    return records;
}

// One answer a resource; the records of those that are good.
template <class Response>
Decision decide_all(ControllerState& state, std::vector<Wanted> all, bool validate_only,
                    std::int16_t version) {
    Decision decision;
    Response response;
    std::map<ConfigResource, int> times;
    for (const Wanted& wanted : all) ++times[wanted.resource];
    for (Wanted& wanted : all) {
        auto& result = response.responses.emplace_back();
        result.resource_type = static_cast<std::int8_t>(wanted.resource.type);
        result.resource_name = wanted.resource.name;
        result.error_message.reset();
        auto planned = times[wanted.resource] > 1 ? Result<std::vector<MetadataRecord>>(refused(
                                                        "Each resource must appear at most once."))
                                                  : plan(state, std::move(wanted));
        if (!planned) {
            result.error_code = planned.error().code;
            result.error_message = planned.error().detail;
        } else if (!validate_only) {
            for (MetadataRecord& record : *planned) decision.records.push_back(std::move(record));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

template <class Response, class Request>
Response all_failed(const Request& request, ErrorCode code) {
    Response response;
    for (const auto& resource : request.resources) {
        auto& result = response.responses.emplace_back();
        result.resource_type = resource.resource_type;
        result.resource_name = resource.resource_name;
        result.error_code = code;
        result.error_message = std::string(name(code));
    }
    return response;
}

ConfigResource resource_of(const auto& resource) {
    return {static_cast<ConfigResourceType>(resource.resource_type), resource.resource_name};
}

}  // namespace

Decision incremental_alter_configs(ControllerState& state,
                                   const wire::IncrementalAlterConfigsRequest& request,
                                   std::int16_t version) {
    std::vector<Wanted> all;
    for (const auto& resource : request.resources) {
        Wanted& wanted = all.emplace_back();
        wanted.resource = resource_of(resource);
        for (const auto& config : resource.configs)
            wanted.changes.push_back({config.name, config.config_operation, config.value});
    }
    return decide_all<wire::IncrementalAlterConfigsResponse>(state, std::move(all),
                                                             request.validate_only, version);
}

Decision alter_configs(ControllerState& state, const wire::AlterConfigsRequest& request,
                       std::int16_t version) {
    std::vector<Wanted> all;
    for (const auto& resource : request.resources) {
        Wanted& wanted = all.emplace_back();
        wanted.resource = resource_of(resource);
        wanted.whole = true;
        for (const auto& config : resource.configs)
            wanted.changes.push_back({config.name, Set, config.value});
    }
    return decide_all<wire::AlterConfigsResponse>(state, std::move(all), request.validate_only,
                                                  version);
}

wire::IncrementalAlterConfigsResponse incremental_alter_configs_error(
    const wire::IncrementalAlterConfigsRequest& request, ErrorCode code) {
    return all_failed<wire::IncrementalAlterConfigsResponse>(request, code);
}

wire::AlterConfigsResponse alter_configs_error(const wire::AlterConfigsRequest& request,
                                               ErrorCode code) {
    return all_failed<wire::AlterConfigsResponse>(request, code);
}

}  // namespace millrace::broker
