#pragma once
// Envelope: key 58, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct EnvelopeRequest {
    static constexpr std::string_view kName = "EnvelopeRequest";
    static constexpr ApiKey kKey = ApiKey::Envelope;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Bytes request_data;
    std::optional<Bytes> request_principal = Bytes{};
    Bytes client_host_address;

    static constexpr void fields(auto&& f) {
        using M = EnvelopeRequest;
        f("request_data", &M::request_data, {.in = since(0)});
        f("request_principal", &M::request_principal, {.in = since(0), .nullable = since(0)});
        f("client_host_address", &M::client_host_address, {.in = since(0)});
    }
    bool operator==(const EnvelopeRequest&) const = default;
};

struct EnvelopeResponse {
    static constexpr std::string_view kName = "EnvelopeResponse";
    static constexpr ApiKey kKey = ApiKey::Envelope;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::optional<Bytes> response_data;
    ErrorCode error_code = ErrorCode::None;

    static constexpr void fields(auto&& f) {
        using M = EnvelopeResponse;
        f("response_data", &M::response_data, {.in = since(0), .nullable = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
    }
    bool operator==(const EnvelopeResponse&) const = default;
};

}  // namespace millrace::wire
