#include "millrace/app/spill_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace millrace::app {

struct SpillThread::State {
    std::mutex mutex;   // the queue: this thread runs no loop that could be posted to
    std::condition_variable changed;
    std::deque<std::shared_ptr<state::SpillJob>> jobs;
    bool stopping = false;
    std::thread thread;   // made at the first spill

    void run() {
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return stopping || !jobs.empty(); });
            if (jobs.empty()) return;
            const auto job = std::move(jobs.front());
            jobs.pop_front();
            lock.unlock();
            job->run();
            lock.lock();
        }
    }
};

SpillThread::SpillThread() : state_(std::make_unique<State>()) {}

SpillThread::~SpillThread() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->changed.notify_all();
    }
    if (state_->thread.joinable()) state_->thread.join();
}

void SpillThread::start(std::shared_ptr<state::SpillJob> job) {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
    if (!state_->thread.joinable()) state_->thread = std::thread([s = state_.get()] { s->run(); });
    state_->changed.notify_all();
}

}  // namespace millrace::app
