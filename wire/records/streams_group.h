#pragma once
// __consumer_offsets: groups of the streams protocol (KIP-1071).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct StreamsGroupMetadataKey {
    static constexpr std::string_view kName = "StreamsGroupMetadataKey";
    static constexpr std::int16_t kType = 17;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupMetadataKey&) const = default;
};

struct StreamsGroupMetadataValue {
    static constexpr std::string_view kName = "StreamsGroupMetadataValue";
    static constexpr std::int16_t kType = 17;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct LastAssignmentConfig {
        std::string key;
        std::string value;

        static constexpr void fields(auto&& f) {
            using M = LastAssignmentConfig;
            f("key", &M::key, {.in = since(0)});
            f("value", &M::value, {.in = since(0)});
        }
        bool operator==(const LastAssignmentConfig&) const = default;
    };

    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;
    std::int32_t validated_topology_epoch = -1;
    std::optional<std::vector<LastAssignmentConfig>> last_assignment_configs =
        std::vector<LastAssignmentConfig>{};
    std::int32_t stored_description_topology_epoch = -1;
    std::int32_t failed_description_topology_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupMetadataValue;
        f("epoch", &M::epoch, {.in = since(0)});
        f("metadata_hash", &M::metadata_hash, {.in = since(0)});
        f("validated_topology_epoch", &M::validated_topology_epoch,
          {.in = since(0), .tagged = since(0), .tag = 0});
        f("last_assignment_configs", &M::last_assignment_configs,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 1});
        f("stored_description_topology_epoch", &M::stored_description_topology_epoch,
          {.in = since(0), .tagged = since(0), .tag = 2});
        f("failed_description_topology_epoch", &M::failed_description_topology_epoch,
          {.in = since(0), .tagged = since(0), .tag = 3});
    }
    bool operator==(const StreamsGroupMetadataValue&) const = default;
};

struct StreamsGroupMemberMetadataKey {
    static constexpr std::string_view kName = "StreamsGroupMemberMetadataKey";
    static constexpr std::int16_t kType = 19;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupMemberMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupMemberMetadataKey&) const = default;
};

struct StreamsGroupMemberMetadataValue {
    static constexpr std::string_view kName = "StreamsGroupMemberMetadataValue";
    static constexpr std::int16_t kType = 19;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Endpoint {
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = Endpoint;
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
        }
        bool operator==(const Endpoint&) const = default;
    };

    struct KeyValue {
        std::string key;
        std::string value;

        static constexpr void fields(auto&& f) {
            using M = KeyValue;
            f("key", &M::key, {.in = since(0)});
            f("value", &M::value, {.in = since(0)});
        }
        bool operator==(const KeyValue&) const = default;
    };

    std::optional<std::string> instance_id = "";
    std::optional<std::string> rack_id = "";
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout_ms = -1;
    std::int32_t topology_epoch = 0;
    std::string process_id;
    std::optional<Endpoint> user_endpoint;
    std::vector<KeyValue> client_tags;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupMemberMetadataValue;
        f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
        f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
        f("client_id", &M::client_id, {.in = since(0)});
        f("client_host", &M::client_host, {.in = since(0)});
        f("rebalance_timeout_ms", &M::rebalance_timeout_ms, {.in = since(0)});
        f("topology_epoch", &M::topology_epoch, {.in = since(0)});
        f("process_id", &M::process_id, {.in = since(0)});
        f("user_endpoint", &M::user_endpoint, {.in = since(0), .nullable = since(0)});
        f("client_tags", &M::client_tags, {.in = since(0)});
    }
    bool operator==(const StreamsGroupMemberMetadataValue&) const = default;
};

struct StreamsGroupTargetAssignmentMetadataKey {
    static constexpr std::string_view kName = "StreamsGroupTargetAssignmentMetadataKey";
    static constexpr std::int16_t kType = 20;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTargetAssignmentMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupTargetAssignmentMetadataKey&) const = default;
};

struct StreamsGroupTargetAssignmentMetadataValue {
    static constexpr std::string_view kName = "StreamsGroupTargetAssignmentMetadataValue";
    static constexpr std::int16_t kType = 20;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t assignment_epoch = 0;
    std::int64_t assignment_timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTargetAssignmentMetadataValue;
        f("assignment_epoch", &M::assignment_epoch, {.in = since(0)});
        f("assignment_timestamp", &M::assignment_timestamp,
          {.in = since(0), .tagged = since(0), .tag = 0, .ignorable = true});
    }
    bool operator==(const StreamsGroupTargetAssignmentMetadataValue&) const = default;
};

struct StreamsGroupTargetAssignmentMemberKey {
    static constexpr std::string_view kName = "StreamsGroupTargetAssignmentMemberKey";
    static constexpr std::int16_t kType = 21;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTargetAssignmentMemberKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupTargetAssignmentMemberKey&) const = default;
};

struct StreamsGroupTargetAssignmentMemberValue {
    static constexpr std::string_view kName = "StreamsGroupTargetAssignmentMemberValue";
    static constexpr std::int16_t kType = 21;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TaskIds {
        std::string subtopology_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TaskIds;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TaskIds&) const = default;
    };

    std::vector<TaskIds> active_tasks;
    std::vector<TaskIds> standby_tasks;
    std::vector<TaskIds> warmup_tasks;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTargetAssignmentMemberValue;
        f("active_tasks", &M::active_tasks, {.in = since(0)});
        f("standby_tasks", &M::standby_tasks, {.in = since(0)});
        f("warmup_tasks", &M::warmup_tasks, {.in = since(0)});
    }
    bool operator==(const StreamsGroupTargetAssignmentMemberValue&) const = default;
};

struct StreamsGroupCurrentMemberAssignmentKey {
    static constexpr std::string_view kName = "StreamsGroupCurrentMemberAssignmentKey";
    static constexpr std::int16_t kType = 22;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupCurrentMemberAssignmentKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupCurrentMemberAssignmentKey&) const = default;
};

struct StreamsGroupCurrentMemberAssignmentValue {
    static constexpr std::string_view kName = "StreamsGroupCurrentMemberAssignmentValue";
    static constexpr std::int16_t kType = 22;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TaskIds {
        std::string subtopology_id;
        std::vector<std::int32_t> partitions;
        std::optional<std::vector<std::int32_t>> assignment_epochs = std::vector<std::int32_t>{};

        static constexpr void fields(auto&& f) {
            using M = TaskIds;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
            f("assignment_epochs", &M::assignment_epochs,
              {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
        }
        bool operator==(const TaskIds&) const = default;
    };

    std::int32_t member_epoch = 0;
    std::int32_t previous_member_epoch = 0;
    std::int8_t state = 0;
    std::vector<TaskIds> active_tasks;
    std::vector<TaskIds> standby_tasks;
    std::vector<TaskIds> warmup_tasks;
    std::vector<TaskIds> active_tasks_pending_revocation;
    std::vector<TaskIds> standby_tasks_pending_revocation;
    std::vector<TaskIds> warmup_tasks_pending_revocation;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupCurrentMemberAssignmentValue;
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("previous_member_epoch", &M::previous_member_epoch, {.in = since(0)});
        f("state", &M::state, {.in = since(0)});
        f("active_tasks", &M::active_tasks, {.in = since(0)});
        f("standby_tasks", &M::standby_tasks, {.in = since(0)});
        f("warmup_tasks", &M::warmup_tasks, {.in = since(0)});
        f("active_tasks_pending_revocation", &M::active_tasks_pending_revocation, {.in = since(0)});
        f("standby_tasks_pending_revocation", &M::standby_tasks_pending_revocation,
          {.in = since(0)});
        f("warmup_tasks_pending_revocation", &M::warmup_tasks_pending_revocation, {.in = since(0)});
    }
    bool operator==(const StreamsGroupCurrentMemberAssignmentValue&) const = default;
};

struct StreamsGroupTopologyKey {
    static constexpr std::string_view kName = "StreamsGroupTopologyKey";
    static constexpr std::int16_t kType = 23;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTopologyKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const StreamsGroupTopologyKey&) const = default;
};

struct StreamsGroupTopologyValue {
    static constexpr std::string_view kName = "StreamsGroupTopologyValue";
    static constexpr std::int16_t kType = 23;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicConfig {
        std::string key;
        std::string value;

        static constexpr void fields(auto&& f) {
            using M = TopicConfig;
            f("key", &M::key, {.in = since(0)});
            f("value", &M::value, {.in = since(0)});
        }
        bool operator==(const TopicConfig&) const = default;
    };

    struct TopicInfo {
        std::string name;
        std::int32_t partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<TopicConfig> topic_configs;

        static constexpr void fields(auto&& f) {
            using M = TopicInfo;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
            f("replication_factor", &M::replication_factor, {.in = since(0)});
            f("topic_configs", &M::topic_configs, {.in = since(0)});
        }
        bool operator==(const TopicInfo&) const = default;
    };

    struct CopartitionGroup {
        std::vector<std::int16_t> source_topics;
        std::vector<std::int16_t> source_topic_regex;
        std::vector<std::int16_t> repartition_source_topics;

        static constexpr void fields(auto&& f) {
            using M = CopartitionGroup;
            f("source_topics", &M::source_topics, {.in = since(0)});
            f("source_topic_regex", &M::source_topic_regex, {.in = since(0)});
            f("repartition_source_topics", &M::repartition_source_topics, {.in = since(0)});
        }
        bool operator==(const CopartitionGroup&) const = default;
    };

    struct Subtopology {
        std::string subtopology_id;
        std::vector<std::string> source_topics;
        std::vector<std::string> source_topic_regex;
        std::vector<TopicInfo> state_changelog_topics;
        std::vector<std::string> repartition_sink_topics;
        std::vector<TopicInfo> repartition_source_topics;
        std::vector<CopartitionGroup> copartition_groups;

        static constexpr void fields(auto&& f) {
            using M = Subtopology;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("source_topics", &M::source_topics, {.in = since(0)});
            f("source_topic_regex", &M::source_topic_regex, {.in = since(0)});
            f("state_changelog_topics", &M::state_changelog_topics, {.in = since(0)});
            f("repartition_sink_topics", &M::repartition_sink_topics, {.in = since(0)});
            f("repartition_source_topics", &M::repartition_source_topics, {.in = since(0)});
            f("copartition_groups", &M::copartition_groups, {.in = since(0)});
        }
        bool operator==(const Subtopology&) const = default;
    };

    std::int32_t epoch = 0;
    std::vector<Subtopology> subtopologies;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTopologyValue;
        f("epoch", &M::epoch, {.in = since(0)});
        f("subtopologies", &M::subtopologies, {.in = since(0)});
    }
    bool operator==(const StreamsGroupTopologyValue&) const = default;
};

}  // namespace millrace::wire
