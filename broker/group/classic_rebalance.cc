// How a classic group goes from one generation to the next, and what time does to it (Kafka:
// GroupMetadataManager, prepareRebalance and what follows).
#include <algorithm>
#include <utility>

#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/group_records.h"

namespace millrace::broker {

ClassicMembership* GroupCoordinator::classic(GroupShard& shard, const std::string& group_id) {
    const Group* group = shard.fold.find(group_id);
    auto it = shard.classic.find(group_id);
    if (it == shard.classic.end()) {
        if (!group || !group->classic) return nullptr;
        it = shard.classic.emplace(group_id, ClassicMembership(*group->classic)).first;
    }
    // Another protocol took an empty group over.
    if (group && (group->streams || group->consumer || group->foreign != ForeignProtocol::None)) {
        forget_classic(shard, group_id);
        return nullptr;
    }
    return &it->second;
}

void GroupCoordinator::forget_classic(GroupShard& shard, const std::string& group_id) {
    const auto it = shard.classic.find(group_id);
    if (it == shard.classic.end()) return;
    it->second.answer_all(ErrorCode::UnknownMemberId);
    shard.classic_due.erase({it->second.due, group_id});
    shard.classic.erase(it);
    timers_changed_ = true;
}

bool GroupCoordinator::classic_has_members(GroupShard& shard, const std::string& group_id) {
    const ClassicMembership* group = classic(shard, group_id);
    return group && !group->in(ClassicState::Empty);
}

// ---- clocks ----

void GroupCoordinator::classic_wake(Classic& c, Time at) {
    if (at >= c.group.due) return;  // it looks again then
    c.shard.classic_due.erase({c.group.due, c.id});
    c.group.due = at;
    c.shard.classic_due.emplace(at, c.id);
    timers_changed_ = true;
}

// The member must be heard of within `timeout`. Sessions mostly grow longer: then nothing moves but
// this number, and the clock finds out when it rings.
void GroupCoordinator::expect(Classic& c, JoinedMember& member, Duration timeout) {
    member.expires = now_.time + timeout;
    classic_wake(c, member.expires);
}

void GroupCoordinator::expect(Classic& c, JoinedMember& member) {
    expect(c, member, std::chrono::milliseconds(member.session_timeout_ms));
}

void GroupCoordinator::classic_tick(GroupShard& shard) {
    while (!shard.classic_due.empty() && shard.classic_due.begin()->first <= now_.time) {
        const std::string group_id = shard.classic_due.begin()->second;
        shard.classic_due.erase(shard.classic_due.begin());
        const auto it = shard.classic.find(group_id);
        if (it == shard.classic.end()) continue;
        Classic c{shard, group_id, it->second};
        c.group.due = Time::never();
        classic_clocks(c);
        classic_wake(c, c.group.earliest());
    }
}

void GroupCoordinator::classic_clocks(Classic& c) {
    std::vector<std::pair<Time, std::string>> silent;
    for (const auto& [member_id, until] : c.group.pending_join)
        if (until <= now_.time) silent.emplace_back(until, member_id);
    for (const auto& [member_id, member] : c.group.members())
        if (member.expires <= now_.time) silent.emplace_back(member.expires, member_id);
    std::ranges::sort(silent);
    for (const auto& [at, member_id] : silent) session_ended(c, member_id);
    if (c.group.join_due <= now_.time) join_time_is_up(c);
    if (c.group.sync_due <= now_.time) sync_time_is_up(c);
}

void GroupCoordinator::session_ended(Classic& c, const std::string& member_id) {
    if (c.group.pending_join.contains(member_id)) {
        log_.info("a member that was given an id did not come back",
                  {{"group", c.id}, {"member", member_id}});
        c.group.remove(member_id);
        if (c.group.in(ClassicState::PreparingRebalance) && c.group.all_joined()) complete_join(c);
        return;
    }
    JoinedMember* member = c.group.find(member_id);
    if (!member || member->expires > now_.time) return;
    if (!member->is_new && (member->join || member->sync)) {
        member->expires = Time::never();  // it waits for us; its answer begins a new session
        return;
    }
    log_.info("a member leaves its classic group",
              {{"group", c.id}, {"member", member_id}, {"why", "its session ended"}});
    remove_member(c, member_id);
    if (c.group.in(ClassicState::Stable) || c.group.in(ClassicState::CompletingRebalance))
        rebalance_or_complete(c, "the session of " + member_id + " ended");
    else if (c.group.in(ClassicState::PreparingRebalance) && c.group.all_joined())
        complete_join(c);
}

// It may wait with a JoinGroup; when it is still there it begins anew.
void GroupCoordinator::remove_member(Classic& c, const std::string& member_id) {
    if (JoinedMember* member = c.group.find(member_id)) {
        c.group.answer_join(*member, {.error_code = ErrorCode::UnknownMemberId});
        c.group.answer_sync(*member, {.error_code = ErrorCode::UnknownMemberId});
    }
    c.group.remove(member_id);
}

void GroupCoordinator::join_time_is_up(Classic& c) {
    c.group.join_due = Time::never();
    const auto initial = std::exchange(c.group.initial, std::nullopt);
    if (!initial || !c.group.member_added || initial->remaining == Duration{0})
        return complete_join(c);
    c.group.member_added = false;
    const Duration full = std::chrono::milliseconds(config_.initial_rebalance_delay_ms);
    const Duration delay = std::min(full, initial->remaining);
    c.group.initial = {delay, std::max(initial->remaining - initial->delay, Duration{0})};
    c.group.join_due = now_.time + delay;
    classic_wake(c, c.group.join_due);
}

void GroupCoordinator::sync_time_is_up(Classic& c) {
    c.group.sync_due = Time::never();
    if (c.group.pending_sync.empty()) return;
    if (!c.group.in(ClassicState::CompletingRebalance) && !c.group.in(ClassicState::Stable)) return;
    const std::set<std::string> late = c.group.pending_sync;
    for (const std::string& member_id : late) {
        log_.info("a member leaves its classic group",
                  {{"group", c.id}, {"member", member_id}, {"why", "it did not sync in time"}});
        remove_member(c, member_id);
    }
    prepare_rebalance(c, "members did not sync in time");
}

// ---- from generation to generation ----

void GroupCoordinator::rebalance_or_complete(Classic& c, const std::string& why) {
    if (c.group.in(ClassicState::PreparingRebalance))
        maybe_complete_join(c);
    else
        prepare_rebalance(c, why);
}

void GroupCoordinator::prepare_rebalance(Classic& c, const std::string& why) {
    if (c.group.in(ClassicState::CompletingRebalance))
        refuse_assignments(c, ErrorCode::RebalanceInProgress);
    c.group.pending_sync.clear();
    c.group.sync_due = Time::never();
    const bool first = c.group.in(ClassicState::Empty);
    log_.info("a classic group rebalances",
              {{"group", c.id}, {"generation", c.group.generation()}, {"why", why}});
    c.group.transition(ClassicState::PreparingRebalance, now_.wall);
    if (first) {  // more of them may come: KIP-134
        const Duration delay = std::chrono::milliseconds(config_.initial_rebalance_delay_ms);
        c.group.initial = {delay, std::max(c.group.rebalance_timeout() - delay, Duration{0})};
        c.group.join_due = now_.time + delay;
        classic_wake(c, c.group.join_due);
        if (delay == Duration{0}) join_time_is_up(c);
        return;
    }
    if (c.group.all_joined()) return complete_join(c);
    c.group.join_due = now_.time + c.group.rebalance_timeout();
    classic_wake(c, c.group.join_due);
}

void GroupCoordinator::maybe_complete_join(Classic& c) {
    // An empty group's first rebalance ends with its delay, and not before.
    if (c.group.in(ClassicState::PreparingRebalance) &&
        c.group.state_before() != ClassicState::Empty && c.group.all_joined())
        complete_join(c);
}

void GroupCoordinator::complete_join(Classic& c) {
    c.group.join_due = Time::never();
    c.group.initial.reset();
    std::vector<std::string> late;  // static members keep their place until their session ends
    for (const auto& [member_id, member] : c.group.members())
        if (!member.join && !member.instance_id) late.push_back(member_id);
    for (const std::string& member_id : late) {
        log_.info("a member leaves its classic group",
                  {{"group", c.id}, {"member", member_id}, {"why", "it did not join again"}});
        c.group.remove(member_id);
    }
    if (!c.group.elect_joined_leader() && !c.group.members().empty()) {
        // Static members only, and none of them speaks: until their sessions end.
        c.group.join_due = now_.time + c.group.rebalance_timeout();
        return classic_wake(c, c.group.join_due);
    }
    c.group.next_generation(now_.wall);
    if (c.group.in(ClassicState::Empty)) {
        log_.info("a classic group is empty",
                  {{"group", c.id}, {"generation", c.group.generation()}});
        c.shard.shard.write({classic_group_record(c.id, c.group.to_record())}, now_.wall);
        return;
    }
    log_.info("a classic group has a generation", {{"group", c.id},
                                                   {"generation", c.group.generation()},
                                                   {"members", c.group.members().size()}});
    std::vector<std::string> member_ids;
    for (const auto& [member_id, member] : c.group.members()) member_ids.push_back(member_id);
    for (const std::string& member_id : member_ids) {
        JoinedMember& member = *c.group.find(member_id);
        wire::JoinGroupResponse response{.generation_id = c.group.generation(),
                                         .protocol_type = c.group.protocol_type(),
                                         .protocol_name = c.group.protocol(),
                                         .leader = c.group.leader().value_or(""),
                                         .member_id = member_id};
        if (c.group.is_leader(member_id)) response.members = c.group.members_for_leader();
        c.group.answer_join(member, std::move(response));
        expect(c, member);
        member.is_new = false;
        c.group.pending_sync.insert(member_id);
    }
    c.group.sync_due = now_.time + c.group.rebalance_timeout();
    classic_wake(c, c.group.sync_due);
}

void GroupCoordinator::refuse_assignments(Classic& c, ErrorCode code) {
    c.group.set_assignments({});
    for (auto& [member_id, member] : c.group.members()) {
        JoinedMember& waiting = *c.group.find(member_id);
        if (!waiting.sync) continue;
        c.group.answer_sync(waiting, {.error_code = code});
        expect(c, waiting);
    }
}

// ---- life of the shard ----

// The log says who was in the last generation: everybody has a whole session from now.
void GroupCoordinator::load_classic(GroupShard& shard) {
    std::vector<std::string> group_ids;
    for (const auto& [group_id, group] : shard.fold.groups())
        if (group.classic) group_ids.push_back(group_id);
    for (const std::string& group_id : group_ids) {
        const Group* group = shard.fold.find(group_id);
        ClassicMembership& membership =
            shard.classic.insert_or_assign(group_id, ClassicMembership(*group->classic))
                .first->second;
        Classic c{shard, group_id, membership};
        std::vector<std::string> gone;
        for (const auto& [member_id, member] : group->classic->members) {
            if (shard.drop_loopback && member.client_host == kLoopbackHost)
                gone.push_back(member_id);  // it died with the process it ran in
            else
                expect(c, *membership.find(member_id));
        }
        for (const std::string& member_id : gone) remove_member(c, member_id);
        if (!gone.empty() || membership.members().size() > config_.classic_group_size_max)
            prepare_rebalance(c, "the group was loaded");
    }
}

void GroupCoordinator::forget_classic(GroupShard& shard) {
    auto groups = std::exchange(shard.classic, {});
    shard.classic_due.clear();
    for (auto& [group_id, group] : groups) group.answer_all(ErrorCode::NotCoordinator);
}

}  // namespace millrace::broker
