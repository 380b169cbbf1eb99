#pragma once
// ListOffsets: key 2, versions 1-11, flexible from version 6.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ListOffsetsRequest {
    static constexpr std::string_view kName = "ListOffsetsRequest";
    static constexpr ApiKey kKey = ApiKey::ListOffsets;
    static constexpr Versions kValid = between(1, 11), kFlexible = since(6);

    struct ListOffsetsPartition {
        std::int32_t partition_index = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t timestamp = 0;

        static constexpr void fields(auto&& f) {
            using M = ListOffsetsPartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("current_leader_epoch", &M::current_leader_epoch,
              {.in = since(4), .ignorable = true});
            f("timestamp", &M::timestamp, {.in = since(0)});
        }
        bool operator==(const ListOffsetsPartition&) const = default;
    };

    struct ListOffsetsTopic {
        std::string name;
        std::vector<ListOffsetsPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = ListOffsetsTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ListOffsetsTopic&) const = default;
    };

    std::int32_t replica_id = 0;
    std::int8_t isolation_level = 0;
    std::vector<ListOffsetsTopic> topics;
    std::int32_t timeout_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = ListOffsetsRequest;
        f("replica_id", &M::replica_id, {.in = since(0)});
        f("isolation_level", &M::isolation_level, {.in = since(2)});
        f("topics", &M::topics, {.in = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(10), .ignorable = true});
    }
    bool operator==(const ListOffsetsRequest&) const = default;
};

struct ListOffsetsResponse {
    static constexpr std::string_view kName = "ListOffsetsResponse";
    static constexpr ApiKey kKey = ApiKey::ListOffsets;
    static constexpr Versions kValid = between(1, 11), kFlexible = since(6);

    struct ListOffsetsPartitionResponse {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int64_t timestamp = -1;
        std::int64_t offset = -1;
        std::int32_t leader_epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = ListOffsetsPartitionResponse;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("timestamp", &M::timestamp, {.in = since(1)});
            f("offset", &M::offset, {.in = since(1)});
            f("leader_epoch", &M::leader_epoch, {.in = since(4)});
        }
        bool operator==(const ListOffsetsPartitionResponse&) const = default;
    };

    struct ListOffsetsTopicResponse {
        std::string name;
        std::vector<ListOffsetsPartitionResponse> partitions;

        static constexpr void fields(auto&& f) {
            using M = ListOffsetsTopicResponse;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ListOffsetsTopicResponse&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<ListOffsetsTopicResponse> topics;

    static constexpr void fields(auto&& f) {
        using M = ListOffsetsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(2), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const ListOffsetsResponse&) const = default;
};

}  // namespace millrace::wire
