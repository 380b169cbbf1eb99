#include "millrace/app/embedded_broker.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/tcp_shell.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace millrace {

struct EmbeddedBroker::State {
    io::StderrLog own_log{LogLevel::Warn};
    LogSink* log = nullptr;
    io::RealDisk disk;
    io::EventLoop loop{"broker"};
    std::thread thread;
    std::unique_ptr<broker::TcpServer> tcp;
    std::unique_ptr<broker::BrokerHost> host;
    std::string address;

    // start() waits here, outside any loop.
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    std::string fatal;

    Result<void> open(const Options& options) {   // on the loop
        broker::ConfigOverrides overrides = {{"log.dirs", options.directory}};
        const bool listens = options.settings.contains("listeners");
        if (!listens) overrides.emplace_back("listeners", "PLAINTEXT://127.0.0.1:0");   // never bound
        for (const auto& [key, value] : options.settings) overrides.emplace_back(key, value);
        MR_TRY(auto parsed, broker::parse_broker_config("", overrides));
        for (const std::string& warning : parsed.warnings) log->warn(warning);
        broker::BrokerSettings settings;
        settings.config = std::move(parsed.config);
        settings.seed = io::entropy();
        if (listens) {
            MR_TRY(tcp, broker::TcpServer::listen(loop, settings.config));
            settings.advertised = tcp->advertised(settings.config);
            address = settings.advertised.front().host + ':' + std::to_string(settings.advertised.front().port);
        } else {
            settings.advertised = {broker::Endpoint{"PLAINTEXT", "embedded", 1, {}}};
        }
        broker::BrokerHost::Events events;
        events.ready = [this] {
            const std::lock_guard lock(mutex);
            ready = true;
            changed.notify_all();
        };
        events.fatal = [this](std::string why) {
            log->error("the embedded broker stops serving", {{"cause", why}});
            const std::lock_guard lock(mutex);
            fatal = std::move(why);
            changed.notify_all();
        };
        MR_TRY(host, broker::BrokerHost::open(loop, disk, *log, std::move(settings), std::move(events)));
        if (tcp) tcp->serve(*host);
        return {};
    }
};

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::start(Options options) {
    auto state = std::make_unique<State>();
    State& s = *state;
    s.log = options.log != nullptr ? options.log : &s.own_log;
    s.thread = s.loop.spawn();
    std::unique_ptr<EmbeddedBroker> broker(new EmbeddedBroker(std::move(state)));
    Result<void> opened;
    s.loop.call("broker opens", [&] { opened = s.open(options); });
    if (!opened) return tl::make_unexpected(opened.error());
    std::unique_lock lock(s.mutex);
    s.changed.wait(lock, [&s] { return s.ready || !s.fatal.empty(); });
    if (!s.fatal.empty()) return fail(ErrorCode::KafkaStorageError, s.fatal);
    return broker;
}

EmbeddedBroker::EmbeddedBroker(std::unique_ptr<State> state) : state_(std::move(state)) {}

EmbeddedBroker::~EmbeddedBroker() {
    if (auto stopped = stop(); !stopped) {
        state_->log->warn("the embedded broker did not stop cleanly; it will recover", {{"cause", stopped.error().detail}});
    }
    state_->loop.stop();
    state_->thread.join();
}

Result<void> EmbeddedBroker::stop() {
    Result<void> closed;
    state_->loop.call("broker stops", [&] {
        if (state_->tcp) state_->tcp->close();
        if (state_->host) closed = state_->host->close();
        state_->tcp.reset();
        state_->host.reset();
    });
    return closed;
}

broker::BrokerHost& EmbeddedBroker::host() { return *state_->host; }
io::EventLoop& EmbeddedBroker::loop() { return state_->loop; }
std::string EmbeddedBroker::address() const { return state_->address; }

}  // namespace millrace
