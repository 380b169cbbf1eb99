#pragma once
// A store's place on disk: its family, the prefix of its task, its record with the checkpoint; and
// how far it is from what is in memory. Shared by the kinds of stores. One thread, the store's.
#include <functional>
#include <set>

#include "millrace/state/checkpoint.h"
#include "millrace/state/runs/runs.h"
#include "millrace/state/runs/store_record.h"
#include "millrace/state/runs/store_runs.h"
#include "millrace/state/spill/spill_job.h"

namespace millrace::state {

class StoreDisk;

class SpillingStore {  // what a store is to the one that spills
public:
    virtual ~SpillingStore() = default;
    virtual StoreDisk& disk() = 0;
    virtual MemoryUse memory_use() const = 0;
    virtual void freeze(SpillPart& part) = 0;  // adds frozen entries and removed ranges, and the
                                               // clocks to disk()'s record
    virtual void thaw(bool spilled) = 0;
    virtual std::int64_t evict(std::int64_t bytes) = 0;  // clean entries; returns the bytes freed
    virtual void clear() = 0;                            // memory holds nothing, the runs neither
};

class SpillOwner {  // the provider, which outlives its stores
public:
    virtual ~SpillOwner() = default;
    virtual void opened(SpillingStore& store) = 0;
    // A store's checkpoint moved: in a long restore nobody else asks for a spill.
    virtual void advanced() {}
    virtual void closing(
        SpillingStore& store) = 0;  // no job changes the runs of this store once it returns
};

class StoreDisk final : public DurableState, public StoreRuns {
public:
    // Reads the record. Refuses a store that was written with other types or by a newer version,
    // and says what to do.
    static Result<std::unique_ptr<StoreDisk>> open(
        Runs& runs, SpillOwner& owner, const std::string& store, const std::string& task,
        const std::string& format,  // of its keys and values: part of the types
        const std::string& fingerprint, bool segmented, StoredOrder order);

    // ---- DurableState, for the worker ----
    std::optional<Checkpoint> checkpoint() const override;
    void advance(const Checkpoint& committed) override;
    void discard() override;
    const std::optional<Error>& failure() const { return failure_; }

    // ---- StoreRuns, for the store ----
    Result<void> multi_get(std::int64_t part, std::span<const BytesView> keys,
                           std::vector<std::optional<StoredValue>>& into) override;
    std::unique_ptr<StoredCursor> cursor(std::int64_t part) override;
    Result<std::vector<std::int64_t>> parts();  // segments that have keys on disk, ascending

    bool has_runs() const { return record_.has_value(); }
    const std::optional<StoreRecord>& record() const { return record_; }
    void attach(SpillingStore& store);
    void detach();

    // ---- spilling ----
    void changed(std::int64_t records = 1) {
        covered_ = false, tail_ += records;
    }  // committed or restored since advance()
    std::int64_t tail() const { return tail_; }
    bool can_spill() const { return advanced_ && covered_ && !frozen_record_; }
    void begin(SpillPart& part, std::int64_t stream_time, std::int32_t seq);
    void end(bool spilled);
    std::string prefix(std::int64_t part) const;    // of the keys of a part
    KeyRange range_below(std::int64_t part) const;  // of the keys of all earlier parts
    StoredOrder order() const { return order_; }

private:
    StoreDisk(Runs& runs, SpillOwner& owner, std::string store, std::string task,
              std::string fingerprint, bool segmented, StoredOrder order);

    Runs& runs_;
    SpillOwner& owner_;
    SpillingStore* attached_ = nullptr;
    std::string store_, task_, fingerprint_, prefix_;
    bool segmented_;
    StoredOrder order_;
    std::optional<StoreRecord> record_;         // on disk
    std::optional<StoreRecord> frozen_record_;  // on its way there
    std::optional<Checkpoint> advanced_;
    bool covered_ = true;  // advanced_ covers every commit and every restored record
    std::int64_t tail_ = 0, frozen_tail_ = 0;
    std::optional<Error> failure_;
};

}  // namespace millrace::state
