#include "millrace/broker/group/group_fold.h"

#include <algorithm>

#include "millrace/base/mutant.h"
#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/wire/records/offsets.h"
#include "millrace/wire/records/share_group.h"

namespace millrace::broker {

namespace {

template <class WireTasks>
TaskSet task_set(const std::vector<WireTasks>& from) {
    TaskSet tasks;
    for (const auto& ids : from)
        for (const std::int32_t partition : ids.partitions)
            tasks.insert({ids.subtopology_id, partition});
    return tasks;
}

using WireAssignment = wire::StreamsGroupCurrentMemberAssignmentValue;

ActiveTasks active_tasks(const std::vector<WireAssignment::TaskIds>& from,
                         std::int32_t member_epoch) {
    ActiveTasks tasks;
    for (const auto& ids : from)
        for (std::size_t i = 0; i < ids.partitions.size(); ++i) {
            const bool known = ids.assignment_epochs && i < ids.assignment_epochs->size();
            tasks[{ids.subtopology_id, ids.partitions[i]}] =
                known ? (*ids.assignment_epochs)[i]
                      : member_epoch;  // before 4.3 they were not written
        }
    return tasks;
}

TaskSet keys(const ActiveTasks& tasks) {
    TaskSet set;
    for (const auto& [task, epoch] : tasks) set.insert(task);
    return set;
}

void apply_assignment(StreamsMember& member, const WireAssignment& value) {
    member.epoch = value.member_epoch;
    member.previous_epoch = value.previous_member_epoch;
    const bool known = value.state >= 1 && value.state <= 3;
    member.state =
        known ? static_cast<StreamsMemberState>(value.state) : StreamsMemberState::Unknown;
    member.active = active_tasks(value.active_tasks, value.member_epoch);
    member.active_revoking =
        active_tasks(value.active_tasks_pending_revocation, value.member_epoch);
    member.standby = task_set(value.standby_tasks);
    member.standby_revoking = task_set(value.standby_tasks_pending_revocation);
    member.warmup = task_set(value.warmup_tasks);
    member.warmup_revoking = task_set(value.warmup_tasks_pending_revocation);
}

void apply_metadata(StreamsMember& member, wire::StreamsGroupMemberMetadataValue&& value) {
    member.instance_id = std::move(value.instance_id);
    member.rack_id = std::move(value.rack_id);
    member.client_id = std::move(value.client_id);
    member.client_host = std::move(value.client_host);
    member.rebalance_timeout_ms = value.rebalance_timeout_ms;
    member.topology_epoch = value.topology_epoch;
    member.process_id = std::move(value.process_id);
    member.user_endpoint.reset();
    if (value.user_endpoint)
        member.user_endpoint = {value.user_endpoint->host, value.user_endpoint->port};
    member.client_tags.clear();
    for (auto& tag : value.client_tags)
        member.client_tags.emplace_back(std::move(tag.key), std::move(tag.value));
}

}  // namespace

Tasks StreamsMember::assigned() const {
    return {keys(active), standby, warmup};
}
Tasks StreamsMember::revoking() const {
    return {keys(active_revoking), standby_revoking, warmup_revoking};
}

const std::string* StreamsGroup::static_member(const std::string& instance_id) const {
    for (const auto& [id, member] : members)
        if (member.instance_id == instance_id) return &id;
    return nullptr;
}

bool Group::has_members() const {
    return (streams && !streams->members.empty()) || (classic && !classic->members.empty()) ||
           (consumer && !consumer->members.empty()) || !foreign_members.empty();
}

bool Group::has_pending(const TopicPartition& tp) const {
    return std::ranges::any_of(pending,
                               [&](const auto& one) { return one.second.offsets.contains(tp); });
}

void GroupFold::clear() {
    groups_.clear();
    pending_groups_.clear();
    skipped_ = 0;
}

const Group* GroupFold::find(const std::string& group_id) const {
    const auto it = groups_.find(group_id);
    return it == groups_.end() ? nullptr : &it->second;
}

void GroupFold::drop_if_empty(const std::string& group_id) {
    const auto it = groups_.find(group_id);
    if (it != groups_.end() && it->second.empty()) groups_.erase(it);
}

void GroupFold::replay(const ReplayedRecord& record) {
    const std::int16_t type = key_type(record.key);
    switch (type) {
        case 0:
            return replay_offset(record, true);
        case 1:
            return replay_offset(record, false);
        case 17:
        case 19:
        case 20:
        case 21:
        case 22:
        case 23:
            return replay_streams(type, record);
        case 2:
            return replay_classic(record);
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
        case 16:
            return replay_consumer(type, record);
        case 10:
        case 11:
            return replay_foreign(type, record);
        case 12:
        case 13:
        case 14:
        case 15:
            return;  // foreign, nothing we need
        default:
            ++skipped_;
    }
}

void GroupFold::replay_offset(const ReplayedRecord& record, bool legacy) {
    std::string group_id;
    TopicPartition tp;
    if (legacy) {
        auto key = decode_key<wire::LegacyOffsetCommitKey>(record.key);
        if (!key) return void(++skipped_);
        group_id = std::move(key->group);
        tp = {std::move(key->topic), key->partition};
    } else {
        auto key = decode_key<wire::OffsetCommitKey>(record.key);
        if (!key) return void(++skipped_);
        group_id = std::move(key->group);
        tp = {std::move(key->topic), key->partition};
    }
    if (!record.value) {
        const auto it = groups_.find(group_id);
        if (it == groups_.end()) return;
        it->second.offsets.erase(tp);
        for (auto& [producer, pending] : it->second.pending) pending.offsets.erase(tp);
        it->second.offsets_end = record.offset + 1;
        return drop_if_empty(group_id);
    }
    CommittedOffset offset{.position = record.offset};
    auto value = decode_value<wire::OffsetCommitValue>(*record.value);
    if (!value) return void(++skipped_);
    offset.offset = value->offset;
    offset.leader_epoch = value->leader_epoch;
    offset.metadata = std::move(value->metadata);
    offset.commit_time = Timestamp{value->commit_timestamp};
    if (value->expire_timestamp >= 0) offset.expire_time = Timestamp{value->expire_timestamp};
    offset.topic_id = value->topic_id;

    Group& group = groups_[group_id];
    if (record.transaction && !mutant::on(Mutant::OffsetsOutsideTransaction)) {
        Group::Pending& pending = group.pending[record.transaction->id];
        if (pending.epoch != record.transaction->epoch)
            pending.offsets.clear();  // of a transaction that has ended
        pending.epoch = record.transaction->epoch;
        pending.offsets.insert_or_assign(std::move(tp), std::move(offset));
        pending_groups_[record.transaction->id].insert(group_id);
        return;
    }
    group.offsets.insert_or_assign(std::move(tp), std::move(offset));
    group.offsets_end = record.offset + 1;
}

void GroupFold::replay(const TxnMarker& marker, Offset at) {
    const auto owner = pending_groups_.find(marker.producer.id);
    if (owner == pending_groups_.end()) return;
    const std::set<std::string> group_ids = owner->second;
    for (const std::string& group_id : group_ids) {
        Group& group = groups_[group_id];
        const auto it = group.pending.find(marker.producer.id);
        if (it == group.pending.end() || it->second.epoch > marker.producer.epoch) continue;
        if (marker.commit || mutant::on(Mutant::AbortedOffsetsCount))
            for (auto& [tp, offset] : it->second.offsets) {
                const auto there = group.offsets.find(tp);
                // A plain commit behind it in the log came later, and stays.
                if (there == group.offsets.end() || there->second.position < offset.position)
                    group.offsets.insert_or_assign(tp, std::move(offset));
            }
        group.offsets_end = at + 1;
        group.pending.erase(it);
        owner->second.erase(group_id);
        drop_if_empty(group_id);
    }
    if (owner->second.empty()) pending_groups_.erase(owner);
}

void GroupFold::replay_streams(std::int16_t type, const ReplayedRecord& record) {
    // Every key of these types begins with the group, and those of members go on with the member.
    ByteReader reader(record.key.subspan(2));
    const auto text = [&] {
        return std::string(
            as_text(reader.bytes(static_cast<std::uint16_t>(reader.be<std::int16_t>()))));
    };
    const std::string group_id = text();
    const std::string member_id = type == 19 || type == 21 || type == 22 ? text() : std::string();
    if (!reader.ok()) return void(++skipped_);

    if (!record.value) {
        const auto it = groups_.find(group_id);
        if (it == groups_.end()) return;
        Group& group = it->second;
        group.membership_end = record.offset + 1;
        if (!group.streams) return;
        StreamsGroup& streams = *group.streams;
        switch (type) {
            case 17:
                group.streams.reset();
                break;
            case 19:
                streams.members.erase(member_id);
                break;
            case 20:
                streams.target_epoch = 0;
                break;
            case 21:
                streams.targets.erase(member_id);
                break;
            case 22:
                if (const auto member = streams.members.find(member_id);
                    member != streams.members.end())
                    apply_assignment(member->second, {.state = 1});
                break;
            case 23:
                streams.topology.reset();
                break;
        }
        return drop_if_empty(group_id);
    }

    const auto streams = [&]() -> StreamsGroup& {
        Group& group = groups_[group_id];
        group.membership_end = record.offset + 1;
        if (!group.streams) group.streams.emplace();
        return *group.streams;
    };
    const BytesView value = *record.value;
    switch (type) {
        case 17: {
            auto decoded = decode_value<wire::StreamsGroupMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            StreamsGroup& group = streams();
            group.epoch = decoded->epoch;
            group.metadata_hash = decoded->metadata_hash;
            group.validated_topology_epoch = decoded->validated_topology_epoch;
            group.assignment_configs.clear();
            if (decoded->last_assignment_configs)
                for (auto& config : *decoded->last_assignment_configs)
                    group.assignment_configs[config.key] = config.value;
            return;
        }
        case 19: {
            auto decoded = decode_value<wire::StreamsGroupMemberMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            return apply_metadata(streams().members[member_id], *std::move(decoded));
        }
        case 20: {
            auto decoded = decode_value<wire::StreamsGroupTargetAssignmentMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            StreamsGroup& group = streams();
            group.target_epoch = decoded->assignment_epoch;
            group.target_time = Timestamp{decoded->assignment_timestamp};
            return;
        }
        case 21: {
            auto decoded = decode_value<wire::StreamsGroupTargetAssignmentMemberValue>(value);
            if (!decoded) return void(++skipped_);
            streams().targets[member_id] = {task_set(decoded->active_tasks),
                                            task_set(decoded->standby_tasks),
                                            task_set(decoded->warmup_tasks)};
            return;
        }
        case 22: {
            auto decoded = decode_value<WireAssignment>(value);
            if (!decoded) return void(++skipped_);
            return apply_assignment(streams().members[member_id], *decoded);
        }
        case 23: {
            auto decoded = decode_value<wire::StreamsGroupTopologyValue>(value);
            if (!decoded) return void(++skipped_);
            streams().topology = *std::move(decoded);
            return;
        }
    }
}

// Groups of other protocols: who is in them, no more.
void GroupFold::replay_foreign(std::int16_t type, const ReplayedRecord& record) {
    const auto forget = [&](const std::string& group_id) {
        const auto it = groups_.find(group_id);
        if (it == groups_.end()) return;
        it->second.foreign = ForeignProtocol::None;
        it->second.foreign_members.clear();
        it->second.membership_end = record.offset + 1;
        drop_if_empty(group_id);
    };
    const auto group_of = [&](const std::string& group_id, ForeignProtocol protocol) -> Group& {
        Group& group = groups_[group_id];
        group.foreign = protocol;
        group.membership_end = record.offset + 1;
        return group;
    };
    const auto member = [&](const auto& key, ForeignProtocol protocol) {
        if (!key) return void(++skipped_);
        if (record.value) {
            group_of(key->group_id, protocol).foreign_members.insert(key->member_id);
        } else if (const auto it = groups_.find(key->group_id); it != groups_.end()) {
            it->second.foreign_members.erase(key->member_id);
        }
    };
    switch (type) {
        case 11: {
            auto key = decode_key<wire::ShareGroupMetadataKey>(record.key);
            if (!key) return void(++skipped_);
            if (!record.value) return forget(key->group_id);
            group_of(key->group_id, ForeignProtocol::Share);
            return;
        }
        case 10:
            return member(decode_key<wire::ShareGroupMemberMetadataKey>(record.key),
                          ForeignProtocol::Share);
    }
}

}  // namespace millrace::broker
