#pragma once
// A worker process in the simulation: the production worker over simulated links, with a state directory on a simulated disk
// and the model of the sorted runs. It crashes with the loss of what its disk had not synced, is killed, pauses and returns.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "millrace/engine/worker/worker.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/state/state_directory.h"
#include "millrace/testkit/sim/network.h"
#include "millrace/testkit/sim/scheduler.h"
#include "millrace/testkit/sim/sim_disk.h"

namespace millrace::sim {

class WorkerProcess final : public ClientEnd, public engine::WorkerListener {
public:
    struct Options {
        std::string name;
        client::Address bootstrap{"broker", 9092};
        engine::StreamsConfig streams;
        state::StateBudget budget{64 << 10, 2'000};   // small, so that spills happen
        Duration spill_min = std::chrono::milliseconds(1), spill_max = std::chrono::milliseconds(60);
        Duration slice = std::chrono::microseconds(200);   // simulated time that a slice takes
        std::function<void()> spill_began;                         // told while a spill is under way
        std::function<void(const state::ModelRuns&)> runs_opened;  // told what a start finds on the disk
    };
    struct Counts {
        std::uint64_t starts = 0, commits = 0, restores = 0, restores_from_checkpoint = 0, spills = 0, failures = 0;
        std::uint64_t lost_in_spill = 0;   // crashes while a spill was under way
    };
    WorkerProcess(Scheduler& scheduler, Network& network, testkit::SimDisk& disk, LogSink& log,
                  const engine::TaskTopology& topology, Options options);
    ~WorkerProcess() override;

    bool start();
    bool running() const { return worker_ != nullptr; }
    void crash();
    void kill();
    void close();   // leaves cleanly; running() turns false when it is done
    void pause(Duration how_long);
    bool in_transaction() const;
    bool spilling() const { return spilling_ > 0; }
    std::uint64_t network_id() const { return network_id_; }
    const Counts& counts() const { return counts_; }
    const std::string& last_error() const { return last_error_; }
    engine::Worker* machine() { return worker_.get(); }

private:
    void link_input(client::LinkInput input) override;
    void restore_progress(const engine::RestoreProgress& progress) override;
    void task_failed(engine::TaskId task, const Error& error, bool parked) override;
    void committed(std::int64_t records, Duration latency) override;
    template <class F>
    void act(F f);
    void slice();
    void gone();
    void tick_at(Time at);
    Result<void> open_stores();

    Scheduler& scheduler_;
    Network& network_;
    testkit::SimDisk& disk_;
    LogSink& log_;
    const engine::TaskTopology& topology_;
    Options options_;
    // Runs a spill after a while; until then, and after a crash, it never happened.
    class DelayedSpills final : public state::SpillRunner {
    public:
        explicit DelayedSpills(WorkerProcess& process) : process_(process) {}
        void start(std::shared_ptr<state::SpillJob> job) override;

    private:
        WorkerProcess& process_;
    };
    DelayedSpills spills_{*this};
    std::unique_ptr<state::StateDirectory> directory_;
    std::unique_ptr<state::ModelRuns> runs_;
    std::unique_ptr<state::DirectoryProvider> provider_;
    std::unique_ptr<engine::Worker> worker_;
    std::uint64_t network_id_ = 0, incarnation_ = 0;
    bool slice_scheduled_ = false, closing_ = false;
    int spilling_ = 0;   // jobs under way
    Time paused_until_{}, tick_scheduled_ = Time::never();
    std::vector<client::LinkInput> waiting_;
    Counts counts_;
    std::string last_error_;
};

}  // namespace millrace::sim
