#include "millrace/app/runner.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "millrace/io/real_disk.h"
#include "millrace/io/signals.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace millrace::app {

using namespace std::chrono_literals;

struct Runner::State {
    io::StderrLog log{LogLevel::Warn};
    CommandLine line;
    std::string fresh_directory;   // made by us, removed at the end
    std::unique_ptr<EmbeddedBroker> broker;
    std::unique_ptr<KafkaStreams> streams;
    io::EventLoop clients{"clients", &log};
    std::thread client_thread;
    std::unique_ptr<io::SignalWatch> signals;
    std::unique_ptr<io::Timer> second;
    std::function<void()> look;
    std::function<bool()> may_end;
    std::vector<client::Address> bootstrap;

    // Why wait() wakes; set from signals, workers and the ticking second.
    std::mutex mutex;
    std::condition_variable changed;
    bool ending = false;

    void end() {
        const std::lock_guard lock(mutex);
        ending = true;
        changed.notify_all();
    }

    void every_second() {
        if (look) look();
        const auto state = streams->state();
        const bool failed = state == KafkaStreams::State::Error || state == KafkaStreams::State::PendingError;
        if (failed || (line.until_end && streams->at_end() && (!may_end || may_end()))) end();
    }
};

Result<std::unique_ptr<Runner>> Runner::prepare(const Topology& topology, const CommandLine& line,
                                                const ErrorHandlers& handlers) {
    auto state = std::make_unique<State>();
    State& s = *state;
    s.line = line;
    if (!line.bootstrap_server) {
        std::string directory = line.embedded.value_or("");
        if (directory.empty()) {
            directory = "/tmp/millrace-" + Uuid(io::random_uuid()).to_text();
            s.fresh_directory = directory;
        }
        EmbeddedBroker::Options options;
        options.directory = directory + "/broker";
        options.settings = line.broker_settings;
        options.log = &s.log;
        MR_TRY(s.broker, EmbeddedBroker::start(std::move(options)));
        s.line.settings.try_emplace("state.dir", directory + "/state");
    } else {
        MR_TRY(s.bootstrap, parse_bootstrap(*line.bootstrap_server));
        s.line.settings["bootstrap.servers"] = *line.bootstrap_server;
    }
    KafkaStreams::Options options;
    options.broker = s.broker.get();
    options.log = &s.log;
    options.instance = line.instance.value_or(0);
    options.until_end = line.until_end;
    options.handlers = handlers;
    s.streams = std::make_unique<KafkaStreams>(topology, s.line.settings, std::move(options));
    s.client_thread = s.clients.spawn();
    s.signals = nullptr;
    return std::unique_ptr<Runner>(new Runner(std::move(state)));
}

Result<std::unique_ptr<Runner>> Runner::start(const Topology& topology, const CommandLine& line, const ErrorHandlers& handlers) {
    MR_TRY(auto runner, prepare(topology, line, handlers));
    MR_TRY_VOID(runner->go());
    return runner;
}

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runner::~Runner() {
    State& s = *state_;
    if (s.client_thread.joinable()) {
        s.clients.call("end", [&s] {
            s.second.reset();
            s.signals.reset();
            s.look = nullptr;
            s.may_end = nullptr;
        });
    }
    if (s.streams) s.streams->close(10s);
    s.streams.reset();
    if (s.client_thread.joinable()) {
        s.clients.stop();
        s.client_thread.join();
    }
    s.broker.reset();
    if (!s.fresh_directory.empty()) {
        io::RealDisk disk;
        if (auto removed = disk.remove_all(s.fresh_directory); !removed) {
            s.log.warn("a temporary directory stays", {{"directory", s.fresh_directory}, {"cause", removed.error().detail}});
        }
    }
}

Result<void> Runner::go() {
    State& s = *state_;
    MR_TRY_VOID(s.streams->start());
    s.clients.call("start", [&s] {
        s.signals = io::watch_stop_signals(s.clients, [&s](int) { s.end(); });
        s.second = s.clients.make_timer("every second", [&s] {
            s.every_second();
            s.second->arm(s.clients.clock().now().time + (s.line.until_end ? 100ms : 1000ms));
        });
        s.second->arm(s.clients.clock().now().time + 100ms);
    });
    return {};
}

int Runner::wait() {
    State& s = *state_;
    {
        std::unique_lock lock(s.mutex);
        s.changed.wait(lock, [&s] { return s.ending; });
    }
    s.clients.call("stop watching", [&s] { s.second.reset(); });
    const auto failure = s.streams->failure();
    std::string parked;
    for (const auto& task : s.streams->tasks())
        if (task.state == "SUSPENDED") parked += "task " + task.task + " was given up: " + task.error + '\n';
    const bool clean = s.streams->close(30s);
    if (failure) {
        std::fprintf(stderr, "the application stopped: %s: %s\n", std::string(name(failure->code)).c_str(), failure->detail.c_str());
        return 1;
    }
    std::fputs(parked.c_str(), stderr);
    if (!clean) std::fprintf(stderr, "the application did not close in time; it will recover as from a crash\n");
    return clean && parked.empty() ? 0 : 1;
}

void Runner::end() { state_->end(); }
KafkaStreams& Runner::streams() { return *state_->streams; }
EmbeddedBroker* Runner::broker() { return state_->broker.get(); }
io::EventLoop& Runner::client_loop() { return state_->clients; }
LogSink& Runner::log() { return state_->log; }
void Runner::every_second(std::function<void()> look) { state_->look = std::move(look); }
void Runner::hold_end(std::function<bool()> may_end) { state_->may_end = std::move(may_end); }

std::unique_ptr<ClientHost> Runner::make_client(const std::string& client_id) {
    client::ClusterConfig config;
    config.bootstrap = state_->broker ? std::vector<client::Address>{{"embedded", 0}} : state_->bootstrap;
    config.seed = io::entropy();
    return std::make_unique<ClientHost>(state_->clients, config, client_id,
                                        state_->broker ? &state_->broker->host() : nullptr, state_->log);
}

}  // namespace millrace::app
