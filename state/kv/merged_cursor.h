#pragma once
// Memory over sorted runs, in byte order: a key in memory hides the same key in the runs, a
// tombstone hides it wholly.
#include <memory>

#include "millrace/state/runs/store_runs.h"
#include "millrace/state/store.h"
#include "millrace/state/table/table_scan.h"

namespace millrace::state {

class MergedCursor final : public KeyValueCursor {
public:
    // Bounds inclusive. A failed read of the runs ends the cursor and is left in `failure`.
    MergedCursor(const Table& table, const SortedIndex& index, std::unique_ptr<StoredCursor> stored,
                 std::optional<BytesView> from, std::optional<BytesView> to, bool forward,
                 std::optional<Error>& failure);

    bool valid() const override { return valid_; }
    void next() override;
    BytesView key() const override { return key_.view(); }
    ValueAndTimestamp value() const override;

private:
    void settle();  // onto the next key that has a value
    void step_stored();
    bool stored_ended();

    const Table& table_;
    TableScan memory_;
    std::unique_ptr<StoredCursor> stored_;
    ByteSink bound_;
    bool bounded_, forward_;
    std::optional<Error>& failure_;
    bool valid_ = false, from_memory_ = false;
    ByteSink key_;  // of the record it stands on: the caller may delete it and go on
};

}  // namespace millrace::state
