#pragma once
// JoinGroup: key 11, versions 0-9, flexible from version 6.
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

struct JoinGroupRequest {
    static constexpr std::string_view kName = "JoinGroupRequest";
    static constexpr ApiKey kKey = ApiKey::JoinGroup;
    static constexpr Versions kValid = between(0, 9), kFlexible = since(6);

    struct Protocol {
        std::string name;
        Bytes metadata;

        static constexpr void fields(auto&& f) {
            using M = Protocol;
            f("name", &M::name, {.in = since(0)});
            f("metadata", &M::metadata, {.in = since(0)});
        }
        bool operator==(const Protocol&) const = default;
    };

    std::string group_id;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string protocol_type;
    std::vector<Protocol> protocols;
    std::optional<std::string> reason;

    static constexpr void fields(auto&& f) {
        using M = JoinGroupRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("session_timeout_ms", &M::session_timeout_ms, {.in = since(0)});
        f("rebalance_timeout_ms", &M::rebalance_timeout_ms, {.in = since(1), .ignorable = true});
        f("member_id", &M::member_id, {.in = since(0)});
        f("group_instance_id", &M::group_instance_id, {.in = since(5), .nullable = since(5)});
        f("protocol_type", &M::protocol_type, {.in = since(0)});
        f("protocols", &M::protocols, {.in = since(0)});
        f("reason", &M::reason, {.in = since(8), .nullable = since(8), .ignorable = true});
    }
    bool operator==(const JoinGroupRequest&) const = default;
};

struct JoinGroupResponse {
    static constexpr std::string_view kName = "JoinGroupResponse";
    static constexpr ApiKey kKey = ApiKey::JoinGroup;
    static constexpr Versions kValid = between(0, 9), kFlexible = since(6);

    struct Member {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        Bytes metadata;

        static constexpr void fields(auto&& f) {
            using M = Member;
            f("member_id", &M::member_id, {.in = since(0)});
            f("group_instance_id", &M::group_instance_id,
              {.in = since(5), .nullable = since(5), .ignorable = true});
            f("metadata", &M::metadata, {.in = since(0)});
        }
        bool operator==(const Member&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int32_t generation_id = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name = "";
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    std::vector<Member> members;

    static constexpr void fields(auto&& f) {
        using M = JoinGroupResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(2), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("generation_id", &M::generation_id, {.in = since(0)});
        f("protocol_type", &M::protocol_type,
          {.in = since(7), .nullable = since(7), .ignorable = true});
        f("protocol_name", &M::protocol_name, {.in = since(0), .nullable = since(7)});
        f("leader", &M::leader, {.in = since(0)});
        f("skip_assignment", &M::skip_assignment, {.in = since(9)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("members", &M::members, {.in = since(0)});
    }
    bool operator==(const JoinGroupResponse&) const = default;
};

}  // namespace millrace::wire
