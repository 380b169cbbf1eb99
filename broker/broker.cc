#include "millrace/broker/broker.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
constexpr std::uint64_t kInternalToken = std::uint64_t{1} << 63;  // requests of our own
constexpr int kRoundsPerTurn = 1000;  // of what one turn may set off; more is a loop of ours
constexpr Duration kBadRequestLogEvery = std::chrono::seconds(1);

const RequestContext& internal_context() {
    static const RequestContext context{
        .client_id = "broker", .client_host = "internal", .loopback = true};
    return context;
}

std::string no_control_characters(std::string text) {
    constexpr std::size_t kMax = 256;
    if (text.size() > kMax) text.resize(kMax);
    return text;  // the log sink escapes the rest
}
}  // namespace

bool Deadlines::run(Now now) {
    bool any = false;
    while (!due_.empty() && due_.begin()->first.first <= now.time) {
        auto first = due_.extract(due_.begin());
        first.mapped()();
        any = true;
    }
    return any;
}

Broker::Broker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Broker::~Broker() = default;
const std::string& Broker::cluster_id() const {
    return state_->cluster;
}
const BrokerConfig& Broker::config() const {
    return state_->config;
}

Broker::State::State(BrokerSettings s, Disk& d, LogSink& l)
    : settings(std::move(s)),
      running(settings.config),
      config(running),
      disk(d),
      leveled_log(l),
      log(leveled_log),
      node(settings.config.node_id),
      sessions(static_cast<std::size_t>(
                   std::max(0, settings.config.max_incremental_fetch_session_cache_slots)),
               settings.seed ^ 0x66657463685f7365),
      quotas({settings.config.quota_window_num,
              std::chrono::seconds(settings.config.quota_window_size_seconds)}),
      telemetry(settings.seed ^ 0x74656c656d657472) {}
Broker::State::~State() = default;

void Broker::step(Input input, Now now, Effects& effects) {
    state_->now = now;
    state_->take(input);
    state_->pump();
    state_->carry_out(effects);
}

void Broker::end_turn(Now now, Effects& effects) {
    state_->now = now;
    state_->flush();
    state_->carry_out(effects);
}

void Broker::State::take(Input& input) {
    struct Visit {
        State& s;
        void operator()(Tick&) { s.tick(); }
        void operator()(ConnectionOpened& opened) {
            const std::string host = '/' + opened.host;  // as Kafka prints it
            s.connections.opened(
                {opened.connection, host, std::move(opened.listener), opened.loopback}, s.now);
            if (opened.loopback) return;
            const auto limit = [](std::int32_t value) {
                return static_cast<std::size_t>(std::max(0, value));
            };
            if (s.connections.open_count() > limit(s.config.max_connections))
                s.connections.close(opened.connection, "max.connections are open");
            else if (s.connections.open_from(host) > limit(s.config.max_connections_per_ip))
                s.connections.close(opened.connection, "max.connections.per.ip are open");
            s.next_idle_look =
                std::min(s.next_idle_look,
                         s.now.time + std::chrono::milliseconds(s.config.connections_max_idle_ms));
        }
        void operator()(ConnectionClosed& closed) { s.connections.closed(closed.connection); }
        void operator()(RequestArrived& arrived) {
            s.connections.arrived(arrived.connection,
                                  {arrived.correlation, std::move(arrived.client_id),
                                   std::move(arrived.request), arrived.bytes},
                                  s.now);
        }
        void operator()(BadRequestArrived& arrived) { s.bad_request(arrived); }
        void operator()(Synced& synced) { s.synced(synced); }
    };
    std::visit(Visit{*this}, input);
}

// Kafka closes the connection; its client sees a disconnect and comes again, so the line must say
// enough to find it.
void Broker::State::bad_request(const BadRequestArrived& arrived) {
    const wire::BadRequest& bad = arrived.bad;
    const bool api_versions =
        bad.header &&
        bad.header->request_api_key == static_cast<std::int16_t>(wire::ApiKey::ApiVersions);
    if (api_versions && bad.why == wire::BadRequest::Why::UnsupportedVersion) {
        // Behind what was asked before, as any other answer: it goes through the queue.
        connections.arrived(arrived.connection,
                            {bad.header->correlation_id, bad.header->client_id.value_or(""), {}},
                            now);
        return;
    }
    if (bad_requests_logged == Time{} || now.time - bad_requests_logged >= kBadRequestLogEvery) {
        bad_requests_logged = now.time;
        const auto number = [&](auto member) {
            return bad.header ? std::to_string(member(*bad.header)) : std::string("?");
        };
        log.warn("bad request, closing the connection",
                 {{"client",
                   no_control_characters(bad.header ? bad.header->client_id.value_or("") : "")},
                  {"software", connections.software(arrived.connection)},
                  {"address", connections.client_host(arrived.connection)},
                  {"api", number([](const auto& h) { return h.request_api_key; })},
                  {"version", number([](const auto& h) { return h.request_api_version; })},
                  {"reason", bad.error.detail},
                  {"unlogged", std::exchange(bad_requests_unlogged, 0)}});
    } else {
        ++bad_requests_unlogged;
    }
    connections.close(arrived.connection, bad.error.detail);
}

void Broker::State::respond(RequestToken token, wire::AnyResponse response) {
    if ((static_cast<std::uint64_t>(token) & kInternalToken) == 0)
        return connections.respond(token, std::move(response));
    auto at = asked.extract(token);
    MR_CHECK(!at.empty());
    deferred.push_back([answered = std::move(at.mapped()), response = std::move(response)] {
        answered(response);
    });
}

void Broker::State::close(RequestToken token, std::string reason) {
    if ((static_cast<std::uint64_t>(token) & kInternalToken) == 0)
        return connections.close(token, std::move(reason));
    asked.erase(token);
    log.error("a request of our own was refused", {{"reason", reason}});
}

void Broker::State::ask_controller(wire::AnyRequest request,
                                   std::function<void(const wire::AnyResponse&)> answered) {
    const RequestToken token{kInternalToken | next_internal++};
    asked.emplace(token, std::move(answered));
    controller->handle(Request{token, std::move(request), &internal_context()}, now,
                       controller_effects);
}

void Broker::State::pump() {
    for (int round = 0;; ++round) {
        MR_CHECK(round < kRoundsPerTurn);
        bool any = false;
        // What is committed first: answers to our own requests build on it.
        const ControllerEffects from_controller = std::exchange(controller_effects, {});
        if (from_controller.sync || !from_controller.committed.empty()) any = true;
        apply(from_controller);
        while (!deferred.empty()) {
            const auto task = std::move(deferred.front());
            deferred.pop_front();
            task();
            any = true;
        }
        if (ready) {
            while (const auto request = connections.next()) {
                dispatch(*request);
                any = true;
            }
        }
        carry_out_coordinators();
        any = any || !deferred.empty() || !controller_effects.committed.empty() ||
              controller_effects.sync;
        if (!any) return;
    }
}

void Broker::State::flush() {
    for (int round = 0;; ++round) {
        MR_CHECK(round < kRoundsPerTurn);
        abort_hanging_transactions();
        group->flush(now);
        txn->flush(now);
        pump();
        LogEffects from_log;
        directory->flush(from_log);
        log_effects(from_log);
        if (!moved) return;
        moved = false;
    }
}

void Broker::State::log_effects(LogEffects& from_log) {
    for (SyncRequest& request : from_log.syncs) {
        const SyncTicket ticket = next_ticket++;
        syncing.emplace(ticket, request.id);
        sync_out.push_back(
            {ticket, [request = std::move(request), &disk = disk]() -> Result<std::int64_t> {
                 MR_TRY_VOID(request.run(disk));
                 return 0;
             }});
    }
    advanced(from_log.durable_moved);
}

void Broker::State::synced(const Synced& done) {
    const auto at = syncing.find(done.ticket);
    MR_CHECK(at != syncing.end());
    const std::optional<SyncId> id = at->second;
    syncing.erase(at);
    if (id) {
        LogEffects from_log;
        directory->synced(
            *id,
            done.outcome ? Result<void>() : Result<void>(tl::make_unexpected(done.outcome.error())),
            from_log);
        log_effects(from_log);
        if (directory->offline() && fatal.empty()) {
            fatal = "the data directory is offline: " +
                    (done.outcome ? std::string("a sync failed") : done.outcome.error().detail);
            for (auto& [tp, partition] : partitions)
                partition->fail_waiters(ErrorCode::KafkaStorageError);
        }
        return;
    }
    controller_syncing = false;
    if (done.outcome) {
        controller->synced(Offset{*done.outcome}, now, controller_effects);
    } else {
        controller->sync_failed(now, controller_effects);
        fatal = "the metadata log is offline: " + done.outcome.error().detail;
    }
    if (std::exchange(controller_sync_wanted, false)) controller_effects.sync = true;
}

void Broker::State::advanced(const std::vector<Log*>& logs) {
    for (Log* one : logs) {
        const auto at = by_log.find(one);
        if (at == by_log.end()) continue;
        Partition& partition = *at->second;
        if (!partition.advance()) continue;
        moved = true;
        if (!partition.fetches().empty()) wake_fetches(*this, partition);
    }
}

Duration Broker::State::charge(QuotaKind kind, const Request& request, std::size_t bytes) {
    if (!quotas.any(kind)) return {};
    const Duration silence = quotas.record(kind, request.context->client_id, bytes, now.time);
    if (silence > Duration{}) throttle(request.context->connection, silence);
    return silence;
}

void Broker::State::throttle(ConnectionId connection, Duration how_long) {
    connections.throttle(connection);
    deadlines.set(now.time + how_long,
                  [this, connection] { connections.unthrottle(connection); });
}

void Broker::State::tick() {
    deadlines.run(now);
    if (controller_wake <= now.time) {
        controller_wake = Time::never();
        controller->tick(now, controller_effects);
    }
    if (txn_wake <= now.time) {
        txn_wake = Time::never();
        txn->tick(now);
    }
    if (group_wake <= now.time) {
        group_wake = Time::never();
        group->tick(now);
    }
    if (next_heartbeat <= now.time) heartbeat();
    if (next_idle_look <= now.time)
        next_idle_look =
            connections.close_idle(now, std::chrono::milliseconds(config.connections_max_idle_ms));
    if (directory->next_tick() <= now.time) {
        LogEffects from_log;
        directory->tick(now, from_log);
        log_effects(from_log);
    }
    if (next_retention <= now.time) retention();
}

void Broker::State::carry_out(Effects& effects) {
    for (Sync& sync : sync_out) effects.sync.push_back(std::move(sync));
    sync_out.clear();
    ConnectionEffects out = connections.take_effects();
    for (Respond& respond : out.respond) effects.respond.push_back(std::move(respond));
    for (CloseConnection& close : out.close) effects.close.push_back(std::move(close));
    for (Mute& mute : out.mute) effects.mute.push_back(mute);
    effects.wake_at =
        std::min({effects.wake_at, deadlines.next(), controller_wake, txn_wake, group_wake,
                  next_heartbeat, next_idle_look, directory->next_tick(), next_retention});
    if (ready && !told_ready) effects.ready = told_ready = true;
    if (!fatal.empty()) effects.fatal = fatal;
}

}  // namespace millrace::broker
