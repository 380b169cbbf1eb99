#pragma once
// FindCoordinator: key 10, versions 0-6, flexible from version 3.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct FindCoordinatorRequest {
    static constexpr std::string_view kName = "FindCoordinatorRequest";
    static constexpr ApiKey kKey = ApiKey::FindCoordinator;
    static constexpr Versions kValid = between(0, 6), kFlexible = since(3);

    std::string key;
    std::int8_t key_type = 0;
    std::vector<std::string> coordinator_keys;

    static constexpr void fields(auto&& f) {
        using M = FindCoordinatorRequest;
        f("key", &M::key, {.in = between(0, 3)});
        f("key_type", &M::key_type, {.in = since(1)});
        f("coordinator_keys", &M::coordinator_keys, {.in = since(4)});
    }
    bool operator==(const FindCoordinatorRequest&) const = default;
};

struct FindCoordinatorResponse {
    static constexpr std::string_view kName = "FindCoordinatorResponse";
    static constexpr ApiKey kKey = ApiKey::FindCoordinator;
    static constexpr Versions kValid = between(0, 6), kFlexible = since(3);

    struct Coordinator {
        std::string key;
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = Coordinator;
            f("key", &M::key, {.in = since(4)});
            f("node_id", &M::node_id, {.in = since(4)});
            f("host", &M::host, {.in = since(4)});
            f("port", &M::port, {.in = since(4)});
            f("error_code", &M::error_code, {.in = since(4)});
            f("error_message", &M::error_message,
              {.in = since(4), .nullable = since(4), .ignorable = true});
        }
        bool operator==(const Coordinator&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::vector<Coordinator> coordinators;

    static constexpr void fields(auto&& f) {
        using M = FindCoordinatorResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = between(0, 3)});
        f("error_message", &M::error_message,
          {.in = between(1, 3), .nullable = between(1, 3), .ignorable = true});
        f("node_id", &M::node_id, {.in = between(0, 3)});
        f("host", &M::host, {.in = between(0, 3)});
        f("port", &M::port, {.in = between(0, 3)});
        f("coordinators", &M::coordinators, {.in = since(4)});
    }
    bool operator==(const FindCoordinatorResponse&) const = default;
};

}  // namespace millrace::wire
