#pragma once
// PushTelemetry: key 72, version 0, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct PushTelemetryRequest {
    static constexpr std::string_view kName = "PushTelemetryRequest";
    static constexpr ApiKey kKey = ApiKey::PushTelemetry;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Uuid client_instance_id;
    std::int32_t subscription_id = 0;
    bool terminating = false;
    std::int8_t compression_type = 0;
    Bytes metrics;

    static constexpr void fields(auto&& f) {
        using M = PushTelemetryRequest;
        f("client_instance_id", &M::client_instance_id, {.in = since(0)});
        f("subscription_id", &M::subscription_id, {.in = since(0)});
        f("terminating", &M::terminating, {.in = since(0)});
        f("compression_type", &M::compression_type, {.in = since(0)});
        f("metrics", &M::metrics, {.in = since(0)});
    }
    bool operator==(const PushTelemetryRequest&) const = default;
};

struct PushTelemetryResponse {
    static constexpr std::string_view kName = "PushTelemetryResponse";
    static constexpr ApiKey kKey = ApiKey::PushTelemetry;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;

    static constexpr void fields(auto&& f) {
        using M = PushTelemetryResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
    }
    bool operator==(const PushTelemetryResponse&) const = default;
};

}  // namespace millrace::wire
