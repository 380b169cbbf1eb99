#pragma once
// What a streams group's topology needs of the cluster: partition counts of its internal topics,
// tasks per subtopology, and what is missing or does not fit. (Kafka: InternalTopicManager,
// RepartitionTopics, CopartitionedTopicsEnforcer.)
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/broker/group/topic_lookup.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"
#include "millrace/wire/records/streams_group.h"

namespace millrace::broker {

enum class StreamsStatus : std::int8_t {  // StreamsGroupHeartbeatResponse.Status
    StaleTopology = 0,
    MissingSourceTopics = 1,
    IncorrectlyPartitionedTopics = 2,
    MissingInternalTopics = 3,
    ShutdownApplication = 4,
    AssignmentDelayed = 5,
};

struct StreamsProblem {
    StreamsStatus status{};
    std::string detail;
    friend bool operator==(const StreamsProblem&, const StreamsProblem&) = default;
};

struct InternalTopic {
    std::string name;
    std::int32_t partitions = 0;
    std::int16_t replication_factor = 0;  // 0: the broker's default
    std::vector<std::pair<std::string, std::string>> configs;
    friend bool operator==(const InternalTopic&, const InternalTopic&) = default;
};

struct ConfiguredTopology {
    std::map<std::string, std::int32_t> tasks;  // per subtopology; known unless sources are missing
    std::vector<InternalTopic> internal_topics;  // all of them, by name
    std::vector<std::string> missing;            // of the internal ones
    std::optional<StreamsProblem> problem;       // nothing: ready
    std::int64_t metadata_hash = 0;              // changes whenever a topic appears, goes or grows
    bool ready() const { return !problem; }
};

ConfiguredTopology configure_topology(const wire::StreamsGroupTopologyValue& topology,
                                      const TopicLookup& topics);

// The topology as the request sent it, in the form of the record.
wire::StreamsGroupTopologyValue topology_value(
    const wire::StreamsGroupHeartbeatRequest::Topology& topology);

// StreamsInvalidTopology (names, sources, indices, counts that do not resolve), InvalidRequest
// (regular expressions).
Result<void> validate_topology(const wire::StreamsGroupTopologyValue& topology);

}  // namespace millrace::broker
