#pragma once
// Brings a member of a consumer group from what it holds to its target (Kafka:
// CurrentAssignmentBuilder). It first gives up what is no longer its own; a partition is granted
// when nobody else holds it or must still give it up.
#include <functional>
#include <optional>

#include "millrace/broker/group/consumer_group.h"

namespace millrace::broker {

struct Reconciliation {
    std::int32_t target_epoch = 0;
    const PartitionSets& target;
    const std::set<Uuid>& subscribed;   // topics that the member subscribes to, and that exist
    bool subscription_changed = false;  // with this heartbeat
    const std::optional<PartitionSets>& owned;  // what the member reported, if it did
    std::function<bool(const Uuid& topic, std::int32_t partition)> held_by_others;
};
ConsumerMember reconcile(const ConsumerMember& member, const Reconciliation& how);

bool contains_all(const AssignedPartitions& held, const PartitionSets& some);

}  // namespace millrace::broker
