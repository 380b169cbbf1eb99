#include "millrace/broker/config/topic_config.h"

#include <algorithm>

#include "millrace/base/check.h"

namespace millrace::broker {
namespace {

const std::vector<std::string_view> kCompression = {"uncompressed", "zstd", "lz4",
                                                    "snappy",       "gzip", "producer"};
constexpr double kLongMax = 9.2e18;

struct Definition {
    ConfigKey key;
    std::string_view synonym;
};

const std::vector<Definition>& definitions() {
    static const std::vector<Definition> all = [] {
        using enum ConfigType;
        const ConfigRule at_least_0{.min = 0, .max = 1e300, .one_of = {}},
            at_least_1{.min = 1, .max = 1e300, .one_of = {}},
            from_minus_1{.min = -1, .max = 1e300, .one_of = {}},
            from_minus_2{.min = -2, .max = 1e300, .one_of = {}}, any{};
        const auto range = [](double low, double high) { return ConfigRule{low, high, {}, true}; };
        std::vector<Definition> list = {
            {{"cleanup.policy",
              List,
              "delete",
              {-1e300, 1e300, {"compact", "delete"}, true},
              "What happens to old records: delete them, compact them to the last one of each key, "
              "both, or nothing."},
             "log.cleanup.policy"},
            {{"compression.gzip.level", Int, "-1", range(-1, 9),
              "The level of gzip, when compression.type is gzip."},
             "compression.gzip.level"},
            {{"compression.lz4.level", Int, "9", range(1, 17),
              "The level of lz4, when compression.type is lz4."},
             "compression.lz4.level"},
            {{"compression.type",
              String,
              "producer",
              {-1e300, 1e300, kCompression, true},
              "How data is stored; producer: as it came."},
             "compression.type"},
            {{"compression.zstd.level", Int, "3", range(-131072, 22),
              "The level of zstd, when compression.type is zstd."},
             "compression.zstd.level"},
            {{"delete.retention.ms", Long, "86400000", at_least_0,
              "How long tombstones of a compacted topic are kept."},
             "log.cleaner.delete.retention.ms"},
            {{"errors.deadletterqueue.group.enable", Boolean, "false", any,
              "Whether share groups may use this topic as dead letter queue."},
             ""},
            {{"file.delete.delay.ms", Long, "60000", at_least_0, "How long deleted files stay."},
             "log.segment.delete.delay.ms"},
            {{"flush.messages", Long, "9223372036854775807", at_least_1,
              "Sync after this many records."},
             "log.flush.interval.messages"},
            {{"flush.ms", Long, "9223372036854775807", at_least_0, "Sync after this long."},
             "log.flush.interval.ms"},
            {{"follower.replication.throttled.replicas", List, "", any,
              "Replicas whose replication is throttled at the follower."},
             ""},
            {{"index.interval.bytes", Int, "4096", at_least_0,
              "The distance between index entries."},
             "log.index.interval.bytes"},
            {{"leader.replication.throttled.replicas", List, "", any,
              "Replicas whose replication is throttled at the leader."},
             ""},
            {{"local.retention.bytes", Long, "-2", from_minus_2,
              "What stays on this disk when older data is tiered; -2: as retention.bytes."},
             ""},
            {{"local.retention.ms", Long, "-2", from_minus_2,
              "How long data stays on this disk when it is tiered; -2: as retention.ms."},
             ""},
            {{"max.compaction.lag.ms", Long, "9223372036854775807", at_least_1,
              "How long a record stays uncompacted at most."},
             "log.cleaner.max.compaction.lag.ms"},
            {{"max.message.bytes", Int, "1048588", at_least_0, "The size of a record batch."},
             "message.max.bytes"},
            {{"message.timestamp.after.max.ms", Long, "3600000", at_least_0,
              "How far in the future a producer's time may lie."},
             "log.message.timestamp.after.max.ms"},
            {{"message.timestamp.before.max.ms", Long, "9223372036854775807", at_least_0,
              "How far in the past a producer's time may lie."},
             "log.message.timestamp.before.max.ms"},
            {{"message.timestamp.type",
              String,
              "CreateTime",
              {-1e300, 1e300, {"CreateTime", "LogAppendTime"}, true},
              "Whose time a record carries: its producer's or the broker's."},
             "log.message.timestamp.type"},
            {{"min.cleanable.dirty.ratio", Double, "0.5", range(0, 1),
              "The share of uncompacted bytes from which a log is compacted."},
             "log.cleaner.min.cleanable.ratio"},
            {{"min.compaction.lag.ms", Long, "0", at_least_0,
              "How long a record stays uncompacted at least."},
             "log.cleaner.min.compaction.lag.ms"},
            {{"min.insync.replicas", Int, "1", at_least_1,
              "How many replicas must have a record before acks=all is answered."},
             "min.insync.replicas"},
            {{"preallocate", Boolean, "false", any, "Whether segments get their size at once."},
             "log.preallocate"},
            {{"remote.copy.lag.bytes", Long, "-2", from_minus_2,
              "How much closed data may wait for tiering."},
             ""},
            {{"remote.copy.lag.ms", Long, "-2", from_minus_2,
              "How long closed data may wait for tiering."},
             ""},
            {{"remote.log.copy.disable", Boolean, "false", any,
              "Whether tiering of this topic has stopped."},
             ""},
            {{"remote.log.delete.on.disable", Boolean, "false", any,
              "Whether tiered data is deleted when tiering is switched off."},
             ""},
            {{"remote.storage.enable",
              Boolean,
              "false",
              {-1e300, 1e300, {}, true},
              "Whether old data is tiered. Not supported: only false."},
             ""},
            {{"retention.bytes", Long, "-1", from_minus_1,
              "How large a partition may grow; -1: no limit."},
             "log.retention.bytes"},
            {{"retention.ms", Long, "604800000", from_minus_1,
              "How long records are kept; -1: for ever."},
             "log.retention.ms"},
            {{"segment.bytes", Int, "1073741824", range(1024 * 1024, 2147483647),
              "The size of a segment file."},
             "log.segment.bytes"},
            {{"segment.index.bytes", Int, "10485760", range(4, 2147483647),
              "The size of an index file."},
             "log.index.size.max.bytes"},
            {{"segment.jitter.ms", Long, "0", at_least_0, "Taken off segment.ms, at random."},
             "log.roll.jitter.ms"},
            {{"segment.ms", Long, "604800000", range(1, kLongMax * 2),
              "The age at which a new segment is begun."},
             "log.roll.ms"},
            {{"unclean.leader.election.enable", Boolean, "false", any,
              "Whether a replica that may lack records can become leader."},
             "unclean.leader.election.enable"},
        };
        std::sort(list.begin(), list.end(),
                  [](const Definition& a, const Definition& b) { return a.key.name < b.key.name; });
        return list;
    }();
    return all;
}

Failure invalid(std::string why) {
    return fail(ErrorCode::InvalidConfig, std::move(why));
}

std::int64_t number(std::string_view text) {
    std::int64_t v = 0;
    (void)parse_int64(text, v);  // checked when it was set
    return v;
}

const std::string* find(const ConfigMap* map, std::string_view name) {
    if (!map) return nullptr;
    const auto it = map->find(name);
    return it == map->end() ? nullptr : &it->second;
}

}  // namespace

std::span<const ConfigKey> topic_config_keys() {
    static const std::vector<ConfigKey> keys = [] {
        std::vector<ConfigKey> list;
        for (const Definition& d : definitions()) list.push_back(d.key);
        return list;
    }();
    return keys;
}

std::string_view broker_synonym(std::string_view topic_key) {
    for (const Definition& d : definitions()) {
        if (d.key.name == topic_key) return d.synonym;
    }
    return {};
}

Result<void> check_topic_configs(const ConfigMap& configs) {
    for (const auto& [name, value] : configs) {
        const ConfigKey* key = find_config_key(topic_config_keys(), name);
        if (!key) {
            const std::string_view near = nearest_name(topic_config_keys(), name);
            return invalid("Unknown topic config name: " + name +
                           (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
        }
        if (value.size() > 32'767)
            return invalid("The value of " + name + " is longer than 32767 bytes");
        MR_TRY_VOID(check_config_value(*key, value));
    }
    const auto long_of = [&](std::string_view name, std::int64_t otherwise) {
        const auto it = configs.find(name);
        return it == configs.end() ? otherwise : number(it->second);
    };
    if (long_of("min.compaction.lag.ms", 0) > long_of("max.compaction.lag.ms", INT64_MAX)) {
        return invalid("conflict topic config setting min.compaction.lag.ms (" +
                       configs.find("min.compaction.lag.ms")->second +
                       ") > max.compaction.lag.ms (" +
                       std::to_string(long_of("max.compaction.lag.ms", INT64_MAX)) + ")");
    }
    const auto remote = configs.find("remote.storage.enable");
    bool tiered = false;
    if (remote != configs.end() && parse_bool(remote->second, tiered) && tiered) {
        return invalid(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured "
            "with remote log storage.");
    }
    return {};
}

ConfigEntry effective_topic_config(const ConfigKey& key, const ConfigMap& topic,
                                   const BrokerOverrides& overrides, const BrokerConfig& config) {
    std::vector<ConfigEntry> all;
    const std::string name(key.name), synonym(broker_synonym(key.name));
    const auto add = [&](const std::string& entry, const std::string* value, ConfigSource source) {
        if (value) all.push_back({entry, *value, source, {}});
    };
    add(name, find(&topic, name), ConfigSource::Topic);
    if (!synonym.empty()) {
        add(synonym, find(overrides.broker, synonym), ConfigSource::DynamicBroker);
        add(synonym, find(overrides.cluster, synonym), ConfigSource::DynamicDefaultBroker);
        add(synonym, find(&config.given, synonym), ConfigSource::StaticBroker);
        const ConfigKey* broker_key = find_config_key(broker_config_keys(), synonym);
        MR_CHECK(broker_key);
        add(synonym, &broker_key->default_text, ConfigSource::Default);
    } else {
        add(name, &key.default_text, ConfigSource::Default);
    }
    ConfigEntry entry = all.front();
    entry.name = name;
    entry.synonyms = std::move(all);
    return entry;
}

TopicConfig topic_config(const ConfigMap& topic, const BrokerOverrides& overrides,
                         const BrokerConfig& config) {
    const auto text = [&](std::string_view name) {
        const ConfigKey* key = find_config_key(topic_config_keys(), name);
        MR_CHECK(key);
        return effective_topic_config(*key, topic, overrides, config).value;
    };
    const auto int64 = [&](std::string_view name) { return number(text(name)); };
    const auto int32 = [&](std::string_view name) {
        return static_cast<std::int32_t>(int64(name));
    };
    const auto boolean = [&](std::string_view name) {
        bool v = false;
        (void)parse_bool(text(name), v);
        return v;
    };
    TopicConfig t;
    t.compact = t.delete_old = false;
    for (const std::string& policy : parse_list(text("cleanup.policy"))) {
        if (policy == "compact") t.compact = true;
        if (policy == "delete") t.delete_old = true;
    }
    t.retention_ms = int64("retention.ms");
    t.retention_bytes = int64("retention.bytes");
    t.segment_bytes = int32("segment.bytes");
    t.segment_ms = int64("segment.ms");
    t.segment_jitter_ms = int64("segment.jitter.ms");
    t.segment_index_bytes = int32("segment.index.bytes");
    t.index_interval_bytes = int32("index.interval.bytes");
    t.max_message_bytes = int32("max.message.bytes");
    t.compression_type = text("compression.type");
    t.compression_gzip_level = int32("compression.gzip.level");
    t.compression_lz4_level = int32("compression.lz4.level");
    t.compression_zstd_level = int32("compression.zstd.level");
    t.delete_retention_ms = int64("delete.retention.ms");
    t.file_delete_delay_ms = int64("file.delete.delay.ms");
    (void)parse_double(text("min.cleanable.dirty.ratio"), t.min_cleanable_dirty_ratio);
    t.min_compaction_lag_ms = int64("min.compaction.lag.ms");
    t.max_compaction_lag_ms = int64("max.compaction.lag.ms");
    t.min_insync_replicas = int32("min.insync.replicas");
    t.unclean_leader_election_enable = boolean("unclean.leader.election.enable");
    t.log_append_time = text("message.timestamp.type") == "LogAppendTime";
    t.timestamp_before_max_ms = int64("message.timestamp.before.max.ms");
    t.timestamp_after_max_ms = int64("message.timestamp.after.max.ms");
    t.flush_messages = int64("flush.messages");
    t.flush_ms = int64("flush.ms");
    t.preallocate = boolean("preallocate");
    return t;
}

}  // namespace millrace::broker
