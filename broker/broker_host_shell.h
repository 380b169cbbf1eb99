#pragma once
// Drives one Broker on one event loop: gives it inputs, carries out its effects, runs its syncs on
// a thread of their own. It decides nothing. Connections come from tcp_shell.h and
// loopback_shell.h. Everything here belongs to the loop's thread.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "millrace/broker/broker.h"
#include "millrace/io/event_loop.h"
#include "millrace/io/sync_thread.h"

namespace millrace::broker {

// The other end of one connection.
class ClientSide {
public:
    virtual ~ClientSide() = default;
    virtual void respond(std::int32_t correlation, wire::AnyResponse response) = 0;
    virtual void close(std::string reason) = 0;  // nothing follows
    virtual void mute(bool muted) = 0;
};

class BrokerHost {
public:
    struct Events {
        std::function<void()> ready;
        std::function<void(std::string why)> fatal;  // the broker cannot go on
    };
    static Result<std::unique_ptr<BrokerHost>> open(io::EventLoop& loop, Disk& disk, LogSink& log,
                                                    BrokerSettings settings, Events events);
    ~BrokerHost();  // as a crash; close() before it for a clean stop

    // `client` outlives the connection: until its close(), or disconnect().
    ConnectionId connect(ClientSide& client, std::string host, std::string listener, bool loopback);
    void disconnect(ConnectionId connection);
    void request(ConnectionId connection, std::int32_t correlation, std::string client_id,
                 wire::AnyRequest request, std::size_t bytes = 0);
    void bad_request(ConnectionId connection, wire::BadRequest bad);

    // An answer of the machine that cannot be encoded: a bug of ours.
    void unspeakable(const wire::AnyResponse& response, const Error& why);

    Result<void> close();  // blocks; nothing may be given in afterwards
    Broker& broker() { return *broker_; }
    io::EventLoop& loop() { return loop_; }

private:
    BrokerHost(io::EventLoop& loop, LogSink& log, Events events);
    void input(Input input);
    void end_turn();
    void carry_out(Effects effects);
    void drain();

    io::EventLoop& loop_;
    LogSink& log_;
    Events events_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<io::SyncThread> sync_;
    std::unique_ptr<io::Timer> timer_;
    io::EventLoop::HookId hook_ = 0;
    bool dirty_ = false;  // inputs came since the last end of a turn
    bool draining_ = false;
    std::deque<Effects> outbox_;  // a client that answers at once may give in a new input meanwhile
    std::map<ConnectionId, ClientSide*> clients_;
    std::uint64_t next_connection_ = 1;
};

}  // namespace millrace::broker
