#pragma once
// A window store: a table per segment of time, keyed by (key, start, seq), dropped whole at expiry.
// It behaves as Kafka's RocksDBWindowStore or, when not persistent, as InMemoryWindowStore
// (streams-semantics §5.3, §11.12):
//
//   put       persistent: refused once the segment (max(retention / 2, 60 s)) is gone; in memory:
//   at start <= time - retention.
//             A refused put counts, and is logged all the same. With duplicates a null value stores
//             nothing, but is logged and uses a sequence number.
//   reads     hide start <= time - retention (time ordered: start < time - retention), whichever
//   kind.
//
// Time is the greatest start put, also by restore; it is rolled back by an abort, so nothing
// expires on behalf of a transaction that did not commit: segments go when the transaction that
// outdated them commits.
#include <map>
#include <memory>

#include "millrace/state/provider.h"
#include "millrace/state/spill/store_disk.h"
#include "millrace/state/store.h"
#include "millrace/state/window/segment.h"
#include "millrace/state/window/window_order.h"

namespace millrace::state {

class SegmentedWindowStore final : public WindowStore, private SpillingStore {
public:
    // `disk`: null when there is no directory, and for the kind in memory.
    explicit SegmentedWindowStore(WindowSpec spec, std::unique_ptr<StoreDisk> disk = nullptr);
    ~SegmentedWindowStore() override;

    const std::string& name() const override { return spec_.name; }
    bool persistent() const override { return spec_.persistent; }
    void set_changelog(ChangeLog* log) override { log_ = log; }
    void seal() override;
    void committed() override;
    void aborted() override;
    Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) override;
    MemoryUse memory() const override;
    std::int64_t expired_puts() const override { return expired_puts_; }
    const std::optional<Error>& failure() const override;
    DurableState* durable() override { return disk_.get(); }

    std::int64_t window_size_ms() const override { return spec_.window_size_ms; }
    std::int64_t retention_ms() const override { return spec_.retention_ms; }
    std::int64_t observed_stream_time() const override { return clocks_.time; }
    void prefetch(const HashedKey& key, std::int64_t window_start) override;
    std::optional<ValueAndTimestamp> fetch(const HashedKey& key,
                                           std::int64_t window_start) override;
    void put(const HashedKey& key, std::int64_t window_start, MaybeBytes value,
             Timestamp timestamp) override;
    std::unique_ptr<WindowCursor> fetch(BytesView key, std::int64_t from, std::int64_t to,
                                        bool forward) override;
    std::unique_ptr<WindowCursor> fetch_all(std::int64_t from, std::int64_t to,
                                            bool forward) override;

    const WindowSpec& spec() const { return spec_; }
    std::int64_t segment_id(std::int64_t start) const { return order_.segment_id(start); }
    std::int64_t visible_from() const {  // reads hide what starts before
        return clocks_.time - spec_.retention_ms + (spec_.time_ordered ? 0 : 1);
    }

    // What an abort rolls back besides the tables; spilled with them.
    struct Clocks {
        std::int64_t time = -1;  // observed stream time, ms; -1: nothing put yet
        std::int32_t seq = 0;    // of the last put, where duplicates are kept
    };

private:
    friend class WindowKeyCursor;
    friend class WindowScanCursor;

    // SpillingStore
    StoreDisk& disk() override { return *disk_; }
    MemoryUse memory_use() const override { return memory(); }
    void freeze(SpillPart& part) override;
    void thaw(bool spilled) override;
    std::int64_t evict(std::int64_t bytes) override;
    void clear() override;

    void open_runs();
    // Brings what only the runs have of these windows into memory, as clean entries. `key`: all
    // keys.
    void load_range(std::int64_t id, Segment& segment, std::optional<BytesView> key,
                    std::int64_t from, std::int64_t to);
    void clear_segments_below(std::int64_t id);
    bool live(std::int64_t start, const Clocks& clocks) const;
    Segment* segment_at(std::int64_t id) {  // null: nothing is in memory
        if (id == last_id_) return last_;
        return find_segment(id);
    }
    Segment* find_segment(std::int64_t id);
    Segment& make_segment(std::int64_t id);
    BytesView window_key(BytesView key, std::int64_t start, std::int32_t seq) {
        write_window_key(scratch_, key, start, seq);
        return scratch_.view();
    }
    static std::uint64_t hash_of(std::uint64_t key_hash, std::int64_t start, std::int32_t seq) {
        const std::uint64_t h =
            key_hash ^
            (static_cast<std::uint64_t>(start) + 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL ^
            static_cast<std::uint64_t>(static_cast<std::uint32_t>(seq)) * 0xff51afd7ed558ccdULL;
        return (h ^ (h >> 32)) * 0x9e3779b97f4a7c15ULL;
    }
    static std::uint64_t hash_of(BytesView window_key) {
        return hash_of(hash_bytes(key_of_window_key(window_key)), start_of_window_key(window_key),
                       seq_of_window_key(window_key));
    }

    WindowSpec spec_;
    std::unique_ptr<StoreDisk> disk_;
    ChangeLog* log_ = nullptr;
    WindowOrder order_;
    std::map<std::int64_t, std::shared_ptr<Segment>> segments_;  // shared with a spill
    std::vector<std::shared_ptr<Segment>> spilling_;
    std::int64_t last_id_ = INT64_MIN;
    Segment* last_ = nullptr;
    Clocks clocks_, in_flight_clocks_, committed_clocks_;
    bool in_flight_ = false;
    std::int64_t expired_puts_ = 0, puts_ = 0, sealed_puts_ = 0;
    ByteSink scratch_;
    std::optional<Error> failure_;
};

}  // namespace millrace::state
