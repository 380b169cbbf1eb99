#pragma once
// What a member tells the group of its topology when it joins (KIP-1071), and the names of tasks on
// the wire.
#include <optional>
#include <string>

#include "millrace/client/streams_member.h"
#include "millrace/engine/task/task.h"
#include "millrace/engine/worker/streams_config.h"

namespace millrace::engine {

wire::StreamsGroupHeartbeatRequest::Topology topology_request(const TaskTopology& topology,
                                                              const StreamsConfig& config);

// Nothing: no such sub-topology in our topology.
std::optional<TaskId> task_id(const std::string& subtopology, std::int32_t partition,
                              const TaskTopology& topology);

}  // namespace millrace::engine
