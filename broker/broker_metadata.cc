// The broker acts on committed metadata: it opens and drops logs, leads and resigns, registers
// itself and stays registered.
#include <algorithm>
#include <bit>

#include "millrace/broker/broker_state.h"
#include "millrace/broker/features.h"
#include "millrace/wire/messages/broker_heartbeat.h"
#include "millrace/wire/messages/broker_registration.h"
#include "millrace/wire/messages/create_topics.h"

namespace millrace::broker {

namespace {
constexpr Duration kRegisterAgain = std::chrono::milliseconds(100);
constexpr std::int16_t kRegistrationVersion = 4, kHeartbeatVersion = 1, kCreateTopicsVersion = 7;
constexpr std::int32_t kCreateTimeoutMs = 30'000;

constexpr std::size_t kTailMin = 64 << 10;  // of one log
constexpr std::int64_t kCoordinatorRollBytes = 4 << 20;
constexpr int kRetentionLogsPerTurn = 100;
constexpr Duration kRetentionPause = std::chrono::milliseconds(1);

std::optional<wire::Codec> codec_of(std::string_view compression_type) {  // nothing: "producer"
    if (compression_type == "uncompressed") return wire::Codec::None;
    if (compression_type == "gzip") return wire::Codec::Gzip;
    if (compression_type == "snappy") return wire::Codec::Snappy;
    if (compression_type == "lz4") return wire::Codec::Lz4;
    if (compression_type == "zstd") return wire::Codec::Zstd;
    return std::nullopt;
}
}  // namespace

LogConfig Broker::State::log_config(const std::string& topic) const {
    const TopicConfig from = controller->image().topic_config(topic, node, config);
    LogConfig to;
    to.segment_bytes = from.segment_bytes;
    to.segment_ms = from.segment_ms;
    to.segment_jitter_ms = from.segment_jitter_ms;
    // With a journal a sync costs little: who asks for one now and then gets one each turn.
    to.always_synced = from.flush_messages != INT64_MAX || from.flush_ms != INT64_MAX;
    to.index_interval_bytes = from.index_interval_bytes;
    to.segment_index_bytes = from.segment_index_bytes;
    to.retention_ms = from.retention_ms;
    to.retention_bytes = from.retention_bytes;
    to.max_message_bytes = from.max_message_bytes;
    to.message_timestamp_before_max_ms = from.timestamp_before_max_ms;
    to.message_timestamp_after_max_ms = from.timestamp_after_max_ms;
    to.producer_id_expiration_ms = config.producer_id_expiration_ms;
    to.message_timestamp_type =
        from.log_append_time ? wire::TimestampType::LogAppendTime : wire::TimestampType::CreateTime;
    to.compression_type = codec_of(from.compression_type);
    if (to.compression_type == wire::Codec::Gzip)
        to.compression_level = from.compression_gzip_level;
    if (to.compression_type == wire::Codec::Lz4) to.compression_level = from.compression_lz4_level;
    if (to.compression_type == wire::Codec::Zstd)
        to.compression_level = from.compression_zstd_level;
    to.cleanup_delete = from.delete_old;
    to.cleanup_compact = from.compact;
    to.min_cleanable_dirty_ratio = from.min_cleanable_dirty_ratio;
    to.min_compaction_lag_ms = from.min_compaction_lag_ms;
    to.max_compaction_lag_ms = from.max_compaction_lag_ms;
    to.delete_retention_ms = from.delete_retention_ms;
    to.file_delete_delay_ms = from.file_delete_delay_ms;
    // Kafka (maxSegmentMs): else the active segment's records would be compacted when it is full.
    if (to.cleanup_compact && to.max_compaction_lag_ms > 0)
        to.segment_ms = std::min(to.segment_ms, to.max_compaction_lag_ms);
    // A coordinator is loaded from the log's start, before anybody goes on.
    if (is_internal_topic(topic) && to.cleanup_compact)
        to.early_roll_bytes = std::min(to.segment_bytes, kCoordinatorRollBytes);
    // The newest bytes in memory share one budget; the idle give theirs back.
    to.tail_cache_bytes = std::clamp<std::size_t>(
        static_cast<std::size_t>(std::max<std::int64_t>(0, config.tail_cache_bytes)) /
            std::max<std::size_t>(1, tail_shares),
        kTailMin, to.tail_cache_bytes);
    return to;
}

std::optional<KnownTopic> Broker::State::find(std::string_view name) const {
    const TopicImage* topic = controller->image().topic(name);
    if (!topic) return std::nullopt;
    return KnownTopic{topic->name, topic->id, static_cast<std::int32_t>(topic->partitions.size())};
}

std::optional<KnownTopic> Broker::State::find(const Uuid& id) const {
    const TopicImage* topic = controller->image().topic(id);
    if (!topic) return std::nullopt;
    return KnownTopic{topic->name, topic->id, static_cast<std::int32_t>(topic->partitions.size())};
}

void Broker::State::each_topic(const std::function<void(const KnownTopic&)>& visit) const {
    for (const auto& [name, topic] : controller->image().topics())
        visit({name, topic.id, static_cast<std::int32_t>(topic.partitions.size())});
}

std::vector<std::vector<std::string>> Broker::State::racks(const Uuid& id) const {
    const MetadataImage& image = controller->image();
    const bool any = std::ranges::any_of(
        image.brokers(), [](const auto& one) { return one.second.rack.has_value(); });
    const TopicImage* topic = any ? image.topic(id) : nullptr;
    if (!topic) return {};
    std::vector<std::vector<std::string>> racks;
    for (const PartitionImage& partition : topic->partitions) {
        std::vector<std::string>& here = racks.emplace_back();
        for (const NodeId replica : partition.replicas)
            if (const auto at = image.brokers().find(replica);
                at != image.brokers().end() && at->second.rack)
                here.push_back(*at->second.rack);
    }
    return racks;
}

std::int64_t Broker::State::metadata_version() const {
    return controller->committed_end().value() - 1;
}

std::optional<std::string> Broker::State::config_of_group(const std::string& group_id,
                                                          const std::string& key) const {
    const ConfigMap& configs = controller->image().configs({ConfigResourceType::Group, group_id});
    const auto at = configs.find(key);
    return at == configs.end() ? std::nullopt : std::optional<std::string>(at->second);
}

const std::string* Broker::State::topic_name(const Uuid& id) const {
    const TopicImage* topic = controller->image().topic(id);
    return topic ? &topic->name : nullptr;
}

Partition* Broker::State::partition(const std::string& topic, std::int32_t index) {
    const auto at = partitions.find(TopicPartition{topic, index});
    return at == partitions.end() ? nullptr : at->second.get();
}

Partition* Broker::State::led_partition(const std::string& topic, std::int32_t index,
                                        ErrorCode& code) {
    if (Partition* found = partition(topic, index)) return found;
    const PartitionImage* image = controller->image().partition(topic, index);
    code = !image ? ErrorCode::UnknownTopicOrPartition
           : image->leader == node
               ? ErrorCode::KafkaStorageError  // ours, but it could not be opened
               : ErrorCode::NotLeaderOrFollower;
    return nullptr;
}

void Broker::State::apply(const ControllerEffects& effects) {
    controller_wake = std::min(controller_wake, effects.wake_at);
    if (effects.sync) {
        if (controller_syncing) {
            controller_sync_wanted = true;
        } else {
            controller_syncing = true;
            const SyncTicket ticket = next_ticket++;
            syncing.emplace(ticket, std::nullopt);
            sync_out.push_back({ticket, [node = controller.get()]() -> Result<std::int64_t> {
                                    MR_TRY(const Offset durable, node->sync());
                                    return durable.value();
                                }});
        }
    }
    bool topics = false, quotas_changed = false;
    std::vector<KnownTopic> gone;
    for (const MetadataChange& change : effects.committed) {
        if (const auto* created = std::get_if<TopicCreated>(&change)) topic_created(*created);
        if (const auto* deleted = std::get_if<TopicDeleted>(&change)) {
            topic_deleted(*deleted);
            gone.push_back({deleted->name, deleted->id});
        }
        if (const auto* changed = std::get_if<PartitionChanged>(&change))
            partition_changed(*changed);
        if (const auto* changed = std::get_if<ConfigChanged>(&change)) configs_changed(*changed);
        quotas_changed = quotas_changed || std::holds_alternative<QuotasChanged>(change);
        topics = topics || std::holds_alternative<TopicCreated>(change) ||
                 std::holds_alternative<PartitionChanged>(change);
    }
    if (const std::size_t shares = std::bit_ceil(partitions.size()); shares != tail_shares) {
        tail_shares = shares;
        for (auto& [tp, partition] : partitions) partition->log().set_config(log_config(tp.topic));
    }
    if (quotas_changed) quotas.replace(controller->image().client_quotas());
    if (!gone.empty()) group->topics_deleted(gone, now);
    if (topics) group->topics_changed(now);
}

// The number of partitions of an internal topic is what it was made with, whatever the settings say
// now: keys were hashed over it.
void Broker::State::topic_created(const TopicCreated& created) {
    const TopicImage* topic = controller->image().topic(std::string_view(created.name));
    if (!topic) return;
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    bool other = false;
    if (created.name == kTransactionTopic)
        other = std::exchange(txn_config.partitions, count) != count;
    if (created.name == kOffsetsTopic)
        other = std::exchange(group_config.partitions, count) != count;
    if (other) make_coordinators();
}

void Broker::State::partition_changed(const PartitionChanged& change) {
    const TopicPartition tp{change.topic, change.partition};
    const PartitionImage* image = controller->image().partition(change.topic, change.partition);
    if (!image || image->leader != node) return drop_partition(tp);
    Partition* known = partition(tp.topic, tp.partition);
    if (known && known->topic_id() != change.topic_id) {
        drop_partition(tp);
        known = nullptr;
    }
    if (known) return lead(*known, *image);
    auto opened = directory->open_log(tp, change.topic_id, log_config(change.topic));
    if (!opened && opened.error().code == ErrorCode::InconsistentTopicId) {
        // Of a topic of that name that was deleted meanwhile.
        opened = directory->delete_log(tp).and_then(
            [&] { return directory->open_log(tp, change.topic_id, log_config(change.topic)); });
    }
    if (!opened) {
        log.error("cannot open the log",
                  {{"partition", tp.to_string()}, {"detail", opened.error().detail}});
        return;
    }
    auto made = std::make_unique<Partition>(**opened, tp.topic, change.topic_id, tp.partition, now);
    Partition& fresh = *made;
    partitions.emplace(tp, std::move(made));
    by_log.emplace(*opened, &fresh);
    lead(fresh, *image);
    if (tp.topic == kTransactionTopic) {
        txn->lead(tp.partition, fresh, !directory->was_clean());
        txn_wake = now.time;
    } else if (tp.topic == kOffsetsTopic) {
        group->lead(tp.partition, fresh);
        group_wake = now.time;
    }
}

void Broker::State::lead(Partition& partition, const PartitionImage& image) {
    partition.lead(
        image,
        controller->image().topic_config(partition.topic(), node, config).min_insync_replicas);
}

void Broker::State::drop_partition(const TopicPartition& tp) {
    const auto at = partitions.find(tp);
    if (at == partitions.end()) return;
    if (tp.topic == kTransactionTopic) txn->resign(tp.partition);
    if (tp.topic == kOffsetsTopic) group->resign(tp.partition);
    const std::unique_ptr<Partition> gone = std::move(at->second);
    partitions.erase(at);
    by_log.erase(&gone->log());
    gone->fail_waiters(ErrorCode::NotLeaderOrFollower);
    flush_fetches(*this, *gone);
}

void Broker::State::topic_deleted(const TopicDeleted& change) {
    std::vector<TopicPartition> gone;
    for (auto at = partitions.lower_bound({change.name, 0});
         at != partitions.end() && at->first.topic == change.name; ++at)
        if (at->second->topic_id() == change.id) gone.push_back(at->first);
    for (const TopicPartition& tp : gone) {
        drop_partition(tp);
        if (const auto deleted = directory->delete_log(tp); !deleted)
            log.error("cannot delete the log",
                      {{"partition", tp.to_string()}, {"detail", deleted.error().detail}});
    }
    group->topics_deleted({{.name = change.name, .id = change.id}}, now);  // their offsets go, too
}

void Broker::State::configs_changed(const ConfigChanged& change) {
    if (change.resource.type == ConfigResourceType::ClientMetrics) telemetry.configs_changed();
    if (change.resource.type != ConfigResourceType::Topic &&
        change.resource.type != ConfigResourceType::Broker)
        return;
    if (change.resource.type == ConfigResourceType::Broker) {
        const BrokerOverrides overrides = controller->image().broker_overrides(node);
        ConfigMap all = *overrides.cluster;
        for (const auto& [name, value] : *overrides.broker) all[name] = value;
        if (auto changed = with_overrides(settings.config, all))
            running = *std::move(changed);
        else
            log.error("dynamic configs cannot be used", {{"detail", changed.error().detail}});
    }
    for (auto& [tp, partition] : partitions) {
        if (change.resource.type == ConfigResourceType::Topic && tp.topic != change.resource.name)
            continue;
        partition->log().set_config(log_config(tp.topic));
        if (const PartitionImage* image = controller->image().partition(tp.topic, tp.partition))
            partition->lead(
                *image,
                controller->image().topic_config(tp.topic, node, config).min_insync_replicas);
    }
}

// Logs of topics that were deleted while this node was away.
void Broker::State::drop_strays() {
    if (!controller->active()) return;  // else the image may lag behind
    for (const TopicPartition& tp : directory->topic_partitions()) {
        if (tp.topic == "__cluster_metadata" || partitions.contains(tp)) continue;
        if (controller->image().partition(tp.topic, tp.partition)) continue;
        log.warn("deleting the log of a topic that is gone", {{"partition", tp.to_string()}});
        if (const auto deleted = directory->delete_log(tp); !deleted)
            log.error("cannot delete the log",
                      {{"partition", tp.to_string()}, {"detail", deleted.error().detail}});
    }
}

void Broker::State::register_broker() {
    wire::BrokerRegistrationRequest request;
    request.broker_id = node.value();
    request.cluster_id = cluster;
    request.incarnation_id = incarnation;
    for (const Endpoint& at : settings.advertised)
        request.listeners.push_back(
            {at.listener, at.host, at.port, static_cast<std::int16_t>(at.protocol)});
    for (const Feature& feature : supported_features())
        request.features.push_back({std::string(feature.name), feature.min, feature.max});
    request.rack = config.broker_rack.empty() ? std::optional<std::string>() : config.broker_rack;
    request.log_dirs = {directory->directory_id()};
    request.previous_broker_epoch = directory->clean_broker_epoch().value_or(-1);
    ask_controller(wire::AnyRequest::of(std::move(request), kRegistrationVersion),
                   [this](const wire::AnyResponse& any) {
                       const auto& response = any.as<wire::BrokerRegistrationResponse>();
                       if (response.error_code != ErrorCode::None) {
                           log.warn("registration refused, trying again",
                                    {{"error", name(response.error_code)}});
                           deadlines.set(now.time + kRegisterAgain, [this] { register_broker(); });
                           return;
                       }
                       broker_epoch = response.broker_epoch;
                       drop_strays();
                       heartbeat();
                   });
}

void Broker::State::heartbeat() {
    next_heartbeat = Time::never();
    wire::BrokerHeartbeatRequest request{
        .broker_id = node.value(),
        .broker_epoch = broker_epoch,
        .current_metadata_offset = controller->committed_end().value() - 1};
    ask_controller(wire::AnyRequest::of(std::move(request), kHeartbeatVersion),
                   [this](const wire::AnyResponse& any) {
                       const auto& response = any.as<wire::BrokerHeartbeatResponse>();
                       const Duration interval =
                           std::chrono::milliseconds(config.broker_heartbeat_interval_ms);
                       if (response.error_code != ErrorCode::None) {
                           log.warn("heartbeat refused", {{"error", name(response.error_code)}});
                           deadlines.set(now.time + kRegisterAgain, [this] { register_broker(); });
                           return;
                       }
                       if (!response.is_fenced) ready = true;
                       next_heartbeat =
                           now.time +
                           (ready ? interval : std::min<Duration>(interval, kRegisterAgain));
                   });
}

void Broker::State::create_topic(std::string name, std::int32_t count,
                                 std::int16_t replication_factor,
                                 std::vector<std::pair<std::string, std::string>> configs,
                                 std::function<void(ErrorCode, const std::string&)> created) {
    auto& waiting = creating[name];
    waiting.push_back(std::move(created));
    if (waiting.size() > 1) return;
    wire::CreateTopicsRequest request;
    request.timeout_ms = kCreateTimeoutMs;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = count;
    topic.replication_factor = replication_factor;
    for (auto& [key, value] : configs) topic.configs.push_back({std::move(key), std::move(value)});
    ask_controller(wire::AnyRequest::of(std::move(request), kCreateTopicsVersion),
                   [this, name = std::move(name)](const wire::AnyResponse& any) {
                       const auto& response = any.as<wire::CreateTopicsResponse>();
                       ErrorCode code = ErrorCode::UnknownServerError;
                       std::string detail;
                       if (!response.topics.empty()) {
                           code = response.topics.front().error_code;
                           detail = response.topics.front().error_message.value_or("");
                       }
                       auto told = creating.extract(name);
                       if (told.empty()) return;
                       for (const auto& tell : told.mapped()) tell(code, detail);
                   });
}

// A few logs a turn: with thousands of them the first look at each costs its index files.
void Broker::State::retention() {
    quotas.forget_idle(now.time);
    const Timestamp clock = retention_clock.at(now);
    if (retention_clock.jumped() && !std::exchange(jump_told, true))
        log.warn("the wall clock jumped: retention goes on by the time that passes",
                 {{"wall", now.wall.value()}, {"counted", clock.value()}});
    auto at = retention_from ? partitions.lower_bound(*retention_from) : partitions.begin();
    for (int n = 0; at != partitions.end() && n < kRetentionLogsPerTurn; ++at, ++n) {
        Log& one = at->second->log();
        one.remove_expired_producers(now.wall);
        if (one.segment_count() <= 1 && one.size_bytes() == 0) continue;
        const auto deleted = one.delete_old_segments(clock);
        if (!deleted)
            log.warn("retention failed",
                     {{"partition", at->first.to_string()}, {"detail", deleted.error().detail}});
        else if (*deleted > 0)
            log.info("deleted old segments",
                     {{"partition", at->first.to_string()}, {"segments", *deleted}});
    }
    if (at != partitions.end()) {
        retention_from = at->first;
        next_retention = now.time + kRetentionPause;
        return;
    }
    retention_from.reset();
    next_retention = now.time + std::chrono::milliseconds(config.log_retention_check_interval_ms);
}

}  // namespace millrace::broker
