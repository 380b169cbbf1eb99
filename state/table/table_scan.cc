#include "millrace/state/table/table_scan.h"

namespace millrace::state {

TableScan::TableScan(const Table& table, const SortedIndex& index, std::optional<BytesView> from,
                     std::optional<BytesView> to, bool forward)
    : table_(table),
      index_(index),
      forward_(forward),
      bounded_(forward ? to.has_value() : from.has_value()) {
    if (bounded_) bound_.append(forward ? *to : *from);
    const auto& all = index_.entries();
    structure_ = table_.structure();
    if (forward_) {
        at_ = from ? all.lower_bound(*from) : all.begin();
        ended_ = at_ == all.end();
    } else {
        at_ = to ? all.upper_bound(*to) : all.end();
        ended_ = at_ == all.begin();
        if (!ended_) --at_;
    }
    stand();
}

// Checks the bound and remembers the key.
void TableScan::stand() {
    lost_ = false;
    if (ended_) return;
    const BytesView key = at_->entry->key();
    if (bounded_) {
        const int order = compare_keys(key, bound_.view(), index_.entries().key_comp().order);
        if (forward_ ? order > 0 : order < 0) {
            ended_ = true;
            return;
        }
    }
    key_.clear();
    key_.append(key);
}

bool TableScan::sync() {
    if (ended_ || lost_) return false;
    if (structure_ == table_.structure()) return true;
    structure_ = table_.structure();
    at_ = index_.entries().find(key_.view());
    lost_ = at_ == index_.entries().end();  // erased under us
    return !lost_;
}

void TableScan::next() {
    const auto& all = index_.entries();
    const bool here = sync();
    if (ended_) return;
    structure_ = table_.structure();
    if (forward_) {
        at_ = here ? std::next(at_) : all.upper_bound(key_.view());
        ended_ = at_ == all.end();
    } else {
        if (!here) at_ = all.lower_bound(key_.view());
        ended_ = at_ == all.begin();
        if (!ended_) --at_;
    }
    stand();
}

}  // namespace millrace::state
