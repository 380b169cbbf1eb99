#pragma once
// A window store over segments, keyed by (key, start, seq). It behaves as Kafka's
// RocksDBWindowStore or, when not persistent, as InMemoryWindowStore (streams-semantics §5.3,
// §11.12):
//
//   put       persistent: refused once the segment (max(retention / 2, 60 s)) is gone; in memory:
//   at start <= time - retention.
//             A refused put counts, and is logged all the same. With duplicates a null value stores
//             nothing, but is logged and uses a sequence number.
//   reads     hide start <= time - retention (time ordered: start < time - retention), whichever
//   kind.
#include "millrace/state/provider.h"
#include "millrace/state/window/segments.h"
#include "millrace/state/window/window_order.h"

namespace millrace::state {

class SegmentedWindowStore final : public WindowStore {
public:
    // `disk`: null when there is no directory, and for the kind in memory.
    explicit SegmentedWindowStore(WindowSpec spec, std::unique_ptr<StoreDisk> disk = nullptr);

    const std::string& name() const override { return spec_.name; }
    bool persistent() const override { return spec_.persistent; }
    void set_changelog(ChangeLog* log) override { log_ = log; }
    void seal() override { segments_.seal(); }
    void committed() override { segments_.committed(); }
    void aborted() override { segments_.aborted(); }
    Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) override;
    MemoryUse memory() const override { return segments_.memory(); }
    std::int64_t expired_puts() const override { return expired_puts_; }
    const std::optional<Error>& failure() const override { return segments_.failure(); }
    DurableState* durable() override { return segments_.durable(); }

    std::int64_t window_size_ms() const override { return spec_.window_size_ms; }
    std::int64_t retention_ms() const override { return spec_.retention_ms; }
    std::int64_t observed_stream_time() const override { return segments_.clocks().time; }
    void prefetch(const HashedKey& key, std::int64_t window_start) override;
    std::optional<ValueAndTimestamp> fetch(const HashedKey& key,
                                           std::int64_t window_start) override;
    void put(const HashedKey& key, std::int64_t window_start, MaybeBytes value,
             Timestamp timestamp) override;
    bool count(std::span<Counted> run, std::int64_t window_start) override;
    std::unique_ptr<WindowCursor> fetch(BytesView key, std::int64_t from, std::int64_t to,
                                        bool forward) override;
    std::unique_ptr<WindowCursor> fetch_all(std::int64_t from, std::int64_t to,
                                            bool forward) override;

private:
    bool live(std::int64_t start) const;
    std::int64_t visible_from() const {  // reads hide what starts before
        return segments_.clocks().time - spec_.retention_ms + (spec_.time_ordered ? 0 : 1);
    }
    BytesView window_key(BytesView key, std::int64_t start, std::int32_t seq) {
        write_window_key(scratch_, key, start, seq);
        return scratch_.view();
    }

    WindowSpec spec_;
    ChangeLog* log_ = nullptr;
    Segments segments_;
    std::int64_t expired_puts_ = 0;
    ByteSink scratch_;
};

}  // namespace millrace::state
