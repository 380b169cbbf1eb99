#pragma once
// DescribeTopicPartitions: key 75, version 0, flexible from version 0.
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

struct DescribeTopicPartitionsRequest {
    static constexpr std::string_view kName = "DescribeTopicPartitionsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeTopicPartitions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicRequest {
        std::string name;

        static constexpr void fields(auto&& f) {
            using M = TopicRequest;
            f("name", &M::name, {.in = since(0)});
        }
        bool operator==(const TopicRequest&) const = default;
    };

    struct Cursor {
        std::string topic_name;
        std::int32_t partition_index = 0;

        static constexpr void fields(auto&& f) {
            using M = Cursor;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partition_index", &M::partition_index, {.in = since(0)});
        }
        bool operator==(const Cursor&) const = default;
    };

    std::vector<TopicRequest> topics;
    std::int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor;

    static constexpr void fields(auto&& f) {
        using M = DescribeTopicPartitionsRequest;
        f("topics", &M::topics, {.in = since(0)});
        f("response_partition_limit", &M::response_partition_limit, {.in = since(0)});
        f("cursor", &M::cursor, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeTopicPartitionsRequest&) const = default;
};

struct DescribeTopicPartitionsResponse {
    static constexpr std::string_view kName = "DescribeTopicPartitionsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeTopicPartitions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Partition {
        ErrorCode error_code = ErrorCode::None;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
        std::optional<std::vector<std::int32_t>> last_known_elr;
        std::vector<std::int32_t> offline_replicas;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("error_code", &M::error_code, {.in = since(0)});
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0), .ignorable = true});
            f("replica_nodes", &M::replica_nodes, {.in = since(0)});
            f("isr_nodes", &M::isr_nodes, {.in = since(0)});
            f("eligible_leader_replicas", &M::eligible_leader_replicas,
              {.in = since(0), .nullable = since(0)});
            f("last_known_elr", &M::last_known_elr, {.in = since(0), .nullable = since(0)});
            f("offline_replicas", &M::offline_replicas, {.in = since(0), .ignorable = true});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> name = "";
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = INT32_MIN;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("error_code", &M::error_code, {.in = since(0)});
            f("name", &M::name, {.in = since(0), .nullable = since(0)});
            f("topic_id", &M::topic_id, {.in = since(0), .ignorable = true});
            f("is_internal", &M::is_internal, {.in = since(0), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
            f("topic_authorized_operations", &M::topic_authorized_operations, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    struct Cursor {
        std::string topic_name;
        std::int32_t partition_index = 0;

        static constexpr void fields(auto&& f) {
            using M = Cursor;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partition_index", &M::partition_index, {.in = since(0)});
        }
        bool operator==(const Cursor&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;
    std::optional<Cursor> next_cursor;

    static constexpr void fields(auto&& f) {
        using M = DescribeTopicPartitionsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
        f("next_cursor", &M::next_cursor, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeTopicPartitionsResponse&) const = default;
};

}  // namespace millrace::wire
