#pragma once
// The stores of one worker over the sorted runs of its process, and the worker's share of the
// memory budget for state.
//
// Who is squeezed first (design §5): clean entries are forgotten, those not used lately first; then
// committed entries are spilled, at half of the budget, so that they become clean; then the worker
// commits early, because of statestore.uncommitted.max.bytes. They are also spilled once their
// changelog tails (what a crash would replay) are long. Stores that are not persistent have nothing
// to spill to: they count, and are never squeezed.
#include <functional>
#include <memory>
#include <vector>

#include "millrace/state/provider.h"
#include "millrace/state/spill/store_disk.h"

namespace millrace::state {

struct StateBudget {
    std::int64_t bytes_max = 512 * 1024 * 1024;  // of this worker's persistent stores, in memory
    // Of all its stores together: what a crash has to replay before there is new output, which is a
    // tenth of a second or two.
    std::int64_t tail_records_max = 2'000'000;
};

class DirectoryProvider final : public StoreProvider, private SpillOwner {
public:
    // Both outlive the provider, and the provider its stores.
    DirectoryProvider(Runs& runs, SpillRunner& runner, StateBudget budget)
        : runs_(runs), runner_(runner), budget_(budget) {}
    ~DirectoryProvider() override;

    Result<std::unique_ptr<KeyValueStore>> key_value(const std::string& task,
                                                     const KeyValueSpec& spec) override;
    Result<std::unique_ptr<WindowStore>> window(const std::string& task,
                                                const WindowSpec& spec) override;
    Result<std::unique_ptr<SessionStore>> session(const std::string& task,
                                                  const SessionSpec& spec) override;
    void maintain() override;

    // Starts a spill of all that can be spilled, whatever the budget says (a clean stop, tests).
    // False: one is under way, or there is nothing to do.
    bool spill();
    bool spilling() const { return job_ != nullptr; }
    MemoryUse memory() const;
    const std::optional<Error>& last_failure() const {
        return last_failure_;
    }  // of a spill; it is tried again later

private:
    void opened(SpillingStore& store) override { stores_.push_back(&store); }
    void advanced() override;
    void closing(SpillingStore& store) override;
    bool due() const;
    void take_in();

    Runs& runs_;
    SpillRunner& runner_;
    StateBudget budget_;
    std::vector<SpillingStore*> stores_;  // in the order of opening
    std::shared_ptr<SpillJob> job_;
    std::vector<SpillingStore*> in_job_;
    std::optional<Error> last_failure_;
    std::int64_t failures_ = 0, wait_ = 0;  // calls of maintain() before the next try
};

}  // namespace millrace::state
