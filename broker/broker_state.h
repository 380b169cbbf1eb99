#pragma once
// What the machine of broker.h is made of, for its own files and for the handlers in api/.
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "millrace/broker/api/coordinator_handlers.h"
#include "millrace/broker/api/fetch.h"
#include "millrace/broker/broker.h"
#include "millrace/broker/client_telemetry.h"
#include "millrace/broker/controller/controller_node.h"
#include "millrace/broker/group/group_coordinator.h"
#include "millrace/broker/log/log_directory.h"
#include "millrace/broker/quota/quotas.h"
#include "millrace/broker/replica/fetch_session.h"
#include "millrace/broker/replica/partition.h"
#include "millrace/broker/txn/txn_coordinator.h"

namespace millrace::broker {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionTopic = "__transaction_state";
inline bool is_internal_topic(std::string_view topic) {
    return topic == kOffsetsTopic || topic == kTransactionTopic;
}

// The broker's log above a level that admin clients set (KIP-412).
class LeveledLog final : public LogSink {
public:
    explicit LeveledLog(LogSink& to) : to_(to) {}
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (level >= least_) to_.write(level, event, fields);
    }
    const std::string& level() const { return level_; }
    void set_level(const std::string& level) {  // Kafka's name of it
        level_ = level;
        least_ = level == "WARN"                        ? LogLevel::Warn
                 : level == "ERROR" || level == "FATAL" ? LogLevel::Error
                                                        : LogLevel::Info;
    }

private:
    LogSink& to_;
    std::string level_ = "INFO";
    LogLevel least_ = LogLevel::Info;
};

// Deadlines of requests that wait. Equal times run in the order they were set.
class Deadlines {
public:
    using Id = std::pair<Time, std::uint64_t>;
    Id set(Time at, std::function<void()> due) {
        const Id id{at, next_++};
        due_.emplace(id, std::move(due));
        return id;
    }
    void cancel(Id id) { due_.erase(id); }
    Time next() const { return due_.empty() ? Time::never() : due_.begin()->first.first; }
    bool run(Now now);  // true: something was due

private:
    std::map<Id, std::function<void()>> due_;
    std::uint64_t next_ = 0;
};

struct Broker::State final : public Responder, public TopicLookup {
    State(BrokerSettings settings, Disk& disk, LogSink& log);
    ~State() override;

    // ---- Responder: of clients' requests, and of our own to the controller ----
    void respond(RequestToken token, wire::AnyResponse response) override;
    void close(RequestToken token, std::string reason) override;
    template <class M>
    void answer(const Request& request, M response) {
        respond(request.token, wire::AnyResponse::of(std::move(response), request.body.version()));
    }

    // ---- TopicLookup ----
    std::optional<KnownTopic> find(std::string_view name) const override;
    std::optional<KnownTopic> find(const Uuid& id) const override;
    void each_topic(const std::function<void(const KnownTopic&)>& visit) const override;
    std::vector<std::vector<std::string>> racks(const Uuid& topic) const override;
    std::int64_t metadata_version() const override;
    std::optional<std::string> config_of_group(const std::string& group_id,
                                               const std::string& key) const override;

    // ---- the turn (broker.cc) ----
    void take(Input& input);
    void pump();  // until nothing is left to be done now
    void dispatch(const Request& request);
    void bad_request(const BadRequestArrived& arrived);
    void flush();  // coordinators, journal
    void tick();
    void synced(const Synced& done);
    void log_effects(LogEffects& from_log);
    void retention();
    void carry_out(Effects& effects);  // what pump() and flush() left

    // Counts bytes of a client against its quota; above it, its connection is not read for as long as is returned.
    Duration charge(QuotaKind kind, const Request& request, std::size_t bytes);
    void throttle(ConnectionId connection, Duration how_long);

    // ---- metadata (broker_metadata.cc) ----
    void apply(const ControllerEffects& effects);
    void topic_created(const TopicCreated& created);
    void partition_changed(const PartitionChanged& change);
    void lead(Partition& partition, const PartitionImage& image);
    void topic_deleted(const TopicDeleted& change);
    void configs_changed(const ConfigChanged& change);
    void drop_partition(const TopicPartition& tp);
    void drop_strays();
    void register_broker();
    void heartbeat();
    LogConfig log_config(const std::string& topic) const;
    // A request of ours to the controller; the answer comes in a later pump().
    void ask_controller(wire::AnyRequest request,
                        std::function<void(const wire::AnyResponse&)> answered);
    void create_topic(std::string name, std::int32_t partitions, std::int16_t replication_factor,
                      std::vector<std::pair<std::string, std::string>> configs,
                      std::function<void(ErrorCode, const std::string&)> created);

    // ---- coordinators (broker_coordinators.cc) ----
    void carry_out_coordinators();
    void make_coordinators();
    void find_coordinator(const Request& request);
    void create_internal_topic(std::string_view topic,  // kOffsetsTopic, kTransactionTopic
                               std::function<void(ErrorCode, const std::string&)> created);
    CoordinatorNode locate(CoordinatorKeyType type, const std::string& key,
                           const std::string& listener) const;
    // COMMIT or ABORT in a partition; `written` once it is committed, or why it is not.
    void write_marker(const TopicPartition& tp, const TxnMarker& marker, Completion written);
    // After an unclean stop: transactions that are open in a partition, but not known to the
    // coordinator, would hold the last stable offset for ever. They are aborted there.
    void abort_hanging_transactions();

    // ---- partitions ----
    Partition* partition(const std::string& topic, std::int32_t index);
    // Null: `code` says why, as a client is told: 3, 100, 6.
    Partition* led_partition(const std::string& topic, std::int32_t index, ErrorCode& code);
    const std::string* topic_name(const Uuid& id) const;  // null: unknown
    void advanced(const std::vector<Log*>& logs);
    // Data, offsets and the transaction coordinator share one journal (design 3.5).
    bool shared_journal() const { return true; }

    BrokerSettings settings;
    BrokerConfig running;        // the settings with what was changed since (KIP-226)
    const BrokerConfig& config;  // running
    Disk& disk;
    LeveledLog leveled_log;
    LogSink& log;  // leveled_log
    Now now;
    NodeId node;
    std::string cluster;

    Connections connections;
    std::unique_ptr<LogDirectory> directory;
    std::unique_ptr<ControllerNode> controller;
    TxnConfig txn_config;
    GroupConfig group_config;
    std::unique_ptr<TxnCoordinator> txn;
    std::unique_ptr<GroupCoordinator> group;
    std::unique_ptr<CoordinatorApis> apis;  // of the two
    std::map<TopicPartition, std::unique_ptr<Partition>> partitions;
    std::map<const Log*, Partition*> by_log;  // looked up only
    FetchSessions sessions;
    Quotas quotas;
    ClientTelemetry telemetry;
    Fetches fetches;
    Deadlines deadlines;
    bool hanging_looked_for = false;
    std::size_t tail_shares = 1;  // of config.tail_cache_bytes

    bool moved = false;  // a high watermark moved: coordinators let go who waits
    bool ready = false, told_ready = false;
    std::string fatal;

    // Our own requests
    std::map<RequestToken, std::function<void(const wire::AnyResponse&)>> asked;
    std::deque<std::function<void()>> deferred;
    std::uint64_t next_internal = 0;
    std::int64_t broker_epoch = -1;
    Uuid incarnation;
    Time next_heartbeat = Time::never();
    std::map<std::string, std::vector<std::function<void(ErrorCode, const std::string&)>>>
        creating;  // topics under way

    // Syncs under way
    ControllerEffects controller_effects;
    std::map<SyncTicket, std::optional<SyncId>> syncing;  // nothing: the metadata log
    bool controller_sync_wanted = false, controller_syncing = false;
    SyncTicket next_ticket = 1;
    std::vector<Sync> sync_out;

    Time txn_wake = Time::never(), group_wake = Time::never(), controller_wake = Time::never();
    Time next_idle_look = Time::never(), next_retention{};
    RetentionClock retention_clock;
    bool jump_told = false;
    std::optional<TopicPartition> retention_from;  // a round is under way
    Time bad_requests_logged{};
    std::uint64_t bad_requests_unlogged = 0;
};

}  // namespace millrace::broker
