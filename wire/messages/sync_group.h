#pragma once
// SyncGroup: key 14, versions 0-5, flexible from version 4.
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

struct SyncGroupRequest {
    static constexpr std::string_view kName = "SyncGroupRequest";
    static constexpr ApiKey kKey = ApiKey::SyncGroup;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(4);

    struct Assignment {
        std::string member_id;
        Bytes assignment;

        static constexpr void fields(auto&& f) {
            using M = Assignment;
            f("member_id", &M::member_id, {.in = since(0)});
            f("assignment", &M::assignment, {.in = since(0)});
        }
        bool operator==(const Assignment&) const = default;
    };

    std::string group_id;
    std::int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::vector<Assignment> assignments;

    static constexpr void fields(auto&& f) {
        using M = SyncGroupRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("generation_id", &M::generation_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("group_instance_id", &M::group_instance_id, {.in = since(3), .nullable = since(3)});
        f("protocol_type", &M::protocol_type,
          {.in = since(5), .nullable = since(5), .ignorable = true});
        f("protocol_name", &M::protocol_name,
          {.in = since(5), .nullable = since(5), .ignorable = true});
        f("assignments", &M::assignments, {.in = since(0)});
    }
    bool operator==(const SyncGroupRequest&) const = default;
};

struct SyncGroupResponse {
    static constexpr std::string_view kName = "SyncGroupResponse";
    static constexpr ApiKey kKey = ApiKey::SyncGroup;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(4);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Bytes assignment;

    static constexpr void fields(auto&& f) {
        using M = SyncGroupResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("protocol_type", &M::protocol_type,
          {.in = since(5), .nullable = since(5), .ignorable = true});
        f("protocol_name", &M::protocol_name,
          {.in = since(5), .nullable = since(5), .ignorable = true});
        f("assignment", &M::assignment, {.in = since(0)});
    }
    bool operator==(const SyncGroupResponse&) const = default;
};

}  // namespace millrace::wire
