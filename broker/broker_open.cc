// From a directory to a broker that serves, and a clean stop.
#include "millrace/base/random.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
constexpr Duration kFirstRetention = std::chrono::seconds(30);

// The id that the directory was formatted with; else that of the settings, else one from the seed.
Result<std::string> cluster_id_of(Disk& disk, const BrokerConfig& config, Random& random) {
    const std::string path = join(config.metadata_dir(), "meta.properties");
    if (disk.exists(path)) {
        MR_TRY(const Bytes text, read_file(disk, path));
        MR_TRY(const ConfigOverrides entries, parse_properties(as_text(text.view())));
        for (const auto& [key, value] : entries)
            if (key == "cluster.id" && (config.cluster_id.empty() || config.cluster_id == value))
                return value;
    }
    if (!config.cluster_id.empty()) return config.cluster_id;
    return Uuid::from_random(random.next(), random.next()).to_string();
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
    MR_TRY(s.cluster, cluster_id_of(disk, s.config, random));
    LogDirectoryConfig directory;
    directory.path = s.config.log_dirs.front();
    directory.cluster_id = s.cluster;
    directory.node_id = s.config.node_id;
    directory.directory_id = Uuid::from_random(random.next(), random.next());
    directory.durability = s.config.durability == Durability::PageCache ? LogDurability::PageCache
                                                                        : LogDurability::Synced;
    directory.large_append_bytes = s.config.journal_append_bytes_max;
    MR_TRY(s.directory, LogDirectory::open(disk, std::move(directory), log));
    s.incarnation = Uuid::from_random(random.next(), random.next());
    s.txn_config = txn_config_of(s.config);
    s.group_config = group_config_of(s.config);
    s.txn = std::make_unique<TxnCoordinator>(s.txn_config, log);
    s.group = std::make_unique<GroupCoordinator>(s.group_config, s, log);
    MR_TRY(s.controller, ControllerNode::open({.config = &s.config,
                                               .cluster_id = s.cluster,
                                               .directory_id = s.directory->directory_id(),
                                               .seed = random.next()},
                                              disk, s, log, now, s.controller_effects));
    s.next_directory_tick = now.time;
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
