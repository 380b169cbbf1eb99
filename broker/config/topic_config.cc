#include "millrace/broker/config/topic_config.h"

#include <algorithm>
#include <array>

#include "millrace/base/check.h"
#include "millrace/broker/config/kafka_configs.h"

namespace millrace::broker {
namespace {

// Kept and described, but nothing acts on them.
constexpr std::array kWithoutEffect = {
    "errors.deadletterqueue.group.enable",
    "follower.replication.throttled.replicas",
    "internal.segment.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "preallocate",
    "remote.copy.lag.bytes",
    "remote.copy.lag.ms",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
};

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
        for (const KafkaConfig& row : kafka_topic_configs()) {
            list.push_back(config_key(row));
            list.back().has_effect = std::find(kWithoutEffect.begin(), kWithoutEffect.end(),
                                               row.name) == kWithoutEffect.end();
        }
        return list;
    }();
    return keys;
}

std::string_view broker_synonym(std::string_view topic_key) {
    const auto rows = kafka_topic_configs();
    const auto at = std::lower_bound(
        rows.begin(), rows.end(), topic_key,
        [](const KafkaConfig& row, std::string_view wanted) { return row.name < wanted; });
    if (at == rows.end() || at->name != topic_key) return {};
    return at->synonyms.substr(0, at->synonyms.find(','));
}

Result<void> check_topic_configs(const ConfigMap& configs) {
    for (const auto& [name, value] : configs) {
        const ConfigKey* key = find_config_key(topic_config_keys(), name);
        if (!key) {
            const std::string_view near = nearest_name(topic_config_keys(), name);
            return invalid("Unknown topic config name: " + name +
                           (near.empty() ? "" : ", did you mean " + std::string(near) + "?"));
        }
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

std::vector<ConfigEntry> broker_config_entries(std::string_view name,
                                               const BrokerOverrides& overrides,
                                               const BrokerConfig& config) {
    std::vector<ConfigEntry> all;
    const std::vector<std::string> names = broker_config_synonyms(name);
    const auto add = [&](const ConfigMap* from, ConfigSource source) {
        for (const std::string& one : names)
            if (const std::string* value = find(from, one))
                all.push_back({one, *value, source, {}});
    };
    add(overrides.broker, ConfigSource::DynamicBroker);
    add(overrides.cluster, ConfigSource::DynamicDefaultBroker);
    add(&config.given, ConfigSource::StaticBroker);
    for (const std::string& one : names) {
        const ConfigKey* key = find_config_key(broker_config_keys(), one);
        if (key && !key->default_is_null)
            all.push_back({one, key->default_text, ConfigSource::Default, {}});
    }
    // As ConfigHelper: what stands before the first entry of that very name is not shown.
    const auto first = std::find_if(all.begin(), all.end(),
                                    [&](const ConfigEntry& entry) { return entry.name == name; });
    all.erase(all.begin(), first);
    return all;
}

ConfigEntry effective_topic_config(const ConfigKey& key, const ConfigMap& topic,
                                   const BrokerOverrides& overrides, const BrokerConfig& config) {
    const std::string synonym(broker_synonym(key.name));
    ConfigEntry entry;
    entry.name = std::string(key.name);
    if (!synonym.empty()) entry.synonyms = broker_config_entries(synonym, overrides, config);
    const std::string* own = find(&topic, key.name);
    if (own)
        entry.synonyms.insert(entry.synonyms.begin(),
                              {entry.name, parsed_text(key, *own), ConfigSource::Topic, {}});
    if (!entry.synonyms.empty()) entry.source = entry.synonyms.front().source;
    if (own || entry.source == ConfigSource::DynamicBroker ||
        entry.source == ConfigSource::DynamicDefaultBroker) {
        entry.value = entry.synonyms.front().value;
    } else {  // what the broker itself has, under whatever name it was given
        entry.value = value_text(config, synonym).value_or(key.default_text);
    }
    return entry;
}

namespace {

TopicConfig of_broker(const BrokerConfig& config) {
    TopicConfig t;
    const auto has = [&](std::string_view policy) {
        return std::find(config.log_cleanup_policy.begin(), config.log_cleanup_policy.end(),
                         policy) != config.log_cleanup_policy.end();
    };
    t.compact = has("compact");
    t.delete_old = has("delete");
    t.retention_ms = config.log_retention_ms;
    t.retention_bytes = config.log_retention_bytes;
    t.segment_bytes = config.log_segment_bytes;
    t.segment_ms = config.log_roll_ms;
    t.segment_jitter_ms = config.log_roll_jitter_ms;
    t.segment_index_bytes = config.log_index_size_max_bytes;
    t.index_interval_bytes = config.log_index_interval_bytes;
    t.max_message_bytes = config.message_max_bytes;
    t.compression_type = config.compression_type;
    t.compression_gzip_level = config.compression_gzip_level;
    t.compression_lz4_level = config.compression_lz4_level;
    t.compression_zstd_level = config.compression_zstd_level;
    t.delete_retention_ms = config.log_cleaner_delete_retention_ms;
    t.file_delete_delay_ms = config.log_segment_delete_delay_ms;
    t.min_cleanable_dirty_ratio = config.log_cleaner_min_cleanable_ratio;
    t.min_compaction_lag_ms = config.log_cleaner_min_compaction_lag_ms;
    t.max_compaction_lag_ms = config.log_cleaner_max_compaction_lag_ms;
    t.min_insync_replicas = config.min_insync_replicas;
    t.unclean_leader_election_enable = config.unclean_leader_election_enable;
    t.log_append_time = config.log_message_timestamp_type == "LogAppendTime";
    t.timestamp_before_max_ms = config.log_message_timestamp_before_max_ms;
    t.timestamp_after_max_ms = config.log_message_timestamp_after_max_ms;
    t.flush_messages = config.log_flush_interval_messages;
    t.flush_ms = config.log_flush_interval_ms;
    t.preallocate = config.log_preallocate;
    return t;
}

using Assign = void (*)(std::string_view, TopicConfig&);
template <auto Member>
void assign_number(std::string_view text, TopicConfig& t) {
    auto& into = t.*Member;
    into = static_cast<std::remove_reference_t<decltype(into)>>(number(text));
}
template <auto Member>
void assign_bool(std::string_view text, TopicConfig& t) {
    (void)parse_bool(text, t.*Member);
}

struct Assignment {
    std::string_view name;
    Assign assign;
};
const Assignment kAssignments[] = {
    {"cleanup.policy",
     [](std::string_view text, TopicConfig& t) {
         t.compact = t.delete_old = false;
         for (const std::string& policy : parse_list(text)) {
             if (policy == "compact") t.compact = true;
             if (policy == "delete") t.delete_old = true;
         }
     }},
    {"retention.ms", assign_number<&TopicConfig::retention_ms>},
    {"retention.bytes", assign_number<&TopicConfig::retention_bytes>},
    {"segment.bytes", assign_number<&TopicConfig::segment_bytes>},
    {"segment.ms", assign_number<&TopicConfig::segment_ms>},
    {"segment.jitter.ms", assign_number<&TopicConfig::segment_jitter_ms>},
    {"segment.index.bytes", assign_number<&TopicConfig::segment_index_bytes>},
    {"index.interval.bytes", assign_number<&TopicConfig::index_interval_bytes>},
    {"max.message.bytes", assign_number<&TopicConfig::max_message_bytes>},
    {"compression.type",
     [](std::string_view text, TopicConfig& t) { t.compression_type = std::string(text); }},
    {"compression.gzip.level", assign_number<&TopicConfig::compression_gzip_level>},
    {"compression.lz4.level", assign_number<&TopicConfig::compression_lz4_level>},
    {"compression.zstd.level", assign_number<&TopicConfig::compression_zstd_level>},
    {"delete.retention.ms", assign_number<&TopicConfig::delete_retention_ms>},
    {"file.delete.delay.ms", assign_number<&TopicConfig::file_delete_delay_ms>},
    {"min.cleanable.dirty.ratio",
     [](std::string_view text, TopicConfig& t) {
         (void)parse_double(text, t.min_cleanable_dirty_ratio);
     }},
    {"min.compaction.lag.ms", assign_number<&TopicConfig::min_compaction_lag_ms>},
    {"max.compaction.lag.ms", assign_number<&TopicConfig::max_compaction_lag_ms>},
    {"min.insync.replicas", assign_number<&TopicConfig::min_insync_replicas>},
    {"unclean.leader.election.enable", assign_bool<&TopicConfig::unclean_leader_election_enable>},
    {"message.timestamp.type",
     [](std::string_view text, TopicConfig& t) { t.log_append_time = text == "LogAppendTime"; }},
    {"message.timestamp.before.max.ms", assign_number<&TopicConfig::timestamp_before_max_ms>},
    {"message.timestamp.after.max.ms", assign_number<&TopicConfig::timestamp_after_max_ms>},
    {"flush.messages", assign_number<&TopicConfig::flush_messages>},
    {"flush.ms", assign_number<&TopicConfig::flush_ms>},
    {"preallocate", assign_bool<&TopicConfig::preallocate>},
};

}  // namespace

TopicConfig topic_config(const ConfigMap& topic, const BrokerOverrides& overrides,
                         const BrokerConfig& config) {
    TopicConfig t = of_broker(config);
    const bool none = topic.empty() && (!overrides.broker || overrides.broker->empty()) &&
                      (!overrides.cluster || overrides.cluster->empty());
    if (none) return t;
    for (const Assignment& one : kAssignments) {
        const std::string* value = find(&topic, one.name);
        const std::string_view synonym = value ? std::string_view{} : broker_synonym(one.name);
        if (!value) value = find(overrides.broker, synonym);
        if (!value) value = find(overrides.cluster, synonym);
        if (value) one.assign(*value, t);
    }
    return t;
}

}  // namespace millrace::broker
