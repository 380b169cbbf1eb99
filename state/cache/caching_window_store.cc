#include "millrace/state/cache/caching_window_store.h"

#include <algorithm>

#include "millrace/base/check.h"

namespace millrace::state {
namespace {

class CachedWindowCursor final : public WindowCursor {
public:
    // `keys`: window keys in the cache, in the order of the scan.
    CachedWindowCursor(UpdateCache& cache, std::vector<Bytes> keys,
                       std::unique_ptr<WindowCursor> below, const WindowOrder& order, bool forward,
                       bool one_key)
        : cache_(cache),
          keys_(std::move(keys)),
          below_(std::move(below)),
          order_(order),
          forward_(forward),
          one_key_(one_key) {
        settle();
    }
    bool valid() const override { return valid_; }
    void next() override {
        if (!valid_) return;
        if (from_cache_)
            ++at_;
        else
            below_->next();
        settle();
    }
    BytesView key() const override { return key_of_window_key(key_.view()); }
    std::int64_t window_start() const override { return start_of_window_key(key_.view()); }
    ValueAndTimestamp value() const override {
        if (const Entry* e = cache_.find(hash_bytes(key_.view()), key_.view())) {
            const auto update = UpdateCache::read(*e);
            return {update.value.value_or(BytesView{}), update.timestamp};
        }
        if (from_cache_) return {{}, Timestamp{-1}};  // flushed under us
        return below_->value();
    }

private:
    int compare_heads(BytesView a, BytesView b) const {
        return one_key_ ? compare(a.last(kWindowSuffixBytes), b.last(kWindowSuffixBytes))
                        : order_.compare_window_keys(a, b);
    }
    void settle() {
        for (;;) {
            const bool cached = at_ < keys_.size();
            valid_ = cached || below_->valid();
            if (!valid_) return;
            int order = cached ? -1 : 1;
            if (below_->valid()) {
                write_window_key(below_key_, below_->key(), below_->window_start(), 0);
                if (cached) {
                    order = compare_heads(keys_[at_].view(), below_key_.view());
                    if (!forward_) order = -order;
                }
            }
            if (order == 0) below_->next();
            from_cache_ = order <= 0;
            if (from_cache_) {
                const Entry* e = cache_.find(hash_bytes(keys_[at_].view()), keys_[at_].view());
                if (!e || !UpdateCache::read(*e).value) {
                    ++at_;
                    continue;
                }
            }
            key_.clear();
            key_.append(from_cache_ ? keys_[at_].view() : below_key_.view());
            return;
        }
    }

    UpdateCache& cache_;
    std::vector<Bytes> keys_;
    std::size_t at_ = 0;
    std::unique_ptr<WindowCursor> below_;
    WindowOrder order_;
    bool forward_, one_key_, valid_ = false, from_cache_ = false;
    ByteSink key_, below_key_;
};

}  // namespace

CachingWindowStore::CachingWindowStore(std::unique_ptr<WindowStore> below, const WindowSpec& spec,
                                       CacheBudget* budget)
    : below_(std::move(below)), order_(spec), cache_(budget) {
    MR_CHECK(!spec.retain_duplicates);
}

void CachingWindowStore::flush() {
    cache_.drain([&](BytesView window_key, std::uint64_t, const UpdateCache::Update& update) {
        const HashedKey key(key_of_window_key(window_key));
        const std::int64_t start = start_of_window_key(window_key);
        if (!listener_) return below_->put(key, start, update.value, update.timestamp);
        std::optional<ValueAndTimestamp> old;
        const bool wants_old = listener_->wants_old_values();
        if (!update.value || wants_old) old = below_->fetch(key, start);
        if (!update.value && !old) return;
        Bytes kept;  // the put below may overwrite what the old value's view shows
        if (old && wants_old) {
            kept = Bytes::copy(old->value);
            old->value = kept.view();
        }
        below_->put(key, start, update.value, update.timestamp);
        if (!wants_old) old.reset();
        listener_->flushed({window_key, update.value, update.timestamp, old, update.headers});
    });
}

void CachingWindowStore::seal() {
    MR_CHECK(cache_.empty());
    below_->seal();
}

MemoryUse CachingWindowStore::memory() const {
    MemoryUse use = below_->memory();
    use.uncommitted += cache_.bytes();
    return use;
}

void CachingWindowStore::prefetch(const HashedKey& key, std::int64_t start) {
    below_->prefetch(key, start);
}

std::optional<ValueAndTimestamp> CachingWindowStore::fetch(const HashedKey& key,
                                                           std::int64_t start) {
    const BytesView k = window_key(key.key, start);
    if (const Entry* e = cache_.find(hash_bytes(k), k)) {
        const auto update = UpdateCache::read(*e);
        if (!update.value) return {};
        return ValueAndTimestamp{*update.value, update.timestamp};
    }
    return below_->fetch(key, start);
}

void CachingWindowStore::put(const HashedKey& key, std::int64_t start, MaybeBytes value,
                             Timestamp timestamp) {
    const BytesView k = window_key(key.key, start);
    if (cache_.put(hash_bytes(k), k, value, timestamp,
                   listener_ ? listener_->headers() : BytesView{}))
        flush();
}

std::unique_ptr<WindowCursor> CachingWindowStore::fetch(BytesView key, std::int64_t from,
                                                        std::int64_t to, bool forward) {
    if (!runs_) runs_ = std::make_unique<RunIndex>(cache_.table(), kWindowSuffixBytes);
    std::vector<Entry*> entries;
    if (from <= to) runs_->collect(key, from, to, entries);
    std::vector<Bytes> keys;
    for (const Entry* e : entries) keys.push_back(Bytes::copy(e->key()));
    if (!forward) std::reverse(keys.begin(), keys.end());
    return std::make_unique<CachedWindowCursor>(
        cache_, std::move(keys), below_->fetch(key, from, to, forward), order_, forward, true);
}

std::unique_ptr<WindowCursor> CachingWindowStore::fetch_all(std::int64_t from, std::int64_t to,
                                                            bool forward) {
    std::vector<Bytes> keys;
    cache_.table().for_each([&](const Entry* e) {
        const std::int64_t start = start_of_window_key(e->key());
        if (start >= from && start <= to) keys.push_back(Bytes::copy(e->key()));
    });
    std::sort(keys.begin(), keys.end(), [&](const Bytes& a, const Bytes& b) {
        const int order = order_.compare_window_keys(a.view(), b.view());
        return forward ? order < 0 : order > 0;
    });
    return std::make_unique<CachedWindowCursor>(
        cache_, std::move(keys), below_->fetch_all(from, to, forward), order_, forward, false);
}

}  // namespace millrace::state
