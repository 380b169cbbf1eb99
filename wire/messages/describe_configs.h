#pragma once
// DescribeConfigs: key 32, versions 1-4, flexible from version 4.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeConfigsRequest {
    static constexpr std::string_view kName = "DescribeConfigsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeConfigs;
    static constexpr Versions kValid = between(1, 4), kFlexible = since(4);

    struct DescribeConfigsResource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};

        static constexpr void fields(auto&& f) {
            using M = DescribeConfigsResource;
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("configuration_keys", &M::configuration_keys, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const DescribeConfigsResource&) const = default;
    };

    std::vector<DescribeConfigsResource> resources;
    bool include_synonyms = false;
    bool include_documentation = false;

    static constexpr void fields(auto&& f) {
        using M = DescribeConfigsRequest;
        f("resources", &M::resources, {.in = since(0)});
        f("include_synonyms", &M::include_synonyms, {.in = since(1)});
        f("include_documentation", &M::include_documentation, {.in = since(3)});
    }
    bool operator==(const DescribeConfigsRequest&) const = default;
};

struct DescribeConfigsResponse {
    static constexpr std::string_view kName = "DescribeConfigsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeConfigs;
    static constexpr Versions kValid = between(1, 4), kFlexible = since(4);

    struct DescribeConfigsSynonym {
        std::string name;
        std::optional<std::string> value = "";
        std::int8_t source = 0;

        static constexpr void fields(auto&& f) {
            using M = DescribeConfigsSynonym;
            f("name", &M::name, {.in = since(1)});
            f("value", &M::value, {.in = since(1), .nullable = since(0)});
            f("source", &M::source, {.in = since(1)});
        }
        bool operator==(const DescribeConfigsSynonym&) const = default;
    };

    struct DescribeConfigsResourceResult {
        std::string name;
        std::optional<std::string> value = "";
        bool read_only = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;
        std::vector<DescribeConfigsSynonym> synonyms;
        std::int8_t config_type = 0;
        std::optional<std::string> documentation = "";

        static constexpr void fields(auto&& f) {
            using M = DescribeConfigsResourceResult;
            f("name", &M::name, {.in = since(0)});
            f("value", &M::value, {.in = since(0), .nullable = since(0)});
            f("read_only", &M::read_only, {.in = since(0)});
            f("config_source", &M::config_source, {.in = since(1), .ignorable = true});
            f("is_sensitive", &M::is_sensitive, {.in = since(0)});
            f("synonyms", &M::synonyms, {.in = since(1), .ignorable = true});
            f("config_type", &M::config_type, {.in = since(3), .ignorable = true});
            f("documentation", &M::documentation,
              {.in = since(3), .nullable = since(0), .ignorable = true});
        }
        bool operator==(const DescribeConfigsResourceResult&) const = default;
    };

    struct DescribeConfigsResult {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<DescribeConfigsResourceResult> configs;

        static constexpr void fields(auto&& f) {
            using M = DescribeConfigsResult;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("configs", &M::configs, {.in = since(0)});
        }
        bool operator==(const DescribeConfigsResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribeConfigsResult> results;

    static constexpr void fields(auto&& f) {
        using M = DescribeConfigsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const DescribeConfigsResponse&) const = default;
};

}  // namespace millrace::wire
