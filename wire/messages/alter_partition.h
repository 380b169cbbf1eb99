#pragma once
// AlterPartition: key 56, versions 2-3, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AlterPartitionRequest {
    static constexpr std::string_view kName = "AlterPartitionRequest";
    static constexpr ApiKey kKey = ApiKey::AlterPartition;
    static constexpr Versions kValid = between(2, 3), kFlexible = since(0);

    struct BrokerState {
        std::int32_t broker_id = 0;
        std::int64_t broker_epoch = -1;

        static constexpr void fields(auto&& f) {
            using M = BrokerState;
            f("broker_id", &M::broker_id, {.in = since(3)});
            f("broker_epoch", &M::broker_epoch, {.in = since(3)});
        }
        bool operator==(const BrokerState&) const = default;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        std::int32_t leader_epoch = 0;
        std::vector<std::int32_t> new_isr;
        std::vector<BrokerState> new_isr_with_epochs;
        std::int8_t leader_recovery_state = 0;
        std::int32_t partition_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("new_isr", &M::new_isr, {.in = between(0, 2)});
            f("new_isr_with_epochs", &M::new_isr_with_epochs, {.in = since(3)});
            f("leader_recovery_state", &M::leader_recovery_state, {.in = since(1)});
            f("partition_epoch", &M::partition_epoch, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_id", &M::topic_id, {.in = since(2), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;
    std::vector<TopicData> topics;

    static constexpr void fields(auto&& f) {
        using M = AlterPartitionRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const AlterPartitionRequest&) const = default;
};

struct AlterPartitionResponse {
    static constexpr std::string_view kName = "AlterPartitionResponse";
    static constexpr ApiKey kKey = ApiKey::AlterPartition;
    static constexpr Versions kValid = between(2, 3), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;
        std::vector<std::int32_t> isr;
        std::int8_t leader_recovery_state = 0;
        std::int32_t partition_epoch = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("isr", &M::isr, {.in = since(0)});
            f("leader_recovery_state", &M::leader_recovery_state,
              {.in = since(1), .ignorable = true});
            f("partition_epoch", &M::partition_epoch, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_id", &M::topic_id, {.in = since(2), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<TopicData> topics;

    static constexpr void fields(auto&& f) {
        using M = AlterPartitionResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const AlterPartitionResponse&) const = default;
};

}  // namespace millrace::wire
