// What happens to records that cannot be processed: exception handlers, the dead-letter topic,
// timestamp extractors, nulls.
#include <gtest/gtest.h>

#include "millrace/dsl/streams.h"
#include "millrace/testkit/topology_test_driver.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;

struct Payment {
    std::string merchant;
    double amount = 0;
};

TopicRecord raw(std::optional<std::string> key, std::optional<std::string> value,
                std::int64_t timestamp = 1) {
    TopicRecord record;
    record.key = std::move(key);
    record.value = std::move(value);
    record.timestamp = Timestamp{timestamp};
    return record;
}
std::string error_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return {};
}
Topology amounts() {
    StreamsBuilder builder;
    builder.stream<std::string, Payment>("in")
        .filter([](const Payment& p) { return p.amount > 1; })
        .to("out");
    return builder.build();
}

TEST(Handlers, ARecordThatDoesNotParseStopsTheTaskAndIsNamed) {
    TopologyTestDriver driver(amounts());
    driver.pipe_input("in", raw("k", R"({"merchant":"m","amount":2})"));
    const std::string error = error_of([&] { driver.pipe_input("in", raw("k", "no json")); });
    EXPECT_NE(error.find("in-0 offset 1"), std::string::npos) << error;
    EXPECT_NE(error.find("handlers_test.cc:"), std::string::npos) << error;
    EXPECT_EQ(error.find("no json"), std::string::npos) << "values are secret: " << error;
    EXPECT_EQ(driver.records("out").size(), 1u);
}

TEST(Handlers, ContinueSkipsAndCounts) {
    TopologyTestDriver::Options options;
    options.settings.deserialization = engine::OnError::Continue;
    options.records_per_step = 8;
    TopologyTestDriver driver(amounts(), options);
    for (const char* value : {R"({"amount":2})", "bad", R"({"amount":3})", "{", R"({"amount":4})"})
        driver.enqueue("in", raw("k", value));
    driver.process();
    EXPECT_EQ(driver.records("out").size(), 3u);
    EXPECT_EQ(driver.dropped_records(), 2);
}

TEST(Handlers, TheDeadLetterTopicGetsTheBytesAndWhatWentWrong) {  // KIP-1034
    TopologyTestDriver::Options options;
    options.settings.deserialization = engine::OnError::Continue;
    options.settings.dead_letter_topic = "dead";
    TopologyTestDriver driver(amounts(), options);
    TopicRecord record = raw("k", "bad", 77);
    record.headers.add("own", "header");
    driver.pipe_input("in", record);

    ASSERT_EQ(driver.records("dead").size(), 1u);
    const TopicRecord& dead = driver.records("dead").front();
    EXPECT_EQ(dead.key, "k");
    EXPECT_EQ(dead.value, "bad");
    EXPECT_EQ(dead.timestamp, Timestamp{77});
    std::vector<std::string> names;
    for (const auto& header : dead.headers) names.push_back(header.key);
    EXPECT_EQ(names, (std::vector<std::string>{
                         "own", "__streams.errors.exception", "__streams.errors.message",
                         "__streams.errors.stacktrace", "__streams.errors.topic",
                         "__streams.errors.partition", "__streams.errors.offset"}));
    EXPECT_EQ(dead.headers.last("__streams.errors.offset")->value, "0");
}

TEST(Handlers, WhatIsNotNamedIsNotDeserialised) {  // but what is no JSON at all is seen
    StreamsBuilder builder;
    builder.stream<std::string, Payment>("in").group_by_key().count().to_stream().to("out");
    TopologyTestDriver driver(builder.build());
    driver.pipe_input("in", raw("k", R"({"amount":"much"})"));
    EXPECT_EQ(driver.records("out").size(), 1u);
    EXPECT_NE(error_of([&] { driver.pipe_input("in", raw("k", "no json")); }).find("in-0 offset 1"),
              std::string::npos);
}

// As in Kafka: such a record goes nowhere, also not to those who would not have looked.
TEST(Handlers, WhatSomebodyAsksForIsReadAtTheSource) {
    StreamsBuilder builder;
    auto in = builder.stream<std::string, Payment>("in");
    in.to("copy");
    in.group_by_key().count().to_stream().to("counts");
    in.select_key([](const std::string& k, const Payment*) { return k; })
        .repartition(Repartitioned::as("by-key"))
        .filter([](const Payment& p) { return p.amount > 1; })
        .to("large");
    auto table = builder.table<std::string, Payment>("table", Materialized::as("payments"));
    builder.stream<std::string, std::string>("questions")
        .join(table, [](const std::string& q, const Payment& p) { return q + p.merchant; })
        .to("answers");
    const Topology topology = builder.build();
    for (const std::size_t records : {std::size_t{1}, std::size_t{8}}) {
        TopologyTestDriver::Options options;
        options.settings.deserialization = engine::OnError::Continue;
        options.records_per_step = records;
        TopologyTestDriver driver(topology, options);
        driver.pipe_input("table", raw("k", R"({"merchant":"m"})"));
        driver.pipe_input("table", raw("k", R"({"merchant":17})"));
        for (const char* value : {R"({"amount":2})", R"({"amount":"much"})", R"({"amount":3})",
                                  R"({"amount":[]})", R"({"amount":4})"})
            driver.enqueue("in", raw("k", value));
        driver.enqueue("questions", raw("k", "?"));
        driver.process();
        EXPECT_EQ(driver.records("copy").size(), 3u);
        EXPECT_EQ(driver.records("counts").size(), 3u);
        EXPECT_EQ(driver.records("large").size(), 3u);
        ASSERT_EQ(driver.records("answers").size(), 1u);
        EXPECT_EQ(driver.records("answers")[0].value, "?m");
        EXPECT_EQ(driver.dropped_records(), 3);
    }
}

TEST(Handlers, AnExceptionOfUserCodeDropsOneRecordOfARun) {  // KIP-1033
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .map_values([](const std::string& v) {
            if (v == "boom") throw std::runtime_error("went off");
            return v;
        })
        .to("out");
    TopologyTestDriver::Options options;
    options.settings.processing = engine::OnError::Continue;
    options.records_per_step = 8;
    const Topology topology = builder.build();
    TopologyTestDriver driver(topology, options);
    for (const char* value : {"a", "boom", "b", "boom", "c"}) driver.enqueue("in", raw("k", value));
    driver.process();
    ASSERT_EQ(driver.records("out").size(), 3u);
    EXPECT_EQ(driver.records("out")[1].value, "b");
    EXPECT_EQ(driver.dropped_records(), 2);

    TopologyTestDriver failing(topology);
    const std::string error = error_of([&] { failing.pipe_input("in", raw("k", "boom")); });
    EXPECT_NE(error.find("went off"), std::string::npos) << error;
    EXPECT_NE(error.find("KSTREAM-MAPVALUES-0000000001 (handlers_test.cc:"), std::string::npos)
        << error;
}

TEST(Handlers, ARecordOfTheFutureDoesNotCloseTheWindows) {  // ours: design §5, the year 2099
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .group_by_key()
        .windowed_by(TimeWindows::of_size_with_no_grace(1min))
        .count()
        .to_stream()
        .to("out");
    TopologyTestDriver::Options options;
    options.settings.future_max_ms = 3'600'000;
    options.settings.deserialization = engine::OnError::Continue;
    options.wall_clock = Timestamp{1'700'000'000'000};
    TopologyTestDriver driver(builder.build(), options);
    driver.pipe_input("in", raw("k", "v", 1'700'000'000'000));
    driver.pipe_input("in", raw("k", "v", 4'070'908'800'000));
    driver.pipe_input("in", raw("k", "v", 1'700'000'000'001));
    EXPECT_EQ(driver.records("out").size(), 2u);
    EXPECT_EQ(driver.dropped_records(), 1);
}

TEST(Timestamps, FailSkipOrUsePartitionTime) {
    const auto make = [](const Consumed& consumed) {
        StreamsBuilder builder;
        builder.stream<std::string, std::string>("in", consumed).to("out");
        return std::make_unique<TopologyTestDriver>(builder.build());
    };
    const auto feed = [](TopologyTestDriver& driver) {
        driver.pipe_input("in", raw("k", "a", 50));
        driver.pipe_input("in", raw("k", "b", -1));
    };
    EXPECT_NE(error_of([&] { feed(*make({})); }).find("negative timestamp"), std::string::npos);
    auto skip = make(Consumed{}.with_timestamp_extractor(TimestampPolicy::LogAndSkipOnInvalid));
    feed(*skip);
    EXPECT_EQ(skip->records("out").size(), 1u);
    EXPECT_EQ(skip->dropped_records(), 1);
    auto partition_time =
        make(Consumed{}.with_timestamp_extractor(TimestampPolicy::UsePartitionTimeOnInvalid));
    feed(*partition_time);
    EXPECT_EQ(partition_time->records("out")[1].timestamp, Timestamp{50});
    auto custom = make(Consumed{}.with_timestamp_extractor<std::string, std::string>(
        [](const std::string*, const std::string* v, std::int64_t, std::int64_t partition_time_ms) {
            return partition_time_ms + static_cast<std::int64_t>(v->size());
        }));
    feed(*custom);
    EXPECT_EQ(custom->records("out")[0].timestamp, Timestamp{0});
    EXPECT_EQ(custom->records("out")[1].timestamp, Timestamp{1});
}

TEST(Nulls, AReferencePromisesThereAreNone) {
    StreamsBuilder builder;
    auto in = builder.stream<std::string, std::string>("in");
    in.filter([](const std::string&) { return true; }).to("filtered");
    in.filter_not([](const std::string&) { return true; }).to("not-filtered");
    in.map_values([](const std::string& v) { return v + v; }).to("mapped");
    in.map_values([](const std::string* v) { return v ? *v : std::string("null"); }).to("pointers");
    in.map_values([](const std::optional<std::string>& v) {
          return v.value_or("none");
      }).to("optionals");
    in.map_values([](const Record<std::string, std::string>& r) {
          return std::string(r.has_value() ? "some" : "none");
      }).to("records");
    TopologyTestDriver driver(builder.build());
    driver.pipe_input("in", raw("k", std::nullopt));
    EXPECT_TRUE(driver.records("filtered").empty());
    EXPECT_EQ(driver.records("not-filtered").size(), 1u);
    EXPECT_EQ(driver.records("mapped").front().value, std::nullopt);
    EXPECT_EQ(driver.records("pointers").front().value, "null");
    EXPECT_EQ(driver.records("optionals").front().value, "none");
    EXPECT_EQ(driver.records("records").front().value, "none");
}

TEST(Topologies, SayWhatIsWrongWithThem) {
    StreamsBuilder twice;
    twice.stream<std::string, std::string>("in").to("out");
    twice.table<std::string, std::string>("in");
    EXPECT_NE(error_of([&] { twice.build(); }).find("already been registered by another source"),
              std::string::npos);

    StreamsBuilder no_store;
    struct P final : Processor<std::string, std::string> {
        void process(const Record<std::string, std::string>&) override {}
    };
    no_store.stream<std::string, std::string>("in").process([] { return std::make_unique<P>(); },
                                                            {"missing"});
    EXPECT_NE(error_of([&] { no_store.build(); }).find("StateStore missing"), std::string::npos);

    StreamsBuilder wrong_serde;
    EXPECT_NE(error_of([&] {
                  wrong_serde.stream<std::string, std::string>(
                      "in", Consumed::with(serde<std::int64_t>(), serde<std::string>()));
              }).find("serde of long"),
              std::string::npos);

    StreamsBuilder bad_name;
    EXPECT_NE(error_of([&] {
                  bad_name.stream<std::string, std::string>("in").filter(
                      [](const std::string&) { return true; }, Named::as("a b"));
              }).find("no legal name"),
              std::string::npos);
}

}  // namespace
}  // namespace millrace
