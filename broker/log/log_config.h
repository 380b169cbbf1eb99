#pragma once
// What a log needs to know of its topic's configuration. Names and defaults are Kafka's; bytes and
// milliseconds.
#include <cstddef>
#include <cstdint>
#include <optional>

#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

struct LogConfig {
    std::int64_t segment_bytes = std::int64_t{1} << 30;
    std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;
    std::int64_t segment_jitter_ms = 0;  // taken off segment_ms, by log and segment
    std::int64_t index_interval_bytes = 4096;
    std::int64_t segment_index_bytes = 10 << 20;
    std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;  // -1: for ever
    std::int64_t retention_bytes = -1;                               // -1: no limit
    std::int64_t max_message_bytes = 1'048'588;  // of a whole batch, log overhead counted
    std::int64_t message_timestamp_before_max_ms = INT64_MAX;
    std::int64_t message_timestamp_after_max_ms = 3600 * 1000;
    std::int64_t producer_id_expiration_ms = std::int64_t{24} * 3600 * 1000;
    wire::TimestampType message_timestamp_type = wire::TimestampType::CreateTime;
    std::optional<wire::Codec> compression_type;  // nothing: "producer", as it comes
    std::optional<int> compression_level;
    bool cleanup_delete = true;  // cleanup.policy
    bool cleanup_compact = false;
    double min_cleanable_dirty_ratio = 0.5;
    std::int64_t min_compaction_lag_ms = 0, max_compaction_lag_ms = INT64_MAX;
    std::int64_t delete_retention_ms = std::int64_t{24} * 3600 * 1000;  // of tombstones and markers
    std::int64_t file_delete_delay_ms = 60'000;
    // ours: a compacted log's active segment is rolled at this size, so that what is loaded from
    // its start (coordinators) is soon compacted. 0: by segment_bytes only
    std::int64_t early_roll_bytes = 0;
    // ours: newest bytes kept in memory and shared with readers
    std::size_t tail_cache_bytes = 4 << 20;
    // ours: synced whatever the directory's durability: a topic with flush.messages or flush.ms
    bool always_synced = false;

    friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

}  // namespace millrace::broker
