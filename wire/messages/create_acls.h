#pragma once
// CreateAcls: key 30, versions 1-3, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct CreateAclsRequest {
    static constexpr std::string_view kName = "CreateAclsRequest";
    static constexpr ApiKey kKey = ApiKey::CreateAcls;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct AclCreation {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t resource_pattern_type = 3;
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        static constexpr void fields(auto&& f) {
            using M = AclCreation;
            f("resource_type", &M::resource_type, {.in = since(0)});
            f("resource_name", &M::resource_name, {.in = since(0)});
            f("resource_pattern_type", &M::resource_pattern_type, {.in = since(1)});
            f("principal", &M::principal, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("operation", &M::operation, {.in = since(0)});
            f("permission_type", &M::permission_type, {.in = since(0)});
        }
        bool operator==(const AclCreation&) const = default;
    };

    std::vector<AclCreation> creations;

    static constexpr void fields(auto&& f) {
        using M = CreateAclsRequest;
        f("creations", &M::creations, {.in = since(0)});
    }
    bool operator==(const CreateAclsRequest&) const = default;
};

struct CreateAclsResponse {
    static constexpr std::string_view kName = "CreateAclsResponse";
    static constexpr ApiKey kKey = ApiKey::CreateAcls;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct AclCreationResult {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = AclCreationResult;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const AclCreationResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AclCreationResult> results;

    static constexpr void fields(auto&& f) {
        using M = CreateAclsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const CreateAclsResponse&) const = default;
};

}  // namespace millrace::wire
