#include "millrace/io/signals.h"

#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "millrace/io/native_loop.h"

namespace millrace::io {

namespace {
class AsioSignals final : public SignalWatch {
public:
    AsioSignals(EventLoop::Native& loop, std::function<void(int)> received)
        : loop_(loop), received_(std::move(received)), signals_(loop.io, SIGTERM, SIGINT) {
        wait();
    }

private:
    void wait() {
        signals_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;  // cancelled: `this` may be gone
            loop_.run("signal", [&] { received_(signal); });
            wait();
        });
    }
    EventLoop::Native& loop_;
    std::function<void(int)> received_;
    boost::asio::signal_set signals_;
};
}  // namespace

std::unique_ptr<SignalWatch> watch_stop_signals(EventLoop& loop,
                                                std::function<void(int)> received) {
    return std::make_unique<AsioSignals>(loop.native(), std::move(received));
}

}  // namespace millrace::io
