// Members of a consumer group that speak the classic protocol: their JoinGroup, SyncGroup,
// Heartbeat and LeaveGroup (Kafka: GroupMetadataManager, classicGroup...ToConsumerGroup). The
// broker assigns; what the protocol calls a generation is the member's epoch. (KIP-848, online
// migration.)
#include <algorithm>
#include <utility>

#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/consumer_protocol.h"
#include "millrace/broker/group/consumer_shard.h"

namespace millrace::broker {

namespace {

constexpr std::int32_t kMustJoin = -10,
                       kMustSync = -11;  // what a timer stands for, in place of an epoch

using JoinResponse = wire::JoinGroupResponse;

JoinResponse join_refusal(ErrorCode code, std::string member_id) {
    return {.error_code = code, .member_id = std::move(member_id)};
}

// Some protocol of the new member is one that every classic member speaks.
bool supports_protocols(const ConsumerGroup& group, const wire::JoinGroupRequest& request) {
    if (request.protocol_type != "consumer" || request.protocols.empty()) return false;
    if (group.members.empty()) return true;
    return std::ranges::any_of(request.protocols, [&](const auto& protocol) {
        return std::ranges::all_of(group.members, [&](const auto& one) {
            return !one.second.classic ||
                   std::ranges::any_of(one.second.classic->supported_protocols,
                                       [&](const auto& p) { return p.name == protocol.name; });
        });
    });
}

}  // namespace

void GroupCoordinator::join_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                                           const Join& join) {
    const wire::JoinGroupRequest& request = join.request;
    const auto refuse = [&](ErrorCode code) { join.answer(join_refusal(code, request.member_id)); };
    if (config_.consumer_migration_policy == MigrationPolicy::Disabled)
        return refuse(ErrorCode::InconsistentGroupProtocol);
    const bool nameless = request.member_id.empty();
    if (!supports_protocols(group, request)) return refuse(ErrorCode::InconsistentGroupProtocol);
    const std::string member_id =
        nameless ? Uuid::from_random(random_.next(), random_.next()).to_string()
                 : request.member_id;
    if (nameless && join.version >= 4 && !request.group_instance_id)
        return join.answer(join_refusal(ErrorCode::MemberIdRequired, member_id));
    const auto subscription = read_subscription(request.protocols.front().metadata.view());
    if (!subscription) return refuse(ErrorCode::InconsistentGroupProtocol);

    ConsumerBeat beat;
    beat.classic.emplace();
    beat.classic->session_timeout_ms = request.session_timeout_ms;
    for (const auto& protocol : request.protocols)
        beat.classic->supported_protocols.push_back({protocol.name, protocol.metadata});
    beat.rejoins = request.group_instance_id && !nameless;
    beat.client_id = join.context.client_id;
    beat.client_host =
        join.context.loopback ? std::string(kLoopbackHost) : join.context.client_host;
    beat.request.group_id = request.group_id;
    beat.request.member_id = member_id;
    beat.request.instance_id = request.group_instance_id;
    if (subscription->rack_id && !subscription->rack_id->empty())
        beat.request.rack_id = subscription->rack_id;
    beat.request.rebalance_timeout_ms = request.rebalance_timeout_ms;
    beat.request.subscribed_topic_names = subscription->topics;
    beat.request.subscribed_topic_regex = "";
    beat.request.topic_partitions.emplace();
    for (const auto& owned : subscription->owned_partitions)
        if (const auto topic = topics_.find(owned.topic))
            beat.request.topic_partitions->push_back({topic->id, owned.partitions});

    ConsumerDecision decision;
    decision.group_id = request.group_id;
    decision.member_id = member_id;
    std::string detail;
    ErrorCode code = resolve_consumer_member(group, beat, decision, detail);
    if (code != ErrorCode::None) return refuse(code);
    decision.member = beat.member_after(decision.before);
    code = decide_consumer_epoch(shard, group, decision, detail);
    if (code != ErrorCode::None) return refuse(code);
    decide_consumer_assignment(group, beat, decision);
    if (encoded_bytes(decision.records) > kDecisionBytesMax)
        return refuse(ErrorCode::UnknownServerError);

    MemberTimers& timers = shard.consumer_work[request.group_id].timers;
    if (decision.replaces) timers.forget(*decision.replaces);
    note_consumer(shard, request.group_id, member_id, decision.member);
    timers.has_revoked(member_id);  // it has joined; now it must sync
    timers.must_revoke(member_id, kMustSync,
                       now_.time + std::chrono::milliseconds(request.rebalance_timeout_ms));
    timers_changed_ = true;
    shard.shard.write(decision.records, now_.wall);
    const Group* now = shard.fold.find(request.group_id);
    JoinResponse response{.generation_id = decision.member.epoch,
                          .protocol_type = "consumer",
                          .protocol_name = request.protocols.front().name,
                          .member_id = member_id};
    answer_after(shard, now ? now->membership_end : Offset{0},
                 [answer = join.answer, response = std::move(response)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None) return answer(join_refusal(failed, {}));
                     answer(std::move(response));
                 });
}

// The member that a classic request names; else why there is none.
const ConsumerMember* GroupCoordinator::find_classic(const ConsumerGroup& group,
                                                     const std::string& member_id,
                                                     const std::optional<std::string>& instance_id,
                                                     ErrorCode& code) const {
    code = ErrorCode::UnknownMemberId;
    if (instance_id) {
        const std::string* current = group.static_member(*instance_id);
        if (!current) return nullptr;
        if (*current != member_id) {
            code = ErrorCode::FencedInstanceId;
            return nullptr;
        }
    }
    const auto it = group.members.find(member_id);
    if (it == group.members.end() || !it->second.classic) return nullptr;
    code = ErrorCode::None;
    return &it->second;
}

// It is asked to join again, and has its rebalance timeout for that.
void GroupCoordinator::expect_join(GroupShard& shard, const std::string& group_id,
                                   const std::string& member_id, const ConsumerMember& member) {
    timers_changed_ |= shard.consumer_work[group_id].timers.must_revoke(
        member_id, kMustJoin,
        now_.time + std::chrono::milliseconds(std::max(member.rebalance_timeout_ms, 0)));
}

void GroupCoordinator::sync_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                                           const wire::SyncGroupRequest& request,
                                           SyncAnswer answer) {
    const auto refuse = [&](ErrorCode code) { answer({.error_code = code}); };
    ErrorCode code;
    const ConsumerMember* member =
        find_classic(group, request.member_id, request.group_instance_id, code);
    if (!member) return refuse(code);
    if (request.generation_id != member->epoch) return refuse(ErrorCode::IllegalGeneration);
    const auto& protocols = member->classic->supported_protocols;
    const std::string spoken = protocols.empty() ? "" : protocols.front().name;
    if ((request.protocol_type && *request.protocol_type != "consumer") ||
        (request.protocol_name && *request.protocol_name != spoken))
        return refuse(ErrorCode::InconsistentGroupProtocol);
    if (group.target_epoch > member->epoch &&
        member->state != ConsumerMemberState::UnrevokedPartitions) {
        expect_join(shard, request.group_id, request.member_id, *member);
        return refuse(ErrorCode::RebalanceInProgress);
    }
    shard.consumer_work[request.group_id].timers.has_revoked(request.member_id);
    note_consumer(shard, request.group_id, request.member_id, *member);
    wire::SyncGroupResponse response{
        .protocol_type = request.protocol_type,
        .protocol_name = request.protocol_name,
        .assignment = write_assignment(
            member->assigned, protocols.empty() ? BytesView{} : protocols.front().metadata.view(),
            topics_)};
    answer_after(
        shard, shard.fold.find(request.group_id)->membership_end,
        [answer = std::move(answer), response = std::move(response)](ErrorCode failed) mutable {
            if (failed != ErrorCode::None) return answer({.error_code = failed});
            answer(std::move(response));
        });
}

ErrorCode GroupCoordinator::heartbeat_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                                                     const wire::HeartbeatRequest& request) {
    ErrorCode code;
    const ConsumerMember* member =
        find_classic(group, request.member_id, request.group_instance_id, code);
    if (!member) return code;
    if (request.generation_id != member->epoch) return ErrorCode::IllegalGeneration;
    note_consumer(shard, request.group_id, request.member_id, *member);
    bool waits = false;  // for partitions that somebody still holds
    if (const auto target = group.targets.find(request.member_id);
        member->state == ConsumerMemberState::UnreleasedPartitions && target != group.targets.end())
        for (const auto& [topic, partitions] : target->second)
            for (const std::int32_t partition : partitions) {
                const auto owner = group.owners.find({topic, partition});
                waits =
                    waits || (owner != group.owners.end() && owner->second != request.member_id);
            }
    const bool moves = member->epoch < group.target_epoch ||
                       member->state == ConsumerMemberState::UnrevokedPartitions ||
                       (member->state == ConsumerMemberState::UnreleasedPartitions && !waits);
    if (!moves) return ErrorCode::None;
    expect_join(shard, request.group_id, request.member_id, *member);
    return ErrorCode::RebalanceInProgress;
}

void GroupCoordinator::leave_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                                            const wire::LeaveGroupRequest& request,
                                            std::function<void(wire::LeaveGroupResponse)> answer) {
    wire::LeaveGroupResponse response;
    std::vector<std::string> gone;
    for (const auto& who : request.members) {
        std::string member_id = who.member_id;
        ErrorCode code = ErrorCode::None;
        if (who.group_instance_id) {
            const std::string* current = group.static_member(*who.group_instance_id);
            if (!current)
                code = ErrorCode::UnknownMemberId;
            else if (!member_id.empty() && *current != member_id)
                code = ErrorCode::FencedInstanceId;
            else
                member_id = *current;
        } else if (!group.members.contains(member_id)) {
            code = ErrorCode::UnknownMemberId;
        }
        response.members.push_back({who.member_id, who.group_instance_id, code});
        if (code == ErrorCode::None) gone.push_back(std::move(member_id));
    }
    remove_consumers(shard, request.group_id, gone, "it said so");
    const Group* now = shard.fold.find(request.group_id);
    answer_after(
        shard, now ? now->membership_end : shard.shard.next_offset(),
        [answer = std::move(answer), response = std::move(response)](ErrorCode failed) mutable {
            if (failed != ErrorCode::None) return answer({.error_code = failed});
            answer(std::move(response));
        });
}

}  // namespace millrace::broker
