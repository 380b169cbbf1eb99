#include "millrace/state/spill/spill_thread_shell.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace millrace::state {
namespace {

class SpillThread final : public SpillRunner {
public:
    SpillThread() : thread_([this] { loop(); }) {}
    ~SpillThread() override {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    void start(std::shared_ptr<SpillJob> job) override {
        {
            const std::lock_guard lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
    }

private:
    void loop() {
        for (;;) {
            std::shared_ptr<SpillJob> job;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
                if (jobs_.empty()) return;
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
            job->run();
        }
    }

    // Guards jobs_ and stop_: workers of several loops hand jobs to this one thread, which sleeps
    // between them.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<SpillJob>> jobs_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<SpillRunner> make_spill_thread() {
    return std::make_unique<SpillThread>();
}

}  // namespace millrace::state
