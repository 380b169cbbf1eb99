// What time does to members of streams groups: sessions end, revocations take too long, delays
// pass.
#include <algorithm>

#include "millrace/base/mutant.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/group_shard.h"
#include "millrace/broker/group/sticky_assignor.h"

namespace millrace::broker {

bool streams_group_ready(const StreamsGroup& group) {
    return group.topology && group.validated_topology_epoch == group.topology->epoch;
}

std::string_view streams_group_state(const StreamsGroup& group) {
    if (group.members.empty()) return "Empty";
    if (!streams_group_ready(group)) return "NotReady";
    if (group.epoch > group.target_epoch) return "Assigning";
    for (const auto& [id, member] : group.members)
        if (member.state != StreamsMemberState::Stable || member.epoch != group.target_epoch)
            return "Reconciling";
    return "Stable";
}

void GroupCoordinator::note_member(GroupShard& shard, const std::string& group_id,
                                   const std::string& member_id, const StreamsMember& member) {
    MemberTimers& timers = shard.work[group_id].timers;
    const auto after = [&](std::int32_t ms) { return now_.time + std::chrono::milliseconds(ms); };
    bool earlier = timers.heard(member_id, after(config_.streams_session_timeout_ms));
    if (member.state == StreamsMemberState::UnrevokedTasks)
        earlier |= timers.must_revoke(member_id, member.epoch,
                                      after(std::max(member.rebalance_timeout_ms, 0)));
    else
        timers.has_revoked(member_id);
    timers_changed_ = timers_changed_ || earlier;
}

void GroupCoordinator::expire_members(GroupShard& shard) {
    std::map<std::string, std::vector<std::string>> silent, slow;
    for (const auto& [group_id, work] : shard.work) {
        silent[group_id] = work.timers.silent(now_.time);
        slow[group_id] = work.timers.slow(now_.time);
    }
    if (mutant::on(Mutant::SessionNeverEnds)) silent.clear();
    for (const auto& [group_id, members] : silent)
        remove_members(shard, group_id, members, "its session ended");
    for (const auto& [group_id, members] : slow)
        remove_members(shard, group_id, members, "it did not give up its tasks in time");
}

void GroupCoordinator::remove_members(GroupShard& shard, const std::string& group_id,
                                      const std::vector<std::string>& member_ids,
                                      std::string_view why) {
    if (member_ids.empty()) return;
    timers_changed_ = true;
    StreamsWork& work = shard.work[group_id];
    const Group* group = shard.fold.find(group_id);
    CoordinatorRecords records;
    for (const std::string& member_id : member_ids) {
        work.timers.forget(member_id);
        work.task_offsets.erase(member_id);
        if (!group || !group->streams || !group->streams->members.contains(member_id)) continue;
        log_.info("a member leaves its streams group",
                  {{"group", group_id}, {"member", member_id}, {"why", why}});
        for (CoordinatorRecord& record : streams_member_tombstones(group_id, member_id))
            records.push_back(std::move(record));
    }
    if (records.empty()) return;
    ++work.endpoint_epoch;
    StreamsGroup next;
    next.epoch = group->streams->epoch + 1;
    next.metadata_hash = group->streams->metadata_hash;
    next.validated_topology_epoch = group->streams->validated_topology_epoch;
    next.assignment_configs = group->streams->assignment_configs;
    records.push_back(streams_group_record(group_id, next));
    if (records.size() / 3 >=
        group->streams->members.size()) {  // three tombstones each: nobody is left
        records.push_back(streams_target_epoch_record(group_id, next.epoch, Timestamp{0}));
        work.shutdown_by.reset();
        work.assign_after = Time{0};
    }
    shard.shard.write(records, now_.wall);
}

// A target for every member, from the group as `decision.next` and its members as they become.
void GroupCoordinator::assign(GroupShard& shard, const std::string& group_id,
                              const StreamsGroup& group, Decision& decision) {
    (void)shard;
    std::map<std::string, AssignorMember> members;
    const auto previous = [&](const std::string& member_id) {
        const auto it = group.targets.find(member_id);
        return it == group.targets.end() ? Tasks{} : it->second;
    };
    for (const auto& [member_id, member] : group.members)
        if (member_id != decision.replaces)
            members[member_id] = {member.process_id, previous(member_id)};
    if (!decision.member_id.empty())
        members[decision.member_id] = {decision.member.process_id,
                                       previous(decision.replaces.value_or(decision.member_id))};

    std::map<std::string, Tasks> targets;
    if (decision.configured.ready()) {
        AssignorTopology topology{.tasks = decision.configured.tasks};
        for (const auto& sub : decision.next.topology->subtopologies)
            if (!sub.state_changelog_topics.empty()) topology.stateful.insert(sub.subtopology_id);
        targets = assign_sticky(members, topology, config_.streams_num_standby_replicas);
    } else {
        for (const auto& [member_id, member] : members) targets[member_id];
    }
    for (const auto& [member_id, tasks] : targets) {
        const auto there = group.targets.find(member_id);
        if (there == group.targets.end() || there->second != tasks)
            decision.records.push_back(streams_target_record(group_id, member_id, tasks));
    }
    decision.next.target_epoch = decision.next.epoch;
    decision.records.push_back(
        streams_target_epoch_record(group_id, decision.next.epoch, now_.wall));
    decision.targets = std::move(targets);
}

void GroupCoordinator::delayed_assignments(GroupShard& shard) {
    for (auto& [group_id, work] : shard.work) {
        if (work.assign_after == Time{0} || work.assign_after > now_.time) continue;
        work.assign_after = Time{0};
        const Group* group = shard.fold.find(group_id);
        if (!group || !group->streams || !group->streams->topology ||
            group->streams->members.empty() ||
            group->streams->epoch <= group->streams->target_epoch)
            continue;
        Decision decision;
        decision.next.epoch = group->streams->epoch;
        decision.next.topology = group->streams->topology;
        decision.configured = configure_topology(*group->streams->topology, topics_);
        assign(shard, group_id, *group->streams, decision);
        shard.shard.write(decision.records, now_.wall);
    }
}

}  // namespace millrace::broker
