#pragma once
// Vote: key 52, versions 0-2, flexible from version 0.
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

struct VoteRequest {
    static constexpr std::string_view kName = "VoteRequest";
    static constexpr ApiKey kKey = ApiKey::Vote;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;
        std::int32_t replica_epoch = 0;
        std::int32_t replica_id = 0;
        Uuid replica_directory_id;
        Uuid voter_directory_id;
        std::int32_t last_offset_epoch = 0;
        std::int64_t last_offset = 0;
        bool pre_vote = false;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("replica_epoch", &M::replica_epoch, {.in = since(0)});
            f("replica_id", &M::replica_id, {.in = since(0)});
            f("replica_directory_id", &M::replica_directory_id,
              {.in = since(1), .ignorable = true});
            f("voter_directory_id", &M::voter_directory_id, {.in = since(1), .ignorable = true});
            f("last_offset_epoch", &M::last_offset_epoch, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("pre_vote", &M::pre_vote, {.in = since(2)});
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

    std::optional<std::string> cluster_id;
    std::int32_t voter_id = -1;
    std::vector<TopicData> topics;

    static constexpr void fields(auto&& f) {
        using M = VoteRequest;
        f("cluster_id", &M::cluster_id, {.in = since(0), .nullable = since(0)});
        f("voter_id", &M::voter_id, {.in = since(1), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const VoteRequest&) const = default;
};

struct VoteResponse {
    static constexpr std::string_view kName = "VoteResponse";
    static constexpr ApiKey kKey = ApiKey::Vote;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;
        bool vote_granted = false;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("vote_granted", &M::vote_granted, {.in = since(0)});
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

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = NodeEndpoint;
            f("node_id", &M::node_id, {.in = since(1)});
            f("host", &M::host, {.in = since(1)});
            f("port", &M::port, {.in = since(1)});
        }
        bool operator==(const NodeEndpoint&) const = default;
    };

    ErrorCode error_code = ErrorCode::None;
    std::vector<TopicData> topics;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = VoteResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(1), .tagged = since(1), .tag = 0});
    }
    bool operator==(const VoteResponse&) const = default;
};

}  // namespace millrace::wire
