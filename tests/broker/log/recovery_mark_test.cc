// A recovery begins at the last checkpoint: how much of the files it reads, what it knows of
// producers and aborted transactions that lie before it, and what it does when a mark does not fit
// the files.
#include "millrace/broker/log/recovery_mark.h"

#include "log_fixture.h"

namespace millrace::broker::log_test {
namespace {

class RecoveryMarkTest : public DirectoryTest {
protected:
    void SetUp() override {
        config.journal_file_bytes = 1 << 20;
        config.large_append_bytes = 1 << 20;
        topic.segment_bytes = 1 << 20;
        topic.index_interval_bytes = 500;
        config.log_defaults = topic;
        open();
    }
    void append(Log& to, const BatchOf& b) {
        const auto info = to.append_as_leader(batch(b), client());
        ASSERT_TRUE(info.has_value()) << info.error().detail;
    }
    void end(Log& to, wire::ControlType how, std::int64_t producer) {
        ASSERT_TRUE(to.append_as_leader(marker(how, producer, 0), coordinator()).has_value());
    }
    void checkpoint() {
        settle();
        for (int i = 0; i < 2; ++i) {  // the first tick only looks at the clock
            now_ += 61'000'000'000;
            LogEffects effects;
            directory->tick({Time{now_}, Timestamp{1000}}, effects);
            for (std::size_t k = 0; k < effects.syncs.size(); ++k) {
                const SyncRequest request = effects.syncs[k];
                directory->synced(request.id, request.run(disk), effects);
            }
        }
    }
    void power_fails() {
        directory.reset();
        Random random(3);
        disk.crash(random);
    }
    // Opens again, and says how often a file that ends so was read.
    int reads_while_opening(const std::string& end) {
        int reads = 0;
        disk.set_fault([&](testkit::DiskOp op, std::string_view path) {
            reads += op == testkit::DiskOp::Read && path.ends_with(end);
            return std::optional<std::string>();
        });
        open();
        disk.set_fault({});
        return reads;
    }

private:
    std::int64_t now_ = 0;
};

TEST_F(RecoveryMarkTest, ReadsWhatCameSinceTheLastCheckpoint) {
    for (int i = 0; i < 200; ++i) append(log("t"), {{std::string(1000, 'x')}});
    append(log("idle"), {{"v"}});
    checkpoint();
    append(log("t"), {{"after"}});
    settle();
    power_fails();

    const std::string file = "/00000000000000000000.log";
    EXPECT_EQ(reads_while_opening("data/idle-0" + file), 0) << "nothing came to it";
    EXPECT_EQ(directory->find({"idle", 0}), nullptr) << "it is opened when it is asked for";
    power_fails();
    EXPECT_LT(reads_while_opening("data/t-0" + file), 10) << "200 KiB are not read for one batch";
    EXPECT_EQ(log("t").log_end_offset(), Offset{201});
    EXPECT_EQ(read_all(log("t"), Offset{199})->back(), "200:after");
    EXPECT_EQ(*read_all(log("idle"), Offset{0}), std::vector<std::string>{"0:v"});
    EXPECT_EQ(read_all(log("t"), Offset{7}, 100)->size(), 194u)
        << "the index below the mark is there";
}

TEST_F(RecoveryMarkTest, FiveBatchesOfAProducerAreKnown) {
    for (int i = 0; i < 7; ++i) append(log(), {{"v"}, 1000, 9, 0, i});
    checkpoint();
    power_fails();
    open();
    for (int i = 2; i < 7; ++i) {  // what a client that outlived the broker repeats
        const auto again = log().append_as_leader(batch({{"v"}, 1000, 9, 0, i}), client());
        ASSERT_TRUE(again.has_value()) << again.error().detail;
        EXPECT_TRUE(again->duplicate) << i;
        EXPECT_EQ(again->first_offset, Offset{i});
    }
    EXPECT_EQ(log().log_end_offset(), Offset{7});
}

TEST_F(RecoveryMarkTest, OpenTransactionsAreKnown) {
    append(log(), {{"v"}, 1000, 9, 0, 0, true});
    checkpoint();
    append(log(), {{"w"}});
    settle();
    power_fails();
    open();
    EXPECT_EQ(log().producers().first_open_offset(), Offset{0});
    log().set_high_watermark(Offset{2});
    EXPECT_EQ(log().last_stable_offset(), Offset{0});
}

// Neither the file of a segment that was rolled nor that of the active one may be lost: what it
// lists would be read as committed.
TEST_F(RecoveryMarkTest, AbortedTransactionsSurviveAPowerCut) {
    for (const std::int64_t producer : {5, 6}) {
        append(log(), {{"v"}, 1000, producer, 0, 0, true});
        end(log(), wire::ControlType::Abort, producer);
        if (producer == 5) ASSERT_TRUE(log().roll(Timestamp{1000}).has_value());
    }
    checkpoint();
    for (int again = 0; again < 2; ++again) {
        power_fails();
        open();
        ASSERT_EQ(log().log_end_offset(), Offset{4});
        EXPECT_EQ(log().aborted_transactions(Offset{0}, Offset{4})->size(), 2u);
    }
}

TEST_F(RecoveryMarkTest, AnIndexThatIsNotTheMarksIsBuiltAnew) {
    for (int i = 0; i < 50; ++i) append(log(), {{std::string(300, 'x')}, 1000 + i});
    checkpoint();
    append(log(), {{"after"}, 2000});
    settle();
    directory.reset();
    disk.kill_process();
    ASSERT_TRUE(disk.corrupt("data/t-0/00000000000000000000.index", 11, 0));
    open();
    EXPECT_EQ(log().log_end_offset(), Offset{51});
    EXPECT_EQ(read_all(log(), Offset{40}, 100)->size(), 11u);
    EXPECT_EQ(log().offset_for_timestamp(Timestamp{1030})->value().offset, Offset{30});
}

TEST_F(RecoveryMarkTest, ACutBelowTheMarkMakesItVoid) {
    for (int i = 0; i < 10; ++i) append(log(), {{"v"}, 1000, 9, 0, i});
    checkpoint();
    ASSERT_TRUE(log().truncate_to(Offset{4}).has_value());
    append(log(), {{"other"}, 1000, 9, 0, 4});
    settle();
    power_fails();
    open();
    EXPECT_EQ(log().log_end_offset(), Offset{5});
    EXPECT_EQ(log().producers().find(ProducerId{9})->last_sequence(), 4);
    EXPECT_EQ(read_all(log(), Offset{4})->back(), "4:other");
}

TEST_F(RecoveryMarkTest, WhatWasPassedOverIsClosedCleanly) {
    for (int i = 0; i < 20; ++i) append(log(), {{std::string(300, 'x')}, 1000, 9, 0, i});
    checkpoint();
    power_fails();
    open();
    close();
    EXPECT_TRUE(disk.exists("data/t-0/00000000000000000020.snapshot"));
    power_fails();  // of a machine whose broker had stopped
    open();
    EXPECT_TRUE(directory->was_clean());
    EXPECT_EQ(log().log_end_offset(), Offset{20});
    EXPECT_EQ(log().producers().find(ProducerId{9})->last_sequence(), 19);
}

TEST(RecoveryMarks, AreReadAsTheyWereWritten) {
    RecoveryMarks marks;
    RecoveryMark& mark = marks[{"a.b", 7}];
    mark = {Offset{12},
            kTopicId,
            {Offset{3}, 456, {4, 5}, {6, 7}, {8, 9}, {Timestamp{-1}, Offset{3}}},
            "0:0,3:9",
            Bytes::copy("producers")};
    marks[{"empty", 0}] = {Offset{0}, kTopicId, {}, "", {}};
    const std::string text = to_text(marks);
    const auto read = parse_recovery_marks(text);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(*read, marks);
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        if (text[cut - 1] != '\n')
            EXPECT_FALSE(parse_recovery_marks(text.substr(0, cut)).has_value()) << cut;
    }
    EXPECT_FALSE(parse_recovery_marks("a 0 1 x 0 0 0 0 0 0 0 0 0 0 - -\n").has_value());
}

}  // namespace
}  // namespace millrace::broker::log_test
