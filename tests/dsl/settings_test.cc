// Settings that change what a topology becomes: internal topics' configurations, names that must be
// given, the default timestamp extractor, handlers.
#include <gtest/gtest.h>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"
#include "millrace/engine/assignment/topology_request.h"
#include "millrace/engine/worker/task_settings.h"
#include "millrace/state/memory_provider.h"
#include "millrace/testkit/topology_test_driver.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using Settings = std::map<std::string, std::string>;

Result<std::shared_ptr<const engine::CompiledTopology>> compiled(const Topology& topology,
                                                                 Settings given) {
    given.try_emplace("application.id", "app");
    MR_TRY(const auto config, engine::StreamsConfig::parse(given));
    NullLog log;
    MR_TRY(const auto settings, engine::task_settings(config, log));
    return compile(topology, settings);
}

Topology windows_and_counts() {
    StreamsBuilder builder;
    auto grouped = builder.stream<std::string, std::string>("in").group_by(
        [](const std::string& v) { return v; }, Grouped::as("by-value"));
    grouped.count(Materialized::as("kv").with_logging_enabled({{"segment.ms", "7"}}));
    auto windowed = grouped.windowed_by(TimeWindows::of_size_and_grace(1s, 1s));
    windowed.count(Materialized::as("win"));
    windowed.count(
        Materialized::as("own").with_logging_enabled({{"retention.ms", "5"}, {"a", "b"}}));
    return builder.build();
}

// As they go to the group: topic -> its configuration.
std::map<std::string, Settings> internal_topics(const Settings& settings) {
    const auto topology = compiled(windows_and_counts(), settings);
    EXPECT_TRUE(topology) << topology.error().detail;
    std::map<std::string, Settings> out;
    const auto request = engine::topology_request(**topology, {});
    for (const auto& sub : request.subtopologies)
        for (const auto* topics : {&sub.repartition_source_topics, &sub.state_changelog_topics})
            for (const auto& topic : *topics)
                for (const auto& config : topic.topic_configs)
                    out[topic.name][config.key] = config.value;
    return out;
}

TEST(Settings, InternalTopicsHaveKafkasConfigurations) {
    const auto topics = internal_topics({});
    EXPECT_EQ(topics.at("app-by-value-repartition"),
              (Settings{{"cleanup.policy", "delete"},
                        {"message.timestamp.type", "CreateTime"},
                        {"retention.ms", "-1"},
                        {"segment.bytes", "52428800"}}));
    EXPECT_EQ(topics.at("app-kv-changelog"), (Settings{{"cleanup.policy", "compact"},
                                                       {"message.timestamp.type", "CreateTime"},
                                                       {"segment.ms", "7"}}));
    EXPECT_EQ(topics.at("app-win-changelog"), (Settings{{"cleanup.policy", "compact,delete"},
                                                        {"message.timestamp.type", "CreateTime"},
                                                        {"retention.ms", "86402000"}}));
    EXPECT_EQ(topics.at("app-own-changelog").at("retention.ms"), "5");
}

TEST(Settings, TopicPrefixesStandAboveTheLibraryAndBelowTheStore) {
    const auto topics = internal_topics({{"topic.retention.ms", "99"},
                                         {"topic.segment.ms", "8"},
                                         {"topic.cleanup.policy", "compact"},
                                         {"windowstore.changelog.additional.retention.ms", "10"}});
    EXPECT_EQ(topics.at("app-by-value-repartition").at("retention.ms"), "99");
    EXPECT_EQ(topics.at("app-by-value-repartition").at("cleanup.policy"), "compact");
    EXPECT_EQ(topics.at("app-kv-changelog").at("segment.ms"), "7");
    EXPECT_EQ(topics.at("app-kv-changelog").at("retention.ms"), "99");
    EXPECT_EQ(topics.at("app-win-changelog").at("segment.ms"), "8");
    // WindowedChangelogTopicConfig: only the store's own retention is stronger.
    EXPECT_EQ(topics.at("app-win-changelog").at("retention.ms"), "2010");
    EXPECT_EQ(topics.at("app-own-changelog").at("retention.ms"), "5");
}

TEST(Settings, GeneratedNamesOfInternalResourcesCanBeForbidden) {  // KIP-1111
    const Settings strict{{"ensure.explicit.internal.resource.naming", "true"}};
    EXPECT_TRUE(compiled(windows_and_counts(), strict));
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .select_key([](const std::string& v) { return v; })
        .group_by_key()
        .count();
    builder.stream<std::string, std::string>("in2").repartition().to("out");
    const Topology topology = builder.build();
    EXPECT_TRUE(compiled(topology, {}));
    const auto refused = compiled(topology, strict);
    ASSERT_FALSE(refused);
    for (const char* name : {"changelog topics KSTREAM-AGGREGATE-STATE-STORE-0000000002-changelog",
                             "state stores KSTREAM-AGGREGATE-STATE-STORE-0000000002",
                             "KSTREAM-REPARTITION-0000000008-repartition", "Materialized"})
        EXPECT_NE(refused.error().detail.find(name), std::string::npos) << refused.error().detail;
}

TEST(Settings, WhatIsNotKnownIsRefusedWithWhatIs) {
    for (const auto& [name, value, says] :
         {std::tuple{"default.timestamp.extractor", "MyExtractor", "WallclockTimestampExtractor"},
          std::tuple{"production.exception.handler", "Mine", "DefaultProductionExceptionHandler"},
          std::tuple{"processing.exception.handler", "x", "LogAndContinueProcessingException"},
          std::tuple{"topology.optimization", "all", "none"}}) {
        const auto refused = compiled(windows_and_counts(), {{name, value}});
        ASSERT_FALSE(refused) << name;
        EXPECT_NE(refused.error().detail.find(name), std::string::npos);
        EXPECT_NE(refused.error().detail.find(says), std::string::npos) << refused.error().detail;
        EXPECT_THROW(TopologyTestDriver::Options::with({{name, value}}), std::invalid_argument);
    }
}

TEST(Settings, TheTasksOfAWorkerShareOneCache) {  // Kafka's ThreadCache
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in").group_by_key().count().to_stream().to("out");
    engine::TaskSettings settings;
    settings.cache_bytes = 1000;
    const auto topology = compile(builder.build(), settings);
    struct Counting final : engine::RecordCollector {
        int out = 0;
        Topic topic(const std::string& name) override { return name == "out" ? 1 : 0; }
        std::int32_t partition_count(Topic) override { return 2; }
        void send(Topic topic, std::int32_t, state::MaybeBytes, state::MaybeBytes, Timestamp,
                  BytesView) override {
            out += topic == 1;
        }
    } collector;
    state::MemoryProvider provider;
    const Now now{Time{0}, Timestamp{1000}};
    const auto run = [&](engine::Task& task, int keys) {
        wire::RecordBatchBuilder records(4096);
        const std::string value = "v";
        std::vector<std::string> names;
        for (int i = 0; i < keys; ++i) names.push_back("key" + std::to_string(i));
        for (const std::string& name : names)
            records.append(Timestamp{1}, as_bytes(name), as_bytes(value));
        engine::FetchedRecords fetched;
        fetched.batches = records.finish({.base_offset = Offset{0}});
        fetched.next = Offset{keys};
        ASSERT_TRUE(task.initialize({}, now));
        task.set_lag(0, 0);
        task.enqueue(0, std::move(fetched));
        ASSERT_TRUE(task.process({}, now));
    };
    const auto first = (*topology)->make_task({0, 0}, collector, provider);
    run(*first, 12);  // some 50 bytes each
    EXPECT_EQ(collector.out, 0);
    const auto second = (*topology)->make_task({0, 1}, collector, provider);
    run(*second, 12);
    EXPECT_GT(collector.out, 0);
}

TEST(Settings, ARecordTooLargeIsTheProductionHandlersToDrop) {  // KIP-210
    struct Drop final : ProductionExceptionHandler {
        ErrorHandlerResponse handle_error(const ErrorHandlerContext& about,
                                          const DeadLetterRecord& record,
                                          const std::exception&) override {
            return ErrorHandlerResponse::resume(
                {{"dead", record.key, about.topic, record.timestamp, record.headers}});
        }
    };
    struct Narrow final : engine::RecordCollector {
        std::vector<std::string> sent;
        Topic topic(const std::string& name) override { return name == "dead" ? 1 : 0; }
        std::size_t record_bytes_max() const override { return 10; }
        std::int32_t partition_count(Topic) override { return 1; }
        void send(Topic topic, std::int32_t, state::MaybeBytes key, state::MaybeBytes value,
                  Timestamp, BytesView) override {
            sent.push_back(std::to_string(topic) + std::string(as_text(*key)) +
                           std::string(as_text(*value)));
        }
    } collector;
    engine::TaskSettings settings;
    settings.handlers.production = std::make_shared<Drop>();
    engine::TaskContext context({0, 0}, settings, collector);
    const auto text = serde<std::string>().codec();
    engine::SinkNode sink("sink", std::source_location::current(), "out", text, text, {});
    ASSERT_TRUE(sink.init(context));
    const std::string topic = "in";
    engine::Rows rows{};
    engine::Origin origin{};
    origin.topic = &topic;
    engine::Column keys, values;
    for (engine::Column* column : {&keys, &values}) column->set_type(text->type(), text.get());
    const engine::Row selected[] = {0, 1, 2};
    for (const engine::Row row : selected) {
        rows.origin[row] = row;
        keys.object<std::string>(row) = "k" + std::to_string(row);
        values.object<std::string>(row) = row == 1 ? "much too large" : "small";
    }
    sink.process({&rows, &keys, &values, &origin, selected, 3});
    EXPECT_EQ(collector.sent, (std::vector<std::string>{"0k0small", "1k1in", "0k2small"}));
    EXPECT_EQ(context.dropped(), 1);
}

}  // namespace
}  // namespace millrace
