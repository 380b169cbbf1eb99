// The engine and the broker together: what is committed equals a run without faults, whatever dies
// on the way.
#include "millrace/state/directory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/tests/engine/broker_rig.h"
#include "millrace/tests/engine/worker_rig.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::test {

using Records = std::vector<std::string>;

// A client that feeds topics and reads others, read_committed.
struct Outside : Driven, client::FetchSink {
    explicit Outside(LogSink& log)
        : cluster({.bootstrap = {{"broker", 9092}}}, log),
          producer(cluster, {.linger = Duration{}}, log),
          fetcher(cluster, {}, *this, log) {}
    void begin(Now now, client::Effects& effects) {
        cluster.at(now);
        producer.init();
        poll(effects);
    }
    void input(const client::LinkInput& in, Now now, client::Effects& effects) override {
        cluster.step(in, now);
        poll(effects);
    }
    void tick(Now now, client::Effects& effects) override {
        cluster.tick(now);
        poll(effects);
    }
    void poll(client::Effects& effects) {
        producer.poll();
        if (producer.trouble() != client::Trouble::None) ADD_FAILURE() << producer.error().detail;
        fetcher.poll();
        cluster.drain(effects);
        effects.wake(producer.next_due());
        effects.wake(fetcher.next_due());
    }
    void read(const TopicPartition& tp) {
        cluster.want_topic(tp.topic);
        fetcher.assign(tp, next_tag, Offset{0});
        tags[next_tag++] = tp;
    }
    void fetched(Tag tag, client::FetchedBatches b) override {
        wire::BatchWalker walker(b.batches);
        while (const auto batch = walker.next()) {
            wire::RecordReader reader(*batch, batch->encoded_records());
            std::vector<wire::RecordView> records(static_cast<std::size_t>(batch->count()));
            ASSERT_TRUE(reader.read(records));
            for (const auto& r : records)
                if (r.offset >= b.from)
                    seen[tags.at(tag)].push_back(std::string(as_text(*r.key)) + '=' +
                                                 std::string(as_text(*r.value)));
        }
    }
    void position_reset(Tag, Offset, bool truncated) override { EXPECT_FALSE(truncated); }
    void fetch_failed(Tag, Error error) override { ADD_FAILURE() << error.detail; }

    client::Cluster cluster;
    client::Producer producer;
    client::Fetcher fetcher;
    std::map<Tag, TopicPartition> tags;
    std::map<TopicPartition, Records> seen;
    Tag next_tag = 1;
};

struct Whole {
    explicit Whole(const Topology& topology, std::vector<std::string> topics) : outside(log) {
        engine::TaskSettings settings;
        settings.application_id = "app";
        settings.future_max_ms.reset();
        compiled = *compile(topology, settings);
        config.streams.application_id = "app";
        config.streams.processing_guarantee = engine::ProcessingGuarantee::ExactlyOnceV2;
        config.bootstrap = {{"broker", 9092}};
        EXPECT_TRUE(rig.run_until([&] { return rig.broker_up(); }));
        outside_index = rig.add(outside);
        for (const auto& t : topics) outside.producer.topic(t);  // made by the broker on request
        client::Effects effects;
        outside.begin(rig.now(), effects);
        rig.carry_out(effects, outside_index);
        EXPECT_TRUE(rig.run_until([&] {
            for (const auto& t : topics)
                if (outside.producer.partition_count(outside.producer.topic(t)) == 0) return false;
            return outside.producer.initialized();
        }));
    }
    void feed(const std::string& topic, std::int32_t partition, const std::string& key,
              const std::string& value, std::int64_t timestamp) {
        outside.producer.send(outside.producer.topic(topic), partition, as_bytes(key),
                              as_bytes(value), rig.now().wall + timestamp,
                              {});  // near the clock, or retention takes it
        kick();
    }
    void kick() {
        client::Effects effects;
        outside.tick(rig.now(), effects);
        rig.carry_out(effects, outside_index);
    }
    void read(const TopicPartition& tp) {
        outside.read(tp);
        kick();
    }
    OneWorker& start(const std::string& process, std::int32_t number = 1) {
        engine::WorkerConfig c = config;
        c.process_id = process;
        c.number = number;
        c.member_id = "member-" + std::to_string(workers.size());
        workers.push_back(std::make_unique<OneWorker>(c, *compiled, *provider));
        OneWorker& w = *workers.back();
        index[&w] = rig.add(w);
        client::Effects effects;
        w.worker.start(rig.now(), effects);
        rig.carry_out(effects, index[&w]);
        return w;
    }
    void close(OneWorker& w) {
        client::Effects effects;
        w.worker.close(rig.now(), effects);
        rig.carry_out(effects, index[&w]);
    }

    NullLog log;
    BrokerRig rig;
    Outside outside;
    std::size_t outside_index = 0;
    state::MemoryProvider memory;
    state::StoreProvider* provider = &memory;  // of workers started from now on
    std::shared_ptr<const engine::CompiledTopology> compiled;
    engine::WorkerConfig config;
    std::vector<std::unique_ptr<OneWorker>> workers;
    std::map<OneWorker*, std::size_t> index;
};

// A state directory on a disk that crashes with the process, and a budget that spills at every
// commit and forgets at once.
struct SpilledStores {
    struct Process {
        std::unique_ptr<state::ModelRuns> runs;
        std::unique_ptr<state::DirectoryProvider> provider;
    };
    state::StoreProvider* start_process() {
        Process process;
        process.runs = *state::ModelRuns::open(disk, "/state");
        process.provider = std::make_unique<state::DirectoryProvider>(
            *process.runs, runner, state::StateBudget{.bytes_max = 1, .tail_records_max = 1});
        processes.push_back(std::move(process));
        return processes.back().provider.get();
    }
    testkit::SimDisk disk;
    state::InlineSpillRunner runner;
    std::vector<Process> processes;  // the dead ones too: their workers' objects are still there
};

Topology counting() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .group_by_key()
        .count(Materialized::as("counts"))
        .to_stream()
        .map_values([](std::int64_t n) { return std::to_string(n); })
        .to("out");
    return builder.build();
}

TEST(WorkerOnBroker, CountsAndLeaves) {
    Whole whole(counting(), {"in", "out"});
    whole.read({"out", 0});
    whole.read({"out", 1});
    OneWorker& w = whole.start("p1");
    for (int i = 0; i < 10; ++i) {
        whole.feed("in", 0, "a", "x", i);
        whole.feed("in", 1, "b", "x", i);
    }
    const auto total = [&] {
        return whole.outside.seen[{"out", 0}].size() + whole.outside.seen[{"out", 1}].size();
    };
    ASSERT_TRUE(whole.rig.run_until([&] { return total() == 20; }))
        << total() << ' ' << int(w.worker.state());
    EXPECT_EQ(w.worker.metrics().tasks_running, 2u);
    whole.close(w);
    ASSERT_TRUE(whole.rig.run_until([&] { return w.worker.closed(); }));
    EXPECT_FALSE(w.worker.failure());

    OneWorker& again = whole.start("p1");  // restores what the first one counted
    whole.feed("in", 0, "a", "x", 20);
    ASSERT_TRUE(whole.rig.run_until([&] { return total() == 21; }));
    Records all = whole.outside.seen[{"out", 0}];
    const Records& other = whole.outside.seen[{"out", 1}];
    all.insert(all.end(), other.begin(), other.end());
    EXPECT_NE(std::find(all.begin(), all.end(), "a=11"), all.end());
    EXPECT_GT(again.listener.restores.size(), 0u);
}

void exactly_once_whatever_dies(std::uint64_t seeds, bool spilled) {
    std::size_t from_checkpoint = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        SpilledStores disk;
        Whole whole(counting(), {"in", "out"});
        if (spilled) whole.provider = disk.start_process();
        whole.read({"out", 0});
        whole.read({"out", 1});
        whole.config.static_member =
            seed % 2 == 1;  // the successor takes its predecessor's place at once
        OneWorker* w = &whole.start("p1");
        int fed = 0;
        for (int round = 0; round < 12; ++round) {
            for (int i = 0; i < 10; ++i) {
                whole.feed("in", fed % 2, fed % 2 ? "b" : "a", "x", fed);
                ++fed;
                whole.rig.run_for(std::chrono::microseconds(random.between(100, 30'000)));
            }
            if (random.one_in(3)) {  // the process dies; its successor has the same process id
                whole.rig.crash(whole.index.at(w));
                if (spilled) {
                    disk.disk.crash(random);
                    whole.provider = disk.start_process();
                }
                w = &whole.start("p1");
            } else if (random.one_in(3)) {
                whole.rig.crash_broker(random);
            }
            if (testing::Test::HasFatalFailure()) return;
        }
        const auto total = [&] {
            return whole.outside.seen[{"out", 0}].size() + whole.outside.seen[{"out", 1}].size();
        };
        ASSERT_TRUE(whole.rig.run_until([&] { return total() >= std::size_t(fed); },
                                        std::chrono::minutes(10)))
            << total() << " of " << fed << ", worker " << int(w->worker.state()) << " running "
            << w->worker.metrics().tasks_running << " restoring "
            << w->worker.metrics().tasks_restoring << " created "
            << w->worker.metrics().tasks_created << " lag " << w->worker.metrics().lag << ' '
            << w->worker.cluster().describe_trouble();
        whole.rig.run_for(std::chrono::seconds(2));
        std::map<std::string, std::vector<std::string>> by_key;
        for (const std::int32_t p : {0, 1})
            for (const std::string& r : whole.outside.seen[{"out", p}])
                by_key[r.substr(0, 1)].push_back(r);
        for (const std::string key : {"a", "b"}) {
            Records expected;
            for (int i = 1; i <= fed / 2; ++i) expected.push_back(key + "=" + std::to_string(i));
            EXPECT_EQ(by_key[key], expected);
        }
        EXPECT_FALSE(w->worker.closed());
        for (const auto& worker : whole.workers)
            for (const engine::RestoreProgress& restore : worker->listener.restores)
                from_checkpoint += restore.begin > Offset{0};
    }
    EXPECT_EQ(from_checkpoint > 0, spilled) << "restores that began at a checkpoint";
}

TEST(WorkerOnBroker, ExactlyOnceWhateverDies) {
    exactly_once_whatever_dies(3, false);
}
TEST(WorkerOnBroker, ExactlyOnceOverSpilledStateWhateverDies) {
    exactly_once_whatever_dies(3, true);
}

}  // namespace millrace::test
