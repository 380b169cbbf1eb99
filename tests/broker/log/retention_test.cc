// What retention by time goes by, and what becomes of the files.
#include "log_fixture.h"

namespace millrace::broker::log_test {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000, kYear = 365 * kDay;
constexpr std::int64_t kNow = 1'700'000'000'000;

class Retention : public DirectoryTest {
protected:
    void SetUp() override {
        topic.retention_ms = 7 * kDay;
        topic.segment_ms = INT64_MAX;
        topic.message_timestamp_after_max_ms = INT64_MAX;
        open();
    }
    void append(const std::string& value, std::int64_t timestamp) {
        const auto info = log().append_as_leader(batch({{value}, timestamp}), client());
        ASSERT_TRUE(info.has_value()) << info.error().detail;
        log().set_high_watermark(log().log_end_offset());
    }
    int retain(std::int64_t now) { return *log().delete_old_segments(Timestamp{now}); }
    void tick(std::int64_t at_ms) {
        LogEffects effects;
        directory->tick({Time{at_ms * 1'000'000}, Timestamp{kNow + at_ms}}, effects);
        for (std::size_t i = 0; i < effects.syncs.size(); ++i) {
            const SyncRequest request = effects.syncs[i];
            directory->synced(request.id, request.run(disk), effects);
        }
    }
    std::size_t files(std::string_view suffix) const {
        std::size_t n = 0;
        for (const std::string& path : disk.paths()) n += path.ends_with(suffix);
        return n;
    }
};

TEST_F(Retention, ARecordFromTheFutureDoesNotKeepItsSegment) {  // hard-bugs R13, trap 52
    append("a", kNow);
    append("from 2099", kNow + 75 * kYear);
    ASSERT_TRUE(log().roll(Timestamp{kNow}).has_value());
    append("c", kNow + kDay);
    EXPECT_EQ(retain(kNow + kDay), 0) << "seen: it counts from now on";
    EXPECT_EQ(retain(kNow + 8 * kDay), 0);
    EXPECT_EQ(retain(kNow + 8 * kDay + 1), 2);
    EXPECT_EQ(log().log_start_offset(), Offset{3});
}

TEST_F(Retention, TheActiveSegmentCountsFromItsLastAppend) {
    append("from 2099", kNow + 75 * kYear);
    EXPECT_EQ(retain(kNow), 0);
    append("again", kNow + 75 * kYear);
    EXPECT_EQ(retain(kNow + 6 * kDay), 0);
    EXPECT_EQ(retain(kNow + 13 * kDay), 0);
    EXPECT_EQ(retain(kNow + 13 * kDay + 1), 1);
}

TEST_F(Retention, SinceWhenASegmentCountsIsKnownAfterARestart) {
    append("from 2099", kNow + 75 * kYear);
    ASSERT_TRUE(log().roll(Timestamp{kNow}).has_value());
    append("b", kNow);
    EXPECT_EQ(retain(kNow), 0);
    settle();
    close();
    open();
    log().set_high_watermark(Offset{2});
    EXPECT_EQ(retain(kNow + 7 * kDay), 0);
    EXPECT_EQ(retain(kNow + 7 * kDay + 1), 2);
}

TEST_F(Retention, ACrashKeepsItToo) {
    append("from 2099", kNow + 75 * kYear);
    ASSERT_TRUE(log().roll(Timestamp{kNow}).has_value());
    append("b", kNow);
    tick(1);
    EXPECT_EQ(retain(kNow), 0);
    tick(10'000);
    directory.reset();
    Random random(3);
    disk.crash(random);
    open();
    log().set_high_watermark(Offset{2});
    EXPECT_EQ(retain(kNow + 7 * kDay), 0);
    EXPECT_EQ(retain(kNow + 7 * kDay + 1), 2);
}

TEST_F(Retention, OldRecordsGoByTheirOwnTime) {  // as in Kafka: replayed data is old at once
    append("old", kNow - 8 * kDay);
    EXPECT_EQ(retain(kNow), 1);
}

TEST_F(Retention, BySizeAndOnlyWhole) {
    topic.retention_ms = -1;
    topic.segment_bytes = 300;
    topic.retention_bytes = 400;
    for (int i = 0; i < 10; ++i) append(std::string(100, 'x'), kNow);
    const std::int64_t size = log().size_bytes();
    const int gone = retain(kNow);
    EXPECT_GT(gone, 5);
    EXPECT_GE(log().size_bytes(), 400);
    EXPECT_LT(log().size_bytes(), size / 2);
    topic.retention_bytes = 0;
    log();
    EXPECT_GT(retain(kNow), 0);
    EXPECT_EQ(log().size_bytes(), 0) << "the active one is rolled, and goes";
    append("on", kNow);
    EXPECT_EQ(log().log_end_offset(), Offset{11});
}

TEST_F(Retention, NothingGoesUnderCompactOrNoPolicy) {
    topic.cleanup_delete = false;
    append("old", kNow - 80 * kDay);
    EXPECT_EQ(retain(kNow), 0);
    topic.cleanup_compact = true;
    log();
    EXPECT_EQ(retain(kNow), 0);
    topic.cleanup_delete = true;
    log();
    EXPECT_EQ(retain(kNow), 1) << "compact,delete";
}

TEST_F(Retention, FilesStayForTheirDelayAndGoAtOnceWhenTheDiskIsFull) {
    topic.file_delete_delay_ms = 60'000;
    tick(1);
    for (int i = 0; i < 2; ++i) {
        append("old", kNow - 8 * kDay);
        EXPECT_EQ(retain(kNow), 1);
        settle();
        EXPECT_GE(files(".deleted"), 1u);
        EXPECT_EQ(files(".log"), 0u);
        EXPECT_EQ(log().log_start_offset(), Offset{i + 1});
        if (i == 1) break;
        tick(59'000);
        EXPECT_GE(files(".deleted"), 1u);
        tick(60'002);
        EXPECT_EQ(files(".deleted"), 0u);
    }
    disk.set_capacity(disk.used_bytes() + config.reserve_bytes - 10);
    (void)log().append_as_leader(batch({{std::string(2000, 'x')}, kNow}), client());
    EXPECT_EQ(files(".deleted"), 0u);
}

TEST_F(Retention, ADeletedTopicGoesUnderKafkasNameAndCanBeMadeAnew) {
    tick(1);
    append("a", kNow);
    settle();
    ASSERT_TRUE(directory->delete_log({"t", 0}).has_value());
    const auto there = *disk.list("data");
    EXPECT_TRUE(std::any_of(there.begin(), there.end(), [](const DiskEntry& e) {
        return e.name == "t-0.11112222333344445555666677778888-delete";
    }));
    EXPECT_EQ(log().log_end_offset(), Offset{0});
    append("b", kNow);
    tick(60'002);
    const auto left = *disk.list("data");
    for (const DiskEntry& e : left) EXPECT_FALSE(e.name.ends_with("-delete"));
    EXPECT_EQ(*read_all(log(), Offset{0}), std::vector<std::string>{"0:b"});
}

TEST(RetentionClock, FollowsDriftAndNoJump) {
    RetentionClock clock;
    const auto at = [&](std::int64_t ms, std::int64_t wall) {
        return clock.at({Time{ms * 1'000'000}, Timestamp{wall}}).value();
    };
    EXPECT_EQ(at(0, kNow), kNow);
    EXPECT_EQ(at(1000, kNow + 1500), kNow + 1500) << "half a second of drift";
    EXPECT_EQ(at(2000, kNow + 10 * kYear), kNow + 2500);
    EXPECT_TRUE(clock.jumped());
    EXPECT_EQ(at(3000, kNow - 10 * kYear), kNow + 3500);
    EXPECT_EQ(at(4000, kNow + 4000), kNow + 4000);
    EXPECT_FALSE(clock.jumped());
}

}  // namespace
}  // namespace millrace::broker::log_test
