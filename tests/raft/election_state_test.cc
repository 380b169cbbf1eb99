// The quorum-state file, against Kafka's own bytes.
#include "millrace/broker/raft/election_state.h"

#include <gtest/gtest.h>

namespace millrace::broker::raft {
namespace {

TEST(ElectionState, IsWrittenAsKafkaWritesIt) {  // Apache Kafka 4.4.0, FileQuorumStateStore
    EXPECT_EQ(
        to_json({LeaderEpoch{7}, NodeId{1}, {}}),
        R"({"leaderId":1,"leaderEpoch":7,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1})");
    ReplicaKey voted{NodeId{2}, {}};
    ASSERT_TRUE(Uuid::parse("bqcYDtfS6WBrnaKriNLM_g", voted.directory));
    const ElectionState state{LeaderEpoch{9}, NodeId{2}, voted};
    const std::string json =
        R"({"leaderId":2,"leaderEpoch":9,"votedId":2,"votedDirectoryId":"bqcYDtfS6WBrnaKriNLM_g","data_version":1})";
    EXPECT_EQ(to_json(state), json);
    EXPECT_EQ(*parse_election_state(json), state);
}

TEST(ElectionState, ReadsVersionZero) {
    const auto state = parse_election_state(
        R"({"clusterId":"","leaderId":-1,"leaderEpoch":8,"votedId":2,"appliedOffset":0,"currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0})");
    ASSERT_TRUE(state);
    EXPECT_EQ(*state, (ElectionState{LeaderEpoch{8}, {}, ReplicaKey{NodeId{2}, {}}}));
}

TEST(ElectionState, RefusesWhatKafkaRefuses) {
    for (const char* bad :
         {"", "{", "{}", R"({"leaderId":1,"leaderEpoch":3,"votedId":-1,"data_version":1})",
          R"({"leaderId":1,"leaderEpoch":3,"votedId":-1,"data_version":2})",
          R"({"leaderId":1,"leaderEpoch":3,"votedId":-1})",
          R"({"leaderEpoch":3,"votedId":-1,"data_version":1})",
          R"({"leaderId":1,"leaderEpoch":3,"votedId":-1,"data_version":0})",
          R"({"leaderId":1,"leaderEpoch":3,"votedId":"x","data_version":1})"}) {
        const auto state = parse_election_state(bad);
        ASSERT_FALSE(state) << bad;
        EXPECT_EQ(state.error().code, ErrorCode::CorruptMessage);
    }
}

}  // namespace
}  // namespace millrace::broker::raft
