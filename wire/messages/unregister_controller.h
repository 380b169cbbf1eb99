#pragma once
// UnregisterController: key 94, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct UnregisterControllerRequest {
    static constexpr std::string_view kName = "UnregisterControllerRequest";
    static constexpr ApiKey kKey = ApiKey::UnregisterController;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t controller_id = 0;

    static constexpr void fields(auto&& f) {
        using M = UnregisterControllerRequest;
        f("controller_id", &M::controller_id, {.in = since(0)});
    }
    bool operator==(const UnregisterControllerRequest&) const = default;
};

struct UnregisterControllerResponse {
    static constexpr std::string_view kName = "UnregisterControllerResponse";
    static constexpr ApiKey kKey = ApiKey::UnregisterController;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& f) {
        using M = UnregisterControllerResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const UnregisterControllerResponse&) const = default;
};

}  // namespace millrace::wire
