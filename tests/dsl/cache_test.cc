// The record cache under the DSL: each key's last update at the commit, in the order of the updates
// (semantics §4.4).
#include <gtest/gtest.h>

#include "millrace/dsl/streams.h"
#include "millrace/testkit/topology_test_driver.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;

TopologyTestDriver::Options cached() {
    TopologyTestDriver::Options options;
    options.settings.cache_bytes = 1 << 20;
    return options;
}

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == ' ')
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

TEST(Cache, GivesTheLastCountOfEachWordInOrderOfLastUpdate) {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .flat_map_values(words)
        .group_by([](const std::string& word) { return word; }, Grouped::as("words"))
        .count(Materialized::as("counts"))
        .to_stream()
        .to("out");
    auto options = cached();
    options.records_per_step = 16;
    TopologyTestDriver driver(builder.build(), options);
    auto in = driver.input_topic<std::string, std::string>("in");
    auto out = driver.output_topic<std::string, std::int64_t>("out");

    in.pipe("k", "a b a c a b", Timestamp{5}, Headers().add("h", "1"));

    std::vector<std::pair<std::string, std::int64_t>> got;
    for (const auto& record : out.read_all()) {
        got.emplace_back(*record.key, *record.value);
        EXPECT_EQ(record.timestamp, Timestamp{5});
        EXPECT_EQ(record.headers.size(), 1u);
    }
    EXPECT_EQ(got,
              (std::vector<std::pair<std::string, std::int64_t>>{{"c", 1}, {"a", 3}, {"b", 2}}));
    EXPECT_EQ(driver.records("test-counts-changelog").size(), 3u);
}

TEST(Cache, MakesNothingOfAKeyThatCameAndWent) {
    StreamsBuilder builder;
    builder.table<std::string, std::string>("in", Materialized::as("table")).to_stream().to("out");
    auto options = cached();
    options.records_per_step = 16;
    TopologyTestDriver driver(builder.build(), options);
    TopicRecord record;
    record.key = "k";
    record.value = "v";
    driver.enqueue("in", record);
    record.value.reset();
    driver.enqueue("in", record);

    driver.process();

    for (const auto& r : driver.records("out"))
        std::printf("%s %s %ld\n", r.key->c_str(), r.value ? r.value->c_str() : "null",
                    (long)r.offset);
    EXPECT_TRUE(driver.records("out").empty());
    EXPECT_TRUE(driver.records("test-table-changelog").empty());
}

TEST(Cache, WindowsComeOutWithTheirKeys) {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .group_by_key()
        .windowed_by(TimeWindows::of_size_with_no_grace(10ms))
        .count(Materialized::as("w"))
        .to_stream()
        .map([](const Windowed<std::string>& w, std::int64_t n) {
            return std::pair{w.key() + std::to_string(w.window().start), n};
        })
        .to("out");
    auto options = cached();
    options.records_per_step = 16;
    TopologyTestDriver driver(builder.build(), options);
    for (const int ts : {1, 3, 11, 12, 13}) {
        TopicRecord record;
        record.key = "k";
        record.value = "v";
        record.timestamp = Timestamp{ts};
        driver.enqueue("in", record);
    }

    driver.process();

    auto out = driver.output_topic<std::string, std::int64_t>("out").read_all();
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(out[0].key, "k0");
    EXPECT_EQ(out[0].value, 2);
    EXPECT_EQ(out[1].key, "k10");
    EXPECT_EQ(out[1].value, 3);
    EXPECT_EQ(out[1].timestamp, Timestamp{13});
}

}  // namespace
}  // namespace millrace
