#pragma once
// Walks a table in the order of an index, tombstones included, and survives any change of the table
// meanwhile: after one it finds its place again by the key it stood on.
#include "millrace/state/table/sorted_index.h"

namespace millrace::state {

class TableScan {
public:
    // Bounds inclusive, in the order of the index; nothing: open. Forward from `from`, else
    // backward from `to`.
    TableScan(const Table& table, const SortedIndex& index, std::optional<BytesView> from,
              std::optional<BytesView> to, bool forward);

    // The entry it stands on, or null: at the end, or just erased (then next() goes on behind it).
    Entry* entry() { return sync() ? at_->entry : nullptr; }
    bool ended() { return !sync() && !lost_; }
    void next();

private:
    bool sync();  // true when at_ is a live entry in bounds
    void stand();

    const Table& table_;
    const SortedIndex& index_;
    bool forward_, bounded_, ended_ = false, lost_ = false;
    ByteSink bound_, key_;  // where it ends; where it stands
    SortedIndex::Set::const_iterator at_;
    std::uint64_t structure_ = 0;
};

}  // namespace millrace::state
