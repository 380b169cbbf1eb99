#pragma once
// DescribeProducers: key 61, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeProducersRequest {
    static constexpr std::string_view kName = "DescribeProducersRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeProducers;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicRequest {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void fields(auto&& f) {
            using M = TopicRequest;
            f("name", &M::name, {.in = since(0)});
            f("partition_indexes", &M::partition_indexes, {.in = since(0)});
        }
        bool operator==(const TopicRequest&) const = default;
    };

    std::vector<TopicRequest> topics;

    static constexpr void fields(auto&& f) {
        using M = DescribeProducersRequest;
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const DescribeProducersRequest&) const = default;
};

struct DescribeProducersResponse {
    static constexpr std::string_view kName = "DescribeProducersResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeProducers;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct ProducerState {
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;
        std::int64_t last_timestamp = -1;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;

        static constexpr void fields(auto&& f) {
            using M = ProducerState;
            f("producer_id", &M::producer_id, {.in = since(0)});
            f("producer_epoch", &M::producer_epoch, {.in = since(0)});
            f("last_sequence", &M::last_sequence, {.in = since(0)});
            f("last_timestamp", &M::last_timestamp, {.in = since(0)});
            f("coordinator_epoch", &M::coordinator_epoch, {.in = since(0)});
            f("current_txn_start_offset", &M::current_txn_start_offset, {.in = since(0)});
        }
        bool operator==(const ProducerState&) const = default;
    };

    struct PartitionResponse {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        std::vector<ProducerState> active_producers;

        static constexpr void fields(auto&& f) {
            using M = PartitionResponse;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("active_producers", &M::active_producers, {.in = since(0)});
        }
        bool operator==(const PartitionResponse&) const = default;
    };

    struct TopicResponse {
        std::string name;
        std::vector<PartitionResponse> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicResponse;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicResponse&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TopicResponse> topics;

    static constexpr void fields(auto&& f) {
        using M = DescribeProducersResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const DescribeProducersResponse&) const = default;
};

}  // namespace millrace::wire
