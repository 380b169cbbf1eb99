#pragma once
// WriteShareGroupState: key 85, versions 0-1, flexible from version 0.
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

struct WriteShareGroupStateRequest {
    static constexpr std::string_view kName = "WriteShareGroupStateRequest";
    static constexpr ApiKey kKey = ApiKey::WriteShareGroupState;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct StateBatch {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::int8_t delivery_state = 0;
        std::int16_t delivery_count = 0;

        static constexpr void fields(auto&& f) {
            using M = StateBatch;
            f("first_offset", &M::first_offset, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("delivery_state", &M::delivery_state, {.in = since(0)});
            f("delivery_count", &M::delivery_count, {.in = since(0)});
        }
        bool operator==(const StateBatch&) const = default;
    };

    struct PartitionData {
        std::int32_t partition = 0;
        std::int32_t state_epoch = 0;
        std::int32_t leader_epoch = 0;
        std::int64_t start_offset = 0;
        std::int32_t delivery_complete_count = -1;
        std::vector<StateBatch> state_batches;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition", &M::partition, {.in = since(0)});
            f("state_epoch", &M::state_epoch, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("start_offset", &M::start_offset, {.in = since(0)});
            f("delivery_complete_count", &M::delivery_complete_count,
              {.in = since(1), .ignorable = true});
            f("state_batches", &M::state_batches, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct WriteStateData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = WriteStateData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const WriteStateData&) const = default;
    };

    std::string group_id;
    std::vector<WriteStateData> topics;

    static constexpr void fields(auto&& f) {
        using M = WriteShareGroupStateRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const WriteShareGroupStateRequest&) const = default;
};

struct WriteShareGroupStateResponse {
    static constexpr std::string_view kName = "WriteShareGroupStateResponse";
    static constexpr ApiKey kKey = ApiKey::WriteShareGroupState;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct PartitionResult {
        std::int32_t partition = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = PartitionResult;
            f("partition", &M::partition, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const PartitionResult&) const = default;
    };

    struct WriteStateResult {
        Uuid topic_id;
        std::vector<PartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = WriteStateResult;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const WriteStateResult&) const = default;
    };

    std::vector<WriteStateResult> results;

    static constexpr void fields(auto&& f) {
        using M = WriteShareGroupStateResponse;
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const WriteShareGroupStateResponse&) const = default;
};

}  // namespace millrace::wire
