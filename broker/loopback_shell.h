#pragma once
// A client in the broker's own process: typed requests in, typed answers out, shared batches, no
// encoding. The client may live on another loop: then both directions are posted, in their order.
#include <functional>
#include <memory>
#include <string>

#include "millrace/broker/broker_host_shell.h"

namespace millrace::broker {

class Loopback {  // one connection; belongs to the client's loop, which must be running or be the
                  // host's
public:
    struct Events {  // on the client's loop
        std::function<void(std::int32_t correlation, wire::AnyResponse)> arrived;
        std::function<void(std::string reason)> closed;  // by the broker; nothing follows
    };
    // `host` outlives it, or has been closed before.
    Loopback(BrokerHost& host, io::EventLoop& client_loop, std::string listener, Events events);
    ~Loopback();  // disconnects; no event follows
    void send(std::int32_t correlation, std::string client_id, wire::AnyRequest request);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace millrace::broker
