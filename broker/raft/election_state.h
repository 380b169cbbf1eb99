#pragma once
// What a voter must not forget: its epoch, its vote, the leader it knows. Kafka's `quorum-state`
// file: one line of JSON.
//   version 1 (kraft.version 1):
//   {"leaderId":1,"leaderEpoch":2,"votedId":-1,"votedDirectoryId":"AAAA...","data_version":1}
//   version 0:
//   {"clusterId":"","leaderId":1,"leaderEpoch":7,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/disk.h"
#include "millrace/base/result.h"
#include "millrace/broker/raft/message.h"

namespace millrace::broker::raft {

struct ElectionState {
    LeaderEpoch epoch{};
    std::optional<NodeId> leader;
    std::optional<ReplicaKey> voted;
    friend bool operator==(const ElectionState&, const ElectionState&) = default;
};

std::string to_json(const ElectionState& state);  // version 1
Result<ElectionState> parse_election_state(
    std::string_view json);  // versions 0 and 1; CorruptMessage

Result<std::optional<ElectionState>> read_election_state(
    Disk& disk, std::string_view path);  // nothing: no file
Result<void> write_election_state(Disk& disk, std::string_view path,
                                  const ElectionState& state);  // durable on return

}  // namespace millrace::broker::raft
