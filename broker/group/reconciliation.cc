#include "millrace/broker/group/reconciliation.h"

#include <algorithm>

#include "millrace/base/mutant.h"

namespace millrace::broker {

namespace {

struct Difference {
    TaskSet kept, revoked, granted;
    bool unreleased = false;
};

template <class Held>
Difference compare(const TaskSet& current, const TaskSet& target, const Held& still_held) {
    Difference d;
    for (const TaskId& task : current) (target.contains(task) ? d.kept : d.revoked).insert(task);
    for (const TaskId& task : target) {
        if (current.contains(task)) continue;
        // Mutant: granted before its owner gave it up.
        if (still_held(task) && !mutant::on(Mutant::FenceOffByOneOnAssign))
            d.unreleased = true;
        else
            d.granted.insert(task);
    }
    return d;
}

// Moves `epoch` forward, remembering the one before: a member whose reply was lost comes with that.
void set_epoch(StreamsMember& member, std::int32_t epoch) {
    if (member.epoch == epoch) return;
    member.previous_epoch = member.epoch;
    member.epoch = epoch;
}

StreamsMember next_assignment(const StreamsMember& member, std::int32_t epoch,
                              std::int32_t target_epoch, const Tasks& target,
                              const std::optional<Tasks>& owned, const TaskOwners& owners) {
    static const std::set<TaskId> kNone;
    const auto process = owners.by_process.find(member.process_id);
    const std::set<TaskId>& here = process == owners.by_process.end() ? kNone : process->second;
    const Tasks assigned = member.assigned();
    const Difference active = compare(assigned.active, target.active, [&](const TaskId& task) {
        return owners.active.contains(task) || here.contains(task);
    });
    const auto in_process = [&](const TaskId& task) { return here.contains(task); };
    const Difference standby = compare(assigned.standby, target.standby, in_process);
    const Difference warmup = compare(assigned.warmup, target.warmup, in_process);

    StreamsMember next = member;
    next.active_revoking.clear();
    next.standby_revoking.clear();
    next.warmup_revoking.clear();
    next.standby = standby.kept;
    next.warmup = warmup.kept;
    std::erase_if(next.active, [&](const auto& one) { return !active.kept.contains(one.first); });

    const Tasks revoked{active.revoked, standby.revoked, warmup.revoked};
    if (!revoked.empty() && (!owned || contains_any(*owned, revoked))) {
        set_epoch(next, epoch);  // it stays at its epoch until it has given them up
        next.state = StreamsMemberState::UnrevokedTasks;
        for (const TaskId& task : active.revoked)
            next.active_revoking[task] = member.active.at(task);
        next.standby_revoking = standby.revoked;
        next.warmup_revoking = warmup.revoked;
        return next;
    }
    set_epoch(next, target_epoch);
    for (const TaskId& task : active.granted) next.active[task] = target_epoch;
    next.standby.insert(standby.granted.begin(), standby.granted.end());
    next.warmup.insert(warmup.granted.begin(), warmup.granted.end());
    const bool waits = active.unreleased || standby.unreleased || warmup.unreleased;
    next.state = waits ? StreamsMemberState::UnreleasedTasks : StreamsMemberState::Stable;
    return next;
}

}  // namespace

TaskOwners other_owners(const StreamsGroup& group, const std::string& member_id) {
    TaskOwners owners;
    for (const auto& [id, member] : group.members) {
        if (id == member_id) continue;
        auto& process = owners.by_process[member.process_id];
        for (const auto* tasks : {&member.active, &member.active_revoking})
            for (const auto& [task, epoch] : *tasks) {
                owners.active.insert(task);
                process.insert(task);
            }
        for (const auto* tasks :
             {&member.standby, &member.standby_revoking, &member.warmup, &member.warmup_revoking})
            process.insert(tasks->begin(), tasks->end());
    }
    return owners;
}

StreamsMember reconcile(const StreamsMember& member, std::int32_t target_epoch, const Tasks& target,
                        const std::optional<Tasks>& owned,
                        const std::function<TaskOwners()>& owners) {
    switch (member.state) {
        case StreamsMemberState::Stable:
            if (member.epoch == target_epoch) return member;
            return next_assignment(member, member.epoch, target_epoch, target, owned, owners());
        case StreamsMemberState::UnrevokedTasks:
            if (!owned || contains_any(*owned, member.revoking())) return member;
            // Given up: the next epoch, even if the newest target asks for more to be given up.
            return next_assignment(member, std::min(member.epoch + 1, target_epoch), target_epoch,
                                   target, owned, owners());
        case StreamsMemberState::UnreleasedTasks:
        case StreamsMemberState::Unknown:
            return next_assignment(member, member.epoch, target_epoch, target, owned, owners());
    }
    return member;
}

}  // namespace millrace::broker
