#include "millrace/cli/simulate/simulation.h"

#include <cstdio>
#include <deque>
#include <memory>

#include "millrace/base/log_line.h"
#include "millrace/cli/simulate/commit_steps.h"
#include "millrace/cli/simulate/payments.h"
#include "millrace/dsl/compile.h"
#include "millrace/engine/worker/task_settings.h"
#include "millrace/examples/fraud/topology.h"
#include "millrace/testkit/sim/broker_process.h"
#include "millrace/testkit/sim/client_process.h"
#include "millrace/testkit/sim/fraud_model.h"
#include "millrace/testkit/sim/worker_process.h"

namespace millrace::simulate {

namespace {

using namespace std::chrono_literals;
using sim::BrokerProcess;
using sim::WorkerProcess;
using testkit::DiskOp;

constexpr std::int32_t kPartitions = 2;
const client::Address kBroker{"broker", 9092};

// Log lines with their simulated time: part of the trace, and of the file of --trace.
class TraceLog final : public LogSink {
public:
    TraceLog(sim::Scheduler& scheduler, std::FILE* file) : scheduler_(scheduler), file_(file) {}
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
        const std::string line = format_line(event, fields);
        scheduler_.trace().note(line);
        if (file_ == nullptr) return;
        std::fprintf(file_, "%12.6f %s %s\n", static_cast<double>(scheduler_.now().time.value()) * 1e-9,
                     level == LogLevel::Info ? "info" : level == LogLevel::Warn ? "WARN" : "ERROR", line.c_str());
    }

private:
    sim::Scheduler& scheduler_;
    std::FILE* file_;
};

class Simulation {
public:
    Simulation(std::uint64_t seed, const SimulationOptions& options)
        : options_(options),
          file_(options.trace_file.empty() ? nullptr : std::fopen(options.trace_file.c_str(), "w")),
          scheduler_(seed, Timestamp{1'780'000'000'000}),
          log_(scheduler_, file_),
          network_(scheduler_, {}),
          broker_disk_(&scheduler_.trace()),
          worker_disks_{testkit::SimDisk(&scheduler_.trace()), testkit::SimDisk(&scheduler_.trace())},
          payments_(scheduler_.random().next(), kPartitions) {
        result_.seed = seed;
    }
    ~Simulation() {
        if (file_ != nullptr) std::fclose(file_);
    }

    SeedResult run() {
        begin();
        const Duration faults = Duration{static_cast<std::int64_t>(options_.fault_seconds * 1e9)};
        scheduler_.after(1500ms, [this] { next_fault(); });
        scheduler_.run_until(Time{} + faults);
        peace();
        check();
        result_.trace = scheduler_.trace().hash();
        result_.events = scheduler_.events();
        result_.records = history_.total_seen();
        result_.simulated_seconds = static_cast<double>(scheduler_.now().time.value()) * 1e-9;
        result_.violations = history_.violations();
        return result_;
    }

private:
    Random& random() { return scheduler_.random(); }
    void note(const std::string& what) { log_.info(what); }

    void begin() {
        BrokerProcess::Options broker;
        broker.address = kBroker;
        broker.overrides = {{"log.dirs", "/broker"},
                            {"num.partitions", std::to_string(kPartitions)},
                            {"log.retention.ms", "-1"},   // the payments are older than the simulated clock
                            {"offsets.topic.num.partitions", "2"},
                            {"transaction.state.log.num.partitions", "2"},
                            {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "200"},
                            {"group.streams.min.session.timeout.ms", "1000"},
                            {"group.streams.session.timeout.ms", "3000"},
                            {"group.streams.min.heartbeat.interval.ms", "100"},
                            {"group.streams.heartbeat.interval.ms", "300"},
                            {"group.streams.assignment.interval.ms", "0"},
                            {"millrace.journal.bytes", "1048576"},
                            {"millrace.producer.id.block.size", std::to_string(random().between(1, 5))}};
        if (random().one_in(4)) broker.overrides.emplace_back("millrace.initial.producer.epoch", "32760");
        broker_ = std::make_unique<BrokerProcess>(scheduler_, network_, broker_disk_, log_, broker);
        broker_disk_.set_observer([this](DiskOp op, std::string_view path, std::int64_t, BytesView bytes) { observe(op, path, bytes); });
        if (!broker_->start()) history_.violation("the broker does not start on an empty disk: " + broker_->last_error());

        feeder_ = std::make_unique<sim::Feeder>(scheduler_, network_, kBroker, log_, history_, [this] { return payments_.next(); },
                                                40ms, 6);
        for (const char* topic : {"payments", "customers", "alerts", "enriched", "category-counts", "pairs"}) {
            feeder_->create_topic(topic);
        }
        reader_ = std::make_unique<sim::Reader>(scheduler_, network_, "reader", kBroker, log_, history_, all_partitions());
        start_pair_writer();

        auto settings = engine::StreamsConfig::parse({{"application.id", "fraud"},
                                                      {"bootstrap.servers", "broker:9092"},
                                                      {"processing.guarantee", "exactly_once_v2"},
                                                      {"commit.interval.ms", std::to_string(random().between(20, 250))},
                                                      {"statestore.cache.max.bytes", "0"},
                                                      {"transaction.timeout.ms", "4000"},
                                                      {"request.timeout.ms", "3000"},
                                                      {"state.dir", "/state"}});
        MR_CHECK(settings.has_value());
        const auto task_settings = engine::task_settings(*settings, log_);
        MR_CHECK(task_settings.has_value());
        const auto compiled = compile(fraud::topology(), *task_settings);
        MR_CHECK(compiled.has_value());
        topology_ = *compiled;
        for (int i = 0; i < 2; ++i) {
            WorkerProcess::Options worker;
            worker.name = "worker-" + std::to_string(i + 1);
            worker.bootstrap = kBroker;
            worker.streams = *settings;
            worker.budget = {random().between(4'000, 60'000), random().between(50, 3'000)};
            worker.spill_began = [this, i] {
                WorkerProcess* const process = workers_[static_cast<std::size_t>(i)].get();
                if (crash_in_spill_ != process) return;
                crash_in_spill_ = nullptr;
                scheduler_.after(Duration{500'000}, [this, process] {
                    if (!process->spilling()) return;
                    result_.coverage.happened(Event::CrashInSpill);
                    worker_down(*process, true);
                });
            };
            workers_.push_back(std::make_unique<WorkerProcess>(scheduler_, network_, worker_disks_[i], log_, *topology_, worker));
            scheduler_.after(scheduler_.between(300ms, 1200ms), [this, i] { workers_[static_cast<std::size_t>(i)]->start(); });
        }
        keep_alive();
    }

    static std::vector<TopicPartition> all_partitions() {
        std::vector<TopicPartition> all;
        for (const char* topic : {"payments", "customers", "alerts", "enriched", "category-counts", "pairs"}) {
            for (std::int32_t p = 0; p < kPartitions; ++p) all.push_back({topic, p});
        }
        return all;
    }

    void start_pair_writer() {
        pair_writers_.push_back(std::make_unique<sim::PairWriter>(scheduler_, network_,
                                                                  "pairs-" + std::to_string(next_pair_writer_++), kBroker, log_,
                                                                  "pairs", 1500ms, ledger_));
    }

    // A supervisor: whatever died comes back after a while.
    void keep_alive() {
        if (!broker_->running()) {
            if (!broker_back_) {
                broker_back_ = true;
                scheduler_.after(peace_ ? Duration{50ms} : scheduler_.between(20ms, 1500ms), [this] { restart_broker(); });
            }
        }
        for (auto& worker : workers_) {
            if (!worker->running() && !random().one_in(3)) {
                if (!worker->start()) note("a worker does not start: " + worker->last_error());
                else rebalance();
            }
        }
        scheduler_.after(400ms, [this] { keep_alive(); });
    }

    void restart_broker() {
        broker_back_ = false;
        if (broker_->running()) return;
        broker_disk_.set_capacity(std::nullopt);
        broker_disk_.set_fault(nullptr);
        broker_disk_.clear_planned();
        armed_.reset();
        std::map<std::string, std::size_t> before;
        for (const std::string& path : broker_disk_.paths()) {
            if (path.size() > 4 && path.substr(path.size() - 4) == ".log") before[path] = broker_disk_.content(path)->size();
        }
        if (!broker_->start()) {
            history_.violation("the broker does not start again: " + broker_->last_error());
            scheduler_.stop();
            return;
        }
        for (const auto& [path, size] : before) {
            const auto now = broker_disk_.content(path);
            if (now && now->size() < size) {
                result_.coverage.happened(Event::TornTailCut);
                break;
            }
        }
    }

    // ---- faults ----

    void next_fault() {
        if (peace_) return;
        fault();
        scheduler_.after(scheduler_.between(150ms, 3500ms), [this] { next_fault(); });
    }

    void broker_down(bool power) {
        if (!broker_->running()) return;
        bool open = false;
        for (const auto& writer : pair_writers_) open |= writer->in_transaction();
        for (const auto& worker : workers_) open |= worker->running() && worker->in_transaction();
        if (open) result_.coverage.happened(Event::ClientOutlivesBrokerInTransaction);
        result_.coverage.happened(power ? Event::BrokerCrash : Event::BrokerKill);
        note(power ? "fault: the broker's power fails" : "fault: the broker is killed");
        if (power) broker_->crash();
        else broker_->kill();
    }

    void rebalance() {
        for (const auto& worker : workers_) {
            if (worker->running() && worker->in_transaction()) {
                result_.coverage.happened(Event::RebalanceWithOpenTransaction);
                return;
            }
        }
    }

    void worker_down(WorkerProcess& worker, bool power) {
        if (!worker.running()) return;
        result_.coverage.happened(power ? Event::WorkerCrash : Event::WorkerKill);
        note(power ? "fault: a worker's power fails" : "fault: a worker is killed");
        if (power) worker.crash();
        else worker.kill();
        rebalance();
    }

    void fault() {
        Coverage& c = result_.coverage;
        WorkerProcess& worker = *workers_[random().below(2)];
        const std::uint64_t some_client = pick_client();
        switch (random().below(16)) {
            case 0: broker_down(true); break;
            case 1: broker_down(false); break;
            case 2: case 3: case 4: arm_commit_crash(); break;
            case 5: worker_down(worker, true); break;
            case 6: worker_down(worker, false); break;
            case 7:   // in a spill, when there is one
                crash_in_spill_ = &worker;
                break;
            case 8:
                note("fault: a worker leaves");
                rebalance();
                worker.close();
                break;
            case 9: {
                const Duration how_long = scheduler_.between(5ms, random().one_in(4) ? 6s : 600ms);
                c.happened(Event::Pause);
                note("fault: pause");
                if (random().one_in(3)) broker_->pause(std::min<Duration>(how_long, 800ms));
                else if (random().one_in(2)) worker.pause(how_long);
                else feeder_->pause(how_long);
                break;
            }
            case 10: case 11:
                c.happened(Event::CutLinks);
                note("fault: links are cut");
                network_.cut(some_client, random().one_in(2) ? Duration{} : scheduler_.between(1ms, 2s));
                break;
            case 12:
                network_.hold_next(some_client,
                                   random().one_in(2) ? wire::ApiKey::Produce : wire::ApiKey::EndTxn, scheduler_.between(50ms, 6s));
                break;
            case 13:
                c.happened(Event::DiskFull);
                note("fault: the disk is full");
                broker_disk_.set_capacity(broker_disk_.used_bytes() + random().between(0, 20'000));
                scheduler_.after(scheduler_.between(50ms, 1500ms), [this] { broker_disk_.set_capacity(std::nullopt); });
                break;
            case 14:
                c.happened(Event::SyncFailed);
                note("fault: a sync fails");
                broker_disk_.fail_operation(0, DiskOp::Sync, "injected: the device failed");
                break;
            case 15:   // another instance with the same transactional id: the older one is fenced
                start_pair_writer();
                break;
        }
    }

    std::uint64_t pick_client() {
        std::vector<std::uint64_t> ids = {feeder_->network_id(), reader_->network_id()};
        for (const auto& worker : workers_) {
            if (worker->running()) ids.insert(ids.end(), 3, worker->network_id());
        }
        for (const auto& writer : pair_writers_) ids.push_back(writer->network_id());
        return ids[random().below(ids.size())];
    }

    // ---- crashes between the durable steps of a commit ----

    void arm_commit_crash() {
        static constexpr Event kTargets[] = {Event::CrashDataOffsets,    Event::CrashOffsetsPrepare, Event::CrashPrepareSync,
                                             Event::CrashSyncMarker,     Event::CrashBetweenMarkers, Event::CrashMarkerComplete,
                                             Event::CrashCompleteSync};
        armed_ = kTargets[random().below(std::size(kTargets))];
        last_step_ = Step::None;
        if (armed_ == Event::CrashMarkerComplete) {
            broker_disk_.set_fault([this](DiskOp op, std::string_view path) -> std::optional<std::string> {
                if (op != DiskOp::Write || last_step_ != Step::Marker || path.find("__transaction_state-") == std::string_view::npos ||
                    path.substr(path.size() - 4) != ".log") {
                    return std::nullopt;
                }
                power_fails_now();
                return "injected: power failed";
            });
        }
    }

    void observe(DiskOp op, std::string_view path, BytesView bytes) {
        if (!armed_) return;
        const Step step = op == DiskOp::Sync ? Step::Sync : op == DiskOp::Write ? step_of_write(path, bytes) : Step::None;
        if (step == Step::None) return;
        const Step before = last_step_;
        last_step_ = step;
        switch (*armed_) {
            case Event::CrashDataOffsets: if (step == Step::Data && random().one_in(4)) power_fails_now(); break;
            case Event::CrashOffsetsPrepare: if (step == Step::Offsets) power_fails_now(); break;
            case Event::CrashPrepareSync: if (step == Step::Prepare) power_fails_now(); break;
            case Event::CrashSyncMarker: if (step == Step::Sync && before == Step::Prepare) power_fails_now(); break;
            case Event::CrashBetweenMarkers: if (step == Step::Marker && before != Step::Marker) power_fails_now(); break;
            case Event::CrashCompleteSync: if (step == Step::Complete) power_fails_now(); break;
            default: break;
        }
    }

    // Nothing reaches the platter any more; the process is gone a moment later.
    void power_fails_now() {
        const Event event = *armed_;
        armed_.reset();
        broker_disk_.freeze_after(0);
        scheduler_.after(Duration{0}, [this, event] {
            broker_disk_.set_fault(nullptr);
            result_.coverage.happened(event);
            note("fault: " + std::string(name(event)));
            broker_disk_.freeze_after(std::nullopt);
            broker_down(true);
        });
    }

    // ---- the end ----

    void peace() {
        peace_ = true;
        armed_.reset();
        crash_in_spill_ = nullptr;
        broker_disk_.set_fault(nullptr);
        broker_disk_.set_capacity(std::nullopt);
        payments_.stop();
        for (auto& writer : pair_writers_) writer->stop();
        note("peace");
    }

    bool quiet() {
        if (!broker_->running() || !feeder_->finished()) return false;
        if (!reader_->caught_up()) return false;
        return true;
    }

    void check() {
        const sim::FraudModelConfig model{.partitions = kPartitions};
        std::optional<std::string> difference;
        for (int half_seconds = 0; half_seconds < 240 && !scheduler_.stopped(); ++half_seconds) {
            scheduler_.run_until(scheduler_.now().time + 500ms);
            if (!quiet()) {
                difference = std::string("the end was never quiet: ") + (broker_->running() ? "" : "no broker; ") +
                             (feeder_->finished() ? "" : "the feeder is not done; ") +
                             (reader_->caught_up() ? "" : "the reader is not at the end");
                continue;
            }
            difference = sim::first_difference(sim::fraud_model(history_, model), sim::fraud_output(history_, model));
            if (!difference && all_stable()) break;
        }
        if (scheduler_.stopped()) return;
        if (difference) history_.violation("I21: committed output is not the model's: " + *difference + describe_workers());
        // A reader that begins again after a clean stop and start sees the same (I3, I7, I29), and nothing is open (I12).
        if (broker_->running() && !broker_->stop()) history_.violation("I29: the broker does not stop: " + broker_->last_error());
        for (const auto& worker : workers_) {
            ended_.push_back(worker->counts());
            if (worker->running()) worker->kill();
        }
        retired_ = std::move(workers_);  // kept: events that name them are still queued
        workers_.clear();
        if (!broker_->start()) {
            history_.violation("I29: the broker does not start after a clean stop: " + broker_->last_error());
            return;
        }
        sim::Reader again(scheduler_, network_, "second reader", kBroker, log_, history_, all_partitions());
        sim::Reader uncommitted(scheduler_, network_, "end reader", kBroker, log_, ends_, all_partitions(), false);
        // Who was cut off inside a transaction leaves it to the coordinator's timeout (4 s at most): caught up is not stable yet.
        const auto stable = [&] {
            if (!again.caught_up() || !uncommitted.caught_up()) return false;
            for (const TopicPartition& tp : all_partitions()) {
                if (again.end_offset(tp) != uncommitted.end_offset(tp)) return false;
            }
            return true;
        };
        for (int tenths = 0; tenths < 300 && !stable(); ++tenths) scheduler_.run_until(scheduler_.now().time + 100ms);
        if (!again.caught_up()) history_.violation("a second reader cannot read to the end");
        for (const TopicPartition& tp : all_partitions()) {
            if (again.end_offset(tp) != uncommitted.end_offset(tp)) {
                history_.violation("I12: " + tp.to_string() + " has an open transaction: the last stable offset stays below the high watermark");
            }
        }
        history_.check_acknowledged();
        sim::check_pairs(history_, *ledger_);
        for (const auto& counts : ended_) result_.coverage.happened(Event::RestoreFromCheckpointAndTail, counts.restores_from_checkpoint);
        result_.coverage.happened(Event::TimeoutAbort, ledger_->timed_out);
        result_.coverage.happened(Event::FencedProducer, ledger_->fenced);
    }

    bool all_stable() {
        for (const auto& worker : workers_) {
            if (!worker->running() || worker->machine()->state() != engine::WorkerState::Running) return false;
        }
        return true;
    }

    std::string describe_workers() {
        std::string text;
        for (const auto& worker : workers_) {
            text += worker->running() ? " [" + std::to_string(static_cast<int>(worker->machine()->state())) + " lag " +
                                            std::to_string(worker->machine()->metrics().lag) + ']'
                                      : " [down]";
            if (!worker->last_error().empty()) text += " last error: " + worker->last_error();
        }
        return text;
    }

    SimulationOptions options_;
    std::FILE* file_;
    SeedResult result_;
    sim::Scheduler scheduler_;
    TraceLog log_;
    sim::Network network_;
    testkit::SimDisk broker_disk_;
    testkit::SimDisk worker_disks_[2];
    Payments payments_;
    sim::History history_, ends_;
    std::shared_ptr<sim::PairWriter::Ledger> ledger_ = std::make_shared<sim::PairWriter::Ledger>();
    std::shared_ptr<const engine::TaskTopology> topology_;
    std::unique_ptr<BrokerProcess> broker_;
    std::unique_ptr<sim::Feeder> feeder_;
    std::unique_ptr<sim::Reader> reader_;
    std::vector<std::unique_ptr<sim::PairWriter>> pair_writers_;
    std::vector<std::unique_ptr<WorkerProcess>> workers_, retired_;
    std::vector<WorkerProcess::Counts> ended_;
    int next_pair_writer_ = 1;
    bool peace_ = false, broker_back_ = false;
    std::optional<Event> armed_;
    Step last_step_ = Step::None;
    WorkerProcess* crash_in_spill_ = nullptr;
};

}  // namespace

SeedResult simulate(std::uint64_t seed, const SimulationOptions& options) { return Simulation(seed, options).run(); }

}  // namespace millrace::simulate
