#include "millrace/testkit/sim/broker_process.h"

namespace millrace::sim {

BrokerProcess::BrokerProcess(Scheduler& scheduler, Network& network, testkit::SimDisk& disk, LogSink& log, Options options)
    : scheduler_(scheduler), network_(network), disk_(disk), log_(log), options_(std::move(options)) {}

BrokerProcess::~BrokerProcess() { gone(); }

bool BrokerProcess::start() {
    ++incarnation_;
    ++starts_;
    auto parsed = broker::parse_broker_config("", options_.overrides);
    if (!parsed) {
        last_error_ = parsed.error().detail;
        return false;
    }
    broker::BrokerSettings settings;
    settings.config = parsed->config;
    settings.advertised = {broker::Endpoint{"PLAINTEXT", options_.address.host, options_.address.port, {}}};
    settings.seed = scheduler_.random().next();
    broker::Effects effects;
    auto opened = broker::Broker::open(std::move(settings), disk_, log_, scheduler_.now(), effects);
    if (!opened) {
        last_error_ = opened.error().detail;
        end_process();   // what the failed start held is released
        return false;
    }
    broker_ = std::move(*opened);
    ready_ = turn_scheduled_ = false;
    paused_until_ = Time{};
    tick_scheduled_ = Time::never();
    waiting_.clear();
    network_.listen(options_.address, this);
    carry_out(effects);
    if (broker_) end_turn();
    return broker_ != nullptr;
}

void BrokerProcess::gone() {
    ++incarnation_;
    if (broker_) network_.listen(options_.address, nullptr);
    broker_.reset();
    ready_ = false;
}

void BrokerProcess::end_process() { disk_.kill_process_after_failed_sync(scheduler_.random()); }

void BrokerProcess::crash() {
    gone();
    disk_.crash(scheduler_.random());
}

void BrokerProcess::kill() {
    gone();
    end_process();
}

bool BrokerProcess::stop() {
    if (!broker_) return false;
    const auto closed = broker_->close(scheduler_.now());
    if (!closed) last_error_ = closed.error().detail;
    gone();
    end_process();
    return closed.has_value();
}

void BrokerProcess::pause(Duration how_long) {
    paused_until_ = scheduler_.now().time + how_long;
    scheduler_.at(paused_until_, [this, incarnation = incarnation_] {
        if (incarnation != incarnation_ || scheduler_.now().time < paused_until_) return;
        std::vector<broker::Input> waiting = std::move(waiting_);
        waiting_.clear();
        for (broker::Input& each : waiting) {
            if (incarnation == incarnation_) input(std::move(each));
        }
        if (incarnation == incarnation_) input(broker::Tick{});
    });
}

void BrokerProcess::connected(Wire wire, bool loopback) {
    input(broker::ConnectionOpened{broker::ConnectionId{static_cast<std::uint64_t>(wire)}, "127.0.0.1", "PLAINTEXT", loopback});
}

void BrokerProcess::disconnected(Wire wire) {
    input(broker::ConnectionClosed{broker::ConnectionId{static_cast<std::uint64_t>(wire)}});
}

void BrokerProcess::request(Wire wire, const wire::RequestHeader& header, wire::AnyRequest request) {
    if (options_.request_seen) options_.request_seen(request);
    input(broker::RequestArrived{broker::ConnectionId{static_cast<std::uint64_t>(wire)}, header.correlation_id,
                                 header.client_id.value_or(""), std::move(request)});
}

void BrokerProcess::input(broker::Input each) {
    if (!broker_) return;
    if (scheduler_.now().time < paused_until_) {
        waiting_.push_back(std::move(each));
        return;
    }
    note_input(each);
    broker::Effects effects;
    broker_->step(std::move(each), scheduler_.now(), effects);
    carry_out(effects);
    if (!broker_ || turn_scheduled_) return;
    turn_scheduled_ = true;
    scheduler_.after(scheduler_.between(Duration{1000}, Duration{20'000}), [this, incarnation = incarnation_] {
        if (incarnation == incarnation_) end_turn();
    });
}

void BrokerProcess::end_turn() {
    turn_scheduled_ = false;
    scheduler_.trace().note("end of turn");
    broker::Effects effects;
    broker_->end_turn(scheduler_.now(), effects);
    carry_out(effects);
}

// Requests and answers are hashed as frames where they are sent; here is which arrive, and when.
void BrokerProcess::note_input(const broker::Input& input) {
    Trace& trace = scheduler_.trace();
    trace.note(static_cast<std::int64_t>(input.index()));
    if (const auto* request = std::get_if<broker::RequestArrived>(&input)) {
        trace.note(static_cast<std::int64_t>(request->connection));
        trace.note(request->correlation);
    } else if (const auto* synced = std::get_if<broker::Synced>(&input)) {
        trace.note(static_cast<std::int64_t>(synced->ticket));
        trace.note(synced->outcome ? "synced" : synced->outcome.error().detail);
    } else if (const auto* opened = std::get_if<broker::ConnectionOpened>(&input)) {
        trace.note(static_cast<std::int64_t>(opened->connection));
    } else if (const auto* closed = std::get_if<broker::ConnectionClosed>(&input)) {
        trace.note(static_cast<std::int64_t>(closed->connection));
    }
}

void BrokerProcess::note_effects(const broker::Effects& effects) {
    Trace& trace = scheduler_.trace();
    for (const broker::Sync& sync : effects.sync) trace.note(static_cast<std::int64_t>(sync.ticket));
    for (const broker::Respond& r : effects.respond) {
        trace.note(static_cast<std::int64_t>(r.connection));
        trace.note(r.correlation);
    }
    for (const broker::CloseConnection& c : effects.close) {
        trace.note(static_cast<std::int64_t>(c.connection));
        trace.note(c.reason);
    }
    trace.note(effects.fatal);
    trace.note(effects.ready);
    trace.note(effects.wake_at.value());
}

void BrokerProcess::carry_out(broker::Effects& effects) {
    note_effects(effects);
    for (broker::Sync& sync : effects.sync) {
        Duration delay = scheduler_.between(options_.sync_min, options_.sync_max);
        if (options_.slow_sync_one_in != 0 && scheduler_.random().one_in(options_.slow_sync_one_in)) {
            delay += scheduler_.between(Duration{}, options_.slow_sync_max);
        }
        scheduler_.after(delay, [this, incarnation = incarnation_, ticket = sync.ticket, run = std::move(sync.run)] {
            if (incarnation != incarnation_) return;
            auto outcome = run();
            input(broker::Synced{ticket, std::move(outcome)});
        });
    }
    for (broker::Respond& r : effects.respond) {
        network_.respond(Wire{static_cast<std::uint64_t>(r.connection)}, r.correlation, std::move(r.response));
    }
    for (broker::CloseConnection& c : effects.close) {
        network_.close(Wire{static_cast<std::uint64_t>(c.connection)}, c.reason);
    }
    if (effects.ready) ready_ = true;
    if (!effects.fatal.empty()) {
        ++fatals_;
        last_error_ = effects.fatal;
        // A failed sync is final: the process ends. Its supervisor starts it again, on the machine as it is or after a reset.
        if (scheduler_.random().one_in(2)) {
            ++kept_machine_;
            gone();
            end_process();
        } else {
            crash();
        }
        return;
    }
    if (effects.wake_at != Time::never()) tick_at(effects.wake_at);
}

void BrokerProcess::tick_at(Time at) {
    const Time now = scheduler_.now().time;
    if (at <= now) at = now + Duration{1000};
    if (tick_scheduled_ <= at && tick_scheduled_ > now) return;
    tick_scheduled_ = at;
    scheduler_.at(at, [this, incarnation = incarnation_, at] {
        if (incarnation != incarnation_) return;
        if (tick_scheduled_ == at) tick_scheduled_ = Time::never();
        input(broker::Tick{});
    });
}

}  // namespace millrace::sim
