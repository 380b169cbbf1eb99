#include <boost/asio/connect.hpp>

#include "millrace/io/tcp_connection.h"

namespace millrace::io {

namespace {
using boost::asio::ip::tcp;

class TcpAttempt final : public Attempt {
public:
    TcpAttempt(EventLoop& loop, const Endpoint& to, Duration timeout, TcpLimits limits,
               Connected connected)
        : state_(std::make_shared<State>(loop, to, limits, std::move(connected))) {
        state_->timer = loop.make_timer("connect timeout", [weak = std::weak_ptr(state_)] {
            if (const auto state = weak.lock()) finish(*state, "timed out");
        });
        state_->timer->arm(monotonic_now() + timeout);
        state_->resolver.async_resolve(
            to.host, std::to_string(to.port),
            [state = state_](const boost::system::error_code& error, auto found) {
                if (!state->connected) return;
                if (error) return finish(*state, error.message());
                boost::asio::async_connect(
                    state->socket, found,
                    [state](const boost::system::error_code& failed, const auto&) {
                        finish(*state, failed ? failed.message() : std::string());
                    });
            });
    }
    ~TcpAttempt() override {
        state_->connected = nullptr;
        stop(*state_);
    }

private:
    struct State {
        State(EventLoop& l, const Endpoint& t, TcpLimits m, Connected c)
            : loop(l),
              to(t),
              limits(m),
              connected(std::move(c)),
              resolver(l.native().io),
              socket(l.native().io) {}
        EventLoop& loop;
        Endpoint to;
        TcpLimits limits;
        Connected connected;
        tcp::resolver resolver;
        tcp::socket socket;
        std::unique_ptr<Timer> timer;
    };

    static void stop(State& state) {
        boost::system::error_code ignored;
        state.resolver.cancel();
        state.socket.close(ignored);
        if (state.timer) state.timer->arm(Time::never());
    }

    static void finish(State& state, const std::string& failure) {
        if (!state.connected) return;
        const Connected connected = std::exchange(state.connected, nullptr);
        state.timer->arm(Time::never());
        state.loop.native().run("connected", [&] {
            if (!failure.empty()) {
                stop(state);
                connected(fail(ErrorCode::NetworkException,
                               "cannot connect to " + state.to.host + ":" +
                                   std::to_string(state.to.port) + ": " + failure));
                return;
            }
            configure(state.socket);
            const auto connection =
                std::make_shared<TcpConnection>(state.loop, std::move(state.socket), state.limits);
            ConnectionEvents* events = connected(std::shared_ptr<Connection>(connection));
            if (events)
                connection->start(events);
            else
                connection->close();
        });
    }

    std::shared_ptr<State> state_;
};
}  // namespace

std::unique_ptr<Attempt> connect(EventLoop& loop, const Endpoint& to, Duration timeout,
                                 TcpLimits limits, Connected connected) {
    return std::make_unique<TcpAttempt>(loop, to, timeout, limits, std::move(connected));
}

}  // namespace millrace::io
