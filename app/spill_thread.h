#pragma once
// The thread of a process that writes spills: one, since they compete for one disk.
#include <memory>

#include "millrace/state/spill/spill_job.h"

namespace millrace::app {

class SpillThread final : public state::SpillRunner {
public:
    SpillThread();
    ~SpillThread() override;   // waits for the job under way; those that had not begun are run, too, and find themselves cancelled
    void start(std::shared_ptr<state::SpillJob> job) override;   // any thread

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::app
