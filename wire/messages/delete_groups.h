#pragma once
// DeleteGroups: key 42, versions 0-3, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DeleteGroupsRequest {
    static constexpr std::string_view kName = "DeleteGroupsRequest";
    static constexpr ApiKey kKey = ApiKey::DeleteGroups;
    static constexpr Versions kValid = between(0, 3), kFlexible = since(2);

    std::vector<std::string> groups_names;

    static constexpr void fields(auto&& f) {
        using M = DeleteGroupsRequest;
        f("groups_names", &M::groups_names, {.in = since(0)});
    }
    bool operator==(const DeleteGroupsRequest&) const = default;
};

struct DeleteGroupsResponse {
    static constexpr std::string_view kName = "DeleteGroupsResponse";
    static constexpr ApiKey kKey = ApiKey::DeleteGroups;
    static constexpr Versions kValid = between(0, 3), kFlexible = since(2);

    struct DeletableGroupResult {
        std::string group_id;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = DeletableGroupResult;
            f("group_id", &M::group_id, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message,
              {.in = since(3), .nullable = since(3), .ignorable = true});
        }
        bool operator==(const DeletableGroupResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableGroupResult> results;

    static constexpr void fields(auto&& f) {
        using M = DeleteGroupsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const DeleteGroupsResponse&) const = default;
};

}  // namespace millrace::wire
