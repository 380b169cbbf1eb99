#pragma once
// One spill: the frozen entries of some stores and their checkpoints, written to the sorted runs in
// one atomic step. The worker freezes, a SpillRunner has run() called (on another thread in
// production, at once or later in the simulator), the worker sees finished() and thaws. run() reads
// frozen entries and writes runs, nothing else.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "millrace/state/runs/runs.h"
#include "millrace/state/runs/stored_key.h"
#include "millrace/state/table/sorted_index.h"

namespace millrace::state {

struct SpillPart {  // of one store
    struct Frozen {
        std::string prefix;                // before each key
        std::shared_ptr<const void> keep;  // the table: a store that closes leaves it to the job
        const std::vector<Entry*>* entries;
        StoredOrder order = StoredOrder::AsIs;
    };
    std::string family;
    std::vector<Frozen> frozen;  // ascending by prefix, none a prefix of another
    std::vector<KeyRange> removed;
    std::string record_key, record;  // for the family `offsets`
};

class SpillJob {
public:
    SpillJob(Runs& runs, std::vector<SpillPart> parts) : runs_(runs), parts_(std::move(parts)) {}

    void run();
    bool finished() const { return finished_.load(std::memory_order_acquire); }
    const Result<void>& outcome() const { return outcome_; }  // once finished

    // When this returns, the runs either have everything or will never have any of it. Waits at
    // most for the end of an ingest.
    void cancel();

private:
    enum class Stage { Waiting, Writing, Cancelled, Ingesting, Ended };
    Result<void> write();

    Runs& runs_;
    std::vector<SpillPart> parts_;
    Result<void> outcome_;
    std::atomic<Stage> stage_{Stage::Waiting};
    std::atomic<bool> finished_{false};
};

class SpillRunner {
public:
    virtual ~SpillRunner() = default;
    virtual void start(std::shared_ptr<SpillJob> job) = 0;  // has run() called exactly once
};

class InlineSpillRunner final : public SpillRunner {  // tests and the simulator
public:
    void start(std::shared_ptr<SpillJob> job) override { job->run(); }
};

}  // namespace millrace::state
