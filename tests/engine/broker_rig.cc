#include "millrace/tests/engine/broker_rig.h"

#include "millrace/base/check.h"

namespace millrace::test {

namespace {
constexpr std::int64_t kHop = 50'000, kSync = 100'000;  // ns
}

void BrokerRig::open_broker() {
    broker::BrokerSettings settings;
    settings.config.log_dirs = {"/data"};
    settings.config.journal_bytes = 1 << 20;
    settings.config.num_partitions = 2;
    settings.advertised = {{"PLAINTEXT", "broker", 9092, broker::SecurityProtocol::Plaintext}};
    settings.seed = ++boots_;
    broker::Effects effects;
    auto opened = broker::Broker::open(std::move(settings), disk_, log_, now(), effects);
    ASSERT_TRUE(opened) << opened.error().detail;
    broker_ = *std::move(opened);
    ready_ = false;
    broker_wake_ = INT64_MAX;
    broker_effects(effects);
}

void BrokerRig::broker_effects(broker::Effects& effects) {
    ASSERT_TRUE(effects.fatal.empty()) << effects.fatal;
    ready_ |= effects.ready;
    for (broker::Sync& sync : effects.sync)
        broker_inputs_.emplace(now_ + kSync, broker::Synced{sync.ticket, sync.run()});
    for (broker::Respond& respond : effects.respond) {
        const auto it = links_.find(respond.connection);
        if (it != links_.end() && !respond.response.empty())
            deliver(it->second.first,
                    client::Arrived{it->second.second, client::CorrelationId{respond.correlation},
                                    respond.response},
                    kHop);
    }
    for (const broker::CloseConnection& close : effects.close) {
        const auto it = links_.find(close.connection);
        if (it == links_.end()) continue;
        deliver(it->second.first, client::LinkClosed{it->second.second, close.reason}, kHop);
        connections_.erase(it->second);
        links_.erase(it);
    }
    broker_wake_ = effects.wake_at == Time::never() ? INT64_MAX : effects.wake_at.value();
}

void BrokerRig::carry_out(client::Effects& effects, std::size_t who) {
    for (client::LinkEffect& effect : effects.links) {
        if (const auto* open = std::get_if<client::OpenLink>(&effect)) {
            if (!broker_up()) {
                deliver(who, client::LinkClosed{open->link, "refused"}, kHop);
                continue;
            }
            const broker::ConnectionId id{next_connection_++};
            connections_[{who, open->link}] = id;
            links_[id] = {who, open->link};
            broker_inputs_.emplace(now_ + kHop,
                                   broker::ConnectionOpened{id, "127.0.0.1", "PLAINTEXT", false});
            deliver(who, client::LinkOpened{open->link}, 2 * kHop);
        } else if (const auto* close = std::get_if<client::CloseLink>(&effect)) {
            const auto it = connections_.find({who, close->link});
            if (it == connections_.end()) continue;
            broker_inputs_.emplace(now_ + kHop, broker::ConnectionClosed{it->second});
            links_.erase(it->second);
            connections_.erase(it);
        } else {
            auto& transmit = std::get<client::Transmit>(effect);
            const auto it = connections_.find({who, transmit.link});
            if (it == connections_.end()) continue;
            broker_inputs_.emplace(
                now_ + kHop,
                broker::RequestArrived{it->second, static_cast<std::int32_t>(transmit.correlation),
                                       "test", std::move(transmit.request)});
        }
    }
    machines_[who].wake = effects.wake_at == Time::never() ? INT64_MAX : effects.wake_at.value();
    effects = client::Effects{};
}

void BrokerRig::crash(std::size_t who) {
    machines_[who] = {nullptr, INT64_MAX};
    for (auto it = connections_.begin(); it != connections_.end();) {
        if (it->first.first != who) {
            ++it;
            continue;
        }
        broker_inputs_.emplace(now_ + kHop, broker::ConnectionClosed{it->second});
        links_.erase(it->second);
        it = connections_.erase(it);
    }
}

void BrokerRig::crash_broker(Random& random, Duration down) {
    broker_.reset();
    disk_.crash(random);
    broker_inputs_.clear();
    for (const auto& [key, id] : connections_)
        deliver(key.first, client::LinkClosed{key.second, "reset"}, kHop);
    connections_.clear();
    links_.clear();
    reopen_at_ = now_ + down.count();
}

bool BrokerRig::step() {
    client::Effects effects;
    bool worked = false;
    for (std::size_t who = 0; who < machines_.size(); ++who) {
        if (!machines_[who].driven || !machines_[who].driven->work(now(), effects)) continue;
        carry_out(effects, who);
        worked = true;
    }
    if (worked) now_ += 20'000;
    std::int64_t next = worked ? now_ : INT64_MAX;
    for (const Machine& m : machines_) next = std::min(next, m.wake);
    if (!inputs_.empty()) next = std::min(next, inputs_.begin()->first);
    if (broker_) {
        next = std::min(next, broker_wake_);
        if (!broker_inputs_.empty()) next = std::min(next, broker_inputs_.begin()->first);
    } else {
        next = std::min(next, reopen_at_);
    }
    if (next == INT64_MAX) return worked;
    now_ = std::max(now_, next);
    if (!broker_ && reopen_at_ <= now_) {
        open_broker();
        return broker_ != nullptr;
    }
    if (broker_ && (broker_wake_ <= now_ ||
                    (!broker_inputs_.empty() && broker_inputs_.begin()->first <= now_))) {
        broker::Effects out;
        if (broker_wake_ <= now_) broker_->step(broker::Tick{}, now(), out);
        while (!broker_inputs_.empty() && broker_inputs_.begin()->first <= now_) {
            broker::Input input = std::move(broker_inputs_.begin()->second);
            broker_inputs_.erase(broker_inputs_.begin());
            broker_->step(std::move(input), now(), out);
        }
        broker_->end_turn(now(), out);
        broker_effects(out);
        return true;
    }
    if (!inputs_.empty() && inputs_.begin()->first <= now_) {
        const auto [who, input] = std::move(inputs_.begin()->second);
        inputs_.erase(inputs_.begin());
        const client::LinkId id = std::visit([](const auto& i) { return i.link; }, input);
        if (machines_[who].driven && (connections_.contains({who, id}) ||
                                      std::holds_alternative<client::LinkClosed>(input))) {
            machines_[who].driven->input(input, now(), effects);
            carry_out(effects, who);
        }
        return true;
    }
    for (std::size_t who = 0; who < machines_.size(); ++who) {
        if (machines_[who].wake > now_ || !machines_[who].driven) continue;
        machines_[who].wake = INT64_MAX;
        machines_[who].driven->tick(now(), effects);
        carry_out(effects, who);
        break;
    }
    return true;
}

bool BrokerRig::run_until(const std::function<bool()>& done, Duration limit) {
    const std::int64_t end = now_ + limit.count();
    for (std::size_t steps = 0; now_ < end; ++steps) {
        if (done()) return true;
        MR_CHECK(steps < 20'000'000);
        if (!step() || testing::Test::HasFatalFailure()) return done();
    }
    return done();
}

}  // namespace millrace::test
