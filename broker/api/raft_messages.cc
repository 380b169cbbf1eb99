#include "millrace/broker/api/raft_messages.h"

#include "millrace/base/check.h"
#include "millrace/wire/messages/begin_quorum_epoch.h"
#include "millrace/wire/messages/end_quorum_epoch.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/fetch_snapshot.h"
#include "millrace/wire/messages/vote.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kTopic = "__cluster_metadata";
constexpr Uuid kTopicId{0, 1};
constexpr std::int16_t kVoteVersion = 2, kBeginVersion = 1, kEndVersion = 1, kFetchVersion = 17,
                       kFetchSnapshotVersion = 1;

std::int32_t number(const std::optional<NodeId>& id) {
    return id ? id->value() : -1;
}
std::optional<NodeId> node(std::int32_t id) {
    return id >= 0 ? std::optional(NodeId{id}) : std::nullopt;
}

// The one partition of a request or response whose topics are named; null: it is not about the
// metadata log.
template <class M>
auto partition_of(const M& message)
    -> const std::decay_t<decltype(message.topics.front().partitions.front())>* {
    if (message.topics.size() != 1 || message.topics.front().partitions.size() != 1) return nullptr;
    return &message.topics.front().partitions.front();
}
template <class M>
auto& add_partition(M& message) {
    auto& topic = message.topics.emplace_back();
    if constexpr (requires { topic.topic_name; }) {
        topic.topic_name = std::string(kTopic);
    } else {
        topic.name = std::string(kTopic);
    }
    return topic.partitions.emplace_back();
}

Failure invalid(std::string why) {
    return fail(ErrorCode::InvalidRequest, std::move(why));
}

Result<void> check_cluster(const std::optional<std::string>& theirs, const std::string& ours) {
    if (theirs && *theirs != ours)
        return fail(ErrorCode::InconsistentClusterId, "a node of cluster " + *theirs);
    return {};
}

raft::Envelope envelope(std::int32_t from, NodeId self, raft::Message message) {
    return {NodeId{from}, self, 0, std::move(message)};
}

const wire::FetchRequest::FetchPartition* fetch_partition(const wire::FetchRequest& request) {
    if (request.topics.size() != 1 || request.topics.front().partitions.size() != 1) return nullptr;
    const auto& topic = request.topics.front();
    const bool ours = topic.topic_id == kTopicId || topic.topic == kTopic;
    return ours && topic.partitions.front().partition == 0 ? &topic.partitions.front() : nullptr;
}

}  // namespace

bool is_raft_request(const wire::AnyRequest& request) {
    using enum wire::ApiKey;
    switch (request.key()) {
        case Vote:
        case BeginQuorumEpoch:
        case EndQuorumEpoch:
        case FetchSnapshot:
            return true;
        case Fetch:
            return request.is<wire::FetchRequest>() &&
                   fetch_partition(request.as<wire::FetchRequest>()) != nullptr;
        default:
            return false;
    }
}

// ---- requests ----

wire::AnyRequest to_wire(const raft::Envelope& request, const std::string& cluster_id) {
    if (const auto* m = std::get_if<raft::VoteRequest>(&request.message)) {
        wire::VoteRequest to;
        to.cluster_id = cluster_id;
        to.voter_id = m->voter.id.value();
        auto& p = add_partition(to);
        p.replica_epoch = m->epoch.value();
        p.replica_id = m->candidate.id.value();
        p.replica_directory_id = m->candidate.directory;
        p.voter_directory_id = m->voter.directory;
        p.last_offset_epoch = m->last_epoch.value();
        p.last_offset = m->end.value();
        p.pre_vote = m->pre_vote;
        return wire::AnyRequest::of(std::move(to), kVoteVersion);
    }
    if (const auto* m = std::get_if<raft::BeginQuorumEpochRequest>(&request.message)) {
        wire::BeginQuorumEpochRequest to;
        to.cluster_id = cluster_id;
        to.voter_id = m->voter.id.value();
        auto& p = add_partition(to);
        p.voter_directory_id = m->voter.directory;
        p.leader_id = m->leader.value();
        p.leader_epoch = m->epoch.value();
        return wire::AnyRequest::of(std::move(to), kBeginVersion);
    }
    if (const auto* m = std::get_if<raft::EndQuorumEpochRequest>(&request.message)) {
        wire::EndQuorumEpochRequest to;
        to.cluster_id = cluster_id;
        auto& p = add_partition(to);
        p.leader_id = m->leader.value();
        p.leader_epoch = m->epoch.value();
        for (const raft::ReplicaKey& key : m->preferred)
            p.preferred_candidates.push_back({key.id.value(), key.directory});
        return wire::AnyRequest::of(std::move(to), kEndVersion);
    }
    if (const auto* m = std::get_if<raft::FetchRequest>(&request.message)) {
        wire::FetchRequest to;
        to.cluster_id = cluster_id;
        to.replica_state.replica_id = m->replica.id.value();
        to.max_wait_ms = m->wait_ms_max;
        to.max_bytes = m->bytes_max;
        auto& topic = to.topics.emplace_back();
        topic.topic_id = kTopicId;
        auto& p = topic.partitions.emplace_back();
        p.current_leader_epoch = m->epoch.value();
        p.fetch_offset = m->from.value();
        p.last_fetched_epoch = m->last_fetched_epoch.value();
        p.replica_directory_id = m->replica.directory;
        return wire::AnyRequest::of(std::move(to), kFetchVersion);
    }
    const auto* m = std::get_if<raft::FetchSnapshotRequest>(&request.message);
    MR_CHECK(m);
    wire::FetchSnapshotRequest to;
    to.cluster_id = cluster_id;
    to.replica_id = m->replica.id.value();
    to.max_bytes = m->bytes_max;
    auto& p = add_partition(to);
    p.current_leader_epoch = m->epoch.value();
    p.snapshot_id = {m->id.end.value(), m->id.epoch.value()};
    p.position = m->position;
    p.replica_directory_id = m->replica.directory;
    return wire::AnyRequest::of(std::move(to), kFetchSnapshotVersion);
}

Result<raft::Envelope> from_wire(const wire::AnyRequest& request, NodeId self,
                                 const std::string& cluster_id) {
    const Failure not_ours = invalid("not about __cluster_metadata-0");
    switch (request.key()) {
        case wire::ApiKey::Vote: {
            const auto& from = request.as<wire::VoteRequest>();
            MR_TRY_VOID(check_cluster(from.cluster_id, cluster_id));
            const auto* p = partition_of(from);
            if (!p || from.topics.front().topic_name != kTopic || p->partition_index != 0)
                return not_ours;
            if (p->replica_epoch < 0 || p->last_offset_epoch < 0 || p->last_offset < 0 ||
                p->replica_id < 0)
                return invalid("a vote request with negative numbers");
            raft::VoteRequest m;
            m.epoch = LeaderEpoch{p->replica_epoch};
            m.candidate = {NodeId{p->replica_id}, p->replica_directory_id};
            m.voter = {NodeId{from.voter_id < 0 ? self.value() : from.voter_id},
                       p->voter_directory_id};
            m.last_epoch = LeaderEpoch{p->last_offset_epoch};
            m.end = Offset{p->last_offset};
            m.pre_vote = p->pre_vote;
            return envelope(p->replica_id, self, m);
        }
        case wire::ApiKey::BeginQuorumEpoch: {
            const auto& from = request.as<wire::BeginQuorumEpochRequest>();
            MR_TRY_VOID(check_cluster(from.cluster_id, cluster_id));
            const auto* p = partition_of(from);
            if (!p || from.topics.front().topic_name != kTopic || p->partition_index != 0)
                return not_ours;
            if (p->leader_id < 0 || p->leader_epoch < 0)
                return invalid("an epoch that begins with negative numbers");
            raft::BeginQuorumEpochRequest m;
            m.epoch = LeaderEpoch{p->leader_epoch};
            m.leader = NodeId{p->leader_id};
            m.voter = {NodeId{from.voter_id < 0 ? self.value() : from.voter_id},
                       p->voter_directory_id};
            return envelope(p->leader_id, self, m);
        }
        case wire::ApiKey::EndQuorumEpoch: {
            const auto& from = request.as<wire::EndQuorumEpochRequest>();
            MR_TRY_VOID(check_cluster(from.cluster_id, cluster_id));
            const auto* p = partition_of(from);
            if (!p || from.topics.front().topic_name != kTopic || p->partition_index != 0)
                return not_ours;
            if (p->leader_id < 0 || p->leader_epoch < 0)
                return invalid("an epoch that ends with negative numbers");
            raft::EndQuorumEpochRequest m;
            m.epoch = LeaderEpoch{p->leader_epoch};
            m.leader = NodeId{p->leader_id};
            for (const auto& c : p->preferred_candidates)
                m.preferred.push_back({NodeId{c.candidate_id}, c.candidate_directory_id});
            for (const std::int32_t id : p->preferred_successors)
                m.preferred.push_back({NodeId{id}, {}});
            return envelope(p->leader_id, self, std::move(m));
        }
        case wire::ApiKey::Fetch: {
            const auto& from = request.as<wire::FetchRequest>();
            MR_TRY_VOID(check_cluster(from.cluster_id, cluster_id));
            const auto* p = fetch_partition(from);
            if (!p) return not_ours;
            const std::int32_t replica =
                request.version() >= 15 ? from.replica_state.replica_id : from.replica_id;
            if (replica < 0 || p->fetch_offset < 0 || p->current_leader_epoch < 0 ||
                p->last_fetched_epoch < 0) {
                return invalid("a fetch of the metadata log without replica, epoch or offset");
            }
            raft::FetchRequest m;
            m.epoch = LeaderEpoch{p->current_leader_epoch};
            m.replica = {NodeId{replica}, p->replica_directory_id};
            m.from = Offset{p->fetch_offset};
            m.last_fetched_epoch = LeaderEpoch{p->last_fetched_epoch};
            m.bytes_max = from.max_bytes;
            m.wait_ms_max = from.max_wait_ms;
            return envelope(replica, self, m);
        }
        case wire::ApiKey::FetchSnapshot: {
            const auto& from = request.as<wire::FetchSnapshotRequest>();
            MR_TRY_VOID(check_cluster(from.cluster_id, cluster_id));
            const auto* p = partition_of(from);
            if (!p || from.topics.front().name != kTopic || p->partition != 0) return not_ours;
            if (from.replica_id < 0 || p->position < 0 || p->current_leader_epoch < 0 ||
                p->snapshot_id.end_offset < 0 || p->snapshot_id.epoch < 0) {
                return invalid("a fetch of a snapshot with negative numbers");
            }
            raft::FetchSnapshotRequest m;
            m.epoch = LeaderEpoch{p->current_leader_epoch};
            m.replica = {NodeId{from.replica_id}, p->replica_directory_id};
            m.id = {Offset{p->snapshot_id.end_offset}, LeaderEpoch{p->snapshot_id.epoch}};
            m.position = p->position;
            m.bytes_max = from.max_bytes;
            return envelope(from.replica_id, self, m);
        }
        default:
            return invalid("not a message of the quorum");
    }
}

// ---- responses ----

wire::AnyResponse to_wire_response(const raft::Message& reply, const wire::AnyRequest& request) {
    const std::int16_t version = request.version();
    if (const auto* m = std::get_if<raft::VoteResponse>(&reply)) {
        wire::VoteResponse to;
        auto& p = add_partition(to);
        p.error_code = m->error;
        p.leader_id = number(m->leader);
        p.leader_epoch = m->epoch.value();
        p.vote_granted = m->granted;
        return wire::AnyResponse::of(std::move(to), version);
    }
    if (const auto* m = std::get_if<raft::BeginQuorumEpochResponse>(&reply)) {
        wire::BeginQuorumEpochResponse to;
        auto& p = add_partition(to);
        p.error_code = m->error;
        p.leader_id = number(m->leader);
        p.leader_epoch = m->epoch.value();
        return wire::AnyResponse::of(std::move(to), version);
    }
    if (const auto* m = std::get_if<raft::EndQuorumEpochResponse>(&reply)) {
        wire::EndQuorumEpochResponse to;
        auto& p = add_partition(to);
        p.error_code = m->error;
        p.leader_id = number(m->leader);
        p.leader_epoch = m->epoch.value();
        return wire::AnyResponse::of(std::move(to), version);
    }
    if (const auto* m = std::get_if<raft::FetchResponse>(&reply)) {
        wire::FetchResponse to;
        auto& topic = to.responses.emplace_back();
        topic.topic = std::string(kTopic);
        topic.topic_id = kTopicId;
        auto& p = topic.partitions.emplace_back();
        p.error_code = m->error;
        p.high_watermark = m->high_watermark.value();
        p.log_start_offset = m->log_start.value();
        p.current_leader = {number(m->leader), m->epoch.value()};
        if (m->diverging)
            p.diverging_epoch = {m->diverging->epoch.value(), m->diverging->end.value()};
        if (m->snapshot) p.snapshot_id = {m->snapshot->end.value(), m->snapshot->epoch.value()};
        p.aborted_transactions.reset();
        p.records = m->records.empty() ? wire::Records::empty() : wire::Records(m->records);
        return wire::AnyResponse::of(std::move(to), version);
    }
    const auto* m = std::get_if<raft::FetchSnapshotResponse>(&reply);
    MR_CHECK(m);
    wire::FetchSnapshotResponse to;
    auto& p = add_partition(to);
    p.error_code = m->error;
    p.snapshot_id = {m->id.end.value(), m->id.epoch.value()};
    p.current_leader = {number(m->leader), m->epoch.value()};
    p.size = m->size;
    p.position = m->position;
    p.unaligned_records = m->chunk.empty() ? wire::Records::empty() : wire::Records(m->chunk);
    return wire::AnyResponse::of(std::move(to), version);
}

wire::AnyResponse raft_error(const wire::AnyRequest& request, ErrorCode code) {
    const auto with = [&]<class R>(R response) {
        response.error_code = code;
        return wire::AnyResponse::of(std::move(response), request.version());
    };
    switch (request.key()) {
        case wire::ApiKey::Vote:
            return with(wire::VoteResponse{});
        case wire::ApiKey::BeginQuorumEpoch:
            return with(wire::BeginQuorumEpochResponse{});
        case wire::ApiKey::EndQuorumEpoch:
            return with(wire::EndQuorumEpochResponse{});
        case wire::ApiKey::FetchSnapshot:
            return with(wire::FetchSnapshotResponse{});
        default:
            return with(wire::FetchResponse{});
    }
}

std::optional<raft::Message> from_wire_response(const wire::AnyResponse& response) {
    // An error of the whole request says nothing about epochs: the machine asks again.
    switch (response.key()) {
        case wire::ApiKey::Vote: {
            const auto& from = response.as<wire::VoteResponse>();
            if (from.error_code != ErrorCode::None)
                return raft::VoteResponse{
                    .error = from.error_code, .epoch = {}, .leader = {}, .granted = false};
            const auto* p = partition_of(from);
            if (!p) return std::nullopt;
            return raft::VoteResponse{p->error_code, LeaderEpoch{p->leader_epoch},
                                      node(p->leader_id), p->vote_granted};
        }
        case wire::ApiKey::BeginQuorumEpoch: {
            const auto& from = response.as<wire::BeginQuorumEpochResponse>();
            if (from.error_code != ErrorCode::None)
                return raft::BeginQuorumEpochResponse{from.error_code, {}, {}};
            const auto* p = partition_of(from);
            if (!p) return std::nullopt;
            return raft::BeginQuorumEpochResponse{p->error_code, LeaderEpoch{p->leader_epoch},
                                                  node(p->leader_id)};
        }
        case wire::ApiKey::EndQuorumEpoch: {
            const auto& from = response.as<wire::EndQuorumEpochResponse>();
            if (from.error_code != ErrorCode::None)
                return raft::EndQuorumEpochResponse{from.error_code, {}, {}};
            const auto* p = partition_of(from);
            if (!p) return std::nullopt;
            return raft::EndQuorumEpochResponse{p->error_code, LeaderEpoch{p->leader_epoch},
                                                node(p->leader_id)};
        }
        case wire::ApiKey::Fetch: {
            const auto& from = response.as<wire::FetchResponse>();
            raft::FetchResponse m;
            m.error = from.error_code;
            if (m.error != ErrorCode::None) return m;
            if (from.responses.size() != 1 || from.responses.front().partitions.size() != 1)
                return std::nullopt;
            const auto& p = from.responses.front().partitions.front();
            m.error = p.error_code;
            m.epoch = LeaderEpoch{p.current_leader.leader_epoch};
            m.leader = node(p.current_leader.leader_id);
            m.high_watermark = Offset{p.high_watermark};
            m.log_start = Offset{p.log_start_offset};
            if (p.diverging_epoch.epoch >= 0 && p.diverging_epoch.end_offset >= 0) {
                m.diverging = raft::EpochEnd{LeaderEpoch{p.diverging_epoch.epoch},
                                             Offset{p.diverging_epoch.end_offset}};
            }
            if (p.snapshot_id.end_offset >= 0 && p.snapshot_id.epoch >= 0) {
                m.snapshot = raft::SnapshotId{Offset{p.snapshot_id.end_offset},
                                              LeaderEpoch{p.snapshot_id.epoch}};
            }
            m.records = p.records.joined();
            return m;
        }
        case wire::ApiKey::FetchSnapshot: {
            const auto& from = response.as<wire::FetchSnapshotResponse>();
            raft::FetchSnapshotResponse m;
            m.error = from.error_code;
            if (m.error != ErrorCode::None) return m;
            const auto* p = partition_of(from);
            if (!p) return std::nullopt;
            m.error = p->error_code;
            m.epoch = LeaderEpoch{p->current_leader.leader_epoch};
            m.leader = node(p->current_leader.leader_id);
            m.id = {Offset{p->snapshot_id.end_offset}, LeaderEpoch{p->snapshot_id.epoch}};
            m.size = p->size;
            m.position = p->position;
            m.chunk = p->unaligned_records.joined();
            return m;
        }
        default:
            return std::nullopt;
    }
}

}  // namespace millrace::broker
