#pragma once
// The seam between client machines (producer, fetcher, member, worker) and a broker: links that
// carry typed requests. A link is a TCP connection or the loopback into an embedded broker; the
// machines cannot tell. Shells and the simulator carry out LinkEffects and feed LinkInputs back.
// Responses of one link arrive in request order. When a link closes, every request on it that has
// no answer yet is void: its outcome is unknown.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/wire/api.h"

namespace millrace::client {

struct Address {
    std::string host;
    std::uint16_t port = 0;
    friend auto operator<=>(const Address&, const Address&) = default;
};

enum class LinkId : std::uint32_t {};
enum class CorrelationId : std::int32_t {};

// Effects, carried out in order.
struct OpenLink {
    LinkId link;
    Address address;
};
struct CloseLink {
    LinkId link;
};
struct Transmit {
    LinkId link;
    CorrelationId correlation;
    wire::AnyRequest request;
};  // at request.version()
using LinkEffect = std::variant<OpenLink, CloseLink, Transmit>;

// Inputs.
struct LinkOpened {
    LinkId link;
};
struct LinkClosed {
    LinkId link;
    std::string reason;
};  // also: could not be opened
struct Arrived {
    LinkId link;
    CorrelationId correlation;
    wire::AnyResponse response;
};
using LinkInput = std::variant<LinkOpened, LinkClosed, Arrived>;

struct Effects {
    std::vector<LinkEffect> links;
    Time wake_at = Time::never();  // deliver a tick no later than this
    void wake(Time at) {
        if (at < wake_at) wake_at = at;
    }
};

}  // namespace millrace::client
