#include "millrace/io/event_loop.h"

#include <future>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "millrace/base/check.h"
#include "millrace/io/native_loop.h"

namespace millrace::io {

namespace {
constexpr Duration kStallLogEvery = std::chrono::seconds(1);

class AsioTimer final : public Timer {
public:
    AsioTimer(EventLoop::Native& loop, const char* what, EventLoop::Task fired)
        : state_(std::make_shared<State>(
              State{loop, what, std::move(fired), boost::asio::steady_timer(loop.io)})) {}
    ~AsioTimer() override {
        state_->alive = false;
        state_->timer.cancel();
    }

    void arm(Time at) override {
        if (at == state_->at) return;
        state_->at = at;
        ++state_->generation;
        if (at == Time::never()) {
            state_->timer.cancel();
            return;
        }
        state_->timer.expires_at(std::chrono::steady_clock::time_point(Duration{at.value()}));
        state_->timer.async_wait(
            [state = state_, generation = state_->generation](const auto& error) {
                if (error || !state->alive || generation != state->generation) return;
                state->at = Time::never();
                state->loop.run(state->what, state->fired);
            });
    }

private:
    struct State {
        EventLoop::Native& loop;
        const char* what;
        EventLoop::Task fired;
        boost::asio::steady_timer timer;
        Time at = Time::never();
        std::uint64_t generation = 0;
        bool alive = true;
    };
    std::shared_ptr<State> state_;
};
}  // namespace

void EventLoop::Native::measured(const char* what, Duration took) {
    if (took > stats.longest) {
        stats.longest = took;
        stats.longest_what = what;
    }
    if (took <= kStall) [[likely]]
        return;
    ++stats.stalls;
    const Time at = monotonic_now();
    if (!log || (stall_logged != Time{} && at - stall_logged < kStallLogEvery)) return;
    stall_logged = at;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    log->warn("the event loop stood still", {{"loop", name},
                                             {"in", what},
                                             {"ms", static_cast<std::int64_t>(ms)},
                                             {"stalls", stats.stalls}});
}

EventLoop::EventLoop(std::string name, LogSink* log)
    : native_(std::make_unique<Native>(std::move(name), log)) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    Native& n = *native_;
    n.thread = std::this_thread::get_id();
    while (true) {
        if (n.stopping) {
            if (n.io.poll_one() == 0) break;  // what was posted before the stop
        } else if (n.io.run_one() == 0) {
            break;
        }
        for (int i = 1; i < kHandlersPerTurn && n.io.poll_one() != 0; ++i) {
        }
        ++n.stats.turns;
        for (std::size_t i = 0; i < n.hooks.size(); ++i) {
            const Task hook = n.hooks[i].task;  // a hook may add or remove hooks
            n.run(n.hooks[i].what, hook);
        }
        while (!n.once.empty()) {
            n.running_once.swap(n.once);
            for (Task& task : n.running_once) task();
            n.running_once.clear();
        }
    }
    n.spawned = false;
    n.thread = std::thread::id{};
}

std::thread EventLoop::spawn() {
    native_->spawned = true;
    return std::thread([this] { run(); });
}

void EventLoop::stop() {
    native_->stopping = true;
    boost::asio::post(native_->io, [] {});
}

void EventLoop::restart() {
    native_->stopping = false;
    native_->io.restart();
}

void EventLoop::post(const char* what, Task task) {
    boost::asio::post(native_->io,
                      [this, what, task = std::move(task)] { native_->run(what, task); });
}

void EventLoop::call(const char* what, const Task& task) {
    if (on_thread()) return task();
    std::promise<void> done;
    post(what, [&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

bool EventLoop::on_thread() const {
    const std::thread::id owner = native_->thread;
    if (owner == std::thread::id{}) return !native_->spawned;
    return owner == std::this_thread::get_id();
}

EventLoop::HookId EventLoop::add_turn_end(const char* what, Task hook) {
    native_->hooks.push_back({native_->next_hook, what, std::move(hook)});
    return native_->next_hook++;
}

void EventLoop::remove_turn_end(HookId id) {
    std::erase_if(native_->hooks, [id](const Native::Hook& hook) { return hook.id == id; });
}

void EventLoop::once_at_turn_end(Task task) {
    native_->once.push_back(std::move(task));
}

std::unique_ptr<Timer> EventLoop::make_timer(const char* what, Task fired) {
    return std::make_unique<AsioTimer>(*native_, what, std::move(fired));
}

const LoopStats& EventLoop::stats() const {
    return native_->stats;
}
const std::string& EventLoop::name() const {
    return native_->name;
}
Clock& EventLoop::clock() {
    return native_->clock;
}

}  // namespace millrace::io
