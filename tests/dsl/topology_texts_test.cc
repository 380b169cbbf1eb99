// Names, numbering, sub-topologies and internal topics against Kafka Streams 4.4
// (tests/golden/topologies): each program again in our DSL, its text compared line by line.
#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using Strings = KStream<std::string, std::string>;

struct Forward final : Processor<std::string, std::string> {
    void process(const Record<std::string, std::string>& record) override {
        context().forward(record);
    }
};
std::unique_ptr<Forward> forward() {
    return std::make_unique<Forward>();
}

Strings in(StreamsBuilder& b, const std::string& topic) {
    return b.stream<std::string, std::string>(topic);
}
std::string value(const std::string&, const std::string& v) {
    return v;
}
std::string same_value(const std::string& v) {
    return v;
}
std::pair<std::string, std::string> pair(const std::string& k, const std::string& v) {
    return {k, v};
}
std::vector<std::pair<std::string, std::string>> pairs(const std::string& k, const std::string& v) {
    return {{k, v}};
}
std::vector<std::string> values(const std::string& v) {
    return {v};
}
bool yes(const std::string&) {
    return true;
}
void nothing(const std::string&) {}
std::string newer(const std::string&, const std::string& b) {
    return b;
}
std::string empty() {
    return "";
}
std::string joined_to(const std::string&, const std::string& v, const std::string& a) {
    return a + v;
}

void p01(StreamsBuilder& b) {
    in(b, "in")
        .filter(yes)
        .filter_not(yes)
        .map_values(same_value)
        .map(pair)
        .flat_map(pairs)
        .flat_map_values(values)
        .peek(nothing)
        .select_key(value)
        .to("out");
}
void p02(StreamsBuilder& b) {
    b.stream<std::string, std::string>("in", Consumed::as("source"))
        .filter(yes, Named::as("keep"))
        .filter_not(yes, Named::as("drop"))
        .map_values(same_value, Named::as("values"))
        .map(pair, Named::as("map"))
        .flat_map(pairs, Named::as("flat"))
        .flat_map_values(values, Named::as("flat-values"))
        .peek(nothing, Named::as("peek"))
        .select_key(value, Named::as("key"))
        .to("out", Produced::as("sink"));
}
void p04(StreamsBuilder& b) {
    auto one = in(b, "one"), two = in(b, "two");
    auto both = one.merge(two);
    both.merge(in(b, "three"), Named::as("all")).to("out");
}
void p08(StreamsBuilder& b) {
    in(b, "in").group_by_key().count().to_stream().to("out");
}
void p09(StreamsBuilder& b) {
    in(b, "in").group_by(value).count().to_stream().to("out");
}
void p10(StreamsBuilder& b) {
    in(b, "in")
        .group_by(value, Grouped::as("by-value"))
        .count(Named::as("counter"), Materialized::as("counts"))
        .to_stream(Named::as("changes"))
        .to("out");
}
void p11(StreamsBuilder& b) {
    in(b, "in").select_key(value).group_by_key().reduce(newer);
    in(b, "in2")
        .map(pair)
        .group_by_key(Grouped::as("again"))
        .aggregate(empty, joined_to, Materialized::as("text"));
}
void p12(StreamsBuilder& b) {
    auto keyed = in(b, "in").select_key(value);
    keyed.group_by_key().count();
    keyed.group_by_key().reduce(newer);
    keyed.map_values(same_value).group_by_key().aggregate(empty, joined_to);
}
void p15(StreamsBuilder& b) {
    in(b, "in").repartition().to("out");
    in(b, "in2")
        .repartition(Repartitioned::as("wide").with_number_of_partitions(7))
        .group_by_key()
        .count();
    in(b, "in3")
        .select_key(value)
        .repartition(Repartitioned::with(serde<std::string>(), serde<std::string>()))
        .group_by_key()
        .count();
}
void p16(StreamsBuilder& b) {
    in(b, "in").group_by_key().windowed_by(TimeWindows::of_size_with_no_grace(1min)).count();
}
void p26(StreamsBuilder& b) {
    b.table<std::string, std::string>("in").to_stream().to("out");
    b.table<std::string, std::string>("in2", Materialized::as("kept"));
    b.table<std::string, std::string>("in3", Consumed::as("read-in3"), Materialized::as("named"));
}
void p34(StreamsBuilder& b) {
    auto t = b.table<std::string, std::string>("table");
    in(b, "in").join(t, newer).to("out");
    in(b, "in2")
        .select_key(value)
        .left_join(
            t, [](const std::string& v, const std::string* w) { return w ? v + *w : v; },
            Joined::as("lookup"))
        .to("out2");
}
void p40(StreamsBuilder& b) {
    b.add_state_store(Stores::key_value_store_builder<std::string, std::string>(
        Stores::persistent_key_value_store("memory")));
    b.add_state_store(Stores::window_store_builder<std::string, std::string>(
                          Stores::in_memory_window_store("recent", 1h, 1min, false))
                          .with_logging_enabled({{"min.insync.replicas", "2"}}));
    in(b, "in")
        .process(forward, {"memory"})
        .process(forward, Named::as("second"), {"memory", "recent"})
        .group_by_key()
        .count();
}
void p42(StreamsBuilder& b) {
    in(b, "in").group_by_key().count(
        Materialized::as("no-log").with_logging_disabled().with_caching_disabled());
    in(b, "in2").group_by_key().count(
        Materialized::as("in-memory")
            .with_store_type(StoreType::InMemory)
            .with_logging_enabled(
                {{"cleanup.policy", "compact,delete"}, {"retention.ms", "86400000"}}));
    in(b, "in3")
        .group_by_key()
        .windowed_by(TimeWindows::of_size_with_no_grace(48h))
        .count(Materialized::as("logged-windows")
                   .with_logging_enabled({{"segment.bytes", "52428800"}}));
}
void p44(StreamsBuilder& b) {
    auto clicks = in(b, "clicks").select_key(value);
    auto per_page = clicks.group_by_key(Grouped::as("page")).count(Materialized::as("per-page"));
    per_page.to_stream()
        .map([](const std::string&, std::int64_t v) {
            return std::pair{std::string("all"), std::to_string(v)};
        })
        .group_by_key(Grouped::with(serde<std::string>(), serde<std::string>()))
        .reduce(newer, Materialized::as("total"))
        .to_stream()
        .to("totals");
    clicks.to("keyed");
    in(b, "keyed")
        .join(per_page, [](const std::string& v, std::int64_t n) { return v + std::to_string(n); })
        .to("joined");
}

struct Program {
    const char* file;
    void (*build)(StreamsBuilder&);
};
class TopologyTexts : public testing::TestWithParam<Program> {};

std::string list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const auto& item : items) text += (text.size() > 1 ? ", " : "") + item;
    return text + ']';
}
std::string config(const std::map<std::string, std::string>& settings) {
    std::string text = "{";
    for (const auto& [key, v] : settings) text += (text.size() > 1 ? ", " : "") + key + '=' + v;
    return text + '}';
}

// What describe() prints and what workers are told, in the form of the golden files.
std::string print(const Topology& topology) {
    engine::TaskSettings settings;
    settings.application_id = "app";
    const auto compiled = *compile(topology, settings);
    std::string text =
        topology.describe() + "== subtopologies and internal topics (application.id app)\n";
    std::vector<std::string> groups;
    for (const auto& sub : compiled->subtopologies()) {
        std::vector<std::string> sources = sub.source_topics, sinks;
        for (const auto& topic : sub.repartition_sources) sources.push_back(topic.name);
        for (const std::size_t i : topology.data().groups[static_cast<std::size_t>(sub.id)]) {
            const auto& node = topology.data().nodes[i];
            if (node.kind == engine::NodeSpec::Kind::Sink)
                sinks.push_back(compiled->full_topic(node.topics.front()));
        }
        std::sort(sources.begin(), sources.end());
        std::sort(sinks.begin(), sinks.end());
        text += "subtopology " + std::to_string(sub.id) + "\n  sources " + list(sources) +
                "\n  sinks " + list(sinks) + '\n';
        for (const auto& topic : sub.repartition_sources)
            text +=
                "  repartition " + topic.name +
                (topic.partitions ? " partitions=" + std::to_string(*topic.partitions) + " enforced"
                                  : "") +
                ' ' + config(topic.configs) + '\n';
        for (const auto& topic : sub.changelogs)
            text += "  changelog " + topic.name + ' ' + config(topic.configs) + '\n';
        text += "  changelogs that are source topics []\n";
        for (const auto& group : sub.copartition_groups) groups.push_back(list(group) + '\n');
    }
    text += "== copartition groups\n";
    for (const auto& group : groups) text += group;
    text += "== stores\n";
    for (const auto& [name, store] : topology.data().stores) {
        text += name + " logged=" + (store.logging ? "true" : "false") +
                (store.kind == engine::StoreSpec::Kind::Window
                     ? " windowed retentionPeriod=" + std::to_string(store.retention_ms)
                     : " key-value") +
                " versioned=false\n";
    }
    return text;
}

// Names inside brackets are sets.
std::string sets_sorted(std::string text) {
    for (std::size_t at = text.find("(topics: ["); at != std::string::npos;
         at = text.find("(topics: [", at + 1)) {
        const auto from = at + 10, to = text.find(']', from);
        std::vector<std::string> names;
        std::stringstream stream(text.substr(from, to - from));
        for (std::string name; std::getline(stream, name, ',');)
            names.push_back(name.substr(name.find_first_not_of(' ')));
        std::sort(names.begin(), names.end());
        text.replace(from - 1, to - from + 2, list(names));
    }
    return text;
}

TEST_P(TopologyTexts, AreKafkas) {
    std::ifstream file(std::string(MILLRACE_TESTS_DIR "/golden/topologies/") + GetParam().file);
    std::string golden((std::istreambuf_iterator<char>(file)), {});
    const auto from = golden.find("== describe\n");
    ASSERT_NE(from, std::string::npos);
    golden = golden.substr(from + 12);
    StreamsBuilder builder;

    GetParam().build(builder);

    // The golden text ends describe() with one newline of its own.
    std::string ours = print(builder.build());
    EXPECT_EQ(sets_sorted(ours), sets_sorted(golden));
}

INSTANTIATE_TEST_SUITE_P(
    Programs, TopologyTexts,
    testing::Values(
        Program{"01-stateless_unnamed.txt", p01}, Program{"02-stateless_named.txt", p02},
        Program{"04-merge_two.txt", p04}, Program{"08-group_by_key_count.txt", p08},
        Program{"09-group_by_count_repartitions.txt", p09},
        Program{"10-group_by_named_everything.txt", p10},
        Program{"11-select_key_then_group_by_key.txt", p11},
        Program{"12-two_groups_after_one_key_change_unoptimised.txt", p12},
        Program{"15-repartition_operator.txt", p15}, Program{"16-tumbling_window_count.txt", p16},
        Program{"26-table_source_unoptimised.txt", p26}, Program{"34-stream_table_joins.txt", p34},
        Program{"40-processor_with_store.txt", p40}, Program{"42-store_options.txt", p42},
        Program{"44-chain_of_subtopologies.txt", p44}),
    [](const auto& info) {
        std::string name(info.param.file);
        std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
        return name;
    });

}  // namespace
}  // namespace millrace
