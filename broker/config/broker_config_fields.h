#pragma once
// The list of all settings of BrokerConfig: key, member, rule, meaning. Included by
// broker_config.cc only.
#include "millrace/broker/config/broker_config.h"

namespace millrace::broker {

struct FieldRule {
    double min = std::numeric_limits<double>::lowest(), max = std::numeric_limits<double>::max();
    std::vector<std::string_view> one_of = {};
    bool may_be_empty = true;
};

inline const std::vector<std::string_view> kCompressionTypes = {"uncompressed", "zstd", "lz4",
                                                                "snappy",       "gzip", "producer"};
inline const std::vector<std::string_view> kTimestampTypes = {"CreateTime", "LogAppendTime"};
inline const std::vector<std::string_view> kCleanupPolicies = {"compact", "delete"};

void BrokerConfig::fields(auto&& f) {
    using M = BrokerConfig;
    const FieldRule any, at_least_0{.min = 0}, at_least_1{.min = 1};
    f("node.id", &M::node_id, at_least_0, "The id of this node, unique in the cluster.");
    f("process.roles", &M::process_roles,
      FieldRule{.one_of = {"broker", "controller"}, .may_be_empty = false},
      "What this node is: broker, controller, or both.");
    f("millrace.cluster.id", &M::cluster_id, any,
      "The cluster id an empty directory is formatted with; empty: a random one.");
    f("controller.quorum.voters", &M::controller_quorum_voters, any,
      "The voters of the metadata quorum as id@host:port, separated by commas; empty: this node "
      "alone.");
    f("controller.quorum.election.timeout.ms", &M::controller_quorum_election_timeout_ms,
      at_least_1,
      "How long a voter without a leader waits before it starts an election; up to twice this, at "
      "random.");
    f("controller.quorum.fetch.timeout.ms", &M::controller_quorum_fetch_timeout_ms, at_least_1,
      "How long a follower does without a fetch, and two thirds of how long a leader does without "
      "a majority.");
    f("controller.quorum.request.timeout.ms", &M::controller_quorum_request_timeout_ms, at_least_1,
      "How long a request within the quorum may take.");
    f("controller.quorum.retry.backoff.ms", &M::controller_quorum_retry_backoff_ms, at_least_0,
      "The pause before a request within the quorum is repeated.");
    f("controller.quorum.append.linger.ms", &M::controller_quorum_append_linger_ms, at_least_0,
      "How long the leader gathers records before it writes them. Here all records of one turn are "
      "written together.");
    f("metadata.log.max.record.bytes.between.snapshots",
      &M::metadata_log_max_record_bytes_between_snapshots, at_least_1,
      "After this many bytes of new records the metadata log is cut off by a snapshot.");
    f("metadata.max.idle.interval.ms", &M::metadata_max_idle_interval_ms, at_least_0,
      "How often an idle controller writes a NoOp record; 0: never.");
    f("broker.heartbeat.interval.ms", &M::broker_heartbeat_interval_ms, at_least_1,
      "How often a broker reports to the controller.");
    f("broker.session.timeout.ms", &M::broker_session_timeout_ms, at_least_1,
      "After this long without a heartbeat a broker is fenced.");
    f("broker.rack", &M::broker_rack, any, "The rack of this broker.");

    f("listeners", &M::listeners, FieldRule{.may_be_empty = false},
      "Where this node listens: NAME://host:port, separated by commas. No host: all interfaces. "
      "Port 0: any free one.");
    f("advertised.listeners", &M::advertised_listeners, any,
      "What clients are told to connect to; empty: the listeners, with this host's name where they "
      "name none.");
    f("controller.listener.names", &M::controller_listener_names, any,
      "Which listeners are the controller's.");
    f("inter.broker.listener.name", &M::inter_broker_listener_name, any,
      "The listener that brokers use among themselves.");
    f("listener.security.protocol.map", &M::listener_security_protocol_map, any,
      "NAME:PROTOCOL, separated by commas, for names that are not protocols themselves. Only "
      "PLAINTEXT is served.");
    f("connections.max.idle.ms", &M::connections_max_idle_ms, FieldRule{.min = -1},
      "Idle connections are closed after this long.");
    f("max.connections", &M::max_connections, at_least_0,
      "The number of connections this node accepts.");
    f("max.connections.per.ip", &M::max_connections_per_ip, at_least_0,
      "The number of connections one address may have.");
    f("socket.request.max.bytes", &M::socket_request_max_bytes, at_least_1,
      "The size of a request.");
    f("queued.max.requests", &M::queued_max_requests, at_least_1,
      "How many requests wait before sockets are no longer read.");
    f("quota.window.num", &M::quota_window_num, at_least_1,
      "How many samples of a client's bytes a quota looks back on.");
    f("quota.window.size.seconds", &M::quota_window_size_seconds, at_least_1,
      "The length of each of them.");
    f("num.network.threads", &M::num_network_threads, FieldRule{.min = 1, .max = 256},
      "The number of event loops.");

    f("log.dirs", &M::log_dirs, FieldRule{.may_be_empty = false}, "The data directories.");
    f("metadata.log.dir", &M::metadata_log_dir, any,
      "Where the metadata log lies; empty: in the first data directory.");
    f("millrace.durability", &M::durability, FieldRule{.one_of = {"synced", "page-cache"}},
      "synced: acks=all waits until the data is on the disk. page-cache: as Kafka, a power cut may "
      "lose what one node acknowledged.");
    f("millrace.journal.bytes", &M::journal_bytes, FieldRule{.min = 1 << 20},
      "The size of the journal of a data directory.");
    f("millrace.journal.append.max.bytes", &M::journal_append_bytes_max, at_least_0,
      "Appends above this size sync their own segment instead of going through the journal.");
    f("millrace.tail.cache.bytes", &M::tail_cache_bytes, at_least_0,
      "Recently appended batches that are kept in memory for readers.");

    f("auto.create.topics.enable", &M::auto_create_topics_enable, any,
      "Whether asking for an unknown topic creates it.");
    f("delete.topic.enable", &M::delete_topic_enable, any, "Whether topics can be deleted.");
    f("num.partitions", &M::num_partitions, at_least_1,
      "The number of partitions of topics that do not say it.");
    f("default.replication.factor", &M::default_replication_factor, at_least_1,
      "The replication factor of topics that do not say it.");
    f("millrace.partitions.max", &M::partitions_max, at_least_1,
      "How many partitions the cluster may have.");

    f("log.segment.bytes", &M::log_segment_bytes, FieldRule{.min = 1024 * 1024},
      "The size of a segment file.");
    f("log.roll.ms", &M::log_roll_ms, at_least_1, "The age at which a new segment is begun.");
    f("log.roll.jitter.ms", &M::log_roll_jitter_ms, at_least_0, "Taken off that age, at random.");
    f("log.retention.ms", &M::log_retention_ms, FieldRule{.min = -1},
      "How long records are kept; -1: for ever.");
    f("log.retention.bytes", &M::log_retention_bytes, FieldRule{.min = -1},
      "How large a partition may grow; -1: no limit.");
    f("log.index.size.max.bytes", &M::log_index_size_max_bytes, FieldRule{.min = 4},
      "The size of an index file.");
    f("log.index.interval.bytes", &M::log_index_interval_bytes, at_least_0,
      "The distance between index entries.");
    f("log.flush.interval.messages", &M::log_flush_interval_messages, at_least_1,
      "Sync after this many records.");
    f("log.flush.interval.ms", &M::log_flush_interval_ms, at_least_0, "Sync after this long.");
    f("log.segment.delete.delay.ms", &M::log_segment_delete_delay_ms, at_least_0,
      "How long deleted files stay.");
    f("log.cleanup.policy", &M::log_cleanup_policy, FieldRule{.one_of = kCleanupPolicies},
      "delete, compact, or both.");
    f("log.cleaner.delete.retention.ms", &M::log_cleaner_delete_retention_ms, at_least_0,
      "How long tombstones are kept.");
    f("log.cleaner.min.compaction.lag.ms", &M::log_cleaner_min_compaction_lag_ms, at_least_0,
      "How long a record stays uncompacted at least.");
    f("log.cleaner.max.compaction.lag.ms", &M::log_cleaner_max_compaction_lag_ms, at_least_1,
      "How long a record stays uncompacted at most.");
    f("log.cleaner.min.cleanable.ratio", &M::log_cleaner_min_cleanable_ratio,
      FieldRule{.min = 0, .max = 1},
      "The share of uncompacted bytes from which a log is compacted.");
    f("log.message.timestamp.type", &M::log_message_timestamp_type,
      FieldRule{.one_of = kTimestampTypes},
      "Whose time a record carries: its producer's or the broker's.");
    f("log.message.timestamp.before.max.ms", &M::log_message_timestamp_before_max_ms, at_least_0,
      "How far in the past a producer's time may lie.");
    f("log.message.timestamp.after.max.ms", &M::log_message_timestamp_after_max_ms, at_least_0,
      "How far in the future a producer's time may lie.");
    f("log.preallocate", &M::log_preallocate, any, "Whether segments get their size at once.");
    f("message.max.bytes", &M::message_max_bytes, at_least_0, "The size of a record batch.");
    f("compression.type", &M::compression_type, FieldRule{.one_of = kCompressionTypes},
      "How data is stored; producer: as it came.");
    f("compression.gzip.level", &M::compression_gzip_level, FieldRule{.min = -1, .max = 9},
      "The level of gzip.");
    f("compression.lz4.level", &M::compression_lz4_level, FieldRule{.min = 1, .max = 17},
      "The level of lz4.");
    f("compression.zstd.level", &M::compression_zstd_level, FieldRule{.min = -131072, .max = 22},
      "The level of zstd.");
    f("min.insync.replicas", &M::min_insync_replicas, at_least_1,
      "How many replicas must have a record before acks=all is answered.");
    f("unclean.leader.election.enable", &M::unclean_leader_election_enable, any,
      "Whether a replica that may lack records can become leader.");

    f("log.retention.check.interval.ms", &M::log_retention_check_interval_ms, at_least_1,
      "How often old segments are looked for.");
    f("log.cleaner.enable", &M::log_cleaner_enable, any, "Whether logs are compacted.");
    f("log.cleaner.backoff.ms", &M::log_cleaner_backoff_ms, at_least_0,
      "The pause when there is nothing to compact.");
    f("log.cleaner.dedupe.buffer.size", &M::log_cleaner_dedupe_buffer_size,
      FieldRule{.min = 1 << 20}, "The memory of compaction.");
    f("log.cleaner.io.max.bytes.per.second", &M::log_cleaner_io_max_bytes_per_second,
      FieldRule{.min = 0, .max = 1.7976931348623157E308},
      "How much compaction reads and writes in a second.");
    f("log.flush.offset.checkpoint.interval.ms", &M::log_flush_offset_checkpoint_interval_ms,
      at_least_0, "How often the recovery points are written.");
    f("replica.high.watermark.checkpoint.interval.ms",
      &M::replica_high_watermark_checkpoint_interval_ms, at_least_1,
      "How often the high watermarks are written.");

    f("fetch.max.bytes", &M::fetch_max_bytes, FieldRule{.min = 1024},
      "The size of a fetch response.");
    f("max.incremental.fetch.session.cache.slots", &M::max_incremental_fetch_session_cache_slots,
      at_least_0, "The number of fetch sessions.");
    f("replica.fetch.max.bytes", &M::replica_fetch_max_bytes, at_least_0,
      "What a follower fetches of one partition.");
    f("replica.fetch.wait.max.ms", &M::replica_fetch_wait_max_ms, at_least_0,
      "How long a follower's fetch may wait.");
    f("replica.lag.time.max.ms", &M::replica_lag_time_max_ms, at_least_1,
      "A follower behind for this long leaves the ISR.");

    f("offsets.topic.num.partitions", &M::offsets_topic_num_partitions, at_least_1,
      "The partitions of __consumer_offsets.");
    f("offsets.topic.replication.factor", &M::offsets_topic_replication_factor, at_least_1,
      "The replicas of __consumer_offsets.");
    f("offsets.topic.segment.bytes", &M::offsets_topic_segment_bytes, at_least_1,
      "The segments of __consumer_offsets.");
    f("offset.metadata.max.bytes", &M::offset_metadata_max_bytes, at_least_0,
      "The metadata of a committed offset.");
    f("offsets.retention.minutes", &M::offsets_retention_minutes, at_least_1,
      "How long the offsets of a group without members are kept.");
    f("offsets.retention.check.interval.ms", &M::offsets_retention_check_interval_ms, at_least_1,
      "How often expired offsets are looked for.");
    f("group.min.session.timeout.ms", &M::group_min_session_timeout_ms, at_least_0,
      "The least session timeout of classic members.");
    f("group.max.session.timeout.ms", &M::group_max_session_timeout_ms, at_least_0,
      "The greatest session timeout of classic members.");
    f("group.initial.rebalance.delay.ms", &M::group_initial_rebalance_delay_ms, at_least_0,
      "How long a new classic group waits for more members.");
    f("group.max.size", &M::group_max_size, at_least_1, "The members of a classic group.");
    f("group.consumer.session.timeout.ms", &M::group_consumer_session_timeout_ms, at_least_1,
      "The session timeout of consumer groups.");
    f("group.consumer.heartbeat.interval.ms", &M::group_consumer_heartbeat_interval_ms, at_least_1,
      "The heartbeat interval of consumer groups.");
    f("group.consumer.min.session.timeout.ms", &M::group_consumer_min_session_timeout_ms,
      at_least_1, "The least a group may set.");
    f("group.consumer.max.session.timeout.ms", &M::group_consumer_max_session_timeout_ms,
      at_least_1, "The most a group may set.");
    f("group.consumer.min.heartbeat.interval.ms", &M::group_consumer_min_heartbeat_interval_ms,
      at_least_1, "The least a group may set.");
    f("group.consumer.max.heartbeat.interval.ms", &M::group_consumer_max_heartbeat_interval_ms,
      at_least_1, "The most a group may set.");
    f("group.consumer.assignment.interval.ms", &M::group_consumer_assignment_interval_ms,
      at_least_0, "The least time between two assignments of a consumer group.");
    f("group.consumer.min.assignment.interval.ms", &M::group_consumer_min_assignment_interval_ms,
      at_least_0, "The least a group may set.");
    f("group.consumer.max.assignment.interval.ms", &M::group_consumer_max_assignment_interval_ms,
      at_least_0, "The most a group may set.");
    f("group.consumer.regex.refresh.interval.ms", &M::group_consumer_regex_refresh_interval_ms,
      at_least_1, "How often the expressions of subscriptions are resolved again.");
    f("group.consumer.migration.policy", &M::group_consumer_migration_policy,
      FieldRule{.one_of = {"disabled", "upgrade", "downgrade", "bidirectional"},
                .may_be_empty = false},
      "Whether groups with members go from the classic to the consumer protocol, and back.");
    f("group.consumer.assignors", &M::group_consumer_assignors,
      FieldRule{.one_of = {"uniform", "range"}, .may_be_empty = false},
      "The server-side assignors of consumer groups; the first is the default.");
    f("group.consumer.max.size", &M::group_consumer_max_size, at_least_1,
      "The members of a consumer group.");
    f("group.streams.session.timeout.ms", &M::group_streams_session_timeout_ms, at_least_1,
      "The session timeout of streams groups.");
    f("group.streams.heartbeat.interval.ms", &M::group_streams_heartbeat_interval_ms, at_least_1,
      "The heartbeat interval of streams groups.");
    f("group.streams.min.session.timeout.ms", &M::group_streams_min_session_timeout_ms, at_least_1,
      "The least a group may set.");
    f("group.streams.max.session.timeout.ms", &M::group_streams_max_session_timeout_ms, at_least_1,
      "The most a group may set.");
    f("group.streams.min.heartbeat.interval.ms", &M::group_streams_min_heartbeat_interval_ms,
      at_least_1, "The least a group may set.");
    f("group.streams.max.heartbeat.interval.ms", &M::group_streams_max_heartbeat_interval_ms,
      at_least_1, "The most a group may set.");
    f("group.streams.max.size", &M::group_streams_max_size, at_least_1,
      "The members of a streams group.");
    f("group.streams.num.standby.replicas", &M::group_streams_num_standby_replicas, at_least_0,
      "The standby tasks of each task.");
    f("group.streams.max.standby.replicas", &M::group_streams_max_standby_replicas, at_least_0,
      "The most a group may set.");
    f("group.streams.initial.rebalance.delay.ms", &M::group_streams_initial_rebalance_delay_ms,
      at_least_0, "How long a new streams group waits for more members.");
    f("group.streams.assignment.interval.ms", &M::group_streams_assignment_interval_ms, at_least_0,
      "The least time between two assignments of a streams group.");
    f("group.streams.task.offset.interval.ms", &M::group_streams_task_offset_interval_ms,
      at_least_1, "How often members report the offsets of their tasks.");
    f("group.streams.acceptable.recovery.lag", &M::group_streams_acceptable_recovery_lag,
      at_least_0, "How far behind a task may be to count as caught up.");
    f("group.streams.num.warmup.replicas", &M::group_streams_num_warmup_replicas, at_least_0,
      "The warm-up tasks of a group.");

    f("transaction.state.log.num.partitions", &M::transaction_state_log_num_partitions, at_least_1,
      "The partitions of __transaction_state.");
    f("transaction.state.log.replication.factor", &M::transaction_state_log_replication_factor,
      at_least_1, "The replicas of __transaction_state.");
    f("transaction.state.log.min.isr", &M::transaction_state_log_min_isr, at_least_1,
      "min.insync.replicas of __transaction_state.");
    f("transaction.state.log.segment.bytes", &M::transaction_state_log_segment_bytes, at_least_1,
      "The segments of __transaction_state.");
    f("transaction.max.timeout.ms", &M::transaction_max_timeout_ms, at_least_1,
      "The longest transaction timeout.");
    f("transactional.id.expiration.ms", &M::transactional_id_expiration_ms, at_least_1,
      "How long an idle transactional id is remembered.");
    f("transaction.abort.timed.out.transaction.cleanup.interval.ms",
      &M::transaction_abort_timed_out_transaction_cleanup_interval_ms, at_least_1,
      "How often timed out transactions are looked for.");
    f("transaction.remove.expired.transaction.cleanup.interval.ms",
      &M::transaction_remove_expired_transaction_cleanup_interval_ms, at_least_1,
      "How often expired transactional ids are looked for.");
    f("transaction.partition.verification.enable", &M::transaction_partition_verification_enable,
      any,
      "Whether a partition asks the coordinator before it accepts the first record of a "
      "transaction (KIP-890).");
    f("producer.id.expiration.ms", &M::producer_id_expiration_ms, at_least_1,
      "How long an idle producer's sequence is remembered.");
    f("producer.id.expiration.check.interval.ms", &M::producer_id_expiration_check_interval_ms,
      at_least_1, "How often expired producers are looked for.");
    f("millrace.producer.id.block.size", &M::producer_id_block_size, at_least_1,
      "How many producer ids a broker reserves at once.");
    f("millrace.initial.producer.epoch", &M::initial_producer_epoch,
      FieldRule{.min = 0, .max = 32766},
      "The epoch of a new producer id; for simulations of its end.");
}

}  // namespace millrace::broker
