#pragma once
// AddRaftVoter: key 80, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AddRaftVoterRequest {
    static constexpr std::string_view kName = "AddRaftVoterRequest";
    static constexpr ApiKey kKey = ApiKey::AddRaftVoter;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Listener {
        std::string name;
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = Listener;
            f("name", &M::name, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
        }
        bool operator==(const Listener&) const = default;
    };

    std::optional<std::string> cluster_id = "";
    std::int32_t timeout_ms = 0;
    std::int32_t voter_id = 0;
    Uuid voter_directory_id;
    std::vector<Listener> listeners;
    bool ack_when_committed = true;

    static constexpr void fields(auto&& f) {
        using M = AddRaftVoterRequest;
        f("cluster_id", &M::cluster_id, {.in = since(0), .nullable = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("voter_id", &M::voter_id, {.in = since(0)});
        f("voter_directory_id", &M::voter_directory_id, {.in = since(0)});
        f("listeners", &M::listeners, {.in = since(0)});
        f("ack_when_committed", &M::ack_when_committed, {.in = since(1)});
    }
    bool operator==(const AddRaftVoterRequest&) const = default;
};

struct AddRaftVoterResponse {
    static constexpr std::string_view kName = "AddRaftVoterResponse";
    static constexpr ApiKey kKey = ApiKey::AddRaftVoter;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";

    static constexpr void fields(auto&& f) {
        using M = AddRaftVoterResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message,
          {.in = since(0), .nullable = since(0), .ignorable = true});
    }
    bool operator==(const AddRaftVoterResponse&) const = default;
};

}  // namespace millrace::wire
