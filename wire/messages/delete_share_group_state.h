#pragma once
// DeleteShareGroupState: key 86, version 0, flexible from version 0.
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

struct DeleteShareGroupStateRequest {
    static constexpr std::string_view kName = "DeleteShareGroupStateRequest";
    static constexpr ApiKey kKey = ApiKey::DeleteShareGroupState;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition", &M::partition, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct DeleteStateData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = DeleteStateData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DeleteStateData&) const = default;
    };

    std::string group_id;
    std::vector<DeleteStateData> topics;

    static constexpr void fields(auto&& f) {
        using M = DeleteShareGroupStateRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const DeleteShareGroupStateRequest&) const = default;
};

struct DeleteShareGroupStateResponse {
    static constexpr std::string_view kName = "DeleteShareGroupStateResponse";
    static constexpr ApiKey kKey = ApiKey::DeleteShareGroupState;
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

    struct DeleteStateResult {
        Uuid topic_id;
        std::vector<PartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = DeleteStateResult;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DeleteStateResult&) const = default;
    };

    std::vector<DeleteStateResult> results;

    static constexpr void fields(auto&& f) {
        using M = DeleteShareGroupStateResponse;
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const DeleteShareGroupStateResponse&) const = default;
};

}  // namespace millrace::wire
