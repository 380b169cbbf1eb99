#pragma once
// The two ways through a window store. Both stay good while the store is written to: what was
// erased is passed over.
#include "millrace/state/table/table_scan.h"
#include "millrace/state/window/segmented_window_store.h"

namespace millrace::state {

class WindowKeyCursor final : public WindowCursor {  // the windows of one key, by start
public:
    WindowKeyCursor(SegmentedWindowStore& store, BytesView key, std::int64_t from, std::int64_t to,
                    bool forward);
    bool valid() const override { return at_ < found_.size(); }
    void next() override;
    BytesView key() const override { return key_.view().first(key_.size() - kWindowSuffixBytes); }
    std::int64_t window_start() const override { return found_[at_].start; }
    ValueAndTimestamp value() const override;

private:
    struct Found {
        std::int64_t start;
        std::int32_t seq;
    };
    const Entry* entry() const;  // of at_; null: erased meanwhile
    void settle();

    SegmentedWindowStore& store_;
    mutable ByteSink key_;  // the window key of what was looked up last
    std::uint64_t hash_;
    std::vector<Found> found_;
    std::size_t at_ = 0;
};

class WindowScanCursor final
    : public WindowCursor {  // all keys, segment by segment in the order of the store
public:
    WindowScanCursor(SegmentedWindowStore& store, std::int64_t from, std::int64_t to, bool forward);
    bool valid() const override { return valid_; }
    void next() override;
    BytesView key() const override { return key_of_window_key(key_.view()); }
    std::int64_t window_start() const override { return start_of_window_key(key_.view()); }
    ValueAndTimestamp value() const override;

private:
    bool open_next();  // the next segment; false: there is none
    void settle();

    SegmentedWindowStore& store_;
    std::int64_t from_, to_;
    bool forward_, valid_ = false;
    std::vector<std::int64_t> segments_;  // ids to come, the next one last
    std::int64_t id_ = 0;
    std::unique_ptr<TableScan> scan_;
    ByteSink key_;
};

}  // namespace millrace::state
