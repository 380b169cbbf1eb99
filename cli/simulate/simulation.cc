// Who takes part in a seed, and who brings them back.
#include "millrace/cli/simulate/simulation.h"

#include "millrace/base/check.h"
#include "millrace/cli/simulate/simulation_state.h"
#include "millrace/cli/simulate/topology.h"
#include "millrace/dsl/compile.h"
#include "millrace/engine/worker/task_settings.h"

namespace millrace::simulate {

using namespace std::chrono_literals;
using sim::BrokerProcess;
using sim::WorkerProcess;
using testkit::DiskOp;

namespace {

constexpr std::size_t kMembers = 3;
const client::Address kBroker{"broker", 9092};
constexpr const char* kTopics[] = {"payments",        "customers", "alerts",          "enriched",
                                   "category-counts", "chain",     "merchant-counts", "pairs"};

template <class T, std::size_t N>
const T& one_of(Random& random, const T (&choices)[N]) {
    return choices[random.below(N)];
}

}  // namespace

void TraceLog::write(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
    const std::string line = format_line(event, fields);
    scheduler_.trace().note(line);
    if (file_ == nullptr) return;
    std::fprintf(file_, "%12.6f %s %s\n", static_cast<double>(scheduler_.now().time.value()) * 1e-9,
                 level == LogLevel::Info   ? "info"
                 : level == LogLevel::Warn ? "WARN"
                                           : "ERROR",
                 line.c_str());
}

Simulation::Simulation(std::uint64_t seed, const SimulationOptions& options)
    : options_(options),
      file_(options.trace_file.empty() ? nullptr : std::fopen(options.trace_file.c_str(), "w")),
      scheduler_(seed, Timestamp{1'770'050'000'000}),
      log_(scheduler_, file_),
      network_(scheduler_, {}),
      broker_disk_(&scheduler_.trace()),
      worker_disks_{testkit::SimDisk(&scheduler_.trace()), testkit::SimDisk(&scheduler_.trace())},
      payments_(scheduler_.random().next(), kPartitions) {
    result_.seed = seed;
    user_code_fails_in = 0;
}

Simulation::~Simulation() {
    if (file_ != nullptr) std::fclose(file_);
}

SeedResult Simulation::run() {
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
    for (const std::string& violation : uncommitted_.violations())
        result_.violations.push_back("read_uncommitted: " + violation);
    return result_;
}

void Simulation::begin() {
    make_settings();
    const auto task_settings = engine::task_settings(settings_, log_);
    MR_CHECK(task_settings.has_value());
    const auto compiled = compile(topology(), *task_settings);
    MR_CHECK(compiled.has_value());
    topology_ = *compiled;
    history_.compacts("-changelog");
    uncommitted_.compacts("-changelog");
    start_broker();
    start_clients();
    start_workers();
    keep_alive();
}

// Knobs are small now and then, so that segments roll, indexes have many entries, and checkpoints
// are fresh or very old.
void Simulation::start_broker() {
    static constexpr const char* kIndexBytes[] = {"10485760", "10485760", "480", "120"};
    static constexpr const char* kIndexInterval[] = {"4096", "4096", "1024", "200"};
    static constexpr const char* kDirectBytes[] = {"262144", "262144", "262144", "4000", "700"};
    static constexpr const char* kCheckpoint[] = {"60000", "5000", "300"};
    static constexpr const char* kSnapshot[] = {"20971520", "3000"};
    static constexpr const char* kRollMs[] = {"604800000", "604800000", "1800000"};
    BrokerProcess::Options broker;
    broker.address = kBroker;
    broker.overrides = {
        {"log.dirs", "/broker"},
        {"num.partitions", std::to_string(kPartitions)},
        {"log.retention.ms", "-1"},  // the payments are older than the simulated clock
        {"log.index.size.max.bytes", one_of(random(), kIndexBytes)},
        {"log.index.interval.bytes", one_of(random(), kIndexInterval)},
        {"log.roll.ms", one_of(random(), kRollMs)},
        {"log.flush.offset.checkpoint.interval.ms", one_of(random(), kCheckpoint)},
        {"replica.high.watermark.checkpoint.interval.ms", one_of(random(), kCheckpoint)},
        {"metadata.log.max.record.bytes.between.snapshots", one_of(random(), kSnapshot)},
        {"log.cleaner.backoff.ms", "1000"},
        {"offsets.topic.num.partitions", "2"},
        {"transaction.state.log.num.partitions", "2"},
        {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "200"},
        {"group.min.session.timeout.ms", "1000"},
        {"group.initial.rebalance.delay.ms", "200"},
        {"group.streams.min.session.timeout.ms", "1000"},
        {"group.streams.session.timeout.ms", "3000"},
        {"group.streams.min.heartbeat.interval.ms", "100"},
        {"group.streams.heartbeat.interval.ms", "300"},
        {"group.streams.assignment.interval.ms", "0"},
        {"millrace.journal.bytes", random().one_in(3) ? "4194304" : "1048576"},
        {"millrace.journal.append.max.bytes", one_of(random(), kDirectBytes)},
        {"millrace.producer.id.block.size", std::to_string(random().between(1, 5))}};
    if (random().one_in(4))
        broker.overrides.emplace_back("millrace.initial.producer.epoch", "32760");
    std::string knobs;
    for (const auto& [key, value] : broker.overrides) knobs += key + '=' + value + ' ';
    note(knobs);
    broker.request_seen = [this](const wire::AnyRequest& request) { request_seen(request); };
    broker_ = std::make_unique<BrokerProcess>(scheduler_, network_, broker_disk_, log_, broker);
    broker_disk_.set_observer([this](DiskOp op, std::string_view path, std::int64_t,
                                     BytesView bytes) { observe(op, path, bytes); });
    if (!broker_->start())
        history_.violation("the broker does not start on an empty disk: " + broker_->last_error());
}

void Simulation::start_clients() {
    feeder_ = std::make_unique<sim::Feeder>(
        scheduler_, network_, kBroker, log_, history_, [this] { return payments_.next(); }, 60ms,
        6);
    for (const char* topic : kTopics) feeder_->create_topic(topic);
    reader_ = std::make_unique<sim::Reader>(scheduler_, network_, "reader", kBroker, log_, history_,
                                            read_partitions(), sim::Reader::Options{});
    uncommitted_reader_ = std::make_unique<sim::Reader>(
        scheduler_, network_, "uncommitted reader", kBroker, log_, uncommitted_, read_partitions(),
        sim::Reader::Options{.read_committed = false, .partition_bytes = 1024 * 1024, .from = {}});
    sim::Inspector::Options inspector;
    inspector.logs = read_partitions();
    inspector.group = kApplication;
    for (const engine::Subtopology& sub : topology_->subtopologies()) {
        for (std::int32_t p = 0; p < kPartitions; ++p) {
            for (const std::string& topic : sub.source_topics)
                inspector.inputs.push_back({topic, p});
            for (const auto& topic : sub.repartition_sources)
                inspector.repartition.push_back({topic.name, p});
        }
    }
    inspector_ = std::make_unique<sim::Inspector>(scheduler_, network_, kBroker, log_, history_,
                                                  uncommitted_, inspector);
    start_pair_writer();
    next_walker();
    members_.resize(kMembers);
    for (std::size_t i = 0; i < kMembers; ++i) start_member(i);
    scheduler_.after(3s, [this] { next_member(); });
}

std::vector<TopicPartition> Simulation::group_partitions() const {
    std::vector<TopicPartition> partitions;
    for (const char* topic : kTopics)
        for (std::int32_t p = 0; p < kPartitions; ++p) partitions.push_back({topic, p});
    return partitions;
}

// The first one is static: it comes back as the same instance.
void Simulation::start_member(std::size_t which) {
    sim::GroupMember::Options options;
    if (which == 0) options.instance = "instance";
    options.partitions = group_partitions();
    members_[which].reset();
    members_[which] = std::make_unique<sim::GroupMember>(
        scheduler_, network_, "member-" + std::to_string(next_member_++), kBroker, log_, history_,
        group_ledger_, std::move(options));
}

// Members die, leave, and others come.
void Simulation::next_member() {
    if (peace_) return;
    const std::size_t which = random().below(kMembers);
    const bool leaves = random().one_in(3);
    if (leaves) members_[which]->leave();
    scheduler_.after(leaves ? scheduler_.between(10ms, 1s) : Duration{},
                     [this, which] { start_member(which); });
    scheduler_.after(scheduler_.between(1s, 8s), [this] { next_member(); });
}

void Simulation::make_settings() {
    static constexpr const char* kPurge[] = {"30000", "2000", "300"};
    static constexpr const char* kFetchBytes[] = {"1048576", "1048576", "3000"};
    static constexpr const char* kBatch[] = {"16384", "16384", "1000"};
    static constexpr const char* kCompression[] = {"none", "none", "lz4", "zstd"};
    exactly_once_ = !random().one_in(8);
    auto settings = engine::StreamsConfig::parse(
        {{"application.id", kApplication},
         {"bootstrap.servers", "broker:9092"},
         {"processing.guarantee", exactly_once_ ? "exactly_once_v2" : "at_least_once"},
         {"commit.interval.ms", std::to_string(random().between(20, 250))},
         {"statestore.cache.max.bytes", "0"},
         {"repartition.purge.interval.ms", one_of(random(), kPurge)},
         {"max.partition.fetch.bytes", one_of(random(), kFetchBytes)},
         {"batch.size", one_of(random(), kBatch)},
         {"compression.type", one_of(random(), kCompression)},
         {"transaction.timeout.ms", "4000"},
         {"request.timeout.ms", "3000"},
         {"state.dir", "/state"}});
    MR_CHECK(settings.has_value());
    settings_ = *std::move(settings);
    note("commit.interval.ms=" + std::to_string(settings_.commit_interval_ms()) +
         " compression.type=" + settings_.compression_type +
         (exactly_once_ ? " exactly once" : " at least once"));
}

void Simulation::start_workers() {
    for (int i = 0; i < 2; ++i) {
        WorkerProcess::Options worker;
        worker.name = "worker-" + std::to_string(i + 1);
        worker.bootstrap = kBroker;
        worker.streams = settings_;
        worker.budget = {random().between(4'000, 60'000), random().between(50, 3'000)};
        worker.runs_opened = [this](const state::ModelRuns& runs) { runs_check_.take(runs); };
        worker.spill_began = [this, i] {
            WorkerProcess* const process = workers_[static_cast<std::size_t>(i)].get();
            if (crash_in_spill_ != process) return;
            crash_in_spill_ = nullptr;
            scheduler_.after(Duration{500'000}, [this, process] {
                if (!process->spilling()) return;
                happened(Event::CrashInSpill);
                worker_down(*process, true);
            });
        };
        workers_.push_back(std::make_unique<WorkerProcess>(scheduler_, network_, worker_disks_[i],
                                                           log_, *topology_, worker));
        scheduler_.after(scheduler_.between(300ms, 1200ms),
                         [this, i] { workers_[static_cast<std::size_t>(i)]->start(); });
    }
}

std::vector<TopicPartition> Simulation::read_partitions() const {
    std::vector<TopicPartition> all;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
        for (const char* topic : kTopics) all.push_back({topic, p});
        for (const engine::Subtopology& sub : topology_->subtopologies())
            for (const auto& changelog : sub.changelogs) all.push_back({changelog.name, p});
    }
    return all;
}

void Simulation::start_pair_writer() {
    pair_writers_.push_back(std::make_unique<sim::PairWriter>(
        scheduler_, network_, "pairs-" + std::to_string(next_pair_writer_++), kBroker, log_,
        "pairs", 1500ms, ledger_));
}

// A reader that begins anywhere, with small or large fetches, and is gone again soon. What it is
// given must be what others were: no aborted record, none too few.
void Simulation::next_walker() {
    walker_.reset();
    if (peace_) return;
    const bool committed = !random().one_in(3);
    const sim::History& known = committed ? history_ : uncommitted_;
    std::vector<TopicPartition> partitions;
    sim::Reader::Options options{
        .read_committed = committed, .partition_bytes = 1024 * 1024, .from = {}};
    if (!random().one_in(3))
        options.partition_bytes = static_cast<std::int32_t>(random().between(1, 4'000));
    for (const TopicPartition& tp : read_partitions()) {
        const auto& log = known.log(tp);
        if (!random().one_in(4) || log.empty()) continue;
        partitions.push_back(tp);
        const std::size_t back = random().below(std::min<std::uint64_t>(log.size(), 300));
        options.from[tp] = log[log.size() - 1 - back].offset;
    }
    if (!partitions.empty())
        walker_ = std::make_unique<sim::Reader>(
            scheduler_, network_, "walker-" + std::to_string(next_walker_++), kBroker, log_,
            committed ? history_ : uncommitted_, std::move(partitions), std::move(options));
    scheduler_.after(scheduler_.between(500ms, 4s), [this] { next_walker(); });
}

// A supervisor: whatever died comes back after a while.
void Simulation::keep_alive() {
    if (over_) return;
    if (!broker_->running() && !broker_back_) {
        broker_back_ = true;
        scheduler_.after(peace_ ? Duration{50ms} : scheduler_.between(20ms, 1500ms),
                         [this] { restart_broker(); });
    }
    for (auto& worker : workers_) {
        if (worker->running() || worker.get() == stays_down_ || random().one_in(3)) continue;
        if (!worker->start()) note("a worker does not start: " + worker->last_error());
    }
    scheduler_.after(400ms, [this] { keep_alive(); });
}

void Simulation::restart_broker() {
    broker_back_ = false;
    if (broker_->running()) return;
    broker_disk_.set_capacity(std::nullopt);
    broker_disk_.set_fault(nullptr);
    broker_disk_.clear_planned();
    armed_.reset();
    std::map<std::string, std::size_t> before;
    for (const std::string& path : broker_disk_.paths())
        if (path.ends_with(".log")) before[path] = broker_disk_.content(path)->size();
    starting_ = true;  // recovery repeats the journal's writes
    const bool started = broker_->start();
    starting_ = false;
    watch_.reload(broker_disk_, scheduler_.now().wall);
    if (!started) {
        history_.violation("the broker does not start again: " + broker_->last_error());
        scheduler_.stop();
        return;
    }
    for (const auto& [path, size] : before) {
        const auto now = broker_disk_.content(path);
        if (!now || now->size() >= size) continue;
        happened(Event::TornTailCut);
        break;
    }
}

SeedResult simulate(std::uint64_t seed, const SimulationOptions& options) {
    return Simulation(seed, options).run();
}

}  // namespace millrace::simulate
