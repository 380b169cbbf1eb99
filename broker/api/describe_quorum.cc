// DescribeQuorum, key 55, versions 0-2 (KIP-595, KIP-836, KIP-853; Java:
// KafkaRaftClient.handleDescribeQuorumRequest).
// - Answered by the leader; elsewhere 6 for the partition. Another topic or partition than
// __cluster_metadata-0: 3.
// - v1 adds the times of the last fetch and of being caught up, v2 directory ids and the
// controllers' listeners.
#include "millrace/broker/api/describe_quorum.h"

namespace millrace::broker {
namespace {

using State = wire::DescribeQuorumResponse::ReplicaState;

State state_of(raft::ReplicaKey key, const raft::Quorum& quorum, const raft::Leader& leader,
               Offset log_end, Now now) {
    State state;
    state.replica_id = key.id.value();
    state.replica_directory_id = key.directory;
    if (key.id == quorum.settings().self.id) {
        state.log_end_offset = log_end.value();
        state.last_fetch_timestamp = state.last_caught_up_timestamp = now.wall.value();
        return state;
    }
    const auto it = leader.replicas.find(key.id);
    state.log_end_offset =
        it != leader.replicas.end() && it->second.end ? it->second.end->value() : -1;
    if (it != leader.replicas.end()) {
        state.last_fetch_timestamp = it->second.last_fetch_wall.value();
        state.last_caught_up_timestamp = it->second.last_caught_up_wall.value();
    }
    return state;
}

}  // namespace

wire::DescribeQuorumResponse describe_quorum(const raft::Quorum& quorum, Offset log_end,
                                             const MetadataImage& image,
                                             const wire::DescribeQuorumRequest& request,
                                             std::int16_t version, Now now) {
    wire::DescribeQuorumResponse response;
    response.error_message = "";
    bool listed = false;  // the nodes: of a partition that there is
    const auto* leader = std::get_if<raft::Leader>(&quorum.state());
    for (const auto& asked : request.topics) {
        auto& topic = response.topics.emplace_back();
        topic.topic_name = asked.topic_name;
        for (const auto& partition : asked.partitions) {
            auto& result = topic.partitions.emplace_back();
            result.partition_index = partition.partition_index;
            result.error_message = "";
            if (asked.topic_name != "__cluster_metadata" || partition.partition_index != 0) {
                result.error_code = ErrorCode::UnknownTopicOrPartition;
                result.error_message = "This server does not host this topic-partition.";
                continue;
            }
            listed = true;
            result.leader_id = quorum.leader() ? quorum.leader()->value() : -1;
            result.leader_epoch = quorum.epoch().value();
            if (!leader) {
                result.error_code = ErrorCode::NotLeaderOrFollower;
            } else {
                result.high_watermark = quorum.high_watermark().value();
                for (const raft::ReplicaKey& voter : quorum.settings().voters) {
                    result.current_voters.push_back(state_of(voter, quorum, *leader, log_end, now));
                }
                for (const auto& [id, progress] : leader->replicas) {
                    if (!quorum.is_voter(id))
                        result.observers.push_back(
                            state_of({id, {}}, quorum, *leader, log_end, now));
                }
            }
        }
    }
    if (version < 2) {
        for (auto& topic : response.topics)
            for (auto& partition : topic.partitions)
                for (auto* states : {&partition.current_voters, &partition.observers})
                    for (State& state : *states) state.replica_directory_id = {};
    }
    if (!listed || version < 2) return response;
    for (const auto& [id, controller] : image.controllers()) {
        auto& node = response.nodes.emplace_back();
        node.node_id = id.value();
        for (const auto& e : controller.end_points)
            node.listeners.push_back({e.name, e.host, e.port});
    }
    return response;
}

}  // namespace millrace::broker
