#include "millrace/app/worker_host.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "millrace/io/system_clock.h"

namespace millrace::app {

namespace {

// How long this thread was held by what ran: its CPU time, and its waiting too if it gave the processor up by itself (user
// code that sleeps or reads a file). A thread that was merely pushed aside by others held nobody up.
class Stopwatch {
public:
    Stopwatch() : wall_(io::monotonic_now()) { getrusage(RUSAGE_THREAD, &usage_); }
    Duration held() const {
        struct rusage now;
        getrusage(RUSAGE_THREAD, &now);
        const Duration wall = io::monotonic_now() - wall_;
        if (now.ru_nvcsw != usage_.ru_nvcsw) return wall;
        return std::min(wall, cpu(now) - cpu(usage_));
    }

private:
    static Duration cpu(const struct rusage& u) {
        return std::chrono::seconds(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               std::chrono::microseconds(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    Time wall_;
    struct rusage usage_ {};
};

constexpr Duration kSliceMax = std::chrono::milliseconds(20);   // on a shared loop (design §3.8)
}

struct WorkerHost::State : std::enable_shared_from_this<State> {
    explicit State(Setup s) : setup(std::move(s)) {
        setup.config.slice_clock = &clock;
        if (setup.loop == nullptr) own_thread();
        else loop = setup.loop;
    }

    void own_thread() {
        own_loop = std::make_unique<io::EventLoop>(setup.client_id, setup.log);
        thread = own_loop->spawn();
        loop = own_loop.get();
    }

    void begin() {   // on the loop
        links = make_links();
        timer = loop.load()->make_timer("worker timer", [this] { tick(); });
        worker = std::make_unique<engine::Worker>(setup.config, *setup.topology, *setup.stores, *setup.listener, *setup.log);
        client::Effects effects;
        worker->start(clock.now(), effects);
        after(effects);
    }

    std::unique_ptr<Links> make_links() {
        return std::make_unique<Links>(*loop, setup.client_id, setup.broker, [this](client::LinkInput input) {
            if (over()) return;
            client::Effects effects;
            worker->step(input, clock.now(), effects);
            after(effects);
        });
    }

    bool over() const { return !worker || worker->closed(); }

    void tick() {
        if (over()) return;
        client::Effects effects;
        worker->tick(clock.now(), effects);
        after(effects);
    }

    void slice() {
        slice_posted = false;
        if (over() || !worker->runnable(clock.now())) return;
        const Stopwatch watch;
        client::Effects effects;
        worker->run(clock.now(), effects);
        const Duration took = watch.held();
        after(effects);
        if (took > kSliceMax && !own_loop && !over()) move_away(took);
    }

    void after(client::Effects& effects) {
        links->carry_out(effects.links);
        if (worker->closed()) {
            timer->arm(Time::never());
            if (told_closed) return;
            told_closed = true;
            loop.load()->post("worker closed", [self = shared_from_this()] {   // not from within the machine's own call
                self->links.reset();
                if (self->setup.on_closed) self->setup.on_closed();
            });
            return;
        }
        timer->arm(effects.wake_at);
        if (!slice_posted && worker->runnable(clock.now())) {
            slice_posted = true;
            loop.load()->post("slice of a worker", [self = shared_from_this(), from = placement.load()] {
                if (self->placement.load() == from) self->slice();   // else it was posted before the move
            });
        }
    }

    // User code is slow: it must not hold up the broker and the heartbeats of this loop. The machine goes on with new
    // links; to it the old ones closed.
    void move_away(Duration took) {
        setup.log->warn("a slice held the loop too long: the worker moves to a thread of its own",
                        {{"worker", setup.client_id},
                         {"slice_ms", static_cast<std::int64_t>(took.count() / 1'000'000)},
                         {"remedy", std::string_view("more --num-stream-threads give each worker its thread from the start")}});
        const std::vector<client::LinkId> closed = links->open_links();
        timer.reset();
        links.reset();
        ++placement;
        own_thread();
        loop.load()->post("worker arrives", [self = shared_from_this(), closed] {
            self->links = self->make_links();
            self->timer = self->loop.load()->make_timer("worker timer", [s = self.get()] { s->tick(); });
            self->slice_posted = false;
            for (const client::LinkId link : closed) {
                if (self->over()) return;
                client::Effects effects;
                self->worker->step(client::LinkClosed{link, "the worker moved to another thread"}, self->clock.now(), effects);
                self->after(effects);
            }
        });
    }

    Setup setup;
    io::SystemClock clock;
    std::atomic<io::EventLoop*> loop{nullptr};   // changes once, in move_away
    std::unique_ptr<io::EventLoop> own_loop;
    std::thread thread;
    std::unique_ptr<Links> links;
    std::unique_ptr<io::Timer> timer;
    std::unique_ptr<engine::Worker> worker;
    bool slice_posted = false, told_closed = false;
    std::atomic<int> placement{0};   // how often it moved
};

WorkerHost::WorkerHost(Setup setup) : state_(std::make_shared<State>(std::move(setup))) {}

WorkerHost::~WorkerHost() {
    const auto end = [this] {
        state_->timer.reset();
        state_->links.reset();
        state_->worker.reset();
    };
    io::EventLoop* const at = state_->loop.load();
    at->call("worker ends", end);
    if (state_->own_loop) {
        if (state_->loop.load() != at) state_->loop.load()->call("worker ends", end);
        state_->own_loop->stop();
        state_->thread.join();
    }
}

void WorkerHost::start() {
    state_->loop.load()->post("worker starts", [s = state_] { s->begin(); });
}

void WorkerHost::close() {
    ask([this](engine::Worker& worker) {
        client::Effects effects;
        worker.close(state_->clock.now(), effects);
        state_->after(effects);
    });
}

bool WorkerHost::ask(const std::function<void(engine::Worker&)>& look) {
    io::EventLoop* const at = state_->loop.load();
    bool moved = false, asked = false;
    at->call("question to a worker", [&] {
        if (state_->loop.load() != at) moved = true;
        else if (!state_->over()) {
            look(*state_->worker);
            asked = true;
        }
    });
    return moved ? ask(look) : asked;
}

std::optional<Error> WorkerHost::failure() const {
    std::optional<Error> failure;
    state_->loop.load()->call("failure of a worker", [&] {
        if (state_->worker) failure = state_->worker->failure();
    });
    return failure;
}

bool WorkerHost::on_own_thread() const { return state_->own_loop != nullptr; }

}  // namespace millrace::app
