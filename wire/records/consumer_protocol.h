#pragma once
// Embedded consumer protocol: what classic members put into JoinGroup and SyncGroup, int16 version
// in front.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ConsumerProtocolAssignment {
    static constexpr std::string_view kName = "ConsumerProtocolAssignment";
    static constexpr Framing kFraming = Framing::Protocol;
    static constexpr Versions kValid = between(0, 3), kFlexible = kNever;

    struct TopicPartition {
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartition;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartition&) const = default;
    };

    std::vector<TopicPartition> assigned_partitions;
    std::optional<Bytes> user_data;

    static constexpr void fields(auto&& f) {
        using M = ConsumerProtocolAssignment;
        f("assigned_partitions", &M::assigned_partitions, {.in = since(0)});
        f("user_data", &M::user_data, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ConsumerProtocolAssignment&) const = default;
};

struct ConsumerProtocolSubscription {
    static constexpr std::string_view kName = "ConsumerProtocolSubscription";
    static constexpr Framing kFraming = Framing::Protocol;
    static constexpr Versions kValid = between(0, 3), kFlexible = kNever;

    struct TopicPartition {
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartition;
            f("topic", &M::topic, {.in = since(1)});
            f("partitions", &M::partitions, {.in = since(1)});
        }
        bool operator==(const TopicPartition&) const = default;
    };

    std::vector<std::string> topics;
    std::optional<Bytes> user_data;
    std::vector<TopicPartition> owned_partitions;
    std::int32_t generation_id = -1;
    std::optional<std::string> rack_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerProtocolSubscription;
        f("topics", &M::topics, {.in = since(0)});
        f("user_data", &M::user_data, {.in = since(0), .nullable = since(0)});
        f("owned_partitions", &M::owned_partitions, {.in = since(1), .ignorable = true});
        f("generation_id", &M::generation_id, {.in = since(2), .ignorable = true});
        f("rack_id", &M::rack_id, {.in = since(3), .nullable = since(3), .ignorable = true});
    }
    bool operator==(const ConsumerProtocolSubscription&) const = default;
};

}  // namespace millrace::wire
