#pragma once
// A key-value store under a cache (CachingKeyValueStore). Reads merge both; the cache wins.
#include "millrace/state/cache/cache.h"

namespace millrace::state {

class CachingKeyValueStore final : public KeyValueStore {
public:
    CachingKeyValueStore(std::unique_ptr<KeyValueStore> below, CacheBudget* budget)
        : below_(std::move(below)), cache_(budget) {}

    void set_listener(CacheListener* listener) { listener_ = listener; }
    void flush() override;  // before the commit's seal()
    KeyValueStore& below() { return *below_; }

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
    bool complete() const override { return below_->complete(); }
    void needs_read(std::span<const HashedKey> keys,
                    std::vector<HashedKey>& missing) const override {
        below_->needs_read(keys, missing);
    }
    Result<void> load(std::span<const HashedKey> keys) override { return below_->load(keys); }

    void prefetch(const HashedKey& key) override {
        cache_.table().prefetch(key.hash);
        below_->prefetch(key);
    }
    std::optional<ValueAndTimestamp> get(const HashedKey& key) override;
    void put(const HashedKey& key, MaybeBytes value, Timestamp timestamp) override;
    std::unique_ptr<KeyValueCursor> range(std::optional<BytesView> from,
                                          std::optional<BytesView> to, bool forward) override;
    std::int64_t approximate_num_entries() const override {
        return below_->approximate_num_entries();
    }

private:
    std::unique_ptr<KeyValueStore> below_;
    std::unique_ptr<SortedIndex> index_;  // outlives the cache, which tells it what goes
    UpdateCache cache_;
    CacheListener* listener_ = nullptr;
};

}  // namespace millrace::state
