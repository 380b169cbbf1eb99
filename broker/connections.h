#pragma once
// Who is connected, and in which order its requests are handled and answered. Answers leave in the
// order of the requests, whatever order they are ready in. The next request of a connection is
// handled when the one before is answered, or when its handler says that what follows may overtake
// its answer (a Produce once its batches are appended): so the effects of one connection's requests
// come in order, too.
//
// A connection that is closed keeps its open requests until they are answered into the void.
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/broker/request.h"

namespace millrace::broker {

struct Respond {  // an answer leaves
    ConnectionId connection{};
    std::int32_t correlation = 0;
    wire::AnyResponse response;
};
struct CloseConnection {
    ConnectionId connection{};
    std::string reason;
};
struct Mute {  // stop or resume reading of its requests
    ConnectionId connection{};
    bool muted = false;
};

struct ConnectionEffects {
    std::vector<Respond> respond;
    std::vector<CloseConnection> close;
    std::vector<Mute> mute;
};

struct ArrivedRequest {
    std::int32_t correlation = 0;
    std::string client_id;
    wire::AnyRequest body;
    std::size_t bytes = 0;  // that it holds
};

class Connections {
public:
    static constexpr std::size_t kQueuedMax = 32;            // per connection; then reading stops
    static constexpr std::size_t kQueuedLow = 8;             // then it goes on
    static constexpr std::size_t kQueuedBytesMax = 8 << 20;  // not handled yet; per connection

    struct Opened {
        ConnectionId connection{};
        std::string client_host;
        std::string listener;
        bool loopback = false;
    };
    void opened(Opened connection, Now now);
    void closed(ConnectionId connection);
    void arrived(ConnectionId connection, ArrivedRequest request, Now now);

    // The next request that may be handled, in the order they became ready.
    std::optional<Request> next();
    // What follows `token` on its connection may be handled though it is not answered.
    void release(RequestToken token);
    // An empty response: the request wants no answer (acks=0).
    void respond(RequestToken token, wire::AnyResponse response);
    void close(RequestToken token, std::string reason);
    void close(ConnectionId connection, std::string reason);
    bool knows(RequestToken token) const { return owner_.contains(token); }

    void set_software(ConnectionId connection, std::string name, std::string version);
    std::string software(ConnectionId connection) const;  // "name/version"; empty when not told
    std::string client_host(ConnectionId connection) const;
    // A quota is exceeded (KIP-219): nothing of this connection is read or handled until unthrottle().
    void throttle(ConnectionId connection);
    void unthrottle(ConnectionId connection);

    std::size_t open_count() const { return open_; }
    std::size_t open_from(const std::string& client_host) const;

    // Closes what has been silent for longer; gives when to look again.
    Time close_idle(Now now, Duration idle_max);
    ConnectionEffects take_effects() { return std::exchange(effects_, {}); }

private:
    struct Pending {  // handled, not answered
        RequestToken token{};
        std::int32_t correlation = 0;
        std::shared_ptr<const RequestContext> context;
        bool released = false, answered = false;
        wire::AnyResponse response;
    };
    struct Connection {
        std::shared_ptr<const RequestContext> context;
        bool open = true, muted = false, ready = false;
        int throttles = 0;  // that have not ended
        std::string software;
        Time last_request;
        std::deque<Pending> pending;
        std::deque<ArrivedRequest> queued;
        std::size_t queued_bytes = 0;
    };
    using Map = std::map<ConnectionId, Connection>;
    Pending* find(RequestToken token, Map::iterator& at);
    bool may_handle(const Connection& connection) const;
    void update(Map::iterator at);

    Map connections_;
    std::unordered_map<RequestToken, ConnectionId> owner_;  // never iterated
    std::deque<ConnectionId> ready_;
    std::map<std::string, std::size_t> open_from_;
    std::size_t open_ = 0;
    std::uint64_t next_token_ = 1;
    ConnectionEffects effects_;
};

}  // namespace millrace::broker
