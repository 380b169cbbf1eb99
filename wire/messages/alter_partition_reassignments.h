#pragma once
// AlterPartitionReassignments: key 45, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AlterPartitionReassignmentsRequest {
    static constexpr std::string_view kName = "AlterPartitionReassignmentsRequest";
    static constexpr ApiKey kKey = ApiKey::AlterPartitionReassignments;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct ReassignablePartition {
        std::int32_t partition_index = 0;
        std::optional<std::vector<std::int32_t>> replicas;

        static constexpr void fields(auto&& f) {
            using M = ReassignablePartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("replicas", &M::replicas, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const ReassignablePartition&) const = default;
    };

    struct ReassignableTopic {
        std::string name;
        std::vector<ReassignablePartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = ReassignableTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ReassignableTopic&) const = default;
    };

    std::int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    std::vector<ReassignableTopic> topics;

    static constexpr void fields(auto&& f) {
        using M = AlterPartitionReassignmentsRequest;
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("allow_replication_factor_change", &M::allow_replication_factor_change, {.in = since(1)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const AlterPartitionReassignmentsRequest&) const = default;
};

struct AlterPartitionReassignmentsResponse {
    static constexpr std::string_view kName = "AlterPartitionReassignmentsResponse";
    static constexpr ApiKey kKey = ApiKey::AlterPartitionReassignments;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct ReassignablePartitionResponse {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";

        static constexpr void fields(auto&& f) {
            using M = ReassignablePartitionResponse;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const ReassignablePartitionResponse&) const = default;
    };

    struct ReassignableTopicResponse {
        std::string name;
        std::vector<ReassignablePartitionResponse> partitions;

        static constexpr void fields(auto&& f) {
            using M = ReassignableTopicResponse;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ReassignableTopicResponse&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    bool allow_replication_factor_change = true;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::vector<ReassignableTopicResponse> responses;

    static constexpr void fields(auto&& f) {
        using M = AlterPartitionReassignmentsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("allow_replication_factor_change", &M::allow_replication_factor_change,
          {.in = since(1), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("responses", &M::responses, {.in = since(0)});
    }
    bool operator==(const AlterPartitionReassignmentsResponse&) const = default;
};

}  // namespace millrace::wire
