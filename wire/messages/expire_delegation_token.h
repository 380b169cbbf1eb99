#pragma once
// ExpireDelegationToken: key 40, versions 1-2, flexible from version 2.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ExpireDelegationTokenRequest {
    static constexpr std::string_view kName = "ExpireDelegationTokenRequest";
    static constexpr ApiKey kKey = ApiKey::ExpireDelegationToken;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    Bytes hmac;
    std::int64_t expiry_time_period_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = ExpireDelegationTokenRequest;
        f("hmac", &M::hmac, {.in = since(0)});
        f("expiry_time_period_ms", &M::expiry_time_period_ms, {.in = since(0)});
    }
    bool operator==(const ExpireDelegationTokenRequest&) const = default;
};

struct ExpireDelegationTokenResponse {
    static constexpr std::string_view kName = "ExpireDelegationTokenResponse";
    static constexpr ApiKey kKey = ApiKey::ExpireDelegationToken;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    ErrorCode error_code = ErrorCode::None;
    std::int64_t expiry_timestamp_ms = 0;
    std::int32_t throttle_time_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = ExpireDelegationTokenResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("expiry_timestamp_ms", &M::expiry_timestamp_ms, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
    }
    bool operator==(const ExpireDelegationTokenResponse&) const = default;
};

}  // namespace millrace::wire
