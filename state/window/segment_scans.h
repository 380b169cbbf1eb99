#pragma once
// The two ways through segments: the entries of one key by time, and all of them in the order of
// the store. Both stay good while the store is written to: what was erased is passed over.
#include <functional>

#include "millrace/state/table/table_scan.h"
#include "millrace/state/window/segments.h"

namespace millrace::state {

class SegmentKeyScan {
public:
    // Times in [from, to], ascending when forward; `wanted` looks at the composite key (empty:
    // all).
    SegmentKeyScan(Segments& segments, BytesView key, std::int64_t from, std::int64_t to,
                   bool forward, const std::function<bool(BytesView)>& wanted = {});
    bool valid() const { return at_ < found_.size(); }
    void next();
    BytesView composite() const { return key_.view(); }
    ValueAndTimestamp value() const;

private:
    using Suffix = std::array<std::byte, 16>;
    void stand();  // key_ of at_
    const Entry* entry() const;

    Segments& segments_;
    ByteSink key_;
    std::vector<Suffix> found_;
    std::size_t at_ = 0;
};

class SegmentScan {
public:
    SegmentScan(Segments& segments, std::int64_t from, std::int64_t to, bool forward,
                std::function<bool(BytesView)> wanted = {});
    bool valid() const { return valid_; }
    void next();
    BytesView composite() const { return key_.view(); }
    ValueAndTimestamp value() const;

private:
    bool open_next();  // the next segment; false: there is none
    void settle();

    Segments& segments_;
    std::int64_t from_, to_;
    bool forward_, valid_ = false;
    std::function<bool(BytesView)> wanted_;
    std::vector<std::int64_t> ids_;  // to come, the next one last
    std::int64_t id_ = 0;
    std::unique_ptr<TableScan> scan_;
    ByteSink key_;
};

}  // namespace millrace::state
