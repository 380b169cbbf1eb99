#include "millrace/broker/tcp_shell.h"

#include "millrace/wire/frame.h"

namespace millrace::broker {

class TcpServer::Client final : public io::ConnectionEvents, public ClientSide {
public:
    Client(TcpServer& server, std::shared_ptr<io::Connection> connection)
        : server_(server), connection_(std::move(connection)) {}

    void open(const std::string& listener) {
        id_ = server_.host_->connect(*this, connection_->peer().host, listener, false);
    }
    void shut() { connection_->close(); }

    // ---- from the socket ----
    void on_frame(Bytes frame) override {
        auto decoded = wire::decode_request_frame(frame);
        if (!decoded) return server_.host_->bad_request(id_, std::move(decoded).error());
        wire::RequestHeader& header = decoded->header;
        server_.host_->request(id_, header.correlation_id, std::move(header.client_id).value_or(""),
                               std::move(decoded->request), frame.size());
    }
    void on_bad_frame(std::string reason) override {
        server_.host_->bad_request(
            id_,
            {wire::BadRequest::Why::Header, {}, {ErrorCode::InvalidRequest, std::move(reason)}});
    }
    void on_closed(std::string) override {
        server_.host_->disconnect(id_);
        server_.remove(*this);
    }

    // ---- from the broker ----
    void respond(std::int32_t correlation, wire::AnyResponse response) override {
        auto parts = wire::encode_response_frame(correlation, response);
        if (parts) return connection_->send(*std::move(parts));
        server_.host_->unspeakable(response, parts.error());
        connection_->close_when_sent();  // the client asks again
    }
    void close(std::string) override {
        connection_->close_when_sent();
        server_.remove(*this);
    }
    void mute(bool muted) override {
        if (muted)
            connection_->pause_reading();
        else
            connection_->resume_reading();
    }

private:
    TcpServer& server_;
    std::shared_ptr<io::Connection> connection_;
    ConnectionId id_{};
};

Result<std::unique_ptr<TcpServer>> TcpServer::listen(io::EventLoop& loop,
                                                     const BrokerConfig& config) {
    auto server = std::make_unique<TcpServer>();
    TcpServer* self = server.get();
    self->loop_ = &loop;
    const io::TcpLimits limits{.frame_bytes_max =
                                   static_cast<std::size_t>(config.socket_request_max_bytes)};
    for (const Endpoint& endpoint : config.bound_endpoints()) {
        MR_TRY(auto listener, io::listen(loop, {endpoint.host, endpoint.port}, limits,
                                         [self, name = endpoint.listener](
                                             std::shared_ptr<io::Connection> connection) {
                                             return self->accept(std::move(connection), name);
                                         }));
        self->listeners_.push_back({endpoint.listener, std::move(listener)});
    }
    return server;
}

TcpServer::~TcpServer() {
    close();
}

std::vector<Endpoint> TcpServer::advertised(const BrokerConfig& config) const {
    std::vector<Endpoint> endpoints = config.advertised_endpoints();
    for (Endpoint& endpoint : endpoints)
        for (const Bound& bound : listeners_)
            if (bound.name == endpoint.listener && endpoint.port == 0)
                endpoint.port = bound.listener->address().port;
    return endpoints;
}

std::vector<Endpoint> TcpServer::bound() const {
    std::vector<Endpoint> endpoints;
    for (const Bound& bound : listeners_) {
        const io::Endpoint at = bound.listener->address();
        endpoints.push_back({.listener = bound.name, .host = at.host, .port = at.port});
    }
    return endpoints;
}

void TcpServer::serve(BrokerHost& host) {
    host_ = &host;
}

io::ConnectionEvents* TcpServer::accept(std::shared_ptr<io::Connection> connection,
                                        const std::string& listener) {
    if (!host_) return nullptr;
    auto client = std::make_unique<Client>(*this, std::move(connection));
    Client& opened = *client;
    clients_.emplace(&opened, std::move(client));
    opened.open(listener);  // may close it again
    return clients_.contains(&opened) ? &opened : nullptr;
}

// Not at once: this may be called from within the client's own functions.
void TcpServer::remove(Client& client) {
    const auto at = clients_.find(&client);
    if (at == clients_.end()) return;
    loop_->once_at_turn_end([gone = std::shared_ptr<Client>(std::move(at->second))] {});
    clients_.erase(at);
}

void TcpServer::close() {
    listeners_.clear();
    for (auto& [key, client] : clients_) client->shut();
    clients_.clear();
}

}  // namespace millrace::broker
