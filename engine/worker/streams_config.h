#pragma once
// The settings of an application: Kafka's names, defaults and units (Kafka: StreamsConfig of 4.4).
// Parsed once at the edge, immutable after. A name nobody knows is refused with the nearest known
// one; a known setting without meaning here (JMX, serde classes, classic protocol) is accepted and
// listed in `ignored`.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "millrace/base/result.h"

namespace millrace::engine {

enum class ProcessingGuarantee : std::uint8_t { AtLeastOnce, ExactlyOnceV2 };

struct StreamsConfig {
    std::string application_id;                  // required
    std::vector<std::string> bootstrap_servers;  // host:port
    std::string client_id;
    std::string application_server;  // host:port of interactive queries
    std::string state_dir = "/tmp/kafka-streams";
    ProcessingGuarantee processing_guarantee = ProcessingGuarantee::AtLeastOnce;
    std::optional<std::int64_t> commit_interval;  // use commit_interval_ms()
    std::int64_t num_stream_threads = 1;
    std::int64_t buffered_records_per_partition = 1000;
    std::int64_t max_task_idle_ms = 0;  // -1: never wait
    std::int64_t statestore_cache_max_bytes = 10485760;
    std::int64_t statestore_uncommitted_max_bytes = 67108864;  // -1: no limit
    // Ours: what the process's persistent stores may hold in memory, and how many changelog records
    // a crash may have to replay per worker, before committed state is spilled to the sorted runs.
    std::int64_t statestore_memory_max_bytes = 512 * 1024 * 1024;
    std::int64_t statestore_tail_max_records = 2'000'000;
    std::int64_t task_timeout_ms = 300000;
    std::int64_t repartition_purge_interval_ms = 30000;
    std::int64_t replication_factor = -1;
    std::int64_t windowstore_changelog_additional_retention_ms = 86400000;
    std::int64_t metadata_max_age_ms = 300000;
    std::int64_t request_timeout_ms = 40000;
    std::int64_t retry_backoff_ms = 100, retry_backoff_max_ms = 1000;
    std::int64_t reconnect_backoff_ms = 50, reconnect_backoff_max_ms = 1000;
    std::string topology_optimization = "none";
    std::string dsl_store = "rocksDB";  // default.dsl.store
    std::string deserialization_exception_handler = "LogAndFailExceptionHandler";
    std::string processing_exception_handler = "LogAndFailProcessingExceptionHandler";
    std::string production_exception_handler = "DefaultProductionExceptionHandler";
    std::string errors_dead_letter_queue_topic_name;
    std::string default_timestamp_extractor = "FailOnInvalidTimestamp";
    bool ensure_explicit_internal_resource_naming = false;

    // consumer.* and producer.*; `main.consumer.` beats `consumer.` beats the plain name
    std::string auto_offset_reset = "earliest";  // earliest, latest, none
    std::string group_instance_id;  // static membership; the worker's number is appended
    std::int64_t fetch_max_bytes = 52428800, max_partition_fetch_bytes = 1048576;
    std::int64_t fetch_min_bytes = 1, fetch_max_wait_ms = 500;
    std::int64_t max_poll_interval_ms = 300000;
    bool check_crcs = true;
    std::int64_t batch_size = 131072, linger_ms = 100, buffer_memory = 33554432,
                 max_request_size = 1048576;
    std::int64_t max_in_flight_requests_per_connection = 5;
    std::int64_t transaction_timeout_ms = 10000;
    std::string compression_type = "none";

    std::map<std::string, std::string> topic_configs;  // topic.*: of internal topics
    std::map<std::string, std::string> client_tags;    // client.tag.*
    std::vector<std::string> ignored;                  // given, known to Kafka, without effect here

    bool exactly_once() const { return processing_guarantee == ProcessingGuarantee::ExactlyOnceV2; }
    std::int64_t commit_interval_ms() const {
        return commit_interval.value_or(exactly_once() ? 100 : 30000);
    }

    // Errors: InvalidConfig, naming the setting, what was given and what is right.
    static Result<StreamsConfig> parse(const std::map<std::string, std::string>& settings);
    // What each setting is set to, by Kafka's name, sorted: for `describe` and the console.
    std::map<std::string, std::string> print() const;
};

}  // namespace millrace::engine
