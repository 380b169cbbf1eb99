// The machine from the first request to the last byte, over a simulated disk.
#include "millrace/broker/broker.h"

#include "millrace/tests/broker/node.h"
#include "millrace/wire/messages/add_partitions_to_txn.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/delete_records.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/assign_replicas_to_dirs.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/list_offsets.h"
#include "millrace/wire/messages/metadata.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"

namespace millrace::broker {
namespace {

using testing::Test;
using Strings = std::vector<std::string>;

struct BrokerTest : Test {
    testkit::SimDisk disk;
    Node node{disk};

    wire::ProduceResponse::PartitionProduceResponse produced(wire::ProduceRequest request,
                                                             std::int16_t version = 12) {
        const auto response =
            node.call<wire::ProduceResponse>(node.connect(), std::move(request), version);
        return response.responses.at(0).partition_responses.at(0);
    }
    wire::FetchResponse::PartitionData fetched(wire::FetchRequest request,
                                               std::int16_t version = 12) {
        const auto response =
            node.call<wire::FetchResponse>(node.connect(), std::move(request), version);
        return response.responses.at(0).partitions.at(0);
    }
    Node::Producer init(const std::string& transactional_id, std::int32_t timeout_ms = 60'000) {
        (void)node.call<wire::FindCoordinatorResponse>(
            node.connect(),
            wire::FindCoordinatorRequest{.key_type = 1, .coordinator_keys = {transactional_id}}, 4);
        const auto response = node.call<wire::InitProducerIdResponse>(
            node.connect(),
            wire::InitProducerIdRequest{.transactional_id = transactional_id,
                                        .transaction_timeout_ms = timeout_ms},
            4);
        EXPECT_EQ(response.error_code, ErrorCode::None);
        return {.id = response.producer_id,
                .epoch = response.producer_epoch,
                .sequence = 0,
                .transactional = true};
    }
    wire::EndTxnResponse end(const std::string& transactional_id, const Node::Producer& producer,
                             bool commit) {
        return node.call<wire::EndTxnResponse>(
            node.connect(),
            wire::EndTxnRequest{.transactional_id = transactional_id,
                                .producer_id = producer.id,
                                .producer_epoch = producer.epoch,
                                .committed = commit},
            5);
    }
};

TEST_F(BrokerTest, WhatIsProducedIsFetched) {
    node.create_topic("t");
    const auto answer = produced(node.produce("t", node.batch({"a", "b"})));
    EXPECT_EQ(answer.error_code, ErrorCode::None);
    EXPECT_EQ(answer.base_offset, 0);
    EXPECT_EQ(produced(node.produce("t", node.batch({"c"}))).base_offset, 2);
    EXPECT_EQ(node.read("t", 0), (Strings{"a", "b", "c"}));
    EXPECT_EQ(node.read("t", 2), (Strings{"c"}));
    EXPECT_EQ(fetched(node.fetch("t", 4)).error_code, ErrorCode::OffsetOutOfRange);
}

TEST_F(BrokerTest, NobodyHearsOfWhatIsNotSynced) {  // design 3.5
    node.create_topic("t");
    node.hold_syncs = true;
    const ConnectionId producer = node.connect(), reader = node.connect();
    const auto acks_all = node.send(producer, node.produce("t", node.batch({"a"})), 12);
    const auto read = node.send(reader, node.fetch("t", 0, 0, 500), 12);
    node.run();
    EXPECT_FALSE(node.take(producer, acks_all));
    EXPECT_FALSE(node.take(reader, read));
    EXPECT_EQ(node.syncs(), 1u);
    const auto acks_one = node.send(node.connect(), node.produce("t", node.batch({"b"}), 1), 12);
    node.run();
    (void)acks_one;
    ASSERT_TRUE(node.sync_one());
    node.run();
    EXPECT_TRUE(node.take(producer, acks_all));
    const auto answer = node.take(reader, read);
    ASSERT_TRUE(answer);
    EXPECT_EQ(node.values(answer->as<wire::FetchResponse>()),
              Strings{"a"});  // b waits for the next sync
}

TEST_F(BrokerTest, AFetchWaitsForDataOrItsTime) {
    node.create_topic("t");
    const ConnectionId reader = node.connect();
    auto fetch = node.send(reader, node.fetch("t", 0, 0, 500), 12);
    node.run();
    node.advance(std::chrono::milliseconds(499));
    EXPECT_FALSE(node.take(reader, fetch));
    node.advance(std::chrono::milliseconds(2));
    EXPECT_TRUE(node.take(reader, fetch));
    fetch = node.send(reader, node.fetch("t", 0, 0, 500), 12);
    node.run();
    (void)produced(node.produce("t", node.batch({"a"})));
    const auto answer = node.take(reader, fetch);
    ASSERT_TRUE(answer);
    EXPECT_EQ(node.values(answer->as<wire::FetchResponse>()), Strings{"a"});
}

TEST_F(BrokerTest, AcksZeroHasNoAnswerAndAFailureClosesTheConnection) {
    node.create_topic("t");
    const ConnectionId connection = node.connect();
    const auto zero = node.send(connection, node.produce("t", node.batch({"a"}), 0), 12);
    const auto one = node.send(connection, node.produce("t", node.batch({"b"}), 1), 12);
    node.run();
    EXPECT_FALSE(node.take(connection, zero));
    EXPECT_TRUE(node.take(connection, one));
    EXPECT_EQ(node.read("t", 0), (Strings{"a", "b"}));
    (void)node.send(connection, node.produce("nowhere", node.batch({"c"}), 0), 12);
    node.run();
    EXPECT_TRUE(node.closed(connection));
}

TEST_F(BrokerTest, ErrorsOfProduce) {
    node.create_topic("t");
    EXPECT_EQ(produced(node.produce("nowhere", node.batch({"a"}))).error_code,
              ErrorCode::UnknownTopicOrPartition);
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}), 2)).error_code,
              ErrorCode::InvalidRequiredAcks);
    EXPECT_EQ(produced(node.produce("t", {})).error_code, ErrorCode::InvalidRecord);
    EXPECT_EQ(produced(node.produce("__consumer_offsets", node.batch({"a"}))).error_code,
              ErrorCode::InvalidTopicException);
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}, {1, 0, 0, true}))).error_code,
              ErrorCode::TransactionalIdAuthorizationFailed);
    Bytes broken = node.batch({"a"});
    const_cast<std::byte*>(broken.data())[70] ^= std::byte{1};
    EXPECT_EQ(produced(node.produce("t", broken)).error_code, ErrorCode::CorruptMessage);
    EXPECT_EQ(node.read("t", 0), Strings{});
}

TEST_F(BrokerTest, ARepeatedBatchIsAnsweredWithItsFirstOffset) {  // KIP-98
    node.create_topic("t");
    (void)produced(node.produce("t", node.batch({"x"})));
    const auto init = node.call<wire::InitProducerIdResponse>(
        node.connect(), wire::InitProducerIdRequest{.transactional_id = std::nullopt}, 4);
    ASSERT_EQ(init.error_code, ErrorCode::None);
    const Node::Producer producer{init.producer_id, init.producer_epoch, 0};
    EXPECT_EQ(produced(node.produce("t", node.batch({"a", "b"}, producer))).base_offset, 1);
    EXPECT_EQ(produced(node.produce("t", node.batch({"a", "b"}, producer))).base_offset, 1);
    EXPECT_EQ(
        produced(node.produce("t", node.batch({"c"}, {producer.id, producer.epoch, 5}))).error_code,
        ErrorCode::OutOfOrderSequenceNumber);
    EXPECT_EQ(node.read("t", 0), (Strings{"x", "a", "b"}));
}

TEST_F(BrokerTest, ATransactionIsSeenWhenItIsCommitted) {
    node.create_topic("t");
    Node::Producer producer = init("tx");
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}, producer), -1, "tx")).error_code,
              ErrorCode::None);
    EXPECT_EQ(node.read("t", 0, 1), Strings{});
    EXPECT_EQ(node.read("t", 0, 0), Strings{"a"});
    const auto ended = end("tx", producer, true);
    EXPECT_EQ(ended.error_code, ErrorCode::None);
    EXPECT_EQ(ended.producer_epoch, producer.epoch + 1);  // KIP-890
    EXPECT_EQ(node.read("t", 0, 1), Strings{"a"});
    producer.epoch = ended.producer_epoch;
    EXPECT_EQ(produced(node.produce("t", node.batch({"b"}, producer), -1, "tx")).error_code,
              ErrorCode::None);
    EXPECT_EQ(end("tx", producer, false).error_code, ErrorCode::None);
    EXPECT_EQ(node.read("t", 0, 1), Strings{"a"});
    EXPECT_EQ(node.read("t", 2, 1), Strings{});  // begins inside the aborted one
    EXPECT_EQ(node.read("t", 0, 0), (Strings{"a", "b"}));
}

TEST_F(BrokerTest, InsideATransactionAnAnswerNeedsNoSync) {  // design 3.5
    node.create_topic("t");
    const Node::Producer producer = init("tx");
    (void)produced(node.produce("t", node.batch({"a"}, producer), -1, "tx"));
    node.hold_syncs = true;
    Node::Producer next = producer;
    next.sequence = 1;
    const ConnectionId connection = node.connect();
    const auto second =
        node.send(connection, node.produce("t", node.batch({"b"}, next), -1, "tx"), 12);
    const auto commit =
        node.send(connection, wire::EndTxnRequest{"tx", producer.id, producer.epoch, true}, 5);
    node.run();
    EXPECT_TRUE(node.take(connection, second));
    EXPECT_FALSE(node.take(connection, commit));
    node.hold_syncs = false;
    node.run();
    EXPECT_TRUE(node.take(connection, commit));
    EXPECT_EQ(node.read("t", 0, 1), (Strings{"a", "b"}));
}

TEST_F(BrokerTest, AnOldClientAddsItsPartitionsFirst) {  // before KIP-890
    node.create_topic("t");
    const Node::Producer producer = init("tx");
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}, producer), -1, "tx"), 9).error_code,
              ErrorCode::InvalidTxnState);
    wire::AddPartitionsToTxnRequest add;
    add.v3_and_below_transactional_id = "tx";
    add.v3_and_below_producer_id = producer.id;
    add.v3_and_below_producer_epoch = producer.epoch;
    add.v3_and_below_topics.push_back({.name = "t", .partitions = {0}});
    const auto added = node.call<wire::AddPartitionsToTxnResponse>(node.connect(), add, 3);
    EXPECT_EQ(
        added.results_by_topic_v3_and_below.at(0).results_by_partition.at(0).partition_error_code,
        ErrorCode::None);
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}, producer), -1, "tx"), 9).error_code,
              ErrorCode::None);
    const auto ended = node.call<wire::EndTxnResponse>(
        node.connect(), wire::EndTxnRequest{"tx", producer.id, producer.epoch, true}, 3);
    EXPECT_EQ(ended.error_code, ErrorCode::None);
    EXPECT_EQ(node.read("t", 0, 1), Strings{"a"});
}

TEST_F(BrokerTest, EverythingIsThereAfterACleanStop) {
    node.create_topic("t");
    const Node::Producer producer = init("tx");
    (void)produced(node.produce("t", node.batch({"a"}, producer), -1, "tx"));
    EXPECT_EQ(end("tx", producer, true).error_code, ErrorCode::None);
    node.stop();
    node.start();
    EXPECT_EQ(node.read("t", 0, 1), Strings{"a"});
    EXPECT_GT(init("tx").epoch, producer.epoch);
    EXPECT_EQ(produced(node.produce("t", node.batch({"b"}))).base_offset, 2);
}

TEST_F(BrokerTest, WhatWasAcknowledgedSurvivesAPowerCut) {
    node.create_topic("t");
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const std::string value = "v" + std::to_string(seed);
        ASSERT_EQ(produced(node.produce("t", node.batch({value}))).error_code, ErrorCode::None);
        node.hold_syncs = true;
        (void)node.send(node.connect(), node.produce("t", node.batch({"lost?"})), 12);
        node.run();
        node.hold_syncs = false;
        node.crash(seed);
        node.start();
        Strings acknowledged;
        for (const std::string& read : node.read("t", 0))
            if (read != "lost?") acknowledged.push_back(read);
        ASSERT_EQ(acknowledged.size(), seed);
        EXPECT_EQ(acknowledged.back(), value);
    }
}

TEST_F(BrokerTest, ATransactionThatACrashCutsIsAborted) {
    node.create_topic("t");
    Node::Producer producer = init("tx");
    (void)produced(node.produce("t", node.batch({"a"}, producer), -1, "tx"));
    node.crash(7);
    node.start();
    EXPECT_EQ(node.read("t", 0, 1), Strings{});
    producer.sequence = 1;
    EXPECT_NE(produced(node.produce("t", node.batch({"b"}, producer), -1, "tx")).error_code,
              ErrorCode::None);
    const Node::Producer next = init("tx");
    EXPECT_EQ(produced(node.produce("t", node.batch({"c"}, next), -1, "tx")).error_code,
              ErrorCode::None);
    EXPECT_EQ(end("tx", next, true).error_code, ErrorCode::None);
    EXPECT_EQ(node.read("t", 0, 1), Strings{"c"});
}

TEST(BrokerRecovery, ATransactionThatNobodyKnowsDoesNotHoldTheReaders) {
    testkit::SimDisk disk;
    BrokerConfig config = Node::settings();
    config.transaction_partition_verification_enable = false;
    Node node(disk, config);
    node.create_topic("t");
    const auto call = [&](wire::ProduceRequest request) {
        return node.call<wire::ProduceResponse>(node.connect(), std::move(request), 9)
            .responses.at(0)
            .partition_responses.at(0)
            .error_code;
    };
    EXPECT_EQ(call(node.produce("t", node.batch({"lost"}, {77, 3, 0, true}), -1, "tx")),
              ErrorCode::None);
    EXPECT_EQ(call(node.produce("t", node.batch({"a"}))), ErrorCode::None);
    EXPECT_EQ(node.read("t", 0, 1), Strings{});
    node.crash(3);
    node.start();
    EXPECT_EQ(node.read("t", 0, 1), Strings{"a"});
}

TEST_F(BrokerTest, OffsetsAreListed) {
    node.create_topic("t");
    (void)produced(node.produce("t", node.batch({"a", "b"})));
    const auto list = [&](std::int64_t timestamp, std::int16_t version = 11) {
        wire::ListOffsetsRequest request;
        request.replica_id = -1;
        request.topics.push_back({.name = "t", .partitions = {{.timestamp = timestamp}}});
        return node.call<wire::ListOffsetsResponse>(node.connect(), request, version)
            .topics.at(0)
            .partitions.at(0);
    };
    EXPECT_EQ(list(-1).offset, 2);
    EXPECT_EQ(list(-2).offset, 0);
    EXPECT_EQ(list(-3).offset, 0);  // both have that timestamp: the first
    EXPECT_EQ(list(-3, 6).error_code, ErrorCode::UnsupportedVersion);
    EXPECT_EQ(list(-5).offset, -1);
    EXPECT_EQ(list(0).offset, 0);
    EXPECT_EQ(list(INT64_MAX).offset, -1);
    wire::DeleteRecordsRequest request;
    request.topics.push_back({.name = "t", .partitions = {{.offset = 1}}});
    EXPECT_EQ(node.call<wire::DeleteRecordsResponse>(node.connect(), request, 2)
                  .topics.at(0)
                  .partitions.at(0)
                  .low_watermark,
              1);
    EXPECT_EQ(list(-2).offset, 1);
}

TEST_F(BrokerTest, ApiVersionsListsWhatIsServed) {
    const auto response = node.call<wire::ApiVersionsResponse>(
        node.connect(),
        wire::ApiVersionsRequest{.client_software_name = "test", .client_software_version = "1.0"},
        4);
    EXPECT_EQ(response.error_code, ErrorCode::None);
    bool unserved = false;
    for (const auto& api : response.api_keys) {
        if (api.api_key == 0) EXPECT_EQ(api.min_version, 0);  // KAFKA-18659
        unserved = unserved ||
                   api.api_key == static_cast<std::int16_t>(wire::ApiKey::AssignReplicasToDirs);
    }
    EXPECT_FALSE(unserved);
    const ConnectionId connection = node.connect();
    (void)node.send(connection, wire::AssignReplicasToDirsRequest{}, 2);
    node.run();
    EXPECT_TRUE(node.closed(connection));
}

TEST_F(BrokerTest, AFailedSyncIsFinal) {
    node.create_topic("t");
    disk.set_fault([](testkit::DiskOp op, std::string_view) -> std::optional<std::string> {
        if (op == testkit::DiskOp::Sync) return "injected";
        return std::nullopt;
    });
    EXPECT_EQ(produced(node.produce("t", node.batch({"a"}))).error_code,
              ErrorCode::KafkaStorageError);
    EXPECT_FALSE(node.fatal().empty());
    disk.set_fault(nullptr);
}

}  // namespace
}  // namespace millrace::broker
