#pragma once
// DescribeGroups: key 15, versions 0-6, flexible from version 5.
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

struct DescribeGroupsRequest {
    static constexpr std::string_view kName = "DescribeGroupsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeGroups;
    static constexpr Versions kValid = between(0, 6), kFlexible = since(5);

    std::vector<std::string> groups;
    bool include_authorized_operations = false;

    static constexpr void fields(auto&& f) {
        using M = DescribeGroupsRequest;
        f("groups", &M::groups, {.in = since(0)});
        f("include_authorized_operations", &M::include_authorized_operations, {.in = since(3)});
    }
    bool operator==(const DescribeGroupsRequest&) const = default;
};

struct DescribeGroupsResponse {
    static constexpr std::string_view kName = "DescribeGroupsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeGroups;
    static constexpr Versions kValid = between(0, 6), kFlexible = since(5);

    struct DescribedGroupMember {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        Bytes member_metadata;
        Bytes member_assignment;

        static constexpr void fields(auto&& f) {
            using M = DescribedGroupMember;
            f("member_id", &M::member_id, {.in = since(0)});
            f("group_instance_id", &M::group_instance_id,
              {.in = since(4), .nullable = since(4), .ignorable = true});
            f("client_id", &M::client_id, {.in = since(0)});
            f("client_host", &M::client_host, {.in = since(0)});
            f("member_metadata", &M::member_metadata, {.in = since(0)});
            f("member_assignment", &M::member_assignment, {.in = since(0)});
        }
        bool operator==(const DescribedGroupMember&) const = default;
    };

    struct DescribedGroup {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::string protocol_type;
        std::string protocol_data;
        std::vector<DescribedGroupMember> members;
        std::int32_t authorized_operations = INT32_MIN;

        static constexpr void fields(auto&& f) {
            using M = DescribedGroup;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(6), .nullable = since(6)});
            f("group_id", &M::group_id, {.in = since(0)});
            f("group_state", &M::group_state, {.in = since(0)});
            f("protocol_type", &M::protocol_type, {.in = since(0)});
            f("protocol_data", &M::protocol_data, {.in = since(0)});
            f("members", &M::members, {.in = since(0)});
            f("authorized_operations", &M::authorized_operations, {.in = since(3)});
        }
        bool operator==(const DescribedGroup&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;

    static constexpr void fields(auto&& f) {
        using M = DescribeGroupsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const DescribeGroupsResponse&) const = default;
};

}  // namespace millrace::wire
