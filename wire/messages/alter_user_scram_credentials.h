#pragma once
// AlterUserScramCredentials: key 51, version 0, flexible from version 0.
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

struct AlterUserScramCredentialsRequest {
    static constexpr std::string_view kName = "AlterUserScramCredentialsRequest";
    static constexpr ApiKey kKey = ApiKey::AlterUserScramCredentials;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct ScramCredentialDeletion {
        std::string name;
        std::int8_t mechanism = 0;

        static constexpr void fields(auto&& f) {
            using M = ScramCredentialDeletion;
            f("name", &M::name, {.in = since(0)});
            f("mechanism", &M::mechanism, {.in = since(0)});
        }
        bool operator==(const ScramCredentialDeletion&) const = default;
    };

    struct ScramCredentialUpsertion {
        std::string name;
        std::int8_t mechanism = 0;
        std::int32_t iterations = 0;
        Bytes salt;
        Bytes salted_password;

        static constexpr void fields(auto&& f) {
            using M = ScramCredentialUpsertion;
            f("name", &M::name, {.in = since(0)});
            f("mechanism", &M::mechanism, {.in = since(0)});
            f("iterations", &M::iterations, {.in = since(0)});
            f("salt", &M::salt, {.in = since(0)});
            f("salted_password", &M::salted_password, {.in = since(0)});
        }
        bool operator==(const ScramCredentialUpsertion&) const = default;
    };

    std::vector<ScramCredentialDeletion> deletions;
    std::vector<ScramCredentialUpsertion> upsertions;

    static constexpr void fields(auto&& f) {
        using M = AlterUserScramCredentialsRequest;
        f("deletions", &M::deletions, {.in = since(0)});
        f("upsertions", &M::upsertions, {.in = since(0)});
    }
    bool operator==(const AlterUserScramCredentialsRequest&) const = default;
};

struct AlterUserScramCredentialsResponse {
    static constexpr std::string_view kName = "AlterUserScramCredentialsResponse";
    static constexpr ApiKey kKey = ApiKey::AlterUserScramCredentials;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct AlterUserScramCredentialsResult {
        std::string user;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = AlterUserScramCredentialsResult;
            f("user", &M::user, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const AlterUserScramCredentialsResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterUserScramCredentialsResult> results;

    static constexpr void fields(auto&& f) {
        using M = AlterUserScramCredentialsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const AlterUserScramCredentialsResponse&) const = default;
};

}  // namespace millrace::wire
