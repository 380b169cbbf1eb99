#pragma once
// ReadShareGroupStateSummary: key 87, versions 0-1, flexible from version 0.
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

struct ReadShareGroupStateSummaryRequest {
    static constexpr std::string_view kName = "ReadShareGroupStateSummaryRequest";
    static constexpr ApiKey kKey = ApiKey::ReadShareGroupStateSummary;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition = 0;
        std::int32_t leader_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition", &M::partition, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct ReadStateSummaryData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = ReadStateSummaryData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ReadStateSummaryData&) const = default;
    };

    std::string group_id;
    std::vector<ReadStateSummaryData> topics;

    static constexpr void fields(auto&& f) {
        using M = ReadShareGroupStateSummaryRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const ReadShareGroupStateSummaryRequest&) const = default;
};

struct ReadShareGroupStateSummaryResponse {
    static constexpr std::string_view kName = "ReadShareGroupStateSummaryResponse";
    static constexpr ApiKey kKey = ApiKey::ReadShareGroupStateSummary;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct PartitionResult {
        std::int32_t partition = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        std::int32_t state_epoch = 0;
        std::int32_t leader_epoch = 0;
        std::int64_t start_offset = 0;
        std::int32_t delivery_complete_count = -1;

        static constexpr void fields(auto&& f) {
            using M = PartitionResult;
            f("partition", &M::partition, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("state_epoch", &M::state_epoch, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("start_offset", &M::start_offset, {.in = since(0)});
            f("delivery_complete_count", &M::delivery_complete_count,
              {.in = since(1), .ignorable = true});
        }
        bool operator==(const PartitionResult&) const = default;
    };

    struct ReadStateSummaryResult {
        Uuid topic_id;
        std::vector<PartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = ReadStateSummaryResult;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const ReadStateSummaryResult&) const = default;
    };

    std::vector<ReadStateSummaryResult> results;

    static constexpr void fields(auto&& f) {
        using M = ReadShareGroupStateSummaryResponse;
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const ReadShareGroupStateSummaryResponse&) const = default;
};

}  // namespace millrace::wire
