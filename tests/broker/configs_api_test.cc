// Configs as admin clients describe and alter them.
#include "millrace/broker/broker_state.h"
#include "millrace/tests/broker/node.h"
#include "millrace/wire/messages/alter_configs.h"
#include "millrace/wire/messages/describe_configs.h"
#include "millrace/wire/messages/incremental_alter_configs.h"
#include "millrace/wire/messages/list_config_resources.h"

namespace millrace::broker {
namespace {

using testing::Test;
enum Type : std::int8_t { Topic = 2, OfBroker = 4, Logger = 8, ClientMetrics = 16, Group = 32 };
enum Operation : std::int8_t { Set = 0, Delete = 1, Append = 2, Subtract = 3 };

struct ConfigsApiTest : Test {
    testkit::SimDisk disk;
    Node node{disk};
    using Answer = std::pair<ErrorCode, std::string>;
    static constexpr ErrorCode kFine = ErrorCode::None;

    Answer alter(Type type, const std::string& resource, const std::string& name,
                 std::optional<std::string> value, Operation operation = Set,
                 bool validate_only = false) {
        wire::IncrementalAlterConfigsRequest request;
        request.validate_only = validate_only;
        auto& of = request.resources.emplace_back();
        of.resource_type = type;
        of.resource_name = resource;
        of.configs.push_back({name, operation, std::move(value)});
        const auto response =
            node.call<wire::IncrementalAlterConfigsResponse>(node.connect(), std::move(request), 1);
        return {response.responses.at(0).error_code,
                response.responses.at(0).error_message.value_or("")};
    }
    wire::DescribeConfigsResponse::DescribeConfigsResult describe(Type type,
                                                                  const std::string& resource) {
        wire::DescribeConfigsRequest request;
        request.include_synonyms = request.include_documentation = true;
        request.resources.push_back({type, resource, std::nullopt});
        return node.call<wire::DescribeConfigsResponse>(node.connect(), std::move(request), 4)
            .results.at(0);
    }
    wire::DescribeConfigsResponse::DescribeConfigsResourceResult described(
        Type type, const std::string& resource, const std::string& name) {
        for (const auto& config : describe(type, resource).configs)
            if (config.name == name) return config;
        ADD_FAILURE() << name << " is not described";
        return {};
    }
    const LogConfig& log_config(const std::string& topic) {
        return node.broker().state().partition(topic, 0)->log().config();
    }
};

TEST_F(ConfigsApiTest, AValueFromTheNearestSourceWithItsSynonyms) {
    node.create_topic("t", 1, {{"retention.ms", "1000"}});
    auto retention = described(Topic, "t", "retention.ms");
    EXPECT_EQ(retention.value, "1000");
    EXPECT_EQ(retention.config_source, 1);
    EXPECT_EQ(retention.config_type, 5);
    EXPECT_FALSE(retention.read_only);
    EXPECT_EQ(alter(OfBroker, "1", "log.retention.ms", "2000").first, kFine);
    EXPECT_EQ(alter(OfBroker, "", "log.retention.ms", "3000").first, kFine);
    retention = described(Topic, "t", "retention.ms");
    ASSERT_EQ(retention.synonyms.size(), 4u);
    EXPECT_EQ(retention.synonyms[1].source, 2);
    EXPECT_EQ(retention.synonyms[2].source, 3);
    EXPECT_EQ(retention.synonyms[3].name, "log.retention.hours");
    EXPECT_EQ(alter(Topic, "t", "retention.ms", std::nullopt, Delete).first, kFine);
    EXPECT_EQ(described(Topic, "t", "retention.ms").value, "2000");
    EXPECT_EQ(log_config("t").retention_ms, 2000);  // without a restart
    EXPECT_EQ(alter(OfBroker, "1", "log.retention.ms", std::nullopt, Delete).first, kFine);
    EXPECT_EQ(log_config("t").retention_ms, 3000);
    EXPECT_EQ(alter(OfBroker, "", "log.retention.ms", std::nullopt, Delete).first, kFine);
    EXPECT_EQ(log_config("t").retention_ms, 604'800'000);
}

TEST_F(ConfigsApiTest, EveryConfigOfKafkaIsKnown) {
    node.create_topic("t");
    EXPECT_EQ(describe(Topic, "t").configs.size(), 37u);  // one internal key is not shown
    EXPECT_GE(describe(OfBroker, "1").configs.size(), 350u);
    EXPECT_EQ(describe(Group, "g").configs.size(), 21u);
    EXPECT_EQ(describe(ClientMetrics, "m").configs.size(), 3u);
    const auto password = described(OfBroker, "1", "ssl.keystore.password");
    EXPECT_TRUE(password.is_sensitive);
    EXPECT_FALSE(password.value);
    EXPECT_TRUE(described(OfBroker, "1", "num.partitions").read_only);
    EXPECT_NE(described(Topic, "t", "preallocate").documentation->find("nothing acts on it"),
              std::string::npos);
    EXPECT_EQ(described(Group, "g", "consumer.session.timeout.ms").synonyms.at(0).name,
              "group.consumer.session.timeout.ms");
}

TEST_F(ConfigsApiTest, RefusesInKafkasWords) {
    node.create_topic("t");
    const auto is = [](ErrorCode code, std::string text) { return Answer{code, std::move(text)}; };
    EXPECT_EQ(alter(Topic, "t", "retention.ms", "x"),
              is(ErrorCode::InvalidConfig,
                 "Invalid value x for configuration retention.ms: Not a number of type LONG"));
    EXPECT_EQ(alter(Topic, "t", "retentoin.ms", "1"),
              is(ErrorCode::InvalidConfig,
                 "Unknown topic config name: retentoin.ms, did you mean retention.ms?"));
    EXPECT_EQ(alter(Topic, "nope", "retention.ms", "1"),
              is(ErrorCode::UnknownTopicOrPartition, "The topic 'nope' does not exist."));
    EXPECT_EQ(alter(Topic, "t", "retention.ms", std::nullopt),
              is(ErrorCode::InvalidRequest, "Null value not supported for : retention.ms"));
    EXPECT_EQ(alter(Topic, "t", "retention.ms", "1", Append),
              is(ErrorCode::InvalidConfig,
                 "Can't APPEND to key retention.ms because its type is not LIST."));
    EXPECT_EQ(alter(Topic, "t", "compression.gzip.level", "0"),
              is(ErrorCode::InvalidConfig,
                 "Invalid value 0 for configuration compression.gzip.level: Value must be between "
                 "1 and 9 or equal to -1"));
    EXPECT_EQ(
        alter(OfBroker, "1", "num.partitions", "3"),
        is(ErrorCode::InvalidRequest, "Cannot update these configs dynamically: [num.partitions]"));
    EXPECT_EQ(alter(OfBroker, "1", "log.retention.m", "3"),
              is(ErrorCode::InvalidConfig,
                 "Unknown configuration log.retention.m, did you mean log.retention.ms?"));
    EXPECT_EQ(alter(OfBroker, "7", "log.retention.ms", "3"),
              is(ErrorCode::InvalidRequest, "Unexpected broker id, expected 1, but received 7"));
    EXPECT_EQ(alter(Group, "g", "consumer.session.timeout.ms", "1"),
              is(ErrorCode::InvalidConfig,
                 "consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive."));
    EXPECT_EQ(alter(ClientMetrics, "m", "interval.ms", "50"),
              is(ErrorCode::InvalidRequest,
                 "Invalid value 50 for interval.ms, interval must be between 100 and 3600000 (1 "
                 "hour)"));
    EXPECT_EQ(alter(ClientMetrics, "m", "match", "client_id=["),
              is(ErrorCode::InvalidConfig, "Illegal client matching pattern: client_id=["));
    EXPECT_EQ(alter(Logger, "1", "root", "LOUD").first, ErrorCode::InvalidConfig);
    EXPECT_EQ(alter(Logger, "1", "root", "WARN").first, kFine);
    EXPECT_EQ(described(Logger, "1", "root").value, "WARN");
}

TEST_F(ConfigsApiTest, ListsGrowAndShrinkAndNothingHappensOnTrial) {
    node.create_topic("t");
    EXPECT_EQ(alter(Topic, "t", "cleanup.policy", "compact", Append, true).first, kFine);
    EXPECT_FALSE(log_config("t").cleanup_compact);
    EXPECT_EQ(alter(Topic, "t", "cleanup.policy", "compact", Append).first, kFine);
    EXPECT_EQ(described(Topic, "t", "cleanup.policy").value, "delete,compact");
    EXPECT_EQ(alter(Topic, "t", "cleanup.policy", "delete", Subtract).first, kFine);
    EXPECT_TRUE(log_config("t").cleanup_compact);
    EXPECT_FALSE(log_config("t").cleanup_delete);
}

TEST_F(ConfigsApiTest, TheLegacyRequestReplacesTheWholeSet) {
    node.create_topic("t", 1, {{"retention.ms", "1000"}, {"segment.ms", "5000"}});
    wire::AlterConfigsRequest request;
    auto& of = request.resources.emplace_back();
    of.resource_type = Topic;
    of.resource_name = "t";
    of.configs.push_back({"retention.ms", "2000"});
    const auto response =
        node.call<wire::AlterConfigsResponse>(node.connect(), std::move(request), 2);
    EXPECT_EQ(response.responses.at(0).error_code, kFine);
    EXPECT_EQ(log_config("t").retention_ms, 2000);
    EXPECT_EQ(log_config("t").segment_ms, 604'800'000);
}

TEST_F(ConfigsApiTest, ResourcesAreListedAndSurviveARestart) {
    node.create_topic("t");
    EXPECT_EQ(alter(Group, "g", "share.auto.offset.reset", "by_duration:PT1H").first, kFine);
    EXPECT_EQ(alter(ClientMetrics, "m", "interval.ms", "1000").first, kFine);
    EXPECT_EQ(alter(OfBroker, "", "log.retention.ms", "3000").first, kFine);
    node.crash(1);
    node.start();
    EXPECT_EQ(log_config("t").retention_ms, 3000);
    const auto list = [&](std::vector<std::int8_t> types) {
        std::string text;
        const auto response = node.call<wire::ListConfigResourcesResponse>(
            node.connect(), wire::ListConfigResourcesRequest{std::move(types)}, 1);
        for (const auto& one : response.config_resources)
            text += std::to_string(one.resource_type) + ":" + one.resource_name + " ";
        return std::to_string(static_cast<int>(response.error_code)) + " " + text;
    };
    EXPECT_EQ(list({}), "0 32:g 16:m 8:1 4:1 2:t ");
    EXPECT_EQ(list({ClientMetrics}), "0 16:m ");
    EXPECT_EQ(list({99}), "35 ");
}

}  // namespace
}  // namespace millrace::broker
