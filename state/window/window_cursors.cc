#include "millrace/state/window/window_cursors.h"

#include <algorithm>

namespace millrace::state {

// ---- one key
// --------------------------------------------------------------------------------------------------------

WindowKeyCursor::WindowKeyCursor(SegmentedWindowStore& store, BytesView key, std::int64_t from,
                                 std::int64_t to, bool forward)
    : store_(store), hash_(hash_bytes(key)) {
    write_window_key(key_, key, 0, 0);
    if (from > to) return;
    std::vector<Entry*> entries;
    for (auto at = store.segments_.lower_bound(store.segment_id(from)); at != store.segments_.end();
         ++at) {
        if (at->first > store.segment_id(to)) break;
        store.load_range(at->first, *at->second, key, from, to);
        at->second->runs().collect(key, from, to, entries);
    }
    found_.reserve(entries.size());
    for (const Entry* e : entries)
        if (e->newest_is_value())
            found_.push_back({start_of_window_key(e->key()), seq_of_window_key(e->key())});
    if (!forward) std::reverse(found_.begin(), found_.end());
}

const Entry* WindowKeyCursor::entry() const {
    const Found& f = found_[at_];
    Segment* segment = store_.segment_at(store_.segment_id(f.start));
    if (!segment) return nullptr;
    const std::size_t n = key_.size() - kWindowSuffixBytes;
    store_be(key_.data() + n, f.start);
    store_be(key_.data() + n + 8, f.seq);
    return segment->table.find(SegmentedWindowStore::hash_of(hash_, f.start, f.seq), key_.view());
}

void WindowKeyCursor::next() {
    ++at_;
    settle();
}

void WindowKeyCursor::settle() {
    while (at_ < found_.size()) {
        const Entry* e = entry();
        if (e && e->newest_is_value()) return;
        ++at_;
    }
}

ValueAndTimestamp WindowKeyCursor::value() const {
    const Entry* e = entry();
    return e ? Table::newest(*e).value_or(ValueAndTimestamp{{}, Timestamp{-1}})
             : ValueAndTimestamp{{}, Timestamp{-1}};
}

// ---- all keys
// -------------------------------------------------------------------------------------------------------

WindowScanCursor::WindowScanCursor(SegmentedWindowStore& store, std::int64_t from, std::int64_t to,
                                   bool forward)
    : store_(store), from_(from), to_(to), forward_(forward) {
    if (from > to) return;
    for (auto at = store.segments_.lower_bound(store.segment_id(from)); at != store.segments_.end();
         ++at) {
        if (at->first > store.segment_id(to)) break;
        segments_.push_back(at->first);
    }
    if (forward) std::reverse(segments_.begin(), segments_.end());
    settle();
}

bool WindowScanCursor::open_next() {
    while (!segments_.empty()) {
        id_ = segments_.back();
        segments_.pop_back();
        Segment* segment = store_.segment_at(id_);
        if (!segment) continue;
        store_.load_range(id_, *segment, std::nullopt, from_, to_);
        scan_ = std::make_unique<TableScan>(segment->table, segment->sorted(), std::nullopt,
                                            std::nullopt, forward_);
        return true;
    }
    return false;
}

void WindowScanCursor::next() {
    if (!valid_) return;
    if (store_.segment_at(id_))
        scan_->next();
    else
        scan_.reset();  // its segment is gone
    settle();
}

void WindowScanCursor::settle() {
    valid_ = false;
    while (scan_ || open_next()) {
        for (; !scan_->ended(); scan_->next()) {
            const Entry* e = scan_->entry();
            if (!e || !e->newest_is_value()) continue;
            const std::int64_t start = start_of_window_key(e->key());
            if (start < from_ || start > to_) continue;
            key_.clear();
            key_.append(e->key());
            valid_ = true;
            return;
        }
        scan_.reset();
    }
}

ValueAndTimestamp WindowScanCursor::value() const {
    Segment* segment = store_.segment_at(id_);
    const Entry* e =
        segment ? segment->table.find(SegmentedWindowStore::hash_of(key_.view()), key_.view())
                : nullptr;
    return e ? Table::newest(*e).value_or(ValueAndTimestamp{{}, Timestamp{-1}})
             : ValueAndTimestamp{{}, Timestamp{-1}};
}

}  // namespace millrace::state
