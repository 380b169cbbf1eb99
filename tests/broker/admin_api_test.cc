// What admin clients ask of a single node besides topics and configs.
#include "millrace/broker/broker_state.h"
#include "millrace/tests/broker/node.h"
#include "millrace/wire/messages/alter_client_quotas.h"
#include "millrace/wire/messages/describe_client_quotas.h"
#include "millrace/wire/messages/describe_log_dirs.h"
#include "millrace/wire/messages/describe_producers.h"
#include "millrace/wire/messages/describe_quorum.h"
#include "millrace/wire/messages/describe_topic_partitions.h"
#include "millrace/wire/messages/describe_transactions.h"
#include "millrace/wire/messages/elect_leaders.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/get_telemetry_subscriptions.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/list_transactions.h"
#include "millrace/wire/messages/push_telemetry.h"
#include "millrace/wire/messages/update_features.h"

namespace millrace::broker {
namespace {

using testing::Test;

struct AdminApiTest : Test {
    testkit::SimDisk disk;
    Node node{disk};
    template <class R, class Q>
    R ask(Q request, std::int16_t version) {
        return node.call<R>(node.connect(), std::move(request), version);
    }
};

TEST_F(AdminApiTest, TopicPartitionsComeInPages) {  // KIP-966
    node.create_topic("a", 2);
    node.create_topic("b", 2);
    wire::DescribeTopicPartitionsRequest request;
    request.response_partition_limit = 3;
    const auto first = ask<wire::DescribeTopicPartitionsResponse>(request, 0);
    ASSERT_EQ(first.topics.size(), 2u);
    EXPECT_EQ(first.topics[1].partitions.size(), 1u);
    ASSERT_TRUE(first.next_cursor);
    request.cursor = wire::DescribeTopicPartitionsRequest::Cursor{
        first.next_cursor->topic_name, first.next_cursor->partition_index};
    const auto second = ask<wire::DescribeTopicPartitionsResponse>(request, 0);
    ASSERT_EQ(second.topics.size(), 1u);
    EXPECT_EQ(second.topics[0].partitions.at(0).partition_index, 1);
    EXPECT_FALSE(second.next_cursor);
}

TEST_F(AdminApiTest, TransactionsAreListedAndDescribed) {  // KIP-664, KIP-994, KIP-1152
    node.create_topic("t");
    for (const char* id : {"one", "two"}) {
        (void)ask<wire::FindCoordinatorResponse>(
            wire::FindCoordinatorRequest{.key_type = 1, .coordinator_keys = {id}}, 4);
        const auto made = ask<wire::InitProducerIdResponse>(
            wire::InitProducerIdRequest{.transactional_id = id, .transaction_timeout_ms = 60'000},
            4);
        ASSERT_EQ(made.error_code, ErrorCode::None);
        if (std::string(id) == "two") continue;
        const TestProducer producer{made.producer_id, made.producer_epoch, 0, true};
        (void)ask<wire::ProduceResponse>(Node::produce("t", node.batch({"x"}, producer), -1, "one"),
                                         12);
    }
    const auto list = [&](wire::ListTransactionsRequest request) {
        std::string text;
        const auto response = ask<wire::ListTransactionsResponse>(std::move(request), 2);
        for (const auto& one : response.transaction_states)
            text += one.transactional_id + " " + one.transaction_state + ";";
        return response.error_code == ErrorCode::None ? text
                                                      : std::string(name(response.error_code));
    };
    EXPECT_EQ(list({.state_filters = {"Ongoing"}}), "one Ongoing;");
    EXPECT_EQ(list({.state_filters = {"Nonsense"}}), "");
    EXPECT_EQ(list({.transactional_id_pattern = "t.*"}), "two Empty;");
    EXPECT_EQ(list({.transactional_id_pattern = "("}),
              std::string(name(ErrorCode::InvalidRegularExpression)));
    const auto described = ask<wire::DescribeTransactionsResponse>(
        wire::DescribeTransactionsRequest{{"one", "nobody", ""}}, 0);
    EXPECT_EQ(described.transaction_states.at(0).topics.at(0).topic, "t");
    EXPECT_EQ(described.transaction_states.at(1).error_code, ErrorCode::TransactionalIdNotFound);
    EXPECT_EQ(described.transaction_states.at(2).error_code, ErrorCode::InvalidRequest);
    const auto producers =
        ask<wire::DescribeProducersResponse>(wire::DescribeProducersRequest{{{"t", {0, 5}}}}, 0);
    const auto& partitions = producers.topics.at(0).partitions;
    EXPECT_EQ(partitions.at(0).active_producers.at(0).current_txn_start_offset, 0);
    EXPECT_EQ(partitions.at(1).error_code, ErrorCode::UnknownTopicOrPartition);
}

TEST_F(AdminApiTest, QuotasAreKeptOverARestart) {  // KIP-546
    wire::AlterClientQuotasRequest alter;
    alter.entries.push_back({{{"user", "u"}}, {{"producer_byte_rate", 1000.0, false}}});
    alter.entries.push_back({{{"user", "u"}}, {{"producer_byte_rate", 1.5, false}}});
    alter.entries.push_back({{{"ip", "1.2.3.4"}}, {{"producer_byte_rate", 1.0, false}}});
    const auto altered = ask<wire::AlterClientQuotasResponse>(std::move(alter), 1);
    EXPECT_EQ(altered.entries.at(0).error_code, ErrorCode::None);
    EXPECT_EQ(altered.entries.at(1).error_code, ErrorCode::InvalidRequest);
    EXPECT_EQ(altered.entries.at(2).error_code, ErrorCode::InvalidRequest);
    node.crash(1);
    node.start();
    wire::DescribeClientQuotasRequest describe;
    describe.components.push_back({"user", 2, std::nullopt});
    const auto described = ask<wire::DescribeClientQuotasResponse>(std::move(describe), 1);
    ASSERT_EQ(described.entries->size(), 1u);
    EXPECT_EQ(described.entries->at(0).values.at(0).value, 1000.0);
}

TEST_F(AdminApiTest, FeaturesDirectoriesAndTheQuorum) {
    node.create_topic("t");
    wire::UpdateFeaturesRequest update;
    update.feature_updates.push_back(
        {.feature = "metadata.version", .max_version_level = 20, .upgrade_type = 2});
    EXPECT_EQ(ask<wire::UpdateFeaturesResponse>(std::move(update), 2).error_code,
              ErrorCode::InvalidUpdateVersion);
    wire::DescribeLogDirsRequest dirs;
    dirs.topics.reset();
    const auto logs = ask<wire::DescribeLogDirsResponse>(std::move(dirs), 5);
    EXPECT_EQ(logs.results.at(0).topics.at(0).name, "t");
    wire::ElectLeadersRequest elect;
    elect.topic_partitions->push_back({"t", {0, 9}});
    const auto elected = ask<wire::ElectLeadersResponse>(std::move(elect), 2);
    const auto& results = elected.replica_election_results.at(0).partition_result;
    EXPECT_EQ(results.at(0).error_code, ErrorCode::ElectionNotNeeded);
    EXPECT_EQ(results.at(1).error_code, ErrorCode::UnknownTopicOrPartition);
    for (const std::int16_t version : {0, 1, 2}) {  // an old version carries no directory ids
        wire::DescribeQuorumRequest quorum;
        quorum.topics.push_back({"__cluster_metadata", {{0}}});
        const auto answer = ask<wire::DescribeQuorumResponse>(std::move(quorum), version);
        ByteSink sink;
        EXPECT_TRUE(
            wire::find_api(55)->encode_response(wire::AnyResponse::of(answer, version), sink));
    }
}

TEST_F(AdminApiTest, AClientIsToldWhatToPushAndHeldToIt) {  // KIP-714
    const auto get = [&](const Uuid& id) {
        return ask<wire::GetTelemetrySubscriptionsResponse>(
            wire::GetTelemetrySubscriptionsRequest{id}, 0);
    };
    const auto told = get({});
    EXPECT_EQ(told.error_code, ErrorCode::None);
    EXPECT_EQ(told.push_interval_ms, 300'000);
    EXPECT_EQ(get(told.client_instance_id).error_code, ErrorCode::ThrottlingQuotaExceeded);
    const auto push = [&](std::int32_t subscription, bool terminating) {
        wire::PushTelemetryRequest request;
        request.client_instance_id = told.client_instance_id;
        request.subscription_id = subscription;
        request.terminating = terminating;
        return ask<wire::PushTelemetryResponse>(std::move(request), 0).error_code;
    };
    EXPECT_EQ(push(told.subscription_id, false), ErrorCode::None);
    EXPECT_EQ(push(told.subscription_id, false), ErrorCode::ThrottlingQuotaExceeded);
    EXPECT_EQ(push(told.subscription_id + 1, true), ErrorCode::UnknownSubscriptionId);
    EXPECT_EQ(push(told.subscription_id, true), ErrorCode::None);
    EXPECT_EQ(push(told.subscription_id, true), ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace millrace::broker
