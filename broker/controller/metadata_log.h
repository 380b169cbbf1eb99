#pragma once
// The log `__cluster_metadata-0` on disk, as raft needs it: segments of record batches, snapshots
// beside them, all in Kafka's formats. It holds an index of its batches in memory (40 bytes each);
// snapshots keep it short.
//
//   <20 digits>.log                       segments; a new one begins at each snapshot
//   <20 digits>-<10 digits>.checkpoint    snapshots; `.part` while one is written
//   leader-epoch-checkpoint, partition.metadata, quorum-state (election_state.h)
//
// Opening cuts a torn tail. What was read at opening counts as durable only after the first sync.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/controller/snapshot.h"
#include "millrace/broker/raft/raft_log.h"

namespace millrace::broker {

class MetadataLog final : public raft::RaftLog {
public:
    // `directory` exists. KafkaStorageError; CorruptMessage when what is needed is missing.
    static Result<std::unique_ptr<MetadataLog>> open(Disk& disk, std::string directory,
                                                     LogSink& sink);

    // Whose voters the first leader of an empty log writes down (kraft.version 1). None:
    // kraft.version 0.
    void set_voters(Voters voters) { voters_ = std::move(voters); }
    const Voters& voters() const { return voters_; }

    Offset start() const override { return segments_.front().base; }
    Offset end() const override {
        return batches_.empty() ? segments_.back().base : batches_.back().end;
    }
    LeaderEpoch last_epoch() const override;
    raft::EpochEnd end_of(LeaderEpoch epoch) const override;
    Result<AppendedAt> append(Bytes batch, LeaderEpoch epoch) override;
    Result<AppendedAt> append_leader_change(const raft::LeaderChange& change, LeaderEpoch epoch,
                                            Timestamp now) override;
    Result<void> append_fetched(Bytes batches) override;
    Result<Bytes> read(Offset from, std::size_t bytes_max) override;
    Result<void> truncate(Offset to) override;

    std::optional<SnapshotId> latest_snapshot() const override { return snapshot_; }
    Result<Chunk> read_snapshot(SnapshotId id, std::int64_t position,
                                std::size_t bytes_max) override;
    Result<void> write_snapshot(SnapshotId id, std::int64_t position, Bytes chunk) override;
    Result<void> install_snapshot(SnapshotId id) override;

    Result<Snapshot> load_snapshot(SnapshotId id) const;
    // Durable when it returns. Then begins a segment and drops segments and snapshots that are no
    // longer needed.
    Result<void> take_snapshot(const Snapshot& snapshot, Timestamp now);
    std::int64_t bytes_since(Offset offset) const;  // of batches at or past it
    std::optional<Timestamp> timestamp_before(Offset offset) const;
    LeaderEpoch epoch_before(Offset offset) const;  // of the last batch below it

    // What must be synced for all that is appended now.
    std::shared_ptr<File> file_to_sync() const { return segments_.back().file; }
    Result<void> close();  // everything synced, epochs written

private:
    struct Segment {
        Offset base;
        std::shared_ptr<File> file;
        std::int64_t size = 0;
    };
    struct Batch {
        Offset base, end;
        LeaderEpoch epoch;
        std::int32_t size = 0;
        std::int64_t position = 0;
        Timestamp max_timestamp{-1};
        Offset segment;  // its base
    };
    MetadataLog(Disk& disk, std::string directory, LogSink& sink)
        : disk_(disk), directory_(std::move(directory)), sink_(sink) {}
    Result<void> recover();
    Result<void> load_segment(Segment& segment, bool& torn);
    Result<Segment> new_segment(Offset base);
    Result<AppendedAt> write(BytesView stamped);
    Result<void> remove_segment(const Segment& segment);
    Result<void> write_epochs();
    std::string path(std::string_view name) const { return join(directory_, name); }
    std::vector<Batch>::const_iterator find(
        Offset offset) const;  // the batch that holds it, or the first past it
    Segment* segment_of(const Batch& batch);

    Disk& disk_;
    std::string directory_;
    LogSink& sink_;
    std::vector<Segment> segments_;  // ascending, at least one; the last is the active one
    std::vector<Batch> batches_;
    std::optional<SnapshotId> snapshot_;  // the newest; the bootstrap snapshot does not count
    Voters voters_;
};

}  // namespace millrace::broker
