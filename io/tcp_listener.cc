#include <netdb.h>
#include <sys/socket.h>

#include "millrace/io/tcp_connection.h"

namespace millrace::io {

namespace {
using boost::asio::ip::tcp;
constexpr Duration kAcceptBackoff = std::chrono::milliseconds(100);  // out of descriptors

class TcpListener final : public Listener {
public:
    TcpListener(EventLoop& loop, tcp::acceptor acceptor, TcpLimits limits, Accepted accepted)
        : state_(std::make_shared<State>(
              State{loop, std::move(acceptor), limits, std::move(accepted), nullptr})) {
        accept(state_);
    }
    ~TcpListener() override {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        state_->retry.reset();
    }
    Endpoint address() const override {
        boost::system::error_code ignored;
        const auto local = state_->acceptor.local_endpoint(ignored);
        return {local.address().to_string(), local.port()};
    }

private:
    struct State {
        EventLoop& loop;
        tcp::acceptor acceptor;
        TcpLimits limits;
        Accepted accepted;
        std::unique_ptr<Timer> retry;
    };

    static void accept(const std::shared_ptr<State>& state) {
        state->acceptor.async_accept([state](const boost::system::error_code& error,
                                             tcp::socket socket) {
            if (!state->acceptor.is_open()) return;
            if (error) {
                if (!state->retry) {
                    state->retry = state->loop.make_timer("accept", [weak = std::weak_ptr(state)] {
                        if (const auto again = weak.lock()) accept(again);
                    });
                }
                state->retry->arm(monotonic_now() + kAcceptBackoff);
                return;
            }
            state->loop.native().run("accept", [&] {
                configure(socket);
                const auto connection =
                    std::make_shared<TcpConnection>(state->loop, std::move(socket), state->limits);
                ConnectionEvents* events = state->accepted(connection);
                if (events)
                    connection->start(events);
                else
                    connection->close();
            });
            if (state->acceptor.is_open()) accept(state);
        });
    }

    std::shared_ptr<State> state_;
};

Result<tcp::endpoint> resolve(const Endpoint& at) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(at.port);
    const int rc =
        ::getaddrinfo(at.host.empty() ? nullptr : at.host.c_str(), port.c_str(), &hints, &found);
    if (rc != 0)
        return fail(ErrorCode::InvalidConfig,
                    "cannot resolve '" + at.host + "': " + ::gai_strerror(rc));
    tcp::endpoint endpoint;
    endpoint.resize(found->ai_addrlen);
    std::memcpy(endpoint.data(), found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return endpoint;
}
}  // namespace

Result<std::unique_ptr<Listener>> listen(EventLoop& loop, const Endpoint& at, TcpLimits limits,
                                         Accepted accepted) {
    MR_TRY(const auto endpoint, resolve(at));
    tcp::acceptor acceptor(loop.native().io);
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) {
        const bool used = error == boost::asio::error::address_in_use;
        return fail(ErrorCode::InvalidConfig,
                    "cannot listen on " + at.host + ":" + std::to_string(at.port) + ": " +
                        (used ? "the port is in use by another process; choose another one or 0"
                              : error.message()));
    }
    return std::make_unique<TcpListener>(loop, std::move(acceptor), limits, std::move(accepted));
}

}  // namespace millrace::io
