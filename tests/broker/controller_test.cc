// The controller of a cluster of one: what it decides, when its answers leave, and that nothing it
// said is forgotten.
#include <gtest/gtest.h>

#include "controller_harness.h"
#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/controller_handlers.h"
#include "millrace/wire/messages/describe_quorum.h"

namespace millrace::broker::test {
namespace {

TEST(Controller, OfAnEmptyDirectoryDecidesAfterItsFirstSync) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    EXPECT_TRUE(h.effects.sync);
    EXPECT_FALSE(h.node->active());
    h.run();
    EXPECT_TRUE(h.node->active());
    EXPECT_EQ(h.node->image().feature("metadata.version"), 33);
    EXPECT_EQ(h.node->image().feature("transaction.version"), 2);
    EXPECT_TRUE(
        h.disk.exists("/data/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"));
    EXPECT_TRUE(h.disk.exists("/data/__cluster_metadata-0/quorum-state"));
    EXPECT_TRUE(h.disk.exists("/data/__cluster_metadata-0/partition.metadata"));
}

TEST(Controller, AnswersWhenItsRecordsAreDurableAndNotBefore) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    wire::BrokerRegistrationRequest early;  // before it decides: it waits
    early.broker_id = 1;
    early.cluster_id = h.cluster_id;
    early.incarnation_id = Uuid{1, 2};
    early.listeners.push_back({"PLAINTEXT", "localhost", 9092, 0});
    const RequestToken registration = h.ask(early, 4);
    EXPECT_FALSE(h.answered(registration));
    h.run();
    EXPECT_TRUE(h.answered(registration));
    h.heartbeat();

    wire::CreateTopicsRequest request;
    request.topics.emplace_back().name = "t";
    request.topics.back().num_partitions = 1;
    request.topics.back().replication_factor = 1;
    const RequestToken token = h.ask(request, 7);
    EXPECT_FALSE(h.answered(token));
    EXPECT_EQ(h.node->image().topic(std::string_view("t")), nullptr);
    // A second one sees the first, and its refusal waits with it.
    const RequestToken again = h.ask(request, 7);
    EXPECT_FALSE(h.answered(again));
    h.effects.committed.clear();
    h.run();
    EXPECT_EQ(h.answer<wire::CreateTopicsResponse>(token).topics[0].error_code, ErrorCode::None);
    EXPECT_EQ(h.answer<wire::CreateTopicsResponse>(again).topics[0].error_code,
              ErrorCode::TopicAlreadyExists);
    ASSERT_EQ(h.effects.committed.size(), 2u);
    EXPECT_EQ(std::get<TopicCreated>(h.effects.committed[0]).name, "t");
    EXPECT_TRUE(std::get<PartitionChanged>(h.effects.committed[1]).created);
}

TEST(Controller, ManyDecisionsShareOneSync) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    const std::uint64_t before = h.disk.stats().syncs;
    wire::AllocateProducerIdsRequest request;
    request.broker_id = 1;
    request.broker_epoch = h.broker_epoch;
    std::vector<RequestToken> tokens;
    for (int i = 0; i < 10; ++i) tokens.push_back(h.ask(request, 0));
    h.run();
    EXPECT_LE(h.disk.stats().syncs - before,
              2u);  // the first's, and one for all that came while it ran
    std::int64_t next = 0;
    for (const RequestToken token : tokens) {
        const auto& block = h.answer<wire::AllocateProducerIdsResponse>(token);
        EXPECT_EQ(block.producer_id_start, next);
        EXPECT_EQ(block.producer_id_len, 1000);
        next += 1000;
    }
}

TEST(CreateTopics, ChecksAsKafkaDoes) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    EXPECT_EQ(h.create_error("a.b"), ErrorCode::None);
    EXPECT_EQ(h.create_error("a.b"), ErrorCode::TopicAlreadyExists);
    EXPECT_EQ(h.create_error("a_b"), ErrorCode::InvalidTopicException);  // collides in metric names
    EXPECT_EQ(h.create_error(""), ErrorCode::InvalidTopicException);
    EXPECT_EQ(h.create_error(".."), ErrorCode::InvalidTopicException);
    EXPECT_EQ(h.create_error("with space"), ErrorCode::InvalidTopicException);
    EXPECT_EQ(h.create_error(std::string(250, 'x')), ErrorCode::InvalidTopicException);
    EXPECT_EQ(h.create_error(std::string(249, 'x')), ErrorCode::None);
    EXPECT_EQ(h.create_error("p0", 0), ErrorCode::InvalidPartitions);
    EXPECT_EQ(h.create_error("p-2", -2), ErrorCode::InvalidPartitions);
    EXPECT_EQ(h.create_error("p-1", -1), ErrorCode::None);
    EXPECT_EQ(h.create_error("r0", 1, 0), ErrorCode::InvalidReplicationFactor);
    EXPECT_EQ(h.create_error("r-2", 1, -2), ErrorCode::InvalidReplicationFactor);
    EXPECT_EQ(h.create_error("r2", 1, 2), ErrorCode::InvalidReplicationFactor);
    EXPECT_EQ(h.create_error("r-1", 1, -1),
              ErrorCode::None);  // the broker's default, which Connect relies on
    EXPECT_EQ(h.create_error("c1", 1, 1, {{"cleanup.policy", "squash"}}), ErrorCode::InvalidConfig);
    EXPECT_EQ(h.create_error("c2", 1, 1, {{"no.such.key", "1"}}), ErrorCode::InvalidConfig);
    EXPECT_EQ(h.create_error("__cluster_metadata"), ErrorCode::InvalidRequest);

    const auto made = h.create("full", 3, 1, {{"cleanup.policy", "compact"}}).topics[0];
    EXPECT_EQ(made.num_partitions, 3);
    EXPECT_EQ(made.replication_factor, 1);
    EXPECT_EQ(made.topic_id, h.node->image().topic(std::string_view("full"))->id);
    ASSERT_TRUE(made.configs);
    EXPECT_EQ(made.configs->size(), topic_config_keys().size() - 1);  // less the internal one
    for (const auto& config : *made.configs) {
        if (config.name == "cleanup.policy") {
            EXPECT_EQ(config.value, "compact");
            EXPECT_EQ(config.config_source, 1);
        }
    }
    const auto tried = h.create("only-tried", 5, 1, {}, /*validate_only=*/true).topics[0];
    EXPECT_EQ(tried.error_code, ErrorCode::None);
    EXPECT_EQ(tried.num_partitions, 5);
    EXPECT_EQ(h.node->image().topic(std::string_view("only-tried")), nullptr);

    const PartitionImage& p = *h.node->image().partition("full", 2);
    EXPECT_EQ(p.leader, NodeId{1});
    EXPECT_EQ(p.leader_epoch, LeaderEpoch{0});
    EXPECT_EQ(p.directories, std::vector<Uuid>{h.directory_id});
}

TEST(CreateTopics, TakesManualAssignments) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    const auto create =
        [&](std::vector<std::pair<std::int32_t, std::vector<std::int32_t>>> assignments,
            std::int32_t partitions = -1) {
            wire::CreateTopicsRequest request;
            auto& topic = request.topics.emplace_back();
            topic.name = "t" + std::to_string(++h.tokens);
            topic.num_partitions = partitions;
            topic.replication_factor = -1;
            for (auto& [index, brokers] : assignments)
                topic.assignments.push_back({index, brokers});
            return h.call<wire::CreateTopicsResponse>(std::move(request), 7).topics[0].error_code;
        };
    EXPECT_EQ(create({{0, {1}}, {1, {1}}}), ErrorCode::None);
    EXPECT_EQ(create({{0, {1}}}, 1), ErrorCode::InvalidRequest);
    EXPECT_EQ(create({{0, {1}}, {2, {1}}}), ErrorCode::InvalidReplicaAssignment);
    EXPECT_EQ(create({{0, {1, 1}}}), ErrorCode::InvalidReplicaAssignment);
    EXPECT_EQ(create({{0, {7}}}), ErrorCode::InvalidReplicaAssignment);
    EXPECT_EQ(create({{0, {}}}), ErrorCode::InvalidReplicaAssignment);
}

TEST(CreateTopics, OneRequestIsOneBatch) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    wire::CreateTopicsRequest request;
    for (const char* name : {"a", "b", "a", "c!", "d"}) {
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = 2;
        topic.replication_factor = 1;
    }
    const auto response = h.call<wire::CreateTopicsResponse>(request, 7);
    std::vector<ErrorCode> codes;
    for (const auto& topic : response.topics) codes.push_back(topic.error_code);
    EXPECT_EQ(codes, (std::vector<ErrorCode>{ErrorCode::InvalidRequest, ErrorCode::None,
                                             ErrorCode::InvalidTopicException, ErrorCode::None}));
    EXPECT_EQ(h.node->image().topics().size(), 2u);
}

TEST(CreateTopics, GivesNewIdsThoughItsSeedComesAgain) {
    ControllerHarness h;
    for (int life = 0; life < 3; ++life) {
        ASSERT_TRUE(h.open(/*seed=*/1));
        h.run();
        h.join("AAAAAAAAAAAAAAAAAAAAA" + std::string(1, "QgwA"[life]));
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(h.create_error("t" + std::to_string(life * 3 + i)), ErrorCode::None);
        h.disk.kill_process();
    }
}

TEST(DeleteTopics, ByNameAndById) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    for (const char* name : {"a", "b", "c"}) ASSERT_EQ(h.create_error(name, 2), ErrorCode::None);
    const Uuid b = h.node->image().topic(std::string_view("b"))->id;
    wire::DeleteTopicsRequest request;
    request.topics.resize(6);
    request.topics[0].name = "a";
    request.topics[1].topic_id = b;
    request.topics[2].name = "nowhere";
    request.topics[3].topic_id = Uuid{1, 1};
    request.topics[4].name = "c";
    request.topics[4].topic_id = b;
    const auto response = h.call<wire::DeleteTopicsResponse>(request, 6);
    std::vector<ErrorCode> codes;
    for (const auto& topic : response.responses) codes.push_back(topic.error_code);
    EXPECT_EQ(codes,
              (std::vector<ErrorCode>{ErrorCode::None, ErrorCode::None,
                                      ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicId,
                                      ErrorCode::InvalidRequest, ErrorCode::InvalidRequest}));
    EXPECT_EQ(response.responses[1].name, "b");
    EXPECT_EQ(h.node->image().topics().size(), 1u);
    EXPECT_EQ(h.node->image().partition_count(), 2);

    // The same name again is another topic.
    const Uuid first = response.responses[0].topic_id;
    ASSERT_EQ(h.create_error("a"), ErrorCode::None);
    EXPECT_NE(h.node->image().topic(std::string_view("a"))->id, first);

    ControllerHarness off(ConfigOverrides{{"delete.topic.enable", "false"}});
    ASSERT_TRUE(off.open());
    off.run();
    wire::DeleteTopicsRequest by_name;
    by_name.topic_names = {"x"};
    EXPECT_EQ(off.call<wire::DeleteTopicsResponse>(by_name, 5).responses[0].error_code,
              ErrorCode::TopicDeletionDisabled);
}

TEST(CreatePartitions, OnlyGrows) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    ASSERT_EQ(h.create_error("t", 2), ErrorCode::None);
    const auto grow = [&](std::int32_t count, std::string name = "t", bool validate_only = false,
                          std::size_t assignments = 0) {
        wire::CreatePartitionsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = std::move(name);
        topic.count = count;
        topic.assignments.reset();
        if (assignments > 0) topic.assignments.emplace(assignments).front().broker_ids = {1};
        request.validate_only = validate_only;
        return h.call<wire::CreatePartitionsResponse>(std::move(request), 3).results[0].error_code;
    };
    EXPECT_EQ(grow(2), ErrorCode::InvalidPartitions);
    EXPECT_EQ(grow(1), ErrorCode::InvalidPartitions);
    EXPECT_EQ(grow(3, "nowhere"), ErrorCode::UnknownTopicOrPartition);
    EXPECT_EQ(grow(4, "t", true), ErrorCode::None);
    EXPECT_EQ(h.node->image().topic(std::string_view("t"))->partitions.size(), 2u);
    EXPECT_EQ(grow(5, "t", false, 1), ErrorCode::InvalidReplicaAssignment);
    EXPECT_EQ(grow(3, "t", false, 1), ErrorCode::None);
    EXPECT_EQ(grow(5), ErrorCode::None);
    EXPECT_EQ(h.node->image().topic(std::string_view("t"))->partitions.size(), 5u);
}

TEST(IncrementalAlterConfigs, SetsDeletesAppendsAndSubtracts) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    ASSERT_EQ(h.create_error("t", 1, 1, {{"retention.ms", "5"}}), ErrorCode::None);
    const auto alter = [&](std::string key, std::int8_t operation, std::optional<std::string> value,
                           std::string name = "t", std::int8_t type = 2) {
        wire::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = type;
        resource.resource_name = std::move(name);
        resource.configs.push_back({std::move(key), operation, std::move(value)});
        return h.call<wire::IncrementalAlterConfigsResponse>(std::move(request), 1)
            .responses[0]
            .error_code;
    };
    const auto config = [&] { return h.node->image().configs({ConfigResourceType::Topic, "t"}); };
    EXPECT_EQ(alter("retention.ms", 0, "7"), ErrorCode::None);
    EXPECT_EQ(alter("cleanup.policy", 2, "compact"), ErrorCode::None);
    EXPECT_EQ(config(), (ConfigMap{{"retention.ms", "7"}, {"cleanup.policy", "delete,compact"}}));
    EXPECT_EQ(alter("cleanup.policy", 3, "delete"), ErrorCode::None);
    EXPECT_EQ(alter("retention.ms", 1, {}), ErrorCode::None);
    EXPECT_EQ(alter("retention.ms", 1, {}), ErrorCode::None);  // it is not there: nothing to do
    EXPECT_EQ(config(), (ConfigMap{{"cleanup.policy", "compact"}}));
    EXPECT_EQ(alter("retention.ms", 0, "soon"), ErrorCode::InvalidConfig);
    EXPECT_EQ(alter("retention.ms", 0, {}), ErrorCode::InvalidRequest);
    EXPECT_EQ(alter("retention.ms", 2, "5"), ErrorCode::InvalidConfig);  // not a list
    EXPECT_EQ(alter("retention.ms", 0, "5", "nowhere"), ErrorCode::UnknownTopicOrPartition);
    EXPECT_EQ(alter("log.retention.ms", 0, "99", "1", 4), ErrorCode::None);
    EXPECT_EQ(h.node->image().topic_config("t", NodeId{1}, h.config).retention_ms, 99);
    EXPECT_EQ(alter("listeners", 0, "PLAINTEXT://:1", "1", 4), ErrorCode::InvalidRequest);
}

TEST(AllocateProducerIds, NeverGivesAnIdTwice) {
    ControllerHarness h(ConfigOverrides{{"millrace.producer.id.block.size", "7"}});
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    wire::AllocateProducerIdsRequest request;
    request.broker_id = 1;
    request.broker_epoch = h.broker_epoch;
    std::int64_t next = 0;
    for (int life = 0; life < 3; ++life) {
        for (int i = 0; i < 3; ++i) {
            const auto block = h.call<wire::AllocateProducerIdsResponse>(request, 0);
            EXPECT_EQ(block.error_code, ErrorCode::None);
            EXPECT_EQ(block.producer_id_start, next);
            next += block.producer_id_len;
        }
        h.disk.kill_process();
        ASSERT_TRUE(h.open());
        h.run();
    }
    request.broker_epoch = 0;
    EXPECT_EQ(h.call<wire::AllocateProducerIdsResponse>(request, 0).error_code,
              ErrorCode::StaleBrokerEpoch);
    request.broker_id = 9;
    EXPECT_EQ(h.call<wire::AllocateProducerIdsResponse>(request, 0).error_code,
              ErrorCode::BrokerIdNotRegistered);
}

TEST(BrokerRegistration, ANewLifeLeadsUnderANewEpoch) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    ASSERT_EQ(h.create_error("t", 2), ErrorCode::None);
    const std::int64_t first_epoch = h.broker_epoch;
    h.disk.kill_process();
    ASSERT_TRUE(h.open(2));
    h.run();
    EXPECT_EQ(h.node->image().partition("t", 1)->leader_epoch, LeaderEpoch{0});
    h.join();  // even with the incarnation of the life before
    EXPECT_GT(h.broker_epoch, first_epoch);
    EXPECT_EQ(h.node->image().partition("t", 1)->leader, NodeId{1});
    EXPECT_EQ(h.node->image().partition("t", 1)->leader_epoch, LeaderEpoch{1});
    wire::BrokerHeartbeatRequest old;
    old.broker_id = 1;
    old.broker_epoch = first_epoch;
    EXPECT_EQ(h.call<wire::BrokerHeartbeatResponse>(old, 1).error_code,
              ErrorCode::StaleBrokerEpoch);
    wire::BrokerRegistrationRequest stranger;
    stranger.broker_id = 2;
    stranger.cluster_id = "another";
    stranger.listeners.resize(1);
    EXPECT_EQ(h.call<wire::BrokerRegistrationResponse>(stranger, 4).error_code,
              ErrorCode::InconsistentClusterId);
}

TEST(BrokerRegistration, TheBrokerInThisProcessIsNotFencedByAStall) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    h.after(3'600'000);
    h.node->tick(h.now, h.effects);
    h.run();
    EXPECT_FALSE(h.node->image().broker(NodeId{1})->fenced);
}

TEST(BrokerHeartbeat, SilentBrokersAreFencedAndTheirLeadershipsMove) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    h.join("AAAAAAAAAAAAAAAAAAAAAg", 2);
    h.join("AAAAAAAAAAAAAAAAAAAAAw", 3);
    ASSERT_EQ(h.create_error("t", 6, 3), ErrorCode::None);
    const auto led_by = [&](std::int32_t id) {
        int count = 0;
        for (const PartitionImage& p : h.node->image().topic(std::string_view("t"))->partitions)
            count += p.leader == NodeId{id};
        return count;
    };
    EXPECT_EQ(led_by(1), 2);
    EXPECT_EQ(led_by(2), 2);
    EXPECT_EQ(led_by(3), 2);
    h.after(5'000);
    h.heartbeat(3);
    h.after(5'000);  // broker 2 was last heard of 10 s ago
    h.node->tick(h.now, h.effects);
    h.run();
    EXPECT_TRUE(h.node->image().broker(NodeId{2})->fenced);
    EXPECT_FALSE(h.node->image().broker(NodeId{3})->fenced);
    EXPECT_EQ(led_by(2), 0);
    EXPECT_EQ(led_by(1) + led_by(3), 6);
    for (const PartitionImage& p : h.node->image().topic(std::string_view("t"))->partitions)
        EXPECT_EQ(p.isr.size(), 2u);
    // A controlled shutdown of 3 leaves 1.
    EXPECT_FALSE(h.heartbeat(3, true).should_shut_down);
    EXPECT_EQ(led_by(1), 6);
    EXPECT_TRUE(h.heartbeat(3, true).should_shut_down);
    // It proposes the ISR that it sees; strangers to it are refused.
    const PartitionImage p = *h.node->image().partition("t", 0);
    wire::AlterPartitionRequest request;
    request.broker_id = 1;
    request.broker_epoch = h.node->image().broker(NodeId{1})->epoch;
    auto& topic = request.topics.emplace_back();
    topic.topic_id = h.node->image().topic(std::string_view("t"))->id;
    auto& proposal = topic.partitions.emplace_back();
    proposal.leader_epoch = p.leader_epoch.value();
    proposal.partition_epoch = p.partition_epoch;
    const auto propose = [&](std::vector<std::int32_t> isr) {
        request.topics[0].partitions[0].new_isr = std::move(isr);
        return h.call<wire::AlterPartitionResponse>(request, 2).topics[0].partitions[0].error_code;
    };
    EXPECT_EQ(propose({1, 2}), ErrorCode::IneligibleReplica);  // fenced
    EXPECT_EQ(propose({2}), ErrorCode::InvalidRequest);
    EXPECT_EQ(propose({1, 9}), ErrorCode::InvalidRequest);
    EXPECT_EQ(propose({1}), ErrorCode::None);
    EXPECT_EQ(propose({1}), ErrorCode::InvalidUpdateVersion);  // the partition's epoch went on
}

TEST(Metadata, ListsLiveBrokersWithTheRequestsListener) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    h.join("AAAAAAAAAAAAAAAAAAAAAg", 2);
    ASSERT_EQ(h.create_error("a", 1, 2), ErrorCode::None);
    ASSERT_EQ(h.create_error("b", 1, 1), ErrorCode::None);
    const ClusterView view{h.node->image(), h.config, NodeId{1}, h.cluster_id, "PLAINTEXT"};
    wire::MetadataRequest all;
    all.topics.reset();
    const auto answer = metadata(view, all, 13);
    EXPECT_EQ(answer.response.brokers.size(), 2u);
    EXPECT_EQ(answer.response.brokers[1].host, "host2");
    EXPECT_EQ(answer.response.controller_id, 1);
    EXPECT_EQ(answer.response.cluster_id, h.cluster_id);
    ASSERT_EQ(answer.response.topics.size(), 2u);
    EXPECT_EQ(answer.response.topics[0].partitions[0].error_code, ErrorCode::None);
    EXPECT_EQ(answer.response.topics[0].topic_authorized_operations, INT32_MIN);

    wire::MetadataRequest none;
    none.topics.emplace();
    EXPECT_TRUE(metadata(view, none, 1).response.topics.empty());
    EXPECT_EQ(metadata(view, none, 0).response.topics.size(), 2u);  // v0: empty is all

    wire::MetadataRequest some;
    some.topics.emplace().resize(3);
    (*some.topics)[0].name = "a";
    (*some.topics)[1].name = "unknown";
    (*some.topics)[2].name = "bad name";
    const auto picked = metadata(view, some, 12);
    std::vector<ErrorCode> codes;
    for (const auto& topic : picked.response.topics) codes.push_back(topic.error_code);
    EXPECT_EQ(codes, (std::vector<ErrorCode>{ErrorCode::None, ErrorCode::UnknownTopicOrPartition,
                                             ErrorCode::InvalidTopicException}));
    EXPECT_EQ(picked.create, std::vector<std::string>{"unknown"});
    wire::MetadataRequest by_id;
    by_id.topics.emplace().resize(3);
    (*by_id.topics)[0].topic_id = h.node->image().topic(std::string_view("b"))->id;
    (*by_id.topics)[1].topic_id = Uuid{5, 5};
    (*by_id.topics)[2].name = "a";  // where ids are asked for, names do not count
    const auto found = metadata(view, by_id, 12).response;
    ASSERT_EQ(found.topics.size(), 2u);
    EXPECT_EQ(found.topics[0].name, "b");
    EXPECT_EQ(found.topics[1].error_code, ErrorCode::UnknownTopicId);
    EXPECT_EQ(metadata(view, by_id, 11).response.topics[0].error_code, ErrorCode::InvalidRequest);
    some.allow_auto_topic_creation = false;
    EXPECT_TRUE(metadata(view, some, 12).create.empty());

    const ClusterView other{h.node->image(), h.config, NodeId{1}, h.cluster_id, "NOWHERE"};
    const auto unreachable = metadata(other, all, 13);
    EXPECT_TRUE(unreachable.response.brokers.empty());
    EXPECT_EQ(unreachable.response.topics[0].partitions[0].error_code, ErrorCode::ListenerNotFound);
    EXPECT_EQ(metadata(other, all, 5).response.topics[0].partitions[0].error_code,
              ErrorCode::LeaderNotAvailable);
}

TEST(DescribeConfigs, TellsValueSourceAndSynonyms) {
    ControllerHarness h(ConfigOverrides{{"log.retention.ms", "1000"}});
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    ASSERT_EQ(h.create_error("t", 1, 1, {{"cleanup.policy", "compact"}}), ErrorCode::None);
    const ClusterView view{h.node->image(), h.config, NodeId{1}, h.cluster_id, "PLAINTEXT"};
    wire::DescribeConfigsRequest request;
    request.include_synonyms = request.include_documentation = true;
    request.resources.resize(5);
    request.resources[0] = {2, "t", std::nullopt};
    request.resources[1] = {2, "nowhere", std::nullopt};
    request.resources[2] = {4, "1", std::vector<std::string>{"log.retention.ms", "node.id"}};
    request.resources[3] = {4, "2", std::nullopt};
    request.resources[4] = {99, "", std::nullopt};
    const auto response = describe_configs(view, request);
    EXPECT_EQ(response.results[0].configs.size(),
              topic_config_keys().size() - 1);  // one internal key is not shown
    for (const auto& config : response.results[0].configs) {
        if (config.name == "cleanup.policy") {
            EXPECT_EQ(config.value, "compact");
            EXPECT_EQ(config.config_source, 1);
            EXPECT_EQ(config.config_type, 7);
        }
        if (config.name == "retention.ms") {
            EXPECT_EQ(config.value, "1000");
            EXPECT_EQ(config.config_source, 4);
            EXPECT_EQ(config.synonyms[0].name, "log.retention.ms");
        }
    }
    EXPECT_EQ(response.results[1].error_code, ErrorCode::UnknownTopicOrPartition);
    ASSERT_EQ(response.results[2].configs.size(), 2u);
    EXPECT_FALSE(response.results[2].configs[0].read_only);
    EXPECT_TRUE(response.results[2].configs[1].read_only);
    EXPECT_EQ(response.results[3].error_code, ErrorCode::InvalidRequest);
    EXPECT_EQ(response.results[4].error_code, ErrorCode::InvalidRequest);
}

TEST(DescribeQuorum, NamesTheLeaderAndItsVoters) {
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    wire::DescribeQuorumRequest request;
    request.topics.push_back({"__cluster_metadata", {{0}}});
    const auto response = h.call<wire::DescribeQuorumResponse>(request, 2);
    const auto& partition = response.topics[0].partitions[0];
    EXPECT_EQ(partition.error_code, ErrorCode::None);
    EXPECT_EQ(partition.leader_id, 1);
    EXPECT_EQ(partition.high_watermark, h.node->committed_end().value());
    ASSERT_EQ(partition.current_voters.size(), 1u);
    EXPECT_EQ(partition.current_voters[0].replica_directory_id, h.directory_id);
}

TEST(MetadataSnapshots, ShortenTheLogAndCarryEverything) {
    ControllerHarness h(
        ConfigOverrides{{"metadata.log.max.record.bytes.between.snapshots", "2000"}});
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    for (int i = 0; i < 40; ++i)
        ASSERT_EQ(h.create_error("topic-" + std::to_string(i), 2, 1, {{"retention.ms", "5"}}),
                  ErrorCode::None);
    ASSERT_TRUE(h.node->log().latest_snapshot());
    EXPECT_GT(h.node->log().start(), Offset{0});
    const MetadataImage before = h.node->image();
    h.disk.kill_process();
    ASSERT_TRUE(h.open());
    std::size_t created = 0;
    for (const MetadataChange& change : h.effects.committed)
        created += std::holds_alternative<TopicCreated>(change);
    EXPECT_EQ(created, 0u);  // not what the snapshot holds alone: it may be behind what was committed
    h.run();
    for (const MetadataChange& change : h.effects.committed) created += std::holds_alternative<TopicCreated>(change);
    EXPECT_EQ(created, before.topics().size());
    EXPECT_EQ(h.node->image().topics(), before.topics());
    EXPECT_EQ(h.node->image().hash() != 0, true);
}

TEST(MetadataDisk, AFailedSyncIsFinal) {  // R9
    ControllerHarness h;
    ASSERT_TRUE(h.open());
    h.run();
    h.join();
    bool failing = true;
    h.disk.set_fault([&](testkit::DiskOp op, std::string_view path) -> std::optional<std::string> {
        if (failing && op == testkit::DiskOp::Sync && path.ends_with(".log")) return "EIO";
        return std::nullopt;
    });
    EXPECT_EQ(h.create_error("t"), ErrorCode::KafkaStorageError);
    failing = false;
    EXPECT_TRUE(h.node->failed());
    EXPECT_EQ(h.create_error("u"), ErrorCode::KafkaStorageError);
    EXPECT_FALSE(h.effects.sync);  // never tried again
}

// Power fails at every step that changes the disk; what was answered is there afterwards, and the
// node decides again.
TEST(MetadataDisk, SurvivesAPowerCutAtEveryStep) {
    for (std::uint64_t step = 0;; ++step) {
        ControllerHarness h(
            ConfigOverrides{{"metadata.log.max.record.bytes.between.snapshots", "1500"}});
        ASSERT_TRUE(h.disk.make_directories("/data"));
        ASSERT_TRUE(h.disk.sync_directory("/"));
        Random random(step);
        h.disk.freeze_after(step);
        std::vector<std::string> promised;
        std::int64_t ids = 0;
        bool finished = false;
        if (h.open()) {
            h.run();
            const auto work = [&] {
                wire::BrokerRegistrationRequest registration;
                registration.broker_id = 1;
                registration.cluster_id = h.cluster_id;
                registration.incarnation_id = Uuid{1, 1};
                registration.listeners.push_back({"PLAINTEXT", "localhost", 9092, 0});
                const auto registered = h.ask(registration, 4);
                h.run();
                if (!h.answered(registered) ||
                    h.answer<wire::BrokerRegistrationResponse>(registered).error_code !=
                        ErrorCode::None)
                    return;
                if (h.heartbeat().error_code != ErrorCode::None) return;
                for (int i = 0; i < 12; ++i) {
                    const std::string name = "t" + std::to_string(i);
                    if (h.create_error(name, 2, 1, {{"retention.ms", "7"}}) != ErrorCode::None)
                        return;
                    promised.push_back(name);
                    wire::AllocateProducerIdsRequest request;
                    request.broker_id = 1;
                    request.broker_epoch = h.node->image().broker(NodeId{1})->epoch;
                    const auto block = h.call<wire::AllocateProducerIdsResponse>(request, 0);
                    if (block.error_code != ErrorCode::None) return;
                    ids = block.producer_id_start + block.producer_id_len;
                }
                finished = true;
            };
            work();
        }
        h.node.reset();
        h.disk.freeze_after({});
        h.disk.crash(random);
        const auto opened = h.open(step + 1);
        ASSERT_TRUE(opened) << "step " << step << ": " << opened.error().detail;
        h.run();
        ASSERT_TRUE(h.node->active()) << "step " << step;
        for (const std::string& name : promised) {
            const TopicImage* topic = h.node->image().topic(std::string_view(name));
            ASSERT_TRUE(topic) << "step " << step << ": " << name << " was promised";
            EXPECT_EQ(topic->partitions.size(), 2u);
            EXPECT_EQ(h.node->image().configs({ConfigResourceType::Topic, name}).size(), 1u);
        }
        EXPECT_GE(h.node->image().next_producer_id(), ids) << "step " << step;
        if (finished) {
            EXPECT_GT(step, 50u);
            return;
        }
        ASSERT_LT(step, 2000u);
    }
}

}  // namespace
}  // namespace millrace::broker::test
