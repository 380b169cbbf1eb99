#pragma once
// UnregisterBroker: key 64, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct UnregisterBrokerRequest {
    static constexpr std::string_view kName = "UnregisterBrokerRequest";
    static constexpr ApiKey kKey = ApiKey::UnregisterBroker;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t broker_id = 0;

    static constexpr void fields(auto&& f) {
        using M = UnregisterBrokerRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
    }
    bool operator==(const UnregisterBrokerRequest&) const = default;
};

struct UnregisterBrokerResponse {
    static constexpr std::string_view kName = "UnregisterBrokerResponse";
    static constexpr ApiKey kKey = ApiKey::UnregisterBroker;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& f) {
        using M = UnregisterBrokerResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const UnregisterBrokerResponse&) const = default;
};

}  // namespace millrace::wire
