#include "millrace/testkit/sim/network.h"

#include "millrace/base/check.h"
#include "millrace/wire/frame.h"

namespace millrace::sim {

namespace {

// The parts behind the size prefix as one block, as a reader of the socket gets it.
Bytes frame_of(const std::vector<Bytes>& parts) {
    std::size_t size = 0;
    for (const Bytes& part : parts) size += part.size();
    MutableBlock block(size - 4);
    std::size_t at = 0, skip = 4;
    for (const Bytes& part : parts) {
        BytesView view = part.view();
        const std::size_t dropped = std::min(skip, view.size());
        view = view.subspan(dropped);
        skip -= dropped;
        if (!view.empty()) std::memcpy(block.data() + at, view.data(), view.size());
        at += view.size();
    }
    return Bytes(std::move(block));
}

}  // namespace

void Network::listen(const client::Address& address, ServerEnd* server) {
    const auto old = servers_.find(address);
    if (old != servers_.end() && old->second != nullptr && server == nullptr) {
        std::vector<Wire> gone;
        for (const auto& [wire, link] : links_) {
            if (link.server == old->second) gone.push_back(wire);
        }
        for (const Wire wire : gone)
            drop(wire, "connection reset by peer", true, false, Duration{});
    }
    servers_[address] = server;
}

std::uint64_t Network::attach(ClientEnd* end, std::string name, bool loopback) {
    const std::uint64_t id = next_client_++;
    clients_[id] = Client{end, std::move(name), loopback, {}, Time{}, std::nullopt};
    return id;
}

void Network::detach(std::uint64_t client) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    const auto links = found->second.links;
    for (const auto& [id, wire] : links) drop(wire, "", false, true, Duration{});
    clients_.erase(client);
}

Time Network::arrival(Time& last, Time not_before) {
    const std::uint64_t slow = model_.slow_one_in;
    Duration delay = scheduler_.between(model_.latency_min, model_.latency_max);
    if (slow != 0 && scheduler_.random().one_in(slow))
        delay += scheduler_.between(Duration{}, model_.slow_max);
    Time at = scheduler_.now().time + delay;
    if (at < not_before) at = not_before;
    if (at <= last) at = last + Duration{1};
    return last = at;
}

// What a client machine is told; the bytes themselves are hashed where they are sent.
void Network::note(std::uint64_t client, const client::LinkInput& input) {
    Trace& trace = scheduler_.trace();
    trace.note(static_cast<std::int64_t>(client));
    trace.note(static_cast<std::int64_t>(input.index()));
    std::visit([&trace](const auto& what) { trace.note(static_cast<std::int64_t>(what.link)); }, input);
    if (const auto* arrived = std::get_if<client::Arrived>(&input))
        trace.note(static_cast<std::int64_t>(arrived->correlation));
}

void Network::tell(std::uint64_t client, client::LinkInput input, Time at) {
    scheduler_.at(at, [this, client, input = std::move(input)]() mutable {
        const auto found = clients_.find(client);
        if (found == clients_.end()) return;
        note(client, input);
        found->second.end->link_input(std::move(input));
    });
}

void Network::carry_out(std::uint64_t client, const std::vector<client::LinkEffect>& effects) {
    for (const client::LinkEffect& effect : effects) {
        scheduler_.trace().note(static_cast<std::int64_t>(effect.index()));
        if (const auto* o = std::get_if<client::OpenLink>(&effect))
            open(client, o->link, o->address);
        if (const auto* c = std::get_if<client::CloseLink>(&effect)) {
            const auto& links = clients_.at(client).links;
            if (const auto found = links.find(c->link); found != links.end()) {
                drop(found->second, "", false, true, Duration{});
            }
        }
        if (const auto* t = std::get_if<client::Transmit>(&effect)) transmit(client, *t);
    }
}

void Network::open(std::uint64_t client, client::LinkId id, const client::Address& address) {
    Client& process = clients_.at(client);
    const Wire wire{next_wire_++};
    Link link;
    link.client = client;
    link.id = id;
    link.address = address;
    const Time at = arrival(link.to_server, process.held_until);
    links_[wire] = std::move(link);
    process.links[id] = wire;
    scheduler_.at(at, [this, wire, client] {
        const auto found = links_.find(wire);
        if (found == links_.end()) return;
        Link& opening = found->second;
        const auto server = servers_.find(opening.address);
        if (server == servers_.end() || server->second == nullptr ||
            scheduler_.now().time < refused_until_) {
            drop(wire, "connection refused", true, false, Duration{});
            return;
        }
        opening.server = server->second;
        opening.open = true;
        opening.server->connected(wire, clients_.at(client).loopback);
        const auto still = links_.find(wire);
        if (still == links_.end()) return;
        tell(client, client::LinkOpened{still->second.id},
             arrival(still->second.to_client, Time{}));
    });
}

void Network::transmit(std::uint64_t client, const client::Transmit& transmit) {
    Client& process = clients_.at(client);
    const auto found = process.links.find(transmit.link);
    if (found == process.links.end()) return;  // closed meanwhile: the machine will be told
    const Wire wire = found->second;
    Link& link = links_.at(wire);
    const auto correlation = static_cast<std::int32_t>(transmit.correlation);
    const auto parts = wire::encode_request_frame(correlation, process.name, transmit.request);
    MR_CHECK(parts.has_value());
    Bytes frame = frame_of(*parts);
    ++frames_;
    bytes_ += frame.size();
    scheduler_.trace().note(frame.view());
    link.asked[correlation] = {static_cast<std::int16_t>(transmit.request.key()),
                               transmit.request.version()};
    Time not_before = process.held_until;
    if (process.hold_next && process.hold_next->first == transmit.request.key()) {
        not_before = scheduler_.now().time + process.hold_next->second;
        process.hold_next.reset();
    }
    const Time at = arrival(link.to_server, not_before);
    scheduler_.at(at, [this, wire, frame = std::move(frame)] {
        const auto arrived = links_.find(wire);
        if (arrived == links_.end() || !arrived->second.open) return;
        auto decoded = wire::decode_request_frame(frame);
        MR_CHECK(decoded.has_value());
        arrived->second.server->request(wire, decoded->header, std::move(decoded->request));
    });
}

void Network::respond(Wire wire, std::int32_t correlation, wire::AnyResponse response) {
    const auto found = links_.find(wire);
    if (found == links_.end()) return;
    Link& link = found->second;
    const auto asked = link.asked.find(correlation);
    MR_CHECK(asked != link.asked.end());  // I26: every response matches a request
    const auto [key, version] = asked->second;
    link.asked.erase(asked);
    MR_CHECK(static_cast<std::int16_t>(response.key()) == key);
    const auto parts = wire::encode_response_frame(correlation, response);
    MR_CHECK(parts.has_value());
    const Bytes frame = frame_of(*parts);
    ++frames_;
    bytes_ += frame.size();
    scheduler_.trace().note(frame.view());
    const std::int16_t api_key = key, api_version = response.version();
    const auto client = clients_.find(link.client);
    const Time at =
        arrival(link.to_client, client == clients_.end() ? Time{} : client->second.held_until);
    scheduler_.at(at, [this, wire, frame, api_key, api_version] {
        const auto arrived = links_.find(wire);
        if (arrived == links_.end() || arrived->second.client_gone) return;
        auto decoded = wire::decode_response_frame(frame, *wire::find_api(api_key), api_version);
        MR_CHECK(decoded.has_value());
        const auto client = clients_.find(arrived->second.client);
        if (client == clients_.end()) return;
        client::LinkInput input =
            client::Arrived{arrived->second.id, client::CorrelationId{decoded->correlation_id},
                            std::move(decoded->response)};
        note(arrived->second.client, input);
        client->second.end->link_input(std::move(input));
    });
}

void Network::close(Wire wire, std::string reason) {
    drop(wire, reason, true, false, Duration{});
}

void Network::drop(Wire wire, const std::string& reason, bool tell_client, bool tell_server,
                   Duration server_delay) {
    const auto found = links_.find(wire);
    if (found == links_.end()) return;
    Link link = std::move(found->second);
    if (server_delay == Duration{}) {
        links_.erase(found);
    } else {  // the server still holds its end, and still acts on what is in flight to it
        found->second = link;
        found->second.client_gone = true;
    }
    if (const auto client = clients_.find(link.client); client != clients_.end()) {
        client->second.links.erase(link.id);
        if (tell_client)
            tell(link.client, client::LinkClosed{link.id, reason}, scheduler_.now().time);
    }
    if (!tell_server || !link.open) return;
    ServerEnd* const server = link.server;
    scheduler_.after(server_delay, [this, wire, server, address = link.address] {
        links_.erase(wire);
        const auto still = servers_.find(address);
        if (still != servers_.end() && still->second == server) server->disconnected(wire);
    });
}

void Network::cut(std::uint64_t client, Duration delay_close) {
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    const auto links = found->second.links;
    for (const auto& [id, wire] : links) {
        ++cuts_;
        drop(wire, "connection reset", true, true, delay_close);
    }
}

void Network::hold(std::uint64_t client, Duration how_long) {
    if (const auto found = clients_.find(client); found != clients_.end()) {
        found->second.held_until = scheduler_.now().time + how_long;
    }
}

void Network::hold_next(std::uint64_t client, wire::ApiKey api, Duration how_long) {
    if (const auto found = clients_.find(client); found != clients_.end()) {
        found->second.hold_next = std::pair{api, how_long};
    }
}

void Network::refuse_connections(Duration how_long) {
    refused_until_ = scheduler_.now().time + how_long;
}

}  // namespace millrace::sim
