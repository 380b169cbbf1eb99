// CreatePartitions, key 37, versions 0-3 (Java: ReplicationControlManager.createPartitions).
// - The count is the new total; at or below the present one: 37. Unknown topic: 3. Twice in a
// request: 42.
// - A manual assignment has one list per new partition, else 39; its length is the topic's
// replication factor.
// - validate_only answers as if, and writes nothing.
// Missing: the controller mutation quota.
#include <algorithm>
#include <map>
#include <set>

#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/controller/partition_leaders.h"

namespace millrace::broker {
namespace {

constexpr std::int32_t kPartitionsPerRequestMax = 10'000;

using Wanted = wire::CreatePartitionsRequest::CreatePartitionsTopic;

Result<std::vector<wire::PartitionRecord>> plan(ControllerState& state, const Wanted& wanted) {
    const TopicImage* topic = state.image.topic(wanted.name);
    if (!topic) return fail(ErrorCode::UnknownTopicOrPartition, "");
    const auto present = static_cast<std::int32_t>(topic->partitions.size());
    if (wanted.count == present) {
        return fail(ErrorCode::InvalidPartitions,
                    "Topic already has " + std::to_string(present) + " partition(s).");
    }
    if (wanted.count < present) {
        return fail(ErrorCode::InvalidPartitions, "The topic " + wanted.name + " currently has " +
                                                      std::to_string(present) + " partition(s); " +
                                                      std::to_string(wanted.count) +
                                                      " would not be an increase.");
    }
    const std::int32_t more = wanted.count - present;
    if (more > kPartitionsPerRequestMax ||
        state.image.partition_count() + more > state.config->partitions_max) {
        return fail(ErrorCode::PolicyViolation,
                    "Excessively large number of additional partitions per request.");
    }
    const std::size_t factor =
        topic->partitions.empty() ? 1 : topic->partitions.front().replicas.size();
    std::vector<std::vector<NodeId>> replicas;
    if (wanted.assignments) {
        if (static_cast<std::int32_t>(wanted.assignments->size()) != more) {
            return fail(
                ErrorCode::InvalidReplicaAssignment,
                "Attempted to add " + std::to_string(more) + " additional partition(s), but only " +
                    std::to_string(wanted.assignments->size()) + " assignment(s) were specified.");
        }
        for (const auto& assignment : *wanted.assignments) {
            std::vector<NodeId> list;
            std::set<std::int32_t> seen;
            if (assignment.broker_ids.empty())
                return fail(ErrorCode::InvalidReplicaAssignment,
                            "The manual partition assignment includes an empty replica list.");
            for (const std::int32_t id : assignment.broker_ids) {
                if (!state.image.broker(NodeId{id})) {
                    return fail(ErrorCode::InvalidReplicaAssignment,
                                "The manual partition assignment includes broker " +
                                    std::to_string(id) + ", but no such broker is registered.");
                }
                if (!seen.insert(id).second) {
                    return fail(ErrorCode::InvalidReplicaAssignment,
                                "The manual partition assignment includes the broker " +
                                    std::to_string(id) + " more than once.");
                }
                list.push_back(NodeId{id});
            }
            if (list.size() != factor) {
                return fail(ErrorCode::InvalidReplicaAssignment,
                            "The manual partition assignment includes a partition with " +
                                std::to_string(list.size()) +
                                " replica(s), but this is not consistent with previous partitions, "
                                "which have " +
                                std::to_string(factor) + " replica(s).");
            }
            replicas.push_back(std::move(list));
        }
    } else {
        MR_TRY(replicas, place_replicas(state, more, static_cast<std::int32_t>(factor)));
    }
    std::vector<wire::PartitionRecord> records;
    for (std::size_t i = 0; i < replicas.size(); ++i) {
        auto record =
            new_partition(state, topic->id, present + static_cast<std::int32_t>(i), replicas[i]);
        if (!record)
            return fail(ErrorCode::InvalidReplicaAssignment,
                        "All brokers of a new partition are fenced or in controlled shutdown.");
        records.push_back(*std::move(record));
    }
    return records;
}

}  // namespace

Decision create_partitions(ControllerState& state, const wire::CreatePartitionsRequest& request,
                           std::int16_t version) {
    Decision decision;
    wire::CreatePartitionsResponse response;
    std::map<std::string, int> times;
    for (const Wanted& topic : request.topics) ++times[topic.name];
    std::set<std::string> twice;  // answered once
    for (const Wanted& topic : request.topics) {
        if (times[topic.name] > 1 && !twice.insert(topic.name).second) continue;
        auto& result = response.results.emplace_back();
        result.name = topic.name;
        auto planned = times[topic.name] > 1
                           ? Result<std::vector<wire::PartitionRecord>>(
                                 fail(ErrorCode::InvalidRequest, "Duplicate topic name."))
                           : plan(state, topic);
        if (!planned) {
            result.error_code = planned.error().code;
            if (!planned.error().detail.empty()) result.error_message = planned.error().detail;
        } else if (!request.validate_only) {
            for (wire::PartitionRecord& record : *planned)
                decision.records.emplace_back(std::move(record));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::CreatePartitionsResponse create_partitions_error(const wire::CreatePartitionsRequest& request,
                                                       ErrorCode code) {
    wire::CreatePartitionsResponse response;
    for (const Wanted& topic : request.topics) {
        auto& result = response.results.emplace_back();
        result.name = topic.name;
        result.error_code = code;
        result.error_message = std::string(name(code));
    }
    return response;
}

}  // namespace millrace::broker
