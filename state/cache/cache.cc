#include "millrace/state/cache/cache.h"

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"

namespace millrace::state {
namespace {
// In memory only: u64 sequence, u8 deleted, u32 size of the headers, headers, value.
constexpr std::size_t kFixed = 13;
constexpr std::int64_t kEntryOverhead = 25;  // as ThreadCache counts an entry's links
}  // namespace

UpdateCache::Update UpdateCache::read(const Entry& e) {
    const auto packed = Table::newest(e);
    MR_CHECK(packed && packed->value.size() >= kFixed);
    const BytesView bytes = packed->value;
    const auto headers = load_be<std::uint32_t>(bytes.data() + 9);
    Update update{{},
                  packed->timestamp,
                  bytes.subspan(kFixed, headers),
                  load_be<std::uint64_t>(bytes.data())};
    if (bytes[8] == std::byte{0}) update.value = bytes.subspan(kFixed + headers);
    return update;
}

bool UpdateCache::put(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp,
                      BytesView headers) {
    scratch_.clear();
    append_be(scratch_, next_sequence_);
    scratch_.push(value ? std::byte{0} : std::byte{1});
    append_be(scratch_, static_cast<std::uint32_t>(headers.size()));
    scratch_.append(headers);
    if (value) scratch_.append(*value);
    Entry* there = table_.find(hash, key);
    std::int64_t grown = static_cast<std::int64_t>(scratch_.size());
    if (there)
        grown -= static_cast<std::int64_t>(Table::newest(*there)->value.size());
    else
        grown += static_cast<std::int64_t>(key.size()) + kEntryOverhead;
    table_.put(hash, key, scratch_.view(), timestamp);
    order_.push_back({there ? there : table_.find(hash, key), next_sequence_++});
    account(grown);
    if (!draining_ && order_.size() > 2 * table_.size() + 1024)
        std::erase_if(order_,
                      [](const Ordered& o) { return read(*o.entry).sequence != o.sequence; });
    return budget_ && budget_->bytes > budget_->max_bytes && !draining_;
}

void UpdateCache::account(std::int64_t bytes) {
    bytes_ += bytes;
    if (budget_) budget_->bytes += bytes;
}

void UpdateCache::drain(const std::function<void(BytesView, std::uint64_t, const Update&)>& visit) {
    MR_CHECK(!draining_);
    draining_ = true;
    for (std::size_t i = 0; i < order_.size();
         ++i) {  // grows meanwhile, when visit puts into this very cache
        const Entry* e = order_[i].entry;
        const Update update = read(*e);
        if (update.sequence != order_[i].sequence) continue;
        // A copy: the listener may come back and update the very same key.
        drained_.clear();
        drained_.append(update.headers);
        if (update.value) drained_.append(*update.value);
        Update copy{
            {}, update.timestamp, drained_.view().first(update.headers.size()), update.sequence};
        if (update.value) copy.value = drained_.view().subspan(update.headers.size());
        visit(e->key(), e->hash, copy);
    }
    draining_ = false;
    clear();
}

void UpdateCache::clear() {
    order_.clear();
    table_.drop_uncommitted();
    account(-bytes_);
}

}  // namespace millrace::state
