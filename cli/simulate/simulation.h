#pragma once
// One seed: a broker, its clients, two workers with the fraud topology, at least 60 simulated
// seconds of faults, then peace, and the question whether what clients saw is what exactly once
// promises.
#include <cstdint>
#include <string>
#include <vector>

#include "millrace/cli/simulate/coverage.h"

namespace millrace::simulate {

struct SeedResult {
    std::uint64_t seed = 0;
    std::vector<std::string> violations;  // empty: all invariants hold
    Coverage coverage;
    std::uint64_t trace = 0;  // hash of every input, effect and byte
    std::uint64_t events = 0, records = 0;
    double simulated_seconds = 0;
};

struct SimulationOptions {
    double fault_seconds = 60;
    std::string trace_file;  // log lines and faults with their times; empty: none
};

SeedResult simulate(std::uint64_t seed, const SimulationOptions& options);

}  // namespace millrace::simulate
