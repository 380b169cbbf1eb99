#pragma once
// For programs only: the library installs no signal handler by itself.
#include <functional>
#include <memory>

#include "millrace/io/event_loop.h"

namespace millrace::io {

class SignalWatch {  // while it lives
public:
    virtual ~SignalWatch() = default;
};

// Calls `received` on the loop at SIGTERM and SIGINT.
std::unique_ptr<SignalWatch> watch_stop_signals(EventLoop& loop,
                                                std::function<void(int signal)> received);

}  // namespace millrace::io
