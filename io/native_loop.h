#pragma once
// Private to io/: what is behind EventLoop.
#include <atomic>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "millrace/io/event_loop.h"
#include "millrace/io/system_clock.h"

namespace millrace::io {

struct EventLoop::Native {
    Native(std::string n, LogSink* l) : name(std::move(n)), log(l) {}

    // Runs one handler and measures it.
    template <class F>
    void run(const char* what, F&& handler) {
        const Time before = monotonic_now();
        handler();
        ++stats.handlers;
        measured(what, monotonic_now() - before);
    }
    void measured(const char* what, Duration took);

    struct Hook {
        HookId id;
        const char* what;
        Task task;
    };

    std::string name;
    LogSink* log;
    SystemClock clock;
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        io.get_executor()};
    std::atomic<std::thread::id> thread{};
    std::atomic<bool> stopping{false}, spawned{false};
    std::vector<Hook> hooks;
    std::vector<Task> once, running_once;
    HookId next_hook = 1;
    LoopStats stats;
    Time stall_logged{};
    std::unique_ptr<std::byte[]> scratch;  // where sockets of this loop receive; kScratchBytes
};

}  // namespace millrace::io
