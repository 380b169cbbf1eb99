#pragma once
// A session store over segments, keyed by (key, end, start) and segmented by the end. It behaves as
// Kafka's RocksDBSessionStore or, when not persistent, as InMemorySessionStore (streams-semantics
// §5.3):
//
//   put       refused, counted and logged as in a window store, by the session's end; null removes
//   remove    never refused
//   reads     hide end <= time - retention; the scan over all keys of a time-ordered store hides
//   nothing (§11.2) order     of one key: end, then start. Of all keys: segment, key, end, start;
//   in memory end, key, start; time ordered
//             end, start, key
#include "millrace/state/provider.h"
#include "millrace/state/session/session_key.h"
#include "millrace/state/window/segments.h"

namespace millrace::state {

class SegmentedSessionStore final : public SessionStore {
public:
    // `disk`: null when there is no directory, and for the kind in memory.
    explicit SegmentedSessionStore(SessionSpec spec, std::unique_ptr<StoreDisk> disk = nullptr);

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

    std::int64_t retention_ms() const override { return spec_.retention_ms; }
    std::int64_t observed_stream_time() const override { return segments_.clocks().time; }
    std::optional<ValueAndTimestamp> fetch(const HashedKey& key, std::int64_t start,
                                           std::int64_t end) override;
    void put(const HashedKey& key, std::int64_t start, std::int64_t end, MaybeBytes value,
             Timestamp timestamp) override;
    void remove(const HashedKey& key, std::int64_t start, std::int64_t end,
                Timestamp timestamp) override;
    std::unique_ptr<SessionCursor> find(BytesView key, std::int64_t earliest_end,
                                        std::int64_t latest_start, bool forward) override;
    std::unique_ptr<SessionCursor> find_all(std::int64_t earliest_end, std::int64_t latest_end,
                                            bool forward) override;

private:
    bool live(std::int64_t end) const;
    std::int64_t visible_from() const {
        return segments_.clocks().time - spec_.retention_ms + 1;
    }  // by the end
    BytesView session_key(BytesView key, std::int64_t start, std::int64_t end) {
        write_session_key(scratch_, key, start, end);
        return scratch_.view();
    }

    SessionSpec spec_;
    ChangeLog* log_ = nullptr;
    Segments segments_;
    std::int64_t expired_puts_ = 0;
    ByteSink scratch_;
};

}  // namespace millrace::state
