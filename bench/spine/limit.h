#pragma once
// The limit: a hand-written loop that does the same work as the engine with nothing in between. It reads the broker's own
// segment files, checks each batch's CRC, parses, computes, writes output and changelog batches with their CRC, and syncs
// once per commit. What the engine is measured against.
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::bench {

enum class Job { Stateless, Count };   // filter half and map; keyed one-minute count

struct LimitConfig {
    Job job = Job::Stateless;
    std::vector<std::string> inputs;    // segment files, in order
    std::string output, changelog;      // files; the changelog of Stateless stays empty
    std::int64_t records_per_commit = 100'000;
};

struct LimitResult {
    std::int64_t records = 0, outputs = 0, commits = 0;
    std::uint64_t checksum = 0;   // of output keys and values; in any order
};

LimitResult run_limit(const LimitConfig& config);

// The checksum of one output record, folded into a running one.
std::uint64_t fold(std::uint64_t checksum, const void* key, std::size_t key_size, const void* value, std::size_t value_size);

}  // namespace millrace::bench
