#pragma once
// ElectLeaders: key 43, versions 0-2, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ElectLeadersRequest {
    static constexpr std::string_view kName = "ElectLeadersRequest";
    static constexpr ApiKey kKey = ApiKey::ElectLeaders;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct TopicPartitions {
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    std::int8_t election_type = 0;
    std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};
    std::int32_t timeout_ms = 60000;

    static constexpr void fields(auto&& f) {
        using M = ElectLeadersRequest;
        f("election_type", &M::election_type, {.in = since(1)});
        f("topic_partitions", &M::topic_partitions, {.in = since(0), .nullable = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
    }
    bool operator==(const ElectLeadersRequest&) const = default;
};

struct ElectLeadersResponse {
    static constexpr std::string_view kName = "ElectLeadersResponse";
    static constexpr ApiKey kKey = ApiKey::ElectLeaders;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct PartitionResult {
        std::int32_t partition_id = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = PartitionResult;
            f("partition_id", &M::partition_id, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const PartitionResult&) const = default;
    };

    struct ReplicaElectionResult {
        std::string topic;
        std::vector<PartitionResult> partition_result;

        static constexpr void fields(auto&& f) {
            using M = ReplicaElectionResult;
            f("topic", &M::topic, {.in = since(0)});
            f("partition_result", &M::partition_result, {.in = since(0)});
        }
        bool operator==(const ReplicaElectionResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<ReplicaElectionResult> replica_election_results;

    static constexpr void fields(auto&& f) {
        using M = ElectLeadersResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(1)});
        f("replica_election_results", &M::replica_election_results, {.in = since(0)});
    }
    bool operator==(const ElectLeadersResponse&) const = default;
};

}  // namespace millrace::wire
