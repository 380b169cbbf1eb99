#pragma once
// FetchSnapshot: key 59, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"
#include "millrace/wire/records.h"

namespace millrace::wire {

struct FetchSnapshotRequest {
    static constexpr std::string_view kName = "FetchSnapshotRequest";
    static constexpr ApiKey kKey = ApiKey::FetchSnapshot;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct SnapshotId {
        std::int64_t end_offset = 0;
        std::int32_t epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = SnapshotId;
            f("end_offset", &M::end_offset, {.in = since(0)});
            f("epoch", &M::epoch, {.in = since(0)});
        }
        bool operator==(const SnapshotId&) const = default;
    };

    struct PartitionSnapshot {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = 0;
        SnapshotId snapshot_id;
        std::int64_t position = 0;
        Uuid replica_directory_id;

        static constexpr void fields(auto&& f) {
            using M = PartitionSnapshot;
            f("partition", &M::partition, {.in = since(0)});
            f("current_leader_epoch", &M::current_leader_epoch, {.in = since(0)});
            f("snapshot_id", &M::snapshot_id, {.in = since(0)});
            f("position", &M::position, {.in = since(0)});
            f("replica_directory_id", &M::replica_directory_id,
              {.in = since(1), .tagged = since(1), .tag = 0, .ignorable = true});
        }
        bool operator==(const PartitionSnapshot&) const = default;
    };

    struct TopicSnapshot {
        std::string name;
        std::vector<PartitionSnapshot> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicSnapshot;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicSnapshot&) const = default;
    };

    std::optional<std::string> cluster_id;
    std::int32_t replica_id = -1;
    std::int32_t max_bytes = INT32_MAX;
    std::vector<TopicSnapshot> topics;

    static constexpr void fields(auto&& f) {
        using M = FetchSnapshotRequest;
        f("cluster_id", &M::cluster_id,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
        f("replica_id", &M::replica_id, {.in = since(0)});
        f("max_bytes", &M::max_bytes, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const FetchSnapshotRequest&) const = default;
};

struct FetchSnapshotResponse {
    static constexpr std::string_view kName = "FetchSnapshotResponse";
    static constexpr ApiKey kKey = ApiKey::FetchSnapshot;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct SnapshotId {
        std::int64_t end_offset = 0;
        std::int32_t epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = SnapshotId;
            f("end_offset", &M::end_offset, {.in = since(0)});
            f("epoch", &M::epoch, {.in = since(0)});
        }
        bool operator==(const SnapshotId&) const = default;
    };

    struct LeaderIdAndEpoch {
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = LeaderIdAndEpoch;
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        }
        bool operator==(const LeaderIdAndEpoch&) const = default;
    };

    struct PartitionSnapshot {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::None;
        SnapshotId snapshot_id;
        LeaderIdAndEpoch current_leader;
        std::int64_t size = 0;
        std::int64_t position = 0;
        Records unaligned_records;

        static constexpr void fields(auto&& f) {
            using M = PartitionSnapshot;
            f("index", &M::index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("snapshot_id", &M::snapshot_id, {.in = since(0)});
            f("current_leader", &M::current_leader, {.in = since(0), .tagged = since(0), .tag = 0});
            f("size", &M::size, {.in = since(0)});
            f("position", &M::position, {.in = since(0)});
            f("unaligned_records", &M::unaligned_records, {.in = since(0)});
        }
        bool operator==(const PartitionSnapshot&) const = default;
    };

    struct TopicSnapshot {
        std::string name;
        std::vector<PartitionSnapshot> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicSnapshot;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicSnapshot&) const = default;
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

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<TopicSnapshot> topics;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = FetchSnapshotResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(1), .tagged = since(1), .tag = 0});
    }
    bool operator==(const FetchSnapshotResponse&) const = default;
};

}  // namespace millrace::wire
