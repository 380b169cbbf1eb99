// A group with members goes from the classic to the consumer protocol when a member of that one
// joins, and back when the last such member leaves (KIP-848, online migration; Kafka:
// convertToConsumerGroup, convertToClassicGroup).
#include <algorithm>

#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/consumer_protocol.h"
#include "millrace/broker/group/consumer_records.h"
#include "millrace/broker/group/consumer_shard.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/topic_regex.h"

namespace millrace::broker {

namespace {

AssignedPartitions with_epochs(const wire::ConsumerProtocolAssignment& assignment,
                               std::int32_t epoch, const TopicLookup& topics) {
    AssignedPartitions result;
    for (const auto& one : assignment.assigned_partitions)
        if (const auto topic = topics.find(one.topic))
            for (const std::int32_t partition : one.partitions)
                result[topic->id][partition] = epoch;
    return result;
}

PartitionSets without_epochs(const AssignedPartitions& assigned) {
    PartitionSets result;
    for (const auto& [topic, held] : assigned)
        for (const auto& [partition, epoch] : held) result[topic].insert(partition);
    return result;
}

AssignedPartitions target_of(const ConsumerGroup& group, const std::string& member_id) {
    AssignedPartitions result;
    if (const auto it = group.targets.find(member_id); it != group.targets.end())
        for (const auto& [topic, partitions] : it->second)
            for (const std::int32_t partition : partitions) result[topic][partition] = 0;
    return result;
}

}  // namespace

// GroupIdNotFound: it cannot be. Its own decision, in front of that of the heartbeat: a consumer
// group whose members all speak the classic protocol is one that may stay.
Result<void> GroupCoordinator::upgrade_to_consumer(GroupShard& shard, const ConsumerBeat& beat) {
    const std::string& group_id = beat.request.group_id;
    const auto cannot = [&](std::string_view why) {
        return fail(ErrorCode::GroupIdNotFound, "Cannot upgrade classic group " + group_id +
                                                    " to consumer group because " +
                                                    std::string(why) + ".");
    };
    ClassicMembership& classic_group = *classic(shard, group_id);
    if (config_.consumer_migration_policy != MigrationPolicy::Upgrade &&
        config_.consumer_migration_policy != MigrationPolicy::Bidirectional)
        return cannot("online upgrade is disabled");
    if (!classic_group.uses_consumer_protocol())
        return cannot("the group does not use the consumer embedded protocol");
    if (classic_group.members().size() > config_.consumer_group_size_max)
        return cannot("the group size exceeds the consumer group maximum size");
    // What would refuse the member afterwards refuses it before.
    if (beat.request.subscribed_topic_regex && !beat.request.subscribed_topic_regex->empty())
        MR_TRY_VOID(check_topic_regex(*beat.request.subscribed_topic_regex));

    ConsumerGroup group;
    group.epoch = group.target_epoch = classic_group.generation();
    for (const auto& [member_id, joined] : classic_group.members()) {
        const Bytes* metadata =
            classic_group.protocol() ? joined.metadata(*classic_group.protocol()) : nullptr;
        if (!metadata && !joined.protocols.empty()) metadata = &joined.protocols.front().metadata;
        const auto subscription = read_subscription(metadata ? metadata->view() : BytesView{});
        const auto assignment = read_assignment(joined.assignment.view());
        if (!subscription || !assignment)
            return cannot("the embedded consumer protocol is malformed");
        if (assignment->user_data && !assignment->user_data->view().empty())
            return cannot("an unsupported custom assignor is in use");
        ConsumerMember& member = group.members[member_id];
        member.instance_id = joined.instance_id;
        if (subscription->rack_id && !subscription->rack_id->empty())
            member.rack_id = subscription->rack_id;
        member.client_id = joined.client_id;
        member.client_host = joined.client_host;
        member.topics = {subscription->topics.begin(), subscription->topics.end()};
        member.rebalance_timeout_ms = joined.rebalance_timeout_ms;
        member.classic.emplace();
        member.classic->session_timeout_ms = joined.session_timeout_ms;
        for (const auto& protocol : joined.protocols)
            member.classic->supported_protocols.push_back({protocol.name, protocol.metadata});
        member.epoch = member.previous_epoch = group.epoch;
        member.assigned = with_epochs(*assignment, group.epoch, topics_);
        group.targets[member_id] = without_epochs(member.assigned);
    }

    CoordinatorRecords records{classic_group_tombstone(group_id)};
    for (const auto& [member_id, member] : group.members)
        records.push_back(consumer_member_record(group_id, member_id, member));
    records.push_back(consumer_epoch_record(
        group_id, group.epoch, subscription_hash(ConsumerMembers(group), {}, topics_)));
    for (const auto& [member_id, target] : group.targets)
        records.push_back(consumer_target_record(group_id, member_id, target));
    records.push_back(consumer_target_epoch_record(group_id, group.target_epoch, Timestamp{0}));
    for (const auto& [member_id, member] : group.members)
        records.push_back(consumer_assignment_record(group_id, member_id, member));
    if (encoded_bytes(records) > kDecisionBytesMax) return cannot("it is too large");

    log_.info("a classic group becomes a consumer group",
              {{"group", group_id}, {"members", group.members.size()}});
    classic_group.answer_all(ErrorCode::RebalanceInProgress);
    forget_classic(shard, group_id);
    for (const auto& [member_id, member] : group.members)
        note_consumer(shard, group_id, member_id, member);
    shard.shard.write(records, now_.wall);
    return {};
}

// True: done, and the group is a classic one without those who are gone.
bool GroupCoordinator::downgrade_to_classic(GroupShard& shard, const std::string& group_id,
                                            const ConsumerGroup& group,
                                            const std::vector<std::string>& gone) {
    const std::size_t left = group.members.size() - gone.size();
    if (left == 0 || left > config_.classic_group_size_max) return false;
    if (config_.consumer_migration_policy != MigrationPolicy::Downgrade &&
        config_.consumer_migration_policy != MigrationPolicy::Bidirectional)
        return false;
    const ConsumerMember* first = nullptr;
    const auto members = ConsumerMembers(group).without(gone);
    bool all_classic = true;
    members.each([&](const std::string&, const ConsumerMember& member) {
        if (!first) first = &member;
        all_classic = all_classic && member.classic && !member.classic->supported_protocols.empty();
    });
    if (!all_classic) return false;

    ClassicGroup classic_group;
    classic_group.protocol_type = "consumer";
    classic_group.generation = group.epoch;
    classic_group.state_since = now_.wall;
    // A protocol that all of them speak, of the first one's the first.
    for (const auto& protocol : first->classic->supported_protocols) {
        bool common = true;
        members.each([&](const std::string&, const ConsumerMember& member) {
            common = common &&
                     std::ranges::any_of(member.classic->supported_protocols,
                                         [&](const auto& p) { return p.name == protocol.name; });
        });
        if (common && !classic_group.protocol) classic_group.protocol = protocol.name;
    }
    if (!classic_group.protocol) return false;
    members.each([&](const std::string& id, const ConsumerMember& member) {
        if (!classic_group.leader) classic_group.leader = id;
        ClassicMember& one = classic_group.members[id];
        one.instance_id = member.instance_id;
        one.client_id = member.client_id;
        one.client_host = member.client_host;
        one.rebalance_timeout_ms = member.rebalance_timeout_ms;
        one.session_timeout_ms = member.classic->session_timeout_ms;
        for (const auto& protocol : member.classic->supported_protocols)
            if (protocol.name == *classic_group.protocol) one.subscription = protocol.metadata;
        one.assignment = write_assignment(target_of(group, id), one.subscription.view(), topics_);
    });
    CoordinatorRecords records = consumer_group_tombstones(group_id, group);
    records.push_back(classic_group_record(group_id, classic_group));
    if (encoded_bytes(records) > kDecisionBytesMax) return false;

    log_.info("a consumer group becomes a classic group", {{"group", group_id}, {"members", left}});
    shard.consumer_work.erase(group_id);
    shard.shard.write(records, now_.wall);
    ClassicMembership& membership =
        shard.classic.insert_or_assign(group_id, ClassicMembership(classic_group)).first->second;
    Classic c{shard, group_id, membership};
    for (const auto& [id, member] : classic_group.members) expect(c, *membership.find(id));
    prepare_rebalance(c, "its last member of the consumer protocol left");
    return true;
}

}  // namespace millrace::broker
