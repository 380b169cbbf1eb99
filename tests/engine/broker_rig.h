#pragma once
// Workers and the real broker in one process over the channel seam: typed requests, a simulated
// disk, simulated time. Everything may be killed: a worker, or the broker with its disk's unsynced
// writes.
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "millrace/broker/broker.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/tests/client/fake_broker.h"

namespace millrace::test {

class BrokerRig {
public:
    BrokerRig() { open_broker(); }

    std::size_t add(Driven& driven) {
        machines_.push_back({&driven, INT64_MAX});
        return machines_.size() - 1;
    }
    Now now() const { return {Time{now_}, Timestamp{1'700'000'000'000 + now_ / 1'000'000}}; }
    void carry_out(client::Effects& effects, std::size_t who);
    bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(120));
    void run_for(Duration span) {
        const std::int64_t end = now_ + span.count();
        run_until([&] { return now_ >= end; }, span + std::chrono::milliseconds(1));
    }
    void crash(std::size_t who);
    // Power fails under the broker; it comes back after `down`.
    void crash_broker(Random& random, Duration down = std::chrono::milliseconds(200));
    bool broker_up() const { return broker_ != nullptr && ready_; }

private:
    using LinkKey = std::pair<std::size_t, client::LinkId>;
    struct Machine {
        Driven* driven;
        std::int64_t wake;
    };
    void open_broker();
    void broker_effects(broker::Effects& effects);
    void deliver(std::size_t who, client::LinkInput input, std::int64_t delay) {
        inputs_.emplace(now_ + delay, std::pair(who, std::move(input)));
    }
    bool step();

    NullLog log_;
    testkit::SimDisk disk_;
    std::unique_ptr<broker::Broker> broker_;
    bool ready_ = false;
    std::int64_t broker_wake_ = INT64_MAX, reopen_at_ = INT64_MAX;
    std::multimap<std::int64_t, broker::Input> broker_inputs_;
    std::vector<Machine> machines_;
    std::map<LinkKey, broker::ConnectionId> connections_;
    std::map<broker::ConnectionId, LinkKey> links_;
    std::uint64_t next_connection_ = 1;
    std::uint64_t boots_ = 0;
    std::multimap<std::int64_t, std::pair<std::size_t, client::LinkInput>> inputs_;
    std::int64_t now_ = 1'000'000'000;
};

}  // namespace millrace::test
