// Settings: what is accepted, what is refused and with which words, and where an effective topic
// config comes from.
#include <gtest/gtest.h>

#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/config/topic_config.h"

namespace millrace::broker {
namespace {

TEST(BrokerConfig, ReadsKafkasProperties) {
    const auto parsed =
        parse_broker_config(R"(
# a comment
process.roles=broker,controller
node.id = 7
listeners=PLAINTEXT://0.0.0.0:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://kafka.example:19092
log.dirs=/var/a,\
         /var/b
num.io.threads=8
log.retention.hours=24
offsets.topic.replication.factor=1
)",
                            {{"num.partitions", "3"}, {"millrace.durability", "page-cache"}});
    ASSERT_TRUE(parsed) << parsed.error().detail;
    const BrokerConfig& config = parsed->config;
    EXPECT_EQ(config.node_id, 7);
    EXPECT_EQ(config.log_dirs, (std::vector<std::string>{"/var/a", "/var/b"}));
    EXPECT_EQ(config.log_retention_ms, 86'400'000);
    EXPECT_EQ(config.num_partitions, 3);
    EXPECT_EQ(config.durability, Durability::PageCache);
    EXPECT_EQ(to_text(config.bound_endpoints()), "PLAINTEXT://0.0.0.0:9092");
    EXPECT_EQ(to_text(config.advertised_endpoints()), "PLAINTEXT://kafka.example:19092");
    EXPECT_EQ(parsed->warnings, (std::vector<std::string>{"num.io.threads has no effect here"}));
}

TEST(BrokerConfig, RefusesInWordsThatHelp) {
    const auto error = [](ConfigOverrides overrides) {
        const auto parsed = parse_broker_config("", overrides);
        return parsed ? std::string("accepted") : parsed.error().detail;
    };
    EXPECT_EQ(error({}), "accepted");
    EXPECT_EQ(error({{"num.partition", "3"}}),
              "Unknown configuration num.partition, did you mean num.partitions?");
    EXPECT_EQ(error({{"quite.another.thing.altogether", "3"}}),
              "Unknown configuration quite.another.thing.altogether");
    EXPECT_EQ(error({{"num.partitions", "x"}}),
              "Invalid value x for configuration num.partitions: Not a number of type INT");
    EXPECT_EQ(error({{"num.partitions", "0"}}),
              "Invalid value 0 for configuration num.partitions: Value must be at least 1");
    EXPECT_EQ(
        error({{"message.max.bytes", "3000000000"}}),
        "Invalid value 3000000000 for configuration message.max.bytes: Not a number of type INT");
    EXPECT_EQ(error({{"compression.type", "brotli"}}),
              "Invalid value brotli for configuration compression.type: String must be one of: "
              "uncompressed, zstd, lz4, snappy, "
              "gzip, producer");
    EXPECT_EQ(error({{"delete.topic.enable", "maybe"}}),
              "Invalid value maybe for configuration delete.topic.enable: Expected value to be "
              "either true or false");
    EXPECT_EQ(error({{"listeners", "PLAINTEXT:9092"}}),
              "Listener PLAINTEXT:9092 is not NAME://host:port");
    EXPECT_EQ(error({{"listeners", "SSL://:9092"}}),
              "Listener SSL: only the security protocol PLAINTEXT is served");
    EXPECT_EQ(error({{"sasl.enabled.mechanisms", "PLAIN"}}),
              "sasl.enabled.mechanisms is not supported: this broker serves plaintext without "
              "access control");
    EXPECT_EQ(error({{"advertised.listeners", "PLAINTEXT://0.0.0.0:9092"}}),
              "advertised.listeners: PLAINTEXT must name a host that clients can reach");
    EXPECT_EQ(error({{"controller.quorum.voters", "1-localhost:9093"}}),
              "controller.quorum.voters: 1-localhost:9093 is not id@host:port");
}

TEST(BrokerConfig, EveryKeysDefaultPassesItsOwnRuleAndIsPrinted) {
    const BrokerConfig defaults;
    EXPECT_GT(broker_config_keys().size(), 380u);  // Kafka's and ours
    std::size_t typed = 0;
    for (const ConfigKey& key : broker_config_keys()) {
        if (!key.default_is_null) {
            EXPECT_TRUE(check_config_value(key, key.default_text)) << key.name;
        }
        if (const auto value = value_text(defaults, key.name); value && !key.default_is_null) {
            EXPECT_EQ(*value, key.default_text) << key.name;
            ++typed;
        }
        if (!key.internal) {
            EXPECT_FALSE(key.doc.empty()) << key.name;
        }
    }
    EXPECT_GT(typed, 100u);
}

TEST(BrokerConfig, PropertiesAreJavas) {
    const auto entries =
        parse_properties("a=1\n b : 2\nc 3\n!no\n#no\nd\\=e=f\\tg\\u00e9\nempty=\nlast = x y ");
    ASSERT_TRUE(entries);
    EXPECT_EQ(*entries, (ConfigOverrides{{"a", "1"},
                                         {"b", "2"},
                                         {"c", "3"},
                                         {"d=e", "f\tg\u00e9"},
                                         {"empty", ""},
                                         {"last", "x y"}}));
}

TEST(TopicConfig, EveryKeysDefaultPassesItsOwnRule) {
    const BrokerConfig config;
    EXPECT_EQ(topic_config_keys().size(), 38u);
    for (const ConfigKey& key : topic_config_keys()) {
        if (key.internal) continue;
        EXPECT_TRUE(check_config_value(key, key.default_text)) << key.name;
        // And the broker's synonym has the same default.
        const ConfigEntry entry = effective_topic_config(key, {}, {}, config);
        EXPECT_EQ(entry.value, key.default_text) << key.name;
        EXPECT_EQ(entry.source, ConfigSource::Default) << key.name;
    }
    EXPECT_EQ(topic_config({}, {}, config), TopicConfig{});
}

TEST(TopicConfig, TakesTheNearestSource) {
    auto parsed = parse_broker_config("log.retention.ms=1\nlog.segment.bytes=2000000\n");
    ASSERT_TRUE(parsed);
    const ConfigMap topic{{"retention.ms", "4"}}, broker{{"log.retention.ms", "3"}},
        cluster{{"log.retention.ms", "2"}};
    const ConfigKey& key = *find_config_key(topic_config_keys(), "retention.ms");
    const ConfigEntry entry =
        effective_topic_config(key, topic, {&broker, &cluster}, parsed->config);
    EXPECT_EQ(entry.value, "4");
    ASSERT_EQ(entry.synonyms.size(), 5u);  // as Kafka: the default is that of log.retention.hours
    EXPECT_EQ(entry.synonyms[0].source, ConfigSource::Topic);
    EXPECT_EQ(entry.synonyms[1].source, ConfigSource::DynamicBroker);
    EXPECT_EQ(entry.synonyms[2].source, ConfigSource::DynamicDefaultBroker);
    EXPECT_EQ(entry.synonyms[3].source, ConfigSource::StaticBroker);
    EXPECT_EQ(entry.synonyms[4].value, "168");
    EXPECT_EQ(topic_config(topic, {&broker, &cluster}, parsed->config).retention_ms, 4);
    EXPECT_EQ(topic_config({}, {&broker, &cluster}, parsed->config).retention_ms, 3);
    EXPECT_EQ(topic_config({}, {}, parsed->config).retention_ms, 1);
    EXPECT_EQ(topic_config({}, {}, parsed->config).segment_bytes, 2'000'000);
}

TEST(TopicConfig, RefusesInKafkasWords) {
    const auto error = [](ConfigMap configs) {
        const auto checked = check_topic_configs(configs);
        if (!checked) {
            EXPECT_EQ(checked.error().code, ErrorCode::InvalidConfig);
        }
        return checked ? std::string("accepted") : checked.error().detail;
    };
    EXPECT_EQ(error({{"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}}), "accepted");
    EXPECT_EQ(error({{"cleanup.policy", ""}}), "accepted");  // KIP-1161: keep everything
    EXPECT_EQ(error({{"cleanup.policy", "squash"}}),
              "Invalid value squash for configuration cleanup.policy: String must be one of: "
              "compact, delete");
    EXPECT_EQ(error({{"retention.msec", "1"}}),
              "Unknown topic config name: retention.msec, did you mean retention.ms?");
    EXPECT_EQ(error({{"segment.bytes", "100"}}),
              "Invalid value 100 for configuration segment.bytes: Value must be at least 1048576");
    EXPECT_NE(error({{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "4"}})
                  .find("conflict topic config"),
              std::string::npos);
    EXPECT_NE(error({{"remote.storage.enable", "true"}}).find("Tiered Storage"), std::string::npos);
}

}  // namespace
}  // namespace millrace::broker
