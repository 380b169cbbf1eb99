#include "millrace/testkit/sim/scheduler.h"

namespace millrace::sim {

void Scheduler::at(Time time, std::function<void()> run) {
    queue_.push(Event{time < time_ ? time_ : time, sequence_++, std::move(run)});
}

void Scheduler::run_until(Time end) {
    while (!stopped_ && !queue_.empty() && queue_.top().time <= end) {
        std::function<void()> run = std::move(const_cast<Event&>(queue_.top()).run);
        time_ = queue_.top().time;
        queue_.pop();
        ++events_;
        trace_.note(time_.value());
        run();
    }
    if (!stopped_ && time_ < end) time_ = end;
}

}  // namespace millrace::sim
