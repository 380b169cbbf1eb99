#pragma once
// What window and session stores have in common (AbstractSegments): tables of composite keys, one
// per span of time, each dropped whole when it has expired; the observed stream time; spilling. A
// composite key is the plain key and a suffix that begins with the i64 time by which it is
// segmented (a window's start, a session's end).
//
// Time is the greatest one put, also by restore; it is rolled back by an abort, so nothing expires
// on behalf of a transaction that did not commit: segments go when the transaction that outdated
// them commits.
#include <map>
#include <memory>

#include "millrace/base/byte_order.h"
#include "millrace/state/spill/store_disk.h"
#include "millrace/state/store.h"
#include "millrace/state/window/segment.h"

namespace millrace::state {

struct SegmentsShape {
    std::int64_t retention_ms = 0;
    std::int64_t interval_ms = 60'000;
    std::size_t suffix_bytes = 12;
    KeyOrder order = KeyOrder::Bytes;  // of a scan, within a segment
    std::uint64_t (*hash)(BytesView composite) = nullptr;
};

class Segments final : private SpillingStore {
public:
    // What an abort rolls back besides the tables; spilled with them.
    struct Clocks {
        std::int64_t time = -1;  // observed stream time, ms; -1: nothing put yet
        std::int32_t seq = 0;    // of the last put, where duplicates are kept
    };

    Segments(const SegmentsShape& shape, std::unique_ptr<StoreDisk> disk);
    ~Segments() override;

    void seal();
    void committed();
    void aborted();
    MemoryUse memory() const;
    const std::optional<Error>& failure() const;
    DurableState* durable() { return disk_.get(); }

    const SegmentsShape& shape() const { return shape_; }
    Clocks& clocks() { return clocks_; }
    const Clocks& clocks() const { return clocks_; }
    void observe(std::int64_t time) { clocks_.time = std::max(clocks_.time, time); }
    std::int64_t id_of(std::int64_t time) const {
        return time / shape_.interval_ms;
    }  // rounds as Java does
    std::int64_t live_from() const { return id_of(clocks_.time - shape_.retention_ms); }
    std::int64_t time_of(BytesView composite) const {
        return load_be<std::int64_t>(composite.data() + composite.size() - shape_.suffix_bytes);
    }
    BytesView plain(BytesView composite) const {
        return composite.first(composite.size() - shape_.suffix_bytes);
    }

    Segment* at(std::int64_t id) {  // null: it holds nothing
        return id == last_id_ ? last_ : find(id);
    }
    // The newest version; asks the sorted runs when only they can tell.
    std::optional<ValueAndTimestamp> get(std::uint64_t hash, BytesView composite);
    void put(std::uint64_t hash, BytesView composite, MaybeBytes value, Timestamp timestamp);
    void count_put(std::int64_t records = 1) { puts_ += records; }
    Segment& at_or_new(std::int64_t id) {
        Segment* segment = at(id);
        return segment ? *segment : make(id);
    }
    // One changelog record of a live segment; the clocks are the caller's to move, before.
    void restore(BytesView composite, MaybeBytes value, Timestamp timestamp);
    void restored();  // the clocks are committed ones

    // Brings what only the runs have of these times into memory, as clean entries. `key`: of this
    // key alone.
    void load_range(std::int64_t id, Segment& segment, std::optional<BytesView> key,
                    std::int64_t from, std::int64_t to);
    std::map<std::int64_t, std::shared_ptr<Segment>>& all() { return segments_; }

private:
    StoreDisk& disk() override { return *disk_; }
    MemoryUse memory_use() const override { return memory(); }
    void freeze(SpillPart& part) override;
    void thaw(bool spilled) override;
    std::int64_t evict(std::int64_t bytes) override;
    void clear() override;

    Segment* find(std::int64_t id);
    Segment& make(std::int64_t id);
    void drop_below(std::int64_t id);
    void open_runs();

    SegmentsShape shape_;
    std::unique_ptr<StoreDisk> disk_;
    std::map<std::int64_t, std::shared_ptr<Segment>> segments_;  // shared with a spill
    std::vector<std::shared_ptr<Segment>> spilling_;
    std::shared_ptr<Segment> spare_;  // dropped: the next one made takes its memory over
    std::int64_t last_id_ = INT64_MIN;
    Segment* last_ = nullptr;
    Clocks clocks_, in_flight_clocks_, committed_clocks_;
    bool in_flight_ = false;
    std::int64_t puts_ = 0, sealed_puts_ = 0;
    std::optional<Error> failure_;
};

}  // namespace millrace::state
