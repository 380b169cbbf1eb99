#include "millrace/app/client_host.h"

namespace millrace::app {

Result<std::vector<client::Address>> parse_bootstrap(const std::string& servers) {
    std::vector<client::Address> addresses;
    for (std::size_t at = 0; at <= servers.size();) {
        const std::size_t end = std::min(servers.find(',', at), servers.size());
        const std::string part = servers.substr(at, end - at);
        at = end + 1;
        if (part.empty()) continue;
        const std::size_t colon = part.rfind(':');
        const std::string port = colon == std::string::npos ? "" : part.substr(colon + 1);
        if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
            std::stoi(port) < 1 || std::stoi(port) > 65535) {
            return fail(ErrorCode::InvalidConfig, "bootstrap.servers: \"" + part + "\" is not host:port");
        }
        addresses.push_back({part.substr(0, colon), static_cast<std::uint16_t>(std::stoi(port))});
    }
    if (addresses.empty()) return fail(ErrorCode::InvalidConfig, "bootstrap.servers is empty: give host:port");
    return addresses;
}

ClientHost::ClientHost(io::EventLoop& loop, client::ClusterConfig config, std::string client_id, broker::BrokerHost* broker,
                       LogSink& log)
    : loop_(loop), log_(log), cluster_(std::move(config), log) {
    links_ = std::make_unique<Links>(loop, std::move(client_id), broker, [this](client::LinkInput input) {
        cluster_.step(input, now());
        turn();
    });
    timer_ = loop.make_timer("client timer", [this] { turn(); });
    cluster_.tick(now());
}

ClientHost::~ClientHost() {
    timer_.reset();
    links_.reset();
}

Now ClientHost::now() { return loop_.clock().now(); }

void ClientHost::add(std::function<void()> poll, std::function<Time()> next_due) {
    machines_.push_back({std::move(poll), std::move(next_due)});
}

void ClientHost::turn() {
    if (in_turn_) {
        again_ = true;
        return;
    }
    in_turn_ = true;
    client::Effects effects;
    do {
        again_ = false;
        cluster_.tick(now());
        for (const Machine& machine : machines_) machine.poll();
    } while (again_);
    cluster_.drain(effects);
    for (const Machine& machine : machines_) effects.wake(machine.next_due());
    in_turn_ = false;
    timer_->arm(effects.wake_at);   // first: a broker on this loop answers at once, and that turn arms it anew
    links_->carry_out(effects.links);
}

}  // namespace millrace::app
