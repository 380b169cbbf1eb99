#pragma once
// Simulated links between client processes and brokers. Bytes are really encoded and decoded, frame
// by frame; a link keeps its order, links among each other do not; a link can be cut with whatever
// was in flight, can be slow for a while, and can outlive the process at its other end for as long
// as the close takes to arrive.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/client/channel.h"
#include "millrace/testkit/sim/scheduler.h"
#include "millrace/wire/headers.h"

namespace millrace::sim {

enum class Wire : std::uint64_t {};  // one connection, for both its ends

class ServerEnd {  // a listening broker process
public:
    virtual ~ServerEnd() = default;
    virtual void connected(Wire wire, bool loopback) = 0;
    virtual void disconnected(Wire wire) = 0;
    virtual void request(Wire wire, const wire::RequestHeader& header,
                         wire::AnyRequest request) = 0;
};

class ClientEnd {  // a process that runs client machines
public:
    virtual ~ClientEnd() = default;
    virtual void link_input(client::LinkInput input) = 0;
};

struct NetworkModel {
    Duration latency_min = std::chrono::microseconds(20),
             latency_max = std::chrono::microseconds(400);
    std::uint64_t slow_one_in = 200;  // a message that takes up to slow_max
    Duration slow_max = std::chrono::milliseconds(60);
};

class Network {
public:
    Network(Scheduler& scheduler, NetworkModel model) : scheduler_(scheduler), model_(model) {}

    void listen(const client::Address& address,
                ServerEnd* server);  // null: the process is gone; its links close
    // A client process is named by its incarnation: what was sent by or to a dead one never
    // arrives.
    std::uint64_t attach(ClientEnd* end, std::string name, bool loopback);
    void detach(std::uint64_t client);
    void carry_out(std::uint64_t client, const std::vector<client::LinkEffect>& effects);

    void respond(Wire wire, std::int32_t correlation, wire::AnyResponse response);
    void close(Wire wire, std::string reason);  // by the server

    // Faults. Cut links lose what is in flight; `delay_close`: the server learns of it only then.
    void cut(std::uint64_t client, Duration delay_close);
    void hold(std::uint64_t client, Duration how_long);  // nothing of this client moves until then
    void refuse_connections(Duration how_long);
    // The next request of this API from this client is held that long, whatever follows on other
    // links.
    void hold_next(std::uint64_t client, wire::ApiKey api, Duration how_long);

    std::uint64_t frames() const { return frames_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t cuts() const { return cuts_; }

private:
    struct Link {
        std::uint64_t client = 0;
        client::LinkId id{};
        client::Address address;
        ServerEnd* server = nullptr;
        bool open = false;
        bool client_gone = false;       // cut, and the server does not know yet
        Time to_server{}, to_client{};  // when the last message of that direction arrives
        std::map<std::int32_t, std::pair<std::int16_t, std::int16_t>>
            asked;  // correlation -> api, version
    };
    struct Client {
        ClientEnd* end = nullptr;
        std::string name;
        bool loopback = false;
        std::map<client::LinkId, Wire> links;
        Time held_until{};
        std::optional<std::pair<wire::ApiKey, Duration>> hold_next;
    };

    Time arrival(Time& last, Time not_before);
    void open(std::uint64_t client, client::LinkId link, const client::Address& address);
    void transmit(std::uint64_t client, const client::Transmit& transmit);
    void drop(Wire wire, const std::string& reason, bool tell_client, bool tell_server,
              Duration server_delay);
    void note(std::uint64_t client, const client::LinkInput& input);
    void tell(std::uint64_t client, client::LinkInput input, Time at);

    Scheduler& scheduler_;
    NetworkModel model_;
    std::map<client::Address, ServerEnd*> servers_;
    std::map<std::uint64_t, Client> clients_;
    std::map<Wire, Link> links_;
    std::uint64_t next_client_ = 1, next_wire_ = 1, frames_ = 0, bytes_ = 0, cuts_ = 0;
    Time refused_until_{};
};

}  // namespace millrace::sim
