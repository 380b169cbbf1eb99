#include "millrace/io/sync_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace millrace::io {

namespace {
struct Job {
    SyncThread::Work work;
    SyncThread::Done done;
};
}  // namespace

struct SyncThread::State {
    explicit State(EventLoop& l) : loop(l) {}
    EventLoop& loop;
    std::mutex mutex;  // guards jobs and stopping: the one hand-over between the loop and the
                       // thread that may block
    std::condition_variable more;
    std::deque<Job> jobs;
    bool stopping = false;
    bool alive = true;  // of the loop's thread: completions after the end are dropped
    std::thread thread;

    void work(const std::shared_ptr<State>& self) {
        std::unique_lock lock(mutex);
        while (true) {
            more.wait(lock, [&] { return stopping || !jobs.empty(); });
            if (stopping) return;
            Job job = std::move(jobs.front());
            jobs.pop_front();
            lock.unlock();
            auto outcome = job.work();
            loop.post("synced", [self, done = std::move(job.done), outcome = std::move(outcome)] {
                if (self->alive) done(outcome);
            });
            lock.lock();
        }
    }
};

SyncThread::SyncThread(EventLoop& loop) : state_(std::make_shared<State>(loop)) {
    state_->thread = std::thread([state = state_] { state->work(state); });
}

SyncThread::~SyncThread() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->alive = false;
    }
    state_->more.notify_one();
    state_->thread.join();
}

void SyncThread::run(Work work, Done done) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->jobs.push_back({std::move(work), std::move(done)});
    }
    state_->more.notify_one();
}

}  // namespace millrace::io
