#pragma once
// A broker in the simulation: the production machine over a simulated disk and network. It crashes with the loss of what
// was not synced, is killed with its page cache intact, pauses, runs out of disk and has syncs fail; each time it comes back
// from what its disk holds.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/log_line.h"
#include "millrace/broker/broker.h"
#include "millrace/testkit/sim/network.h"
#include "millrace/testkit/sim/scheduler.h"
#include "millrace/testkit/sim/sim_disk.h"

namespace millrace::sim {

class BrokerProcess final : public ServerEnd {
public:
    struct Options {
        client::Address address{"broker", 9092};
        broker::ConfigOverrides overrides;   // Kafka's keys
        Duration sync_min = std::chrono::microseconds(40), sync_max = std::chrono::microseconds(400);
        std::uint64_t slow_sync_one_in = 300;
        Duration slow_sync_max = std::chrono::milliseconds(120);
        std::function<void(const wire::AnyRequest&)> request_seen;   // of each that arrives
    };
    BrokerProcess(Scheduler& scheduler, Network& network, testkit::SimDisk& disk, LogSink& log, Options options);
    ~BrokerProcess() override;

    bool start();   // false: the directory could not be opened; last_error() says why
    bool running() const { return broker_ != nullptr; }
    bool ready() const { return ready_; }
    void crash();   // the power fails
    void kill();    // kill -9
    bool stop();    // a clean stop
    void pause(Duration how_long);

    const std::string& last_error() const { return last_error_; }
    std::uint64_t starts() const { return starts_; }
    std::uint64_t fatals() const { return fatals_; }   // stopped itself: its directory went offline
    std::uint64_t kept_machine() const { return kept_machine_; }   // of those, how often the machine ran on
    broker::Broker* machine() { return broker_.get(); }

private:
    void connected(Wire wire, bool loopback) override;
    void disconnected(Wire wire) override;
    void request(Wire wire, const wire::RequestHeader& header, wire::AnyRequest request) override;

    void input(broker::Input input);
    void carry_out(broker::Effects& effects);
    void note_input(const broker::Input& input);
    void note_effects(const broker::Effects& effects);
    void end_turn();
    void gone();
    void end_process();
    void tick_at(Time at);

    Scheduler& scheduler_;
    Network& network_;
    testkit::SimDisk& disk_;
    LogSink& log_;
    Options options_;
    std::unique_ptr<broker::Broker> broker_;
    std::uint64_t incarnation_ = 0, starts_ = 0, fatals_ = 0, kept_machine_ = 0;
    bool turn_scheduled_ = false, ready_ = false;
    Time paused_until_{}, tick_scheduled_ = Time::never();
    std::vector<broker::Input> waiting_;
    std::string last_error_;
};

}  // namespace millrace::sim
