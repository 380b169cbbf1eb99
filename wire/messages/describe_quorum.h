#pragma once
// DescribeQuorum: key 55, versions 0-2, flexible from version 0.
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

struct DescribeQuorumRequest {
    static constexpr std::string_view kName = "DescribeQuorumRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeQuorum;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        std::string topic_name;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    std::vector<TopicData> topics;

    static constexpr void fields(auto&& f) {
        using M = DescribeQuorumRequest;
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const DescribeQuorumRequest&) const = default;
};

struct DescribeQuorumResponse {
    static constexpr std::string_view kName = "DescribeQuorumResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeQuorum;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct ReplicaState {
        std::int32_t replica_id = 0;
        Uuid replica_directory_id;
        std::int64_t log_end_offset = 0;
        std::int64_t last_fetch_timestamp = -1;
        std::int64_t last_caught_up_timestamp = -1;

        static constexpr void fields(auto&& f) {
            using M = ReplicaState;
            f("replica_id", &M::replica_id, {.in = since(0)});
            f("replica_directory_id", &M::replica_directory_id, {.in = since(2)});
            f("log_end_offset", &M::log_end_offset, {.in = since(0)});
            f("last_fetch_timestamp", &M::last_fetch_timestamp,
              {.in = since(1), .ignorable = true});
            f("last_caught_up_timestamp", &M::last_caught_up_timestamp,
              {.in = since(1), .ignorable = true});
        }
        bool operator==(const ReplicaState&) const = default;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;
        std::int64_t high_watermark = 0;
        std::vector<ReplicaState> current_voters;
        std::vector<ReplicaState> observers;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message,
              {.in = since(2), .nullable = since(2), .ignorable = true});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("high_watermark", &M::high_watermark, {.in = since(0)});
            f("current_voters", &M::current_voters, {.in = since(0)});
            f("observers", &M::observers, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        std::string topic_name;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    struct Listener {
        std::string name;
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = Listener;
            f("name", &M::name, {.in = since(2)});
            f("host", &M::host, {.in = since(2)});
            f("port", &M::port, {.in = since(2)});
        }
        bool operator==(const Listener&) const = default;
    };

    struct Node {
        std::int32_t node_id = 0;
        std::vector<Listener> listeners;

        static constexpr void fields(auto&& f) {
            using M = Node;
            f("node_id", &M::node_id, {.in = since(2)});
            f("listeners", &M::listeners, {.in = since(2)});
        }
        bool operator==(const Node&) const = default;
    };

    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::vector<TopicData> topics;
    std::vector<Node> nodes;

    static constexpr void fields(auto&& f) {
        using M = DescribeQuorumResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message,
          {.in = since(2), .nullable = since(2), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
        f("nodes", &M::nodes, {.in = since(2)});
    }
    bool operator==(const DescribeQuorumResponse&) const = default;
};

}  // namespace millrace::wire
