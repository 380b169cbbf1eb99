#pragma once
// From what the builder made to what a worker runs.
#include <memory>

#include "millrace/engine/task/compiled_topology.h"
#include "millrace/engine/task/settings.h"
#include "millrace/engine/topology/topology.h"

namespace millrace {

// InvalidConfig for settings that cannot be honoured.
Result<std::shared_ptr<const engine::CompiledTopology>> compile(
    const Topology& topology, const engine::TaskSettings& settings);

}  // namespace millrace
