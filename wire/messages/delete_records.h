#pragma once
// DeleteRecords: key 21, versions 0-2, flexible from version 2.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DeleteRecordsRequest {
    static constexpr std::string_view kName = "DeleteRecordsRequest";
    static constexpr ApiKey kKey = ApiKey::DeleteRecords;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct DeleteRecordsPartition {
        std::int32_t partition_index = 0;
        std::int64_t offset = 0;

        static constexpr void fields(auto&& f) {
            using M = DeleteRecordsPartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("offset", &M::offset, {.in = since(0)});
        }
        bool operator==(const DeleteRecordsPartition&) const = default;
    };

    struct DeleteRecordsTopic {
        std::string name;
        std::vector<DeleteRecordsPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = DeleteRecordsTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DeleteRecordsTopic&) const = default;
    };

    std::vector<DeleteRecordsTopic> topics;
    std::int32_t timeout_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = DeleteRecordsRequest;
        f("topics", &M::topics, {.in = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
    }
    bool operator==(const DeleteRecordsRequest&) const = default;
};

struct DeleteRecordsResponse {
    static constexpr std::string_view kName = "DeleteRecordsResponse";
    static constexpr ApiKey kKey = ApiKey::DeleteRecords;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(2);

    struct DeleteRecordsPartitionResult {
        std::int32_t partition_index = 0;
        std::int64_t low_watermark = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = DeleteRecordsPartitionResult;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("low_watermark", &M::low_watermark, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const DeleteRecordsPartitionResult&) const = default;
    };

    struct DeleteRecordsTopicResult {
        std::string name;
        std::vector<DeleteRecordsPartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = DeleteRecordsTopicResult;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DeleteRecordsTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeleteRecordsTopicResult> topics;

    static constexpr void fields(auto&& f) {
        using M = DeleteRecordsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const DeleteRecordsResponse&) const = default;
};

}  // namespace millrace::wire
