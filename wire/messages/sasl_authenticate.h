#pragma once
// SaslAuthenticate: key 36, versions 0-2, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct SaslAuthenticateRequest {
    static constexpr std::string_view kName = "SaslAuthenticateRequest";
    static constexpr ApiKey kKey = ApiKey::SaslAuthenticate;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    Bytes auth_bytes;

    static constexpr void fields(auto&& f) {
        using M = SaslAuthenticateRequest;
        f("auth_bytes", &M::auth_bytes, {.in = since(0)});
    }
    bool operator==(const SaslAuthenticateRequest&) const = default;
};

struct SaslAuthenticateResponse {
    static constexpr std::string_view kName = "SaslAuthenticateResponse";
    static constexpr ApiKey kKey = ApiKey::SaslAuthenticate;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    Bytes auth_bytes;
    std::int64_t session_lifetime_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = SaslAuthenticateResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("auth_bytes", &M::auth_bytes, {.in = since(0)});
        f("session_lifetime_ms", &M::session_lifetime_ms, {.in = since(1), .ignorable = true});
    }
    bool operator==(const SaslAuthenticateResponse&) const = default;
};

}  // namespace millrace::wire
