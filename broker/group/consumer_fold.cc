// The fold over the records of consumer groups.
#include <algorithm>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/group_fold.h"

namespace millrace::broker {

namespace {

using WireAssignment = wire::ConsumerGroupCurrentMemberAssignmentValue;

AssignedPartitions assigned_partitions(const std::vector<WireAssignment::TopicPartitions>& from,
                                       std::int32_t member_epoch) {
    AssignedPartitions result;
    for (const auto& topic : from)
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const bool known = topic.assignment_epochs && i < topic.assignment_epochs->size();
            result[topic.topic_id][topic.partitions[i]] =
                known ? (*topic.assignment_epochs)[i]
                      : member_epoch;  // before 4.3 they were not written
        }
    return result;
}

void apply_metadata(ConsumerMember& member, wire::ConsumerGroupMemberMetadataValue&& value) {
    member.instance_id = std::move(value.instance_id);
    member.rack_id = std::move(value.rack_id);
    member.client_id = std::move(value.client_id);
    member.client_host = std::move(value.client_host);
    member.topics = {value.subscribed_topic_names.begin(), value.subscribed_topic_names.end()};
    member.regex = value.subscribed_topic_regex.value_or("");
    member.rebalance_timeout_ms = value.rebalance_timeout_ms;
    member.server_assignor = std::move(value.server_assignor);
    member.classic = std::move(value.classic_member_metadata);
}

void apply_assignment(ConsumerGroup& group, const std::string& member_id,
                      const WireAssignment& value) {
    ConsumerMember& member = group.members[member_id];
    group.release(member_id, member.assigned);
    group.release(member_id, member.revoking);
    member.epoch = value.member_epoch;
    member.previous_epoch = value.previous_member_epoch;
    const bool known = value.state >= 0 && value.state <= 2;
    member.state =
        known ? static_cast<ConsumerMemberState>(value.state) : ConsumerMemberState::Unknown;
    member.assigned = assigned_partitions(value.assigned_partitions, value.member_epoch);
    member.revoking = assigned_partitions(value.partitions_pending_revocation, value.member_epoch);
    group.hold(member_id, member.assigned);
    group.hold(member_id, member.revoking);
}

void forget_member(ConsumerGroup& group, const std::string& member_id) {
    const auto it = group.members.find(member_id);
    if (it == group.members.end()) return;
    group.release(member_id, it->second.assigned);
    group.release(member_id, it->second.revoking);
    group.members.erase(it);
}

}  // namespace

void ConsumerGroup::hold(const std::string& member_id, const AssignedPartitions& partitions) {
    for (const auto& [topic, held] : partitions)
        for (const auto& [partition, epoch] : held) owners[{topic, partition}] = member_id;
}

void ConsumerGroup::release(const std::string& member_id, const AssignedPartitions& partitions) {
    for (const auto& [topic, held] : partitions)
        for (const auto& [partition, epoch] : held)
            if (const auto it = owners.find({topic, partition});
                it != owners.end() && it->second == member_id)
                owners.erase(it);
}

const std::string* ConsumerGroup::static_member(const std::string& instance_id) const {
    for (const auto& [id, member] : members)
        if (member.instance_id == instance_id) return &id;
    return nullptr;
}

std::size_t ConsumerGroup::classic_members() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        members, [](const auto& one) { return one.second.classic.has_value(); }));
}

void GroupFold::replay_consumer(std::int16_t type, const ReplayedRecord& record) {
    // Every key of these types begins with the group; those of members go on with the member, that
    // of a regular expression with its text.
    ByteReader reader(record.key.subspan(2));
    const auto text = [&] {
        return std::string(
            as_text(reader.bytes(static_cast<std::uint16_t>(reader.be<std::int16_t>()))));
    };
    const std::string group_id = text();
    const bool longer = type == 5 || type == 7 || type == 8 || type == 16;
    const std::string second = longer ? text() : std::string();
    if (!reader.ok()) return void(++skipped_);

    if (!record.value) {
        const auto it = groups_.find(group_id);
        if (it == groups_.end()) return;
        Group& group = it->second;
        group.membership_end = record.offset + 1;
        if (!group.consumer) return;
        ConsumerGroup& consumer = *group.consumer;
        switch (type) {
            case 3:
                group.consumer.reset();
                break;
            case 4:
                consumer.partition_metadata = false;
                break;
            case 5:
                forget_member(consumer, second);
                break;
            case 6:
                consumer.target_epoch = 1;
                break;
            case 7:
                consumer.targets.erase(second);
                break;
            case 8:
                if (consumer.members.contains(second)) apply_assignment(consumer, second, {});
                break;
            case 16:
                consumer.regexes.erase(second);
                break;
        }
        return drop_if_empty(group_id);
    }

    const auto consumer = [&]() -> ConsumerGroup& {
        Group& group = groups_[group_id];
        group.membership_end = record.offset + 1;
        if (!group.consumer) group.consumer.emplace();
        return *group.consumer;
    };
    const BytesView value = *record.value;
    switch (type) {
        case 3: {
            auto decoded = decode_value<wire::ConsumerGroupMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            ConsumerGroup& group = consumer();
            group.epoch = decoded->epoch;
            group.metadata_hash = decoded->metadata_hash;
            return;
        }
        case 4:
            consumer().partition_metadata = true;
            return;
        case 5: {
            auto decoded = decode_value<wire::ConsumerGroupMemberMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            return apply_metadata(consumer().members[second], *std::move(decoded));
        }
        case 6: {
            auto decoded = decode_value<wire::ConsumerGroupTargetAssignmentMetadataValue>(value);
            if (!decoded) return void(++skipped_);
            ConsumerGroup& group = consumer();
            group.target_epoch = decoded->assignment_epoch;
            group.target_time = Timestamp{decoded->assignment_timestamp};
            return;
        }
        case 7: {
            auto decoded = decode_value<wire::ConsumerGroupTargetAssignmentMemberValue>(value);
            if (!decoded) return void(++skipped_);
            PartitionSets& target = consumer().targets[second];
            target.clear();
            for (const auto& topic : decoded->topic_partitions)
                target[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
            return;
        }
        case 8: {
            auto decoded = decode_value<WireAssignment>(value);
            if (!decoded) return void(++skipped_);
            return apply_assignment(consumer(), second, *decoded);
        }
        case 16: {
            auto decoded = decode_value<wire::ConsumerGroupRegularExpressionValue>(value);
            if (!decoded) return void(++skipped_);
            consumer().regexes[second] = {{decoded->topics.begin(), decoded->topics.end()},
                                          decoded->version,
                                          Timestamp{decoded->timestamp}};
            return;
        }
    }
}

}  // namespace millrace::broker
