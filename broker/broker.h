#pragma once
// The broker as a machine: connections, requests, sync outcomes and time go in; answers, closed
// connections and syncs come out. It owns the data directory, the node's share of the metadata
// quorum, the partitions it leads and the coordinators. It reads no clock, opens no socket, starts
// no thread: a shell drives it (tcp_shell, the loopback in an application, or the simulator).
//
// Whoever drives it calls step() for each input, and end_turn() when the turn's inputs are in:
// there the coordinators append what the turn decided, the journal is written, and one sync covers
// all that waits. Effects are carried out in their order; a sync's outcome comes back as Synced.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/connections.h"
#include "millrace/wire/frame.h"

namespace millrace::broker {

// ---- inputs ----
struct ConnectionOpened {
    ConnectionId connection{};
    std::string host;      // of the client, numeric
    std::string listener;  // where it came in
    bool loopback = false;
};
struct ConnectionClosed {
    ConnectionId connection{};
};
struct RequestArrived {
    ConnectionId connection{};
    std::int32_t correlation = 0;
    std::string client_id;  // empty when null
    wire::AnyRequest request;
    std::size_t bytes = 0;  // of its frame
};
struct BadRequestArrived {  // a frame that is no request
    ConnectionId connection{};
    wire::BadRequest bad;
};
using SyncTicket = std::uint64_t;
struct Synced {
    SyncTicket ticket = 0;
    Result<std::int64_t> outcome;  // what run() gave
};
struct Tick {};
using Input = std::variant<Tick, ConnectionOpened, ConnectionClosed, RequestArrived,
                           BadRequestArrived, Synced>;

// ---- effects ----
struct Sync {  // run() blocks; where it does not stop the loop. It may run on one other thread.
    SyncTicket ticket = 0;
    std::function<Result<std::int64_t>()> run;
};
struct Effects {  // carried out in this order
    std::vector<Sync> sync;
    std::vector<Respond> respond;
    std::vector<CloseConnection> close;
    std::vector<Mute> mute;
    Time wake_at = Time::never();  // a Tick no later than this
    bool ready = false;            // became able to serve: once
    std::string fatal;             // cannot go on (a directory is offline): stop the process
};

struct BrokerSettings {
    BrokerConfig config;
    std::vector<Endpoint> advertised;  // with real ports; at least one
    std::uint64_t seed = 0;            // ids, jitter
};

class Broker {
public:
    // Locks and recovers the directory, formats it when it is empty. Serves after Effects::ready.
    static Result<std::unique_ptr<Broker>> open(BrokerSettings settings, Disk& disk, LogSink& log,
                                                Now now, Effects& effects);
    ~Broker();  // as a crash

    void step(Input input, Now now, Effects& effects);
    void end_turn(Now now, Effects& effects);
    // A clean stop: everything synced, checkpoints and the clean-shutdown file written. Blocks.
    Result<void> close(Now now);

    const std::string& cluster_id() const;
    const BrokerConfig& config() const;

    struct State;  // broker_state.h: for the handlers in api/ and for tests
    State& state() { return *state_; }

private:
    explicit Broker(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace::broker
