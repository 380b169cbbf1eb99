#pragma once
// What stands in front of a body. Request header 1 carries the client id, 2 also tagged fields
// (KIP-482); response header 0 is the correlation id alone, 1 adds tagged fields. api.h says which
// version an API takes.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct RequestHeader {
    static constexpr std::string_view kName = "RequestHeader";
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    std::int16_t request_api_key = 0;
    std::int16_t request_api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string> client_id = "";

    static constexpr void fields(auto&& f) {
        using M = RequestHeader;
        f("request_api_key", &M::request_api_key, {.in = since(0)});
        f("request_api_version", &M::request_api_version, {.in = since(0)});
        f("correlation_id", &M::correlation_id, {.in = since(0)});
        // A broker must read it before it knows the version's form (KIP-511).
        f("client_id", &M::client_id, {.in = since(1), .nullable = since(1), .compact = false});
    }
    bool operator==(const RequestHeader&) const = default;
};

struct ResponseHeader {
    static constexpr std::string_view kName = "ResponseHeader";
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

    std::int32_t correlation_id = 0;

    static constexpr void fields(auto&& f) {
        f("correlation_id", &ResponseHeader::correlation_id, {.in = since(0)});
    }
    bool operator==(const ResponseHeader&) const = default;
};

}  // namespace millrace::wire
