#include "millrace/app/worker_host.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "millrace/app/client_host.h"
#include "millrace/client/streams_keep_alive.h"
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

// Speaks for the worker, from another loop, when its own thread does not come back from user code (design §3.8). Made, used
// and destroyed on that loop, but for beat().
class WorkerHost::Speaker {
public:
    using Answered = std::function<void(wire::StreamsGroupHeartbeatResponse)>;
    Speaker(const Setup& setup, Answered answered)
        : answered_(std::move(answered)),
          host_(*setup.heartbeats, cluster_config(setup), setup.client_id + "-heartbeat", setup.broker, *setup.log),
          keep_alive_(host_.cluster(), setup.config.streams.application_id,
                      std::chrono::milliseconds(setup.config.streams.max_poll_interval_ms)) {
        host_.add([this] { turn(); }, [this] { return keep_alive_.next_due(); });
    }
    // On the worker's thread, after each of its turns; true: look() should run on the loop. The pulse comes before the time,
    // and turn() takes them in the other order: a new time never comes with an old pulse, which would then stay.
    bool beat(const engine::Worker& worker, Time now) {
        const std::uint64_t version = worker.member().pulse_version();
        const bool changed = version != told_;
        if (changed) {
            told_ = version;
            const std::lock_guard lock(mutex_);
            pulse_ = worker.member().pulse();
        }
        last_turn_.store(now, std::memory_order_release);
        return changed;
    }
    void look() { host_.turn(); }

private:
    static client::ClusterConfig cluster_config(const Setup& setup) {
        client::ClusterConfig config;
        config.bootstrap = setup.config.bootstrap;
        config.seed = setup.config.seed + 1;
        return config;
    }
    void turn() {
        const Time last_turn = last_turn_.load(std::memory_order_acquire);
        client::MemberPulse pulse;
        {
            const std::lock_guard lock(mutex_);
            pulse = pulse_;
        }
        keep_alive_.watch(pulse, last_turn);
        keep_alive_.poll();
        if (auto answer = keep_alive_.take_answer()) answered_(std::move(*answer));
    }

    std::mutex mutex_;   // guards pulse_, which one thread writes and another reads; a post would wake the loop every turn
    client::MemberPulse pulse_;
    std::atomic<Time> last_turn_{Time::never()};
    std::uint64_t told_ = 0;
    Answered answered_;
    ClientHost host_;
    client::StreamsKeepAlive keep_alive_;
};

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

    void make_speaker() {   // on the loop of the heartbeats
        speaker = std::make_unique<Speaker>(setup, [weak = weak_from_this()](wire::StreamsGroupHeartbeatResponse response) {
            if (const auto self = weak.lock()) self->kept_alive(std::move(response));
        });
    }
    void kept_alive(wire::StreamsGroupHeartbeatResponse response) {
        io::EventLoop* const at = loop.load();
        at->post("heartbeats while it was held", [self = shared_from_this(), at, response = std::move(response)] {
            if (self->loop.load() != at) return self->kept_alive(response);
            if (self->over()) return;
            client::Effects effects;
            self->worker->kept_alive(response, self->clock.now(), effects);
            self->after(effects);
        });
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
        timer->arm(effects.wake_at);   // first: a broker on this loop answers at once, and that turn arms it anew
        links->carry_out(effects.links);
        if (speaker && speaker->beat(*worker, clock.now().time)) {
            setup.heartbeats->post("a member's heartbeat", [self = shared_from_this()] {
                if (self->speaker) self->speaker->look();
            });
        }
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
    std::unique_ptr<Speaker> speaker;   // null: nobody speaks for it
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
    }
    // The worker is gone: it beats no more, and what was posted to it finds nothing.
    if (state_->speaker) state_->setup.heartbeats->call("speaker ends", [this] { state_->speaker.reset(); });
    if (state_->own_loop) {
        state_->own_loop->stop();
        state_->thread.join();
    }
}

void WorkerHost::start() {
    if (state_->setup.heartbeats != nullptr) state_->setup.heartbeats->call("speaker", [this] { state_->make_speaker(); });
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
