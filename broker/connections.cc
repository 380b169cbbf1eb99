#include "millrace/broker/connections.h"

#include "millrace/base/check.h"

namespace millrace::broker {

void Connections::opened(Opened connection, Now now) {
    RequestContext context{.connection = connection.connection,
                           .client_host = std::move(connection.client_host),
                           .listener = std::move(connection.listener),
                           .loopback = connection.loopback};
    Connection fresh;
    ++open_from_[context.client_host];
    fresh.context = std::make_shared<const RequestContext>(std::move(context));
    fresh.last_request = now.time;
    MR_CHECK(connections_.emplace(connection.connection, std::move(fresh)).second);
    ++open_;
}

void Connections::closed(ConnectionId connection) {
    const auto at = connections_.find(connection);
    if (at == connections_.end() || !at->second.open) return;
    at->second.open = false;
    at->second.queued.clear();
    at->second.queued_bytes = 0;
    --open_;
    const auto from = open_from_.find(at->second.context->client_host);
    if (--from->second == 0) open_from_.erase(from);
    if (at->second.pending.empty()) connections_.erase(at);
}

void Connections::arrived(ConnectionId connection, ArrivedRequest request, Now now) {
    const auto at = connections_.find(connection);
    if (at == connections_.end() || !at->second.open) return;
    at->second.last_request = now.time;
    at->second.queued_bytes += request.bytes;
    at->second.queued.push_back(std::move(request));
    update(at);
}

bool Connections::may_handle(const Connection& connection) const {
    return connection.open && connection.throttles == 0 && !connection.queued.empty() &&
           (connection.pending.empty() || connection.pending.back().released);
}

// Answers what is answered at the front, notes whether a request may be handled, mutes and unmutes.
void Connections::update(Map::iterator at) {
    Connection& connection = at->second;
    while (!connection.pending.empty() && connection.pending.front().answered) {
        Pending& front = connection.pending.front();
        if (connection.open && !front.response.empty())
            effects_.respond.push_back({at->first, front.correlation, std::move(front.response)});
        connection.pending.pop_front();
    }
    if (!connection.open) {
        if (connection.pending.empty()) connections_.erase(at);
        return;
    }
    if (!connection.ready && may_handle(connection)) {
        connection.ready = true;
        ready_.push_back(at->first);
    }
    const std::size_t waiting = connection.queued.size() + connection.pending.size();
    const bool many_bytes = connection.queued_bytes > kQueuedBytesMax;
    const bool throttled = connection.throttles > 0;
    if (!connection.muted && (waiting >= kQueuedMax || many_bytes || throttled)) {
        connection.muted = true;
        effects_.mute.push_back({at->first, true});
    } else if (connection.muted && waiting <= kQueuedLow && !many_bytes && !throttled) {
        connection.muted = false;
        effects_.mute.push_back({at->first, false});
    }
}

std::optional<Request> Connections::next() {
    while (!ready_.empty()) {
        const ConnectionId id = ready_.front();
        ready_.pop_front();
        const auto at = connections_.find(id);
        if (at == connections_.end()) continue;
        Connection& connection = at->second;
        connection.ready = false;
        if (!may_handle(connection)) continue;
        ArrivedRequest arrived = std::move(connection.queued.front());
        connection.queued.pop_front();
        connection.queued_bytes -= arrived.bytes;
        if (connection.context->client_id != arrived.client_id) {
            RequestContext context = *connection.context;
            context.client_id = std::move(arrived.client_id);
            connection.context = std::make_shared<const RequestContext>(std::move(context));
        }
        const RequestToken token{next_token_++};
        connection.pending.push_back(
            {.token = token, .correlation = arrived.correlation, .context = connection.context});
        owner_.emplace(token, id);
        return Request{token, std::move(arrived.body), connection.context.get(), arrived.bytes};
    }
    return std::nullopt;
}

Connections::Pending* Connections::find(RequestToken token, Map::iterator& at) {
    const auto owner = owner_.find(token);
    if (owner == owner_.end()) return nullptr;
    at = connections_.find(owner->second);
    MR_CHECK(at != connections_.end());
    for (Pending& pending : at->second.pending)
        if (pending.token == token) return &pending;
    return nullptr;
}

void Connections::release(RequestToken token) {
    Map::iterator at;
    if (Pending* pending = find(token, at)) {
        pending->released = true;
        update(at);
    }
}

void Connections::respond(RequestToken token, wire::AnyResponse response) {
    Map::iterator at;
    Pending* pending = find(token, at);
    MR_CHECK(pending && !pending->answered);  // exactly once
    pending->answered = true;
    pending->response = std::move(response);
    owner_.erase(token);
    update(at);
}

void Connections::close(RequestToken token, std::string reason) {
    Map::iterator at;
    Pending* pending = find(token, at);
    MR_CHECK(pending && !pending->answered);
    pending->answered = true;
    owner_.erase(token);
    const ConnectionId id = at->first;
    // What was asked before is answered in vain: the connection ends here, as in Kafka.
    close(id, std::move(reason));
    if (const auto left = connections_.find(id); left != connections_.end()) update(left);
}

void Connections::close(ConnectionId connection, std::string reason) {
    const auto at = connections_.find(connection);
    if (at == connections_.end() || !at->second.open) return;
    effects_.close.push_back({connection, std::move(reason)});
    closed(connection);
}

void Connections::throttle(ConnectionId connection) {
    const auto at = connections_.find(connection);
    if (at == connections_.end() || !at->second.open) return;
    ++at->second.throttles;
    update(at);
}

void Connections::unthrottle(ConnectionId connection) {
    const auto at = connections_.find(connection);
    if (at == connections_.end() || !at->second.open) return;
    --at->second.throttles;
    update(at);
}

void Connections::set_software(ConnectionId connection, std::string name, std::string version) {
    const auto at = connections_.find(connection);
    if (at != connections_.end()) at->second.software = name + '/' + version;
}

std::string Connections::software(ConnectionId connection) const {
    const auto at = connections_.find(connection);
    return at == connections_.end() ? std::string() : at->second.software;
}

std::string Connections::client_host(ConnectionId connection) const {
    const auto at = connections_.find(connection);
    return at == connections_.end() ? std::string() : at->second.context->client_host;
}

std::size_t Connections::open_from(const std::string& client_host) const {
    const auto at = open_from_.find(client_host);
    return at == open_from_.end() ? 0 : at->second;
}

Time Connections::close_idle(Now now, Duration idle_max) {
    Time next = Time::never();
    std::vector<ConnectionId> idle;
    for (const auto& [id, connection] : connections_) {
        if (!connection.open || !connection.pending.empty() || connection.throttles > 0 ||
            connection.context->loopback)
            continue;
        const Time due = connection.last_request + idle_max;
        if (due <= now.time)
            idle.push_back(id);
        else if (due < next)
            next = due;
    }
    for (const ConnectionId id : idle) close(id, "idle for longer than connections.max.idle.ms");
    return next;
}

}  // namespace millrace::broker
