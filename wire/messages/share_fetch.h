#pragma once
// ShareFetch: key 78, versions 1-2, flexible from version 0.
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

struct ShareFetchRequest {
    static constexpr std::string_view kName = "ShareFetchRequest";
    static constexpr ApiKey kKey = ApiKey::ShareFetch;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(0);

    struct AcknowledgementBatch {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::vector<std::int8_t> acknowledge_types;

        static constexpr void fields(auto&& f) {
            using M = AcknowledgementBatch;
            f("first_offset", &M::first_offset, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("acknowledge_types", &M::acknowledge_types, {.in = since(0)});
        }
        bool operator==(const AcknowledgementBatch&) const = default;
    };

    struct FetchPartition {
        std::int32_t partition_index = 0;
        std::int32_t partition_max_bytes = 0;
        std::vector<AcknowledgementBatch> acknowledgement_batches;

        static constexpr void fields(auto&& f) {
            using M = FetchPartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("partition_max_bytes", &M::partition_max_bytes, {.in = only(0)});
            f("acknowledgement_batches", &M::acknowledgement_batches, {.in = since(0)});
        }
        bool operator==(const FetchPartition&) const = default;
    };

    struct FetchTopic {
        Uuid topic_id;
        std::vector<FetchPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = FetchTopic;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const FetchTopic&) const = default;
    };

    struct ForgottenTopic {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = ForgottenTopic;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ForgottenTopic&) const = default;
    };

    std::optional<std::string> group_id;
    std::optional<std::string> member_id = "";
    std::int32_t share_session_epoch = 0;
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = INT32_MAX;
    std::int32_t max_records = 0;
    std::int32_t batch_size = 0;
    std::int8_t share_acquire_mode = 0;
    bool is_renew_ack = false;
    std::vector<FetchTopic> topics;
    std::vector<ForgottenTopic> forgotten_topics_data;

    static constexpr void fields(auto&& f) {
        using M = ShareFetchRequest;
        f("group_id", &M::group_id, {.in = since(0), .nullable = since(0)});
        f("member_id", &M::member_id, {.in = since(0), .nullable = since(0)});
        f("share_session_epoch", &M::share_session_epoch, {.in = since(0)});
        f("max_wait_ms", &M::max_wait_ms, {.in = since(0)});
        f("min_bytes", &M::min_bytes, {.in = since(0)});
        f("max_bytes", &M::max_bytes, {.in = since(0)});
        f("max_records", &M::max_records, {.in = since(1)});
        f("batch_size", &M::batch_size, {.in = since(1)});
        f("share_acquire_mode", &M::share_acquire_mode, {.in = since(2), .ignorable = true});
        f("is_renew_ack", &M::is_renew_ack, {.in = since(2)});
        f("topics", &M::topics, {.in = since(0)});
        f("forgotten_topics_data", &M::forgotten_topics_data, {.in = since(0)});
    }
    bool operator==(const ShareFetchRequest&) const = default;
};

struct ShareFetchResponse {
    static constexpr std::string_view kName = "ShareFetchResponse";
    static constexpr ApiKey kKey = ApiKey::ShareFetch;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(0);

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

    struct AcquiredRecords {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::int16_t delivery_count = 0;

        static constexpr void fields(auto&& f) {
            using M = AcquiredRecords;
            f("first_offset", &M::first_offset, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("delivery_count", &M::delivery_count, {.in = since(0)});
        }
        bool operator==(const AcquiredRecords&) const = default;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        ErrorCode acknowledge_error_code = ErrorCode::None;
        std::optional<std::string> acknowledge_error_message;
        LeaderIdAndEpoch current_leader;
        Records records;
        std::vector<AcquiredRecords> acquired_records;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("acknowledge_error_code", &M::acknowledge_error_code, {.in = since(0)});
            f("acknowledge_error_message", &M::acknowledge_error_message,
              {.in = since(0), .nullable = since(0)});
            f("current_leader", &M::current_leader, {.in = since(0)});
            f("records", &M::records, {.in = since(0), .nullable = only(0)});
            f("acquired_records", &M::acquired_records, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct ShareFetchableTopicResponse {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = ShareFetchableTopicResponse;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ShareFetchableTopicResponse&) const = default;
    };

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void fields(auto&& f) {
            using M = NodeEndpoint;
            f("node_id", &M::node_id, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("rack", &M::rack, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const NodeEndpoint&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;
    std::int32_t acquisition_lock_timeout_ms = 0;
    std::vector<ShareFetchableTopicResponse> responses;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = ShareFetchResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("acquisition_lock_timeout_ms", &M::acquisition_lock_timeout_ms, {.in = since(1)});
        f("responses", &M::responses, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(0)});
    }
    bool operator==(const ShareFetchResponse&) const = default;
};

}  // namespace millrace::wire
