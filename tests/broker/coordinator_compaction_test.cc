// The coordinators' logs are compacted while they serve, so that a restart loads what is left of
// them and not everything that ever was.
#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "node.h"

namespace millrace::broker {
namespace {

constexpr int kPartitions = 100, kRounds = 300;

BrokerConfig settings() {
    auto parsed = parse_broker_config(
        "log.dirs=/data\nlisteners=PLAINTEXT://127.0.0.1:9092\n"
        "offsets.topic.num.partitions=1\ntransaction.state.log.num.partitions=1\n"
        "log.cleaner.backoff.ms=500\n");
    return std::move(parsed)->config;
}

std::int64_t log_bytes(Node& node) {
    return node.broker().state().partition("__consumer_offsets", 0)->log().size_bytes();
}

void commit(Node& node, ConnectionId connection, std::int64_t offset) {
    wire::OffsetCommitRequest request;
    request.group_id = "group";
    auto& topic = request.topics.emplace_back();
    topic.name = "topic";
    for (std::int32_t p = 0; p < kPartitions; ++p)
        topic.partitions.push_back({.partition_index = p,
                                    .committed_offset = offset + p,
                                    .committed_metadata = std::string(120, 'm')});
    const auto response = node.call<wire::OffsetCommitResponse>(connection, std::move(request), 8);
    ASSERT_EQ(response.topics.at(0).partitions.at(0).error_code, ErrorCode::None);
}

void expect_offsets(Node& node, std::int64_t offset) {
    wire::OffsetFetchRequest request;
    auto& group = request.groups.emplace_back();
    group.group_id = "group";
    group.topics.reset();  // all
    const auto response =
        node.call<wire::OffsetFetchResponse>(node.connect(), std::move(request), 8);
    ASSERT_EQ(response.groups.size(), 1u);
    ASSERT_EQ(response.groups[0].topics.size(), 1u);
    ASSERT_EQ(response.groups[0].topics[0].partitions.size(), std::size_t{kPartitions});
    for (const auto& p : response.groups[0].topics[0].partitions)
        EXPECT_EQ(p.committed_offset, offset + p.partition_index);
}

TEST(CoordinatorCompaction, CommittedOffsetsStayAndTheirLogIsSmall) {
    testkit::SimDisk disk;
    Node node(disk, settings());
    node.create_topic("topic", kPartitions);
    const ConnectionId connection = node.connect();
    wire::FindCoordinatorRequest find;
    find.coordinator_keys = {"group"};
    (void)node.call<wire::FindCoordinatorResponse>(connection, std::move(find), 4);
    std::int64_t largest = 0;
    for (int i = 1; i <= kRounds; ++i) {
        commit(node, connection, i * 1000);
        if (i % 20 == 0) node.advance(std::chrono::seconds(1));
        largest = std::max(largest, log_bytes(node));
    }
    EXPECT_GT(largest, 4 << 20);
    node.advance(std::chrono::seconds(30));
    EXPECT_LT(log_bytes(node), 4 << 20) << "the rolled part is one record a partition";
    EXPECT_GT(node.broker().state().directory->cleaner_stats().cleanings, 0);
    expect_offsets(node, kRounds * 1000);
    node.stop();
    node.start();
    expect_offsets(node, kRounds * 1000);
    node.crash(7);
    node.start();
    expect_offsets(node, kRounds * 1000);
}

}  // namespace
}  // namespace millrace::broker
