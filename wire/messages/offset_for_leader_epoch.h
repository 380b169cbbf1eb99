#pragma once
// OffsetForLeaderEpoch: key 23, versions 2-4, flexible from version 4.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct OffsetForLeaderEpochRequest {
    static constexpr std::string_view kName = "OffsetForLeaderEpochRequest";
    static constexpr ApiKey kKey = ApiKey::OffsetForLeaderEpoch;
    static constexpr Versions kValid = between(2, 4), kFlexible = since(4);

    struct OffsetForLeaderPartition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int32_t leader_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = OffsetForLeaderPartition;
            f("partition", &M::partition, {.in = since(0)});
            f("current_leader_epoch", &M::current_leader_epoch,
              {.in = since(2), .ignorable = true});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        }
        bool operator==(const OffsetForLeaderPartition&) const = default;
    };

    struct OffsetForLeaderTopic {
        std::string topic;
        std::vector<OffsetForLeaderPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = OffsetForLeaderTopic;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const OffsetForLeaderTopic&) const = default;
    };

    std::int32_t replica_id = -2;
    std::vector<OffsetForLeaderTopic> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetForLeaderEpochRequest;
        f("replica_id", &M::replica_id, {.in = since(3), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetForLeaderEpochRequest&) const = default;
};

struct OffsetForLeaderEpochResponse {
    static constexpr std::string_view kName = "OffsetForLeaderEpochResponse";
    static constexpr ApiKey kKey = ApiKey::OffsetForLeaderEpoch;
    static constexpr Versions kValid = between(2, 4), kFlexible = since(4);

    struct EpochEndOffset {
        ErrorCode error_code = ErrorCode::None;
        std::int32_t partition = 0;
        std::int32_t leader_epoch = -1;
        std::int64_t end_offset = -1;

        static constexpr void fields(auto&& f) {
            using M = EpochEndOffset;
            f("error_code", &M::error_code, {.in = since(0)});
            f("partition", &M::partition, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(1), .ignorable = true});
            f("end_offset", &M::end_offset, {.in = since(0)});
        }
        bool operator==(const EpochEndOffset&) const = default;
    };

    struct OffsetForLeaderTopicResult {
        std::string topic;
        std::vector<EpochEndOffset> partitions;

        static constexpr void fields(auto&& f) {
            using M = OffsetForLeaderTopicResult;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const OffsetForLeaderTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetForLeaderTopicResult> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetForLeaderEpochResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(2), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetForLeaderEpochResponse&) const = default;
};

}  // namespace millrace::wire
