// DescribeClientQuotas, key 48, and AlterClientQuotas, key 49, versions 0-1 (KIP-546; Java:
// ClientQuotaImage, ClientQuotaControlManager).
// - Entities: user, client-id, both, or ip; a null name is the default of its kind. Keys of users
//   and clients: producer_byte_rate, consumer_byte_rate, request_percentage,
//   controller_mutation_rate; of addresses: connection_creation_rate. Anything else, a value that
//   is not above 0, or a fraction where whole numbers count: 42. The same entity twice: the rest is
//   carried out, it is not.
// - A filter's component matches a name (0), the default (1) or either (2); strict: entities that
//   have no other component. Unknown kind: 35.
// - Missing: the rates of requests, mutations and connections have no effect.
#include <algorithm>
#include <cmath>
#include <map>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Entity = std::map<std::string, std::optional<std::string>>;  // by kind; null: the default
enum MatchType : std::int8_t { Exact = 0, Default = 1, Any = 2 };

bool known_kind(std::string_view kind) {
    return kind == "user" || kind == "client-id" || kind == "ip";
}

Failure refused(std::string why) {
    return fail(ErrorCode::InvalidRequest, std::move(why));
}

bool numeric_address(std::string_view text) {  // or localhost; names are not looked up
    if (text == "localhost") return true;
    const bool v4 = std::count(text.begin(), text.end(), '.') == 3;
    const bool v6 = std::count(text.begin(), text.end(), ':') >= 2;
    return (v4 || v6) && std::all_of(text.begin(), text.end(), [&](char c) {
               return (c >= '0' && c <= '9') || c == '.' || (v6 && c == ':') ||
                      (v6 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
           });
}

Result<void> check_entity(const Entity& entity) {
    if (entity.empty()) return refused("Invalid empty client quota entity");
    for (const auto& [kind, name] : entity) {
        if (!known_kind(kind)) return refused("Unhandled client quota entity type: " + kind);
        if (name && name->empty()) return refused("Empty " + kind + " not supported");
    }
    const auto ip = entity.find("ip");
    if (ip == entity.end()) return {};
    if (entity.size() > 1)
        return refused(
            "Invalid quota entity combination, IP entity shouldnot be combined with User or "
            "ClientId");
    if (ip->second && !numeric_address(*ip->second))
        return refused(*ip->second + " is not a valid IP or resolvable host.");
    return {};
}

Result<void> check_quota(const Entity& entity, const std::string& key, double value) {
    const bool address = entity.contains("ip");
    const bool rate = key == "producer_byte_rate" || key == "consumer_byte_rate";
    const bool fraction = key == "request_percentage" || key == "controller_mutation_rate";
    if (address ? key != "connection_creation_rate" : !rate && !fraction)
        return refused("Invalid configuration key " + key);
    if (!(value > 0)) return refused("Quota " + key + " must be greater than 0");
    if (!fraction && std::fabs(value - std::floor(value)) > 1e-6)
        return refused(key + " cannot be a fractional value.");
    return {};
}

std::string shown(const Entity& entity) {  // as ClientQuotaEntity.toString
    std::string text = "ClientQuotaEntity(entries={";
    for (const auto& [kind, name] : entity)
        text += (text.back() == '{' ? "" : ", ") + kind + "=" + name.value_or("null");
    return text + "})";
}

wire::ClientQuotaRecord record_of(const Entity& entity, const std::string& key, double value,
                                  bool remove) {
    wire::ClientQuotaRecord record;
    for (const auto& [kind, name] : entity) record.entity.push_back({kind, name});
    record.key = key;
    record.value = remove ? 0 : value;
    record.remove = remove;
    return record;
}

Entity entity_of(const auto& parts) {
    Entity entity;
    for (const auto& part : parts) entity[part.entity_type] = part.entity_name;
    return entity;
}

}  // namespace

Decision alter_client_quotas(ControllerState& state, const wire::AlterClientQuotasRequest& request,
                             std::int16_t version) {
    Decision decision;
    wire::AlterClientQuotasResponse response;
    std::map<Entity, std::map<std::string, double>> present;
    for (const wire::ClientQuotaRecord* quota : state.image.client_quotas())
        present[entity_of(quota->entity)][quota->key] = quota->value;
    std::map<Entity, int> seen;
    for (const auto& entry : request.entries) {
        const Entity entity = entity_of(entry.entity);
        auto& result = response.entries.emplace_back();
        result.error_message.reset();
        for (const auto& [kind, name] : entity) result.entity.push_back({kind, name});
        std::vector<MetadataRecord> records;
        const auto plan = [&]() -> Result<void> {
            std::map<std::string, int> keys;
            for (const auto& op : entry.ops)
                if (++keys[op.key] > 1 || seen[entity] > 0)
                    return refused("Ignoring duplicate entity " + shown(entity));
            ++seen[entity];
            MR_TRY_VOID(check_entity(entity));
            const auto& quotas = present[entity];
            for (const auto& op : entry.ops) {
                const auto old = quotas.find(op.key);
                if (op.remove) {
                    if (old != quotas.end())
                        records.emplace_back(record_of(entity, op.key, 0, true));
                    continue;
                }
                MR_TRY_VOID(check_quota(entity, op.key, op.value));
                if (old == quotas.end() || old->second != op.value)
                    records.emplace_back(record_of(entity, op.key, op.value, false));
            }
            return {};
        };
        if (const auto planned = plan(); !planned) {
            result.error_code = planned.error().code;
            result.error_message = planned.error().detail;
        } else if (!request.validate_only) {
            for (MetadataRecord& record : records) decision.records.push_back(std::move(record));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::AlterClientQuotasResponse alter_client_quotas_error(
    const wire::AlterClientQuotasRequest& request, ErrorCode code) {
    wire::AlterClientQuotasResponse response;
    for (const auto& entry : request.entries) {
        auto& result = response.entries.emplace_back();
        result.error_code = code;
        result.error_message = std::string(name(code));
        for (const auto& part : entry.entity)
            result.entity.push_back({part.entity_type, part.entity_name});
    }
    return response;
}

wire::DescribeClientQuotasResponse describe_client_quotas(
    const ClusterView& view, const wire::DescribeClientQuotasRequest& request) {
    wire::DescribeClientQuotasResponse response;
    const auto refuse = [&](ErrorCode code, std::string why) {
        response.error_code = code;
        response.error_message = std::move(why);
        response.entries.reset();
        return response;
    };
    std::map<std::string, const wire::DescribeClientQuotasRequest::ComponentData*> wanted;
    for (const auto& component : request.components) {
        const std::string& kind = component.entity_type;
        if (kind.empty()) return refuse(ErrorCode::InvalidRequest, "Invalid empty entity type.");
        if (!wanted.emplace(kind, &component).second)
            return refuse(ErrorCode::InvalidRequest,
                          "Entity type " + kind + " cannot appear more than once in the filter.");
        if (!known_kind(kind))
            return refuse(ErrorCode::UnsupportedVersion, "Unsupported entity type " + kind);
        if (component.match_type == Exact && !component.match)
            return refuse(ErrorCode::InvalidRequest,
                          "Request specified MATCH_TYPE_EXACT, but set match string to null.");
        if (component.match_type == Default && component.match)
            return refuse(ErrorCode::InvalidRequest,
                          "Request specified MATCH_TYPE_DEFAULT, but also specified a match "
                          "string.");
        if (component.match_type == Any && component.match)
            return refuse(ErrorCode::InvalidRequest,
                          "Request specified MATCH_TYPE_SPECIFIED, but also specified a match "
                          "string.");
        if (component.match_type < Exact || component.match_type > Any)
            return refuse(ErrorCode::InvalidRequest,
                          "Unknown match type " + std::to_string(component.match_type));
    }
    if (wanted.contains("ip") && wanted.size() > 1)
        return refuse(ErrorCode::InvalidRequest,
                      "Invalid entity filter component combination. IP filter component should not "
                      "be used with user or clientId filter component.");
    response.error_message = "";
    std::map<Entity, std::map<std::string, double>> found;
    for (const wire::ClientQuotaRecord* quota : view.image.client_quotas()) {
        const Entity entity = entity_of(quota->entity);
        const auto matches = [&](const auto& one) {
            const auto part = entity.find(one.first);
            if (part == entity.end()) return false;
            const auto& [kind, component] = one;
            return component->match_type == Any ||
                   (component->match_type == Default ? !part->second
                                                     : part->second == component->match);
        };
        if (!std::all_of(wanted.begin(), wanted.end(), matches)) continue;
        if (request.strict && entity.size() != wanted.size()) continue;
        found[entity][quota->key] = quota->value;
    }
    for (const auto& [entity, quotas] : found) {
        auto& entry = response.entries->emplace_back();
        for (const auto& [kind, name] : entity) entry.entity.push_back({kind, name});
        for (const auto& [key, value] : quotas) entry.values.push_back({key, value});
    }
    return response;
}

}  // namespace millrace::broker
