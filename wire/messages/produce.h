#pragma once
// Produce: key 0, versions 3-13, flexible from version 9.
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

struct ProduceRequest {
    static constexpr std::string_view kName = "ProduceRequest";
    static constexpr ApiKey kKey = ApiKey::Produce;
    static constexpr Versions kValid = between(3, 13), kFlexible = since(9);

    // Never on the wire: what the builder of the one batch in `records` knows of it. There when it
    // was built in this process and comes over the loopback: its records are then well-formed, and
    // their offsets count up.
    struct Built {
        bool null_keys = false;  // at least one
        bool operator==(const Built&) const = default;
    };

    struct PartitionProduceData {
        std::int32_t index = 0;
        Records records;
        std::optional<Built> built;

        static constexpr void fields(auto&& f) {
            using M = PartitionProduceData;
            f("index", &M::index, {.in = since(0)});
            f("records", &M::records, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const PartitionProduceData&) const = default;
    };

    struct TopicProduceData {
        std::string name;
        Uuid topic_id;
        std::vector<PartitionProduceData> partition_data;

        static constexpr void fields(auto&& f) {
            using M = TopicProduceData;
            f("name", &M::name, {.in = between(0, 12), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(13), .ignorable = true});
            f("partition_data", &M::partition_data, {.in = since(0)});
        }
        bool operator==(const TopicProduceData&) const = default;
    };

    std::optional<std::string> transactional_id;
    std::int16_t acks = 0;
    std::int32_t timeout_ms = 0;
    std::vector<TopicProduceData> topic_data;

    static constexpr void fields(auto&& f) {
        using M = ProduceRequest;
        f("transactional_id", &M::transactional_id, {.in = since(3), .nullable = since(3)});
        f("acks", &M::acks, {.in = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("topic_data", &M::topic_data, {.in = since(0)});
    }
    bool operator==(const ProduceRequest&) const = default;
};

struct ProduceResponse {
    static constexpr std::string_view kName = "ProduceResponse";
    static constexpr ApiKey kKey = ApiKey::Produce;
    static constexpr Versions kValid = between(3, 13), kFlexible = since(9);

    struct BatchIndexAndErrorMessage {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;

        static constexpr void fields(auto&& f) {
            using M = BatchIndexAndErrorMessage;
            f("batch_index", &M::batch_index, {.in = since(8)});
            f("batch_index_error_message", &M::batch_index_error_message,
              {.in = since(8), .nullable = since(8)});
        }
        bool operator==(const BatchIndexAndErrorMessage&) const = default;
    };

    struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = LeaderIdAndEpoch;
            f("leader_id", &M::leader_id, {.in = since(10)});
            f("leader_epoch", &M::leader_epoch, {.in = since(10)});
        }
        bool operator==(const LeaderIdAndEpoch&) const = default;
    };

    struct PartitionProduceResponse {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int64_t base_offset = 0;
        std::int64_t log_append_time_ms = -1;
        std::int64_t log_start_offset = -1;
        std::vector<BatchIndexAndErrorMessage> record_errors;
        std::optional<std::string> error_message;
        LeaderIdAndEpoch current_leader;

        static constexpr void fields(auto&& f) {
            using M = PartitionProduceResponse;
            f("index", &M::index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("base_offset", &M::base_offset, {.in = since(0)});
            f("log_append_time_ms", &M::log_append_time_ms, {.in = since(2), .ignorable = true});
            f("log_start_offset", &M::log_start_offset, {.in = since(5), .ignorable = true});
            f("record_errors", &M::record_errors, {.in = since(8), .ignorable = true});
            f("error_message", &M::error_message,
              {.in = since(8), .nullable = since(8), .ignorable = true});
            f("current_leader", &M::current_leader,
              {.in = since(10), .tagged = since(10), .tag = 0});
        }
        bool operator==(const PartitionProduceResponse&) const = default;
    };

    struct TopicProduceResponse {
        std::string name;
        Uuid topic_id;
        std::vector<PartitionProduceResponse> partition_responses;

        static constexpr void fields(auto&& f) {
            using M = TopicProduceResponse;
            f("name", &M::name, {.in = between(0, 12), .ignorable = true});
            f("topic_id", &M::topic_id, {.in = since(13), .ignorable = true});
            f("partition_responses", &M::partition_responses, {.in = since(0)});
        }
        bool operator==(const TopicProduceResponse&) const = default;
    };

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void fields(auto&& f) {
            using M = NodeEndpoint;
            f("node_id", &M::node_id, {.in = since(10)});
            f("host", &M::host, {.in = since(10)});
            f("port", &M::port, {.in = since(10)});
            f("rack", &M::rack, {.in = since(10), .nullable = since(10)});
        }
        bool operator==(const NodeEndpoint&) const = default;
    };

    std::vector<TopicProduceResponse> responses;
    std::int32_t throttle_time_ms = 0;
    std::vector<NodeEndpoint> node_endpoints;

    static constexpr void fields(auto&& f) {
        using M = ProduceResponse;
        f("responses", &M::responses, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("node_endpoints", &M::node_endpoints, {.in = since(10), .tagged = since(10), .tag = 0});
    }
    bool operator==(const ProduceResponse&) const = default;
};

}  // namespace millrace::wire
