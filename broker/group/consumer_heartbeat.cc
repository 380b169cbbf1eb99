// ConsumerGroupHeartbeat (KIP-848): a member joins, reports, leaves; the group's epoch, its targets
// and the member's own assignment move on. Every heartbeat is one decision: all its records stand
// in one batch, in Kafka's order (GroupMetadataManager.consumerGroupHeartbeat).
#include <algorithm>
#include <utility>

#include "millrace/broker/group/consumer_reconciliation.h"
#include "millrace/broker/group/consumer_records.h"
#include "millrace/broker/group/consumer_shard.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/topic_regex.h"

namespace millrace::broker {

namespace {

using HeartbeatRequest = wire::ConsumerGroupHeartbeatRequest;
using HeartbeatResponse = wire::ConsumerGroupHeartbeatResponse;

HeartbeatResponse::Assignment to_wire(const AssignedPartitions& assigned) {
    HeartbeatResponse::Assignment result;
    for (const auto& [topic, held] : assigned) {
        auto& one = result.topic_partitions.emplace_back();
        one.topic_id = topic;
        for (const auto& [partition, epoch] : held) one.partitions.push_back(partition);
    }
    return result;
}

// What it said of itself, without what it holds.
bool same_metadata(const ConsumerMember& a, const ConsumerMember& b) {
    return a.instance_id == b.instance_id && a.rack_id == b.rack_id && a.client_id == b.client_id &&
           a.client_host == b.client_host && a.topics == b.topics && a.regex == b.regex &&
           a.rebalance_timeout_ms == b.rebalance_timeout_ms &&
           a.server_assignor == b.server_assignor && a.classic == b.classic;
}

}  // namespace

void GroupCoordinator::consumer_heartbeat(const HeartbeatRequest& request, std::int16_t version,
                                          const RequestContext& context, Now now,
                                          std::function<void(HeartbeatResponse)> answer) {
    now_ = now;
    ConsumerBeat beat;
    beat.request = request;
    beat.client_id = context.client_id;
    beat.client_host = context.loopback ? std::string(kLoopbackHost) : context.client_host;
    beat.answer = std::move(answer);
    if (auto valid = validate_consumer_heartbeat(request, version); !valid)
        return beat.refuse(valid.error().code, valid.error().detail);
    if (beat.request.member_id.empty())  // version 0: the broker makes the id
        beat.request.member_id = Uuid::from_random(random_.next(), random_.next()).to_string();

    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return beat.refuse(code, {});
    const Group* group = shard->fold.find(request.group_id);
    const auto refuse = [&](ErrorCode why, std::string detail) {
        answer_after(*shard, group ? group->membership_end : Offset{0},
                     [beat, why, detail = std::move(detail)](ErrorCode failed) {
                         failed == ErrorCode::None ? beat.refuse(why, detail)
                                                   : beat.refuse(failed, {});
                     });
    };
    if (!beat.joining() && (!group || group->simple()) &&
        !classic_has_members(*shard, request.group_id))
        return refuse(ErrorCode::GroupIdNotFound,
                      (request.member_epoch < 0 ? "Group " : "Consumer group ") + request.group_id +
                          " not found.");
    const bool foreign = group && !group->simple() && !group->consumer && !group->classic;
    if (!foreign && beat.joining() && classic_has_members(*shard, request.group_id)) {
        if (auto upgraded = upgrade_to_consumer(*shard, beat); !upgraded)
            return refuse(upgraded.error().code, upgraded.error().detail);
        group = shard->fold.find(request.group_id);
    }
    if (foreign || classic_has_members(*shard, request.group_id) ||
        (group && group->classic && !beat.joining()))
        return refuse(ErrorCode::GroupIdNotFound,
                      "Group " + request.group_id + " is not a consumer group.");
    static const ConsumerGroup kNoGroup;
    const ConsumerGroup& consumer = group && group->consumer ? *group->consumer : kNoGroup;
    if (request.member_epoch < 0) return consumer_leave(*shard, consumer, beat);

    ConsumerDecision decision;
    decision.group_id = request.group_id;
    decision.member_id = beat.request.member_id;
    // An empty classic group, one that only has offsets included, makes way.
    if (group && !group->consumer)
        decision.records.push_back(classic_group_tombstone(request.group_id));
    std::string detail;
    code = resolve_consumer_member(consumer, beat, decision, detail);
    if (code != ErrorCode::None) return refuse(code, detail);
    decision.member = beat.member_after(decision.before);
    code = decide_consumer_epoch(*shard, consumer, decision, detail);
    if (code != ErrorCode::None) return refuse(code, detail);
    decide_consumer_assignment(consumer, beat, decision);
    if (encoded_bytes(decision.records) > kDecisionBytesMax)
        return refuse(ErrorCode::InvalidRequest,
                      "What the request comes to is larger than a record batch may be.");

    if (decision.replaces) shard->consumer_work[request.group_id].timers.forget(*decision.replaces);
    note_consumer(*shard, request.group_id, decision.member_id, decision.member);
    if (!group || !group->consumer) forget_classic(*shard, request.group_id);
    shard->shard.write(decision.records, now_.wall);
    answer_consumer(*shard, beat, decision);
}

// Who comes: a member we know, a new one, or a static one under a new id.
ErrorCode GroupCoordinator::resolve_consumer_member(const ConsumerGroup& group,
                                                    const ConsumerBeat& beat,
                                                    ConsumerDecision& decision,
                                                    std::string& detail) const {
    const HeartbeatRequest& request = beat.request;
    const std::string& id = request.member_id;
    const auto it = group.members.find(id);
    const std::string* current =
        request.instance_id ? group.static_member(*request.instance_id) : nullptr;
    if (!current && it == group.members.end() &&
        group.members.size() >= config_.consumer_group_size_max) {
        detail = "The consumer group has reached its maximum capacity of " +
                 std::to_string(config_.consumer_group_size_max) + " members.";
        return ErrorCode::GroupMaxSizeReached;
    }
    if (!beat.joining() || beat.rejoins) {
        if (request.instance_id && !current) {
            detail = "Instance id " + *request.instance_id + " is unknown.";
            return ErrorCode::UnknownMemberId;
        }
        if (current && *current != id) {
            detail = "Static member " + id + " with instance id " + *request.instance_id +
                     " was fenced by member " + *current + ".";
            return ErrorCode::FencedInstanceId;
        }
        if (it == group.members.end()) {
            detail = "Member " + id + " is not a member of group " + request.group_id + ".";
            return ErrorCode::UnknownMemberId;
        }
        decision.before = it->second;
        return beat.rejoins ? ErrorCode::None : check_consumer_epoch(beat, it->second, detail);
    }
    if (current) {
        // Its place is free once it said that it is away, or its session ended.
        const ConsumerMember& there = group.members.at(*current);
        if (there.epoch != kLeaveStatic && !there.classic && !beat.classic) {
            detail = "Static member " + id + " with instance id " + *request.instance_id +
                     " cannot join the group because the instance id is owned by " + *current +
                     " member.";
            return ErrorCode::UnreleasedInstanceId;
        }
        decision.replaces = *current;
        decision.before = there;
        decision.before.epoch = decision.before.previous_epoch = 0;
        for (auto& record : consumer_member_tombstones(request.group_id, *current))
            decision.records.push_back(std::move(record));
        const auto target = group.targets.find(*current);
        decision.target = target == group.targets.end() ? PartitionSets{} : target->second;
        decision.records.push_back(consumer_member_record(request.group_id, id, decision.before));
        decision.records.push_back(consumer_target_record(request.group_id, id, decision.target));
        decision.records.push_back(
            consumer_assignment_record(request.group_id, id, decision.before));
        return ErrorCode::None;
    }
    if (it != group.members.end())
        decision.before = it->second;
    else
        decision.is_new = true;
    return ErrorCode::None;
}

// The epoch we gave it, or the one before when that reply was lost and it owns nothing it should
// not.
ErrorCode GroupCoordinator::check_consumer_epoch(const ConsumerBeat& beat,
                                                 const ConsumerMember& member,
                                                 std::string& detail) const {
    const std::int32_t received = beat.request.member_epoch;
    const auto owned = beat.owned();
    const auto fenced = [&](std::string_view how) {
        detail = "The consumer group member has a " + std::string(how) + " member epoch (" +
                 std::to_string(received) + ") than the one known by the group coordinator (" +
                 std::to_string(member.epoch) +
                 "). The member must abandon all its partitions and rejoin.";
        return ErrorCode::FencedMemberEpoch;
    };
    if (received > member.epoch) return fenced("greater");
    if (received < member.epoch &&
        (received != member.previous_epoch || !owned || !contains_all(member.assigned, *owned)))
        return fenced("smaller");
    if (member.state == ConsumerMemberState::Unknown && (!owned || !owned->empty())) {
        detail =
            "The consumer group member is in a unknown state. The member must abandon all its "
            "partitions and rejoin.";
        return ErrorCode::FencedMemberEpoch;
    }
    return ErrorCode::None;
}

// The member's record, the expressions it brings or was the last to need, and the group's epoch.
ErrorCode GroupCoordinator::decide_consumer_epoch(GroupShard& shard, const ConsumerGroup& group,
                                                  ConsumerDecision& decision, std::string& detail) {
    const std::string& group_id = decision.group_id;
    ConsumerWork& work = shard.consumer_work[group_id];
    const ConsumerMember &before = decision.before, &member = decision.member;
    if (decision.is_new || !same_metadata(before, member))
        decision.records.push_back(consumer_member_record(group_id, decision.member_id, member));
    decision.regexes = group.regexes;
    const bool regex_changed = before.regex != member.regex;
    decision.subscription_changed = before.topics != member.topics || regex_changed;

    const auto members = ConsumerMembers(group).with(decision.member_id, member, decision.replaces);
    if (regex_changed) {
        if (!member.regex.empty() && !group.regexes.contains(member.regex))
            if (auto valid = check_topic_regex(member.regex); !valid) {
                detail = valid.error().detail;
                return valid.error().code;
            }
        if (!before.regex.empty() && !members.regexes().contains(before.regex)) {
            decision.regexes.erase(before.regex);
            decision.records.push_back(consumer_regex_tombstone(group_id, before.regex));
        }
    }
    const bool resolved = resolve_regexes(work, members, decision);

    const std::string& otherwise = config_.consumer_assignors.front();
    const bool asks_another = decision.is_new || before.server_assignor != member.server_assignor;
    const bool assignor_changed =
        asks_another && ConsumerMembers(group).preferred_assignor(otherwise) !=
                            members.preferred_assignor(otherwise);
    decision.epoch = group.epoch;
    bool bump = decision.subscription_changed || assignor_changed;
    if (bump || resolved || work.metadata_stale) {
        const std::int64_t hash = subscription_hash(members, decision.regexes, topics_);
        bump = bump || hash != group.metadata_hash;
        if (bump) {
            ++decision.epoch;
            decision.records.push_back(consumer_epoch_record(group_id, decision.epoch, hash));
            work.settling_until =
                now_.time + std::chrono::milliseconds(consumer_heartbeat_interval(group_id));
        }
        work.metadata_stale = false;
        if (group.partition_metadata)
            decision.records.push_back(consumer_partition_metadata_tombstone(group_id));
    }
    return ErrorCode::None;
}

// Kafka resolves them on another thread, for a later heartbeat; they are cheap enough to be
// resolved here. True: some expression matches other topics than before.
bool GroupCoordinator::resolve_regexes(ConsumerWork& work, const ConsumerMembers& members,
                                       ConsumerDecision& decision) {
    if (decision.member.regex.empty() && decision.regexes.empty()) return false;
    const auto counts = members.regexes();
    if (counts.empty()) return false;
    const bool refresh =
        (work.regexes_stale && work.regexes_since + kRegexRefreshInterval <= now_.time) ||
        work.regexes_since + config_.consumer_regex_refresh_interval <= now_.time;
    std::set<std::string> wanted;
    for (const auto& [regex, count] : counts)
        if (refresh || !decision.regexes.contains(regex)) wanted.insert(regex);
    if (wanted.empty()) return false;
    if (refresh) {
        work.regexes_stale = false;
        work.regexes_since = now_.time;
    }
    bool changed = false;
    for (auto& [regex, names] : matching_topics(wanted, topics_)) {
        const auto there = decision.regexes.find(regex);
        if (there != decision.regexes.end() && there->second.topics == names) continue;
        changed = true;
        ResolvedRegex& resolved = decision.regexes[regex];
        resolved = {std::move(names), topics_.metadata_version(), now_.wall};
        decision.records.push_back(consumer_regex_record(decision.group_id, regex, resolved));
    }
    return changed;
}

// The targets, if the group's epoch is ahead of them; and the member's next step to its own.
void GroupCoordinator::decide_consumer_assignment(const ConsumerGroup& group,
                                                  const ConsumerBeat& beat,
                                                  ConsumerDecision& decision) {
    const std::string& group_id = decision.group_id;
    if (!decision.replaces)
        if (const auto it = group.targets.find(decision.member_id); it != group.targets.end())
            decision.target = it->second;
    decision.target_epoch = group.target_epoch;
    const auto interval = std::chrono::milliseconds(consumer_assignment_interval(group_id));
    const bool may_assign = group.target_time == Timestamp{0} ||
                            now_.wall.value() >= group.target_time.value() + interval.count();
    if (decision.epoch > group.target_epoch && may_assign) {
        const auto members =
            ConsumerMembers(group).with(decision.member_id, decision.member, decision.replaces);
        const ConsumerTargets targets = consumer_targets(
            group, members, decision.regexes, decision.replaces, decision.member_id,
            members.preferred_assignor(config_.consumer_assignors.front()), topics_);
        for (const auto& [id, target] : targets) {
            const auto there = group.targets.find(
                decision.replaces && id == decision.member_id ? *decision.replaces : id);
            if (there == group.targets.end() || there->second != target)
                decision.records.push_back(consumer_target_record(group_id, id, target));
        }
        decision.records.push_back(
            consumer_target_epoch_record(group_id, decision.epoch, now_.wall));
        decision.target_epoch = decision.epoch;
        decision.target = targets.at(decision.member_id);
    }

    const ConsumerMember& member = decision.member;
    if (!decision.subscription_changed && member.state == ConsumerMemberState::Stable &&
        member.epoch == decision.target_epoch)
        return;
    std::set<Uuid> subscribed;
    for (const std::string& name : subscribed_names(member, decision.regexes))
        if (const auto topic = topics_.find(name)) subscribed.insert(topic->id);
    const auto owned = beat.owned();
    const std::string& self = decision.replaces.value_or(decision.member_id);
    ConsumerMember next =
        reconcile(member, {.target_epoch = decision.target_epoch,
                           .target = decision.target,
                           .subscribed = subscribed,
                           .subscription_changed = decision.subscription_changed,
                           .owned = owned,
                           .held_by_others = [&](const Uuid& topic, std::int32_t partition) {
                               const auto owner = group.owners.find({topic, partition});
                               return owner != group.owners.end() && owner->second != self;
                           }});
    if (next == member) return;
    decision.member = std::move(next);
    decision.records.push_back(
        consumer_assignment_record(group_id, decision.member_id, decision.member));
}

void GroupCoordinator::answer_consumer(GroupShard& shard, const ConsumerBeat& beat,
                                       const ConsumerDecision& decision) {
    const std::string& group_id = decision.group_id;
    const Group* group = shard.fold.find(group_id);
    HeartbeatResponse response;
    response.member_id = decision.member_id;
    response.member_epoch = decision.member.epoch;
    response.heartbeat_interval_ms = consumer_heartbeat_interval(group_id);
    if (group && group->consumer) {
        const std::int32_t members = static_cast<std::int32_t>(group->consumer->members.size());
        const bool moving = consumer_group_state(*group->consumer) != "Stable";
        const bool settling = shard.consumer_work[group_id].settling_until > now_.time;
        // Many members that come often would do little else.
        if (moving || settling)
            response.heartbeat_interval_ms =
                std::min(response.heartbeat_interval_ms,
                         std::max(moving ? config_.consumer_unstable_heartbeat_interval_ms
                                         : config_.consumer_settling_heartbeat_interval_ms,
                                  members));
    }
    if (beat.joining() || beat.full() || decision.member.assigned != decision.before.assigned)
        response.assignment = to_wire(decision.member.assigned);
    answer_after(shard, group ? group->membership_end : Offset{0},
                 [beat, response = std::move(response)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None) return beat.refuse(failed, {});
                     beat.answer(std::move(response));
                 });
}

void GroupCoordinator::consumer_leave(GroupShard& shard, const ConsumerGroup& group,
                                      const ConsumerBeat& beat) {
    const HeartbeatRequest& request = beat.request;
    const auto answer = [&](ErrorCode code, std::string detail) {
        const Group* now = shard.fold.find(request.group_id);
        answer_after(shard, now ? now->membership_end : shard.shard.next_offset(),
                     [beat, code, detail = std::move(detail)](ErrorCode failed) {
                         if (failed != ErrorCode::None || code != ErrorCode::None)
                             return beat.refuse(failed != ErrorCode::None ? failed : code, detail);
                         HeartbeatResponse response;
                         response.member_id = beat.request.member_id;
                         response.member_epoch = beat.request.member_epoch;
                         beat.answer(std::move(response));
                     });
    };
    const auto it = group.members.find(request.member_id);
    if (request.instance_id) {
        const std::string* current = group.static_member(*request.instance_id);
        if (!current)
            return answer(ErrorCode::UnknownMemberId,
                          "Instance id " + *request.instance_id + " is unknown.");
        if (*current != request.member_id)
            return answer(ErrorCode::FencedInstanceId,
                          "Static member " + request.member_id + " with instance id " +
                              *request.instance_id + " was fenced by member " + *current + ".");
    } else if (it == group.members.end()) {
        return answer(
            ErrorCode::UnknownMemberId,
            "Member " + request.member_id + " is not a member of group " + request.group_id + ".");
    }
    if (request.member_epoch == kLeave || !request.instance_id) {
        remove_consumers(shard, request.group_id, {request.member_id}, "it said so");
        return answer(ErrorCode::None, {});
    }
    // A static member is away for a while: it keeps its partitions until it is back or its session
    // ends.
    ConsumerMember away = it->second;
    away.epoch = kLeaveStatic;
    away.revoking.clear();
    for (auto& [topic, held] : away.assigned)
        for (auto& [partition, epoch] : held) epoch = 0;
    shard.consumer_work[request.group_id].timers.has_revoked(request.member_id);
    const CoordinatorRecords records{
        consumer_assignment_record(request.group_id, request.member_id, away)};
    shard.shard.write(records, now_.wall);
    answer(ErrorCode::None, {});
}

}  // namespace millrace::broker
