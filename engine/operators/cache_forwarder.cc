#include "millrace/engine/operators/cache_forwarder.h"

namespace millrace::engine {

void CacheForwarder::attach(TaskContext& context, TaskStore& store, const TypeOps& key,
                            const Codec* key_codec, const TypeOps& value, bool window_key) {
    if (!store.listen) return;  // not cached
    context_ = &context;
    window_key_ = window_key;
    keys_.set_type(key, key_codec);
    values_.set_type(value, store.value_codec);
    rows_.origin[0] = 0;
    store.listen(this);
}

void CacheForwarder::flushed(const state::CacheFlush& flush) {
    static constexpr Row kFirst = 0;
    constexpr std::size_t kSequenceBytes = 4;
    keys_.reset();
    values_.reset();
    const std::size_t key_size = flush.key.size() - (window_key_ ? kSequenceBytes : 0);
    keys_[0].set_bytes(keys_.arena().copy(flush.key.first(key_size)));
    if (flush.value)
        values_[0].set_bytes(values_.arena().copy(*flush.value));
    else
        values_.set_null(0);
    rows_.timestamp[0] = flush.timestamp.value();
    rows_.headers[0] = flush.headers.empty() ? BytesView{} : values_.arena().copy(flush.headers);
    // Flushes come one by one, whatever run is under way.
    const bool one_by_one = std::exchange(context_->one_by_one, true);
    node_.forward(Run{&rows_, &keys_, &values_, nullptr, &kFirst, 1});
    context_->one_by_one = one_by_one;
}

}  // namespace millrace::engine
