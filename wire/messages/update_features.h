#pragma once
// UpdateFeatures: key 57, versions 0-2, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct UpdateFeaturesRequest {
    static constexpr std::string_view kName = "UpdateFeaturesRequest";
    static constexpr ApiKey kKey = ApiKey::UpdateFeatures;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct FeatureUpdateKey {
        std::string feature;
        std::int16_t max_version_level = 0;
        bool allow_downgrade = false;
        std::int8_t upgrade_type = 1;

        static constexpr void fields(auto&& f) {
            using M = FeatureUpdateKey;
            f("feature", &M::feature, {.in = since(0)});
            f("max_version_level", &M::max_version_level, {.in = since(0)});
            f("allow_downgrade", &M::allow_downgrade, {.in = only(0)});
            f("upgrade_type", &M::upgrade_type, {.in = since(1)});
        }
        bool operator==(const FeatureUpdateKey&) const = default;
    };

    std::int32_t timeout_ms = 60000;
    std::vector<FeatureUpdateKey> feature_updates;
    bool validate_only = false;

    static constexpr void fields(auto&& f) {
        using M = UpdateFeaturesRequest;
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("feature_updates", &M::feature_updates, {.in = since(0)});
        f("validate_only", &M::validate_only, {.in = since(1)});
    }
    bool operator==(const UpdateFeaturesRequest&) const = default;
};

struct UpdateFeaturesResponse {
    static constexpr std::string_view kName = "UpdateFeaturesResponse";
    static constexpr ApiKey kKey = ApiKey::UpdateFeatures;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct UpdatableFeatureResult {
        std::string feature;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = UpdatableFeatureResult;
            f("feature", &M::feature, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const UpdatableFeatureResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::vector<UpdatableFeatureResult> results;

    static constexpr void fields(auto&& f) {
        using M = UpdateFeaturesResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("results", &M::results, {.in = between(0, 1), .ignorable = true});
    }
    bool operator==(const UpdateFeaturesResponse&) const = default;
};

}  // namespace millrace::wire
