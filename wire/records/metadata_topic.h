#pragma once
// __cluster_metadata: topics and partitions.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct TopicRecord {
    static constexpr std::string_view kName = "TopicRecord";
    static constexpr std::int16_t kType = 2;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string name;
    Uuid topic_id;

    static constexpr void fields(auto&& f) {
        using M = TopicRecord;
        f("name", &M::name, {.in = since(0)});
        f("topic_id", &M::topic_id, {.in = since(0)});
    }
    bool operator==(const TopicRecord&) const = default;
};

struct PartitionRecord {
    static constexpr std::string_view kName = "PartitionRecord";
    static constexpr std::int16_t kType = 3;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    std::int32_t partition_id = -1;
    Uuid topic_id;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> isr;
    std::vector<std::int32_t> removing_replicas;
    std::vector<std::int32_t> adding_replicas;
    std::int32_t leader = -1;
    std::int8_t leader_recovery_state = 0;
    std::int32_t leader_epoch = -1;
    std::int32_t partition_epoch = -1;
    std::vector<Uuid> directories;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;

    static constexpr void fields(auto&& f) {
        using M = PartitionRecord;
        f("partition_id", &M::partition_id, {.in = since(0)});
        f("topic_id", &M::topic_id, {.in = since(0)});
        f("replicas", &M::replicas, {.in = since(0)});
        f("isr", &M::isr, {.in = since(0)});
        f("removing_replicas", &M::removing_replicas, {.in = since(0)});
        f("adding_replicas", &M::adding_replicas, {.in = since(0)});
        f("leader", &M::leader, {.in = since(0)});
        f("leader_recovery_state", &M::leader_recovery_state,
          {.in = since(0), .tagged = since(0), .tag = 0});
        f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        f("partition_epoch", &M::partition_epoch, {.in = since(0)});
        f("directories", &M::directories, {.in = since(1)});
        f("eligible_leader_replicas", &M::eligible_leader_replicas,
          {.in = since(2), .nullable = since(2), .tagged = since(2), .tag = 1});
        f("last_known_elr", &M::last_known_elr,
          {.in = since(2), .nullable = since(2), .tagged = since(2), .tag = 2});
    }
    bool operator==(const PartitionRecord&) const = default;
};

struct PartitionChangeRecord {
    static constexpr std::string_view kName = "PartitionChangeRecord";
    static constexpr std::int16_t kType = 5;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    std::int32_t partition_id = -1;
    Uuid topic_id;
    std::optional<std::vector<std::int32_t>> isr;
    std::int32_t leader = -2;
    std::optional<std::vector<std::int32_t>> replicas;
    std::optional<std::vector<std::int32_t>> removing_replicas;
    std::optional<std::vector<std::int32_t>> adding_replicas;
    std::int8_t leader_recovery_state = -1;
    std::optional<std::vector<Uuid>> directories;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;

    static constexpr void fields(auto&& f) {
        using M = PartitionChangeRecord;
        f("partition_id", &M::partition_id, {.in = since(0)});
        f("topic_id", &M::topic_id, {.in = since(0)});
        f("isr", &M::isr, {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
        f("leader", &M::leader, {.in = since(0), .tagged = since(0), .tag = 1});
        f("replicas", &M::replicas,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 2});
        f("removing_replicas", &M::removing_replicas,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 3});
        f("adding_replicas", &M::adding_replicas,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 4});
        f("leader_recovery_state", &M::leader_recovery_state,
          {.in = since(0), .tagged = since(0), .tag = 5});
        f("directories", &M::directories,
          {.in = since(1), .nullable = since(1), .tagged = since(1), .tag = 8});
        f("eligible_leader_replicas", &M::eligible_leader_replicas,
          {.in = since(2), .nullable = since(2), .tagged = since(2), .tag = 6});
        f("last_known_elr", &M::last_known_elr,
          {.in = since(2), .nullable = since(2), .tagged = since(2), .tag = 7});
    }
    bool operator==(const PartitionChangeRecord&) const = default;
};

struct RemoveTopicRecord {
    static constexpr std::string_view kName = "RemoveTopicRecord";
    static constexpr std::int16_t kType = 9;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    Uuid topic_id;

    static constexpr void fields(auto&& f) {
        using M = RemoveTopicRecord;
        f("topic_id", &M::topic_id, {.in = since(0)});
    }
    bool operator==(const RemoveTopicRecord&) const = default;
};

struct ClearElrRecord {
    static constexpr std::string_view kName = "ClearElrRecord";
    static constexpr std::int16_t kType = 28;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string topic_name;

    static constexpr void fields(auto&& f) {
        using M = ClearElrRecord;
        f("topic_name", &M::topic_name, {.in = since(0)});
    }
    bool operator==(const ClearElrRecord&) const = default;
};

}  // namespace millrace::wire
