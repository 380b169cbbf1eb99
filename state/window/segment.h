#pragma once
// The windows of one span of time (AbstractSegments): a table of window keys that is dropped whole
// when it has expired.
#include <memory>
#include <vector>

#include "millrace/state/table/run_index.h"
#include "millrace/state/table/sorted_index.h"
#include "millrace/state/table/table.h"

namespace millrace::state {

class Segment {
public:
    Segment(bool spills, KeyOrder order, std::size_t suffix_bytes)
        : table(spills), order_(order), suffix_bytes_(suffix_bytes) {}

    Table table;
    SortedIndex& sorted() {
        if (!sorted_) sorted_ = std::make_unique<SortedIndex>(table, order_);
        return *sorted_;
    }
    RunIndex& runs() {
        if (!runs_) runs_ = std::make_unique<RunIndex>(table, suffix_bytes_);
        return *runs_;
    }

    void drop_indexes() {
        sorted_.reset();
        runs_.reset();
    }

private:
    KeyOrder order_;
    std::size_t suffix_bytes_;
    std::unique_ptr<SortedIndex> sorted_;  // from the first scan on
    std::unique_ptr<RunIndex> runs_;       // from the first fetch of a key's windows on
};

}  // namespace millrace::state
