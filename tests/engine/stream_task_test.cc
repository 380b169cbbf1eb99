// The task: which record comes next, where runs are cut, clocks, commits.
#include "millrace/engine/task/stream_task.h"

#include <gtest/gtest.h>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"
#include "millrace/engine/task/commit_metadata.h"
#include "millrace/state/memory_provider.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::engine {
namespace {

using namespace std::chrono_literals;

class Sent final : public RecordCollector {
public:
    Topic topic(const std::string& name) override {
        names.push_back(name);
        return static_cast<Topic>(names.size() - 1);
    }
    std::int32_t partition_count(Topic) override { return 1; }
    void send(Topic topic, std::int32_t, state::MaybeBytes key, state::MaybeBytes value,
              Timestamp timestamp, BytesView) override {
        lines.push_back(names[static_cast<std::size_t>(topic)] + ' ' +
                        (key ? std::string(as_text(*key)) : "null") + '=' +
                        (value ? std::string(as_text(*value)) : "null") + '@' +
                        std::to_string(timestamp.value()));
    }
    std::vector<std::string> names, lines;
};

struct Rec {
    std::string value;
    std::int64_t timestamp;
};

FetchedRecords fetched(std::int64_t base, const std::vector<Rec>& records, std::int64_t next = -1) {
    wire::RecordBatchBuilder builder;
    for (const Rec& r : records)
        builder.append(Timestamp{r.timestamp}, as_bytes(std::string_view("k")), as_bytes(r.value));
    FetchedRecords out;
    out.batches = builder.finish({.base_offset = Offset{base}});
    out.from = Offset{base};
    out.next = Offset{next >= 0 ? next : base + static_cast<std::int64_t>(records.size())};
    out.epoch = LeaderEpoch{3};
    return out;
}

struct Fixture {
    explicit Fixture(const Topology& topology, TaskSettings with = {}) {
        settings = with;
        settings.future_max_ms.reset();
        settings.application_id = "app";
        compiled = *compile(topology, settings);
        make();
    }
    void make(std::vector<std::string> metadata = {}) {
        task = compiled->make_task({0, 0}, sent, stores);
        ASSERT_TRUE(task->initialize(metadata, now));
        for (std::size_t i = 0; i < task->inputs().size(); ++i) task->set_lag(i, 0);
    }
    TaskSettings settings;
    std::shared_ptr<const CompiledTopology> compiled;
    Sent sent;
    state::MemoryProvider stores;
    Now now{Time{5'000'000}, Timestamp{1000}};
    std::unique_ptr<Task> task;
};

Topology two_inputs() {
    StreamsBuilder builder;
    auto a = builder.stream<std::string, std::string>("a");
    a.merge(builder.stream<std::string, std::string>("b")).to("out");
    return builder.build();
}

TEST(StreamTask, TakesTheOldestHeadAndOnTiesTheFirstTopic) {
    Fixture f(two_inputs());
    f.task->enqueue(1, fetched(0, {{"b1", 10}, {"b2", 20}, {"b3", 21}}));
    f.task->enqueue(0, fetched(0, {{"a1", 10}, {"a2", 15}, {"a3", 20}, {"a4", 5}, {"a5", 22}}));

    ASSERT_TRUE(f.task->process({}, f.now));

    EXPECT_EQ(f.sent.lines, (std::vector<std::string>{"out k=a1@10", "out k=b1@10", "out k=a2@15",
                                                      "out k=a3@20", "out k=a4@5", "out k=b2@20",
                                                      "out k=b3@21", "out k=a5@22"}));
}

TEST(StreamTask, WaitsForDataThatTheBrokerHas) {  // KIP-695
    Fixture f(two_inputs());
    f.task->enqueue(0, fetched(0, {{"a1", 10}}));
    EXPECT_TRUE(f.task->processable(f.now));
    f.task->set_lag(1, std::nullopt);
    EXPECT_FALSE(f.task->processable(f.now));
    f.task->set_lag(1, 4);
    EXPECT_FALSE(f.task->processable(f.now));
    f.task->set_lag(1, 0);
    EXPECT_TRUE(f.task->processable(f.now));
    TaskSettings idle;
    idle.max_task_idle_ms = 100;
    Fixture g(two_inputs(), idle);
    g.task->enqueue(0, fetched(0, {{"a1", 10}}));
    EXPECT_FALSE(g.task->processable(g.now));
    EXPECT_FALSE(g.task->processable({g.now.time, Timestamp{1099}}));
    EXPECT_TRUE(g.task->processable({g.now.time, Timestamp{1100}}));
}

TEST(StreamTask, CommitsTheHeadsOffsetElseThePositionPastGaps) {
    Fixture f(two_inputs());
    f.task->enqueue(0, fetched(7, {{"a1", 10}, {"a2", 40}}, 12));
    f.task->enqueue(1, fetched(3, {{"b1", 20}}));
    EXPECT_FALSE(f.task->commit_needed());
    ASSERT_TRUE(f.task->process({.records_max = 1}, f.now));
    EXPECT_TRUE(f.task->commit_needed());

    auto positions = *f.task->prepare_commit(f.now);
    ASSERT_EQ(positions.size(), 2u);
    EXPECT_EQ(positions[0].offset, Offset{8});
    EXPECT_EQ(positions[0].epoch, LeaderEpoch{3});
    EXPECT_EQ(decode_commit_metadata(positions[0].metadata).partition_time, 10);
    EXPECT_EQ(positions[1].offset, Offset{3});
    EXPECT_EQ(decode_commit_metadata(positions[1].metadata).partition_time, -1);
    EXPECT_FALSE(f.task->commit_needed());

    ASSERT_TRUE(f.task->process({}, f.now));
    positions = *f.task->prepare_commit(f.now);
    EXPECT_EQ(positions[0].offset, Offset{12});
    EXPECT_EQ(positions[1].offset, Offset{4});
}

TEST(StreamTask, SkipsWhatLiesBelowItsPosition) {
    Fixture f(two_inputs());
    auto records = fetched(7, {{"a1", 10}, {"a2", 11}, {"a3", 12}});
    records.from = Offset{9};
    f.task->enqueue(0, std::move(records));
    ASSERT_TRUE(f.task->process({}, f.now));
    EXPECT_EQ(f.sent.lines, std::vector<std::string>{"out k=a3@12"});
}

Topology windows() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("a")
        .group_by_key()
        .windowed_by(TimeWindows::of_size_with_no_grace(10ms))
        .count(Materialized::as("w"));
    return builder.build();
}

TEST(StreamTask, WhatIsLateStaysLateAfterARestart) {  // design §3.9: operator clocks are state
    Fixture f(windows());
    f.task->enqueue(0, fetched(0, {{"v", 5}, {"v", 100}}));
    ASSERT_TRUE(f.task->process({}, f.now));
    const auto positions = *f.task->prepare_commit(f.now);
    EXPECT_EQ(decode_commit_metadata(positions[0].metadata).clocks,
              (std::map<std::string, std::int64_t>{
                  {"millrace.observed.KSTREAM-AGGREGATE-0000000001", 100}}));

    f.make({positions[0].metadata});
    f.task->enqueue(0, fetched(2, {{"v", 6}}));
    ASSERT_TRUE(f.task->process({}, f.now));
    EXPECT_EQ(f.task->dropped_records(), 1);
}

TEST(StreamTask, AnAbortTakesTasksBackToTheLastCommit) {
    Fixture f(windows());
    f.task->enqueue(0, fetched(0, {{"v", 5}}));
    ASSERT_TRUE(f.task->process({}, f.now));
    const auto positions = *f.task->prepare_commit(f.now);
    f.task->seal();
    f.task->committed();
    f.task->enqueue(0, fetched(1, {{"v", 6}, {"v", 50}}));
    ASSERT_TRUE(f.task->process({.records_max = 1}, f.now));

    f.task->aborted();

    EXPECT_FALSE(f.task->processable(f.now));
    ASSERT_TRUE(f.task->initialize(std::vector{positions[0].metadata}, f.now));
    f.task->set_lag(0, 0);
    f.sent.lines.clear();
    f.task->enqueue(0, fetched(1, {{"v", 6}}));
    ASSERT_TRUE(f.task->process({}, f.now));
    auto* store = static_cast<StreamTask&>(*f.task).store("w");
    EXPECT_EQ(
        store->window->fetch(state::HashedKey(as_bytes(std::string_view("k"))), 0)->value.back(),
        std::byte{2});
}

struct Ticking final : Processor<std::string, std::string> {
    void init(Context& context) override {
        context.schedule(10ms, PunctuationType::StreamTime, [this](Timestamp time) {
            this->context().forward(
                Record<std::string, std::string>("tick", std::to_string(time.value()), time));
        });
        wall = context.schedule(100ms, PunctuationType::WallClockTime, [this](Timestamp time) {
            this->context().forward(
                Record<std::string, std::string>("wall", std::to_string(time.value()), time));
            wall.cancel();
        });
    }
    void process(const Record<std::string, std::string>& record) override {
        if (record.value() == "commit") context().commit();
        context().forward(record);
    }
    Cancellable wall;
};

TEST(StreamTask, PunctuatesAfterTheRecordThatMakesItDueAndStopsForACommit) {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("a")
        .process([] { return std::make_unique<Ticking>(); })
        .to("out");
    Fixture f(builder.build());
    f.task->enqueue(0, fetched(0, {{"x", 3}, {"commit", 9}, {"y", 25}, {"z", 26}}));

    auto outcome = f.task->process({}, f.now);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->commit_requested);
    EXPECT_EQ(outcome->records, 2u);
    ASSERT_TRUE(f.task->prepare_commit(f.now));
    outcome = f.task->process({}, f.now);
    EXPECT_FALSE(outcome->commit_requested);
    EXPECT_EQ(f.sent.lines,
              (std::vector<std::string>{"out k=x@3", "out tick=3@3", "out k=commit@9", "out k=y@25",
                                        "out tick=25@25", "out k=z@26"}));

    f.sent.lines.clear();
    EXPECT_EQ(f.task->next_wall_punctuation(), (Time{5'000'000 + 100'000'000}));
    EXPECT_FALSE(*f.task->punctuate({f.now.time, Timestamp{1099}}));
    EXPECT_TRUE(*f.task->punctuate({f.now.time, Timestamp{1350}}));
    EXPECT_EQ(f.sent.lines, std::vector<std::string>{"out wall=1350@1350"});
    EXPECT_EQ(f.task->next_wall_punctuation(), Time::never());
}

TEST(CommitMetadata, IsKafkasAndSurvivesGarbage) {  // TopicPartitionMetadata, version 2
    CommitMetadata metadata{1234, {{"a", 7}, {"store", -1}}};
    EXPECT_EQ(encode(CommitMetadata{5, {}}), "AgAAAAAAAAAFAAAAAA==");
    EXPECT_EQ(decode_commit_metadata(encode(metadata)), metadata);
    EXPECT_EQ(decode_commit_metadata("AQAAAAAAAAAJ").partition_time, 9);  // version 1
    for (const char* bad :
         {"", "x", "AgAA", "////", "AgAAAAAAAAAFf////w==", "AgAAAAAAAAAFAAAAAQAAAP8="})
        decode_commit_metadata(bad);
    EXPECT_EQ(decode_commit_metadata("AgAA"), CommitMetadata{});
}

TEST(StreamTask, BrokenBatchesAreAnErrorThatNamesThePartition) {
    Fixture f(two_inputs());
    auto records = fetched(0, {{"a1", 10}});
    MutableBlock copy(records.batches.size());
    std::memcpy(copy.data(), records.batches.data(), copy.size());
    copy.data()[61] = std::byte{0xff};
    records.batches = Bytes(std::move(copy));
    f.task->enqueue(0, std::move(records));
    const auto outcome = f.task->process({}, f.now);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().detail.find("a-0"), std::string::npos);
}

}  // namespace
}  // namespace millrace::engine
