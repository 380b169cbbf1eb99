#pragma once
// RenewDelegationToken: key 39, versions 1-2, flexible from version 2.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct RenewDelegationTokenRequest {
    static constexpr std::string_view kName = "RenewDelegationTokenRequest";
    static constexpr ApiKey kKey = ApiKey::RenewDelegationToken;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    Bytes hmac;
    std::int64_t renew_period_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = RenewDelegationTokenRequest;
        f("hmac", &M::hmac, {.in = since(0)});
        f("renew_period_ms", &M::renew_period_ms, {.in = since(0)});
    }
    bool operator==(const RenewDelegationTokenRequest&) const = default;
};

struct RenewDelegationTokenResponse {
    static constexpr std::string_view kName = "RenewDelegationTokenResponse";
    static constexpr ApiKey kKey = ApiKey::RenewDelegationToken;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    ErrorCode error_code = ErrorCode::None;
    std::int64_t expiry_timestamp_ms = 0;
    std::int32_t throttle_time_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = RenewDelegationTokenResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("expiry_timestamp_ms", &M::expiry_timestamp_ms, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
    }
    bool operator==(const RenewDelegationTokenResponse&) const = default;
};

}  // namespace millrace::wire
