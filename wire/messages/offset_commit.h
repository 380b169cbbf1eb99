#pragma once
// OffsetCommit: key 8, versions 2-10, flexible from version 8.
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

struct OffsetCommitRequest {
    static constexpr std::string_view kName = "OffsetCommitRequest";
    static constexpr ApiKey kKey = ApiKey::OffsetCommit;
    static constexpr Versions kValid = between(2, 10), kFlexible = since(8);

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> committed_metadata = "";

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("committed_offset", &M::committed_offset, {.in = since(0)});
            f("committed_leader_epoch", &M::committed_leader_epoch,
              {.in = since(6), .ignorable = true});
            f("committed_metadata", &M::committed_metadata, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = between(0, 9), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::string group_id;
    std::int32_t generation_id_or_member_epoch = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::int64_t retention_time_ms = -1;
    std::vector<Topic> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetCommitRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("generation_id_or_member_epoch", &M::generation_id_or_member_epoch,
          {.in = since(1), .ignorable = true});
        f("member_id", &M::member_id, {.in = since(1), .ignorable = true});
        f("group_instance_id", &M::group_instance_id, {.in = since(7), .nullable = since(7)});
        f("retention_time_ms", &M::retention_time_ms, {.in = between(2, 4), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetCommitRequest&) const = default;
};

struct OffsetCommitResponse {
    static constexpr std::string_view kName = "OffsetCommitResponse";
    static constexpr ApiKey kKey = ApiKey::OffsetCommit;
    static constexpr Versions kValid = between(2, 10), kFlexible = since(8);

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = between(0, 9), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetCommitResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(3), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetCommitResponse&) const = default;
};

}  // namespace millrace::wire
