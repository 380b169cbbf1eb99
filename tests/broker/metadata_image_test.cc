// The metadata log, snapshots and image, held against those of a real Apache Kafka 4.4.0 broker
// (tests/golden/broker-data; what happened to it is told in its README.md).
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <zlib.h>

#include "controller_harness.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker::test {
namespace {

constexpr const char* kLog = "00000000000000000000.log";
constexpr const char* kSnapshot = "00000000000000000094-0000000001.checkpoint";

Bytes golden(const std::string& name) {
    std::ifstream in(
        std::string(MILLRACE_TESTS_DIR) + "/golden/broker-data/__cluster_metadata-0/" + name,
        std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    EXPECT_FALSE(content.str().empty()) << name;
    return Bytes::copy(content.str());
}

// Replays up to `end`.
Result<MetadataImage> replay_log(const Bytes& log, Offset end, MetadataImage image = {},
                                 Offset from = Offset{0}) {
    MetadataTransaction transaction;
    wire::BatchWalker walker(log.view());
    while (true) {
        const std::size_t at = walker.position();
        const auto batch = walker.next();
        if (!batch || batch->base_offset() >= end) return image;
        if (batch->base_offset() < from) continue;
        MR_TRY_VOID(batch->validate());
        MR_TRY(auto records, metadata_records(log.slice(at, batch->size())));
        for (PlacedRecord& placed : records) {
            MR_TRY_VOID(transaction.take(std::move(placed), [&](const PlacedRecord& p) {
                return image.replay(p.record, p.offset);
            }));
        }
    }
}

TEST(MetadataImage, OfARealBrokersLogIsWhatItsStoryTells) {
    const auto image = replay_log(golden(kLog), Offset{1'000'000});
    ASSERT_TRUE(image) << image.error().detail;
    EXPECT_EQ(image->feature("metadata.version"), 33);
    EXPECT_EQ(image->feature("transaction.version"), 2);
    EXPECT_EQ(image->feature("streams.version"), 1);
    for (const char* topic : {"codecs", "rolled", "txn", "compacted", "append-time", "trimmed",
                              "words", "versions", "__transaction_state", "__consumer_offsets",
                              "__share_group_state", "streams-app-counts-changelog",
                              "streams-app-windows-changelog", "streams-app-sessions-changelog",
                              "streams-app-plain-changelog", "streams-app-versioned-changelog"}) {
        EXPECT_NE(image->topic(std::string_view(topic)), nullptr) << topic;
    }
    EXPECT_EQ(image->topics().size(), 16u);
    EXPECT_EQ(image->topic(std::string_view("gone")), nullptr);
    EXPECT_EQ(image->topic(std::string_view("trimmed"))->partitions.size(), 2u);
    EXPECT_EQ(image->partition_count(), 17);
    EXPECT_EQ(image->next_producer_id(), 2000);
    Uuid words;
    ASSERT_TRUE(Uuid::parse("F4UMvkLsR5iuTosufq6siQ", words));
    EXPECT_EQ(image->topic(words)->name, "words");
    EXPECT_EQ(image->configs({ConfigResourceType::Topic, "codecs"}),
              (ConfigMap{{"index.interval.bytes", "100"}, {"max.message.bytes", "2000000"}}));
    EXPECT_EQ(image->configs({ConfigResourceType::Group, "group-share"}),
              (ConfigMap{{"share.auto.offset.reset", "earliest"}}));
    EXPECT_EQ(image->topic_config("compacted", NodeId{1}, BrokerConfig{}).compact, true);
    // The last thing it did was a controlled shutdown.
    const BrokerImage& broker = *image->broker(NodeId{1});
    EXPECT_TRUE(broker.fenced);
    EXPECT_TRUE(broker.in_controlled_shutdown);
    EXPECT_EQ(broker.epoch, 185);
    EXPECT_EQ(broker.endpoint("PLAINTEXT")->port, 45107);
    const PartitionImage& p = *image->partition("words", 0);
    EXPECT_EQ(p.leader, std::nullopt);
    EXPECT_TRUE(p.isr.empty());
    EXPECT_EQ(p.elr, std::vector<NodeId>{NodeId{1}});
    EXPECT_EQ(p.leader_epoch, LeaderEpoch{3});  // led, left, led, left
}

TEST(MetadataImage, OfARealSnapshotIsTheFoldOfTheLogBeforeIt) {  // K5, on Kafka's own bytes
    const SnapshotId id{Offset{94}, LeaderEpoch{1}};
    const auto snapshot = parse_snapshot(id, golden(kSnapshot));
    ASSERT_TRUE(snapshot) << snapshot.error().detail;
    EXPECT_EQ(snapshot->kraft_version, 1);
    EXPECT_EQ(snapshot->voters.size(), 1u);
    MetadataImage image;
    for (const MetadataRecord& record : snapshot->records)
        ASSERT_TRUE(image.replay(record, id.end));
    const auto folded = replay_log(golden(kLog), id.end);
    ASSERT_TRUE(folded);
    EXPECT_EQ(image, *folded);
    EXPECT_EQ(image.hash(), folded->hash());
    // And going on from it gives the same as the whole log.
    const auto all = replay_log(golden(kLog), Offset{1'000'000});
    const auto rest = replay_log(golden(kLog), Offset{1'000'000}, image, id.end);
    ASSERT_TRUE(all && rest);
    EXPECT_EQ(*all, *rest);
}

TEST(MetadataImage, WrittenAsASnapshotComesBackTheSame) {
    const auto image = replay_log(golden(kLog), Offset{1'000'000});
    ASSERT_TRUE(image);
    Snapshot snapshot;
    snapshot.id = {Offset{228}, LeaderEpoch{2}};
    snapshot.kraft_version = 1;
    snapshot.voters = parse_snapshot({Offset{94}, LeaderEpoch{1}}, golden(kSnapshot))->voters;
    snapshot.records = image->records();
    const Bytes bytes = snapshot_bytes(snapshot, Timestamp{5});
    const auto back = parse_snapshot(snapshot.id, bytes);
    ASSERT_TRUE(back) << back.error().detail;
    MetadataImage again;
    for (const MetadataRecord& record : back->records)
        ASSERT_TRUE(again.replay(record, snapshot.id.end));
    EXPECT_EQ(again, *image);
    EXPECT_EQ(back->voters, snapshot.voters);
    // Cut anywhere it is refused: never a part of the metadata.
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
        EXPECT_FALSE(parse_snapshot(snapshot.id, bytes.slice(0, size))) << size;
    }
}

TEST(MetadataImage, BootstrapSnapshotIsKafkasByteForByte) {
    const Bytes theirs = golden("00000000000000000000-0000000000.checkpoint");
    auto snapshot = parse_snapshot({}, theirs);
    ASSERT_TRUE(snapshot) << snapshot.error().detail;
    ASSERT_EQ(snapshot->records.size(), 6u);
    const Bytes ours = snapshot_bytes(*snapshot, Timestamp{1795605065469});
    // The three batches were written at different times; all else is equal.
    ASSERT_EQ(ours.size(), theirs.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) different += ours.data()[i] != theirs.data()[i];
    EXPECT_LE(different, 2u * (4 + 2 + 2)) << "more than CRCs and timestamps of two batches";
}

TEST(MetadataLog, OpensARealBrokersDirectoryAndDecides) {
    ControllerHarness h;
    const std::string directory = "/data/__cluster_metadata-0";
    ASSERT_TRUE(h.disk.make_directories(directory));
    for (const char* name : {kLog, kSnapshot, "00000000000000000000-0000000000.checkpoint",
                             "quorum-state", "partition.metadata", "leader-epoch-checkpoint",
                             "00000000000000000000.index", "00000000000000000000.timeindex"}) {
        ASSERT_TRUE(replace_file(h.disk, directory + "/" + name, golden(name)));
    }
    ASSERT_TRUE(h.open());
    EXPECT_EQ(h.node->epoch(), LeaderEpoch{3});  // it had epoch 2
    h.run();
    EXPECT_TRUE(h.node->active());
    const auto image = replay_log(golden(kLog), Offset{1'000'000});
    EXPECT_EQ(h.node->image().topics(), image->topics());
    // This node takes the broker's seat: it leads again what it led, from the eligible replicas.
    h.join("BBBBBBBBBBBBBBBBBBBBBg");
    for (const auto& [name, topic] : h.node->image().topics()) {
        for (const PartitionImage& p : topic.partitions) {
            EXPECT_EQ(p.leader, NodeId{1}) << name;
            EXPECT_EQ(p.isr, std::vector<NodeId>{NodeId{1}}) << name;
            EXPECT_TRUE(p.elr.empty()) << name;
        }
    }
    EXPECT_EQ(h.create_error("words"), ErrorCode::TopicAlreadyExists);
    EXPECT_EQ(h.create_error("new"), ErrorCode::None);
}

TEST(MetadataRecords, OfARealLogAreWrittenBackByteForByte) {
    const Bytes log = golden(kLog);
    wire::BatchWalker walker(log.view());
    std::size_t batches = 0;
    while (true) {
        const std::size_t at = walker.position();
        const auto batch = walker.next();
        if (!batch) break;
        if (batch->control()) continue;
        const auto placed = metadata_records(log.slice(at, batch->size()));
        ASSERT_TRUE(placed);
        std::vector<MetadataRecord> records;
        for (const PlacedRecord& p : *placed) records.push_back(p.record);
        const Bytes ours = metadata_batch(records, batch->base_timestamp());
        MutableBlock stamped(ours.size());
        std::memcpy(stamped.data(), ours.data(), ours.size());
        wire::stamp_offset_and_epoch(stamped.data(), batch->base_offset(), batch->leader_epoch());
        EXPECT_EQ(to_hex(Bytes(std::move(stamped)).view()), to_hex(batch->bytes()))
            << "at offset " << batch->base_offset().value();
        ++batches;
    }
    EXPECT_EQ(batches, 93u);
}

TEST(MetadataTransaction, ShowsAllOrNothing) {  // K6
    MetadataTransaction transaction;
    std::vector<std::int64_t> seen;
    const auto take = [&](std::int64_t offset, MetadataRecord record) {
        return transaction.take({Offset{offset}, std::move(record)}, [&](const PlacedRecord& p) {
            seen.push_back(p.offset.value());
            return Result<void>{};
        });
    };
    EXPECT_TRUE(take(0, wire::NoOpRecord{}));
    EXPECT_TRUE(take(1, wire::BeginTransactionRecord{}));
    EXPECT_TRUE(take(2, wire::TopicRecord{}));
    EXPECT_TRUE(take(3, wire::AbortTransactionRecord{}));
    EXPECT_TRUE(take(4, wire::BeginTransactionRecord{}));
    EXPECT_TRUE(take(5, wire::TopicRecord{}));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{0}));
    EXPECT_FALSE(take(6, wire::BeginTransactionRecord{}));
    EXPECT_TRUE(take(7, wire::EndTransactionRecord{}));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 5}));
    EXPECT_FALSE(take(8, wire::EndTransactionRecord{}));
}

}  // namespace
}  // namespace millrace::broker::test
