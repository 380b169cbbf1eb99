#include "log_fixture.h"

namespace millrace::broker::log_test {
namespace {

using Texts = std::vector<std::string>;

class LogTest : public DirectoryTest {
protected:
    void SetUp() override { open(); }
    Offset append(const BatchOf& b, std::int32_t epoch = 0) {
        const auto info = log().append_as_leader(batch(b), client(epoch));
        EXPECT_TRUE(info.has_value()) << info.error().detail;
        return info ? info->first_offset : Offset{-1};
    }
};

TEST_F(LogTest, AssignsOffsetsAndReadsBack) {
    EXPECT_EQ(append({{"a", "b"}}), Offset{0});
    EXPECT_EQ(append({{"c"}}), Offset{2});
    EXPECT_EQ(*read_all(log(), Offset{0}), (Texts{"0:a", "1:b", "2:c"}));
    EXPECT_EQ(*read_all(log(), Offset{1}), (Texts{"1:b", "2:c"}))
        << "the batch holds offset 0 too, readers skip it";
    EXPECT_EQ(log().read(Offset{4}, 100, Offset{9}).error().code, ErrorCode::OffsetOutOfRange);
    EXPECT_TRUE(log().read(Offset{3}, 100, Offset{9})->empty());
    EXPECT_EQ(*read_all(log(), Offset{0}, 1 << 20, Offset{2}), (Texts{"0:a", "1:b"}));
}

TEST_F(LogTest, TheSameFromTheFileAsFromTheTail) {
    Texts expected;
    for (int i = 0; i < 200; ++i) {
        append({{std::string(static_cast<std::size_t>(i % 50), 'x') + std::to_string(i)}});
        expected.push_back(std::to_string(i) + ':' +
                           std::string(static_cast<std::size_t>(i % 50), 'x') + std::to_string(i));
    }
    EXPECT_EQ(*read_all(log(), Offset{0}, 300), expected);
    log().release_memory();
    EXPECT_EQ(*read_all(log(), Offset{0}, 300), expected);
    EXPECT_EQ(*read_all(log(), Offset{0}, 1), expected) << "always one batch";
    EXPECT_TRUE(log().read(Offset{0}, 1, Offset{200}, false)->empty());
}

TEST_F(LogTest, ALargeBatchIsSharedNotCopied) {
    topic.max_message_bytes = 1 << 20;
    const Bytes large = batch({{std::string(200'000, 'x')}});
    ASSERT_TRUE(log().append_as_leader(large, client()).has_value());
    EXPECT_EQ(log().read(Offset{0}, 1 << 20, Offset{1})->data(), large.data());
    // Sent again (a retry without idempotence): the bytes in the log must not change under their
    // readers.
    ASSERT_TRUE(log().append_as_leader(large, client()).has_value());
    EXPECT_EQ(wire::RecordBatchView::of(*log().read(Offset{0}, 1 << 20, Offset{1}))->base_offset(),
              Offset{0});
    EXPECT_EQ(wire::RecordBatchView::of(*log().read(Offset{1}, 1 << 20, Offset{2}))->base_offset(),
              Offset{1});
}

TEST_F(LogTest, NothingIsDurableBeforeTheSync) {
    append({{"a"}});
    EXPECT_EQ(log().durable_end(), Offset{0});
    LogEffects effects;
    directory->flush(effects);
    ASSERT_EQ(effects.syncs.size(), 1u);
    append({{"b"}});  // while the sync is under way
    LogEffects more;
    directory->flush(more);
    EXPECT_TRUE(more.syncs.empty()) << "one at a time: what waits goes together";
    directory->synced(effects.syncs[0].id, effects.syncs[0].run(disk), more);
    EXPECT_EQ(log().durable_end(), Offset{1});
    EXPECT_EQ(more.durable_moved, std::vector<Log*>{&log()});
    ASSERT_EQ(more.syncs.size(), 1u) << "the next sync begins at once";
    directory->synced(more.syncs[0].id, more.syncs[0].run(disk), more);
    EXPECT_EQ(log().durable_end(), Offset{2});
}

TEST_F(LogTest, AFailedSyncIsFinal) {  // hard-bugs R9
    append({{"a"}});
    Log& t = log();
    LogEffects effects;
    directory->flush(effects);
    directory->synced(effects.syncs[0].id, fail(ErrorCode::KafkaStorageError, "EIO"), effects);
    EXPECT_TRUE(directory->offline());
    EXPECT_EQ(t.durable_end(), Offset{0});
    EXPECT_EQ(t.append_as_leader(batch({{"b"}}), client()).error().code,
              ErrorCode::KafkaStorageError);
    EXPECT_EQ(t.read(Offset{0}, 100, Offset{1}).error().code, ErrorCode::KafkaStorageError);
    LogEffects later;
    directory->flush(later);
    EXPECT_TRUE(later.syncs.empty() && later.durable_moved.empty());
    EXPECT_FALSE(directory->close().has_value());
}

TEST_F(LogTest, PageCacheModeCountsAppendedAsDurable) {
    directory.reset();
    config.durability = LogDurability::PageCache;
    open();
    append({{"a"}});
    EXPECT_EQ(log().durable_end(), Offset{1});
}

TEST_F(LogTest, LargeAppendsSyncTheirSegmentAndNotTheJournal) {
    topic.max_message_bytes = 1 << 20;
    append({{std::string(10'000, 'x')}});
    LogEffects effects;
    directory->flush(effects);
    ASSERT_EQ(effects.syncs.size(), 1u);
    EXPECT_EQ(effects.syncs[0].files.size(), 3u)
        << "segment, partition.metadata of a new log, journal";
    directory->synced(effects.syncs[0].id, effects.syncs[0].run(disk), effects);
    EXPECT_EQ(log().durable_end(), Offset{1});
}

TEST_F(LogTest, RollsBySizeAndByRecordTime) {
    topic.segment_bytes = 500;
    for (int i = 0; i < 10; ++i) append({{std::string(100, 'x')}});
    EXPECT_EQ(log().segment_count(), 5u);
    topic.segment_bytes = 1 << 20;
    topic.segment_ms = 1000;
    append({{"a"}, 1000});
    append({{"b"}, 2000});
    EXPECT_EQ(log().segment_count(), 5u);
    append({{"c"}, 2001});
    EXPECT_EQ(log().segment_count(), 6u);
    EXPECT_EQ(read_all(log(), Offset{0})->size(), 13u);
    log().release_memory();
    EXPECT_EQ(read_all(log(), Offset{0})->size(), 13u);
}

TEST_F(LogTest, JitterIsTakenOffTheAgeAndTheSameWhenAskedAgain) {
    topic.segment_ms = 10'000;
    topic.segment_jitter_ms = 5'000;
    const auto rolled_at = [&](const std::string& name) {
        const auto at = [&](std::int64_t ms) {
            ASSERT_TRUE(log(name).append_as_leader(batch({{"a"}, ms}), client()).has_value());
        };
        at(1000);
        std::int64_t ms = 1000;
        while (log(name).segment_count() == 1) at(ms += 100);
        return ms - 1000;
    };
    std::set<std::int64_t> ages;
    for (int i = 0; i < 10; ++i) ages.insert(rolled_at("t" + std::to_string(i)));
    EXPECT_GT(ages.size(), 3u);
    EXPECT_GE(*ages.begin(), 5'000);
    EXPECT_LE(*ages.rbegin(), 10'100);
}

TEST_F(LogTest, RetentionStopsAtTheHighWatermark) {
    topic.segment_bytes = 300;
    topic.retention_bytes = 0;
    for (int i = 0; i < 10; ++i) append({{std::string(100, 'x')}});
    EXPECT_EQ(*log().delete_old_segments(Timestamp{1000}), 0);
    log().set_high_watermark(Offset{5});
    EXPECT_EQ(*log().delete_old_segments(Timestamp{1000}), 5);
    EXPECT_EQ(log().log_start_offset(), Offset{5});
    EXPECT_EQ(log().read(Offset{4}, 100, Offset{9}).error().code, ErrorCode::OffsetOutOfRange);
    EXPECT_EQ(read_all(log(), Offset{5})->size(), 5u);
    settle();  // the files go when that is durable
    EXPECT_FALSE(disk.exists("data/t-0/00000000000000000000.log"));
}

TEST_F(LogTest, RetentionByTimeLetsTheActiveSegmentGoToo) {
    topic.retention_ms = 1000;
    append({{"a"}, 1000});
    log().set_high_watermark(Offset{1});
    EXPECT_EQ(*log().delete_old_segments(Timestamp{2000}), 0);
    EXPECT_EQ(*log().delete_old_segments(Timestamp{2001}), 1);
    EXPECT_EQ(log().log_start_offset(), Offset{1});
    EXPECT_EQ(append({{"b"}}), Offset{1});
}

TEST_F(LogTest, DeleteRecordsMovesTheStart) {
    for (int i = 0; i < 4; ++i) append({{"v" + std::to_string(i)}});
    EXPECT_EQ(log().set_log_start_offset(Offset{2}).error().code, ErrorCode::OffsetOutOfRange)
        << "past the high watermark";
    log().set_high_watermark(Offset{4});
    ASSERT_TRUE(log().set_log_start_offset(Offset{2}).has_value());
    EXPECT_EQ(*read_all(log(), Offset{2}), (Texts{"2:v2", "3:v3"}));
    settle();
    Random random(1);
    directory.reset();
    disk.crash(random);
    open();
    EXPECT_EQ(log().log_start_offset(), Offset{2}) << "the journal knows";
}

TEST_F(LogTest, FindsOffsetsByTimestamp) {
    topic.segment_bytes = 400;
    append({{"a", "b"}, 1000});               // 0@1000 1@1001
    append({{"c"}, 5000});                    // 2
    append({{"d"}, 3000});                    // 3
    append({{std::string(300, 'x')}, 4000});  // 4, another segment
    append({{"e"}, 6000});                    // 5
    const auto at = [this](std::int64_t t) {
        const auto found = log().offset_for_timestamp(Timestamp{t});
        return *found ? (*found)->offset.value() : -1;
    };
    for (int pass = 0; pass < 2; ++pass) {
        EXPECT_EQ(at(0), 0);
        EXPECT_EQ(at(1001), 1);
        EXPECT_EQ(at(1002), 2) << "first in offset order, not the least timestamp";
        EXPECT_EQ(at(5000), 2);
        EXPECT_EQ(at(5001), 5);
        EXPECT_EQ(at(6001), -1);
        EXPECT_EQ((*log().offset_of_max_timestamp())->offset, Offset{5});
        log().release_memory();
    }
}

TEST_F(LogTest, TruncatesAtABatch) {
    topic.segment_bytes = 300;
    for (int i = 0; i < 8; ++i) append({{std::string(60, 'x') + std::to_string(i)}}, i / 3);
    ASSERT_TRUE(log().truncate_to(Offset{4}).has_value());
    EXPECT_EQ(log().log_end_offset(), Offset{4});
    EXPECT_EQ(log().latest_epoch(), LeaderEpoch{1});
    EXPECT_EQ(read_all(log(), Offset{0})->size(), 4u);
    EXPECT_EQ(append({{"new"}}, 5), Offset{4});
    EXPECT_EQ(read_all(log(), Offset{4})->at(0), "4:new");
    EXPECT_EQ(log().end_offset_for(LeaderEpoch{1}), (EpochEnd{LeaderEpoch{1}, Offset{4}}));
    EXPECT_EQ(log().end_offset_for(LeaderEpoch{3}), (EpochEnd{LeaderEpoch{1}, Offset{4}}));
    EXPECT_EQ(log().end_offset_for(LeaderEpoch{6}), std::nullopt);
    ASSERT_TRUE(log().truncate_fully_and_start_at(Offset{100}).has_value());
    EXPECT_EQ(append({{"far"}}, 6), Offset{100});
    EXPECT_EQ(*read_all(log(), Offset{100}), (Texts{"100:far"}));
}

TEST_F(LogTest, FollowersTakeOffsetsAsTheyAre) {
    MutableBlock block(batch({{"a", "b"}}).size());
    std::memcpy(block.data(), batch({{"a", "b"}}).data(), block.size());
    wire::stamp_offset_and_epoch(block.data(), Offset{0}, LeaderEpoch{3});
    const Bytes first(std::move(block));
    ASSERT_TRUE(log().append_as_follower(first, Timestamp{0}).has_value());
    EXPECT_EQ(log().log_end_offset(), Offset{2});
    EXPECT_EQ(log().latest_epoch(), LeaderEpoch{3});
    EXPECT_EQ(log().append_as_follower(first, Timestamp{0}).error().code,
              ErrorCode::OffsetOutOfRange);
}

TEST_F(LogTest, RefusesWhatKafkaRefuses) {
    const auto code = [this](const Bytes& bytes) {
        const auto info = log().append_as_leader(bytes, client());
        return info ? ErrorCode::None : info.error().code;
    };
    const auto changed = [](std::size_t at, std::uint8_t value, bool crc) {
        const Bytes good = batch({{"a", "b"}});
        MutableBlock block(good.size());
        std::memcpy(block.data(), good.data(), good.size());
        block.data()[at] = static_cast<std::byte>(value);
        if (crc) wire::stamp_crc(block.data());
        return Bytes(std::move(block));
    };
    EXPECT_EQ(code(Bytes()), ErrorCode::InvalidRecord);
    const Bytes one = batch({{"a"}});
    ByteSink two;
    two.append(one);
    two.append(one);
    EXPECT_EQ(code(two.to_bytes()), ErrorCode::InvalidRecord);
    EXPECT_EQ(code(one.slice(0, one.size() - 1)), ErrorCode::InvalidRecord);
    EXPECT_EQ(code(changed(70, 0xff, false)), ErrorCode::CorruptMessage);
    EXPECT_EQ(code(changed(60, 3, true)), ErrorCode::InvalidRecord) << "count";
    EXPECT_EQ(code(changed(26, 5, true)), ErrorCode::InvalidRecord) << "last offset delta";
    EXPECT_EQ(code(changed(22, 0x20, true)), ErrorCode::InvalidRecord) << "control";
    EXPECT_EQ(code(changed(7, 5, false)), ErrorCode::InvalidRecord) << "first offset";
    EXPECT_EQ(code(changed(22, 0x05, true)), ErrorCode::UnsupportedCompressionType);
    EXPECT_EQ(code(changed(16, 1, false)), ErrorCode::InvalidRecord) << "magic";
    EXPECT_EQ(code(batch({{std::string(2 << 20, 'x')}})), ErrorCode::MessageTooLarge);
    EXPECT_EQ(code(batch({{"future"}, 1000 + 3'600'001})), ErrorCode::InvalidTimestamp);
    topic.segment_bytes = 60;
    log();
    EXPECT_EQ(code(one), ErrorCode::RecordListTooLarge);
    topic.segment_bytes = 1 << 20;
    topic.cleanup_compact = true;
    log();
    wire::RecordBatchBuilder builder;
    builder.append(Timestamp{1}, as_bytes("k"), as_bytes("v"));
    builder.append(Timestamp{1}, std::nullopt, as_bytes("v"));
    std::vector<std::int32_t> invalid;
    AppendOptions options = client();
    options.invalid_records = &invalid;
    EXPECT_EQ(log().append_as_leader(builder.finish({}), options).error().code,
              ErrorCode::InvalidRecord);
    EXPECT_EQ(invalid, std::vector<std::int32_t>{1});
    EXPECT_EQ(log().log_end_offset(), Offset{0});
    // The flag of append time: taken away where the topic has create time, else refused.
    topic.cleanup_compact = false;
    log();
    EXPECT_EQ(code(changed(22, 0x08, true)), ErrorCode::None);
    topic.message_timestamp_type = wire::TimestampType::LogAppendTime;
    log();
    EXPECT_EQ(code(changed(22, 0x08, true)), ErrorCode::InvalidTimestamp);
}

// A batch of this process says what is in it. What the topic minds is minded all the same.
TEST_F(LogTest, WhatTheBuilderSaysOfABatchSettlesNothingElse) {
    AppendOptions options = client();
    options.built = {.null_keys = false};
    EXPECT_TRUE(log().append_as_leader(batch({{"a"}}), options).has_value());
    EXPECT_EQ(log().append_as_leader(batch({{"b"}, 1000 + 3'600'001}), options).error().code,
              ErrorCode::InvalidTimestamp);
    const Bytes good = batch({{"c"}});
    MutableBlock block(good.size());
    std::memcpy(block.data(), good.data(), good.size());
    block.data()[66] ^= std::byte{1};
    EXPECT_EQ(log().append_as_leader(Bytes(std::move(block)), options).error().code,
              ErrorCode::CorruptMessage);
    topic.cleanup_compact = true;
    log();
    wire::RecordBatchBuilder builder;
    builder.append(Timestamp{1}, std::nullopt, as_bytes("v"));
    EXPECT_TRUE(builder.null_keys());
    options.built = {.null_keys = true};
    EXPECT_EQ(log().append_as_leader(builder.finish({}), options).error().code,
              ErrorCode::InvalidRecord);
    EXPECT_FALSE(builder.null_keys());
    topic.message_timestamp_type = wire::TimestampType::LogAppendTime;
    log();
    options.built = {.null_keys = false};
    options.now = Timestamp{777};
    EXPECT_EQ(log().append_as_leader(batch({{"d"}}), options)->log_append_time, Timestamp{777});
}

TEST_F(LogTest, StampsTimesAndRecompresses) {
    topic.message_timestamp_type = wire::TimestampType::LogAppendTime;
    topic.compression_type = wire::Codec::Zstd;
    const auto info =
        log().append_as_leader(batch({{std::string(500, 'x')}, 5, 7, 0, 0}), client(0, 777));
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->log_append_time, Timestamp{777});
    const Bytes stored = *log().read(Offset{0}, 1 << 20, Offset{1});
    const auto view = *wire::RecordBatchView::of(stored);
    EXPECT_TRUE(view.validate().has_value());
    EXPECT_EQ(view.codec(), wire::Codec::Zstd);
    EXPECT_EQ(view.max_timestamp(), Timestamp{777});
    EXPECT_EQ(view.producer_id(), ProducerId{7});
}

TEST_F(LogTest, AWrongMaxTimestampIsCorrected) {
    const Bytes good = batch({{"a"}, 500});
    MutableBlock block(good.size());
    std::memcpy(block.data(), good.data(), good.size());
    wire::stamp_max_timestamp(block.data(), wire::TimestampType::CreateTime, Timestamp{900});
    ASSERT_TRUE(log().append_as_leader(Bytes(std::move(block)), client()).has_value());
    const auto bytes = *log().read(Offset{0}, 100, Offset{1});
    const auto view = *wire::RecordBatchView::of(bytes);
    EXPECT_EQ(view.max_timestamp(), Timestamp{500});
    EXPECT_TRUE(view.check_crc().has_value());
}

TEST_F(LogTest, TransactionsHoldTheLastStableOffsetBack) {
    append({{"a"}, 1000, 1, 0, 0, true});  // 0: producer 1 open
    append({{"b"}});                       // 1
    append({{"c"}, 1000, 2, 0, 0, true});  // 2: producer 2 open
    log().set_high_watermark(Offset{3});
    EXPECT_EQ(log().last_stable_offset(), Offset{0});
    ASSERT_TRUE(log()
                    .append_as_leader(marker(wire::ControlType::Abort, 1, 0), coordinator())
                    .has_value());  // 3
    EXPECT_EQ(log().last_stable_offset(), Offset{0})
        << "the marker is not below the high watermark";
    log().set_high_watermark(Offset{4});
    EXPECT_EQ(log().last_stable_offset(), Offset{2});
    ASSERT_TRUE(log()
                    .append_as_leader(marker(wire::ControlType::Commit, 2, 0), coordinator())
                    .has_value());  // 4
    log().set_high_watermark(Offset{5});
    EXPECT_EQ(log().last_stable_offset(), Offset{5});
    const AbortedTransaction aborted{ProducerId{1}, Offset{0}, Offset{3}, Offset{2}};
    EXPECT_EQ(*log().aborted_transactions(Offset{0}, Offset{5}), std::vector{aborted});
    EXPECT_EQ(*log().aborted_transactions(Offset{2}, Offset{5}), std::vector{aborted})
        << "began before, ends in the range";
    EXPECT_TRUE(log().aborted_transactions(Offset{4}, Offset{5})->empty());
}

TEST_F(LogTest, AbortedTransactionsAreCollectedAcrossSegments) {  // hard-bugs I14
    topic.segment_bytes = 250;
    std::vector<AbortedTransaction> expected;
    for (int i = 0; i < 12; ++i) {
        const std::int64_t start = log().log_end_offset().value();
        append({{std::string(40, 'x')}, 1000, 5, static_cast<std::int16_t>(i), 0, true});
        for (int j = 0; j < i % 3; ++j) append({{std::string(90, 'y')}});
        const bool abort = i % 2 == 0;
        ASSERT_TRUE(log()
                        .append_as_leader(
                            marker(abort ? wire::ControlType::Abort : wire::ControlType::Commit, 5,
                                   static_cast<std::int16_t>(i)),
                            coordinator())
                        .has_value());
        const std::int64_t end = log().log_end_offset().value() - 1;
        if (abort) expected.push_back({ProducerId{5}, Offset{start}, Offset{end}, Offset{end + 1}});
    }
    ASSERT_GT(log().segment_count(), 4u);
    const std::int64_t log_end = log().log_end_offset().value();
    for (int pass = 0; pass < 2; ++pass) {
        for (std::int64_t from = 0; from < log_end; ++from) {
            for (std::int64_t to = from + 1; to <= log_end; ++to) {
                std::vector<AbortedTransaction> overlap;
                for (const auto& e : expected)
                    if (e.last_offset.value() >= from && e.first_offset.value() < to)
                        overlap.push_back(e);
                ASSERT_EQ(*log().aborted_transactions(Offset{from}, Offset{to}), overlap)
                    << from << ' ' << to;
            }
        }
        close();
        open();
    }
}

TEST_F(LogTest, ACleanStopNeedsNoScan) {  // hard-bugs I29
    topic.segment_bytes = 600;
    for (int i = 0; i < 30; ++i) append({{"value-" + std::to_string(i)}, 1000 + i, 9, 0, i, false});
    log().set_high_watermark(Offset{30});
    const auto before = *read_all(log(), Offset{0});
    close();
    EXPECT_TRUE(disk.exists("data/.kafka_cleanshutdown"));
    open();
    EXPECT_TRUE(directory->was_clean());
    EXPECT_EQ(directory->clean_broker_epoch(), 7);
    EXPECT_EQ(log().log_end_offset(), Offset{30});
    EXPECT_EQ(log().durable_end(), Offset{30});
    EXPECT_EQ(log().high_watermark(), Offset{30});
    EXPECT_EQ(*read_all(log(), Offset{0}), before);
    EXPECT_EQ(append({{"next"}, 1000, 9, 0, 30, false}), Offset{30})
        << "producer state is from the snapshot";
    EXPECT_FALSE(disk.exists("data/.kafka_cleanshutdown")) << "taken away when it is read";
}

TEST_F(LogTest, AnotherTopicOfTheSameNameIsRefused) {
    append({{"a"}});
    EXPECT_EQ(directory->open_log({"t", 0}, Uuid{9, 9}, topic).error().code,
              ErrorCode::InconsistentTopicId);
    ASSERT_TRUE(directory->delete_log({"t", 0}).has_value());
    EXPECT_EQ(directory->find({"t", 0}), nullptr);
    const auto again = directory->open_log({"t", 0}, Uuid{9, 9}, topic);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ((*again)->log_end_offset(), Offset{0});
}

TEST_F(LogTest, AFullDiskRefusesAppendsAndRecovers) {  // hard-bugs R8
    append({{"a"}});
    settle();
    disk.set_capacity(disk.used_bytes() + 12'000);
    ErrorCode last = ErrorCode::None;
    int appended = 0;
    for (int i = 0; i < 200 && last == ErrorCode::None; ++i) {
        const auto info = log().append_as_leader(batch({{std::string(200, 'x')}}), client());
        last = info ? ErrorCode::None : info.error().code;
        appended += info.has_value();
        settle();
    }
    EXPECT_EQ(last, ErrorCode::KafkaStorageError);
    EXPECT_GT(appended, 5);
    EXPECT_FALSE(directory->offline());
    EXPECT_EQ(read_all(log(), Offset{0})->size(), static_cast<std::size_t>(appended) + 1)
        << "reads go on";
    ASSERT_TRUE(directory->delete_log({"t", 0}).has_value()) << "deletes go on";
    EXPECT_EQ(append({{"again"}}), Offset{0}) << "and then appends do, without a restart";
}

TEST_F(LogTest, AnAppendThatFailsLeavesTheLogAsItWas) {
    append({{"a"}});
    for (std::uint64_t step = 0;; ++step) {
        disk.fail_operation(step);
        const auto info = log().append_as_leader(batch({{"b"}, 1000, 4, 0, 0}), client());
        if (info) {
            EXPECT_GT(step, 0u);
            break;
        }
        EXPECT_EQ(info.error().code, ErrorCode::KafkaStorageError);
        EXPECT_EQ(log().log_end_offset(), Offset{1});
        EXPECT_EQ(log().producers().find(ProducerId{4}), nullptr);
        EXPECT_EQ(*read_all(log(), Offset{0}), (Texts{"0:a"}));
    }
    EXPECT_EQ(*read_all(log(), Offset{0}), (Texts{"0:a", "1:b"}));
}

TEST_F(LogTest, BitRotInAColdSegmentIsAnErrorNotWrongBytes) {  // hard-bugs R10
    topic.segment_bytes = 200;
    for (int i = 0; i < 4; ++i) append({{std::string(100, 'x')}});
    log().release_memory();
    ASSERT_TRUE(disk.corrupt("data/t-0/00000000000000000001.log", 90, 3));
    EXPECT_EQ(log().read(Offset{1}, 1000, Offset{4}).error().code, ErrorCode::CorruptMessage);
    EXPECT_EQ(*read_all(log(), Offset{2}),
              (Texts{"2:" + std::string(100, 'x'), "3:" + std::string(100, 'x')}));
}

// The CRC goes with the batch; what a reader steers by is checked here all the same.
TEST_F(LogTest, WhoChecksTheCrcItselfIsGivenWhatTheFileHolds) {
    topic.segment_bytes = 200;
    for (int i = 0; i < 4; ++i) append({{std::string(100, 'x')}});
    log().release_memory();
    const auto read = [&](std::int64_t at) {
        return log().read(Offset{at}, 1000, Offset{4}, true, ReadCheck::Frames);
    };
    ASSERT_TRUE(disk.corrupt("data/t-0/00000000000000000001.log", 90, 3));
    const auto damaged = read(1);
    ASSERT_TRUE(damaged);
    EXPECT_FALSE(wire::RecordBatchView::of(*damaged)->check_crc());
    const auto whole = read(2);
    ASSERT_TRUE(whole);
    EXPECT_TRUE(wire::RecordBatchView::of(*whole)->check_crc());
    ASSERT_TRUE(disk.corrupt("data/t-0/00000000000000000003.log", 8, 7));  // the length
    EXPECT_EQ(read(3).error().code, ErrorCode::CorruptMessage);
}

TEST_F(LogTest, IdleLogsHoldNothing) {
    for (int i = 0; i < 100; ++i) log("t", i);
    const auto files = disk.paths().size();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(log("t", i).log_end_offset(), Offset{0});
    EXPECT_EQ(disk.paths().size(), files) << "no segment or index files before the first append";
    close();
    open();
    EXPECT_EQ(directory->topic_partitions().size(), 100u);
    EXPECT_EQ(directory->find({"t", 5}), nullptr) << "not opened before it is asked for";
}

TEST_F(LogTest, TheDirectoryIsOneProcesssOneClustersAndOneNodes) {
    EXPECT_EQ(LogDirectory::open(disk, config, sink).error().code, ErrorCode::KafkaStorageError);
    close();
    LogDirectoryConfig other = config;
    other.cluster_id = "another";
    EXPECT_EQ(LogDirectory::open(disk, other, sink).error().code, ErrorCode::InconsistentClusterId);
    other = config;
    other.node_id = 2;
    EXPECT_EQ(LogDirectory::open(disk, other, sink).error().code, ErrorCode::InvalidConfig);
    EXPECT_TRUE(LogDirectory::open(disk, config, sink).has_value());
}

}  // namespace
}  // namespace millrace::broker::log_test
