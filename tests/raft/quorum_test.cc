// The raft machine: what it does when nothing goes wrong, in named accidents, and under seeds of
// everything at once.
#include <gtest/gtest.h>

#include "cluster.h"
#include "millrace/base/mutant.h"

namespace millrace::broker::raft::test {
namespace {

TEST(Quorum, OfOneVoterLeadsWhenItStartsAndCommitsWithItsFirstSync) {
    Cluster one(1, 1, {});
    EXPECT_TRUE(one.quorum(0).is_leader());
    EXPECT_EQ(one.quorum(0).epoch(), LeaderEpoch{1});
    EXPECT_EQ(one.quorum(0).high_watermark(), Offset{0});  // nothing is durable yet
    one.run_for(10);
    EXPECT_GE(one.quorum(0).high_watermark(), Offset{1});
    EXPECT_EQ(one.failure(), "");
}

TEST(Quorum, OfOneVoterNeverResigns) {  // KAFKA-16144
    Cluster one(1, 1, {});
    one.run_for(60'000);
    EXPECT_TRUE(one.quorum(0).is_leader());
    EXPECT_EQ(one.quorum(0).epoch(), LeaderEpoch{1});
    EXPECT_EQ(one.failure(), "");
}

TEST(Quorum, OfOneVoterTakesANewEpochAfterARestart) {
    Cluster one(1, 1, {});
    one.run_for(100);
    one.crash(0);
    one.restart(0);
    EXPECT_TRUE(one.quorum(0).is_leader());
    EXPECT_EQ(one.quorum(0).epoch(), LeaderEpoch{2});
}

TEST(Quorum, ElectsOneLeaderAndReplicates) {
    Cluster three(3, 7, {});
    three.run_for(10'000);
    ASSERT_TRUE(three.leader());
    EXPECT_GT(three.committed(), 50u);
    three.expect_converged();
    EXPECT_EQ(three.failure(), "") << three.trace();
}

TEST(Quorum, LeaderWithoutAMajorityResigns) {  // K1, KAFKA-15489
    Cluster three(3, 11, {});
    three.run_for(5'000);
    const int old = *three.leader();
    three.isolate(old);
    three.run_for(3'200);  // 1.5 fetch timeouts of 2 s, and the tick
    EXPECT_FALSE(three.quorum(old).is_leader()) << three.trace();
    three.run_for(5'000);
    ASSERT_TRUE(three.leader());
    EXPECT_NE(*three.leader(), old);
    three.join(old);
    three.expect_converged();
    EXPECT_EQ(three.failure(), "") << three.trace();
}

TEST(Quorum, LeaderThatHearsFromOneFollowerStays) {
    Cluster three(3, 12, {});
    three.run_for(5'000);
    const int leader = *three.leader();
    const int lost = (leader + 1) % 3;
    three.isolate(lost);
    const LeaderEpoch epoch = three.quorum(leader).epoch();
    three.run_for(30'000);
    EXPECT_EQ(three.leader(), leader);
    EXPECT_EQ(three.quorum(leader).epoch(), epoch);
    three.join(lost);  // its pre-votes did not raise the epoch (KIP-996)
    three.expect_converged();
    EXPECT_EQ(three.quorum(leader).epoch(), epoch) << three.trace();
    EXPECT_EQ(three.failure(), "");
}

TEST(Quorum, DivergingLogsAreCutToTheLeaders) {  // KIP-101, KIP-595
    Cluster three(3, 13, {});
    three.run_for(5'000);
    const int old = *three.leader();
    three.set_client(false);
    three.run_for(1'000);
    three.isolate(old);
    for (int i = 0; i < 5; ++i)
        EXPECT_GE(three.append(old), 0);  // nobody else will ever have these
    three.run_for(6'000);
    const int next = *three.leader();
    ASSERT_NE(next, old);
    for (int i = 0; i < 3; ++i) EXPECT_GE(three.append(next), 0);
    three.join(old);
    three.expect_converged();
    EXPECT_EQ(three.failure(), "") << three.trace();
}

TEST(Quorum, ObserversFollowWithoutAVote) {
    Cluster cluster(3, 17, {}, /*observers=*/2);
    cluster.run_for(10'000);
    EXPECT_EQ(cluster.quorum(3).state_name(), "Follower");
    EXPECT_EQ(cluster.quorum(4).state_name(), "Follower");
    cluster.expect_converged();
    EXPECT_EQ(cluster.failure(), "") << cluster.trace();
}

TEST(Quorum, TheSameSeedGivesTheSameRun) {
    const auto run = [] {
        Cluster three(
            3, 99,
            {.loss = 0.05, .delay_ms_max = 30, .cut_every_ms = 2000, .crash_every_ms = 3000});
        three.run_for(20'000);
        return three.trace() + std::to_string(three.committed());
    };
    EXPECT_EQ(run(), run());
}

class QuorumUnderFaults : public testing::TestWithParam<int> {};

TEST_P(QuorumUnderFaults, KeepsItsPromises) {
    std::size_t committed = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        Random random(seed * 1000 + static_cast<std::uint64_t>(GetParam()));
        Faults faults{.loss = 0.01 * static_cast<double>(random.below(20)),
                      .delay_ms_max = random.between(1, 60),
                      .sync_delay_ms_max = static_cast<double>(random.between(0, 40)),
                      .cut_every_ms = random.between(500, 8000),
                      .crash_every_ms = random.between(500, 8000)};
        Cluster cluster(GetParam(), random.next(), faults,
                        /*observers=*/static_cast<int>(random.below(2)));
        cluster.run_for(15'000);
        cluster.heal();
        cluster.run_for(15'000);
        cluster.expect_converged();
        ASSERT_EQ(cluster.failure(), "")
            << "voters " << GetParam() << ", loop seed " << seed << ": " << cluster.trace();
        committed += cluster.committed();
    }
    EXPECT_GT(committed, 150u * 100u);
}

INSTANTIATE_TEST_SUITE_P(Voters, QuorumUnderFaults, testing::Values(1, 2, 3, 4, 5));

TEST(
    Quorum,
    TheChecksFindAHighWatermarkBeyondWhatIsDurable) {  // a mutant, to show that the checks can fail
    mutant::active = Mutant::HighWatermarkBeyondDurable;
    bool found = false;
    for (std::uint64_t seed = 0; seed < 40 && !found; ++seed) {
        Cluster cluster(3, seed,
                        {.loss = 0.05,
                         .delay_ms_max = 10,
                         .sync_delay_ms_max = 60,
                         .cut_every_ms = 1500,
                         .crash_every_ms = 700});
        cluster.run_for(30'000);
        cluster.heal();
        cluster.run_for(5'000);
        found = !cluster.failure().empty();
    }
    mutant::active = Mutant::None;
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace millrace::broker::raft::test
