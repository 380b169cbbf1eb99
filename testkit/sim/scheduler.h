#pragma once
// Simulated time: a queue of events in order of (time, insertion). One seed gives one history, on
// any machine and at any optimisation level: nothing here looks at the world outside.
#include <cstdint>
#include <functional>
#include <queue>
#include <string_view>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/random.h"
#include "millrace/base/trace.h"

namespace millrace::sim {

class Scheduler final : public Clock {
public:
    Scheduler(std::uint64_t seed, Timestamp wall_at_start) : random_(seed), wall_(wall_at_start) {}

    Now now() override { return {time_, Timestamp{wall_.value() + time_.value() / 1'000'000}}; }
    Random& random() { return random_; }
    Trace& trace() { return trace_; }

    void at(Time time, std::function<void()> run);
    void after(Duration delay, std::function<void()> run) { at(time_ + delay, std::move(run)); }
    // Runs events up to `end` (inclusive); returns false when `stop` became true.
    void run_until(Time end);
    void stop() { stopped_ = true; }
    bool stopped() const { return stopped_; }
    std::uint64_t events() const { return events_; }

    Duration between(Duration low, Duration high) {
        return Duration{random_.between(low.count(), high.count())};
    }

private:
    struct Event {
        Time time;
        std::uint64_t sequence;
        std::function<void()> run;
    };
    struct Later {
        bool operator()(const Event& a, const Event& b) const {
            return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
        }
    };
    Random random_;
    Trace trace_;
    Time time_{};
    Timestamp wall_;
    std::uint64_t sequence_ = 0, events_ = 0;
    bool stopped_ = false;
    std::priority_queue<Event, std::vector<Event>, Later> queue_;
};

}  // namespace millrace::sim
