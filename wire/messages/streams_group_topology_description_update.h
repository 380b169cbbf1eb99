#pragma once
// StreamsGroupTopologyDescriptionUpdate: key 93, version 0, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct StreamsGroupTopologyDescriptionUpdateRequest {
    static constexpr std::string_view kName = "StreamsGroupTopologyDescriptionUpdateRequest";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupTopologyDescriptionUpdate;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopologyDescriptionNode {
        std::string name;
        std::int8_t node_type = 0;
        std::vector<std::string> source_topics;
        std::optional<std::string> sink_topic;
        std::vector<std::string> stores;
        std::vector<std::string> successors;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionNode;
            f("name", &M::name, {.in = since(0)});
            f("node_type", &M::node_type, {.in = since(0)});
            f("source_topics", &M::source_topics, {.in = since(0)});
            f("sink_topic", &M::sink_topic, {.in = since(0), .nullable = since(0)});
            f("stores", &M::stores, {.in = since(0)});
            f("successors", &M::successors, {.in = since(0)});
        }
        bool operator==(const TopologyDescriptionNode&) const = default;
    };

    struct TopologyDescriptionSubtopology {
        std::string subtopology_id;
        std::vector<TopologyDescriptionNode> nodes;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionSubtopology;
            f("subtopology_id", &M::subtopology_id, {.in = since(0)});
            f("nodes", &M::nodes, {.in = since(0)});
        }
        bool operator==(const TopologyDescriptionSubtopology&) const = default;
    };

    struct TopologyDescriptionGlobalStore {
        TopologyDescriptionNode source;
        TopologyDescriptionNode processor;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescriptionGlobalStore;
            f("source", &M::source, {.in = since(0)});
            f("processor", &M::processor, {.in = since(0)});
        }
        bool operator==(const TopologyDescriptionGlobalStore&) const = default;
    };

    struct TopologyDescription {
        std::vector<TopologyDescriptionSubtopology> subtopologies;
        std::vector<TopologyDescriptionGlobalStore> global_stores;

        static constexpr void fields(auto&& f) {
            using M = TopologyDescription;
            f("subtopologies", &M::subtopologies, {.in = since(0)});
            f("global_stores", &M::global_stores, {.in = since(0)});
        }
        bool operator==(const TopologyDescription&) const = default;
    };

    std::string group_id;
    std::string member_id;
    std::int32_t topology_epoch = 0;
    TopologyDescription topology_description;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTopologyDescriptionUpdateRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("member_id", &M::member_id, {.in = since(0)});
        f("topology_epoch", &M::topology_epoch, {.in = since(0)});
        f("topology_description", &M::topology_description, {.in = since(0)});
    }
    bool operator==(const StreamsGroupTopologyDescriptionUpdateRequest&) const = default;
};

struct StreamsGroupTopologyDescriptionUpdateResponse {
    static constexpr std::string_view kName = "StreamsGroupTopologyDescriptionUpdateResponse";
    static constexpr ApiKey kKey = ApiKey::StreamsGroupTopologyDescriptionUpdate;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;

    static constexpr void fields(auto&& f) {
        using M = StreamsGroupTopologyDescriptionUpdateResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const StreamsGroupTopologyDescriptionUpdateResponse&) const = default;
};

}  // namespace millrace::wire
