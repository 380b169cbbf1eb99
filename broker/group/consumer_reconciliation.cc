#include "millrace/broker/group/consumer_reconciliation.h"

#include "millrace/base/mutant.h"

namespace millrace::broker {

namespace {

bool contains(const AssignedPartitions& held, const Uuid& topic, std::int32_t partition) {
    const auto it = held.find(topic);
    return it != held.end() && it->second.contains(partition);
}

// A member that does not say what it owns may own all of it.
bool owns_any(const std::optional<PartitionSets>& owned, const AssignedPartitions& some) {
    if (!owned) return true;
    for (const auto& [topic, partitions] : *owned)
        for (const std::int32_t partition : partitions)
            if (contains(some, topic, partition)) return true;
    return false;
}

// The epoch before stays known, also when it is the same: a member whose reply was lost comes with
// it.
void set_epoch(ConsumerMember& member, std::int32_t epoch) {
    member.previous_epoch = member.epoch;
    member.epoch = epoch;
}

ConsumerMember next_assignment(const ConsumerMember& member, const Reconciliation& how) {
    AssignedPartitions kept, revoked, granted;
    bool unreleased = false;
    const auto in_target = [&](const Uuid& topic, std::int32_t partition) {
        const auto it = how.target.find(topic);
        return it != how.target.end() && it->second.contains(partition) &&
               how.subscribed.contains(topic);
    };
    for (const auto& [topic, held] : member.assigned)
        for (const auto& [partition, epoch] : held)
            (in_target(topic, partition) ? kept : revoked)[topic][partition] = epoch;
    for (const auto& [topic, partitions] : how.target) {
        if (!how.subscribed.contains(topic)) continue;
        for (const std::int32_t partition : partitions) {
            if (contains(kept, topic, partition)) continue;
            // Mutant: granted before its owner gave it up.
            if (how.held_by_others(topic, partition) && !mutant::on(Mutant::FenceOffByOneOnAssign))
                unreleased = true;
            else
                granted[topic][partition] = how.target_epoch;
        }
    }
    ConsumerMember next = member;
    next.assigned = std::move(kept);
    if (!revoked.empty() && owns_any(how.owned, revoked)) {
        next.state = ConsumerMemberState::UnrevokedPartitions;
        next.revoking = std::move(revoked);
        set_epoch(next, member.epoch);
        return next;
    }
    for (const auto& [topic, partitions] : granted)
        next.assigned[topic].insert(partitions.begin(), partitions.end());
    next.revoking.clear();
    next.state =
        unreleased ? ConsumerMemberState::UnreleasedPartitions : ConsumerMemberState::Stable;
    set_epoch(next, how.target_epoch);
    return next;
}

// The member's epoch stays, but what it no longer subscribes to is taken from it at once.
ConsumerMember without_unsubscribed(const ConsumerMember& member, const Reconciliation& how) {
    ConsumerMember next = member;
    for (const auto& [topic, held] : member.assigned) {
        if (how.subscribed.contains(topic)) continue;
        next.revoking[topic].insert(held.begin(), held.end());
        next.assigned.erase(topic);
    }
    set_epoch(next, member.epoch);
    if (!next.revoking.empty() && owns_any(how.owned, next.revoking)) {
        next.state = ConsumerMemberState::UnrevokedPartitions;
        return next;
    }
    next.revoking = member.revoking;
    return next;
}

}  // namespace

ConsumerMember reconcile(const ConsumerMember& member, const Reconciliation& how) {
    switch (member.state) {
        case ConsumerMemberState::Stable:
            if (member.epoch != how.target_epoch) return next_assignment(member, how);
            return how.subscription_changed ? without_unsubscribed(member, how) : member;
        case ConsumerMemberState::UnrevokedPartitions:
            if (owns_any(how.owned, member.revoking))
                return how.subscription_changed ? without_unsubscribed(member, how) : member;
            return next_assignment(member, how);
        case ConsumerMemberState::UnreleasedPartitions:
        case ConsumerMemberState::Unknown:
            return next_assignment(member, how);
    }
    return member;
}

bool contains_all(const AssignedPartitions& held, const PartitionSets& some) {
    for (const auto& [topic, partitions] : some) {
        const auto it = held.find(topic);
        if (it == held.end()) return false;
        for (const std::int32_t partition : partitions)
            if (!it->second.contains(partition)) return false;
    }
    return true;
}

}  // namespace millrace::broker
