// Every operator five ways: record by record; one batch; commit and restore after each record;
// after every second; with everything spilled to the sorted runs. What comes out is the same, topic
// by topic, and so are stores and drops.
#include <gtest/gtest.h>

#include "millrace/base/random.h"
#include "millrace/dsl/streams.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/testkit/topology_test_driver.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using Strings = KStream<std::string, std::string>;

enum class Way { RecordByRecord, OneBatch, RestoreAfterEach, RestoreAfterEverySecond, Spilled };

struct Input {
    std::string topic;
    std::optional<std::string> key, value;
    std::int64_t timestamp = 0;
};

std::string show(const std::optional<std::string>& bytes) {
    return bytes ? to_hex(as_bytes(*bytes)) : "null";
}

// Outputs by topic and partition, then stores, then drops.
std::map<std::string, std::string> run(const Topology& topology, const std::vector<Input>& inputs,
                                       Way way, std::int32_t partitions) {
    testkit::SimDisk disk;
    state::InlineSpillRunner runner;
    std::unique_ptr<state::ModelRuns> runs;
    std::unique_ptr<state::DirectoryProvider> spilling;
    TopologyTestDriver::Options options;
    options.partitions = partitions;
    if (way == Way::OneBatch) options.records_per_step = 256;
    if (way == Way::RecordByRecord) options.settings.record_by_record = true;
    if (way == Way::Spilled) {
        runs = *state::ModelRuns::open(disk, "/runs");
        // A budget of nothing: each commit spills, and clean entries are forgotten at once.
        spilling = std::make_unique<state::DirectoryProvider>(
            *runs, runner, state::StateBudget{.bytes_max = 1, .tail_records_max = 1});
        options.stores = spilling.get();
    }
    std::map<std::string, std::string> seen;
    {
        TopologyTestDriver driver(topology, options);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            TopicRecord record;
            record.key = inputs[i].key;
            record.value = inputs[i].value;
            record.timestamp = Timestamp{inputs[i].timestamp};
            if (way == Way::OneBatch) {
                driver.enqueue(inputs[i].topic, record);
                continue;
            }
            driver.pipe_input(inputs[i].topic, record);
            if (way == Way::RestoreAfterEach || (way == Way::RestoreAfterEverySecond && i % 2 == 1))
                driver.restart();
        }
        driver.process();
        for (const std::string& topic : driver.topics()) {
            for (const TopicRecord& record : driver.records(topic))
                seen[topic + '-' + std::to_string(record.partition)] +=
                    show(record.key) + '=' + show(record.value) + '@' +
                    std::to_string(record.timestamp.value()) + ' ';
        }
        for (const std::string& name : driver.store_names()) {
            for (std::int32_t p = 0; p < partitions; ++p) {
                std::string& rows = seen["store " + name + ' ' + std::to_string(p)];
                engine::TaskStore& store = driver.task_store(name, p);
                if (store.key_value) {
                    for (auto it = store.key_value->range({}, {}, true); it->valid(); it->next())
                        rows += to_hex(it->key()) + '=' + to_hex(it->value().value) + '@' +
                                std::to_string(it->value().timestamp.value()) + ' ';
                } else {
                    for (auto it = store.window->fetch_all(0, INT64_MAX); it->valid(); it->next())
                        rows += to_hex(it->key()) + '/' + std::to_string(it->window_start()) + '=' +
                                to_hex(it->value().value) + ' ';
                }
            }
        }
        seen["dropped"] = std::to_string(driver.dropped_records());
    }
    return seen;
}

struct Count final : Processor<std::string, std::string, std::string, std::int64_t> {
    KeyValueStore<std::string, std::int64_t> counts;
    void init(Context& context) override {
        counts = context.state_store<KeyValueStore<std::string, std::int64_t>>("counts");
    }
    void process(const Record<std::string, std::string>& record) override {
        if (!record.has_key()) return;
        const std::int64_t n = counts.get(record.key()).value_or(0) + 1;
        counts.put(record.key(), n);
        context().forward(record.with_value(n));
    }
};

struct Shout final : FixedKeyProcessor<std::string, std::string> {
    void process(const FixedKeyRecord<std::string, std::string>& record) override {
        if (record.has_value()) context().forward(record.with_value(record.value() + "!"));
        context().forward(record.with_timestamp(record.timestamp() + 1));
    }
};

std::vector<std::string> letters(const std::string& v) {
    std::vector<std::string> out;
    for (const char c : v) out.emplace_back(1, c);
    return out;
}
std::string joined(const std::string& a, const std::string* b) {
    return a + '|' + (b ? *b : "-");
}
std::string concat(const std::string& a, const std::string& b) {
    return a + b;
}

struct Case {
    const char* name;
    void (*build)(StreamsBuilder&);
    std::int32_t partitions = 1;
};

Strings in(StreamsBuilder& b, const char* topic = "in") {
    return b.stream<std::string, std::string>(topic);
}

void stateless(StreamsBuilder& b) {
    auto s =
        in(b).filter([](const std::string& v) { return v != "b"; }).peek([](const std::string&) {});
    s.map_values([](const std::string& v) { return v + v; }).to("doubled");
    s.flat_map_values(letters)
        .filter_not([](const std::string& v) { return v == "c"; })
        .to("letters");
    s.flat_map([](const std::string& k, const std::string& v) {
         return std::vector{std::pair{k, v}, std::pair{v, k}};
     }).to("swapped");
    s.select_key([](const std::string* k, const std::string*) {
         return k ? std::optional(*k + "k") : std::nullopt;
     }).to("keyed");
    s.map([](const std::string* k, const std::string* v) {
         return std::pair{v ? *v : "none", std::int64_t{k != nullptr}};
     }).to("mapped");
}
void merged(StreamsBuilder& b) {
    auto s = in(b);
    s.filter([](const std::string& v) { return v < "c"; }).merge(s.map_values(concat)).to("out");
}
void count(StreamsBuilder& b) {
    in(b).group_by_key().count(Materialized::as("count")).to_stream().to("out");
}
void reduce(StreamsBuilder& b) {
    in(b)
        .group_by_key()
        .reduce([](const std::string& a,
                   const std::string& v) { return v == "a" ? std::nullopt : std::optional(a + v); },
                Materialized::as("reduced"))
        .to_stream()
        .to("out");
}
void aggregate(StreamsBuilder& b) {
    in(b)
        .group_by_key()
        .aggregate(
            [] { return std::int64_t{0}; },
            [](const std::string&, const std::string& v, std::int64_t a) { return a + v[0]; },
            Materialized::as("sums"))
        .to_stream()
        .to("out");
}
void windowed_count(StreamsBuilder& b) {
    in(b)
        .group_by_key()
        .windowed_by(TimeWindows::of_size_and_grace(100ms, 50ms))
        .count(Materialized::as("windows"))
        .to_stream()
        .to("out");
}
void windowed_reduce(StreamsBuilder& b) {
    in(b)
        .group_by_key()
        .windowed_by(TimeWindows::of_size_with_no_grace(100ms))
        .reduce(concat, Materialized::as("windows"))
        .to_stream()
        .to("out");
}
void repartitioned(StreamsBuilder& b) {
    auto s = in(b);
    s.group_by([](const std::string& v) { return v; })
        .count(Materialized::as("by-value"))
        .to_stream()
        .to("out");
    s.repartition(Repartitioned::as("again")).map_values(concat).to("again-out");
}
void inner_join(StreamsBuilder& b) {
    auto t = b.table<std::string, std::string>("table", Materialized::as("table"));
    in(b).join(t, concat).to("out");
}
void left_join(StreamsBuilder& b) {
    auto t = b.table<std::string, std::string>("table");
    in(b).left_join(t, joined).to("out");
}
void own_aggregate_join(StreamsBuilder& b) {
    auto s = in(b);
    auto counts = s.group_by_key().count(Materialized::as("count"));
    s.join(counts, [](const std::string& v, std::int64_t n) {
         return v + std::to_string(n);
     }).to("out");
}
void processors(StreamsBuilder& b) {
    b.add_state_store(Stores::key_value_store_builder<std::string, std::int64_t>(
        Stores::persistent_key_value_store("counts")));
    auto s = in(b);
    s.process([] { return std::make_unique<Count>(); }, {"counts"}).to("counts-out");
    s.process_values([] { return std::make_unique<Shout>(); }).to("shouts");
}

class FiveWays : public testing::TestWithParam<Case> {};

TEST_P(FiveWays, GiveTheSame) {
    StreamsBuilder builder;
    GetParam().build(builder);
    const Topology topology = builder.build();
    const bool table = GetParam().build == inner_join || GetParam().build == left_join;
    Random random(7);
    std::vector<Input> inputs;
    std::int64_t time = 1000;
    const auto one_of = [&](const char* letters_of) {
        return std::string(1, letters_of[random.below(std::string_view(letters_of).size())]);
    };
    for (int i = 0; i < 120; ++i) {
        Input input;
        input.topic = table && random.below(3) == 0 ? "table" : "in";
        if (random.below(12) != 0) input.key = one_of("xyz");
        if (random.below(8) != 0) input.value = one_of("abcd");
        time += static_cast<std::int64_t>(random.below(40));
        // Only one input may be out of order: else the one batch would be read in another order.
        input.timestamp = table ? time
                                : std::max<std::int64_t>(
                                      0, time - static_cast<std::int64_t>(
                                                    random.below(4) == 0 ? random.below(300) : 0));
        if (table) ++time;
        inputs.push_back(std::move(input));
    }
    const std::int32_t partitions = GetParam().partitions;

    const auto expected = run(topology, inputs, Way::RecordByRecord, partitions);

    EXPECT_GT(expected.size(), 1u);
    for (const Way way :
         {Way::OneBatch, Way::RestoreAfterEach, Way::RestoreAfterEverySecond, Way::Spilled}) {
        auto got = run(topology, inputs, way, partitions);
        EXPECT_EQ(got, expected) << "way " << static_cast<int>(way);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Operators, FiveWays,
    testing::Values(Case{"stateless", stateless}, Case{"merge", merged}, Case{"count", count},
                    Case{"reduce", reduce}, Case{"aggregate", aggregate},
                    Case{"windowed_count", windowed_count},
                    Case{"windowed_reduce", windowed_reduce}, Case{"repartition", repartitioned},
                    Case{"inner_join", inner_join}, Case{"left_join", left_join},
                    Case{"own_aggregate_join", own_aggregate_join}, Case{"processors", processors},
                    Case{"count_of_3", count, 3}, Case{"windowed_count_of_3", windowed_count, 3}),
    [](const auto& info) { return std::string(info.param.name); });

// A serde with state of its own: every start of the application makes another object of it.
struct Prefixed {
    std::string prefix = "p";
    Result<void> read(BytesView bytes, std::string& into) const {
        into = as_text(bytes).substr(prefix.size());
        return {};
    }
    void write(const std::string& text, ByteSink& into) const { into.append(prefix + text); }
};

TEST(Restart, AStoreKnowsTheSerdeOfTheNextStart) {
    testkit::SimDisk disk;
    state::InlineSpillRunner runner;
    auto runs = *state::ModelRuns::open(disk, "/runs");
    for (int start = 1; start <= 2; ++start) {
        state::DirectoryProvider provider(
            *runs, runner, state::StateBudget{.bytes_max = 1, .tail_records_max = 1});
        StreamsBuilder builder;
        const auto own = serde<std::string>(Prefixed{});
        const auto other = serde<std::string>(Prefixed{});
        EXPECT_FALSE(engine::same_format(own.codec().get(), other.codec().get()));
        builder
            .stream<std::string, std::string>("in", Consumed::with(start == 1 ? own : other, own))
            .group_by_key()
            .count(Materialized::as("counts"))
            .to_stream()
            .to("out");
        TopologyTestDriver::Options options;
        options.stores = &provider;
        TopologyTestDriver driver(builder.build(), options);
        TopicRecord record;
        record.key = "pk";
        record.value = "pv";
        driver.pipe_input("in", record);
        ASSERT_EQ(driver.records("out").size(), 1u);
        EXPECT_EQ(driver.records("out").front().value->back(), static_cast<char>(start));
    }
}

}  // namespace
}  // namespace millrace
