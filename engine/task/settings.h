#pragma once
// What a task must know of the application's configuration. Keys and defaults are Kafka's
// (semantics §8.4), but where said.
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "millrace/base/log_line.h"
#include "millrace/engine/task/error_handlers.h"

namespace millrace::engine {

enum class OnError : std::uint8_t {
    Fail,
    Continue
};  // LogAndFail, LogAndContinue exception handlers

// Where a record's timestamp comes from (semantics §8.1). Default: what default.timestamp.extractor
// says.
enum class TimestampPolicy : std::uint8_t {
    FailOnInvalid,
    LogAndSkipOnInvalid,
    UsePartitionTimeOnInvalid,
    WallClock,
    Custom,
    Default
};

struct TaskSettings {
    std::string application_id = "millrace";
    OnError deserialization = OnError::Fail;  // deserialization.exception.handler
    OnError processing = OnError::Fail;       // processing.exception.handler (KIP-1033)
    ErrorHandlers handlers;                   // the user's own, before those two
    std::string dead_letter_topic;  // errors.dead.letter.queue.topic.name (KIP-1034); empty: none
    std::int64_t max_task_idle_ms = 0;                  // max.task.idle.ms; -1: never wait
    std::size_t buffered_records_per_partition = 1000;  // buffered.records.per.partition
    // statestore.cache.max.bytes, a worker's share: for all its tasks together. Kafka's default is
    // 10 MiB.
    std::int64_t cache_bytes = 0;
    bool in_memory_stores = false;  // dsl.store.suppliers.class = in memory
    TimestampPolicy timestamps = TimestampPolicy::FailOnInvalid;  // default.timestamp.extractor
    std::map<std::string, std::string> topic_configs;             // topic.*: of internal topics
    // windowstore.changelog.additional.retention.ms
    std::int64_t window_changelog_additional_retention_ms = 86'400'000;
    bool explicit_names = false;  // ensure.explicit.internal.resource.naming (KIP-1111)
    // Ours: a record further ahead of the wall clock than this goes to the deserialization handler,
    // since one record of the year 2099 closes every window for ever. Nothing: no guard.
    std::optional<std::int64_t> future_max_ms = 3'600'000;
    bool record_by_record = false;  // for tests: no runs; outputs are identical
    bool one_task =
        false;  // test driver: one task has all sub-topologies, as Kafka's TopologyTestDriver
    LogSink* log = nullptr;
};

}  // namespace millrace::engine
