// JoinGroup: who may join, and what it does to the group (Kafka: GroupMetadataManager,
// classicGroupJoin...).
#include <utility>

#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/group_kinds.h"
#include "millrace/broker/group/group_records.h"

namespace millrace::broker {

namespace {

using JoinRequest = wire::JoinGroupRequest;
using JoinResponse = wire::JoinGroupResponse;

JoinResponse refusal(ErrorCode code, std::string member_id) {
    return {.error_code = code, .member_id = std::move(member_id)};
}

// The generation as it stands, without a rebalance.
JoinResponse current_generation(const ClassicMembership& group, const std::string& member_id,
                                bool with_members) {
    return {
        .generation_id = group.generation(),
        .protocol_type = group.protocol_type(),
        .protocol_name = group.protocol(),
        .leader = group.leader().value_or(""),
        .member_id = member_id,
        .members = with_members ? group.members_for_leader() : std::vector<JoinResponse::Member>()};
}

bool same_protocols(const JoinedMember& member, const ClassicProtocols& protocols) {
    return member.protocols == protocols;
}

// A group that is full takes nobody new; while it rebalances, places are given in the order in
// which members come (again).
bool has_room(const ClassicMembership& group, const std::string& member_id, std::size_t size_max) {
    const JoinedMember* member = group.find(member_id);
    switch (group.state()) {
        case ClassicState::Empty:
            return true;
        case ClassicState::PreparingRebalance:
            return (member && member->join) || group.awaiting_join() < size_max;
        case ClassicState::CompletingRebalance:
        case ClassicState::Stable:
            return member || group.members().size() < size_max;
    }
    return false;
}

}  // namespace

void GroupCoordinator::join_group(const JoinRequest& request, std::int16_t version,
                                  const RequestContext& context, Now now, JoinAnswer answer) {
    now_ = now;
    if (request.group_id.empty())
        return answer(refusal(ErrorCode::InvalidGroupId, request.member_id));
    if (request.session_timeout_ms < config_.min_session_timeout_ms ||
        request.session_timeout_ms > config_.max_session_timeout_ms)
        return answer(refusal(ErrorCode::InvalidSessionTimeout, request.member_id));
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return answer(refusal(code, {}));

    Join join{.request = request, .version = version, .context = context, .answer = answer};
    if (version == 0) join.request.rebalance_timeout_ms = request.session_timeout_ms;
    const bool nameless = request.member_id.empty();
    const Group* known = shard->fold.find(request.group_id);
    if (known && known->consumer && known->has_members())
        return join_consumer_group(*shard, *known->consumer, join);
    if (known && (known->streams || known->consumer || known->foreign != ForeignProtocol::None)) {
        if (known->has_members() || known->foreign != ForeignProtocol::None)
            return answer(refusal(ErrorCode::InconsistentGroupProtocol, {}));
        // An empty group of another protocol makes way.
        if (!nameless) return answer(refusal(ErrorCode::UnknownMemberId, request.member_id));
        shard->shard.write(group_tombstones(request.group_id, *known), now.wall);
        shard->work.erase(request.group_id);
        shard->consumer_work.erase(request.group_id);
        known = shard->fold.find(request.group_id);
    }
    const bool is_new = !known && !classic(*shard, request.group_id);
    if (is_new && !nameless) return answer(refusal(ErrorCode::UnknownMemberId, request.member_id));

    Classic c{*shard, request.group_id,
              shard->classic.try_emplace(request.group_id, now.wall).first->second};
    const Offset before = shard->shard.next_offset();
    if (!has_room(c.group, request.member_id, config_.classic_group_size_max)) {
        c.group.remove(request.member_id);
        answer(refusal(ErrorCode::GroupMaxSizeReached, {}));
    } else if (!c.group.supports(request.protocol_type, request.protocols)) {
        answer(refusal(ErrorCode::InconsistentGroupProtocol, request.member_id));
    } else if (nameless) {
        join_new_member(c, join);
    } else {
        join_known_member(c, join);
    }
    // A group is in the log from its first member's first word on.
    if (is_new && shard->shard.next_offset() == before) {
        ClassicGroup empty;
        empty.state_since = c.group.state_since();
        shard->shard.write({classic_group_record(request.group_id, empty)}, now.wall);
    }
}

void GroupCoordinator::join_new_member(Classic& c, const Join& join) {
    const JoinRequest& request = join.request;
    const std::string member_id = request.group_instance_id.value_or(join.context.client_id) + "-" +
                                  Uuid::from_random(random_.next(), random_.next()).to_text();
    if (request.group_instance_id) {
        if (const std::string* current = c.group.static_member(*request.group_instance_id))
            return rejoin_static(c, join, std::string(*current), member_id);
        return add_member(c, join, member_id);
    }
    if (join.version < 4) return add_member(c, join, member_id);
    // KIP-394: it must come again with the id, so that lost answers leave no members behind.
    c.group.pending_join[member_id] =
        now_.time + std::chrono::milliseconds(request.session_timeout_ms);
    classic_wake(c, c.group.pending_join[member_id]);
    join.answer(refusal(ErrorCode::MemberIdRequired, member_id));
}

void GroupCoordinator::add_member(Classic& c, const Join& join, const std::string& member_id) {
    const JoinRequest& request = join.request;
    JoinedMember member{.instance_id = request.group_instance_id,
                        .client_id = join.context.client_id,
                        .client_host = join.context.loopback ? std::string(kLoopbackHost)
                                                             : join.context.client_host,
                        .rebalance_timeout_ms = request.rebalance_timeout_ms,
                        .session_timeout_ms = request.session_timeout_ms,
                        .protocols = request.protocols,
                        .is_new = true};
    if (c.group.in(ClassicState::PreparingRebalance) &&
        c.group.state_before() == ClassicState::Empty)
        c.group.member_added = true;  // the initial delay goes on
    JoinedMember& added =
        c.group.add(member_id, request.protocol_type, std::move(member), join.answer);
    // It has no generation to heartbeat for; if it is gone, this ends its wait.
    expect(c, added, config_.new_member_join_timeout);
    rebalance_or_complete(c, "a new member: " + member_id + ", " + request.reason.value_or(""));
}

void GroupCoordinator::join_known_member(Classic& c, const Join& join) {
    const JoinRequest& request = join.request;
    const std::string& member_id = request.member_id;
    if (c.group.pending_join.contains(member_id)) {
        if (request.group_instance_id)  // ids of static members are never pending
            return join.answer(refusal(ErrorCode::UnknownMemberId, member_id));
        return add_member(c, join, member_id);
    }
    if (const ErrorCode code = c.group.check_member(member_id, request.group_instance_id);
        code != ErrorCode::None)
        return join.answer(refusal(code, member_id));
    JoinedMember& member = *c.group.find(member_id);
    const bool same = same_protocols(member, request.protocols);
    const bool leader = c.group.is_leader(member_id);
    // Who says nothing new gets its generation again; a leader that joins wants another assignment.
    if (c.group.in(ClassicState::CompletingRebalance) && same)
        return join.answer(current_generation(c.group, member_id, leader));
    if (c.group.in(ClassicState::Stable) && same && !leader)
        return join.answer(current_generation(c.group, member_id, false));
    c.group.update(member, request.protocols, request.rebalance_timeout_ms,
                   request.session_timeout_ms, join.answer);
    rebalance_or_complete(c,
                          "member " + member_id + " joins again, " + request.reason.value_or(""));
}

// KIP-345: a static member without its former id. When nothing changes for the group, it takes its
// place without a rebalance.
void GroupCoordinator::rejoin_static(Classic& c, const Join& join, const std::string& old_id,
                                     const std::string& new_id) {
    const JoinRequest& request = join.request;
    const std::optional<std::string> leader_before = c.group.leader();
    JoinedMember& member = c.group.replace_static(old_id, new_id);
    expect(c, member, std::chrono::milliseconds(member.session_timeout_ms));
    c.group.update(member, request.protocols, request.rebalance_timeout_ms,
                   request.session_timeout_ms, join.answer);
    if (c.group.in(ClassicState::CompletingRebalance))
        // The leader may have been told of the old id: what it assigns would find nobody.
        return prepare_rebalance(c, "static member " + new_id + " is back");
    if (!c.group.in(ClassicState::Stable)) return maybe_complete_join(c);
    if (c.group.protocol() != c.group.select_protocol())
        return rebalance_or_complete(c, "static member " + new_id + " is back, speaks otherwise");
    const bool leader = c.group.is_leader(new_id);
    JoinResponse response = current_generation(c.group, new_id, leader && join.version >= 9);
    if (join.version >= 9)
        response.skip_assignment = leader;  // KIP-814: it knows the members, and leaves it at that
    else
        // Before, a leader is told that its former self leads: or it would assign anew.
        response.leader = leader_before.value_or("");
    CoordinatorRecords records{classic_group_record(c.id, c.group.to_record())};
    if (encoded_bytes(records) > kDecisionBytesMax) {
        c.group.answer_join(member, refusal(ErrorCode::UnknownServerError, {}));
        return;
    }
    c.shard.shard.write(records, now_.wall);
    answer_after(c.shard, c.shard.shard.next_offset(),
                 [answer = c.group.take_join(member), response](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None) response = refusal(failed, {});
                     answer(std::move(response));
                 });
}

}  // namespace millrace::broker
