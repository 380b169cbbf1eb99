#include "millrace/client/fetched_batches.h"
#include "millrace/tests/client/rig.h"
#include "millrace/wire/batch/record_batch_builder.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"

namespace millrace::test {

using wire::ApiKey;
using Records = std::vector<std::string>;
const TopicPartition kT0{"t", 0}, kT1{"t", 1};

struct Fetching : Rig {
    explicit Fetching(FetcherConfig f = {}) : Rig(transactional(), f) {
        broker.create_topic("t", 2);
        fetching = true;
        cluster.want_topic("t");
        producer.topic("t");
        producer.init();
    }
};

TEST(Fetcher, ReadsFromAPositionAndOn) {
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}, {"b", "1", 1}, {"c", "2", 1}});
    rig.fetcher.assign(kT0, 1, Offset{1});
    ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 2; }));
    EXPECT_EQ(rig.read[1], (Records{"b=1", "c=2"}));
    EXPECT_EQ(rig.fetcher.position(kT0), Offset{3});
    rig.broker.append(kT0, {{"d", "3", 1}});
    ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 3; }));
    EXPECT_EQ(rig.fetcher.lag(kT0), 0);
}

TEST(Fetcher, HandsOutSlicesOfTheFetchedBlock) {
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}});
    const std::byte* block = rig.broker.partition(kT0).log[0].bytes.data();
    wire::FetchResponse::PartitionData data;
    data.records = wire::Records(rig.broker.partition(kT0).log[0].bytes);
    const auto split = split_batches(data, Offset{0}, {});
    ASSERT_TRUE(split);
    EXPECT_EQ((*split)[0].batches.data(), block);
}

TEST(Fetcher, ResetsToTheEndsOfTheLog) {
    for (const OffsetReset reset : {OffsetReset::Earliest, OffsetReset::Latest}) {
        FetcherConfig config;
        config.reset = reset;
        Fetching rig(config);
        rig.broker.append(kT0, {{"a", "0", 1}, {"b", "1", 1}});
        rig.fetcher.assign(kT0, 1, std::nullopt);
        ASSERT_TRUE(rig.until([&] { return !rig.resets.empty(); }));
        EXPECT_EQ(rig.resets[0].second, reset == OffsetReset::Earliest ? 0 : 2);
    }
}

TEST(Fetcher, OutOfRangeResetsOrFailsByPolicy) {
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}});
    rig.fetcher.assign(kT0, 1, Offset{50});
    ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 1; }));

    FetcherConfig none;
    none.reset = OffsetReset::None;
    Fetching strict(none);
    strict.fetcher.assign(kT0, 1, Offset{50});
    ASSERT_TRUE(strict.until([&] { return !strict.failures.empty(); }));
    EXPECT_EQ(strict.failures[0].second.code, ErrorCode::OffsetOutOfRange);
}

TEST(Fetcher, LeavesOutAbortedTransactionsAndMarkers) {  // T9, T12
    Fetching rig;
    ASSERT_TRUE(
        rig.until([&] { return rig.producer.initialized() && rig.producer.topics_known(); }));
    rig.broker.append(kT0, {{"plain", "0", 1}});
    rig.send("t", 0, "aborted", "1");
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition(kT0).end == 2; }));
    rig.broker.append(kT0, {{"plain", "2", 1}});
    rig.producer.abort();
    ASSERT_TRUE(rig.until([&] { return rig.outcomes.size() == 1; }));
    rig.send("t", 0, "committed", "4");
    ASSERT_TRUE(rig.commit_and_wait());
    rig.fetcher.assign(kT0, 1, Offset{0});
    ASSERT_TRUE(rig.until([&] { return rig.fetcher.position(kT0) == Offset{6}; }));
    EXPECT_EQ(rig.read[1], (Records{"plain=0", "plain=2", "committed=4"}));

    // From inside the aborted transaction the list still names it.
    rig.read.clear();
    rig.fetcher.seek(kT0, Offset{1});
    ASSERT_TRUE(rig.until([&] { return rig.fetcher.position(kT0) == Offset{6}; }));
    EXPECT_EQ(rig.read[1], (Records{"plain=2", "committed=4"}));
}

TEST(Fetcher, StopsAtTheOpenTransaction) {
    Fetching rig;
    ASSERT_TRUE(
        rig.until([&] { return rig.producer.initialized() && rig.producer.topics_known(); }));
    rig.broker.append(kT0, {{"plain", "0", 1}});
    rig.send("t", 0, "open", "1");
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition(kT0).end == 2; }));
    rig.fetcher.assign(kT0, 1, Offset{0});
    rig.until([] { return false; }, std::chrono::seconds(2));
    EXPECT_EQ(rig.read[1], (Records{"plain=0"}));
    ASSERT_TRUE(rig.commit_and_wait());
    ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 2; }));
}

TEST(Fetcher, APausedPartitionIsNotAskedForAndAnIdleOneHoldsUpNobody) {
    Fetching rig;
    rig.fetcher.assign(kT0, 1, Offset{0});
    rig.fetcher.assign(kT1, 2, Offset{0});
    rig.fetcher.pause(kT1, true);
    rig.broker.append(kT1, {{"b", "0", 1}});
    rig.until([] { return false; }, std::chrono::milliseconds(100));
    EXPECT_TRUE(rig.read[2].empty());
    rig.fetcher.pause(kT1, false);
    // t-0 sits in a long poll of 500 ms; t-1 must not wait for it.
    const std::int64_t before = rig.pump.now().time.value();
    ASSERT_TRUE(rig.until([&] { return rig.read[2].size() == 1; }));
    EXPECT_LT(rig.pump.now().time.value() - before, 30'000'000);
}

TEST(Fetcher, ALostSessionIsOpenedAnew) {
    Fetching rig;
    rig.fetcher.assign(kT0, 1, Offset{0});
    rig.broker.intercept = [n = 0](const wire::AnyRequest& r,
                                   std::optional<wire::AnyResponse>& a) mutable {
        if (r.key() != ApiKey::Fetch || ++n % 3 != 0) return Fate::Serve;
        wire::FetchResponse response;
        response.error_code =
            n % 2 ? ErrorCode::FetchSessionIdNotFound : ErrorCode::InvalidFetchSessionEpoch;
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    for (int i = 0; i < 20; ++i) {
        rig.broker.append(kT0, {{"k", std::to_string(i), 1}});
        ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == std::size_t(i + 1); }));
    }
}

// Nothing changed since the session's last answer, so an incremental one leaves the partition out: who assigns it
// anew (an abort does) would never hear its end.
TEST(Fetcher, APartitionAssignedAnewHearsItsEndAgain) {
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}});
    for (const TopicPartition& tp : {kT0, kT1}) rig.fetcher.assign(tp, 1, Offset{0});
    ASSERT_TRUE(rig.until([&] { return rig.fetcher.position(kT0) == Offset{1} && rig.fetcher.lag(kT1) == 0; }));
    rig.until([] { return false; }, std::chrono::seconds(2));
    for (int i = 0; i < 4; ++i) {
        rig.fetcher.assign(kT0, 1, Offset{1});
        rig.fetcher.assign(kT1, 1, Offset{0});
        EXPECT_FALSE(rig.fetcher.lag(kT0));
        ASSERT_TRUE(rig.until([&] { return rig.fetcher.lag(kT0) == 0 && rig.fetcher.lag(kT1) == 0; })) << i;
    }
}

TEST(Fetcher, UnpacksCompressedBatches) {
    for (const wire::Codec codec :
         {wire::Codec::Gzip, wire::Codec::Snappy, wire::Codec::Lz4, wire::Codec::Zstd}) {
        auto config = transactional();
        config.codec = codec;
        Rig rig(config);
        rig.broker.create_topic("t", 2);
        rig.fetching = true;
        rig.producer.topic("t");
        rig.producer.init();
        ASSERT_TRUE(
            rig.until([&] { return rig.producer.initialized() && rig.producer.topics_known(); }));
        for (int i = 0; i < 100; ++i)
            rig.send("t", 0, "key", "value value value " + std::to_string(i));
        ASSERT_TRUE(rig.commit_and_wait());
        rig.fetcher.assign(kT0, 1, Offset{0});
        ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 100; }));
        EXPECT_EQ(rig.read[1][99], "key=value value value 99");
    }
}

TEST(Fetcher, ACorruptBatchIsNeverHandedOut) {
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}});
    auto& bytes = rig.broker.partition(kT0).log[0].bytes;
    MutableBlock block(bytes.size());
    std::memcpy(block.data(), bytes.data(), bytes.size());
    block.data()[bytes.size() - 2] ^= std::byte{1};
    bytes = Bytes(std::move(block));
    rig.fetcher.assign(kT0, 1, Offset{0});
    ASSERT_TRUE(rig.until([&] { return !rig.failures.empty(); }));
    EXPECT_EQ(rig.failures[0].second.code, ErrorCode::CorruptMessage);
    EXPECT_TRUE(rig.read[1].empty());
}

TEST(Fetcher, FindsThatTheLogWasCut) {  // KIP-320
    Fetching rig;
    rig.broker.append(kT0, {{"a", "0", 1}, {"b", "1", 1}});
    rig.broker.intercept = [](const wire::AnyRequest& r, std::optional<wire::AnyResponse>& a) {
        if (r.key() != ApiKey::OffsetForLeaderEpoch) return Fate::Serve;
        wire::OffsetForLeaderEpochResponse response;
        auto& topic = response.topics.emplace_back();
        topic.topic = "t";
        topic.partitions.push_back({ErrorCode::None, 0, 0, 1});  // epoch 0 ended at 1
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    rig.fetcher.assign(kT0, 1, Offset{2}, LeaderEpoch{0});
    ASSERT_TRUE(rig.until([&] { return rig.read[1].size() == 1; }));
    EXPECT_EQ(rig.read[1], (Records{"b=1"}));
    EXPECT_EQ(rig.resets[0].second, 1);
}

TEST(FetchedBatches, HostileBytesAreErrors) {  // C2
    Random random(1);
    wire::RecordBatchBuilder builder;
    builder.append(Timestamp{1}, as_bytes("key"), as_bytes("value"));
    const Bytes good = builder.finish({});
    for (int i = 0; i < 20000; ++i) {
        const std::size_t size = random.one_in(2) ? good.size() : random.below(good.size() + 1);
        MutableBlock block(size);
        std::memcpy(block.data(), good.data(), size);
        for (std::uint64_t n = random.below(4); size > 0 && n > 0; --n)
            block.data()[random.below(size)] = static_cast<std::byte>(random.next());
        wire::FetchResponse::PartitionData data;
        data.records = wire::Records(Bytes(std::move(block)));
        (void)split_batches(data, Offset{0}, {});
        (void)split_batches(data, Offset{0}, {.check_crcs = false});
    }
}

}  // namespace millrace::test
