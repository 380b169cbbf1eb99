#pragma once
// Builds a twin's topology through the public DSL.
#include <map>
#include <string>
#include <vector>

#include "functions.h"
#include "millrace/engine/topology/topology.h"

namespace twins {

// Calls of peek and foreach, by "peek:ID" and "foreach:ID": key and value as JSON.
using Visits = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

// Throws TopologyException when the topology does not build, std::runtime_error for an op it does
// not know.
millrace::Topology build(Json twin, Visits& visits);

}  // namespace twins
