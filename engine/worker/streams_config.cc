#include "millrace/engine/worker/streams_config.h"

#include <algorithm>
#include <charconv>

namespace millrace::engine {

namespace {
using C = StreamsConfig;

struct Setting {
    std::string_view name;  // Kafka's, without prefix
    std::variant<std::int64_t C::*, std::string C::*, bool C::*, std::optional<std::int64_t> C::*,
                 std::vector<std::string> C::*, ProcessingGuarantee C::*>
        member;
    std::int64_t min = INT64_MIN, max = INT64_MAX;
    std::vector<std::string_view> choices = {};
    enum Of {
        Application,
        Consumer,
        Producer
    } of = Application;  // whose prefix may stand before it
};

const std::vector<Setting>& settings_table() {
    static const std::vector<Setting> table = {
        {"application.id", &C::application_id},
        {"bootstrap.servers", &C::bootstrap_servers},
        {"client.id", &C::client_id},
        {"application.server", &C::application_server},
        {"state.dir", &C::state_dir},
        {"processing.guarantee", &C::processing_guarantee},
        {"commit.interval.ms", &C::commit_interval, 0},
        {"num.stream.threads", &C::num_stream_threads, 1, 1024},
        {"buffered.records.per.partition", &C::buffered_records_per_partition, 1},
        {"max.task.idle.ms", &C::max_task_idle_ms, -1},
        {"statestore.cache.max.bytes", &C::statestore_cache_max_bytes, 0},
        {"cache.max.bytes.buffering", &C::statestore_cache_max_bytes, 0},  // its deprecated name
        {"statestore.uncommitted.max.bytes", &C::statestore_uncommitted_max_bytes, -1},
        {"millrace.statestore.memory.max.bytes", &C::statestore_memory_max_bytes, 1},
        {"millrace.statestore.tail.max.records", &C::statestore_tail_max_records, 1},
        {"task.timeout.ms", &C::task_timeout_ms, 0},
        {"repartition.purge.interval.ms", &C::repartition_purge_interval_ms, 0},
        {"replication.factor", &C::replication_factor, -1, INT16_MAX},
        {"windowstore.changelog.additional.retention.ms",
         &C::windowstore_changelog_additional_retention_ms, 0},
        {"metadata.max.age.ms", &C::metadata_max_age_ms, 1},
        {"request.timeout.ms", &C::request_timeout_ms, 1, INT32_MAX},
        {"retry.backoff.ms", &C::retry_backoff_ms, 1},
        {"retry.backoff.max.ms", &C::retry_backoff_max_ms, 1},
        {"reconnect.backoff.ms", &C::reconnect_backoff_ms, 1},
        {"reconnect.backoff.max.ms", &C::reconnect_backoff_max_ms, 1},
        {"topology.optimization", &C::topology_optimization},
        {"default.dsl.store", &C::dsl_store, 0, 0, {"rocksDB", "in_memory"}},
        {"deserialization.exception.handler", &C::deserialization_exception_handler},
        {"processing.exception.handler", &C::processing_exception_handler},
        {"production.exception.handler", &C::production_exception_handler},
        {"errors.dead.letter.queue.topic.name", &C::errors_dead_letter_queue_topic_name},
        {"default.timestamp.extractor", &C::default_timestamp_extractor},
        {"ensure.explicit.internal.resource.naming", &C::ensure_explicit_internal_resource_naming},
        {"auto.offset.reset",
         &C::auto_offset_reset,
         0,
         0,
         {"earliest", "latest", "none"},
         Setting::Consumer},
        {"group.instance.id", &C::group_instance_id, 0, 0, {}, Setting::Consumer},
        {"fetch.max.bytes", &C::fetch_max_bytes, 1, INT32_MAX, {}, Setting::Consumer},
        {"max.partition.fetch.bytes",
         &C::max_partition_fetch_bytes,
         1,
         INT32_MAX,
         {},
         Setting::Consumer},
        {"fetch.min.bytes", &C::fetch_min_bytes, 0, INT32_MAX, {}, Setting::Consumer},
        {"fetch.max.wait.ms", &C::fetch_max_wait_ms, 0, INT32_MAX, {}, Setting::Consumer},
        {"max.poll.interval.ms", &C::max_poll_interval_ms, 1, INT32_MAX, {}, Setting::Consumer},
        {"check.crcs", &C::check_crcs, 0, 0, {}, Setting::Consumer},
        {"batch.size", &C::batch_size, 0, 1 << 30, {}, Setting::Producer},
        {"linger.ms", &C::linger_ms, 0, INT32_MAX, {}, Setting::Producer},
        {"buffer.memory", &C::buffer_memory, 1, INT64_MAX, {}, Setting::Producer},
        {"max.request.size", &C::max_request_size, 1, 1 << 30, {}, Setting::Producer},
        {"max.in.flight.requests.per.connection",
         &C::max_in_flight_requests_per_connection,
         1,
         5,
         {},
         Setting::Producer},
        {"transaction.timeout.ms", &C::transaction_timeout_ms, 1, INT32_MAX, {}, Setting::Producer},
        {"compression.type",
         &C::compression_type,
         0,
         0,
         {"none", "gzip", "snappy", "lz4", "zstd"},
         Setting::Producer},
    };
    return table;
}

// Kafka has them; here they mean nothing (yet) or are fixed.
constexpr std::string_view kIgnored[] = {"acceptable.recovery.lag",
                                         "acks",
                                         "allow.auto.create.topics",
                                         "allow.os.group.write.access",
                                         "built.in.metrics.version",
                                         "client.rack",
                                         "config.providers",
                                         "connections.max.idle.ms",
                                         "default.client.supplier",
                                         "default.interactive.query.isolation.level",
                                         "default.key.serde",
                                         "default.value.serde",
                                         "delivery.timeout.ms",
                                         "dsl.store.format",
                                         "dsl.store.suppliers.class",
                                         "enable.auto.commit",
                                         "enable.idempotence",
                                         "enable.metrics.push",
                                         "enable.transactional.statestores",
                                         "group.id",
                                         "group.protocol",
                                         "isolation.level",
                                         "log.summary.interval.ms",
                                         "max.poll.records",
                                         "max.warmup.replicas",
                                         "metadata.recovery.rebootstrap.trigger.ms",
                                         "metadata.recovery.strategy",
                                         "metric.reporters",
                                         "metrics.num.samples",
                                         "metrics.recording.level",
                                         "metrics.sample.window.ms",
                                         "num.standby.replicas",
                                         "poll.ms",
                                         "probing.rebalance.interval.ms",
                                         "processing.exception.handler.global.enabled",
                                         "processor.wrapper.class",
                                         "rack.aware.assignment.non_overlap_cost",
                                         "rack.aware.assignment.strategy",
                                         "rack.aware.assignment.tags",
                                         "rack.aware.assignment.traffic_cost",
                                         "receive.buffer.bytes",
                                         "retries",
                                         "rocksdb.config.setter",
                                         "security.protocol",
                                         "send.buffer.bytes",
                                         "session.timeout.ms",
                                         "heartbeat.interval.ms",
                                         "state.cleanup.delay.ms",
                                         "state.cleanup.dir.max.age.ms",
                                         "task.assignor.class",
                                         "topology.description.push.enabled",
                                         "transactional.id",
                                         "upgrade.from",
                                         "window.size.ms",
                                         "windowed.inner.class.serde"};

constexpr std::string_view kPrefixes[] = {"main.consumer.",    "consumer.",        "producer.",
                                          "restore.consumer.", "global.consumer.", "admin."};

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t up = row[j];
            row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = up;
        }
    }
    return row[b.size()];
}

Failure unknown(const std::string& name, std::string_view bare) {
    std::string_view nearest;
    std::size_t best = SIZE_MAX;
    const auto consider = [&](std::string_view candidate) {
        if (const std::size_t d = edit_distance(bare.substr(0, 100), candidate); d < best) {
            best = d;
            nearest = candidate;
        }
    };
    for (const Setting& s : settings_table()) consider(s.name);
    for (const std::string_view s : kIgnored) consider(s);
    std::string detail = "unknown setting '" + name + "'";
    if (best <= std::max<std::size_t>(2, bare.size() / 3))
        detail += ", did you mean '" + std::string(nearest) + "'?";
    return fail(ErrorCode::InvalidConfig, std::move(detail));
}

Failure bad(const std::string& name, const std::string& value, const std::string& wanted) {
    return fail(ErrorCode::InvalidConfig, "setting " + name + ": '" + value + "' is not " + wanted);
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        std::string_view part = text.substr(0, comma);
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        if (!part.empty()) out.emplace_back(part);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return out;
}

Result<std::int64_t> number(const std::string& name, const std::string& value, const Setting& s) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size())
        return bad(name, value, "a whole number");
    if (n < s.min) return bad(name, value, "at least " + std::to_string(s.min));
    if (n > s.max) return bad(name, value, "at most " + std::to_string(s.max));
    return n;
}

Result<void> assign(C& config, const Setting& s, const std::string& name,
                    const std::string& value) {
    if (!s.choices.empty() &&
        std::find(s.choices.begin(), s.choices.end(), value) == s.choices.end()) {
        std::string all;
        for (const std::string_view c : s.choices)
            all += (all.empty() ? "" : ", ") + std::string(c);
        return bad(name, value, "one of " + all);
    }
    if (const auto* member = std::get_if<std::int64_t C::*>(&s.member)) {
        MR_TRY(config.**member, number(name, value, s));
    } else if (const auto* optional = std::get_if<std::optional<std::int64_t> C::*>(&s.member)) {
        MR_TRY(config.**optional, number(name, value, s));
    } else if (const auto* text = std::get_if<std::string C::*>(&s.member)) {
        config.** text = value;
    } else if (const auto* flag = std::get_if<bool C::*>(&s.member)) {
        if (value != "true" && value != "false") return bad(name, value, "true or false");
        config.** flag = value == "true";
    } else if (const auto* list = std::get_if<std::vector<std::string> C::*>(&s.member)) {
        config.** list = split(value);
    } else {
        if (value == "at_least_once") {
            config.processing_guarantee = ProcessingGuarantee::AtLeastOnce;
        } else if (value == "exactly_once_v2") {
            config.processing_guarantee = ProcessingGuarantee::ExactlyOnceV2;
        } else {
            return bad(name, value, "one of at_least_once, exactly_once_v2");
        }
    }
    return {};
}
}  // namespace

Result<StreamsConfig> StreamsConfig::parse(const std::map<std::string, std::string>& settings) {
    StreamsConfig config;
    // A special prefix beats a general one beats the plain name: assign in that order.
    for (const int rank : {0, 1, 2}) {
        for (const auto& [name, value] : settings) {
            if (name.starts_with("topic.") || name.starts_with("client.tag.")) {
                if (rank == 0 && name.starts_with("topic."))
                    config.topic_configs[name.substr(6)] = value;
                if (rank == 0 && name.starts_with("client.tag."))
                    config.client_tags[name.substr(11)] = value;
                continue;
            }
            std::string_view bare = name, prefix;
            for (const std::string_view p : kPrefixes)
                if (bare.starts_with(p)) {
                    prefix = p;
                    bare.remove_prefix(p.size());
                    break;
                }
            if ((prefix.empty() ? 0 : prefix == "main.consumer." ? 2 : 1) != rank) continue;
            const auto& table = settings_table();
            const auto s = std::find_if(table.begin(), table.end(),
                                        [&](const Setting& x) { return x.name == bare; });
            if (s == table.end()) {
                if (std::find(std::begin(kIgnored), std::end(kIgnored), bare) == std::end(kIgnored))
                    return unknown(name, bare);
                config.ignored.push_back(name);
                continue;
            }
            const bool fits = prefix.empty() ||
                              (s->of == Setting::Consumer && prefix.ends_with("consumer.")) ||
                              (s->of == Setting::Producer && prefix == "producer.");
            const bool other_client = prefix == "restore.consumer." || prefix == "global.consumer.";
            if (!fits ||
                other_client) {  // a Kafka client setting of a client that we do not tune apart
                config.ignored.push_back(name);
                continue;
            }
            MR_TRY_VOID(assign(config, *s, name, value));
        }
    }
    std::sort(config.ignored.begin(), config.ignored.end());
    if (config.application_id.empty())
        return fail(
            ErrorCode::InvalidConfig,
            "setting application.id is missing: it names the group and the internal topics");
    for (const char c : config.application_id)
        if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'))
            return bad("application.id", config.application_id,
                       "made of letters, digits, '.', '_' and '-'");
    if (config.exactly_once() && config.transaction_timeout_ms < config.commit_interval_ms())
        return fail(ErrorCode::InvalidConfig, "transaction.timeout.ms " +
                                                  std::to_string(config.transaction_timeout_ms) +
                                                  " is below commit.interval.ms " +
                                                  std::to_string(config.commit_interval_ms()) +
                                                  ": every transaction would time out");
    if (config.client_tags.size() > 5)
        return fail(ErrorCode::InvalidConfig, "at most 5 settings client.tag.* are allowed");
    return config;
}

std::map<std::string, std::string> StreamsConfig::print() const {
    std::map<std::string, std::string> out;
    for (const Setting& s : settings_table()) {
        if (s.name == "cache.max.bytes.buffering") continue;
        std::string& text = out[std::string(s.name)];
        if (s.name == "commit.interval.ms") {
            text = std::to_string(commit_interval_ms());
        } else if (const auto* n = std::get_if<std::int64_t C::*>(&s.member)) {
            text = std::to_string(this->**n);
        } else if (const auto* t = std::get_if<std::string C::*>(&s.member)) {
            text = this->**t;
        } else if (const auto* b = std::get_if<bool C::*>(&s.member)) {
            text = this->**b ? "true" : "false";
        } else if (const auto* list = std::get_if<std::vector<std::string> C::*>(&s.member)) {
            for (const std::string& item : this->**list) text += (text.empty() ? "" : ",") + item;
        } else {
            text = exactly_once() ? "exactly_once_v2" : "at_least_once";
        }
    }
    for (const auto& [name, value] : topic_configs) out["topic." + name] = value;
    for (const auto& [name, value] : client_tags) out["client.tag." + name] = value;
    return out;
}

}  // namespace millrace::engine
