#pragma once
// EndQuorumEpoch: key 54, versions 0-1, flexible from version 1.
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

struct EndQuorumEpochRequest {
    static constexpr std::string_view kName = "EndQuorumEpochRequest";
    static constexpr ApiKey kKey = ApiKey::EndQuorumEpoch;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

    struct ReplicaInfo {
        std::int32_t candidate_id = 0;
        Uuid candidate_directory_id;

        static constexpr void fields(auto&& f) {
            using M = ReplicaInfo;
            f("candidate_id", &M::candidate_id, {.in = since(1)});
            f("candidate_directory_id", &M::candidate_directory_id, {.in = since(1)});
        }
        bool operator==(const ReplicaInfo&) const = default;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;
        std::vector<std::int32_t> preferred_successors;
        std::vector<ReplicaInfo> preferred_candidates;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("preferred_successors", &M::preferred_successors, {.in = only(0), .ignorable = true});
            f("preferred_candidates", &M::preferred_candidates,
              {.in = since(1), .ignorable = true});
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

    struct LeaderEndpoint {
        std::string name;
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = LeaderEndpoint;
            f("name", &M::name, {.in = since(1)});
            f("host", &M::host, {.in = since(1)});
            f("port", &M::port, {.in = since(1)});
        }
        bool operator==(const LeaderEndpoint&) const = default;
    };

    std::optional<std::string> cluster_id;
    std::vector<TopicData> topics;
    std::vector<LeaderEndpoint> leader_endpoints;

    static constexpr void fields(auto&& f) {
        using M = EndQuorumEpochRequest;
        f("cluster_id", &M::cluster_id, {.in = since(0), .nullable = since(0)});
        f("topics", &M::topics, {.in = since(0)});
        f("leader_endpoints", &M::leader_endpoints, {.in = since(1), .ignorable = true});
    }
    bool operator==(const EndQuorumEpochRequest&) const = default;
};

struct EndQuorumEpochResponse {
    static constexpr std::string_view kName = "EndQuorumEpochResponse";
    static constexpr ApiKey kKey = ApiKey::EndQuorumEpoch;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
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
        using M = EndQuorumEpochResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(1), .tagged = since(1), .tag = 0});
    }
    bool operator==(const EndQuorumEpochResponse&) const = default;
};

}  // namespace millrace::wire
