#include "millrace/app/kafka_streams.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "millrace/app/client_host.h"
#include "millrace/app/embedded_broker.h"
#include "millrace/app/worker_host.h"
#include "millrace/dsl/compile.h"
#include "millrace/engine/worker/task_settings.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/process_state_shell.h"
#include "millrace/state/state_directory.h"

namespace millrace {

namespace {

constexpr std::string_view kStates[] = {"CREATED",     "REBALANCING",   "RUNNING", "PENDING_SHUTDOWN",
                                        "NOT_RUNNING", "PENDING_ERROR", "ERROR"};

std::string_view name_of(engine::TaskState state) {
    switch (state) {
        case engine::TaskState::Created: return "CREATED";
        case engine::TaskState::Restoring: return "RESTORING";
        case engine::TaskState::Running: return "RUNNING";
        case engine::TaskState::Suspended: return "SUSPENDED";
        case engine::TaskState::Closed: return "CLOSED";
    }
    return "";
}

std::string_view name_of(client::GroupStatus status) {
    switch (status) {
        case client::GroupStatus::StaleTopology: return "STALE_TOPOLOGY";
        case client::GroupStatus::MissingSourceTopics: return "MISSING_SOURCE_TOPICS";
        case client::GroupStatus::IncorrectlyPartitionedTopics: return "INCORRECTLY_PARTITIONED_TOPICS";
        case client::GroupStatus::MissingInternalTopics: return "MISSING_INTERNAL_TOPICS";
        case client::GroupStatus::ShutdownApplication: return "SHUTDOWN_APPLICATION";
        case client::GroupStatus::AssignmentDelayed: return "ASSIGNMENT_DELAYED";
    }
    return "UNKNOWN_STATUS";
}

}  // namespace

std::string_view name(KafkaStreams::State state) { return kStates[static_cast<std::size_t>(state)]; }

struct KafkaStreams::Impl final : engine::WorkerListener {
    Impl(const Topology& t, std::map<std::string, std::string> s, Options o)
        : topology(t), settings(std::move(s)), options(std::move(o)) {
        log = options.log != nullptr ? options.log : &own_log;
    }

    Result<void> start() {
        if (options.broker != nullptr) settings.try_emplace("bootstrap.servers", "embedded:0");
        settings.try_emplace("application.id", "millrace");
        MR_TRY(config, engine::StreamsConfig::parse(settings));
        for (const std::string& ignored : config.ignored) {
            log->warn("a setting has no effect here", {{"setting", ignored}});
        }
        std::vector<client::Address> bootstrap = {{"embedded", 0}};
        if (options.broker == nullptr) {
            std::string servers;
            for (const std::string& server : config.bootstrap_servers) servers += (servers.empty() ? "" : ",") + server;
            MR_TRY(bootstrap, app::parse_bootstrap(servers));
        }
        MR_TRY(engine::TaskSettings task_settings, engine::task_settings(config, *log));
        task_settings.handlers = options.handlers;
        MR_TRY(compiled, compile(topology, task_settings));
        std::string directory = config.state_dir;
        if (options.instance > 0) directory += "/instance-" + std::to_string(options.instance);
        MR_TRY(stores, open_stores(directory));
        std::map<std::string, std::string> types;
        for (const auto& [name, store] : topology.data().stores)
            if (store.logging || store.persistent.value_or(!task_settings.in_memory_stores))
                types[name] = engine::stored_types(store);
        MR_TRY_VOID(stores.process->use_types(types));
        for (std::int64_t n = 1; n <= config.num_stream_threads; ++n) {
            app::WorkerHost::Setup setup;
            setup.config.streams = config;
            setup.config.bootstrap = bootstrap;
            setup.config.process_id = stores.process->process_id().to_text();
            setup.config.member_id = io::random_uuid().to_string();
            setup.config.number = static_cast<std::int32_t>(n);
            setup.config.static_member = options.instance > 0 && options.broker == nullptr;
            setup.config.until_end = options.until_end;
            setup.config.seed = io::entropy();
            setup.topology = compiled.get();
            setup.stores = stores.providers[static_cast<std::size_t>(n - 1)].get();
            setup.listener = this;
            setup.log = log;
            setup.broker = options.broker != nullptr ? &options.broker->host() : nullptr;
            // One worker beside an embedded broker shares its loop: no hand-off between them at all.
            setup.loop = options.broker != nullptr && config.num_stream_threads == 1 ? &options.broker->loop() : nullptr;
            setup.heartbeats = options.broker != nullptr ? &options.broker->loop() : heartbeats();
            setup.client_id = (config.client_id.empty() ? config.application_id : config.client_id) + "-StreamThread-" +
                              std::to_string(n);
            setup.on_closed = [this] { worker_closed(); };
            workers.push_back(std::make_unique<app::WorkerHost>(std::move(setup)));
        }
        started = true;
        for (const auto& worker : workers) worker->start();
        return {};
    }

    // A thread that mostly sleeps: it speaks for workers that user code holds.
    io::EventLoop* heartbeats() {
        if (!heartbeat_loop) {
            heartbeat_loop = std::make_unique<io::EventLoop>("heartbeats", log);
            heartbeat_thread = heartbeat_loop->spawn();
        }
        return heartbeat_loop.get();
    }

    void worker_closed() {
        {
            const std::lock_guard lock(mutex);
            ++closed;
            changed.notify_all();
        }
        if (options.ended) options.ended();
    }

    bool close(std::chrono::milliseconds timeout) {
        if (!started) return true;
        closing = true;
        for (const auto& worker : workers) worker->close();
        bool clean;
        {
            std::unique_lock lock(mutex);
            clean = changed.wait_for(lock, timeout, [this] { return closed == workers.size(); });
        }
        workers.clear();
        if (heartbeat_loop) {
            heartbeat_loop->stop();
            heartbeat_thread.join();
            heartbeat_loop.reset();
        }
        stores.providers.clear();
        stores.process.reset();
        started = false;
        return clean;
    }

    template <class F>
    void each(F f) const {
        for (const auto& worker : workers) worker->ask(f);
    }

    // WorkerListener: on the workers' threads
    void restore_progress(const engine::RestoreProgress& p) override {
        if (!on_restore) return;
        RestoreStatus status{p.task.to_string(), p.store, p.position - p.begin, p.end - p.begin, p.records_per_second, 0, p.done};
        if (p.time_left) status.seconds_left = static_cast<double>(p.time_left->count()) * 1e-9;
        on_restore(status);
    }
    void task_failed(engine::TaskId task, const Error& error, bool parked) override {
        log->error(parked ? "a task keeps failing and is parked; the others go on" : "a task failed",
                   {{"task", task.to_string()}, {"error", millrace::name(error.code)}, {"detail", error.detail}});
    }
    void group_status(client::GroupStatus status, const std::string& detail) override {
        std::string what = detail;
        if (status == client::GroupStatus::MissingSourceTopics) {
            what += " Create them: the application waits for " + std::to_string(config.task_timeout_ms / 1000) +
                    " s (task.timeout.ms)";
        } else if (status == client::GroupStatus::IncorrectlyPartitionedTopics) {
            what += " Topics that are joined need the same number of partitions: repartition() one side, or make a topic anew";
        }
        log->warn("the group says", {{"status", name_of(status)}, {"detail", what}});
        if (on_status) on_status(std::string(name_of(status)), detail);
    }

    // The process's state: one directory, one set of sorted runs, one spill thread; a provider for each worker.
    struct Stores {
        std::unique_ptr<state::ProcessState> process;
        std::vector<std::unique_ptr<state::DirectoryProvider>> providers;
    };
    Result<Stores> open_stores(const std::string& state_dir) {
        Stores s;
        MR_TRY(s.process, state::ProcessState::open(disk, state_dir, config.application_id, io::random_uuid()));
        state::StateBudget budget;
        budget.bytes_max = std::max<std::int64_t>(1, config.statestore_memory_max_bytes / config.num_stream_threads);
        budget.tail_records_max = config.statestore_tail_max_records;
        for (std::int64_t n = 0; n < config.num_stream_threads; ++n) s.providers.push_back(s.process->provider(budget));
        return s;
    }

    Topology topology;
    std::map<std::string, std::string> settings;
    Options options;
    io::StderrLog own_log{LogLevel::Warn};
    LogSink* log;
    io::RealDisk disk;
    engine::StreamsConfig config;
    std::shared_ptr<const engine::TaskTopology> compiled;
    Stores stores;
    std::unique_ptr<io::EventLoop> heartbeat_loop;
    std::thread heartbeat_thread;
    std::vector<std::unique_ptr<app::WorkerHost>> workers;
    std::function<void(const RestoreStatus&)> on_restore;
    std::function<void(const std::string&, const std::string&)> on_status;
    bool started = false, closing = false;
    std::mutex mutex;   // close() waits outside any loop for what workers' threads report
    std::condition_variable changed;
    std::size_t closed = 0;
    std::vector<std::int64_t> end_seen;   // commits of each worker when all were caught up
};

KafkaStreams::KafkaStreams(const Topology& topology, std::map<std::string, std::string> settings)
    : KafkaStreams(topology, std::move(settings), Options{}) {}
KafkaStreams::KafkaStreams(const Topology& topology, std::map<std::string, std::string> settings, Options options)
    : impl_(std::make_unique<Impl>(topology, std::move(settings), std::move(options))) {}
KafkaStreams::~KafkaStreams() { impl_->close(std::chrono::seconds(30)); }

Result<void> KafkaStreams::start() { return impl_->start(); }
bool KafkaStreams::close(std::chrono::milliseconds timeout) { return impl_->close(timeout); }

KafkaStreams::State KafkaStreams::state() const {
    if (!impl_->started) return impl_->closing ? State::NotRunning : State::Created;
    bool running = true, failed = false;
    std::size_t live = 0;
    impl_->each([&](engine::Worker& worker) {
        ++live;
        running &= worker.state() == engine::WorkerState::Running;
    });
    failed = live < impl_->workers.size() && !impl_->closing;
    if (failed) return State::Error;
    if (impl_->closing) return State::PendingShutdown;
    return running ? State::Running : State::Rebalancing;
}

std::optional<Error> KafkaStreams::failure() const {
    std::optional<Error> failure;
    for (const auto& worker : impl_->workers) {
        if (auto why = worker->failure(); why && !failure) failure = why;
    }
    return failure;
}

KafkaStreams::Metrics KafkaStreams::metrics() const {
    Metrics total;
    impl_->each([&](engine::Worker& worker) {
        const engine::WorkerMetrics m = worker.metrics();
        total.records_processed += m.records_processed;
        total.records_sent += m.records_sent;
        total.dropped_records += m.dropped_records;
        total.commits += m.commits;
        total.lag += m.lag;
        total.lag_unknown += m.lag_unknown;
        total.uncommitted_bytes += m.uncommitted_bytes;
        total.stalls += m.stalls;
        total.commit_latency_max = std::max<std::chrono::nanoseconds>(total.commit_latency_max, m.commit_latency_max);
        total.tasks_running += m.tasks_running;
        total.tasks_restoring += m.tasks_restoring;
        total.tasks_suspended += m.tasks_suspended;
    });
    return total;
}

std::vector<KafkaStreams::TaskInfo> KafkaStreams::tasks() const {
    std::vector<TaskInfo> all;
    impl_->each([&](engine::Worker& worker) {
        for (const engine::TaskStatus& task : worker.tasks()) {
            all.push_back({task.id.to_string(), std::string(name_of(task.state)), task.error});
        }
    });
    std::sort(all.begin(), all.end(), [](const TaskInfo& a, const TaskInfo& b) { return a.task < b.task; });
    return all;
}

// Two looks with no commit between them: a record that one worker sent to a repartition topic before the other looked is
// seen by the second (engine/worker/worker.h).
bool KafkaStreams::at_end() const {
    const auto look = [this](bool again) {
        std::vector<std::int64_t> commits;
        bool all = true;
        impl_->each([&](engine::Worker& worker) {
            all &= worker.caught_up();
            commits.push_back(worker.commits());
            if (again) worker.recheck_end();
        });
        return std::pair{all && !commits.empty(), commits};
    };
    const auto [all, commits] = look(false);
    if (!all) {
        impl_->end_seen.clear();
        return false;
    }
    if (impl_->end_seen == commits) return true;
    impl_->end_seen = commits;
    if (commits.size() == 1) return true;
    look(true);
    return false;
}

void KafkaStreams::set_restore_listener(std::function<void(const RestoreStatus&)> listener) {
    impl_->on_restore = std::move(listener);
}
void KafkaStreams::set_status_listener(std::function<void(const std::string&, const std::string&)> listener) {
    impl_->on_status = std::move(listener);
}

}  // namespace millrace
