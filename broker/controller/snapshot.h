#pragma once
// Snapshots of the metadata: <20-digit end offset>-<10-digit epoch>.checkpoint, which are ordinary
// batches:
//   control batch: SnapshotHeader, KRaftVersion, KRaftVoters | batches of records | control batch:
//   SnapshotFooter
// 00000000000000000000-0000000000.checkpoint is the bootstrap snapshot of a freshly formatted
// directory (KIP-1170).
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/broker/controller/metadata_record.h"
#include "millrace/broker/raft/message.h"
#include "millrace/wire/records/control.h"

namespace millrace::broker {

using raft::SnapshotId;
using Voters = std::vector<wire::VotersRecord::Voter>;

struct Snapshot {
    SnapshotId id;
    Timestamp last_contained{0};  // of the log
    std::int16_t kraft_version = 0;
    Voters voters;  // with kraft.version 1
    std::vector<MetadataRecord> records;
};

Bytes snapshot_bytes(const Snapshot& snapshot, Timestamp now);
Result<Snapshot> parse_snapshot(SnapshotId id,
                                const Bytes& bytes);  // CorruptMessage when it is not whole

std::string snapshot_name(SnapshotId id);
std::optional<SnapshotId> parse_snapshot_name(std::string_view name);  // nothing: another file

struct ControlRecord {
    wire::ControlType type;
    Bytes value;
};
// A batch of control records, keys and all.
Bytes control_batch_of(std::span<const ControlRecord> records, Timestamp now, Offset base,
                       LeaderEpoch epoch);
std::vector<ControlRecord> voter_records(std::int16_t kraft_version, const Voters& voters);
ControlRecord leader_change_record(std::int32_t leader, std::span<const std::int32_t> voters,
                                   std::span<const std::int32_t> granting);

}  // namespace millrace::broker
