#include "millrace/state/cache/caching_key_value_store.h"

#include "millrace/base/check.h"
#include "millrace/state/table/table_scan.h"

namespace millrace::state {
namespace {

class CachedCursor final
    : public KeyValueCursor {  // two ordered sources; a deletion in the cache hides the key below
public:
    CachedCursor(UpdateCache& cache, TableScan scan, std::unique_ptr<KeyValueCursor> below,
                 bool forward)
        : cache_(cache), scan_(std::move(scan)), below_(std::move(below)), forward_(forward) {
        settle();
    }
    bool valid() const override { return valid_; }
    void next() override {
        if (!valid_) return;
        from_cache_ ? scan_.next() : below_->next();
        settle();
    }
    BytesView key() const override { return key_.view(); }
    ValueAndTimestamp value() const override {
        if (const Entry* e = cache_.find(hash_bytes(key_.view()), key_.view())) {
            const auto update = UpdateCache::read(*e);
            return {update.value.value_or(BytesView{}), update.timestamp};
        }
        if (from_cache_) return {{}, Timestamp{-1}};  // flushed under us
        return below_->value();
    }

private:
    void settle() {
        for (;;) {
            Entry* e = scan_.entry();
            while (!e && !scan_.ended()) {
                scan_.next();
                e = scan_.entry();
            }
            valid_ = e || below_->valid();
            if (!valid_) return;
            int order = !e ? 1 : !below_->valid() ? -1 : compare(e->key(), below_->key());
            if (!forward_ && e && below_->valid()) order = -order;
            if (order == 0) below_->next();
            from_cache_ = order <= 0;
            if (from_cache_ && !UpdateCache::read(*e).value) {
                scan_.next();
                continue;
            }
            key_.clear();
            key_.append(from_cache_ ? e->key() : below_->key());
            return;
        }
    }

    UpdateCache& cache_;
    TableScan scan_;
    std::unique_ptr<KeyValueCursor> below_;
    bool forward_, valid_ = false, from_cache_ = false;
    ByteSink key_;
};

}  // namespace

void CachingKeyValueStore::flush() {
    cache_.drain([&](BytesView key, std::uint64_t hash, const UpdateCache::Update& update) {
        const HashedKey hashed(key, hash);
        if (!listener_) return below_->put(hashed, update.value, update.timestamp);
        std::optional<ValueAndTimestamp> old;
        const bool wants_old = listener_->wants_old_values();
        if (!update.value || wants_old) old = below_->get(hashed);
        if (!update.value && !old)
            return;  // made and deleted between two flushes: as if it had never been
        Bytes kept;  // the put below may overwrite what the old value's view shows
        if (old && wants_old) {
            kept = Bytes::copy(old->value);
            old->value = kept.view();
        }
        below_->put(hashed, update.value, update.timestamp);
        if (!wants_old) old.reset();
        listener_->flushed({key, update.value, update.timestamp, old, update.headers});
    });
}

void CachingKeyValueStore::seal() {
    MR_CHECK(cache_.empty());
    below_->seal();
}

MemoryUse CachingKeyValueStore::memory() const {
    MemoryUse use = below_->memory();
    use.uncommitted += cache_.bytes();
    return use;
}

std::optional<ValueAndTimestamp> CachingKeyValueStore::get(const HashedKey& key) {
    if (const Entry* e = cache_.find(key.hash, key.key)) {
        const auto update = UpdateCache::read(*e);
        if (!update.value) return {};
        return ValueAndTimestamp{*update.value, update.timestamp};
    }
    return below_->get(key);
}

void CachingKeyValueStore::put(const HashedKey& key, MaybeBytes value, Timestamp timestamp) {
    if (cache_.put(key.hash, key.key, value, timestamp,
                   listener_ ? listener_->headers() : BytesView{}))
        flush();
}

std::unique_ptr<KeyValueCursor> CachingKeyValueStore::range(std::optional<BytesView> from,
                                                            std::optional<BytesView> to,
                                                            bool forward) {
    if (!index_) index_ = std::make_unique<SortedIndex>(cache_.table(), KeyOrder::Bytes);
    return std::make_unique<CachedCursor>(cache_,
                                          TableScan(cache_.table(), *index_, from, to, forward),
                                          below_->range(from, to, forward), forward);
}

}  // namespace millrace::state
