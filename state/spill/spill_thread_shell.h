#pragma once
// Spills on a thread of their own, one after the other. It ends, with what was begun, when the
// runner is destroyed.
#include <memory>

#include "millrace/state/spill/spill_job.h"

namespace millrace::state {

std::unique_ptr<SpillRunner>
make_spill_thread();  // outlives the providers that use it; the runs outlive it

}  // namespace millrace::state
