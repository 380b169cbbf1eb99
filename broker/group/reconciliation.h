#pragma once
// Brings a member from what it holds to its target (Kafka: streams/CurrentAssignmentBuilder). It
// first gives up what is no longer its own; a task is granted when no other member holds it as
// active, and its own process holds it in no role.
#include <functional>
#include <optional>

#include "millrace/broker/group/group_fold.h"

namespace millrace::broker {

struct TaskOwners {  // of the other members of the group, what they must still give up included
    std::set<TaskId> active;                             // anywhere
    std::map<std::string, std::set<TaskId>> by_process;  // in any role
};
TaskOwners other_owners(const StreamsGroup& group, const std::string& member_id);

// `owned`: what the member reported with this heartbeat, if it did. `owners` is asked for at most
// once.
StreamsMember reconcile(const StreamsMember& member, std::int32_t target_epoch, const Tasks& target,
                        const std::optional<Tasks>& owned,
                        const std::function<TaskOwners()>& owners);

}  // namespace millrace::broker
