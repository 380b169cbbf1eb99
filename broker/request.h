#pragma once
// How a request reaches a handler and how its answer leaves. A handler answers now, or keeps the
// token and answers when its records are committed. The broker keeps responses of one connection in
// request order. Handlers run on the loop of the broker; nothing here blocks.
#include <cstddef>
#include <cstdint>
#include <string>

#include "millrace/base/clock.h"
#include "millrace/wire/api.h"

namespace millrace::broker {

enum class RequestToken : std::uint64_t {};
enum class ConnectionId : std::uint64_t {};

struct RequestContext {
    ConnectionId connection{};
    std::string client_id;    // empty when null
    std::string client_host;  // "/127.0.0.1", Kafka's form
    std::string listener;     // the listener name the request came in on
    bool loopback = false;    // an embedded client: dies with this process
};

struct Request {
    RequestToken token{};
    wire::AnyRequest body;
    const RequestContext* context = nullptr;  // lives until the answer
    std::size_t bytes = 0;                    // of its frame; 0: it was never one
};

class Responder {
public:
    virtual ~Responder() = default;
    virtual void respond(RequestToken token,
                         wire::AnyResponse response) = 0;            // exactly once per token
    virtual void close(RequestToken token, std::string reason) = 0;  // instead of an answer
};

}  // namespace millrace::broker
