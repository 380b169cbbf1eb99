#pragma once
// AlterConfigs: key 33, versions 0-2, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AlterConfigsRequest {
    static constexpr std::string_view kName = "AlterConfigsRequest";
    static constexpr ApiKey kKey = ApiKey::AlterConfigs;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct AlterableConfig {
        std::string name;
        std::optional<std::string> value = "";

        static constexpr void fields(auto&& f) {
            using M = AlterableConfig;
            f("name", &M::name, {.in = since(0)});
            f("value", &M::value, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const AlterableConfig&) const = default;
    };

    struct AlterConfigsResource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<AlterableConfig> configs;

        static constexpr void fields(auto&& f) {
            using M = AlterConfigsResource;
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("configs", &M::configs, {.in = since(0)});
        }
        bool operator==(const AlterConfigsResource&) const = default;
    };

    std::vector<AlterConfigsResource> resources;
    bool validate_only = false;

    static constexpr void fields(auto&& f) {
        using M = AlterConfigsRequest;
        f("resources", &M::resources, {.in = since(0)});
        f("validate_only", &M::validate_only, {.in = since(0)});
    }
    bool operator==(const AlterConfigsRequest&) const = default;
};

struct AlterConfigsResponse {
    static constexpr std::string_view kName = "AlterConfigsResponse";
    static constexpr ApiKey kKey = ApiKey::AlterConfigs;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct AlterConfigsResourceResponse {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::int8_t resource_type = 0;
        std::string resource_name;

        static constexpr void fields(auto&& f) {
            using M = AlterConfigsResourceResponse;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
        }
        bool operator==(const AlterConfigsResourceResponse&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterConfigsResourceResponse> responses;

    static constexpr void fields(auto&& f) {
        using M = AlterConfigsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("responses", &M::responses, {.in = since(0)});
    }
    bool operator==(const AlterConfigsResponse&) const = default;
};

}  // namespace millrace::wire
