#pragma once
// ListGroups: key 16, versions 0-5, flexible from version 3.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ListGroupsRequest {
    static constexpr std::string_view kName = "ListGroupsRequest";
    static constexpr ApiKey kKey = ApiKey::ListGroups;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    std::vector<std::string> states_filter;
    std::vector<std::string> types_filter;

    static constexpr void fields(auto&& f) {
        using M = ListGroupsRequest;
        f("states_filter", &M::states_filter, {.in = since(4)});
        f("types_filter", &M::types_filter, {.in = since(5)});
    }
    bool operator==(const ListGroupsRequest&) const = default;
};

struct ListGroupsResponse {
    static constexpr std::string_view kName = "ListGroupsResponse";
    static constexpr ApiKey kKey = ApiKey::ListGroups;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    struct ListedGroup {
        std::string group_id;
        std::string protocol_type;
        std::string group_state;
        std::string group_type;

        static constexpr void fields(auto&& f) {
            using M = ListedGroup;
            f("group_id", &M::group_id, {.in = since(0)});
            f("protocol_type", &M::protocol_type, {.in = since(0)});
            f("group_state", &M::group_state, {.in = since(4), .ignorable = true});
            f("group_type", &M::group_type, {.in = since(5), .ignorable = true});
        }
        bool operator==(const ListedGroup&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<ListedGroup> groups;

    static constexpr void fields(auto&& f) {
        using M = ListGroupsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const ListGroupsResponse&) const = default;
};

}  // namespace millrace::wire
