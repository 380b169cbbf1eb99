#pragma once
// BrokerHeartbeat: key 63, versions 0-2, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct BrokerHeartbeatRequest {
    static constexpr std::string_view kName = "BrokerHeartbeatRequest";
    static constexpr ApiKey kKey = ApiKey::BrokerHeartbeat;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;
    std::int64_t current_metadata_offset = 0;
    bool want_fence = false;
    bool want_shut_down = false;
    std::vector<Uuid> offline_log_dirs;
    std::optional<std::vector<Uuid>> cordoned_log_dirs;

    static constexpr void fields(auto&& f) {
        using M = BrokerHeartbeatRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("current_metadata_offset", &M::current_metadata_offset, {.in = since(0)});
        f("want_fence", &M::want_fence, {.in = since(0)});
        f("want_shut_down", &M::want_shut_down, {.in = since(0)});
        f("offline_log_dirs", &M::offline_log_dirs, {.in = since(1), .tagged = since(1), .tag = 0});
        f("cordoned_log_dirs", &M::cordoned_log_dirs,
          {.in = since(2), .nullable = since(2), .tagged = since(2), .tag = 1});
    }
    bool operator==(const BrokerHeartbeatRequest&) const = default;
};

struct BrokerHeartbeatResponse {
    static constexpr std::string_view kName = "BrokerHeartbeatResponse";
    static constexpr ApiKey kKey = ApiKey::BrokerHeartbeat;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    bool is_caught_up = false;
    bool is_fenced = true;
    bool should_shut_down = false;

    static constexpr void fields(auto&& f) {
        using M = BrokerHeartbeatResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("is_caught_up", &M::is_caught_up, {.in = since(0)});
        f("is_fenced", &M::is_fenced, {.in = since(0)});
        f("should_shut_down", &M::should_shut_down, {.in = since(0)});
    }
    bool operator==(const BrokerHeartbeatResponse&) const = default;
};

}  // namespace millrace::wire
