#pragma once
// __cluster_metadata: tokens, SCRAM credentials, access control.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DelegationTokenRecord {
    static constexpr std::string_view kName = "DelegationTokenRecord";
    static constexpr std::int16_t kType = 10;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string owner;
    std::string requester;
    std::vector<std::string> renewers;
    std::int64_t issue_timestamp = 0;
    std::int64_t max_timestamp = 0;
    std::int64_t expiration_timestamp = 0;
    std::string token_id;

    static constexpr void fields(auto&& f) {
        using M = DelegationTokenRecord;
        f("owner", &M::owner, {.in = since(0)});
        f("requester", &M::requester, {.in = since(0)});
        f("renewers", &M::renewers, {.in = since(0)});
        f("issue_timestamp", &M::issue_timestamp, {.in = since(0)});
        f("max_timestamp", &M::max_timestamp, {.in = since(0)});
        f("expiration_timestamp", &M::expiration_timestamp, {.in = since(0)});
        f("token_id", &M::token_id, {.in = since(0)});
    }
    bool operator==(const DelegationTokenRecord&) const = default;
};

struct UserScramCredentialRecord {
    static constexpr std::string_view kName = "UserScramCredentialRecord";
    static constexpr std::int16_t kType = 11;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string name;
    std::int8_t mechanism = 0;
    Bytes salt;
    Bytes stored_key;
    Bytes server_key;
    std::int32_t iterations = 0;

    static constexpr void fields(auto&& f) {
        using M = UserScramCredentialRecord;
        f("name", &M::name, {.in = since(0)});
        f("mechanism", &M::mechanism, {.in = since(0)});
        f("salt", &M::salt, {.in = since(0)});
        f("stored_key", &M::stored_key, {.in = since(0)});
        f("server_key", &M::server_key, {.in = since(0)});
        f("iterations", &M::iterations, {.in = since(0)});
    }
    bool operator==(const UserScramCredentialRecord&) const = default;
};

struct AccessControlEntryRecord {
    static constexpr std::string_view kName = "AccessControlEntryRecord";
    static constexpr std::int16_t kType = 18;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Uuid id;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::int8_t pattern_type = 0;
    std::string principal;
    std::string host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    static constexpr void fields(auto&& f) {
        using M = AccessControlEntryRecord;
        f("id", &M::id, {.in = since(0)});
        f("resource_type", &M::resource_type, {.in = since(0)});
        f("resource_name", &M::resource_name, {.in = since(0)});
        f("pattern_type", &M::pattern_type, {.in = since(0)});
        f("principal", &M::principal, {.in = since(0)});
        f("host", &M::host, {.in = since(0)});
        f("operation", &M::operation, {.in = since(0)});
        f("permission_type", &M::permission_type, {.in = since(0)});
    }
    bool operator==(const AccessControlEntryRecord&) const = default;
};

struct RemoveAccessControlEntryRecord {
    static constexpr std::string_view kName = "RemoveAccessControlEntryRecord";
    static constexpr std::int16_t kType = 19;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Uuid id;

    static constexpr void fields(auto&& f) {
        using M = RemoveAccessControlEntryRecord;
        f("id", &M::id, {.in = since(0)});
    }
    bool operator==(const RemoveAccessControlEntryRecord&) const = default;
};

struct RemoveUserScramCredentialRecord {
    static constexpr std::string_view kName = "RemoveUserScramCredentialRecord";
    static constexpr std::int16_t kType = 22;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string name;
    std::int8_t mechanism = 0;

    static constexpr void fields(auto&& f) {
        using M = RemoveUserScramCredentialRecord;
        f("name", &M::name, {.in = since(0)});
        f("mechanism", &M::mechanism, {.in = since(0)});
    }
    bool operator==(const RemoveUserScramCredentialRecord&) const = default;
};

struct RemoveDelegationTokenRecord {
    static constexpr std::string_view kName = "RemoveDelegationTokenRecord";
    static constexpr std::int16_t kType = 26;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string token_id;

    static constexpr void fields(auto&& f) {
        using M = RemoveDelegationTokenRecord;
        f("token_id", &M::token_id, {.in = since(0)});
    }
    bool operator==(const RemoveDelegationTokenRecord&) const = default;
};

}  // namespace millrace::wire
