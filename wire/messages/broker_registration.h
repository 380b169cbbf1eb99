#pragma once
// BrokerRegistration: key 62, versions 0-4, flexible from version 0.
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

struct BrokerRegistrationRequest {
    static constexpr std::string_view kName = "BrokerRegistrationRequest";
    static constexpr ApiKey kKey = ApiKey::BrokerRegistration;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(0);

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

    std::int32_t broker_id = 0;
    std::string cluster_id;
    Uuid incarnation_id;
    std::vector<Listener> listeners;
    std::vector<Feature> features;
    std::optional<std::string> rack = "";
    bool is_migrating_zk_broker = false;
    std::vector<Uuid> log_dirs;
    std::int64_t previous_broker_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = BrokerRegistrationRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("cluster_id", &M::cluster_id, {.in = since(0)});
        f("incarnation_id", &M::incarnation_id, {.in = since(0)});
        f("listeners", &M::listeners, {.in = since(0)});
        f("features", &M::features, {.in = since(0)});
        f("rack", &M::rack, {.in = since(0), .nullable = since(0)});
        f("is_migrating_zk_broker", &M::is_migrating_zk_broker, {.in = since(1)});
        f("log_dirs", &M::log_dirs, {.in = since(2), .ignorable = true});
        f("previous_broker_epoch", &M::previous_broker_epoch, {.in = since(3), .ignorable = true});
    }
    bool operator==(const BrokerRegistrationRequest&) const = default;
};

struct BrokerRegistrationResponse {
    static constexpr std::string_view kName = "BrokerRegistrationResponse";
    static constexpr ApiKey kKey = ApiKey::BrokerRegistration;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int64_t broker_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = BrokerRegistrationResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
    }
    bool operator==(const BrokerRegistrationResponse&) const = default;
};

}  // namespace millrace::wire
