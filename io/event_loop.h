#pragma once
// One thread, one loop: sockets, timers and posted tasks run here one after another, and what lives
// on a loop is touched by no other thread. A turn is at most kHandlersPerTurn ready handlers, then
// the turn-end work: so that a machine can gather what one turn brought and write, sync and answer
// once for all of it.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"

namespace millrace::io {

inline constexpr int kHandlersPerTurn = 64;
inline constexpr Duration kStall =
    std::chrono::milliseconds(20);  // a handler that runs longer is counted and named

struct LoopStats {
    std::uint64_t turns = 0, handlers = 0;
    std::uint64_t stalls = 0;
    Duration longest{};
    const char* longest_what = "";
};

class Timer {  // one deadline; lives on its loop's thread
public:
    virtual ~Timer() = default;
    virtual void arm(Time at) = 0;  // replaces the deadline; Time::never() disarms
};

class EventLoop {
public:
    using Task = std::function<void()>;
    using HookId = std::uint64_t;

    explicit EventLoop(std::string name, LogSink* log = nullptr);  // `log` outlives the loop
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    void run();      // the calling thread becomes the loop's thread, until stop()
    // Starts a thread that runs it. From here on the loop is that thread's alone, also before it got going; join it after
    // stop().
    std::thread spawn();
    void stop();     // any thread. Tasks posted before it still run
    void restart();  // after run() has returned: it may be called again
    void post(const char* what,
              Task task);  // any thread; `what` is a literal, it names the task in stalls
    // Waits until `task` has run. From the loop's own thread it runs at once. The loop must be
    // running.
    void call(const char* what, const Task& task);
    bool on_thread() const;  // true also while the loop is nobody's: before it is run, and after

    // Of the loop's thread only:
    HookId add_turn_end(const char* what, Task hook);  // runs at the end of every turn
    void remove_turn_end(HookId id);
    void once_at_turn_end(Task task);  // after the hooks, once
    std::unique_ptr<Timer> make_timer(const char* what, Task fired);
    const LoopStats& stats() const;
    const std::string& name() const;
    Clock& clock();

    struct Native;  // Asio's side, for the files of io/
    Native& native() { return *native_; }

private:
    std::unique_ptr<Native> native_;
};

}  // namespace millrace::io
