#pragma once
// ApiVersions: key 18, versions 0-5, flexible from version 3.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ApiVersionsRequest {
    static constexpr std::string_view kName = "ApiVersionsRequest";
    static constexpr ApiKey kKey = ApiKey::ApiVersions;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    std::string client_software_name;
    std::string client_software_version;
    std::optional<std::string> cluster_id;
    std::int32_t node_id = -1;

    static constexpr void fields(auto&& f) {
        using M = ApiVersionsRequest;
        f("client_software_name", &M::client_software_name, {.in = since(3), .ignorable = true});
        f("client_software_version", &M::client_software_version,
          {.in = since(3), .ignorable = true});
        f("cluster_id", &M::cluster_id, {.in = since(5), .nullable = since(5), .ignorable = true});
        f("node_id", &M::node_id, {.in = since(5), .ignorable = true});
    }
    bool operator==(const ApiVersionsRequest&) const = default;
};

struct ApiVersionsResponse {
    static constexpr std::string_view kName = "ApiVersionsResponse";
    static constexpr ApiKey kKey = ApiKey::ApiVersions;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    struct ApiVersion {
        std::int16_t api_key = 0;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        static constexpr void fields(auto&& f) {
            using M = ApiVersion;
            f("api_key", &M::api_key, {.in = since(0)});
            f("min_version", &M::min_version, {.in = since(0)});
            f("max_version", &M::max_version, {.in = since(0)});
        }
        bool operator==(const ApiVersion&) const = default;
    };

    struct SupportedFeatureKey {
        std::string name;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        static constexpr void fields(auto&& f) {
            using M = SupportedFeatureKey;
            f("name", &M::name, {.in = since(3)});
            f("min_version", &M::min_version, {.in = since(3)});
            f("max_version", &M::max_version, {.in = since(3)});
        }
        bool operator==(const SupportedFeatureKey&) const = default;
    };

    struct FinalizedFeatureKey {
        std::string name;
        std::int16_t max_version_level = 0;
        std::int16_t min_version_level = 0;

        static constexpr void fields(auto&& f) {
            using M = FinalizedFeatureKey;
            f("name", &M::name, {.in = since(3)});
            f("max_version_level", &M::max_version_level, {.in = since(3)});
            f("min_version_level", &M::min_version_level, {.in = since(3)});
        }
        bool operator==(const FinalizedFeatureKey&) const = default;
    };

    ErrorCode error_code = ErrorCode::None;
    std::vector<ApiVersion> api_keys;
    std::int32_t throttle_time_ms = 0;
    std::vector<SupportedFeatureKey> supported_features;
    std::int64_t finalized_features_epoch = -1;
    std::vector<FinalizedFeatureKey> finalized_features;
    bool zk_migration_ready = false;

    static constexpr void fields(auto&& f) {
        using M = ApiVersionsResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("api_keys", &M::api_keys, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("supported_features", &M::supported_features,
          {.in = since(3), .tagged = since(3), .tag = 0, .ignorable = true});
        f("finalized_features_epoch", &M::finalized_features_epoch,
          {.in = since(3), .tagged = since(3), .tag = 1, .ignorable = true});
        f("finalized_features", &M::finalized_features,
          {.in = since(3), .tagged = since(3), .tag = 2, .ignorable = true});
        f("zk_migration_ready", &M::zk_migration_ready,
          {.in = since(3), .tagged = since(3), .tag = 3, .ignorable = true});
    }
    bool operator==(const ApiVersionsResponse&) const = default;
};

}  // namespace millrace::wire
