#pragma once
// ControllerRegistration: key 70, version 0, flexible from version 0.
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

struct ControllerRegistrationRequest {
    static constexpr std::string_view kName = "ControllerRegistrationRequest";
    static constexpr ApiKey kKey = ApiKey::ControllerRegistration;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Listener {
        std::string name;
        std::string host;
        std::uint16_t port = 0;
        std::int16_t security_protocol = 0;

        static constexpr void fields(auto&& f) {
            using M = Listener;
            f("name", &M::name, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("security_protocol", &M::security_protocol, {.in = since(0)});
        }
        bool operator==(const Listener&) const = default;
    };

    struct Feature {
        std::string name;
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        static constexpr void fields(auto&& f) {
            using M = Feature;
            f("name", &M::name, {.in = since(0)});
            f("min_supported_version", &M::min_supported_version, {.in = since(0)});
            f("max_supported_version", &M::max_supported_version, {.in = since(0)});
        }
        bool operator==(const Feature&) const = default;
    };

    std::int32_t controller_id = 0;
    Uuid incarnation_id;
    bool zk_migration_ready = false;
    std::vector<Listener> listeners;
    std::vector<Feature> features;

    static constexpr void fields(auto&& f) {
        using M = ControllerRegistrationRequest;
        f("controller_id", &M::controller_id, {.in = since(0)});
        f("incarnation_id", &M::incarnation_id, {.in = since(0)});
        f("zk_migration_ready", &M::zk_migration_ready, {.in = since(0)});
        f("listeners", &M::listeners, {.in = since(0)});
        f("features", &M::features, {.in = since(0)});
    }
    bool operator==(const ControllerRegistrationRequest&) const = default;
};

struct ControllerRegistrationResponse {
    static constexpr std::string_view kName = "ControllerRegistrationResponse";
    static constexpr ApiKey kKey = ApiKey::ControllerRegistration;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& f) {
        using M = ControllerRegistrationResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ControllerRegistrationResponse&) const = default;
};

}  // namespace millrace::wire
