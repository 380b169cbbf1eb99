#pragma once
// DescribeShareGroupOffsets: key 90, versions 0-1, flexible from version 0.
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

struct DescribeShareGroupOffsetsRequest {
    static constexpr std::string_view kName = "DescribeShareGroupOffsetsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeShareGroupOffsets;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Topic {
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    struct Group {
        std::string group_id;
        std::optional<std::vector<Topic>> topics = std::vector<Topic>{};

        static constexpr void fields(auto&& f) {
            using M = Group;
            f("group_id", &M::group_id, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Group&) const = default;
    };

    std::vector<Group> groups;

    static constexpr void fields(auto&& f) {
        using M = DescribeShareGroupOffsetsRequest;
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const DescribeShareGroupOffsetsRequest&) const = default;
};

struct DescribeShareGroupOffsetsResponse {
    static constexpr std::string_view kName = "DescribeShareGroupOffsetsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeShareGroupOffsets;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t start_offset = 0;
        std::int32_t leader_epoch = 0;
        std::int64_t lag = -1;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("start_offset", &M::start_offset, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("lag", &M::lag, {.in = since(1), .ignorable = true});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string topic_name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    struct Group {
        std::string group_id;
        std::vector<Topic> topics;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = Group;
            f("group_id", &M::group_id, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Group&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Group> groups;

    static constexpr void fields(auto&& f) {
        using M = DescribeShareGroupOffsetsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const DescribeShareGroupOffsetsResponse&) const = default;
};

}  // namespace millrace::wire
