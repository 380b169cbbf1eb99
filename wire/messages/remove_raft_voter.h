#pragma once
// RemoveRaftVoter: key 81, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct RemoveRaftVoterRequest {
    static constexpr std::string_view kName = "RemoveRaftVoterRequest";
    static constexpr ApiKey kKey = ApiKey::RemoveRaftVoter;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::optional<std::string> cluster_id = "";
    std::int32_t voter_id = 0;
    Uuid voter_directory_id;

    static constexpr void fields(auto&& f) {
        using M = RemoveRaftVoterRequest;
        f("cluster_id", &M::cluster_id, {.in = since(0), .nullable = since(0)});
        f("voter_id", &M::voter_id, {.in = since(0)});
        f("voter_directory_id", &M::voter_directory_id, {.in = since(0)});
    }
    bool operator==(const RemoveRaftVoterRequest&) const = default;
};

struct RemoveRaftVoterResponse {
    static constexpr std::string_view kName = "RemoveRaftVoterResponse";
    static constexpr ApiKey kKey = ApiKey::RemoveRaftVoter;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& f) {
        using M = RemoveRaftVoterResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message,
          {.in = since(0), .nullable = since(0), .ignorable = true});
    }
    bool operator==(const RemoveRaftVoterResponse&) const = default;
};

}  // namespace millrace::wire
