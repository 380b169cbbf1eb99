#pragma once
// StreamsGroupHeartbeat: key 88, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct StreamsGroupHeartbeatRequest {
    static constexpr std::string_view kName = "StreamsGroupHeartbeatRequest";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupHeartbeat;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

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

    struct TopicInfo {
        std::string name;
        std::int32_t partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<KeyValue> topic_configs;

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

    struct Topology {
        std::int32_t epoch = 0;
        std::vector<Subtopology> subtopologies;

        static constexpr void fields(auto&& f) {
            using M = Topology;
            f("epoch", &M::epoch, {.in = since(0)});
            f("subtopologies", &M::subtopologies, {.in = since(0)});
        }
        bool operator==(const Topology&) const = default;
    };

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

    struct TaskOffset {
        std::string subtopology_id;
        std::int32_t partition = 0;
        std::int64_t offset = 0;

        static constexpr void fields(auto&& f) {
            using M = TaskOffset;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("partition", &M::partition, {.in = since(0)});
            f("offset", &M::offset, {.in = since(0)});
        }
        bool operator==(const TaskOffset&) const = default;
    };

    std::string group_id;
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::int32_t endpoint_information_epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<Topology> topology;
    std::optional<std::vector<TaskIds>> active_tasks;
    std::optional<std::vector<TaskIds>> standby_tasks;
    std::optional<std::vector<TaskIds>> warmup_tasks;
    std::optional<std::string> process_id;
    std::optional<Endpoint> user_endpoint;
    std::optional<std::vector<KeyValue>> client_tags;
    std::optional<std::vector<TaskOffset>> task_offsets;
    std::optional<std::vector<TaskOffset>> task_end_offsets;
    bool shutdown_application = false;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupHeartbeatRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("endpoint_information_epoch", &M::endpoint_information_epoch, {.in = since(0)});
        f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
        f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
        f("rebalance_timeout_ms", &M::rebalance_timeout_ms, {.in = since(0)});
        f("topology", &M::topology, {.in = since(0), .nullable = since(0)});
        f("active_tasks", &M::active_tasks, {.in = since(0), .nullable = since(0)});
        f("standby_tasks", &M::standby_tasks, {.in = since(0), .nullable = since(0)});
        f("warmup_tasks", &M::warmup_tasks, {.in = since(0), .nullable = since(0)});
        f("process_id", &M::process_id, {.in = since(0), .nullable = since(0)});
        f("user_endpoint", &M::user_endpoint, {.in = since(0), .nullable = since(0)});
        f("client_tags", &M::client_tags, {.in = since(0), .nullable = since(0)});
        f("task_offsets", &M::task_offsets, {.in = since(0), .nullable = since(0)});
        f("task_end_offsets", &M::task_end_offsets, {.in = since(0), .nullable = since(0)});
        f("shutdown_application", &M::shutdown_application, {.in = since(0)});
    }
    bool operator==(const StreamsGroupHeartbeatRequest&) const = default;
};

struct StreamsGroupHeartbeatResponse {
    static constexpr std::string_view kName = "StreamsGroupHeartbeatResponse";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupHeartbeat;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Status {
        std::int8_t status_code = 0;
        std::string status_detail;

        static constexpr void fields(auto&& f) {
            using M = Status;
            f("status_code", &M::status_code, {.in = since(0)});
            f("status_detail", &M::status_detail, {.in = since(0)});
        }
        bool operator==(const Status&) const = default;
    };

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

    struct EndpointToPartitions {
        Endpoint user_endpoint;
        std::vector<TopicPartition> active_partitions;
        std::vector<TopicPartition> standby_partitions;

        static constexpr void fields(auto&& f) {
            using M = EndpointToPartitions;
            f("user_endpoint", &M::user_endpoint, {.in = since(0)});
            f("active_partitions", &M::active_partitions, {.in = since(0)});
            f("standby_partitions", &M::standby_partitions, {.in = since(0)});
        }
        bool operator==(const EndpointToPartitions&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::int32_t acceptable_recovery_lag_legacy = 0;
    std::int32_t task_offset_interval_ms = 0;
    std::int64_t acceptable_recovery_lag = -1;
    std::optional<std::vector<Status>> status = std::vector<Status>{};
    std::optional<std::vector<TaskIds>> active_tasks;
    std::optional<std::vector<TaskIds>> standby_tasks;
    std::optional<std::vector<TaskIds>> warmup_tasks;
    bool topology_description_required = false;
    std::int32_t endpoint_information_epoch = 0;
    std::optional<std::vector<EndpointToPartitions>> partitions_by_user_endpoint;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupHeartbeatResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("heartbeat_interval_ms", &M::heartbeat_interval_ms, {.in = since(0)});
        f("acceptable_recovery_lag_legacy", &M::acceptable_recovery_lag_legacy, {.in = only(0)});
        f("task_offset_interval_ms", &M::task_offset_interval_ms, {.in = since(0)});
        f("acceptable_recovery_lag", &M::acceptable_recovery_lag,
          {.in = since(1), .ignorable = true});
        f("status", &M::status, {.in = since(0), .nullable = since(0)});
        f("active_tasks", &M::active_tasks, {.in = since(0), .nullable = since(0)});
        f("standby_tasks", &M::standby_tasks, {.in = since(0), .nullable = since(0)});
        f("warmup_tasks", &M::warmup_tasks, {.in = since(0), .nullable = since(0)});
        f("topology_description_required", &M::topology_description_required, {.in = since(1)});
        f("endpoint_information_epoch", &M::endpoint_information_epoch, {.in = since(0)});
        f("partitions_by_user_endpoint", &M::partitions_by_user_endpoint,
          {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const StreamsGroupHeartbeatResponse&) const = default;
};

}  // namespace millrace::wire
