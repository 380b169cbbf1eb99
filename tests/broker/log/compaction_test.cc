// Compaction, rule by rule (semantics 3.6, traps 49-51).
#include "compaction_fixture.h"

namespace millrace::broker::log_test {
namespace {

using Texts = std::vector<std::string>;
constexpr std::int64_t kStart = 1'700'000'000'000, kHour = 3600 * 1000;

class Compaction : public DirectoryTest {
protected:
    void SetUp() override {
        topic.cleanup_compact = true;
        topic.cleanup_delete = false;
        topic.min_cleanable_dirty_ratio = 0;
        topic.delete_retention_ms = kHour;
        config.cleaner.backoff_ms = 100;
        config.checkpoint_interval_ms = 50;
        config.cleaner.secret = {1, 2};
        open();
        tick(1);
    }
    void tick(std::int64_t ms) {
        now_ms += ms;
        LogEffects effects;
        directory->tick({Time{now_ms * 1'000'000}, Timestamp{kStart + now_ms}}, effects);
        for (std::size_t i = 0; i < effects.syncs.size(); ++i) {
            const SyncRequest request = effects.syncs[i];
            directory->synced(request.id, request.run(disk), effects);
        }
        if (Log* it = directory->find({"t", 0})) it->set_high_watermark(it->durable_end());
    }
    // Rolls, and lets compaction do what it can.
    void compact() {
        settle();
        log().set_high_watermark(log().durable_end());
        ASSERT_TRUE(log().roll(Timestamp{kStart + now_ms}).has_value());
        for (int i = 0; i < 100; ++i) tick(5);
    }
    Offset put(std::vector<KeyValue> records, KeyedBatch b = {}) {
        b.records = std::move(records);
        b.timestamp = kStart + now_ms;
        const auto info = log().append_as_leader(batch(b), client(0, kStart + now_ms));
        EXPECT_TRUE(info.has_value()) << info.error().detail;
        return info ? info->first_offset : Offset{-1};
    }
    void end(std::int64_t producer, bool commit, std::int16_t epoch = 0) {
        const auto info = log().append_as_leader(
            marker(commit ? wire::ControlType::Commit : wire::ControlType::Abort, producer, epoch),
            coordinator());
        EXPECT_TRUE(info.has_value()) << info.error().detail;
    }
    // What is in the log: "offset key=value" of records, "[first,last]" of empty batches, "!" of
    // markers.
    Texts contents() {
        Texts all;
        for (Offset from = log().log_start_offset(); from < log().log_end_offset();) {
            const auto bytes = log().read(from, 1 << 20, Offset{INT64_MAX});
            EXPECT_TRUE(bytes.has_value()) << bytes.error().detail;
            if (!bytes || bytes->empty()) break;
            wire::BatchWalker walker(*bytes);
            while (const auto b = walker.next()) {
                EXPECT_TRUE(b->validate().has_value());
                from = b->next_offset();
                if (b->count() == 0)
                    all.push_back('[' + std::to_string(b->base_offset().value()) + ',' +
                                  std::to_string(b->last_offset().value()) + ']');
                const Bytes records = *wire::uncompressed_records(*b);
                wire::RecordReader reader(*b, records);
                wire::RecordView r;
                while (*reader.read({&r, 1}) == 1)
                    all.push_back(std::to_string(r.offset.value()) + ' ' +
                                  (b->control()
                                       ? "!"
                                       : std::string(as_text(r.key.view())) + '=' +
                                             (r.value ? std::string(as_text(*r.value)) : "null")));
            }
        }
        return all;
    }
    std::int64_t now_ms = 0;
};

TEST_F(Compaction, TheLastValueOfEachKeyStaysWhereItWas) {
    put({{"a", "1"}, {"b", "1"}});
    put({{"a", "2"}});
    put({{"c", "1"}, {"a", "3"}});
    compact();
    put({{"b", "active"}});
    EXPECT_EQ(contents(), (Texts{"1 b=1", "3 c=1", "4 a=3", "5 b=active"}));
    EXPECT_EQ(log().log_start_offset(), Offset{0}) << "only records go";
    EXPECT_EQ(directory->cleaner_stats().cleanings, 1);
    close();
    open();
    EXPECT_EQ(contents(), (Texts{"1 b=1", "3 c=1", "4 a=3", "5 b=active"}));
    EXPECT_TRUE(disk.exists("data/cleaner-offset-checkpoint"));
    EXPECT_EQ(as_text(*disk.content("data/cleaner-offset-checkpoint")), "0\n1\nt 0 5\n");
}

TEST_F(Compaction, ATombstoneNeedsTwoCleanings) {  // KIP-534
    put({{"a", "1"}, {"b", "1"}});
    put({{"a", std::nullopt}});
    put({{"x", "1"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"1 b=1", "2 a=null", "3 x=1"}));
    const Bytes bytes = *log().read(Offset{2}, 1, Offset{9});
    const auto stamped = *wire::RecordBatchView::of(bytes);
    ASSERT_TRUE(stamped.delete_horizon());
    EXPECT_NEAR(static_cast<double>(stamped.delete_horizon()->value()),
                static_cast<double>(kStart + now_ms + kHour), 1000);
    EXPECT_EQ(stamped.last_offset(), Offset{2});
    put({{"x", "2"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"1 b=1", "2 a=null", "4 x=2"}));
    tick(kHour + 1000);
    put({{"x", "3"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"1 b=1", "5 x=3"}));
}

TEST_F(Compaction, TheEndOfTheLogIsNotLost) {  // KAFKA-17076
    put({{"a", "1"}});
    put({{"a", std::nullopt}});
    topic.delete_retention_ms = 0;
    compact();
    put({{"a", "2"}}, {.producer = 9, .sequence = 0});
    put({{"a", std::nullopt}});
    compact();
    compact();
    EXPECT_EQ(log().log_end_offset(), Offset{4});
    close();
    open();
    EXPECT_EQ(log().log_end_offset(), Offset{4});
    EXPECT_EQ(log().producers().find(ProducerId{9})->last_sequence(), 0);
}

TEST_F(Compaction, AbortedRecordsGoAndTheirMarkerOnceTheyAreGone) {
    topic.delete_retention_ms = 0;
    put({{"a", "1"}});
    put({{"a", "aborted"}}, {.producer = 7, .transactional = true});
    end(7, false);
    put({{"b", "1"}}, {.producer = 7, .epoch = 0, .sequence = 1, .transactional = true});
    end(7, true);
    compact();
    // The last batch of the producer is b's.
    EXPECT_EQ(contents(), (Texts{"0 a=1", "2 !", "3 b=1", "4 !"}));
    EXPECT_EQ(log().aborted_transactions(Offset{0}, Offset{9})->size(), 1u)
        << "its records were there";
    put({{"b", "2"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"0 a=1", "2 !", "[3,3]", "4 !", "5 b=2"}));
    EXPECT_EQ(log().aborted_transactions(Offset{0}, Offset{9})->size(), 0u);
    put({{"b", "3"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"0 a=1", "[3,3]", "4 !", "6 b=3"}))
        << "the commit stays as long as a batch of it";
    close();
    open();
    EXPECT_FALSE(log().producers().first_open_offset()) << "the empty batch opens no transaction";
    EXPECT_EQ(log().producers().find(ProducerId{7})->last_sequence(), 1);
}

TEST_F(Compaction, AnOpenTransactionStopsIt) {
    put({{"a", "1"}});
    ASSERT_TRUE(log().roll(Timestamp{kStart}).has_value());
    put({{"a", "2"}}, {.producer = 7, .transactional = true});
    put({{"a", "3"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"0 a=1", "1 a=2", "2 a=3"}));
    end(7, false);
    put({{"z", "1"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"[1,1]", "2 a=3", "3 !", "4 z=1"}));
    EXPECT_EQ(log().aborted_transactions(Offset{0}, Offset{9})->size(), 1u);
}

TEST_F(Compaction, SmallSegmentsBecomeOne) {
    for (int i = 0; i < 10; ++i) {
        put({{"k" + std::to_string(i % 3), std::to_string(i)}});
        ASSERT_TRUE(log().roll(Timestamp{kStart}).has_value());
    }
    EXPECT_EQ(log().segment_count(), 11u);
    compact();
    EXPECT_EQ(log().segment_count(), 2u);
    EXPECT_EQ(contents(), (Texts{"7 k1=7", "8 k2=8", "9 k0=9"}));
    EXPECT_EQ(log().offset_for_timestamp(Timestamp{kStart})->value().offset, Offset{7});
}

TEST_F(Compaction, AMapThatIsFullCleansAPart) {
    config.cleaner.dedupe_bytes = 4 * OffsetMap::kSlotBytes;
    close();
    open();
    tick(1);
    for (int i = 0; i < 12; ++i) put({{"k" + std::to_string(i % 6), std::to_string(i)}});
    compact();
    EXPECT_GT(directory->cleaner_stats().cleanings, 2);
    EXPECT_EQ(contents(), (Texts{"6 k0=6", "7 k1=7", "8 k2=8", "9 k3=9", "10 k4=10", "11 k5=11"}));
}

TEST_F(Compaction, LagsAndRatio) {
    topic.min_compaction_lag_ms = 10 * kHour;
    put({{"a", "1"}});
    put({{"a", "2"}});
    compact();
    EXPECT_EQ(contents().size(), 2u);
    tick(11 * kHour);
    compact();
    EXPECT_EQ(contents(), (Texts{"1 a=2"}));
    topic.min_compaction_lag_ms = 0;
    topic.min_cleanable_dirty_ratio = 0.9;
    put({{"a", "3"}});
    compact();
    EXPECT_EQ(contents(), (Texts{"1 a=2", "2 a=3"}));
    topic.max_compaction_lag_ms = kHour;
    compact();
    EXPECT_EQ(contents().size(), 2u);
    tick(2 * kHour);
    compact();
    EXPECT_EQ(contents(), (Texts{"2 a=3"}));
}

TEST_F(Compaction, CodecsAndHeadersAndTimesStay) {
    for (const auto codec :
         {wire::Codec::Gzip, wire::Codec::Snappy, wire::Codec::Lz4, wire::Codec::Zstd})
        put({{"a", "1"}, {"c" + std::to_string(static_cast<int>(codec)), "kept"}, {"a", "2"}},
            {.codec = codec});
    compact();
    const auto fold = committed_fold(log());
    ASSERT_TRUE(fold.has_value()) << fold.error().detail;
    EXPECT_EQ(show(*fold), "a=2@11 c1=kept@1 c2=kept@4 c3=kept@7 c4=kept@10 ");
    const Bytes bytes = *log().read(Offset{1}, 1, Offset{99});
    EXPECT_EQ(wire::RecordBatchView::of(bytes)->codec(), wire::Codec::Gzip);
    EXPECT_EQ(wire::RecordBatchView::of(bytes)->count(), 1);
    EXPECT_EQ(wire::RecordBatchView::of(bytes)->last_offset(), Offset{2});
}

TEST_F(Compaction, RetentionOfBothPoliciesStopsACleaning) {
    topic.cleanup_delete = true;
    topic.retention_ms = kHour;
    config.cleaner.slice_bytes = 1;
    close();
    open();
    tick(1);
    for (int i = 0; i < 20; ++i) put({{"k", std::to_string(i)}});
    settle();
    ASSERT_TRUE(log().roll(Timestamp{kStart + now_ms}).has_value());
    put({{"k", "last"}});
    for (int i = 0; i < 40; ++i) tick(5);  // in the middle of it
    EXPECT_EQ(directory->cleaner_stats().cleanings, 0);
    EXPECT_EQ(*log().delete_old_segments(Timestamp{kStart + now_ms + 2 * kHour}), 2);
    for (int i = 0; i < 40; ++i) tick(5);
    EXPECT_EQ(log().log_start_offset(), Offset{21});
    EXPECT_EQ(contents(), Texts{});
    for (const std::string& path : disk.paths()) EXPECT_FALSE(path.ends_with(".cleaned")) << path;
}

TEST_F(Compaction, ADamagedLogIsLeftAlone) {
    for (int i = 0; i < 10; ++i) put({{"k", std::to_string(i)}});
    settle();
    log().set_high_watermark(log().durable_end());
    ASSERT_TRUE(log().roll(Timestamp{kStart}).has_value());
    ASSERT_TRUE(disk.corrupt("data/t-0/00000000000000000000.log", 200, 3));
    for (int i = 0; i < 100; ++i) tick(5);
    EXPECT_EQ(directory->cleaner_stats().cleanings, 0);
    EXPECT_EQ(directory->cleaner_stats().given_up, 1) << "once";
}

TEST(OffsetMap, KeepsTheLastOffsetAndSaysWhenItIsFull) {
    OffsetMap map(10 * OffsetMap::kSlotBytes, 1000, {1, 2});
    ASSERT_EQ(map.capacity(), 9u);
    for (int i = 0; i < 9; ++i)
        EXPECT_TRUE(map.put(as_bytes("key" + std::to_string(i)), Offset{i}));
    EXPECT_FALSE(map.put(as_bytes("more"), Offset{10}));
    EXPECT_TRUE(map.put(as_bytes("key3"), Offset{11}));
    EXPECT_EQ(map.get(as_bytes("key3")), Offset{11});
    EXPECT_EQ(map.get(as_bytes("key4")), Offset{4});
    EXPECT_EQ(map.get(as_bytes("more")), std::nullopt);
    EXPECT_FALSE(siphash128(as_bytes("a"), {1, 2}) == siphash128(as_bytes("a"), {1, 3}));
}

}  // namespace
}  // namespace millrace::broker::log_test
