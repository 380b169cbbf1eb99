// SyncGroup, Heartbeat and LeaveGroup of classic groups (Kafka: GroupMetadataManager,
// classicGroupSync, classicGroupHeartbeat, classicGroupLeave).
#include <utility>

#include "millrace/base/mutant.h"
#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/group_records.h"

namespace millrace::broker {

namespace {
using SyncResponse = wire::SyncGroupResponse;

bool contradicts(const std::optional<std::string>& said, const std::optional<std::string>& known) {
    return said && said != known;
}
}  // namespace

void GroupCoordinator::sync_group(const wire::SyncGroupRequest& request, std::int16_t version,
                                  Now now, SyncAnswer answer) {
    now_ = now;
    const auto refuse = [&](ErrorCode code) { answer({.error_code = code}); };
    if (version >= 5 && (!request.protocol_type || !request.protocol_name))
        return refuse(ErrorCode::InconsistentGroupProtocol);
    if (request.group_id.empty()) return refuse(ErrorCode::InvalidGroupId);
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return refuse(code);
    if (const Group* known = shard->fold.find(request.group_id); known && known->consumer)
        return sync_consumer_group(*shard, *known->consumer, request, std::move(answer));
    ClassicMembership* group = classic(*shard, request.group_id);
    if (!group || group->in(ClassicState::Empty)) return refuse(ErrorCode::UnknownMemberId);
    if (code = group->check_member(request.member_id, request.group_instance_id);
        code != ErrorCode::None)
        return refuse(code);
    if (request.generation_id != group->generation()) return refuse(ErrorCode::IllegalGeneration);
    if (contradicts(request.protocol_type, group->protocol_type()) ||
        contradicts(request.protocol_name, group->protocol()))
        return refuse(ErrorCode::InconsistentGroupProtocol);
    if (group->in(ClassicState::PreparingRebalance)) return refuse(ErrorCode::RebalanceInProgress);

    Classic c{*shard, request.group_id, *group};
    JoinedMember& member = *group->find(request.member_id);
    group->pending_sync.erase(request.member_id);
    if (group->pending_sync.empty()) group->sync_due = Time::never();
    group->answer_sync(member, {.error_code = ErrorCode::RebalanceInProgress});  // asked again
    member.sync = std::move(answer);
    if (group->in(ClassicState::Stable)) return give_assignment(c, member);
    if (group->is_leader(request.member_id)) assign_classic(c, request);
}

// The leader's word: written, and with that the generation is complete. Members are answered when
// it is committed.
void GroupCoordinator::assign_classic(Classic& c, const wire::SyncGroupRequest& request) {
    std::map<std::string, Bytes> assignments;
    for (const auto& one : request.assignments) assignments[one.member_id] = one.assignment;
    c.group.set_assignments(assignments);
    CoordinatorRecords records{classic_group_record(c.id, c.group.to_record())};
    if (encoded_bytes(records) > kDecisionBytesMax) {
        log_.warn("the assignments of a classic group are larger than a record batch may be",
                  {{"group", c.id}, {"members", c.group.members().size()}});
        refuse_assignments(c, ErrorCode::UnknownServerError);
        return prepare_rebalance(c, "its assignments are too large");
    }
    if (!mutant::on(Mutant::AssignmentNotWritten)) c.shard.shard.write(records, now_.wall);
    c.group.transition(ClassicState::Stable, now_.wall);
    log_.info("a classic group is stable", {{"group", c.id}, {"generation", c.group.generation()}});
    for (const auto& [member_id, member] : c.group.members())
        if (member.sync) give_assignment(c, *c.group.find(member_id));
}

void GroupCoordinator::give_assignment(Classic& c, JoinedMember& member) {
    const Group* known = c.shard.fold.find(c.id);
    SyncResponse response{.protocol_type = c.group.protocol_type(),
                          .protocol_name = c.group.protocol(),
                          .assignment = member.assignment};
    answer_after(c.shard, known ? known->membership_end : Offset{0},
                 [answer = std::exchange(member.sync, nullptr),
                  response = std::move(response)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None)
                         answer({.error_code = failed});
                     else
                         answer(std::move(response));
                 });
    expect(c, member);
}

ErrorCode GroupCoordinator::classic_heartbeat(const wire::HeartbeatRequest& request, Now now) {
    now_ = now;
    if (request.group_id.empty()) return ErrorCode::InvalidGroupId;
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    // While the log is read nobody can say better; the member must not give up for that.
    if (code == ErrorCode::CoordinatorLoadInProgress) return ErrorCode::None;
    if (!shard) return code;
    if (const Group* known = shard->fold.find(request.group_id); known && known->consumer)
        return heartbeat_consumer_group(*shard, *known->consumer, request);
    ClassicMembership* group = classic(*shard, request.group_id);
    if (!group) return ErrorCode::UnknownMemberId;
    if (code = group->check_member(request.member_id, request.group_instance_id);
        code != ErrorCode::None)
        return code;
    if (request.generation_id != group->generation()) return ErrorCode::IllegalGeneration;
    Classic c{*shard, request.group_id, *group};
    expect(c, *group->find(request.member_id));
    return group->in(ClassicState::PreparingRebalance) ? ErrorCode::RebalanceInProgress
                                                       : ErrorCode::None;
}

void GroupCoordinator::leave_group(const wire::LeaveGroupRequest& request, Now now,
                                   std::function<void(wire::LeaveGroupResponse)> answer) {
    now_ = now;
    if (request.group_id.empty()) return answer({.error_code = ErrorCode::InvalidGroupId});
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return answer({.error_code = code});
    if (const Group* known = shard->fold.find(request.group_id); known && known->consumer)
        return leave_consumer_group(*shard, *known->consumer, request, std::move(answer));
    ClassicMembership* group = classic(*shard, request.group_id);
    wire::LeaveGroupResponse response;
    bool left = false;
    for (const auto& who : request.members) {
        std::string member_id = who.member_id;
        ErrorCode refused = ErrorCode::UnknownMemberId;
        if (group && member_id.empty()) {  // an administrator names the instance only
            const std::string* current =
                who.group_instance_id ? group->static_member(*who.group_instance_id) : nullptr;
            if (current) {
                member_id = *current;
                refused = ErrorCode::None;
            }
        } else if (group) {
            refused = group->pending_join.contains(member_id)
                          ? ErrorCode::None
                          : group->check_member(member_id, who.group_instance_id);
        }
        response.members.push_back({who.member_id, who.group_instance_id, refused});
        if (refused != ErrorCode::None) continue;
        left = true;
        log_.info("a member leaves its classic group",
                  {{"group", request.group_id},
                   {"member", member_id},
                   {"why", who.reason.value_or("it said so")}});
        Classic c{*shard, request.group_id, *group};
        remove_member(c, member_id);
    }
    if (left) {
        Classic c{*shard, request.group_id, *group};
        if (group->in(ClassicState::Stable) || group->in(ClassicState::CompletingRebalance))
            prepare_rebalance(c, "members left");
        else
            maybe_complete_join(c);
    }
    const Group* known = shard->fold.find(request.group_id);
    answer_after(*shard, known ? known->membership_end : Offset{0},
                 [answer, response = std::move(response)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None)
                         answer({.error_code = failed});
                     else
                         answer(std::move(response));
                 });
}

// Kafka: ClassicGroup.validateOffsetCommit. A commit counts as a heartbeat.
ErrorCode GroupCoordinator::check_classic_commit(Classic& c, const Commit& commit) {
    const ClassicMembership& group = c.group;
    if (commit.epoch < 0 && group.in(ClassicState::Empty)) return ErrorCode::None;
    if (commit.epoch >= 0 || !commit.member_id.empty() || commit.instance_id) {
        if (const ErrorCode code = group.check_member(commit.member_id, commit.instance_id);
            code != ErrorCode::None)
            return code;
        if (commit.epoch != group.generation() && !mutant::on(Mutant::StaleGenerationCommits))
            return ErrorCode::IllegalGeneration;
    } else if (!commit.transactional) {
        return ErrorCode::UnknownMemberId;  // members are there, and it is none of them
    }
    if (commit.transactional) return ErrorCode::None;
    if (group.in(ClassicState::CompletingRebalance)) return ErrorCode::RebalanceInProgress;
    if (JoinedMember* member = c.group.find(commit.member_id)) expect(c, *member);
    return ErrorCode::None;
}

}  // namespace millrace::broker
