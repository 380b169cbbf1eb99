// Records of classic groups (type 2): to the fold, and from it.
#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/group_fold.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/wire/records/offsets.h"

namespace millrace::broker {

namespace {
// What Kafka 4.4 writes: version 4 is only read.
constexpr std::int16_t kGroupMetadataVersion = 3;
}  // namespace

void GroupFold::replay_classic(const ReplayedRecord& record) {
    auto key = decode_key<wire::GroupMetadataKey>(record.key);
    if (!key) return void(++skipped_);
    if (!record.value) {
        const auto it = groups_.find(key->group);
        if (it == groups_.end()) return;
        it->second.classic.reset();
        it->second.membership_end = record.offset + 1;
        return drop_if_empty(key->group);
    }
    auto value = decode_value<wire::GroupMetadataValue>(*record.value);
    if (!value) return void(++skipped_);
    Group& group = groups_[key->group];
    group.membership_end = record.offset + 1;
    ClassicGroup& classic = group.classic.emplace();
    classic.protocol_type = std::move(value->protocol_type);
    classic.generation = value->generation;
    classic.protocol = std::move(value->protocol);
    classic.leader = std::move(value->leader);
    if (value->current_state_timestamp >= 0)
        classic.state_since = Timestamp{value->current_state_timestamp};
    for (auto& one : value->members) {
        ClassicMember& member = classic.members[std::move(one.member_id)];
        member.instance_id = std::move(one.group_instance_id);
        member.client_id = std::move(one.client_id);
        member.client_host = std::move(one.client_host);
        member.session_timeout_ms = one.session_timeout;
        member.rebalance_timeout_ms =
            one.rebalance_timeout < 0 ? one.session_timeout : one.rebalance_timeout;
        member.subscription = std::move(one.subscription);
        member.assignment = std::move(one.assignment);
    }
}

CoordinatorRecord classic_group_record(const std::string& group_id, const ClassicGroup& group) {
    wire::GroupMetadataValue value;
    value.protocol_type = group.protocol_type;
    value.generation = group.generation;
    value.protocol = group.protocol;
    value.leader = group.leader;
    if (group.state_since) value.current_state_timestamp = group.state_since->value();
    for (const auto& [member_id, member] : group.members)
        value.members.push_back({.member_id = member_id,
                                 .group_instance_id = member.instance_id,
                                 .client_id = member.client_id,
                                 .client_host = member.client_host,
                                 .rebalance_timeout = member.rebalance_timeout_ms,
                                 .session_timeout = member.session_timeout_ms,
                                 .subscription = member.subscription,
                                 .assignment = member.assignment});
    return {encode_key(wire::GroupMetadataKey{group_id}),
            encode_value(value, kGroupMetadataVersion)};
}

CoordinatorRecord classic_group_tombstone(const std::string& group_id) {
    return {encode_key(wire::GroupMetadataKey{group_id}), std::nullopt};
}

}  // namespace millrace::broker
