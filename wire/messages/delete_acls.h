#pragma once
// DeleteAcls: key 31, versions 1-3, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DeleteAclsRequest {
    static constexpr std::string_view kName = "DeleteAclsRequest";
    static constexpr ApiKey kKey = ApiKey::DeleteAcls;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct DeleteAclsFilter {
        std::int8_t resource_type_filter = 0;
        std::optional<std::string> resource_name_filter = "";
        std::int8_t pattern_type_filter = 3;
        std::optional<std::string> principal_filter = "";
        std::optional<std::string> host_filter = "";
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        static constexpr void fields(auto&& f) {
            using M = DeleteAclsFilter;
            f("resource_type_filter", &M::resource_type_filter, {.in = since(0)});
            f("resource_name_filter", &M::resource_name_filter,
              {.in = since(0), .nullable = since(0)});
            f("pattern_type_filter", &M::pattern_type_filter, {.in = since(1)});
            f("principal_filter", &M::principal_filter, {.in = since(0), .nullable = since(0)});
            f("host_filter", &M::host_filter, {.in = since(0), .nullable = since(0)});
            f("operation", &M::operation, {.in = since(0)});
            f("permission_type", &M::permission_type, {.in = since(0)});
        }
        bool operator==(const DeleteAclsFilter&) const = default;
    };

    std::vector<DeleteAclsFilter> filters;

    static constexpr void fields(auto&& f) {
        using M = DeleteAclsRequest;
        f("filters", &M::filters, {.in = since(0)});
    }
    bool operator==(const DeleteAclsRequest&) const = default;
};

struct DeleteAclsResponse {
    static constexpr std::string_view kName = "DeleteAclsResponse";
    static constexpr ApiKey kKey = ApiKey::DeleteAcls;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct DeleteAclsMatchingAcl {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t pattern_type = 3;
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        static constexpr void fields(auto&& f) {
            using M = DeleteAclsMatchingAcl;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("pattern_type", &M::pattern_type, {.in = since(1)});
            f("principal", &M::principal, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("operation", &M::operation, {.in = since(0)});
            f("permission_type", &M::permission_type, {.in = since(0)});
        }
        bool operator==(const DeleteAclsMatchingAcl&) const = default;
    };

    struct DeleteAclsFilterResult {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::vector<DeleteAclsMatchingAcl> matching_acls;

        static constexpr void fields(auto&& f) {
            using M = DeleteAclsFilterResult;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("matching_acls", &M::matching_acls, {.in = since(0)});
        }
        bool operator==(const DeleteAclsFilterResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeleteAclsFilterResult> filter_results;

    static constexpr void fields(auto&& f) {
        using M = DeleteAclsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("filter_results", &M::filter_results, {.in = since(0)});
    }
    bool operator==(const DeleteAclsResponse&) const = default;
};

}  // namespace millrace::wire
