#pragma once
// The server-side assignors of consumer groups, with Kafka 4.4's results
// (coordinator.group.assignor). Pure.
//
// "uniform": every member within one partition of every other as far as subscriptions allow, and as
// much as possible stays where it was. "range": per topic one contiguous range each, members
// ordered by instance id, then member id; so that equal partitions of co-partitioned topics meet in
// one member.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "millrace/broker/group/consumer_group.h"

namespace millrace::broker {

struct AssignedMember {
    std::optional<std::string> instance_id;
    std::set<Uuid> topics;   // subscribed to; those that exist
    PartitionSets previous;  // its target before
};
using AssignedMembers = std::map<std::string, AssignedMember>;
struct AssignedTopics {
    std::map<Uuid, std::int32_t> partitions;  // of every topic that somebody subscribes to
    bool same_subscriptions = true;           // of all members, by name
    std::vector<Uuid> order;  // as Kafka would put them into a HashSet: it breaks ties
};
using ConsumerTargets = std::map<std::string, PartitionSets>;  // of every member

inline constexpr std::string_view kUniformAssignor = "uniform", kRangeAssignor = "range";

ConsumerTargets assign_uniform(const AssignedMembers& members, const AssignedTopics& topics);
ConsumerTargets assign_range(const AssignedMembers& members, const AssignedTopics& topics);

}  // namespace millrace::broker
