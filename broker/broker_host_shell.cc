#include "millrace/broker/broker_host_shell.h"

namespace millrace::broker {

namespace {
constexpr int kRoundsPerTurn = 16;
}

BrokerHost::BrokerHost(io::EventLoop& loop, LogSink& log, Events events)
    : loop_(loop),
      log_(log),
      events_(std::move(events)),
      sync_(std::make_unique<io::SyncThread>(loop)) {
    timer_ = loop.make_timer("broker timer", [this] { input(Tick{}); });
    hook_ = loop.add_turn_end("broker turn", [this] { end_turn(); });
}

BrokerHost::~BrokerHost() {
    loop_.remove_turn_end(hook_);
    sync_.reset();  // before what it syncs
}

Result<std::unique_ptr<BrokerHost>> BrokerHost::open(io::EventLoop& loop, Disk& disk, LogSink& log,
                                                     BrokerSettings settings, Events events) {
    std::unique_ptr<BrokerHost> host(new BrokerHost(loop, log, std::move(events)));
    Effects effects;
    MR_TRY(host->broker_,
           Broker::open(std::move(settings), disk, log, loop.clock().now(), effects));
    host->carry_out(std::move(effects));
    return host;
}

ConnectionId BrokerHost::connect(ClientSide& client, std::string host, std::string listener,
                                 bool loopback) {
    const ConnectionId id{next_connection_++};
    clients_.emplace(id, &client);
    input(ConnectionOpened{id, std::move(host), std::move(listener), loopback});
    return id;
}

void BrokerHost::disconnect(ConnectionId connection) {
    if (clients_.erase(connection) != 0 && broker_) input(ConnectionClosed{connection});
}

void BrokerHost::request(ConnectionId connection, std::int32_t correlation, std::string client_id,
                         wire::AnyRequest request, std::size_t bytes) {
    input(RequestArrived{connection, correlation, std::move(client_id), std::move(request), bytes});
}

void BrokerHost::bad_request(ConnectionId connection, wire::BadRequest bad) {
    input(BadRequestArrived{connection, std::move(bad)});
}

void BrokerHost::unspeakable(const wire::AnyResponse& response, const Error& why) {
    log_.error("an answer cannot be encoded",
               {{"api", static_cast<std::int64_t>(response.key())},
                {"version", static_cast<std::int64_t>(response.version())},
                {"detail", why.detail}});
}

void BrokerHost::input(Input input) {
    dirty_ = true;
    Effects effects;
    broker_->step(std::move(input), loop_.clock().now(), effects);
    carry_out(std::move(effects));
}

void BrokerHost::end_turn() {
    if (!broker_) return;
    // Answers over loopback bring the next requests at once; the sockets have their turn, too.
    for (int i = 0; std::exchange(dirty_, false); ++i) {
        if (i == kRoundsPerTurn) {
            dirty_ = true;
            return loop_.post("broker turn", [] {});
        }
        Effects effects;
        broker_->end_turn(loop_.clock().now(), effects);
        carry_out(std::move(effects));
    }
}

void BrokerHost::carry_out(Effects effects) {
    for (Sync& sync : effects.sync) {
        sync_->run(std::move(sync.run), [this, ticket = sync.ticket](Result<std::int64_t> outcome) {
            input(Synced{ticket, std::move(outcome)});
        });
    }
    timer_->arm(effects.wake_at);
    outbox_.push_back(std::move(effects));
    drain();
}

void BrokerHost::drain() {
    if (std::exchange(draining_, true)) return;
    while (!outbox_.empty()) {
        const Effects effects = std::move(outbox_.front());
        outbox_.pop_front();
        const auto client = [this](ConnectionId id) -> ClientSide* {
            const auto at = clients_.find(id);
            return at == clients_.end() ? nullptr : at->second;
        };
        for (const Respond& respond : effects.respond)
            if (ClientSide* to = client(respond.connection))
                to->respond(respond.correlation, respond.response);
        for (const CloseConnection& close : effects.close) {
            ClientSide* to = client(close.connection);
            clients_.erase(close.connection);
            if (to) to->close(close.reason);
        }
        for (const Mute& mute : effects.mute)
            if (ClientSide* to = client(mute.connection)) to->mute(mute.muted);
        if (effects.ready && events_.ready) events_.ready();
        if (!effects.fatal.empty() && events_.fatal)
            std::exchange(events_.fatal, nullptr)(effects.fatal);
    }
    draining_ = false;
}

Result<void> BrokerHost::close() {
    loop_.remove_turn_end(hook_);
    timer_->arm(Time::never());
    sync_.reset();  // waits for the sync under way; what follows syncs by itself
    auto clients = std::exchange(clients_, {});
    for (auto& [id, client] : clients) client->close("the broker stops");
    auto closed = broker_->close(loop_.clock().now());
    broker_.reset();
    return closed;
}

}  // namespace millrace::broker
