#include "millrace/bench/bill/process.h"

#include <algorithm>

#include "millrace/base/check.h"

namespace millrace::bench {

namespace {
constexpr std::int64_t kTurnNs = 20'000;
constexpr std::int64_t kSliceNs = 256'000;  // of up to 256 records: a million a second
}  // namespace

Process::Process(Disk& disk, const std::string& directory, LogSink& log) : log_(log) {
    broker::BrokerSettings settings;
    settings.config.log_dirs = {directory};
    settings.config.num_partitions = 1;
    settings.config.journal_bytes = 8 << 20;
    settings.advertised = {{"PLAINTEXT", "broker", 9092, broker::SecurityProtocol::Plaintext}};
    settings.seed = 1;
    broker::Effects effects;
    auto opened = broker::Broker::open(std::move(settings), disk, log_, now(), effects);
    if (!opened) log_.error("the broker does not start", {{"detail", opened.error().detail}});
    MR_CHECK(opened.has_value());
    broker_ = *std::move(opened);
    carry_out(effects);
    run_until([this] { return ready_; });
}

Process::~Process() = default;

Process::Seat& Process::seat(Machine& machine) {
    for (const auto& s : seats_)
        if (s->machine == &machine) return *s;
    seats_.push_back(std::make_unique<Seat>());
    seats_.back()->machine = &machine;
    return *seats_.back();
}

void Process::add(Machine& machine, const std::function<void(Now, client::Effects&)>& begin) {
    act(machine, begin);
}

void Process::act(Machine& machine, const std::function<void(Now, client::Effects&)>& what) {
    Seat& s = seat(machine);
    client::Effects effects;
    what(now(), effects);
    carry_out(s, effects);
}

void Process::remove(Machine& machine) {
    Seat& s = seat(machine);
    for (const auto& [link, connection] : s.links) {
        connections_.erase(connection);
        to_broker_.push_back(broker::ConnectionClosed{connection});
    }
    std::erase_if(to_clients_, [&](const auto& each) { return each.first == &s; });
    std::erase_if(seats_, [&](const auto& each) { return each.get() == &s; });
}

void Process::carry_out(Seat& s, client::Effects& effects) {
    for (client::LinkEffect& effect : effects.links) {
        if (auto* transmit = std::get_if<client::Transmit>(&effect)) {
            const auto link = s.links.find(transmit->link);
            if (link == s.links.end()) continue;
            to_broker_.push_back(broker::RequestArrived{
                link->second, static_cast<std::int32_t>(transmit->correlation), "bill",
                std::move(transmit->request)});
        } else if (const auto* open = std::get_if<client::OpenLink>(&effect)) {
            const broker::ConnectionId id{next_connection_++};
            s.links[open->link] = id;
            connections_[id] = {&s, open->link};
            to_broker_.push_back(broker::ConnectionOpened{id, "127.0.0.1", "PLAINTEXT", true});
            to_clients_.emplace_back(&s, client::LinkOpened{open->link});
        } else if (const auto* close = std::get_if<client::CloseLink>(&effect)) {
            const auto link = s.links.find(close->link);
            if (link == s.links.end()) continue;
            to_broker_.push_back(broker::ConnectionClosed{link->second});
            connections_.erase(link->second);
            s.links.erase(link);
        }
    }
    s.wake = effects.wake_at.value();
}

void Process::carry_out(broker::Effects& effects) {
    MR_CHECK(effects.fatal.empty());
    ready_ |= effects.ready;
    for (broker::Sync& sync : effects.sync)
        to_broker_.push_back(broker::Synced{sync.ticket, sync.run()});
    for (broker::Respond& respond : effects.respond) {
        const auto to = connections_.find(respond.connection);
        if (to == connections_.end() || respond.response.empty()) continue;
        to_clients_.emplace_back(
            to->second.first,
            client::Arrived{to->second.second, client::CorrelationId{respond.correlation},
                            std::move(respond.response)});
    }
    for (const broker::CloseConnection& close : effects.close) {
        const auto to = connections_.find(close.connection);
        if (to == connections_.end()) continue;
        to_clients_.emplace_back(to->second.first,
                                 client::LinkClosed{to->second.second, close.reason});
        to->second.first->links.erase(to->second.second);
        connections_.erase(to);
    }
    broker_wake_ = effects.wake_at.value();
}

// As on a shared loop: what came in, the end of the broker's turn, a slice of each worker.
void Process::turn() {
    if (!to_broker_.empty() || broker_wake_ <= now_) {
        broker::Effects effects;
        if (broker_wake_ <= now_) broker_->step(broker::Tick{}, now(), effects);
        for (std::size_t n = to_broker_.size(); n > 0; --n) {
            broker::Input input = std::move(to_broker_.front());
            to_broker_.pop_front();
            broker_->step(std::move(input), now(), effects);
        }
        broker_->end_turn(now(), effects);
        carry_out(effects);
        now_ += kTurnNs;
    }
    for (std::size_t n = to_clients_.size(); n > 0; --n) {
        const auto [to, input] = std::move(to_clients_.front());
        to_clients_.pop_front();
        client::Effects effects;
        to->machine->input(input, now(), effects);
        carry_out(*to, effects);
    }
    bool worked = false;
    for (const auto& s : seats_) {
        client::Effects effects;
        if (s->wake <= now_) {
            s->machine->tick(now(), effects);
            carry_out(*s, effects);
            effects = {};
        }
        if (!s->machine->work(now(), effects)) continue;
        carry_out(*s, effects);
        now_ += kSliceNs;
        worked = true;
    }
    if (worked || !to_broker_.empty() || !to_clients_.empty()) return;
    std::int64_t next = broker_wake_;
    for (const auto& s : seats_) next = std::min(next, s->wake);
    MR_CHECK(next != INT64_MAX);
    now_ = std::max(now_, next);
}

void Process::run_until(const std::function<bool()>& done) {
    for (std::int64_t turns = 0; !done(); ++turns) {
        MR_CHECK(turns < 50'000'000);
        turn();
    }
}

void Process::stop() {
    MR_CHECK(broker_->close(now()).has_value());
}

}  // namespace millrace::bench
