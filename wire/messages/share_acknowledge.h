#pragma once
// ShareAcknowledge: key 79, versions 1-2, flexible from version 0.
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

struct ShareAcknowledgeRequest {
    static constexpr std::string_view kName = "ShareAcknowledgeRequest";
    static constexpr ApiKey kKey = ApiKey::ShareAcknowledge;
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

    struct AcknowledgePartition {
        std::int32_t partition_index = 0;
        std::vector<AcknowledgementBatch> acknowledgement_batches;

        static constexpr void fields(auto&& f) {
            using M = AcknowledgePartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("acknowledgement_batches", &M::acknowledgement_batches, {.in = since(0)});
        }
        bool operator==(const AcknowledgePartition&) const = default;
    };

    struct AcknowledgeTopic {
        Uuid topic_id;
        std::vector<AcknowledgePartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = AcknowledgeTopic;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const AcknowledgeTopic&) const = default;
    };

    std::optional<std::string> group_id;
    std::optional<std::string> member_id = "";
    std::int32_t share_session_epoch = 0;
    bool is_renew_ack = false;
    std::vector<AcknowledgeTopic> topics;

    static constexpr void fields(auto&& f) {
        using M = ShareAcknowledgeRequest;
        f("group_id", &M::group_id, {.in = since(0), .nullable = since(0)});
        f("member_id", &M::member_id, {.in = since(0), .nullable = since(0)});
        f("share_session_epoch", &M::share_session_epoch, {.in = since(0)});
        f("is_renew_ack", &M::is_renew_ack, {.in = since(2)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const ShareAcknowledgeRequest&) const = default;
};

struct ShareAcknowledgeResponse {
    static constexpr std::string_view kName = "ShareAcknowledgeResponse";
    static constexpr ApiKey kKey = ApiKey::ShareAcknowledge;
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

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        LeaderIdAndEpoch current_leader;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("current_leader", &M::current_leader, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct ShareAcknowledgeTopicResponse {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = ShareAcknowledgeTopicResponse;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ShareAcknowledgeTopicResponse&) const = default;
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
    std::vector<ShareAcknowledgeTopicResponse> responses;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = ShareAcknowledgeResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("acquisition_lock_timeout_ms", &M::acquisition_lock_timeout_ms,
          {.in = since(2), .ignorable = true});
        f("responses", &M::responses, {.in = since(0)});
        f("node_endpoints", &M::node_endpoints, {.in = since(0)});
    }
    bool operator==(const ShareAcknowledgeResponse&) const = default;
};

}  // namespace millrace::wire
