// What may not be believed after a crash: indexes that were not synced, and a page cache after a
// sync that failed.
#include "log_fixture.h"

namespace millrace::broker::log_test {
namespace {

class DistrustTest : public DirectoryTest {
protected:
    void append(const Bytes& batch, const AppendOptions& options = client()) {
        const auto appended = log().append_as_leader(batch, options);
        ASSERT_TRUE(appended.has_value()) << appended.error().detail;
    }
    void checkpoint() {
        time_ = time_ + std::chrono::minutes(2);
        LogEffects effects;
        directory->tick({time_, Timestamp{1000}}, effects);
        for (std::size_t i = 0; i < effects.syncs.size(); ++i) {
            const SyncRequest request = effects.syncs[i];
            directory->synced(request.id, request.run(disk), effects);
        }
        settle();
    }
    Time time_{};
};

// A rolled segment below the recovery point is not read again: what its indexes say is all that is
// known of it. One more segment is rolled while the checkpoint is under way.
TEST_F(DistrustTest, IndexesOfRolledSegmentsSurviveACrash) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        disk.wipe();
        topic.segment_ms = 100'000;
        open();
        checkpoint();  // the first tick only sets the clock
        append(batch({.values = {"a", "b"}, .producer = 5, .transactional = true}));
        append(marker(wire::ControlType::Abort, 5, 0), coordinator());
        append(batch({.values = {"c"}, .timestamp = 300'000}));
        settle();
        time_ = time_ + std::chrono::minutes(2);
        LogEffects effects;
        directory->tick({time_, Timestamp{1000}}, effects);
        ASSERT_FALSE(effects.syncs.empty());
        append(
            batch({.values = {"d"}, .timestamp = 600'000, .producer = 6, .transactional = true}));
        for (std::size_t i = 0; i < effects.syncs.size(); ++i) {
            const SyncRequest request = effects.syncs[i];
            directory->synced(request.id, request.run(disk), effects);
        }
        settle();
        ASSERT_EQ(log().segment_count(), 3u);
        Random random(seed);
        directory.reset();
        disk.crash(random);
        open();
        ASSERT_EQ(log().log_end_offset(), Offset{5});
        const auto aborted = log().aborted_transactions(Offset{0}, Offset{5});
        ASSERT_TRUE(aborted.has_value());
        ASSERT_EQ(aborted->size(), 1u) << "seed " << seed;
        EXPECT_EQ(aborted->front().first_offset, Offset{0});
        for (const auto& [at, offset] : {std::pair{1000, 0}, {300'000, 3}, {600'000, 4}}) {
            const auto found = log().offset_for_timestamp(Timestamp{at});
            ASSERT_TRUE(found.has_value() && *found);
            EXPECT_EQ((*found)->offset, Offset{offset}) << "seed " << seed;
        }
        directory.reset();
    }
}

// The process ends after a failed sync and another one starts on the same machine. The pages of the
// file can be read and are taken for clean; whoever is given what they hold must still be given it
// after a power cut.
TEST_F(DistrustTest, WhatIsReadAfterAFailedSyncIsMadeDurable) {  // hard-bugs R6, R9
    topic.max_message_bytes = 1 << 20;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        disk.wipe();
        open();
        append(batch({{"a"}}));
        settle();
        append(batch({{std::string(10'000, 'x')}}));  // syncs its segment
        LogEffects effects;
        directory->flush(effects);
        disk.fail_operation(seed % 2, testkit::DiskOp::Sync, "EIO");
        directory->synced(effects.syncs[0].id, effects.syncs[0].run(disk), effects);
        ASSERT_TRUE(directory->offline());
        directory.reset();
        disk.clear_planned();
        Random random(seed);
        disk.kill_process_after_failed_sync(random);
        open();
        const auto served = read_all(log(), Offset{0});
        ASSERT_TRUE(served.has_value());
        directory.reset();
        disk.crash(random);
        open();
        EXPECT_EQ(*read_all(log(), Offset{0}), *served) << "seed " << seed;
        directory.reset();
        EXPECT_FALSE(disk.exists("data/millrace-sync-failed"));
    }
}

}  // namespace
}  // namespace millrace::broker::log_test
