#pragma once
// Workers with real tasks (the DSL's) on the fake broker.
#include <gtest/gtest.h>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"
#include "millrace/engine/worker/worker.h"
#include "millrace/state/memory_provider.h"
#include "millrace/tests/client/fake_broker.h"

namespace millrace::test {

struct Listening : engine::WorkerListener {
    void state_changed(engine::WorkerState s) override { states.push_back(s); }
    void restore_progress(const engine::RestoreProgress& p) override { restores.push_back(p); }
    void task_failed(engine::TaskId id, const Error& e, bool p) override {
        failures.push_back(id.to_string() + ": " + e.detail);
        parked |= p;
    }
    void committed(std::int64_t, Duration) override { ++commits; }
    std::vector<engine::WorkerState> states;
    std::vector<engine::RestoreProgress> restores;
    std::vector<std::string> failures;
    bool parked = false;
    int commits = 0;
};

struct OneWorker : Driven {
    OneWorker(engine::WorkerConfig config, const engine::TaskTopology& topology,
              state::StoreProvider& stores)
        : worker(std::move(config), topology, stores, listener, log) {}
    void input(const LinkInput& in, Now now, Effects& effects) override {
        worker.step(in, now, effects);
    }
    void tick(Now now, Effects& effects) override {
        if (std::exchange(wants_close, false)) return worker.close(now, effects);
        worker.tick(now, effects);
    }
    bool work(Now now, Effects& effects) override {
        if (stopped || !worker.runnable(now)) return false;
        worker.run(now, effects);
        return true;
    }
    NullLog log;
    Listening listener;
    engine::Worker worker;
    bool wants_close = false, stopped = false;
};

struct WorkerRig {
    explicit WorkerRig(const Topology& topology, bool exactly_once = true, bool v2 = true)
        : broker(v2), pump(broker) {
        engine::TaskSettings settings;
        settings.application_id = "app";
        settings.future_max_ms.reset();
        compiled = *compile(topology, settings);
        config.streams.application_id = "app";
        config.streams.processing_guarantee = exactly_once
                                                  ? engine::ProcessingGuarantee::ExactlyOnceV2
                                                  : engine::ProcessingGuarantee::AtLeastOnce;
        if (!exactly_once) config.streams.commit_interval = 100;
        config.bootstrap = {{"broker", 9092}};
    }
    // The internal topics, as the group would make them.
    void make_topics(std::int32_t partitions) {
        for (const engine::Subtopology& sub : compiled->subtopologies()) {
            for (const auto& t : sub.source_topics) broker.create_topic(t, partitions);
            for (const auto& t : sub.repartition_sources) broker.create_topic(t.name, partitions);
            for (const auto& t : sub.changelogs) broker.create_topic(t.name, partitions);
        }
        broker.create_topic("out", partitions);
    }
    OneWorker& start(const std::string& member, std::set<std::string> tasks,
                     const std::string& process = "") {
        engine::WorkerConfig c = config;
        c.member_id = member;
        c.process_id = process.empty() ? member : process;
        broker.assign(member, std::move(tasks));
        workers.push_back(std::make_unique<OneWorker>(c, *compiled, stores));
        OneWorker& w = *workers.back();
        const std::size_t who = pump.add(w);
        index[&w] = who;
        Effects effects;
        w.worker.start(pump.now(), effects);
        pump.carry_out(effects, who);
        return w;
    }
    void crash(OneWorker& w) { pump.crash(index.at(&w)); }
    void close(OneWorker& w) {
        Effects effects;
        w.worker.close(pump.now(), effects);
        pump.carry_out(effects, index.at(&w));
    }
    bool until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(60)) {
        return pump.run_until(done, limit);
    }
    bool consumed(const TopicPartition& tp, std::int64_t offset) {
        return until([&] { return broker.committed_offset(tp) >= offset; });
    }

    FakeBroker broker;
    Pump pump;
    state::MemoryProvider stores;
    std::shared_ptr<const engine::CompiledTopology> compiled;
    engine::WorkerConfig config;
    std::vector<std::unique_ptr<OneWorker>> workers;
    std::map<OneWorker*, std::size_t> index;
};

}  // namespace millrace::test
