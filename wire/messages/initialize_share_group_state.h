#pragma once
// InitializeShareGroupState: key 83, version 0, flexible from version 0.
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

struct InitializeShareGroupStateRequest {
    static constexpr std::string_view kName = "InitializeShareGroupStateRequest";
    static constexpr ApiKey kKey = ApiKey::InitializeShareGroupState;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition = 0;
        std::int32_t state_epoch = 0;
        std::int64_t start_offset = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition", &M::partition, {.in = since(0)});
            f("state_epoch", &M::state_epoch, {.in = since(0)});
            f("start_offset", &M::start_offset, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct InitializeStateData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = InitializeStateData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const InitializeStateData&) const = default;
    };

    std::string group_id;
    std::vector<InitializeStateData> topics;

    static constexpr void fields(auto&& f) {
        using M = InitializeShareGroupStateRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const InitializeShareGroupStateRequest&) const = default;
};

struct InitializeShareGroupStateResponse {
    static constexpr std::string_view kName = "InitializeShareGroupStateResponse";
    static constexpr ApiKey kKey = ApiKey::InitializeShareGroupState;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

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

    struct InitializeStateResult {
        Uuid topic_id;
        std::vector<PartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = InitializeStateResult;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const InitializeStateResult&) const = default;
    };

    std::vector<InitializeStateResult> results;

    static constexpr void fields(auto&& f) {
        using M = InitializeShareGroupStateResponse;
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const InitializeShareGroupStateResponse&) const = default;
};

}  // namespace millrace::wire
