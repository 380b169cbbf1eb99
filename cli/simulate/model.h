#pragma once
// What the simulated topology must have written, as plain loops over its input; beside
// sim::fraud_model, which has the fraud part of it. Output topics and changelogs, as sequences per
// key.
#include <string>

#include "millrace/testkit/sim/fraud_model.h"
#include "millrace/testkit/sim/history.h"

namespace millrace::simulate {

// I21. Exactly once: every sequence equal. The first difference; nothing: none.
// `swept`: payments came last, after all news of customers was taken in.
std::optional<std::string> output_difference(const sim::History& history, std::int32_t partitions,
                                             bool swept);
// I22. At least once: nothing is missing, and no count is too low.
std::optional<std::string> at_least_once_difference(const sim::History& history,
                                                    std::int32_t partitions);

}  // namespace millrace::simulate
