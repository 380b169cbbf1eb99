#pragma once
// The user data of classic Kafka Streams members (SubscriptionInfo).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct SubscriptionInfoData {
    static constexpr std::string_view kName = "SubscriptionInfoData";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = between(1, 11), kFlexible = kNever;

    struct TaskId {
        std::int32_t topic_group_id = 0;
        std::int32_t partition = 0;

        static constexpr void fields(auto&& f) {
            using M = TaskId;
            f("topic_group_id", &M::topic_group_id, {.in = between(1, 6)});
            f("partition", &M::partition, {.in = between(1, 6)});
        }
        bool operator==(const TaskId&) const = default;
    };

    struct PartitionToOffsetSum {
        std::int32_t partition = 0;
        std::int64_t offset_sum = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionToOffsetSum;
            f("partition", &M::partition, {.in = between(7, 9)});
            f("offset_sum", &M::offset_sum, {.in = between(7, 9)});
        }
        bool operator==(const PartitionToOffsetSum&) const = default;
    };

    struct TaskOffsetSum {
        std::int32_t topic_group_id = 0;
        std::int32_t partition = 0;
        std::int64_t offset_sum = 0;
        std::optional<std::string> named_topology = "";
        std::vector<PartitionToOffsetSum> partition_to_offset_sum;

        static constexpr void fields(auto&& f) {
            using M = TaskOffsetSum;
            f("topic_group_id", &M::topic_group_id, {.in = since(7)});
            f("partition", &M::partition, {.in = since(10)});
            f("offset_sum", &M::offset_sum, {.in = since(10)});
            f("named_topology", &M::named_topology,
              {.in = since(10), .nullable = since(10), .ignorable = true});
            f("partition_to_offset_sum", &M::partition_to_offset_sum, {.in = between(7, 9)});
        }
        bool operator==(const TaskOffsetSum&) const = default;
    };

    struct ClientTag {
        Bytes key;
        Bytes value;

        static constexpr void fields(auto&& f) {
            using M = ClientTag;
            f("key", &M::key, {.in = since(11)});
            f("value", &M::value, {.in = since(11)});
        }
        bool operator==(const ClientTag&) const = default;
    };

    std::int32_t version = 0;
    std::int32_t latest_supported_version = -1;
    Uuid process_id;
    std::vector<TaskId> prev_tasks;
    std::vector<TaskId> standby_tasks;
    Bytes user_end_point;
    std::vector<TaskOffsetSum> task_offset_sums;
    std::int8_t unique_field = 0;
    std::int32_t error_code = 0;
    std::vector<ClientTag> client_tags;

    static constexpr void fields(auto&& f) {
        using M = SubscriptionInfoData;
        f("version", &M::version, {.in = since(1)});
        f("latest_supported_version", &M::latest_supported_version, {.in = since(3)});
        f("process_id", &M::process_id, {.in = since(1)});
        f("prev_tasks", &M::prev_tasks, {.in = between(1, 6)});
        f("standby_tasks", &M::standby_tasks, {.in = between(1, 6)});
        f("user_end_point", &M::user_end_point, {.in = since(2)});
        f("task_offset_sums", &M::task_offset_sums, {.in = since(7)});
        f("unique_field", &M::unique_field, {.in = since(8)});
        f("error_code", &M::error_code, {.in = since(9)});
        f("client_tags", &M::client_tags, {.in = since(11)});
    }
    bool operator==(const SubscriptionInfoData&) const = default;
};

}  // namespace millrace::wire
