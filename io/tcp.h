#pragma once
// TCP connections that carry Kafka's frames: an int32 length and as many bytes. A frame arrives as
// one Bytes block, its size checked before memory is taken. What is sent in one turn leaves in one
// writev at the end of the turn. Reading stops while more than `queued_bytes_max` wait to be sent:
// who does not read its answers is not served more. Everything here belongs to the thread of the
// loop it was made on.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/io/event_loop.h"

namespace millrace::io {

struct TcpLimits {
    std::size_t frame_bytes_max =
        100 << 20;  // socket.request.max.bytes; a longer frame closes the connection
    std::size_t queued_bytes_max = 16 << 20;  // unsent answers; reading resumes below half of it

    // Who asks must read whatever it has sent, or two ends that wait for each other stand still for
    // ever.
    static TcpLimits of_client() { return {.queued_bytes_max = SIZE_MAX}; }
};

struct Endpoint {
    std::string host;  // numeric when it comes from a socket
    std::uint16_t port = 0;
};

class ConnectionEvents {
public:
    virtual ~ConnectionEvents() = default;
    virtual void on_frame(Bytes frame) = 0;  // without its length
    // The length is none that is allowed: who sends it speaks something else. on_closed() follows.
    virtual void on_bad_frame(std::string reason) { (void)reason; }
    // By the peer, by an error or by a limit; not after close(). Nothing follows.
    virtual void on_closed(std::string reason) = 0;
};

class Connection {
public:
    virtual ~Connection() = default;
    virtual void send(
        std::vector<Bytes> parts) = 0;  // whole frames, their lengths included; dropped when closed
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    virtual void close() = 0;            // what was sent may be lost
    virtual void close_when_sent() = 0;  // reads no more
    virtual std::size_t queued_bytes() const = 0;
    virtual const Endpoint& peer() const = 0;
};

class Listener {  // accepts while it lives
public:
    virtual ~Listener() = default;
    virtual Endpoint address() const = 0;  // the real port
};

// `accepted` gives the events of a new connection, or null to refuse it. The events outlive the
// connection or call close() first.
using Accepted = std::function<ConnectionEvents*(std::shared_ptr<Connection>)>;
// Errors: InvalidConfig, with a line that names address and cause ("port in use ...").
Result<std::unique_ptr<Listener>> listen(EventLoop& loop, const Endpoint& at, TcpLimits limits,
                                         Accepted accepted);

// Tries each address the name has. `connected` gets the connection, or the error; exactly once,
// unless the Attempt is destroyed before.
class Attempt {
public:
    virtual ~Attempt() = default;
};
using Connected = std::function<ConnectionEvents*(Result<std::shared_ptr<Connection>>)>;
std::unique_ptr<Attempt> connect(EventLoop& loop, const Endpoint& to, Duration timeout,
                                 TcpLimits limits, Connected connected);

}  // namespace millrace::io
