#pragma once
// StreamsGroupDescribe: key 89, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct StreamsGroupDescribeRequest {
    static constexpr std::string_view kName = "StreamsGroupDescribeRequest";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupDescribe;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;
    bool include_topology_description = false;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupDescribeRequest;
        f("group_ids", &M::group_ids, {.in = since(0)});
        f("include_authorized_operations", &M::include_authorized_operations, {.in = since(0)});
        f("include_topology_description", &M::include_topology_description, {.in = since(1)});
    }
    bool operator==(const StreamsGroupDescribeRequest&) const = default;
};

struct StreamsGroupDescribeResponse {
    static constexpr std::string_view kName = "StreamsGroupDescribeResponse";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupDescribe;
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

    struct Subtopology {
        std::string subtopology_id;
        std::vector<std::string> source_topics;
        std::vector<std::string> repartition_sink_topics;
        std::vector<TopicInfo> state_changelog_topics;
        std::vector<TopicInfo> repartition_source_topics;

        static constexpr void fields(auto&& f) {
            using M = Subtopology;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("source_topics", &M::source_topics, {.in = since(0)});
            f("repartition_sink_topics", &M::repartition_sink_topics, {.in = since(0)});
            f("state_changelog_topics", &M::state_changelog_topics, {.in = since(0)});
            f("repartition_source_topics", &M::repartition_source_topics, {.in = since(0)});
        }
        bool operator==(const Subtopology&) const = default;
    };

    struct Topology {
        std::int32_t epoch = 0;
        std::optional<std::vector<Subtopology>> subtopologies;

        static constexpr void fields(auto&& f) {
            using M = Topology;
            f("epoch", &M::epoch, {.in = since(0)});
            f("subtopologies", &M::subtopologies, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Topology&) const = default;
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

    struct Assignment {
        std::vector<TaskIds> active_tasks;
        std::vector<TaskIds> standby_tasks;
        std::vector<TaskIds> warmup_tasks;

        static constexpr void fields(auto&& f) {
            using M = Assignment;
            f("active_tasks", &M::active_tasks, {.in = since(0)});
            f("standby_tasks", &M::standby_tasks, {.in = since(0)});
            f("warmup_tasks", &M::warmup_tasks, {.in = since(0)});
        }
        bool operator==(const Assignment&) const = default;
    };

    struct Member {
        std::string member_id;
        std::int32_t member_epoch = 0;
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::string client_id;
        std::string client_host;
        std::int32_t topology_epoch = 0;
        std::string process_id;
        std::optional<Endpoint> user_endpoint;
        std::vector<KeyValue> client_tags;
        std::vector<TaskOffset> task_offsets;
        std::vector<TaskOffset> task_end_offsets;
        Assignment assignment;
        Assignment target_assignment;
        bool is_classic = false;

        static constexpr void fields(auto&& f) {
            using M = Member;
            f("member_id", &M::member_id, {.in = since(0)});
            f("member_epoch", &M::member_epoch, {.in = since(0)});
            f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
            f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
            f("client_id", &M::client_id, {.in = since(0)});
            f("client_host", &M::client_host, {.in = since(0)});
            f("topology_epoch", &M::topology_epoch, {.in = since(0)});
            f("process_id", &M::process_id, {.in = since(0)});
            f("user_endpoint", &M::user_endpoint, {.in = since(0), .nullable = since(0)});
            f("client_tags", &M::client_tags, {.in = since(0)});
            f("task_offsets", &M::task_offsets, {.in = since(0)});
            f("task_end_offsets", &M::task_end_offsets, {.in = since(0)});
            f("assignment", &M::assignment, {.in = since(0)});
            f("target_assignment", &M::target_assignment, {.in = since(0)});
            f("is_classic", &M::is_classic, {.in = since(0)});
        }
        bool operator==(const Member&) const = default;
    };

    struct TopologyDescriptionNode {
        std::string name;
        std::int8_t node_type = 0;
        std::vector<std::string> source_topics;
        std::optional<std::string> sink_topic;
        std::vector<std::string> stores;
        std::vector<std::string> successors;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionNode;
            f("name", &M::name, {.in = since(1)});
            f("node_type", &M::node_type, {.in = since(1)});
            f("source_topics", &M::source_topics, {.in = since(1)});
            f("sink_topic", &M::sink_topic, {.in = since(1), .nullable = since(1)});
            f("stores", &M::stores, {.in = since(1)});
            f("successors", &M::successors, {.in = since(1)});
        }
        bool operator==(const TopologyDescriptionNode&) const = default;
    };

    struct TopologyDescriptionSubtopology {
        std::string subtopology_id;
        std::vector<TopologyDescriptionNode> nodes;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionSubtopology;
            f("subtopology_id", &M::subtopology_id, {.in = since(1)});
            f("nodes", &M::nodes, {.in = since(1)});
        }
        bool operator==(const TopologyDescriptionSubtopology&) const = default;
    };

    struct TopologyDescriptionGlobalStore {
        TopologyDescriptionNode source;
        TopologyDescriptionNode processor;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionGlobalStore;
            f("source", &M::source, {.in = since(1)});
            f("processor", &M::processor, {.in = since(1)});
        }
        bool operator==(const TopologyDescriptionGlobalStore&) const = default;
    };

    struct TopologyDescription {
        std::vector<TopologyDescriptionSubtopology> subtopologies;
        std::vector<TopologyDescriptionGlobalStore> global_stores;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescription;
            f("subtopologies", &M::subtopologies, {.in = since(1)});
            f("global_stores", &M::global_stores, {.in = since(1)});
        }
        bool operator==(const TopologyDescription&) const = default;
    };

    struct DescribedGroup {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch = 0;
        std::int32_t assignment_epoch = 0;
        std::optional<Topology> topology;
        std::vector<Member> members;
        std::int32_t authorized_operations = INT32_MIN;
        std::optional<TopologyDescription> topology_description;
        std::int8_t topology_description_status = 0;
        std::optional<std::string> assignor_name;

        static constexpr void fields(auto&& f) {
            using M = DescribedGroup;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("group_id", &M::group_id, {.in = since(0)});
            f("group_state", &M::group_state, {.in = since(0)});
            f("group_epoch", &M::group_epoch, {.in = since(0)});
            f("assignment_epoch", &M::assignment_epoch, {.in = since(0)});
            f("topology", &M::topology, {.in = since(0), .nullable = since(0)});
            f("members", &M::members, {.in = since(0)});
            f("authorized_operations", &M::authorized_operations, {.in = since(0)});
            f("topology_description", &M::topology_description,
              {.in = since(1), .nullable = since(1)});
            f("topology_description_status", &M::topology_description_status, {.in = since(1)});
            f("assignor_name", &M::assignor_name,
              {.in = since(1), .nullable = since(1), .ignorable = true});
        }
        bool operator==(const DescribedGroup&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupDescribeResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const StreamsGroupDescribeResponse&) const = default;
};

}  // namespace millrace::wire
