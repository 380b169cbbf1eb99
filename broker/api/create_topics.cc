// CreateTopics, key 19, versions 2-7 (Java: ReplicationControlManager.createTopics).
// - One request, one batch of records: all its good topics come into being together; errors are per
// topic.
// - -1 partitions or replicas (KIP-464) mean the node's defaults; a manual assignment wants both at
// -1.
// - validate_only answers as if, and writes nothing.
// - v5 returns counts and effective configs (KIP-525), v7 topic ids.
// - A name that collides with one of the same request is accepted, as Kafka does.
// - Records: Topic, its Configs, its Partitions.
// Missing: policies (CreateTopicPolicy), the controller mutation quota, placement by rack.
#include <algorithm>
#include <map>
#include <set>

#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/controller/partition_leaders.h"

namespace millrace::broker {
namespace {

constexpr std::size_t kTopicNameBytesMax = 249;
constexpr std::int32_t kPartitionsPerRequestMax = 10'000;  // Kafka's MAX_PARTITIONS_PER_BATCH

using Creatable = wire::CreateTopicsRequest::CreatableTopic;
using Created = wire::CreateTopicsResponse::CreatableTopicResult;

struct Plan {
    std::vector<std::vector<NodeId>> replicas;  // by partition
    std::vector<wire::PartitionRecord> partitions;
    ConfigMap configs;
};

Result<std::vector<std::vector<NodeId>>> manual_assignment(const ControllerState& state,
                                                           const Creatable& topic) {
    std::map<std::int32_t, std::vector<NodeId>> by_index;
    std::size_t factor = 0;
    const auto bad = [](std::string why) {
        return fail(ErrorCode::InvalidReplicaAssignment, std::move(why));
    };
    for (const auto& assignment : topic.assignments) {
        const std::string index = std::to_string(assignment.partition_index);
        if (by_index.contains(assignment.partition_index)) {
            return bad("Found multiple manual partition assignments for partition " + index);
        }
        if (assignment.broker_ids.empty())
            return bad("The manual partition assignment includes an empty replica list.");
        std::set<std::int32_t> seen;
        std::vector<NodeId> replicas;
        for (const std::int32_t id : assignment.broker_ids) {
            if (!state.image.broker(NodeId{id})) {
                return bad("The manual partition assignment includes broker " + std::to_string(id) +
                           ", but no such broker is registered.");
            }
            if (!seen.insert(id).second) {
                return bad("The manual partition assignment includes the broker " +
                           std::to_string(id) + " more than once.");
            }
            replicas.push_back(NodeId{id});
        }
        if (factor != 0 && replicas.size() != factor) {
            return bad(
                "The manual partition assignment includes a partition with " +
                std::to_string(replicas.size()) +
                " replica(s), but this is not consistent with previous partitions, which have " +
                std::to_string(factor) + " replica(s).");
        }
        factor = replicas.size();
        by_index[assignment.partition_index] = std::move(replicas);
    }
    std::vector<std::vector<NodeId>> replicas;
    for (auto& [index, list] : by_index) {
        if (index != static_cast<std::int32_t>(replicas.size()))
            return bad("partitions should be a consecutive 0-based integer sequence");
        replicas.push_back(std::move(list));
    }
    return replicas;
}

Result<Plan> plan(ControllerState& state, const Creatable& topic, const Uuid& id) {
    Plan made;
    for (const auto& config : topic.configs) {
        if (!config.value)
            return fail(ErrorCode::InvalidConfig,
                        "Null value not supported for topic configs: " + config.name);
        made.configs[config.name] = *config.value;
    }
    if (topic.assignments.empty()) {
        if (topic.num_partitions == 0 || topic.num_partitions < -1) {
            return fail(ErrorCode::InvalidPartitions,
                        "Number of partitions was set to an invalid non-positive value.");
        }
        if (topic.replication_factor == 0 || topic.replication_factor < -1) {
            return fail(
                ErrorCode::InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.");
        }
        const std::int32_t count =
            topic.num_partitions == -1 ? state.config->num_partitions : topic.num_partitions;
        const std::int32_t factor = topic.replication_factor == -1
                                        ? state.config->default_replication_factor
                                        : topic.replication_factor;
        if (count > kPartitionsPerRequestMax) {
            return fail(ErrorCode::PolicyViolation,
                        "Excessively large number of partitions per request.");
        }
        MR_TRY(made.replicas, place_replicas(state, count, factor));
    } else {
        if (topic.replication_factor != -1) {
            return fail(ErrorCode::InvalidRequest,
                        "A manual partition assignment was specified, but replication factor was "
                        "not set to -1.");
        }
        if (topic.num_partitions != -1) {
            return fail(ErrorCode::InvalidRequest,
                        "A manual partition assignment was specified, but numPartitions was not "
                        "set to -1.");
        }
        MR_TRY(made.replicas, manual_assignment(state, topic));
    }
    MR_TRY_VOID(check_topic_configs(made.configs));
    for (std::size_t i = 0; i < made.replicas.size(); ++i) {
        auto record = new_partition(state, id, static_cast<std::int32_t>(i), made.replicas[i]);
        if (!record) {
            return fail(ErrorCode::InvalidReplicaAssignment,
                        "All brokers specified in the manual partition assignment for partition " +
                            std::to_string(i) + " are fenced or in controlled shutdown.");
        }
        made.partitions.push_back(*std::move(record));
    }
    return made;
}

void describe(const ControllerState& state, const Plan& plan, Created& result) {
    result.num_partitions = static_cast<std::int32_t>(plan.replicas.size());
    result.replication_factor = static_cast<std::int16_t>(plan.replicas.front().size());
    auto& configs = result.configs.emplace();
    for (const ConfigKey& key : topic_config_keys()) {
        if (key.internal && !plan.configs.contains(key.name)) continue;
        ConfigEntry entry = effective_topic_config(
            key, plan.configs, state.image.broker_overrides(state.self), *state.config);
        for (const std::string& one : broker_config_synonyms(broker_synonym(key.name)))
            if (entry.source == ConfigSource::Default && state.config->given.contains(one))
                entry.source = ConfigSource::StaticBroker;  // under another of its names
        wire::CreateTopicsResponse::CreatableTopicConfigs config;
        config.name = entry.name;
        config.value = entry.value;
        config.config_source = static_cast<std::int8_t>(entry.source);
        configs.push_back(std::move(config));
    }
}

Created refused(const std::string& name, ErrorCode code, std::string why) {
    Created result;
    result.name = name;
    result.error_code = code;
    result.error_message = std::move(why);
    return result;
}

}  // namespace

Result<void> check_topic_name(std::string_view name) {
    const auto bad = [](std::string why) {
        return fail(ErrorCode::InvalidTopicException, std::move(why));
    };
    if (name.empty()) return bad("Topic name is invalid: the empty string is not allowed");
    if (name == "." || name == "..")
        return bad("Topic name is invalid: '" + std::string(name) + "' is not allowed");
    if (name.size() > kTopicNameBytesMax) {
        return bad("Topic name is invalid: the length of '" + std::string(name) +
                   "' is longer than the max allowed length " + std::to_string(kTopicNameBytesMax));
    }
    for (const char c : name) {
        const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!legal) {
            return bad("Topic name is invalid: '" + std::string(name) +
                       "' contains one or more characters other than ASCII alphanumerics, '.', '_' "
                       "and '-'");
        }
    }
    return {};
}

bool topic_names_collide(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return (x == '.' ? '_' : x) == (y == '.' ? '_' : y);
           });
}

Decision create_topics(ControllerState& state, const wire::CreateTopicsRequest& request,
                       std::int16_t version) {
    Decision decision;
    wire::CreateTopicsResponse response;
    std::map<std::string, int> times;
    for (const Creatable& topic : request.topics) ++times[topic.name];
    std::set<Uuid> new_ids;
    std::int64_t partitions = state.image.partition_count();

    const auto create = [&](const Creatable& topic) -> Result<Created> {
        if (times[topic.name] > 1) return fail(ErrorCode::InvalidRequest, "Duplicate topic name.");
        if (topic.name == "__cluster_metadata")
            return fail(ErrorCode::InvalidRequest,
                        "Creation of internal topic __cluster_metadata is prohibited.");
        MR_TRY_VOID(check_topic_name(topic.name));
        if (state.image.topic(topic.name))
            return fail(ErrorCode::TopicAlreadyExists,
                        "Topic '" + topic.name + "' already exists.");
        if (topic.name.find_first_of("._") != std::string::npos) {
            const auto collides = [&](const std::string& other) -> Result<void> {
                if (other == topic.name || !topic_names_collide(other, topic.name)) return {};
                return fail(ErrorCode::InvalidTopicException,
                            "Topic '" + topic.name + "' collides with existing topic: " + other);
            };
            for (const auto& [other, image] : state.image.topics()) MR_TRY_VOID(collides(other));
        }
        Uuid id;
        do {
            id = Uuid::from_random(state.random.next(), state.random.next());
        } while (state.image.topic(id) ||
                 !new_ids.insert(id).second);  // a seed may come again in another life
        MR_TRY(Plan made, plan(state, topic, id));
        const auto count = static_cast<std::int64_t>(made.replicas.size());
        if (partitions + count > state.config->partitions_max) {
            return fail(ErrorCode::PolicyViolation,
                        "The cluster would have more than " +
                            std::to_string(state.config->partitions_max) +
                            " partitions (millrace.partitions.max).");
        }
        Created result;
        result.name = topic.name;
        result.topic_id = id;
        result.error_message.reset();
        if (version >= 5) describe(state, made, result);
        if (request.validate_only) {
            return result;
        }
        partitions += count;
        wire::TopicRecord record;
        record.name = topic.name;
        record.topic_id = id;
        decision.records.emplace_back(std::move(record));
        for (const auto& [name, value] : made.configs) {
            wire::ConfigRecord config;
            config.resource_type = static_cast<std::int8_t>(ConfigResourceType::Topic);
            config.resource_name = topic.name;
            config.name = name;
            config.value = value;
            decision.records.emplace_back(std::move(config));
        }
        for (wire::PartitionRecord& partition : made.partitions)
            decision.records.emplace_back(std::move(partition));
        return result;
    };
    std::set<std::string> twice;  // answered once
    for (const Creatable& topic : request.topics) {
        if (times[topic.name] > 1 && !twice.insert(topic.name).second) continue;
        auto result = create(topic);
        if (result) {
            response.topics.push_back(*std::move(result));
        } else {
            response.topics.push_back(
                refused(topic.name, result.error().code, result.error().detail));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::CreateTopicsResponse create_topics_error(const wire::CreateTopicsRequest& request,
                                               ErrorCode code) {
    wire::CreateTopicsResponse response;
    for (const Creatable& topic : request.topics)
        response.topics.push_back(refused(topic.name, code, std::string(name(code))));
    return response;
}

}  // namespace millrace::broker
