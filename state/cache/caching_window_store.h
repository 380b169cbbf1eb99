#pragma once
// A window store under a cache (CachingWindowStore), for stores without duplicates. Reads merge
// both in the order of the store below; as in Kafka, what lies in the cache is not hidden by
// retention.
#include "millrace/state/cache/cache.h"
#include "millrace/state/window/segmented_window_store.h"

namespace millrace::state {

class CachingWindowStore final : public WindowStore {
public:
    // `spec` is that of the store below: it decides the order of scans.
    CachingWindowStore(std::unique_ptr<WindowStore> below, const WindowSpec& spec,
                       CacheBudget* budget);

    void set_listener(CacheListener* listener) {
        listener_ = listener;
    }                       // keys: key || start || seq
    void flush() override;  // before the commit's seal()
    WindowStore& below() { return *below_; }

    const std::string& name() const override { return below_->name(); }
    bool persistent() const override { return below_->persistent(); }
    void set_changelog(ChangeLog* log) override { below_->set_changelog(log); }
    void seal() override;
    void committed() override { below_->committed(); }
    void aborted() override {
        cache_.clear();
        below_->aborted();
    }
    Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) override {
        return below_->restore(key, value, timestamp);
    }
    MemoryUse memory() const override;
    std::int64_t expired_puts() const override { return below_->expired_puts(); }
    const std::optional<Error>& failure() const override { return below_->failure(); }
    DurableState* durable() override { return below_->durable(); }

    std::int64_t window_size_ms() const override { return below_->window_size_ms(); }
    std::int64_t retention_ms() const override { return below_->retention_ms(); }
    std::int64_t observed_stream_time() const override { return below_->observed_stream_time(); }
    void prefetch(const HashedKey& key, std::int64_t window_start) override;
    std::optional<ValueAndTimestamp> fetch(const HashedKey& key,
                                           std::int64_t window_start) override;
    void put(const HashedKey& key, std::int64_t window_start, MaybeBytes value,
             Timestamp timestamp) override;
    std::unique_ptr<WindowCursor> fetch(BytesView key, std::int64_t from, std::int64_t to,
                                        bool forward) override;
    std::unique_ptr<WindowCursor> fetch_all(std::int64_t from, std::int64_t to,
                                            bool forward) override;

private:
    BytesView window_key(BytesView key, std::int64_t start) {
        write_window_key(scratch_, key, start, 0);
        return scratch_.view();
    }

    std::unique_ptr<WindowStore> below_;
    WindowOrder order_;
    std::unique_ptr<RunIndex> runs_;  // outlives the cache, which tells it what goes
    UpdateCache cache_;
    CacheListener* listener_ = nullptr;
    ByteSink scratch_;
};

}  // namespace millrace::state
