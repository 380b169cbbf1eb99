// From a directory to a broker that serves, and a clean stop.
#include "millrace/base/random.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
constexpr Duration kFirstRetention = std::chrono::seconds(30);

// The names of new directories are durable afterwards, up to the first that was there.
Result<void> make_directory(Disk& disk, const std::string& path) {
    if (path.empty() || disk.exists(path)) return {};
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
    MR_TRY_VOID(make_directory(disk, parent));
    MR_TRY_VOID(disk.make_directories(path));
    if (slash == std::string::npos) return disk.sync_directory(".");
    return disk.sync_directory(parent.empty() ? "/" : parent);
}

TxnConfig txn_config_of(const BrokerConfig& config) {
    TxnConfig to;
    to.partitions = config.transaction_state_log_num_partitions;
    to.max_timeout_ms = config.transaction_max_timeout_ms;
    to.id_expiration_ms = config.transactional_id_expiration_ms;
    to.expired_id_interval = std::chrono::milliseconds(
        config.transaction_remove_expired_transaction_cleanup_interval_ms);
    to.timed_out_interval = std::chrono::milliseconds(
        config.transaction_abort_timed_out_transaction_cleanup_interval_ms);
    return to;
}

GroupConfig group_config_of(const BrokerConfig& config) {
    GroupConfig to;
    to.partitions = config.offsets_topic_num_partitions;
    to.offset_metadata_bytes_max = static_cast<std::size_t>(config.offset_metadata_max_bytes);
    to.offsets_retention_ms = std::int64_t{config.offsets_retention_minutes} * 60 * 1000;
    to.offsets_retention_interval =
        std::chrono::milliseconds(config.offsets_retention_check_interval_ms);
    to.min_session_timeout_ms = config.group_min_session_timeout_ms;
    to.max_session_timeout_ms = config.group_max_session_timeout_ms;
    to.classic_group_size_max = static_cast<std::size_t>(config.group_max_size);
    to.initial_rebalance_delay_ms = config.group_initial_rebalance_delay_ms;
    to.consumer_session_timeout_ms = config.group_consumer_session_timeout_ms;
    to.consumer_session_timeout_min_ms = config.group_consumer_min_session_timeout_ms;
    to.consumer_session_timeout_max_ms = config.group_consumer_max_session_timeout_ms;
    to.consumer_heartbeat_interval_ms = config.group_consumer_heartbeat_interval_ms;
    to.consumer_heartbeat_interval_min_ms = config.group_consumer_min_heartbeat_interval_ms;
    to.consumer_heartbeat_interval_max_ms = config.group_consumer_max_heartbeat_interval_ms;
    to.consumer_assignment_interval_ms = config.group_consumer_assignment_interval_ms;
    to.consumer_assignment_interval_min_ms = config.group_consumer_min_assignment_interval_ms;
    to.consumer_assignment_interval_max_ms = config.group_consumer_max_assignment_interval_ms;
    to.consumer_group_size_max = static_cast<std::size_t>(config.group_consumer_max_size);
    const std::string& policy = config.group_consumer_migration_policy;
    to.consumer_migration_policy = policy == "disabled"    ? MigrationPolicy::Disabled
                                   : policy == "upgrade"   ? MigrationPolicy::Upgrade
                                   : policy == "downgrade" ? MigrationPolicy::Downgrade
                                                           : MigrationPolicy::Bidirectional;
    to.consumer_assignors = config.group_consumer_assignors;
    to.consumer_regex_refresh_interval =
        std::chrono::milliseconds(config.group_consumer_regex_refresh_interval_ms);
    to.streams_session_timeout_ms = config.group_streams_session_timeout_ms;
    to.streams_heartbeat_interval_ms = config.group_streams_heartbeat_interval_ms;
    to.streams_initial_rebalance_delay_ms = config.group_streams_initial_rebalance_delay_ms;
    to.streams_num_standby_replicas = config.group_streams_num_standby_replicas;
    to.task_offset_interval_ms = config.group_streams_task_offset_interval_ms;
    to.acceptable_recovery_lag = config.group_streams_acceptable_recovery_lag;
    return to;
}
}  // namespace

Result<std::unique_ptr<Broker>> Broker::open(BrokerSettings settings, Disk& disk, LogSink& log,
                                             Now now, Effects& effects) {
    auto state = std::make_unique<State>(std::move(settings), disk, log);
    State& s = *state;
    s.now = now;
    Random random(s.settings.seed);
    if (s.config.log_dirs.size() > 1)
        return fail(ErrorCode::InvalidConfig, "log.dirs: one data directory per node is served");
    LogDirectoryConfig directory;
    for (const std::string& path : {s.config.log_dirs.front(), s.config.metadata_dir()})
        MR_TRY_VOID(make_directory(disk, path));
    directory.path = s.config.log_dirs.front();
    directory.cluster_id = s.config.cluster_id;
    const std::string fresh_cluster = Uuid::from_random(random.next(), random.next()).to_string();
    if (directory.cluster_id.empty() && !disk.exists(join(directory.path, "meta.properties")))
        directory.cluster_id = fresh_cluster;
    directory.node_id = s.config.node_id;
    directory.directory_id = Uuid::from_random(random.next(), random.next());
    directory.durability = s.config.durability == Durability::PageCache ? LogDurability::PageCache
                                                                        : LogDurability::Synced;
    directory.large_append_bytes = s.config.journal_append_bytes_max;
    directory.cleaner.enabled = s.config.log_cleaner_enable;
    directory.cleaner.dedupe_bytes = s.config.log_cleaner_dedupe_buffer_size;
    directory.cleaner.io_bytes_per_second = s.config.log_cleaner_io_max_bytes_per_second;
    directory.cleaner.backoff_ms = s.config.log_cleaner_backoff_ms;
    directory.cleaner.secret = {random.next(), random.next()};
    MR_TRY(s.directory, LogDirectory::open(disk, std::move(directory), log));
    s.cluster = s.directory->cluster_id();
    s.incarnation = Uuid::from_random(random.next(), random.next());
    s.txn_config = txn_config_of(s.config);
    s.group_config = group_config_of(s.config);
    s.group_config.seed = s.settings.seed ^ 0x6d656d6265722069;  // "member i"
    s.make_coordinators();
    MR_TRY(s.controller, ControllerNode::open({.config = &s.config,
                                               .cluster_id = s.cluster,
                                               .directory_id = s.directory->directory_id(),
                                               .seed = random.next()},
                                              disk, s, log, now, s.controller_effects));
    s.next_retention = now.time + kFirstRetention;
    s.register_broker();
    s.pump();
    s.flush();
    s.carry_out(effects);
    return std::unique_ptr<Broker>(new Broker(std::move(state)));
}

Result<void> Broker::close(Now now) {
    State& s = *state_;
    s.now = now;
    s.ready = false;  // nothing new is begun
    s.group->flush(now);
    s.txn->flush(now);
    MR_TRY_VOID(s.controller->close());
    return s.directory->close(s.broker_epoch);
}

}  // namespace millrace::broker
