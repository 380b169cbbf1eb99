#pragma once
// What the nodes of a quorum tell each other, as values; broker/api turns them into Vote,
// BeginQuorumEpoch, EndQuorumEpoch, Fetch and FetchSnapshot of the wire. A reply carries the
// correlation of its request.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/base/strong.h"
#include "millrace/base/uuid.h"

namespace millrace::broker::raft {

struct ReplicaKey {  // a node with the directory it votes from; a zero directory is "any"
                     // (kraft.version 0)
    NodeId id{};
    Uuid directory;
    friend auto operator<=>(const ReplicaKey&, const ReplicaKey&) = default;
};

struct EpochEnd {  // where an epoch ends; exclusive
    LeaderEpoch epoch{};
    Offset end{};
    friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

struct SnapshotId {  // <end>-<epoch>.checkpoint
    Offset end{};
    LeaderEpoch epoch{};
    friend auto operator<=>(const SnapshotId&, const SnapshotId&) = default;
};

struct VoteRequest {
    LeaderEpoch epoch{};
    ReplicaKey candidate, voter;
    LeaderEpoch last_epoch{};  // of the candidate's log
    Offset end{};
    bool pre_vote = false;  // KIP-996: would you? Changes nothing.
};
struct BeginQuorumEpochRequest {
    LeaderEpoch epoch{};
    NodeId leader{};
    ReplicaKey voter;
};
struct EndQuorumEpochRequest {
    LeaderEpoch epoch{};
    NodeId leader{};
    std::vector<ReplicaKey> preferred;  // successors, the most caught up first
};
struct FetchRequest {
    LeaderEpoch epoch{};
    ReplicaKey replica;
    Offset from{};  // all before it is durable on the replica
    LeaderEpoch last_fetched_epoch{};
    std::int32_t bytes_max = 0, wait_ms_max = 0;
};
struct FetchSnapshotRequest {
    LeaderEpoch epoch{};
    ReplicaKey replica;
    SnapshotId id;
    std::int64_t position = 0;
    std::int32_t bytes_max = 0;
};

struct VoteResponse {
    ErrorCode error = ErrorCode::None;
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
    bool granted = false;
};
struct BeginQuorumEpochResponse {
    ErrorCode error = ErrorCode::None;
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
};
struct EndQuorumEpochResponse {
    ErrorCode error = ErrorCode::None;
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
};
struct FetchResponse {
    ErrorCode error = ErrorCode::None;
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
    Offset high_watermark{}, log_start{};
    std::optional<EpochEnd> diverging;   // cut your log to here and ask again
    std::optional<SnapshotId> snapshot;  // what you ask for is only in this snapshot
    Bytes records;                       // whole batches
};
struct FetchSnapshotResponse {
    ErrorCode error = ErrorCode::None;
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
    SnapshotId id;
    std::int64_t size = 0, position = 0;
    Bytes chunk;
};

using Message =
    std::variant<VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchRequest,
                 FetchSnapshotRequest, VoteResponse, BeginQuorumEpochResponse,
                 EndQuorumEpochResponse, FetchResponse, FetchSnapshotResponse>;
inline bool is_request(const Message& message) {
    return message.index() < 5;
}

struct Envelope {
    NodeId from{}, to{};
    std::uint64_t correlation = 0;  // chosen by whoever sent the request
    Message message;
};

}  // namespace millrace::broker::raft
