#pragma once
// UpdateRaftVoter: key 82, version 0, flexible from version 0.
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

struct UpdateRaftVoterRequest {
    static constexpr std::string_view kName = "UpdateRaftVoterRequest";
    static constexpr ApiKey kKey = ApiKey::UpdateRaftVoter;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

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

    struct KRaftVersionFeature {
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        static constexpr void fields(auto&& f) {
            using M = KRaftVersionFeature;
            f("min_supported_version", &M::min_supported_version, {.in = since(0)});
            f("max_supported_version", &M::max_supported_version, {.in = since(0)});
        }
        bool operator==(const KRaftVersionFeature&) const = default;
    };

    std::optional<std::string> cluster_id = "";
    std::int32_t current_leader_epoch = 0;
    std::int32_t voter_id = 0;
    Uuid voter_directory_id;
    std::vector<Listener> listeners;
    KRaftVersionFeature k_raft_version_feature;

    static constexpr void fields(auto&& f) {
        using M = UpdateRaftVoterRequest;
        f("cluster_id", &M::cluster_id, {.in = since(0), .nullable = since(0)});
        f("current_leader_epoch", &M::current_leader_epoch, {.in = since(0)});
        f("voter_id", &M::voter_id, {.in = since(0)});
        f("voter_directory_id", &M::voter_directory_id, {.in = since(0)});
        f("listeners", &M::listeners, {.in = since(0)});
        f("k_raft_version_feature", &M::k_raft_version_feature, {.in = since(0)});
    }
    bool operator==(const UpdateRaftVoterRequest&) const = default;
};

struct UpdateRaftVoterResponse {
    static constexpr std::string_view kName = "UpdateRaftVoterResponse";
    static constexpr ApiKey kKey = ApiKey::UpdateRaftVoter;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct CurrentLeader {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
        std::string host;
        std::int32_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = CurrentLeader;
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
        }
        bool operator==(const CurrentLeader&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    CurrentLeader current_leader;

    static constexpr void fields(auto&& f) {
        using M = UpdateRaftVoterResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("current_leader", &M::current_leader, {.in = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const UpdateRaftVoterResponse&) const = default;
};

}  // namespace millrace::wire
