// The handlers of groups and transactions: what each version is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millrace/broker/api/coordinator_handlers.h"
#include "millrace/tests/broker/group_runner.h"
#include "millrace/tests/broker/vector_log.h"
#include "millrace/wire/messages/add_offsets_to_txn.h"
#include "millrace/wire/messages/add_partitions_to_txn.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/init_producer_id.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;

struct CoordinatorApiTest : testing::Test, Responder {
    VectorLog txn_log, group_log;
    NullLog log;
    TopicMap topics;
    TxnCoordinator txn{TxnConfig{.partitions = 1}, log};
    GroupCoordinator group{GroupConfig{.partitions = 1}, topics, log};
    CoordinatorApis apis{txn, group, topics, *this};
    Now now{Time{1}, Timestamp{1'700'000'000'000}};
    RequestContext context{.client_id = "c", .client_host = "/127.0.0.1"};
    std::map<std::uint64_t, wire::AnyResponse> answers;
    std::uint64_t next_token = 1;
    std::vector<WriteTxnMarkers> markers;

    void respond(RequestToken token, wire::AnyResponse response) override {
        EXPECT_TRUE(answers.emplace(static_cast<std::uint64_t>(token), std::move(response)).second);
    }
    void close(RequestToken, std::string) override { FAIL(); }

    void SetUp() override {
        topics.add("t", 4);
        topics.add("__consumer_offsets", 1);
        txn.lead(0, txn_log, false);
        group.lead(0, group_log);
        settle();
    }
    void settle() {
        for (int i = 0; i < 4; ++i) {
            txn.tick(now);
            group.tick(now);
            TxnEffects effects = txn.take_effects();
            if (effects.allocate_producer_ids) txn.producer_ids(ProducerId{1000}, 1000, now);
            for (auto& one : effects.markers) markers.push_back(std::move(one));
        }
    }
    // Sends at `version`, as it would come over the wire, and gives the answer as it would go.
    template <class Response, class M, class Handler>
    Response ask(M message, std::int16_t version, const Handler& handler) {
        const wire::Api* api = wire::find_api(static_cast<std::int16_t>(M::kKey));
        ByteSink sink;
        EXPECT_TRUE(api->encode_request(wire::AnyRequest::of(std::move(message), version), sink))
            << version;
        const auto body = api->decode_request(sink.to_bytes(), version);
        EXPECT_TRUE(body);
        const std::uint64_t token = next_token++;
        handler(Request{RequestToken{token}, *body, &context});
        settle();
        EXPECT_TRUE(answers.contains(token)) << "no answer";
        sink.clear();
        EXPECT_TRUE(api->encode_response(answers.at(token), sink)) << version;
        return api->decode_response(sink.to_bytes(), version)->template as<Response>();
    }
    ProducerIdAndEpoch init(const std::string& id) {
        wire::InitProducerIdRequest request;
        request.transactional_id = id;
        request.transaction_timeout_ms = 1000;
        const auto response = ask<wire::InitProducerIdResponse>(
            request, 5, [&](const Request& r) { handle_init_producer_id(apis, r, now); });
        EXPECT_EQ(response.error_code, ErrorCode::None);
        return {ProducerId{response.producer_id}, ProducerEpoch{response.producer_epoch}};
    }
    void write_markers() {
        for (auto& one : std::exchange(markers, {}))
            for (const auto& tp : one.partitions) {
                const auto done = [this, id = one.id, tp](ErrorCode code) {
                    txn.marker_written(id, tp, code, now);
                };
                if (tp.topic == "__consumer_offsets")
                    group.write_marker(tp.partition, one.marker, now, done);
                else
                    done(ErrorCode::None);
            }
        settle();
    }
};

TEST_F(CoordinatorApiTest, InitProducerId) {
    const auto handler = [&](const Request& r) { handle_init_producer_id(apis, r, now); };
    using Response = wire::InitProducerIdResponse;
    wire::InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    for (std::int16_t version = 0; version <= 5; ++version) {
        const auto plain = ask<Response>(request, version, handler);
        EXPECT_EQ(plain.error_code, ErrorCode::None);
        EXPECT_EQ(plain.producer_id, 1000 + version);
        EXPECT_EQ(plain.producer_epoch, 0);
    }
    request.transactional_id = "";
    EXPECT_EQ(ask<Response>(request, 5, handler).error_code, ErrorCode::InvalidRequest);
    request.transactional_id = "id";
    request.transaction_timeout_ms = 0;
    EXPECT_EQ(ask<Response>(request, 5, handler).error_code, ErrorCode::InvalidTransactionTimeout);
    request.transaction_timeout_ms = 15 * 60 * 1000 + 1;
    EXPECT_EQ(ask<Response>(request, 5, handler).error_code, ErrorCode::InvalidTransactionTimeout);
    request.transaction_timeout_ms = 1000;
    request.producer_id = 5;
    EXPECT_EQ(ask<Response>(request, 5, handler).error_code,
              ErrorCode::InvalidRequest);  // both or none
    const auto producer = init("id");
    request.producer_id = producer.id.value();
    request.producer_epoch = 7;
    EXPECT_EQ(ask<Response>(request, 4, handler).error_code, ErrorCode::ProducerFenced);
    const auto old = ask<Response>(request, 3, handler);
    EXPECT_EQ(old.error_code, ErrorCode::InvalidProducerEpoch);
    EXPECT_EQ(old.producer_id, -1);
}

TEST_F(CoordinatorApiTest, AddPartitionsOldAndNew) {
    const auto handler = [&](const Request& r) { handle_add_partitions_to_txn(apis, r, now); };
    using Response = wire::AddPartitionsToTxnResponse;
    const auto producer = init("id");
    wire::AddPartitionsToTxnRequest old;
    old.v3_and_below_transactional_id = "id";
    old.v3_and_below_producer_id = producer.id.value();
    old.v3_and_below_topics = {{"t", {0, 9}}};
    const auto unknown = ask<Response>(old, 3, handler).results_by_topic_v3_and_below;
    EXPECT_EQ(unknown[0].results_by_partition[0].partition_error_code,
              ErrorCode::OperationNotAttempted);
    EXPECT_EQ(unknown[0].results_by_partition[1].partition_error_code,
              ErrorCode::UnknownTopicOrPartition);
    EXPECT_EQ(txn.open_transactions(), 0u);
    old.v3_and_below_topics = {{"t", {0, 1}}};
    for (std::int16_t version = 0; version <= 3; ++version)
        EXPECT_EQ(ask<Response>(old, version, handler)
                      .results_by_topic_v3_and_below[0]
                      .results_by_partition[1]
                      .partition_error_code,
                  ErrorCode::None);
    old.v3_and_below_producer_epoch = 3;
    EXPECT_EQ(ask<Response>(old, 1, handler)
                  .results_by_topic_v3_and_below[0]
                  .results_by_partition[0]
                  .partition_error_code,
              ErrorCode::InvalidProducerEpoch);
    EXPECT_EQ(ask<Response>(old, 2, handler)
                  .results_by_topic_v3_and_below[0]
                  .results_by_partition[0]
                  .partition_error_code,
              ErrorCode::ProducerFenced);

    wire::AddPartitionsToTxnRequest batch;
    batch.transactions = {{"id", producer.id.value(), 0, true, {{"t", {0, 3}}}},
                          {"nobody", 1, 0, true, {{"t", {0}}}},
                          {"id", producer.id.value(), 0, false, {{"t", {2}}}}};
    for (const std::int16_t version : {4, 5}) {
        const auto results = ask<Response>(batch, version, handler).results_by_transaction;
        ASSERT_EQ(results.size(), 3u);
        EXPECT_EQ(results[0].topic_results[0].results_by_partition[0].partition_error_code,
                  ErrorCode::None);
        EXPECT_EQ(results[0].topic_results[0].results_by_partition[1].partition_error_code,
                  version == 4 ? ErrorCode::InvalidTxnState : ErrorCode::TransactionAbortable);
        EXPECT_EQ(results[1].topic_results[0].results_by_partition[0].partition_error_code,
                  ErrorCode::InvalidProducerIdMapping);
        EXPECT_EQ(results[2].topic_results[0].results_by_partition[0].partition_error_code,
                  ErrorCode::None);
    }
}

TEST_F(CoordinatorApiTest, OffsetsInATransactionOfEitherKind) {
    const auto commit = [&](const Request& r) { handle_txn_offset_commit(apis, r, now); };
    const auto fetched = [&](bool stable) {
        wire::OffsetFetchRequest request;
        request.groups.resize(1);
        request.groups[0].group_id = "g";
        request.groups[0].topics->emplace_back().name = "t";
        request.groups[0].topics->back().partition_indexes = {0};
        request.require_stable = stable;
        const auto response = ask<wire::OffsetFetchResponse>(
            request, 8, [&](const Request& r) { handle_offset_fetch(apis, r); });
        const auto& p = response.groups[0].topics[0].partitions[0];
        return p.error_code == ErrorCode::None ? std::to_string(p.committed_offset)
                                               : std::string(name(p.error_code));
    };
    auto producer = init("id");
    wire::TxnOffsetCommitRequest request;
    request.transactional_id = "id";
    request.group_id = "g";
    request.producer_id = producer.id.value();
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions = {{.partition_index = 0, .committed_offset = 5}};
    // v4: the partition must have been added. v5 adds it.
    EXPECT_EQ(
        ask<wire::TxnOffsetCommitResponse>(request, 3, commit).topics[0].partitions[0].error_code,
        ErrorCode::InvalidTxnState);
    EXPECT_EQ(
        ask<wire::TxnOffsetCommitResponse>(request, 4, commit).topics[0].partitions[0].error_code,
        ErrorCode::TransactionAbortable);
    EXPECT_EQ(
        ask<wire::TxnOffsetCommitResponse>(request, 5, commit).topics[0].partitions[0].error_code,
        ErrorCode::None);
    EXPECT_EQ(fetched(false), "-1");
    EXPECT_EQ(fetched(true), "UNSTABLE_OFFSET_COMMIT");

    const auto end = [&](bool committed, std::int16_t version) {
        wire::EndTxnRequest ending;
        ending.transactional_id = "id";
        ending.producer_id = producer.id.value();
        ending.producer_epoch = producer.epoch.value();
        ending.committed = committed;
        const auto response = ask<wire::EndTxnResponse>(
            ending, version, [&](const Request& r) { handle_end_txn(apis, r, now); });
        EXPECT_EQ(response.error_code, ErrorCode::None);
        if (version >= 5)
            producer = {ProducerId{response.producer_id}, ProducerEpoch{response.producer_epoch}};
        EXPECT_EQ(fetched(true), "UNSTABLE_OFFSET_COMMIT");  // until the marker is there
        write_markers();
    };
    end(true, 5);
    EXPECT_EQ(fetched(true), "5");

    // An old client: AddOffsetsToTxn first.
    producer = init("id");
    wire::AddOffsetsToTxnRequest add;
    add.transactional_id = "id";
    add.group_id = "g";
    add.producer_id = producer.id.value();
    add.producer_epoch = producer.epoch.value();
    const auto adding = [&](const Request& r) { handle_add_offsets_to_txn(apis, r, now); };
    EXPECT_EQ(ask<wire::AddOffsetsToTxnResponse>(add, 3, adding).error_code, ErrorCode::None);
    request.producer_epoch = producer.epoch.value();
    request.topics[0].partitions[0].committed_offset = 9;
    EXPECT_EQ(
        ask<wire::TxnOffsetCommitResponse>(request, 3, commit).topics[0].partitions[0].error_code,
        ErrorCode::None);
    end(false, 3);
    EXPECT_EQ(fetched(true), "5");
    request.producer_epoch = 0;  // a zombie
    EXPECT_EQ(
        ask<wire::TxnOffsetCommitResponse>(request, 5, commit).topics[0].partitions[0].error_code,
        ErrorCode::InvalidProducerEpoch);
}

TEST_F(CoordinatorApiTest, OffsetsOfEveryVersion) {
    const Uuid id = topics.find("t")->id;
    for (std::int16_t version = 2; version <= 10; ++version) {
        wire::OffsetCommitRequest request;
        request.group_id = "g";
        auto& topic = request.topics.emplace_back();
        if (version >= 10) {
            topic.topic_id = id;
        } else {
            topic.name = "t";
        }
        topic.partitions = {
            {.partition_index = 1, .committed_offset = version, .committed_metadata = "m"},
            {.partition_index = 2,
             .committed_offset = version,
             .committed_metadata = std::string(4097, 'x')}};
        const auto response = ask<wire::OffsetCommitResponse>(
            request, version, [&](const Request& r) { handle_offset_commit(apis, r, now); });
        EXPECT_EQ(response.topics[0].partitions[0].error_code, ErrorCode::None) << version;
        EXPECT_EQ(response.topics[0].partitions[1].error_code, ErrorCode::OffsetMetadataTooLarge);
        EXPECT_EQ(response.topics[0].topic_id, version >= 10 ? id : Uuid{});
    }
    const auto fetch = [&](const Request& r) { handle_offset_fetch(apis, r); };
    for (std::int16_t version = 1; version <= 7; ++version) {
        wire::OffsetFetchRequest request;
        request.group_id = "g";
        request.topics->push_back({"t", {1, 3}});
        if (version >= 2 && version % 2 == 0) request.topics = std::nullopt;  // all
        const auto response = ask<wire::OffsetFetchResponse>(request, version, fetch);
        ASSERT_EQ(response.topics.size(), 1u) << version;
        EXPECT_EQ(response.topics[0].partitions[0].committed_offset, 10);
        EXPECT_EQ(response.topics[0].partitions[0].metadata, "m");
        if (version % 2 == 1) {
            EXPECT_EQ(response.topics[0].partitions[1].committed_offset, -1);
        }
    }
    for (std::int16_t version = 8; version <= 10; ++version) {
        wire::OffsetFetchRequest request;
        request.groups.resize(2);
        request.groups[0].group_id = "g";
        auto& topic = request.groups[0].topics->emplace_back();
        if (version >= 10) {
            topic.topic_id = id;
        } else {
            topic.name = "t";
        }
        topic.partition_indexes = {1};
        request.groups[1].group_id = "nobody";
        request.groups[1].topics = std::nullopt;
        const auto response = ask<wire::OffsetFetchResponse>(request, version, fetch);
        EXPECT_EQ(response.groups[0].topics[0].partitions[0].committed_offset, 10);
        EXPECT_EQ(response.groups[1].error_code, ErrorCode::None);  // trap 42: unknown is no error
        EXPECT_TRUE(response.groups[1].topics.empty());
    }
    wire::OffsetFetchRequest unknown;
    unknown.groups.resize(1);
    unknown.groups[0].group_id = "g";
    unknown.groups[0].topics->emplace_back().topic_id = Uuid{9, 9};
    unknown.groups[0].topics->back().partition_indexes = {0};
    EXPECT_EQ(ask<wire::OffsetFetchResponse>(unknown, 10, fetch)
                  .groups[0]
                  .topics[0]
                  .partitions[0]
                  .error_code,
              ErrorCode::UnknownTopicId);
}

TEST_F(CoordinatorApiTest, FindCoordinator) {
    const LocateCoordinator locate = [](CoordinatorKeyType, const std::string& key) {
        if (key == "new") return CoordinatorNode{.code = ErrorCode::CoordinatorNotAvailable};
        return CoordinatorNode{.node = 1, .host = "h", .port = 9092};
    };
    const auto handler = [&](const Request& r) { handle_find_coordinator(apis, r, locate); };
    using Response = wire::FindCoordinatorResponse;
    for (std::int16_t version = 0; version <= 3; ++version) {
        wire::FindCoordinatorRequest request;
        request.key = "g";
        EXPECT_EQ(ask<Response>(request, version, handler).port, 9092);
        request.key = "new";
        const auto none = ask<Response>(request, version, handler);
        EXPECT_EQ(none.error_code, ErrorCode::CoordinatorNotAvailable);
        EXPECT_EQ(none.node_id, -1);
    }
    for (std::int16_t version = 4; version <= 6; ++version) {
        wire::FindCoordinatorRequest request;
        request.coordinator_keys = {"g", "new"};
        request.key_type = 1;
        const auto found = ask<Response>(request, version, handler).coordinators;
        EXPECT_EQ(found[0].node_id, 1);
        EXPECT_EQ(found[1].error_code, ErrorCode::CoordinatorNotAvailable);
        request.key_type = 2;
        EXPECT_EQ(ask<Response>(request, version, handler).coordinators[0].error_code,
                  ErrorCode::InvalidRequest);
    }
}

TEST_F(CoordinatorApiTest, HeartbeatAndDescribe) {
    topics.add("in", 2);
    topics.add("app-store-changelog", 2);
    for (const std::int16_t version : {0, 1}) {
        wire::StreamsGroupHeartbeatRequest join;
        join.group_id = "app" + std::to_string(version);
        join.member_id = "m";
        join.rebalance_timeout_ms = 1000;
        join.process_id = "p";
        join.topology = GroupRunner::topology("one");
        const auto joined = ask<wire::StreamsGroupHeartbeatResponse>(
            join, version, [&](const Request& r) { handle_streams_group_heartbeat(apis, r, now); });
        EXPECT_EQ(joined.error_code, ErrorCode::None);
        ASSERT_TRUE(joined.active_tasks);
        EXPECT_THAT(joined.active_tasks->front().partitions, ElementsAre(0, 1));
        wire::StreamsGroupDescribeRequest describe;
        describe.group_ids = {join.group_id, "nobody"};
        const auto described = ask<wire::StreamsGroupDescribeResponse>(
            describe, version, [&](const Request& r) { handle_streams_group_describe(apis, r); });
        EXPECT_EQ(described.groups[0].group_state, "Stable");
        EXPECT_EQ(described.groups[0].members[0].client_host, "/127.0.0.1");
        EXPECT_EQ(
            described.groups[0].topology->subtopologies->front().state_changelog_topics[0].name,
            "app-store-changelog");
        EXPECT_EQ(described.groups[1].error_code, ErrorCode::GroupIdNotFound);
    }
    wire::StreamsGroupHeartbeatRequest bad;
    bad.group_id = "app0";
    const auto refused = ask<wire::StreamsGroupHeartbeatResponse>(
        bad, 0, [&](const Request& r) { handle_streams_group_heartbeat(apis, r, now); });
    EXPECT_EQ(refused.error_code, ErrorCode::InvalidRequest);
    EXPECT_EQ(refused.error_message, "MemberId can't be empty.");
}

// Semantics 6.3: what a heartbeat must look like.
TEST_F(CoordinatorApiTest, HeartbeatsThatAreRefused) {
    using Heartbeat = wire::StreamsGroupHeartbeatRequest;
    const auto refused = [&](const std::function<void(Heartbeat&)>& change) {
        Heartbeat join;
        join.group_id = "app";
        join.member_id = "m";
        join.rebalance_timeout_ms = 1000;
        join.process_id = "p";
        join.topology = GroupRunner::topology("one");
        change(join);
        return ask<wire::StreamsGroupHeartbeatResponse>(
                   join, 1, [&](const Request& r) { handle_streams_group_heartbeat(apis, r, now); })
            .error_code;
    };
    using enum ErrorCode;
    EXPECT_EQ(refused([](Heartbeat& h) { h.group_id = ""; }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.instance_id = ""; }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.rack_id = ""; }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.member_epoch = -3; }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.rebalance_timeout_ms = -1; }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.topology.reset(); }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.active_tasks.emplace().push_back({"0", {0}}); }), InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.member_epoch = 1; }),
              InvalidRequest);  // with a topology
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.member_epoch = 1;
                  h.topology.reset();
                  h.active_tasks.emplace();
              }),
              InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.member_epoch = -2;
                  h.topology.reset();
              }),
              InvalidRequest);
    EXPECT_EQ(
        refused([](Heartbeat& h) { h.topology->subtopologies[0].source_topic_regex = {"a.*"}; }),
        InvalidRequest);
    EXPECT_EQ(refused([](Heartbeat& h) { h.topology->subtopologies[0].source_topics = {}; }),
              StreamsInvalidTopology);
    EXPECT_EQ(refused([](Heartbeat& h) { h.topology->subtopologies[0].source_topics = {"a b"}; }),
              StreamsInvalidTopology);
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.topology->subtopologies[0].source_topics = {"__consumer_offsets"};
              }),
              StreamsInvalidTopology);
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.topology->subtopologies[0].copartition_groups = {{.source_topics = {7}}};
              }),
              StreamsInvalidTopology);
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.topology->subtopologies[0].repartition_source_topics = {{.name = "r"}};
              }),
              StreamsInvalidTopology);
    EXPECT_EQ(refused([](Heartbeat& h) {
                  h.member_epoch = 5;
                  h.topology.reset();
              }),
              GroupIdNotFound);
    EXPECT_EQ(group_log.appends, 0u);
    EXPECT_EQ(refused([](Heartbeat& h) {  // larger than a batch may be
                  for (int i = 0; i < 2000; ++i)
                      h.topology->subtopologies[0].state_changelog_topics.push_back(
                          {.name = std::string(200, 'x') + std::to_string(i),
                           .topic_configs = {{"k", std::string(400, 'v')}}});
              }),
              InvalidRequest);
}

}  // namespace
}  // namespace millrace::broker
