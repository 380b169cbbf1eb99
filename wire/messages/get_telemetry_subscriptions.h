#pragma once
// GetTelemetrySubscriptions: key 71, version 0, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct GetTelemetrySubscriptionsRequest {
    static constexpr std::string_view kName = "GetTelemetrySubscriptionsRequest";
    static constexpr ApiKey kKey = ApiKey::GetTelemetrySubscriptions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Uuid client_instance_id;

    static constexpr void fields(auto&& f) {
        using M = GetTelemetrySubscriptionsRequest;
        f("client_instance_id", &M::client_instance_id, {.in = since(0)});
    }
    bool operator==(const GetTelemetrySubscriptionsRequest&) const = default;
};

struct GetTelemetrySubscriptionsResponse {
    static constexpr std::string_view kName = "GetTelemetrySubscriptionsResponse";
    static constexpr ApiKey kKey = ApiKey::GetTelemetrySubscriptions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    Uuid client_instance_id;
    std::int32_t subscription_id = 0;
    std::vector<std::int8_t> accepted_compression_types;
    std::int32_t push_interval_ms = 0;
    std::int32_t telemetry_max_bytes = 0;
    bool delta_temporality = false;
    std::vector<std::string> requested_metrics;

    static constexpr void fields(auto&& f) {
        using M = GetTelemetrySubscriptionsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("client_instance_id", &M::client_instance_id, {.in = since(0)});
        f("subscription_id", &M::subscription_id, {.in = since(0)});
        f("accepted_compression_types", &M::accepted_compression_types, {.in = since(0)});
        f("push_interval_ms", &M::push_interval_ms, {.in = since(0)});
        f("telemetry_max_bytes", &M::telemetry_max_bytes, {.in = since(0)});
        f("delta_temporality", &M::delta_temporality, {.in = since(0)});
        f("requested_metrics", &M::requested_metrics, {.in = since(0)});
    }
    bool operator==(const GetTelemetrySubscriptionsResponse&) const = default;
};

}  // namespace millrace::wire
