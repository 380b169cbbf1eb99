#pragma once
// LeaveGroup: key 13, versions 0-5, flexible from version 4.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct LeaveGroupRequest {
    static constexpr std::string_view kName = "LeaveGroupRequest";
    static constexpr ApiKey kKey = ApiKey::LeaveGroup;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(4);

    struct MemberIdentity {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::optional<std::string> reason;

        static constexpr void fields(auto&& f) {
            using M = MemberIdentity;
            f("member_id", &M::member_id, {.in = since(3)});
            f("group_instance_id", &M::group_instance_id, {.in = since(3), .nullable = since(3)});
            f("reason", &M::reason, {.in = since(5), .nullable = since(5), .ignorable = true});
        }
        bool operator==(const MemberIdentity&) const = default;
    };

    std::string group_id;
    std::string member_id;
    std::vector<MemberIdentity> members;

    static constexpr void fields(auto&& f) {
        using M = LeaveGroupRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = between(0, 2)});
        f("members", &M::members, {.in = since(3)});
    }
    bool operator==(const LeaveGroupRequest&) const = default;
};

struct LeaveGroupResponse {
    static constexpr std::string_view kName = "LeaveGroupResponse";
    static constexpr ApiKey kKey = ApiKey::LeaveGroup;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(4);

    struct MemberResponse {
        std::string member_id;
        std::optional<std::string> group_instance_id = "";
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = MemberResponse;
            f("member_id", &M::member_id, {.in = since(3)});
            f("group_instance_id", &M::group_instance_id, {.in = since(3), .nullable = since(3)});
            f("error_code", &M::error_code, {.in = since(3)});
        }
        bool operator==(const MemberResponse&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<MemberResponse> members;

    static constexpr void fields(auto&& f) {
        using M = LeaveGroupResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("members", &M::members, {.in = since(3)});
    }
    bool operator==(const LeaveGroupResponse&) const = default;
};

}  // namespace millrace::wire
