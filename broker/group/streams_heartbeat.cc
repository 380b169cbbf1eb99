// StreamsGroupHeartbeat (KIP-1071): a member joins, reports, leaves; the group's epoch, its target
// and the member's own assignment move on. Every heartbeat is one decision: all its records stand
// in one batch.
#include <algorithm>
#include <utility>

#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/group_shard.h"
#include "millrace/broker/group/reconciliation.h"

namespace millrace::broker {

namespace {

using HeartbeatRequest = wire::StreamsGroupHeartbeatRequest;
using HeartbeatResponse = wire::StreamsGroupHeartbeatResponse;

std::vector<HeartbeatResponse::TaskIds> to_wire(const TaskSet& tasks) {
    std::vector<HeartbeatResponse::TaskIds> result;
    for (const TaskId& task : tasks) {
        if (result.empty() || result.back().subtopology_id != task.subtopology)
            result.push_back({task.subtopology, {}});
        result.back().partitions.push_back(task.partition);
    }
    return result;
}

// KIP-848's rule: the epoch we gave it, or the one before when that reply was lost and it owns
// nothing it should not.
bool epoch_is_valid(const StreamsMember& member, std::int32_t received,
                    const std::optional<Tasks>& owned) {
    if (received == member.epoch) return true;
    return received < member.epoch && received == member.previous_epoch && owned &&
           contains_all(member.assigned(), *owned);
}

}  // namespace

void GroupCoordinator::streams_heartbeat(const HeartbeatRequest& request,
                                         const RequestContext& context, Now now,
                                         std::function<void(HeartbeatResponse)> answer) {
    now_ = now;
    auto beat = std::make_shared<Beat>();
    beat->request = request;
    beat->client_id = context.client_id;
    beat->client_host = context.loopback ? std::string(kLoopbackHost) : context.client_host;
    beat->answer = std::move(answer);
    if (auto valid = validate_heartbeat(request); !valid)
        return beat->refuse(valid.error().code, valid.error().detail);
    heartbeat(beat, false);
}

void GroupCoordinator::heartbeat(const BeatRef& beat, bool wait_expired) {
    const HeartbeatRequest& request = beat->request;
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return beat->refuse(code, {});
    const Group* group = shard->fold.find(request.group_id);
    const Offset saw = group ? group->membership_end : Offset{0};
    const auto refuse = [&](ErrorCode why, std::string detail) {
        answer_after(*shard, saw, [beat, why, detail = std::move(detail)](ErrorCode failed) {
            failed == ErrorCode::None ? beat->refuse(why, detail) : beat->refuse(failed, {});
        });
    };
    static const StreamsGroup kNoGroup;
    const bool classic = group && group->classic;
    const bool joined = classic_has_members(*shard, request.group_id);
    const bool foreign = group && (group->consumer || group->foreign != ForeignProtocol::None);
    if (foreign || joined || (classic && !beat->joining()))
        return refuse(ErrorCode::GroupIdNotFound,
                      "Group " + request.group_id + " is not a streams group.");
    if (!beat->joining() && (!group || !group->streams))
        return refuse(ErrorCode::GroupIdNotFound,
                      "Streams group " + request.group_id + " not found.");
    if (request.member_epoch < 0) return leave(*shard, *group, beat);
    const StreamsGroup& streams = group && group->streams ? *group->streams : kNoGroup;

    Decision decision;
    std::string detail;
    if (const ErrorCode why = resolve_member(*shard, streams, *beat, decision, detail);
        why != ErrorCode::None)
        return refuse(why, detail);
    decision.member = beat->member_after(decision.before);

    if (const ErrorCode why = resolve_topology(streams, *beat, decision, detail);
        why != ErrorCode::None)
        return refuse(why, detail);
    if (wait_for_internal_topics(*shard, beat, wait_expired, decision)) return;

    decide_records(*shard, streams, *beat, classic, decision);
    if (encoded_bytes(decision.records) > kDecisionBytesMax)
        return refuse(ErrorCode::InvalidRequest,
                      "What the request says is larger than a record batch may be.");

    note_heartbeat(*shard, *beat, decision);
    shard->shard.write(decision.records, now_.wall);
    answer_heartbeat(*shard, beat, decision);
}

void GroupCoordinator::decide_records(GroupShard& shard, const StreamsGroup& group,
                                      const Beat& beat, bool replaces_classic, Decision& decision) {
    const HeartbeatRequest& request = beat.request;
    // The records, in Kafka's order: member, topology, epoch, target, assignment.
    if (replaces_classic) {
        decision.records.push_back(classic_group_tombstone(request.group_id));
        forget_classic(shard, request.group_id);
    }
    if (decision.replaces)
        for (auto& record : streams_member_tombstones(request.group_id, *decision.replaces))
            decision.records.push_back(std::move(record));
    if (decision.is_new || streams_member_record({}, {}, decision.member) !=
                               streams_member_record({}, {}, decision.before))
        decision.records.push_back(
            streams_member_record(request.group_id, request.member_id, decision.member));
    if (decision.new_topology)
        decision.records.push_back(
            streams_topology_record(request.group_id, *decision.next.topology));
    decide_epochs(shard, group, beat, decision);

    static const Tasks kNoTasks;
    const Tasks* target = &kNoTasks;
    if (decision.targets) {
        target = &decision.targets->at(request.member_id);
    } else if (const auto it = group.targets.find(request.member_id); it != group.targets.end()) {
        target = &it->second;
    }
    decision.before_assignment = decision.member;
    // Before the first target exists a member is at epoch 1: 0 would mean that it has not joined.
    decision.member = reconcile(
        decision.member, std::max(decision.next.target_epoch, 1), *target, beat.owned(),
        [&] { return other_owners(group, decision.replaces.value_or(request.member_id)); });
    if (decision.is_new || decision.member != decision.before_assignment)
        decision.records.push_back(
            streams_assignment_record(request.group_id, request.member_id, decision.member));
}

// What need not survive: timers, what the member reported.
void GroupCoordinator::note_heartbeat(GroupShard& shard, const Beat& beat,
                                      const Decision& decision) {
    const HeartbeatRequest& request = beat.request;
    StreamsWork& work = shard.work[request.group_id];
    if (decision.replaces) {
        work.timers.forget(*decision.replaces);
        work.task_offsets.erase(*decision.replaces);
    }
    if (decision.is_new || decision.member.assigned() != decision.before_assignment.assigned() ||
        decision.member.user_endpoint != decision.before.user_endpoint)
        ++work.endpoint_epoch;
    note_member(shard, request.group_id, request.member_id, decision.member);
    if (request.shutdown_application) work.shutdown_by = request.member_id;
    const auto note_offsets = [](const auto& sent, std::map<TaskId, std::int64_t>& into) {
        if (!sent) return;
        for (const auto& one : *sent) into[{one.subtopology_id, one.partition}] = one.offset;
    };
    if (request.task_offsets || request.task_end_offsets) {
        StreamsWork::TaskOffsets& offsets = work.task_offsets[request.member_id];
        note_offsets(request.task_offsets, offsets.offsets);
        note_offsets(request.task_end_offsets, offsets.end_offsets);
    }
}

void GroupCoordinator::leave(GroupShard& shard, const Group& group, const BeatRef& beat) {
    const HeartbeatRequest& request = beat->request;
    const auto answer = [&](ErrorCode code, std::string detail) {
        const Group* now = shard.fold.find(request.group_id);
        answer_after(shard, now ? now->membership_end : shard.shard.next_offset(),
                     [beat, code, detail = std::move(detail)](ErrorCode failed) {
                         if (failed != ErrorCode::None || code != ErrorCode::None)
                             return beat->refuse(failed != ErrorCode::None ? failed : code, detail);
                         HeartbeatResponse response;
                         response.member_id = beat->request.member_id;
                         response.member_epoch = beat->request.member_epoch;
                         beat->answer(std::move(response));
                     });
    };
    const StreamsGroup& streams = *group.streams;
    const auto it = streams.members.find(request.member_id);
    if (request.instance_id) {
        const std::string* current = streams.static_member(*request.instance_id);
        if (!current)
            return answer(ErrorCode::UnknownMemberId,
                          "Instance " + *request.instance_id + " is unknown.");
        if (*current != request.member_id)
            return answer(ErrorCode::FencedInstanceId, "Static member " + request.member_id +
                                                           " was fenced by " + *current + ".");
    } else if (it == streams.members.end()) {
        return answer(
            ErrorCode::UnknownMemberId,
            "Member " + request.member_id + " is not a member of group " + request.group_id + ".");
    }
    if (request.member_epoch == kLeave) {
        remove_members(shard, request.group_id, {request.member_id}, "it said so");
        return answer(ErrorCode::None, {});
    }
    // A static member is away for a while: it keeps its tasks until it is back or its session ends.
    StreamsMember away = it->second;
    away.previous_epoch = away.epoch;
    away.epoch = kLeaveStatic;
    away.state = StreamsMemberState::Stable;
    away.active_revoking.clear();
    away.standby_revoking.clear();
    away.warmup_revoking.clear();
    note_member(shard, request.group_id, request.member_id, away);
    const CoordinatorRecords records{
        streams_assignment_record(request.group_id, request.member_id, away)};
    shard.shard.write(records, now_.wall);
    answer(ErrorCode::None, {});
}

// Who comes: a member we know, a new one, or a static one under a new id.
ErrorCode GroupCoordinator::resolve_member(GroupShard& shard, const StreamsGroup& group,
                                           const Beat& beat, Decision& decision,
                                           std::string& detail) {
    (void)shard;
    const HeartbeatRequest& request = beat.request;
    decision.member_id = request.member_id;
    const auto it = group.members.find(request.member_id);
    const std::string* current =
        request.instance_id ? group.static_member(*request.instance_id) : nullptr;
    if (!beat.joining()) {
        if (request.instance_id && current && *current != request.member_id) {
            detail = "Static member " + request.member_id + " with instance id " +
                     *request.instance_id + " was fenced by member " + *current + ".";
            return ErrorCode::FencedInstanceId;
        }
        if (it == group.members.end()) {
            detail = "Member " + request.member_id + " is not a member of group " +
                     request.group_id + ".";
            return ErrorCode::UnknownMemberId;
        }
        if (!epoch_is_valid(it->second, request.member_epoch, beat.owned())) {
            detail = "The streams group member has epoch " + std::to_string(request.member_epoch) +
                     ", the coordinator knows " + std::to_string(it->second.epoch) +
                     ". The member must abandon all its tasks and rejoin.";
            return ErrorCode::FencedMemberEpoch;
        }
        decision.before = it->second;
        return ErrorCode::None;
    }
    if (current && *current != request.member_id) {
        const StreamsMember& other = group.members.at(*current);
        // Kafka waits until the former one left or its session ended. The process id survives a
        // restart and its state directory is locked: the same instance of the same process is the
        // same worker, started again.
        const bool same_process = request.process_id && *request.process_id == other.process_id;
        if (other.epoch != kLeaveStatic && !same_process) {
            detail = "Static member " + request.member_id + " cannot join: instance id " +
                     *request.instance_id + " is in use by member " + *current + ".";
            return ErrorCode::UnreleasedInstanceId;
        }
        decision.replaces = *current;
        decision.before = other;
    } else if (it != group.members.end()) {
        decision.before = it->second;
    } else {
        if (group.members.size() >= config_.streams_group_size_max) {
            detail = "The streams group has reached its maximum capacity of " +
                     std::to_string(config_.streams_group_size_max) + " members.";
            return ErrorCode::GroupMaxSizeReached;
        }
        decision.is_new = true;
        return ErrorCode::None;
    }
    if (decision.replaces ||
        decision.before.epoch == kLeaveStatic) {  // it comes back with nothing, for the same tasks
        decision.is_new = true;
        decision.before.epoch = decision.before.previous_epoch = 0;
        decision.before.state = StreamsMemberState::Stable;
        decision.before.active_revoking.clear();
        decision.before.standby_revoking.clear();
        decision.before.warmup_revoking.clear();
    }
    return ErrorCode::None;
}

ErrorCode GroupCoordinator::resolve_topology(const StreamsGroup& group, const Beat& beat,
                                             Decision& decision, std::string& detail) {
    const HeartbeatRequest& request = beat.request;
    decision.next.topology = group.topology;
    if (request.topology) {
        auto sent = topology_value(*request.topology);
        // An empty group may come back with another program; one with members keeps its own (as up
        // to Kafka 4.4).
        const bool alone = std::ranges::all_of(group.members, [&](const auto& one) {
            return one.first == request.member_id || one.first == decision.replaces;
        });
        if (!group.topology ||
            (alone && group.topology->epoch <= sent.epoch && *group.topology != sent)) {
            decision.next.topology = std::move(sent);
            decision.new_topology = true;
        } else if (sent.epoch >= group.topology->epoch && sent != *group.topology) {
            detail = "Topology updates are not supported yet.";
            return ErrorCode::InvalidRequest;
        }
    }
    if (!decision.next.topology) return ErrorCode::None;
    decision.stale_topology = decision.member.topology_epoch < decision.next.topology->epoch;
    decision.configured = configure_topology(*decision.next.topology, topics_);

    const auto owned = beat.owned();
    if (!owned) return ErrorCode::None;
    std::set<std::string> known;
    for (const auto& sub : decision.next.topology->subtopologies) known.insert(sub.subtopology_id);
    for (const TaskSet* role : {&owned->active, &owned->standby, &owned->warmup})
        for (const TaskId& task : *role) {
            const auto count = decision.configured.tasks.find(task.subtopology);
            if (known.contains(task.subtopology) && task.partition >= 0 &&
                (count == decision.configured.tasks.end() || task.partition < count->second))
                continue;
            detail = "Task " + task.to_string() + " is not in the topology.";
            return ErrorCode::InvalidRequest;
        }
    return ErrorCode::None;
}

// Asks for internal topics that are missing. A member that joins waits a moment for them: it would
// only come back.
bool GroupCoordinator::wait_for_internal_topics(GroupShard& shard, const BeatRef& beat,
                                                bool wait_expired, Decision& decision) {
    const auto& configured = decision.configured;
    if (!configured.problem || configured.problem->status != StreamsStatus::MissingInternalTopics)
        return false;
    const std::string& group_id = beat->request.group_id;
    StreamsWork& work = shard.work[group_id];
    std::string failures;
    bool coming = false;
    for (const InternalTopic& topic : configured.internal_topics) {
        if (!std::ranges::binary_search(configured.missing, topic.name)) continue;
        const auto failed = work.failed.find(topic.name);
        if (failed != work.failed.end() && failed->second.until > now_.time) {
            failures += (failures.empty() ? " Creation failed: " : "; ") + topic.name + " (" +
                        failed->second.detail + ")";
            continue;
        }
        work.failed.erase(topic.name);
        coming = true;
        if (!work.creating.insert(topic.name).second && !wait_expired) continue;
        effects_.create_topics.push_back(
            {group_id, topic.name, topic.partitions,
             topic.replication_factor > 0 ? topic.replication_factor : std::int16_t{-1},
             topic.configs});
    }
    if (!failures.empty()) decision.configured.problem->detail += failures;
    if (!coming || wait_expired || !beat->joining() ||
        config_.internal_topics_wait <= Duration::zero())
        return false;
    timers_changed_ = true;
    work.waiting.push_back({now_.time + config_.internal_topics_wait,
                            [this, beat](bool expired) { heartbeat(beat, expired); }});
    return true;
}

void GroupCoordinator::decide_epochs(GroupShard& shard, const StreamsGroup& group, const Beat& beat,
                                     Decision& decision) {
    const HeartbeatRequest& request = beat.request;
    StreamsGroup& next = decision.next;
    next.epoch = group.epoch;
    next.target_epoch = group.target_epoch;
    next.metadata_hash = next.topology ? decision.configured.metadata_hash : 0;
    next.validated_topology_epoch =
        next.topology && decision.configured.ready() ? next.topology->epoch : -1;
    next.assignment_configs = {
        {"num.standby.replicas", std::to_string(config_.streams_num_standby_replicas)}};
    const StreamsMember& before = decision.before;
    const StreamsMember& member = decision.member;
    const bool away_or_replaced =
        decision.is_new && !before.process_id.empty();  // not a change of the group by itself
    const bool member_changed =
        (decision.is_new && !away_or_replaced) || member.process_id != before.process_id ||
        member.rack_id != before.rack_id || member.client_tags != before.client_tags ||
        member.topology_epoch != before.topology_epoch ||
        member.user_endpoint != before.user_endpoint;
    if (member_changed || decision.new_topology || next.metadata_hash != group.metadata_hash ||
        next.validated_topology_epoch != group.validated_topology_epoch ||
        next.assignment_configs != group.assignment_configs) {
        next.epoch = std::max(group.epoch + 1,
                              2);  // a member without a target is at 1, and must see a later one
        decision.records.push_back(streams_group_record(request.group_id, next));
        shard.work[request.group_id].settling_until =
            now_.time + std::chrono::milliseconds(config_.streams_heartbeat_interval_ms);
    }
    StreamsWork& work = shard.work[request.group_id];
    if (group.members.empty() && config_.streams_initial_rebalance_delay_ms > 0 && decision.is_new)
        work.assign_after =
            now_.time + std::chrono::milliseconds(config_.streams_initial_rebalance_delay_ms);
    if (next.epoch > group.target_epoch) {
        decision.delayed = work.assign_after > now_.time;
        if (!decision.delayed) {
            work.assign_after = Time{0};
            return assign(shard, request.group_id, group, decision);
        }
    }
    if (!decision.replaces) return;
    // The target goes over to the new id.
    const auto target = group.targets.find(*decision.replaces);
    if (target == group.targets.end()) return;
    decision.records.push_back(
        streams_target_record(request.group_id, request.member_id, target->second));
    decision.targets = {{request.member_id, target->second}};
}

void GroupCoordinator::answer_heartbeat(GroupShard& shard, const BeatRef& beat,
                                        const Decision& decision) {
    const HeartbeatRequest& request = beat->request;
    const Group& group = *shard.fold.find(request.group_id);
    const StreamsGroup& streams = *group.streams;
    const StreamsMember& member = decision.member;
    const StreamsWork& work = shard.work[request.group_id];

    HeartbeatResponse response;
    response.member_id = request.member_id;
    response.member_epoch = member.epoch;
    response.task_offset_interval_ms = config_.task_offset_interval_ms;
    response.acceptable_recovery_lag = config_.acceptable_recovery_lag;
    response.acceptable_recovery_lag_legacy = static_cast<std::int32_t>(
        std::min<std::int64_t>(config_.acceptable_recovery_lag, INT32_MAX));
    const std::string_view state = streams_group_state(streams);
    const bool moving = state == "Reconciling" || state == "Assigning";
    const bool settling = work.settling_until > now_.time;
    response.heartbeat_interval_ms =
        std::min(config_.streams_heartbeat_interval_ms,
                 moving     ? config_.streams_unstable_heartbeat_interval_ms
                 : settling ? config_.streams_settling_heartbeat_interval_ms
                            : config_.streams_heartbeat_interval_ms);
    const auto status = [&](StreamsStatus code, std::string detail) {
        response.status->push_back({static_cast<std::int8_t>(code), std::move(detail)});
    };
    if (decision.stale_topology)
        status(StreamsStatus::StaleTopology, "The member's topology epoch " +
                                                 std::to_string(member.topology_epoch) +
                                                 " is behind the group's topology epoch " +
                                                 std::to_string(streams.topology->epoch) + ".");
    if (decision.configured.problem)
        status(decision.configured.problem->status, decision.configured.problem->detail);
    if (work.shutdown_by)
        status(
            StreamsStatus::ShutdownApplication,
            "Streams group member " + *work.shutdown_by +
                " encountered a fatal error and requested a shutdown for the entire application.");
    if (decision.delayed)
        status(StreamsStatus::AssignmentDelayed,
               "Assignment delayed due to the configured initial rebalance delay.");

    // On joining and on change; and to whoever shows that it missed our last reply (a grant does
    // not change the epoch): it sends what it owns after a request that failed.
    const auto owned = beat->owned();
    const bool missed =
        request.member_epoch != member.epoch || (owned && *owned != member.assigned());
    if (beat->joining() || missed || member.assigned() != decision.before.assigned()) {
        const Tasks tasks = member.assigned();
        response.active_tasks = to_wire(tasks.active);
        response.standby_tasks = to_wire(tasks.standby);
        response.warmup_tasks = to_wire(tasks.warmup);
    }
    response.endpoint_information_epoch = work.endpoint_epoch;
    if (request.endpoint_information_epoch != work.endpoint_epoch)
        response.partitions_by_user_endpoint = endpoint_partitions(streams, topics_);

    answer_after(shard, group.membership_end,
                 [beat, response = std::move(response)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None) return beat->refuse(failed, {});
                     beat->answer(std::move(response));
                 });
}

}  // namespace millrace::broker
