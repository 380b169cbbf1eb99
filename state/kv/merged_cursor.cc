#include "millrace/state/kv/merged_cursor.h"

#include "millrace/base/hash.h"

namespace millrace::state {

MergedCursor::MergedCursor(const Table& table, const SortedIndex& index,
                           std::unique_ptr<StoredCursor> stored, std::optional<BytesView> from,
                           std::optional<BytesView> to, bool forward, std::optional<Error>& failure)
    : table_(table),
      memory_(table, index, from, to, forward),
      stored_(std::move(stored)),
      bounded_(forward ? to.has_value() : from.has_value()),
      forward_(forward),
      failure_(failure) {
    if (bounded_) bound_.append(forward ? *to : *from);
    if (stored_) forward ? stored_->seek(from) : stored_->seek_last(to);
    settle();
}

bool MergedCursor::stored_ended() {
    if (!stored_) return true;
    if (stored_->valid()) {
        if (!bounded_) return false;
        const int order = compare(stored_->key(), bound_.view());
        if (forward_ ? order <= 0 : order >= 0) return false;
    } else if (auto status = stored_->status(); !status) {
        failure_ = std::move(status).error();
    }
    stored_.reset();
    return true;
}

void MergedCursor::step_stored() {
    forward_ ? stored_->next() : stored_->previous();
}

void MergedCursor::settle() {
    for (;;) {
        Entry* e = memory_.entry();
        while (!e && !memory_.ended()) {
            memory_.next();
            e = memory_.entry();
        }
        const bool no_stored = stored_ended();
        if (!e && no_stored) {
            valid_ = false;
            return;
        }
        int order = !e ? 1 : no_stored ? -1 : compare(e->key(), stored_->key());
        if (!forward_ && e && !no_stored) order = -order;
        if (order >
            0) {  // only the runs have it, unless it came into memory behind this cursor's back
            if (const Entry* newer = table_.find(hash_bytes(stored_->key()), stored_->key());
                newer && !newer->newest_is_value()) {
                step_stored();
                continue;
            }
            from_memory_ = false;
            key_.clear();
            key_.append(stored_->key());
            valid_ = true;
            return;
        }
        if (order == 0) step_stored();
        if (!e->newest_is_value()) {
            memory_.next();
            continue;
        }
        from_memory_ = true;
        key_.clear();
        key_.append(e->key());
        valid_ = true;
        return;
    }
}

void MergedCursor::next() {
    if (!valid_) return;
    if (from_memory_)
        memory_.next();
    else
        step_stored();
    settle();
}

ValueAndTimestamp MergedCursor::value() const {
    // Looked up anew: a put since the cursor came here may have moved the value.
    if (const Entry* e = table_.find(hash_bytes(key_.view()), key_.view()))
        return Table::newest(*e).value_or(ValueAndTimestamp{{}, Timestamp{-1}});
    if (stored_) return {stored_->value(), stored_->timestamp()};
    return {{}, Timestamp{-1}};
}

}  // namespace millrace::state
