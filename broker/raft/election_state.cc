#include "millrace/broker/raft/election_state.h"

#include <simdjson.h>

namespace millrace::broker::raft {
namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;

Failure bad(std::string detail) {
    return fail(ErrorCode::CorruptMessage, "quorum-state: " + std::move(detail));
}

Result<std::int64_t> number(const simdjson::dom::object& object, const char* name) {
    std::int64_t value = 0;
    if (object[name].get(value) != simdjson::SUCCESS)
        return bad(std::string("no number in field '") + name + "'");
    if (value < INT32_MIN || value > INT32_MAX)
        return bad(std::string("field '") + name + "' is out of range");
    return value;
}

}  // namespace

std::string to_json(const ElectionState& state) {
    const ReplicaKey voted = state.voted.value_or(ReplicaKey{NodeId{-1}, Uuid{}});
    return "{\"leaderId\":" + std::to_string(state.leader.value_or(NodeId{-1}).value()) +
           ",\"leaderEpoch\":" + std::to_string(state.epoch.value()) +
           ",\"votedId\":" + std::to_string(voted.id.value()) + ",\"votedDirectoryId\":\"" +
           voted.directory.to_string() + "\",\"data_version\":1}";
}

Result<ElectionState> parse_election_state(std::string_view json) {
    if (json.size() > kFileBytesMax) return bad("it is too long");
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    const simdjson::padded_string text(json);
    if (parser.parse(text).get(object) != simdjson::SUCCESS) return bad("it is not a JSON object");
    MR_TRY(const std::int64_t version, number(object, "data_version"));
    if (version != 0 && version != 1)
        return bad("data_version " + std::to_string(version) + " is unknown");
    MR_TRY(const std::int64_t leader, number(object, "leaderId"));
    MR_TRY(const std::int64_t epoch, number(object, "leaderEpoch"));
    MR_TRY(const std::int64_t voted, number(object, "votedId"));
    if (epoch < 0) return bad("leaderEpoch is negative");
    ElectionState state;
    state.epoch = LeaderEpoch{static_cast<std::int32_t>(epoch)};
    if (leader >= 0) state.leader = NodeId{static_cast<std::int32_t>(leader)};
    ReplicaKey key{NodeId{static_cast<std::int32_t>(voted)}, {}};
    if (version == 1) {
        std::string_view directory;
        if (object["votedDirectoryId"].get(directory) != simdjson::SUCCESS ||
            !Uuid::parse(directory, key.directory)) {
            return bad("no uuid in field 'votedDirectoryId'");
        }
    } else {
        std::string_view cluster;
        if (object["clusterId"].get(cluster) != simdjson::SUCCESS)
            return bad("no text in field 'clusterId'");
    }
    if (voted >= 0) state.voted = key;
    return state;
}

Result<std::optional<ElectionState>> read_election_state(Disk& disk, std::string_view path) {
    if (!disk.exists(path)) return std::nullopt;
    MR_TRY(const Bytes content, read_file(disk, path));
    MR_TRY(ElectionState state, parse_election_state(as_text(content.view())));
    return state;
}

Result<void> write_election_state(Disk& disk, std::string_view path, const ElectionState& state) {
    return replace_file(disk, path, as_bytes(to_json(state)));
}

}  // namespace millrace::broker::raft
