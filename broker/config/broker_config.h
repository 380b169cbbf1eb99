#pragma once
// The settings of one node: Kafka's keys, defaults and units, parsed at the edge and immutable
// afterwards. Keys that begin with `millrace.` are ours. One list of fields (`fields`) drives
// parsing, printing, DescribeConfigs and the docs.
//
// What differs from Kafka's defaults, because one node must work as it is: the internal topics have
// replication factor 1, streams groups have no initial rebalance delay, NoOp records are off, the
// quorum does not linger.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/broker/config/config_key.h"

namespace millrace::broker {

enum class SecurityProtocol : std::int16_t {
    Plaintext = 0,
    Ssl = 1,
    SaslPlaintext = 2,
    SaslSsl = 3
};

struct Endpoint {            // a listener as it is bound or advertised
    std::string listener;    // "PLAINTEXT"
    std::string host;        // empty: all interfaces (bound only)
    std::uint16_t port = 0;  // 0: the system chooses (bound only)
    SecurityProtocol protocol = SecurityProtocol::Plaintext;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
// "PLAINTEXT://localhost:9092,CONTROLLER://:9093". InvalidConfig names the part that is wrong.
Result<std::vector<Endpoint>> parse_listeners(std::string_view text);
std::string to_text(std::span<const Endpoint> endpoints);

enum class Durability : std::uint8_t {
    Synced,     // acks=all and the high watermark wait for the disk
    PageCache,  // as Kafka: replication is the durability
};

struct VoterAddress {  // controller.quorum.voters: 1@host:9093
    std::int32_t id = 0;
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const VoterAddress&, const VoterAddress&) = default;
};

struct BrokerConfig {
    // The node and its quorum
    std::int32_t node_id = 1;
    std::vector<std::string> process_roles = {"broker", "controller"};
    std::string
        cluster_id;  // millrace.cluster.id: for an empty directory; empty: made from the seed
    std::string controller_quorum_voters;  // empty: this node alone
    std::int32_t controller_quorum_election_timeout_ms = 1000;
    std::int32_t controller_quorum_fetch_timeout_ms = 2000;
    std::int32_t controller_quorum_request_timeout_ms = 2000;
    std::int32_t controller_quorum_retry_backoff_ms = 20;
    std::int32_t controller_quorum_append_linger_ms = 0;
    std::int64_t metadata_log_max_record_bytes_between_snapshots = 20 * 1024 * 1024;
    std::int32_t metadata_max_idle_interval_ms = 0;  // NoOp records; 0: none
    std::int32_t broker_heartbeat_interval_ms = 2000;
    std::int32_t broker_session_timeout_ms = 9000;
    std::string broker_rack;  // empty: none

    // Listeners
    std::string listeners = "PLAINTEXT://:9092";
    std::string advertised_listeners;  // empty: the bound ones
    std::string controller_listener_names = "CONTROLLER";
    std::string inter_broker_listener_name = "PLAINTEXT";
    std::string
        listener_security_protocol_map;  // empty: a name is its protocol, CONTROLLER is plaintext
    std::int64_t connections_max_idle_ms = 600'000;
    std::int32_t max_connections = INT32_MAX;
    std::int32_t max_connections_per_ip = INT32_MAX;
    std::int32_t socket_request_max_bytes = 104'857'600;
    std::int32_t queued_max_requests = 500;
    std::int32_t quota_window_num = 11, quota_window_size_seconds = 1;
    std::int32_t num_network_threads = 1;  // event loops; ours, Kafka's default is 3

    // Directories
    std::vector<std::string> log_dirs = {"/tmp/millrace-logs"};
    std::string metadata_log_dir;                   // empty: the first of log.dirs
    Durability durability = Durability::Synced;     // millrace.durability: synced | page-cache
    std::int64_t journal_bytes = 64 * 1024 * 1024;  // millrace.journal.bytes: per data directory
    std::int32_t journal_append_bytes_max =
        262'144;  // millrace.journal.append.max.bytes: larger ones sync their segment
    std::int64_t tail_cache_bytes = 64 * 1024 * 1024;  // millrace.tail.cache.bytes

    // Topics
    bool auto_create_topics_enable = true;
    bool delete_topic_enable = true;
    std::int32_t num_partitions = 1;
    std::int16_t default_replication_factor = 1;
    std::int32_t partitions_max =
        100'000;  // millrace.partitions.max: of the cluster; a guard, as each costs files

    // Defaults of topic configs (log.* synonyms)
    std::int32_t log_segment_bytes = 1'073'741'824;
    std::int64_t log_roll_ms = 604'800'000;
    std::int64_t log_roll_jitter_ms = 0;
    std::int64_t log_retention_ms = 604'800'000;
    std::int64_t log_retention_bytes = -1;
    std::int32_t log_index_size_max_bytes = 10 * 1024 * 1024;
    std::int32_t log_index_interval_bytes = 4096;
    std::int64_t log_flush_interval_messages = INT64_MAX;
    std::int64_t log_flush_interval_ms = INT64_MAX;
    std::int64_t log_segment_delete_delay_ms = 60'000;
    std::vector<std::string> log_cleanup_policy = {"delete"};
    std::int64_t log_cleaner_delete_retention_ms = 86'400'000;
    std::int64_t log_cleaner_min_compaction_lag_ms = 0;
    std::int64_t log_cleaner_max_compaction_lag_ms = INT64_MAX;
    double log_cleaner_min_cleanable_ratio = 0.5;
    std::string log_message_timestamp_type = "CreateTime";
    std::int64_t log_message_timestamp_before_max_ms = INT64_MAX;
    std::int64_t log_message_timestamp_after_max_ms = 3'600'000;
    bool log_preallocate = false;
    std::int32_t message_max_bytes = 1'048'588;
    std::string compression_type = "producer";
    std::int32_t compression_gzip_level = -1;
    std::int32_t compression_lz4_level = 9;
    std::int32_t compression_zstd_level = 3;
    std::int32_t min_insync_replicas = 1;
    bool unclean_leader_election_enable = false;

    // Log upkeep
    std::int64_t log_retention_check_interval_ms = 300'000;
    bool log_cleaner_enable = true;
    std::int64_t log_cleaner_backoff_ms = 15'000;
    std::int64_t log_cleaner_dedupe_buffer_size = 128 * 1024 * 1024;
    double log_cleaner_io_max_bytes_per_second = 1.7976931348623157E308;
    std::int32_t log_flush_offset_checkpoint_interval_ms = 60'000;
    std::int64_t replica_high_watermark_checkpoint_interval_ms = 5'000;

    // Fetch and replication
    std::int32_t fetch_max_bytes = 57'671'680;
    std::int32_t max_incremental_fetch_session_cache_slots = 1000;
    std::int32_t replica_fetch_max_bytes = 1'048'576;
    std::int32_t replica_fetch_wait_max_ms = 500;
    std::int64_t replica_lag_time_max_ms = 30'000;

    // Groups
    std::int32_t offsets_topic_num_partitions = 50;
    std::int16_t offsets_topic_replication_factor = 1;
    std::int32_t offsets_topic_segment_bytes = 104'857'600;
    std::int32_t offset_metadata_max_bytes = 4096;
    std::int32_t offsets_retention_minutes = 10'080;
    std::int64_t offsets_retention_check_interval_ms = 600'000;
    std::int32_t group_min_session_timeout_ms = 6000;
    std::int32_t group_max_session_timeout_ms = 1'800'000;
    std::int32_t group_initial_rebalance_delay_ms = 3000;
    std::int32_t group_max_size = INT32_MAX;
    std::int32_t group_consumer_session_timeout_ms = 45'000;
    std::int32_t group_consumer_heartbeat_interval_ms = 5000;
    std::int32_t group_consumer_min_session_timeout_ms = 45'000;
    std::int32_t group_consumer_max_session_timeout_ms = 60'000;
    std::int32_t group_consumer_min_heartbeat_interval_ms = 5000;
    std::int32_t group_consumer_max_heartbeat_interval_ms = 15'000;
    std::int32_t group_consumer_assignment_interval_ms = 0;  // Kafka 1000
    std::int32_t group_consumer_min_assignment_interval_ms = 0;
    std::int32_t group_consumer_max_assignment_interval_ms = 15'000;
    std::int32_t group_consumer_regex_refresh_interval_ms = 600'000;
    std::int32_t group_consumer_max_size = INT32_MAX;
    std::string group_consumer_migration_policy = "bidirectional";
    std::vector<std::string> group_consumer_assignors = {"uniform", "range"};
    std::int32_t group_streams_session_timeout_ms = 45'000;
    std::int32_t group_streams_heartbeat_interval_ms = 5000;
    std::int32_t group_streams_min_session_timeout_ms = 45'000;
    std::int32_t group_streams_max_session_timeout_ms = 60'000;
    std::int32_t group_streams_min_heartbeat_interval_ms = 5000;
    std::int32_t group_streams_max_heartbeat_interval_ms = 15'000;
    std::int32_t group_streams_max_size = INT32_MAX;
    std::int32_t group_streams_num_standby_replicas = 0;
    std::int32_t group_streams_max_standby_replicas = 2;
    std::int32_t group_streams_initial_rebalance_delay_ms = 0;
    std::int32_t group_streams_assignment_interval_ms = 1000;
    std::int32_t group_streams_task_offset_interval_ms = 60'000;
    std::int64_t group_streams_acceptable_recovery_lag = 10'000;
    std::int32_t group_streams_num_warmup_replicas = 2;

    // Producers and transactions
    std::int32_t transaction_state_log_num_partitions = 50;
    std::int16_t transaction_state_log_replication_factor = 1;
    std::int32_t transaction_state_log_min_isr = 1;
    std::int32_t transaction_state_log_segment_bytes = 104'857'600;
    std::int32_t transaction_max_timeout_ms = 900'000;
    std::int32_t transactional_id_expiration_ms = 604'800'000;
    std::int32_t transaction_abort_timed_out_transaction_cleanup_interval_ms = 10'000;
    std::int32_t transaction_remove_expired_transaction_cleanup_interval_ms = 3'600'000;
    bool transaction_partition_verification_enable = true;
    std::int32_t producer_id_expiration_ms = 86'400'000;
    std::int32_t producer_id_expiration_check_interval_ms = 600'000;
    std::int32_t producer_id_block_size =
        1000;  // millrace.producer.id.block.size: a knob of simulations
    std::int32_t initial_producer_epoch =
        0;  // millrace.initial.producer.epoch: a knob of simulations

    std::map<std::string, std::string, std::less<>>
        given;  // the keys that were set, as text and under the name that was used (source 4 of
                // DescribeConfigs)

    static void fields(auto&& f);  // broker_config_fields.h

    // Derived; only after a successful parse.
    std::vector<Endpoint> bound_endpoints() const;  // without the controller's listeners
    std::vector<Endpoint> advertised_endpoints() const;
    std::vector<VoterAddress> voters() const;  // empty: this node alone
    const std::string& metadata_dir() const {
        return metadata_log_dir.empty() ? log_dirs.front() : metadata_log_dir;
    }
};

using ConfigOverrides = std::vector<std::pair<std::string, std::string>>;

struct ParsedBrokerConfig {
    BrokerConfig config;
    std::vector<std::string> warnings;  // keys of Kafka that have no effect here
};
// java.util.Properties text, then the overrides. InvalidConfig: unknown key (with the nearest one),
// bad value, and settings that contradict each other.
Result<ParsedBrokerConfig> parse_broker_config(std::string_view properties,
                                               const ConfigOverrides& overrides = {});

// The configuration with values in place of what was given, as they may change while a broker runs.
// Keys and values were checked before.
Result<BrokerConfig> with_overrides(
    const BrokerConfig& config, const std::map<std::string, std::string, std::less<>>& overrides);
// The names that a value of this key may have been given under, first the one that wins:
// log.retention.ms, log.retention.minutes, log.retention.hours.
std::vector<std::string> broker_config_synonyms(std::string_view name);

// Keys and values of a .properties file in order (comments, escapes, continued lines).
Result<ConfigOverrides> parse_properties(std::string_view text);

// Every key of Kafka's and ours with type, default and meaning; sorted by name.
std::span<const ConfigKey> broker_config_keys();
// As text, by key; empty optional: unknown key.
std::optional<std::string> value_text(const BrokerConfig& config, std::string_view key);

}  // namespace millrace::broker
