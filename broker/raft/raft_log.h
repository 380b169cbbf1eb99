#pragma once
// The log below the raft machine. Appends and reads are synchronous (page cache); durability is
// told to the machine. The machine never looks into batches, so tests run it over a vector.
#include <optional>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/broker/coordinator/partition_log.h"
#include "millrace/broker/raft/message.h"

namespace millrace::broker::raft {

struct LeaderChange {
    NodeId leader{};
    std::vector<ReplicaKey> voters, granting;
};

class RaftLog {
public:
    virtual ~RaftLog() = default;
    virtual Offset start() const = 0;  // what is below is only in a snapshot
    virtual Offset end() const = 0;
    virtual LeaderEpoch last_epoch()
        const = 0;  // of the last batch, else of the snapshot at start(); 0 when empty
    // The largest epoch not above `epoch` and where it ends. Nothing is known: {0, start()}.
    virtual EpochEnd end_of(LeaderEpoch epoch) const = 0;

    virtual Result<AppendedAt> append(
        Bytes batch, LeaderEpoch epoch) = 0;  // as leader: offset and epoch are stamped
    virtual Result<AppendedAt> append_leader_change(const LeaderChange& change, LeaderEpoch epoch,
                                                    Timestamp now) = 0;
    virtual Result<void> append_fetched(
        Bytes batches) = 0;  // as follower: they say where they belong
    virtual Result<Bytes> read(Offset from,
                               std::size_t bytes_max) = 0;  // whole batches; empty at the end
    virtual Result<void> truncate(Offset to) = 0;

    virtual std::optional<SnapshotId> latest_snapshot() const { return std::nullopt; }
    struct Chunk {
        std::int64_t size = 0;
        Bytes bytes;
    };
    virtual Result<Chunk> read_snapshot(SnapshotId, std::int64_t, std::size_t) {
        return fail(ErrorCode::SnapshotNotFound);
    }
    virtual Result<void> write_snapshot(SnapshotId, std::int64_t, Bytes) {
        return fail(ErrorCode::SnapshotNotFound);
    }
    // The snapshot is whole: it becomes durable, and the log begins anew, empty, at its end.
    virtual Result<void> install_snapshot(SnapshotId) { return fail(ErrorCode::SnapshotNotFound); }
};

}  // namespace millrace::broker::raft
