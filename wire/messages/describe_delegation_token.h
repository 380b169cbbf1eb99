#pragma once
// DescribeDelegationToken: key 41, versions 1-3, flexible from version 2.
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

struct DescribeDelegationTokenRequest {
    static constexpr std::string_view kName = "DescribeDelegationTokenRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeDelegationToken;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct DescribeDelegationTokenOwner {
        std::string principal_type;
        std::string principal_name;

        static constexpr void fields(auto&& f) {
            using M = DescribeDelegationTokenOwner;
            f("principal_type", &M::principal_type, {.in = since(0)});
            f("principal_name", &M::principal_name, {.in = since(0)});
        }
        bool operator==(const DescribeDelegationTokenOwner&) const = default;
    };

    std::optional<std::vector<DescribeDelegationTokenOwner>> owners =
        std::vector<DescribeDelegationTokenOwner>{};

    static constexpr void fields(auto&& f) {
        using M = DescribeDelegationTokenRequest;
        f("owners", &M::owners, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeDelegationTokenRequest&) const = default;
};

struct DescribeDelegationTokenResponse {
    static constexpr std::string_view kName = "DescribeDelegationTokenResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeDelegationToken;
    static constexpr Versions kValid = between(1, 3), kFlexible = since(2);

    struct DescribedDelegationTokenRenewer {
        std::string principal_type;
        std::string principal_name;

        static constexpr void fields(auto&& f) {
            using M = DescribedDelegationTokenRenewer;
            f("principal_type", &M::principal_type, {.in = since(0)});
            f("principal_name", &M::principal_name, {.in = since(0)});
        }
        bool operator==(const DescribedDelegationTokenRenewer&) const = default;
    };

    struct DescribedDelegationToken {
        std::string principal_type;
        std::string principal_name;
        std::string token_requester_principal_type;
        std::string token_requester_principal_name;
        std::int64_t issue_timestamp = 0;
        std::int64_t expiry_timestamp = 0;
        std::int64_t max_timestamp = 0;
        std::string token_id;
        Bytes hmac;
        std::vector<DescribedDelegationTokenRenewer> renewers;

        static constexpr void fields(auto&& f) {
            using M = DescribedDelegationToken;
            f("principal_type", &M::principal_type, {.in = since(0)});
            f("principal_name", &M::principal_name, {.in = since(0)});
            f("token_requester_principal_type", &M::token_requester_principal_type,
              {.in = since(3)});
            f("token_requester_principal_name", &M::token_requester_principal_name,
              {.in = since(3)});
            f("issue_timestamp", &M::issue_timestamp, {.in = since(0)});
            f("expiry_timestamp", &M::expiry_timestamp, {.in = since(0)});
            f("max_timestamp", &M::max_timestamp, {.in = since(0)});
            f("token_id", &M::token_id, {.in = since(0)});
            f("hmac", &M::hmac, {.in = since(0)});
            f("renewers", &M::renewers, {.in = since(0)});
        }
        bool operator==(const DescribedDelegationToken&) const = default;
    };

    ErrorCode error_code = ErrorCode::None;
    std::vector<DescribedDelegationToken> tokens;
    std::int32_t throttle_time_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = DescribeDelegationTokenResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("tokens", &M::tokens, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
    }
    bool operator==(const DescribeDelegationTokenResponse&) const = default;
};

}  // namespace millrace::wire
