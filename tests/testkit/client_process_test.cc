#include "millrace/testkit/sim/client_process.h"

#include <gtest/gtest.h>

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;

// Wants a turn once, at a time, and no other.
class Sleeper final : public ClientProcess {
public:
    Sleeper(Scheduler& scheduler, Network& network, LogSink& log, Time due)
        : ClientProcess(scheduler, network, "sleeper", {"broker", 9092}, log), due_(due) {}
    bool woken = false;

private:
    void turn() override { woken = woken || scheduler().now().time >= due_; }
    Time next_due() const override { return woken ? Time::never() : due_; }
    Time due_;
};

TEST(ClientProcess, AWakeUpThatFallsIntoAPauseIsMadeUpForAtItsEnd) {
    NullLog log;
    Scheduler scheduler(1, Timestamp{0});
    Network network(scheduler, NetworkModel{});
    Sleeper sleeper(scheduler, network, log, Time{} + 10ms);
    scheduler.run_until(Time{} + 5ms);
    sleeper.pause(100ms);  // until 105 ms: past the wake-up that stands in the queue
    scheduler.run_until(Time{} + 104ms);
    EXPECT_FALSE(sleeper.woken);
    scheduler.run_until(Time{} + 105ms);
    EXPECT_TRUE(sleeper.woken);
}

}  // namespace
}  // namespace millrace::sim
