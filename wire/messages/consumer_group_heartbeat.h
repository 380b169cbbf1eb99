#pragma once
// ConsumerGroupHeartbeat: key 68, versions 0-1, flexible from version 0.
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

struct ConsumerGroupHeartbeatRequest {
    static constexpr std::string_view kName = "ConsumerGroupHeartbeatRequest";
    static constexpr ApiKey kKey = ApiKey::ConsumerGroupHeartbeat;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    std::string group_id;
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::vector<std::string>> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    std::optional<std::string> server_assignor;
    std::optional<std::vector<TopicPartitions>> topic_partitions;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupHeartbeatRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
        f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
        f("rebalance_timeout_ms", &M::rebalance_timeout_ms, {.in = since(0)});
        f("subscribed_topic_names", &M::subscribed_topic_names,
          {.in = since(0), .nullable = since(0)});
        f("subscribed_topic_regex", &M::subscribed_topic_regex,
          {.in = since(1), .nullable = since(1)});
        f("server_assignor", &M::server_assignor, {.in = since(0), .nullable = since(0)});
        f("topic_partitions", &M::topic_partitions, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ConsumerGroupHeartbeatRequest&) const = default;
};

struct ConsumerGroupHeartbeatResponse {
    static constexpr std::string_view kName = "ConsumerGroupHeartbeatResponse";
    static constexpr ApiKey kKey = ApiKey::ConsumerGroupHeartbeat;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    struct Assignment {
        std::vector<TopicPartitions> topic_partitions;

        static constexpr void fields(auto&& f) {
            using M = Assignment;
            f("topic_partitions", &M::topic_partitions, {.in = since(0)});
        }
        bool operator==(const Assignment&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::optional<Assignment> assignment;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupHeartbeatResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("member_id", &M::member_id, {.in = since(0), .nullable = since(0)});
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("heartbeat_interval_ms", &M::heartbeat_interval_ms, {.in = since(0)});
        f("assignment", &M::assignment, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ConsumerGroupHeartbeatResponse&) const = default;
};

}  // namespace millrace::wire
