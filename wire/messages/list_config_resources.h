#pragma once
// ListConfigResources: key 74, versions 0-1, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ListConfigResourcesRequest {
    static constexpr std::string_view kName = "ListConfigResourcesRequest";
    static constexpr ApiKey kKey = ApiKey::ListConfigResources;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    std::vector<std::int8_t> resource_types;

    static constexpr void fields(auto&& f) {
        using M = ListConfigResourcesRequest;
        f("resource_types", &M::resource_types, {.in = since(1)});
    }
    bool operator==(const ListConfigResourcesRequest&) const = default;
};

struct ListConfigResourcesResponse {
    static constexpr std::string_view kName = "ListConfigResourcesResponse";
    static constexpr ApiKey kKey = ApiKey::ListConfigResources;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct ConfigResource {
        std::string resource_name;
        std::int8_t resource_type = 16;

        static constexpr void fields(auto&& f) {
            using M = ConfigResource;
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("resource_type", &M::resource_type, {.in = since(1), .ignorable = true});
        }
        bool operator==(const ConfigResource&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<ConfigResource> config_resources;

    static constexpr void fields(auto&& f) {
        using M = ListConfigResourcesResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("config_resources", &M::config_resources, {.in = since(0)});
    }
    bool operator==(const ListConfigResourcesResponse&) const = default;
};

}  // namespace millrace::wire
