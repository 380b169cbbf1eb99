#pragma once
// DescribeUserScramCredentials: key 50, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeUserScramCredentialsRequest {
    static constexpr std::string_view kName = "DescribeUserScramCredentialsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeUserScramCredentials;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct UserName {
        std::string name;

        static constexpr void fields(auto&& f) {
            using M = UserName;
            f("name", &M::name, {.in = since(0)});
        }
        bool operator==(const UserName&) const = default;
    };

    std::optional<std::vector<UserName>> users = std::vector<UserName>{};

    static constexpr void fields(auto&& f) {
        using M = DescribeUserScramCredentialsRequest;
        f("users", &M::users, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeUserScramCredentialsRequest&) const = default;
};

struct DescribeUserScramCredentialsResponse {
    static constexpr std::string_view kName = "DescribeUserScramCredentialsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeUserScramCredentials;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct CredentialInfo {
        std::int8_t mechanism = 0;
        std::int32_t iterations = 0;

        static constexpr void fields(auto&& f) {
            using M = CredentialInfo;
            f("mechanism", &M::mechanism, {.in = since(0)});
            f("iterations", &M::iterations, {.in = since(0)});
        }
        bool operator==(const CredentialInfo&) const = default;
    };

    struct DescribeUserScramCredentialsResult {
        std::string user;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::vector<CredentialInfo> credential_infos;

        static constexpr void fields(auto&& f) {
            using M = DescribeUserScramCredentialsResult;
            f("user", &M::user, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("credential_infos", &M::credential_infos, {.in = since(0)});
        }
        bool operator==(const DescribeUserScramCredentialsResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::vector<DescribeUserScramCredentialsResult> results;

    static constexpr void fields(auto&& f) {
        using M = DescribeUserScramCredentialsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const DescribeUserScramCredentialsResponse&) const = default;
};

}  // namespace millrace::wire
