#pragma once
// Fetch: key 1, versions 4-18, flexible from version 12.
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

struct FetchRequest {
    static constexpr std::string_view kName = "FetchRequest";
    static constexpr ApiKey kKey = ApiKey::Fetch;
    static constexpr Versions kValid = between(4, 18), kFlexible = since(12);

    struct ReplicaState {
        std::int32_t replica_id = -1;
        std::int64_t replica_epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = ReplicaState;
            f("replica_id", &M::replica_id, {.in = since(15)});
            f("replica_epoch", &M::replica_epoch, {.in = since(15)});
        }
        bool operator==(const ReplicaState&) const = default;
    };

    struct FetchPartition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t fetch_offset = 0;
        std::int32_t last_fetched_epoch = -1;
        std::int64_t log_start_offset = -1;
        std::int32_t partition_max_bytes = 0;
        Uuid replica_directory_id;
        std::int64_t high_watermark = INT64_MAX;

        static constexpr void fields(auto&& f) {
            using M = FetchPartition;
            f("partition", &M::partition, {.in = since(0)});
            f("current_leader_epoch", &M::current_leader_epoch,
              {.in = since(9), .ignorable = true});
            f("fetch_offset", &M::fetch_offset, {.in = since(0)});
            f("last_fetched_epoch", &M::last_fetched_epoch, {.in = since(12)});
            f("log_start_offset", &M::log_start_offset, {.in = since(5), .ignorable = true});
            f("partition_max_bytes", &M::partition_max_bytes, {.in = since(0)});
            f("replica_directory_id", &M::replica_directory_id,
              {.in = since(17), .tagged = since(17), .tag = 0, .ignorable = true});
            f("high_watermark", &M::high_watermark,
              {.in = since(18), .tagged = since(18), .tag = 1, .ignorable = true});
        }
        bool operator==(const FetchPartition&) const = default;
    };

    struct FetchTopic {
        std::string topic;
        Uuid topic_id;
        std::vector<FetchPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = FetchTopic;
            f("topic", &M::topic, {.in = between(0, 12), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(13), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const FetchTopic&) const = default;
    };

    struct ForgottenTopic {
        std::string topic;
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = ForgottenTopic;
            f("topic", &M::topic, {.in = between(7, 12), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(13), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(7)});
        }
        bool operator==(const ForgottenTopic&) const = default;
    };

    std::optional<std::string> cluster_id;
    std::int32_t replica_id = -1;
    ReplicaState replica_state;
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = INT32_MAX;
    std::int8_t isolation_level = 0;
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    std::vector<FetchTopic> topics;
    std::vector<ForgottenTopic> forgotten_topics_data;
    std::string rack_id;

    static constexpr void fields(auto&& f) {
        using M = FetchRequest;
        f("cluster_id", &M::cluster_id,
          {.in = since(12),
           .nullable = since(12),
           .tagged = since(12),
           .tag = 0,
           .ignorable = true});
        f("replica_id", &M::replica_id, {.in = between(0, 14)});
        f("replica_state", &M::replica_state, {.in = since(15), .tagged = since(15), .tag = 1});
        f("max_wait_ms", &M::max_wait_ms, {.in = since(0)});
        f("min_bytes", &M::min_bytes, {.in = since(0)});
        f("max_bytes", &M::max_bytes, {.in = since(3), .ignorable = true});
        f("isolation_level", &M::isolation_level, {.in = since(4), .ignorable = true});
        f("session_id", &M::session_id, {.in = since(7), .ignorable = true});
        f("session_epoch", &M::session_epoch, {.in = since(7), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
        f("forgotten_topics_data", &M::forgotten_topics_data, {.in = since(7)});
        f("rack_id", &M::rack_id, {.in = since(11), .ignorable = true});
    }
    bool operator==(const FetchRequest&) const = default;
};

struct FetchResponse {
    static constexpr std::string_view kName = "FetchResponse";
    static constexpr ApiKey kKey = ApiKey::Fetch;
    static constexpr Versions kValid = between(4, 18), kFlexible = since(12);

    struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;

        static constexpr void fields(auto&& f) {
            using M = EpochEndOffset;
            f("epoch", &M::epoch, {.in = since(12)});
            f("end_offset", &M::end_offset, {.in = since(12)});
        }
        bool operator==(const EpochEndOffset&) const = default;
    };

    struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = LeaderIdAndEpoch;
            f("leader_id", &M::leader_id, {.in = since(12)});
            f("leader_epoch", &M::leader_epoch, {.in = since(12)});
        }
        bool operator==(const LeaderIdAndEpoch&) const = default;
    };

    struct SnapshotId {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = SnapshotId;
            f("end_offset", &M::end_offset, {.in = since(0)});
            f("epoch", &M::epoch, {.in = since(0)});
        }
        bool operator==(const SnapshotId&) const = default;
    };

    struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;

        static constexpr void fields(auto&& f) {
            using M = AbortedTransaction;
            f("producer_id", &M::producer_id, {.in = since(4)});
            f("first_offset", &M::first_offset, {.in = since(4)});
        }
        bool operator==(const AbortedTransaction&) const = default;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int64_t high_watermark = 0;
        std::int64_t last_stable_offset = -1;
        std::int64_t log_start_offset = -1;
        EpochEndOffset diverging_epoch;
        LeaderIdAndEpoch current_leader;
        SnapshotId snapshot_id;
        std::optional<std::vector<AbortedTransaction>> aborted_transactions =
            std::vector<AbortedTransaction>{};
        std::int32_t preferred_read_replica = -1;
        Records records;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("high_watermark", &M::high_watermark, {.in = since(0)});
            f("last_stable_offset", &M::last_stable_offset, {.in = since(4), .ignorable = true});
            f("log_start_offset", &M::log_start_offset, {.in = since(5), .ignorable = true});
            f("diverging_epoch", &M::diverging_epoch,
              {.in = since(12), .tagged = since(12), .tag = 0});
            f("current_leader", &M::current_leader,
              {.in = since(12), .tagged = since(12), .tag = 1});
            f("snapshot_id", &M::snapshot_id, {.in = since(12), .tagged = since(12), .tag = 2});
            f("aborted_transactions", &M::aborted_transactions,
              {.in = since(4), .nullable = since(4), .ignorable = true});
            f("preferred_read_replica", &M::preferred_read_replica, {.in = since(11)});
            f("records", &M::records, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct FetchableTopicResponse {
        std::string topic;
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = FetchableTopicResponse;
            f("topic", &M::topic, {.in = between(0, 12), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(13), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const FetchableTopicResponse&) const = default;
    };

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void fields(auto&& f) {
            using M = NodeEndpoint;
            f("node_id", &M::node_id, {.in = since(16)});
            f("host", &M::host, {.in = since(16)});
            f("port", &M::port, {.in = since(16)});
            f("rack", &M::rack, {.in = since(16), .nullable = since(16)});
        }
        bool operator==(const NodeEndpoint&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int32_t session_id = 0;
    std::vector<FetchableTopicResponse> responses;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = FetchResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(7), .ignorable = true});
        f("session_id", &M::session_id, {.in = since(7)});
        f("responses", &M::responses, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(16), .tagged = since(16), .tag = 0});
    }
    bool operator==(const FetchResponse&) const = default;
};

}  // namespace millrace::wire
