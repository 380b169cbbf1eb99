#pragma once
// What brokers and controllers forward about a client in an Envelope.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DefaultPrincipalData {
    static constexpr std::string_view kName = "DefaultPrincipalData";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string type;
    std::string name;
    bool token_authenticated = false;

    static constexpr void fields(auto&& f) {
        using M = DefaultPrincipalData;
        f("type", &M::type, {.in = since(0)});
        f("name", &M::name, {.in = since(0)});
        f("token_authenticated", &M::token_authenticated, {.in = since(0)});
    }
    bool operator==(const DefaultPrincipalData&) const = default;
};

}  // namespace millrace::wire
