#pragma once
// OffsetFetch: key 9, versions 1-10, flexible from version 6.
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

struct OffsetFetchRequest {
    static constexpr std::string_view kName = "OffsetFetchRequest";
    static constexpr ApiKey kKey = ApiKey::OffsetFetch;
    static constexpr Versions kValid = between(1, 10), kFlexible = since(6);

    struct Topic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = between(0, 7)});
            f("partition_indexes", &M::partition_indexes, {.in = between(0, 7)});
        }
        bool operator==(const Topic&) const = default;
    };

    struct Topics {
        std::string name;
        Uuid topic_id;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void fields(auto&& f) {
            using M = Topics;
            f("name", &M::name, {.in = between(8, 9), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("partition_indexes", &M::partition_indexes, {.in = since(8)});
        }
        bool operator==(const Topics&) const = default;
    };

    struct Group {
        std::string group_id;
        std::optional<std::string> member_id;
        std::int32_t member_epoch = -1;
        std::optional<std::vector<Topics>> topics = std::vector<Topics>{};

        static constexpr void fields(auto&& f) {
            using M = Group;
            f("group_id", &M::group_id, {.in = since(8)});
            f("member_id", &M::member_id,
              {.in = since(9), .nullable = since(9), .ignorable = true});
            f("member_epoch", &M::member_epoch, {.in = since(9), .ignorable = true});
            f("topics", &M::topics, {.in = since(8), .nullable = since(8)});
        }
        bool operator==(const Group&) const = default;
    };

    std::string group_id;
    std::optional<std::vector<Topic>> topics = std::vector<Topic>{};
    std::vector<Group> groups;
    bool require_stable = false;

    static constexpr void fields(auto&& f) {
        using M = OffsetFetchRequest;
        f("group_id", &M::group_id, {.in = between(0, 7)});
        f("topics", &M::topics, {.in = between(0, 7), .nullable = between(2, 7)});
        f("groups", &M::groups, {.in = since(8)});
        f("require_stable", &M::require_stable, {.in = since(7)});
    }
    bool operator==(const OffsetFetchRequest&) const = default;
};

struct OffsetFetchResponse {
    static constexpr std::string_view kName = "OffsetFetchResponse";
    static constexpr ApiKey kKey = ApiKey::OffsetFetch;
    static constexpr Versions kValid = between(1, 10), kFlexible = since(6);

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata = "";
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = between(0, 7)});
            f("committed_offset", &M::committed_offset, {.in = between(0, 7)});
            f("committed_leader_epoch", &M::committed_leader_epoch,
              {.in = between(5, 7), .ignorable = true});
            f("metadata", &M::metadata, {.in = between(0, 7), .nullable = between(0, 7)});
            f("error_code", &M::error_code, {.in = between(0, 7)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = between(0, 7)});
            f("partitions", &M::partitions, {.in = between(0, 7)});
        }
        bool operator==(const Topic&) const = default;
    };

    struct Partitions {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata = "";
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = Partitions;
            f("partition_index", &M::partition_index, {.in = since(8)});
            f("committed_offset", &M::committed_offset, {.in = since(8)});
            f("committed_leader_epoch", &M::committed_leader_epoch,
              {.in = since(8), .ignorable = true});
            f("metadata", &M::metadata, {.in = since(8), .nullable = since(8)});
            f("error_code", &M::error_code, {.in = since(8)});
        }
        bool operator==(const Partitions&) const = default;
    };

    struct Topics {
        std::string name;
        Uuid topic_id;
        std::vector<Partitions> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topics;
            f("name", &M::name, {.in = between(8, 9), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(8)});
        }
        bool operator==(const Topics&) const = default;
    };

    struct Group {
        std::string group_id;
        std::vector<Topics> topics;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = Group;
            f("group_id", &M::group_id, {.in = since(8)});
            f("topics", &M::topics, {.in = since(8)});
            f("error_code", &M::error_code, {.in = since(8)});
        }
        bool operator==(const Group&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::None;
    std::vector<Group> groups;

    static constexpr void fields(auto&& f) {
        using M = OffsetFetchResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(3), .ignorable = true});
        f("topics", &M::topics, {.in = between(0, 7)});
        f("error_code", &M::error_code, {.in = between(2, 7), .ignorable = true});
        f("groups", &M::groups, {.in = since(8)});
    }
    bool operator==(const OffsetFetchResponse&) const = default;
};

}  // namespace millrace::wire
