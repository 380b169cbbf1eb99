#pragma once
// WriteTxnMarkers: key 27, versions 1-2, flexible from version 1.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct WriteTxnMarkersRequest {
    static constexpr std::string_view kName = "WriteTxnMarkersRequest";
    static constexpr ApiKey kKey = ApiKey::WriteTxnMarkers;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(1);

    struct WritableTxnMarkerTopic {
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void fields(auto&& f) {
            using M = WritableTxnMarkerTopic;
            f("name", &M::name, {.in = since(0)});
            f("partition_indexes", &M::partition_indexes, {.in = since(0)});
        }
        bool operator==(const WritableTxnMarkerTopic&) const = default;
    };

    struct WritableTxnMarker {
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool transaction_result = false;
        std::vector<WritableTxnMarkerTopic> topics;
        std::int32_t coordinator_epoch = 0;
        std::int8_t transaction_version = 0;

        static constexpr void fields(auto&& f) {
            using M = WritableTxnMarker;
            f("producer_id", &M::producer_id, {.in = since(0)});
            f("producer_epoch", &M::producer_epoch, {.in = since(0)});
            f("transaction_result", &M::transaction_result, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
            f("coordinator_epoch", &M::coordinator_epoch, {.in = since(0)});
            f("transaction_version", &M::transaction_version, {.in = since(2), .ignorable = true});
        }
        bool operator==(const WritableTxnMarker&) const = default;
    };

    std::vector<WritableTxnMarker> markers;

    static constexpr void fields(auto&& f) {
        using M = WriteTxnMarkersRequest;
        f("markers", &M::markers, {.in = since(0)});
    }
    bool operator==(const WriteTxnMarkersRequest&) const = default;
};

struct WriteTxnMarkersResponse {
    static constexpr std::string_view kName = "WriteTxnMarkersResponse";
    static constexpr ApiKey kKey = ApiKey::WriteTxnMarkers;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(1);

    struct WritableTxnMarkerPartitionResult {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = WritableTxnMarkerPartitionResult;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const WritableTxnMarkerPartitionResult&) const = default;
    };

    struct WritableTxnMarkerTopicResult {
        std::string name;
        std::vector<WritableTxnMarkerPartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = WritableTxnMarkerTopicResult;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const WritableTxnMarkerTopicResult&) const = default;
    };

    struct WritableTxnMarkerResult {
        std::int64_t producer_id = 0;
        std::vector<WritableTxnMarkerTopicResult> topics;

        static constexpr void fields(auto&& f) {
            using M = WritableTxnMarkerResult;
            f("producer_id", &M::producer_id, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
        }
        bool operator==(const WritableTxnMarkerResult&) const = default;
    };

    std::vector<WritableTxnMarkerResult> markers;

    static constexpr void fields(auto&& f) {
        using M = WriteTxnMarkersResponse;
        f("markers", &M::markers, {.in = since(0)});
    }
    bool operator==(const WriteTxnMarkersResponse&) const = default;
};

}  // namespace millrace::wire
