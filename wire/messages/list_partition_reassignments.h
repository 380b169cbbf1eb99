#pragma once
// ListPartitionReassignments: key 46, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ListPartitionReassignmentsRequest {
    static constexpr std::string_view kName = "ListPartitionReassignmentsRequest";
    static constexpr ApiKey kKey = ApiKey::ListPartitionReassignments;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct ListPartitionReassignmentsTopics {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void fields(auto&& f) {
            using M = ListPartitionReassignmentsTopics;
            f("name", &M::name, {.in = since(0)});
            f("partition_indexes", &M::partition_indexes, {.in = since(0)});
        }
        bool operator==(const ListPartitionReassignmentsTopics&) const = default;
    };

    std::int32_t timeout_ms = 60000;
    std::optional<std::vector<ListPartitionReassignmentsTopics>> topics;

    static constexpr void fields(auto&& f) {
        using M = ListPartitionReassignmentsRequest;
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ListPartitionReassignmentsRequest&) const = default;
};

struct ListPartitionReassignmentsResponse {
    static constexpr std::string_view kName = "ListPartitionReassignmentsResponse";
    static constexpr ApiKey kKey = ApiKey::ListPartitionReassignments;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct OngoingPartitionReassignment {
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> replicas;
        std::vector<std::int32_t> adding_replicas;
        std::vector<std::int32_t> removing_replicas;

        static constexpr void fields(auto&& f) {
            using M = OngoingPartitionReassignment;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("replicas", &M::replicas, {.in = since(0)});
            f("adding_replicas", &M::adding_replicas, {.in = since(0)});
            f("removing_replicas", &M::removing_replicas, {.in = since(0)});
        }
        bool operator==(const OngoingPartitionReassignment&) const = default;
    };

    struct OngoingTopicReassignment {
        std::string name;
        std::vector<OngoingPartitionReassignment> partitions;

        static constexpr void fields(auto&& f) {
            using M = OngoingTopicReassignment;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const OngoingTopicReassignment&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::vector<OngoingTopicReassignment> topics;

    static constexpr void fields(auto&& f) {
        using M = ListPartitionReassignmentsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const ListPartitionReassignmentsResponse&) const = default;
};

}  // namespace millrace::wire
