#pragma once
// Metadata: key 3, versions 0-13, flexible from version 9.
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

struct MetadataRequest {
    static constexpr std::string_view kName = "MetadataRequest";
    static constexpr ApiKey kKey = ApiKey::Metadata;
    static constexpr Versions kValid = between(0, 13), kFlexible = since(9);

    struct Topic {
        Uuid topic_id;
        std::optional<std::string> name = "";

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("name", &M::name, {.in = since(0), .nullable = since(10)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::optional<std::vector<Topic>> topics = std::vector<Topic>{};
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;

    static constexpr void fields(auto&& f) {
        using M = MetadataRequest;
        f("topics", &M::topics, {.in = since(0), .nullable = since(1)});
        f("allow_auto_topic_creation", &M::allow_auto_topic_creation, {.in = since(4)});
        f("include_cluster_authorized_operations", &M::include_cluster_authorized_operations,
          {.in = between(8, 10)});
        f("include_topic_authorized_operations", &M::include_topic_authorized_operations,
          {.in = since(8)});
    }
    bool operator==(const MetadataRequest&) const = default;
};

struct MetadataResponse {
    static constexpr std::string_view kName = "MetadataResponse";
    static constexpr ApiKey kKey = ApiKey::Metadata;
    static constexpr Versions kValid = between(0, 13), kFlexible = since(9);

    struct Broker {
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void fields(auto&& f) {
            using M = Broker;
            f("node_id", &M::node_id, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("rack", &M::rack, {.in = since(1), .nullable = since(1), .ignorable = true});
        }
        bool operator==(const Broker&) const = default;
    };

    struct Partition {
        ErrorCode error_code = ErrorCode::None;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::vector<std::int32_t> offline_replicas;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("error_code", &M::error_code, {.in = since(0)});
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("leader_id", &M::leader_id, {.in = since(0)});
            f("leader_epoch", &M::leader_epoch, {.in = since(7), .ignorable = true});
            f("replica_nodes", &M::replica_nodes, {.in = since(0)});
            f("isr_nodes", &M::isr_nodes, {.in = since(0)});
            f("offline_replicas", &M::offline_replicas, {.in = since(5), .ignorable = true});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> name = "";
        Uuid topic_id;
        bool is_internal = false;
        std::vector<Partition> partitions;
        std::int32_t topic_authorized_operations = INT32_MIN;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("error_code", &M::error_code, {.in = since(0)});
            f("name", &M::name, {.in = since(0), .nullable = since(12)});
            f("topic_id", &M::topic_id, {.in = since(10), .ignorable = true});
            f("is_internal", &M::is_internal, {.in = since(1), .ignorable = true});
            f("partitions", &M::partitions, {.in = since(0)});
            f("topic_authorized_operations", &M::topic_authorized_operations, {.in = since(8)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Broker> brokers;
    std::optional<std::string> cluster_id;
    std::int32_t controller_id = -1;
    std::vector<Topic> topics;
    std::int32_t cluster_authorized_operations = INT32_MIN;
    ErrorCode error_code = ErrorCode::None;

    static constexpr void fields(auto&& f) {
        using M = MetadataResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(3), .ignorable = true});
        f("brokers", &M::brokers, {.in = since(0)});
        f("cluster_id", &M::cluster_id, {.in = since(2), .nullable = since(2), .ignorable = true});
        f("controller_id", &M::controller_id, {.in = since(1), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
        f("cluster_authorized_operations", &M::cluster_authorized_operations,
          {.in = between(8, 10)});
        f("error_code", &M::error_code, {.in = since(13), .ignorable = true});
    }
    bool operator==(const MetadataResponse&) const = default;
};

}  // namespace millrace::wire
