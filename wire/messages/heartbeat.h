#pragma once
// Heartbeat: key 12, versions 0-4, flexible from version 4.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct HeartbeatRequest {
    static constexpr std::string_view kName = "HeartbeatRequest";
    static constexpr ApiKey kKey = ApiKey::Heartbeat;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(4);

    std::string group_id;
    std::int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;

    static constexpr void fields(auto&& f) {
        using M = HeartbeatRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("generation_id", &M::generation_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("group_instance_id", &M::group_instance_id, {.in = since(3), .nullable = since(3)});
    }
    bool operator==(const HeartbeatRequest&) const = default;
};

struct HeartbeatResponse {
    static constexpr std::string_view kName = "HeartbeatResponse";
    static constexpr ApiKey kKey = ApiKey::Heartbeat;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(4);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;

    static constexpr void fields(auto&& f) {
        using M = HeartbeatResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
    }
    bool operator==(const HeartbeatResponse&) const = default;
};

}  // namespace millrace::wire
