// AlterPartition, key 56, versions 2-3 (Java: ReplicationControlManager.alterPartition).
// - A leader proposes a new ISR. v3 names each member's broker epoch (KIP-903), so that a member of
// an earlier life is refused.
// - Checks, in this order: unknown topic id 100, unknown partition 3, not the leader 42, leader
// epoch below ours 74 or above
//   41, partition epoch 95, an ISR without the leader or of strangers 42, an inactive or stale
//   member 107.
// - Other broker epoch of the sender: 77 for the whole request.
// Missing: LeaderRecoveryState beyond taking it over, reassignments.
#include <algorithm>

#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Proposal = wire::AlterPartitionRequest::PartitionData;

std::vector<wire::AlterPartitionRequest::BrokerState> members(const Proposal& p) {
    if (!p.new_isr_with_epochs.empty()) return p.new_isr_with_epochs;
    std::vector<wire::AlterPartitionRequest::BrokerState> list;
    for (const std::int32_t id : p.new_isr) {
        wire::AlterPartitionRequest::BrokerState member;
        member.broker_id = id;
        list.push_back(member);
    }
    return list;
}

ErrorCode check(const ControllerState& state, NodeId sender, const TopicImage* topic,
                const Proposal& proposal) {
    if (!topic) return ErrorCode::UnknownTopicId;
    if (proposal.partition_index < 0 ||
        static_cast<std::size_t>(proposal.partition_index) >= topic->partitions.size()) {
        return ErrorCode::UnknownTopicOrPartition;
    }
    const PartitionImage& p = topic->partitions[static_cast<std::size_t>(proposal.partition_index)];
    if (p.leader != sender) return ErrorCode::InvalidRequest;
    if (proposal.leader_epoch > p.leader_epoch.value())
        return ErrorCode::NotController;  // it has seen what we have not
    if (proposal.leader_epoch < p.leader_epoch.value()) return ErrorCode::FencedLeaderEpoch;
    if (proposal.partition_epoch > p.partition_epoch) return ErrorCode::NotController;
    if (proposal.partition_epoch < p.partition_epoch) return ErrorCode::InvalidUpdateVersion;
    const auto isr = members(proposal);
    bool with_leader = false;
    for (const auto& member : isr) {
        with_leader = with_leader || member.broker_id == sender.value();
        const bool assigned = std::find(p.replicas.begin(), p.replicas.end(),
                                        NodeId{member.broker_id}) != p.replicas.end();
        const auto same = [&](const auto& other) { return other.broker_id == member.broker_id; };
        if (!assigned || std::count_if(isr.begin(), isr.end(), same) > 1)
            return ErrorCode::InvalidRequest;
    }
    if (!with_leader) return ErrorCode::InvalidRequest;
    if (proposal.leader_recovery_state == 1 && isr.size() > 1) return ErrorCode::InvalidRequest;
    for (const auto& member : isr) {
        const BrokerImage* broker = state.image.broker(NodeId{member.broker_id});
        const bool stale =
            member.broker_epoch != -1 && broker && broker->epoch != member.broker_epoch;
        if (!state.is_active(NodeId{member.broker_id}) || stale)
            return ErrorCode::IneligibleReplica;
    }
    return ErrorCode::None;
}

}  // namespace

Decision alter_partition(ControllerState& state, const wire::AlterPartitionRequest& request,
                         std::int16_t version) {
    const NodeId sender{request.broker_id};
    const BrokerImage* broker = state.image.broker(sender);
    if (!broker || broker->epoch != request.broker_epoch) {
        return {{},
                wire::AnyResponse::of(alter_partition_error(request, ErrorCode::StaleBrokerEpoch),
                                      version)};
    }
    Decision decision;
    wire::AlterPartitionResponse response;
    for (const auto& asked : request.topics) {
        auto& topic_result = response.topics.emplace_back();
        topic_result.topic_id = asked.topic_id;
        const TopicImage* topic = state.image.topic(asked.topic_id);
        for (const Proposal& proposal : asked.partitions) {
            auto& result = topic_result.partitions.emplace_back();
            result.partition_index = proposal.partition_index;
            result.error_code = check(state, sender, topic, proposal);
            if (result.error_code != ErrorCode::None) continue;
            const PartitionImage& p =
                topic->partitions[static_cast<std::size_t>(proposal.partition_index)];
            wire::PartitionChangeRecord change;
            change.topic_id = topic->id;
            change.partition_id = proposal.partition_index;
            std::vector<std::int32_t> isr;
            for (const auto& member : members(proposal)) isr.push_back(member.broker_id);
            change.isr = isr;
            if (p.recovering && proposal.leader_recovery_state == 0)
                change.leader_recovery_state = 0;
            const TopicConfig config =
                state.image.topic_config(topic->name, state.self, *state.config);
            const auto min_isr = std::min<std::size_t>(
                static_cast<std::size_t>(config.min_insync_replicas), p.replicas.size());
            if (!p.elr.empty() && isr.size() >= min_isr) change.eligible_leader_replicas.emplace();
            decision.records.emplace_back(std::move(change));
            result.leader_id = sender.value();
            result.leader_epoch = p.leader_epoch.value();
            result.isr = std::move(isr);
            result.leader_recovery_state = proposal.leader_recovery_state;
            result.partition_epoch = p.partition_epoch + 1;
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::AlterPartitionResponse alter_partition_error(const wire::AlterPartitionRequest&,
                                                   ErrorCode code) {
    wire::AlterPartitionResponse response;
    response.error_code = code;
    return response;
}

}  // namespace millrace::broker
