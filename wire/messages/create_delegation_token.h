#pragma once
// CreateDelegationToken: key 38, versions 1-3, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct CreateDelegationTokenRequest {
    static constexpr std::string_view kName = "CreateDelegationTokenRequest";
    static constexpr ApiKey kKey = ApiKey::CreateDelegationToken;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct CreatableRenewers {
        std::string principal_type;
        std::string principal_name;

        static constexpr void fields(auto&& f) {
            using M = CreatableRenewers;
            f("principal_type", &M::principal_type, {.in = since(0)});
            f("principal_name", &M::principal_name, {.in = since(0)});
        }
        bool operator==(const CreatableRenewers&) const = default;
    };

    std::optional<std::string> owner_principal_type = "";
    std::optional<std::string> owner_principal_name = "";
    std::vector<CreatableRenewers> renewers;
    std::int64_t max_lifetime_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = CreateDelegationTokenRequest;
        f("owner_principal_type", &M::owner_principal_type, {.in = since(3), .nullable = since(3)});
        f("owner_principal_name", &M::owner_principal_name, {.in = since(3), .nullable = since(3)});
        f("renewers", &M::renewers, {.in = since(0)});
        f("max_lifetime_ms", &M::max_lifetime_ms, {.in = since(0)});
    }
    bool operator==(const CreateDelegationTokenRequest&) const = default;
};

struct CreateDelegationTokenResponse {
    static constexpr std::string_view kName = "CreateDelegationTokenResponse";
    static constexpr ApiKey kKey = ApiKey::CreateDelegationToken;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    ErrorCode error_code = ErrorCode::None;
    std::string principal_type;
    std::string principal_name;
    std::string token_requester_principal_type;
    std::string token_requester_principal_name;
    std::int64_t issue_timestamp_ms = 0;
    std::int64_t expiry_timestamp_ms = 0;
    std::int64_t max_timestamp_ms = 0;
    std::string token_id;
    Bytes hmac;
    std::int32_t throttle_time_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = CreateDelegationTokenResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("principal_type", &M::principal_type, {.in = since(0)});
        f("principal_name", &M::principal_name, {.in = since(0)});
        f("token_requester_principal_type", &M::token_requester_principal_type, {.in = since(3)});
        f("token_requester_principal_name", &M::token_requester_principal_name, {.in = since(3)});
        f("issue_timestamp_ms", &M::issue_timestamp_ms, {.in = since(0)});
        f("expiry_timestamp_ms", &M::expiry_timestamp_ms, {.in = since(0)});
        f("max_timestamp_ms", &M::max_timestamp_ms, {.in = since(0)});
        f("token_id", &M::token_id, {.in = since(0)});
        f("hmac", &M::hmac, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
    }
    bool operator==(const CreateDelegationTokenResponse&) const = default;
};

}  // namespace millrace::wire
