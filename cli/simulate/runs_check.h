#pragma once
// I20: what a worker's disk holds of a store is the fold of the committed changelog below the
// checkpoint that lies beside it. Pictures are taken of the sorted runs whenever a worker opens
// them, and held against the changelogs at the end.
#include <map>
#include <string>
#include <vector>

#include "millrace/state/runs/model_runs.h"
#include "millrace/testkit/sim/history.h"

namespace millrace::simulate {

class RunsCheck {
public:
    void take(const state::ModelRuns& runs);
    // The first difference becomes a violation. `application`: the prefix of the changelogs' names.
    void check(sim::History& history, const std::string& application) const;

private:
    std::vector<std::map<std::string, state::ModelRuns::Family>> pictures_;
};

}  // namespace millrace::simulate
