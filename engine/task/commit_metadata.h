#pragma once
// What a task writes beside its committed offsets (Kafka's TopicPartitionMetadata, semantics §6.5):
// base64 of 0x02, int64 partition time, int32 n, n times {int32 key length, UTF-8 key, int64
// value}. Our operator clocks are such keys; Java does not know them and keeps out of their way.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::engine {

struct CommitMetadata {
    std::int64_t partition_time = -1;  // ms; -1: no record taken yet
    std::map<std::string, std::int64_t> clocks;
    friend bool operator==(const CommitMetadata&, const CommitMetadata&) = default;
};

std::string encode(const CommitMetadata& metadata);
// Version 1 (without the map) and 2. Anything else, also garbage, gives the default: the time is
// then not known.
CommitMetadata decode_commit_metadata(std::string_view base64);

}  // namespace millrace::engine
