#pragma once
// The inside of one seed: who takes part (simulation.cc), what befalls them (faults.cc), what must
// be true (checks.cc).
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/log_line.h"
#include "millrace/cli/simulate/log_watch.h"
#include "millrace/cli/simulate/payments.h"
#include "millrace/cli/simulate/runs_check.h"
#include "millrace/cli/simulate/simulation.h"
#include "millrace/testkit/sim/broker_process.h"
#include "millrace/testkit/sim/client_process.h"
#include "millrace/testkit/sim/group_process.h"
#include "millrace/testkit/sim/inspector.h"
#include "millrace/testkit/sim/worker_process.h"

namespace millrace::simulate {

inline constexpr std::int32_t kPartitions = 2;  // of every topic
inline constexpr const char* kApplication = "fraud";

// Log lines with their simulated time: part of the trace, and of the file of --trace.
class TraceLog final : public LogSink {
public:
    TraceLog(sim::Scheduler& scheduler, std::FILE* file) : scheduler_(scheduler), file_(file) {}
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override;

private:
    sim::Scheduler& scheduler_;
    std::FILE* file_;
};

class Simulation {
public:
    Simulation(std::uint64_t seed, const SimulationOptions& options);
    ~Simulation();
    SeedResult run();

private:
    Random& random() { return scheduler_.random(); }
    void note(const std::string& what) { log_.info(what); }
    void happened(Event event, std::uint64_t times = 1) { result_.coverage.happened(event, times); }

    // ---- who takes part: simulation.cc ----
    void begin();
    void make_settings();
    void start_broker();
    void start_clients();
    void start_workers();
    void start_pair_writer();
    void next_walker();
    void start_member(std::size_t which);
    void next_member();
    void keep_alive();
    void restart_broker();
    std::vector<TopicPartition> read_partitions()
        const;  // of every topic from which nothing is deleted

    // ---- what befalls them: faults.cc ----
    void next_fault();
    void fault();
    void broker_fault(std::uint64_t which);
    void worker_fault(sim::WorkerProcess& worker, std::uint64_t which);
    void broker_down(bool power);
    void worker_down(sim::WorkerProcess& worker, bool power);
    std::uint64_t pick_client();
    void arm_commit_crash();
    void observe(testkit::DiskOp op, std::string_view path, BytesView bytes);
    void power_fails_now();
    void request_seen(const wire::AnyRequest& request);
    void in_a_commit();
    void peace();

    // ---- what must be true: checks.cc ----
    bool quiet() const;
    std::optional<std::string> difference() const;
    bool settle(const std::string&
                    when);  // until output is the model's; false: a violation, or the seed is over
    void move_state();
    void check();
    void check_ends();
    void check_group();
    std::vector<TopicPartition> group_partitions() const;  // that the classic group shares
    bool all_stable() const;
    std::string describe_workers() const;

    SimulationOptions options_;
    std::FILE* file_;
    SeedResult result_;
    sim::Scheduler scheduler_;
    TraceLog log_;
    sim::Network network_;
    testkit::SimDisk broker_disk_;
    testkit::SimDisk worker_disks_[2];
    Payments payments_;
    sim::History history_,
        uncommitted_;  // as read_committed and as read_uncommitted readers saw it
    LogWatch watch_{kApplication};
    RunsCheck runs_check_;
    std::shared_ptr<sim::PairWriter::Ledger> ledger_ = std::make_shared<sim::PairWriter::Ledger>();
    std::shared_ptr<const engine::TaskTopology> topology_;
    engine::StreamsConfig settings_;
    bool exactly_once_ = true;
    // At least once fences no zombie, here as in Kafka: one that wakes behind the end of its
    // session writes old values into a changelog that its heir has gone on with. So it never sleeps
    // that long.
    Duration longest_pause() const {
        return exactly_once_ ? std::chrono::seconds(6) : std::chrono::milliseconds(1500);
    }
    std::unique_ptr<sim::BrokerProcess> broker_;
    std::unique_ptr<sim::Feeder> feeder_;
    std::unique_ptr<sim::Reader> reader_, uncommitted_reader_, walker_;
    std::unique_ptr<sim::Inspector> inspector_;
    std::vector<std::unique_ptr<sim::PairWriter>> pair_writers_;
    std::shared_ptr<sim::GroupMember::Ledger> group_ledger_ =
        std::make_shared<sim::GroupMember::Ledger>();
    std::vector<std::unique_ptr<sim::GroupMember>> members_;  // of a classic group
    std::vector<std::unique_ptr<sim::WorkerProcess>> workers_;
    int next_pair_writer_ = 1, next_walker_ = 1, next_member_ = 1;
    bool peace_ = false, swept_ = false, over_ = false, starting_ = false, broker_back_ = false;
    sim::WorkerProcess* stays_down_ = nullptr;
    std::optional<Event> armed_;
    Step last_step_ = Step::None;
    bool commit_fault_armed_ = false;
    sim::WorkerProcess* crash_in_spill_ = nullptr;
};

}  // namespace millrace::simulate
