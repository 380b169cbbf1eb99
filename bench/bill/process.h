#pragma once
// One process on one loop, in simulated time: the real broker on the real disk and client machines
// beside it, joined by the loopback's typed requests and shared batches. What app/ does with an
// event loop, done here by a plain one, so that every run takes the very same steps.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "millrace/base/log_line.h"
#include "millrace/bench/bill/counted_disk.h"
#include "millrace/broker/broker.h"
#include "millrace/client/channel.h"

namespace millrace::bench {

class Machine {  // a client machine
public:
    virtual ~Machine() = default;
    virtual void input(const client::LinkInput& input, Now now, client::Effects& effects) = 0;
    virtual void tick(Now now, client::Effects& effects) = 0;
    virtual bool work(Now now, client::Effects& effects) = 0;  // a slice; false: nothing to do
};

class Process {
public:
    Process(Disk& disk, const std::string& directory, LogSink& log);
    ~Process();

    void add(Machine& machine, const std::function<void(Now, client::Effects&)>& begin);
    void remove(Machine& machine);
    void act(Machine& machine, const std::function<void(Now, client::Effects&)>& what);
    void run_until(const std::function<bool()>& done);
    void stop();  // cleanly
    Now now() const { return {Time{now_}, Timestamp{1'760'000'040'000 + now_ / 1'000'000}}; }

private:
    struct Seat {
        Machine* machine = nullptr;
        std::int64_t wake = INT64_MAX;
        std::map<client::LinkId, broker::ConnectionId> links;
    };
    Seat& seat(Machine& machine);
    void carry_out(Seat& seat, client::Effects& effects);
    void carry_out(broker::Effects& effects);
    void turn();

    LogSink& log_;
    std::unique_ptr<broker::Broker> broker_;
    bool ready_ = false;
    std::int64_t broker_wake_ = INT64_MAX, now_ = 1'000'000'000;
    std::uint64_t next_connection_ = 1;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::map<broker::ConnectionId, std::pair<Seat*, client::LinkId>> connections_;
    std::deque<broker::Input> to_broker_;
    std::deque<std::pair<Seat*, client::LinkInput>> to_clients_;
};

}  // namespace millrace::bench
