#include "millrace/state/kv/table_key_value_store.h"

#include <algorithm>

#include "millrace/state/kv/merged_cursor.h"

namespace millrace::state {

TableKeyValueStore::TableKeyValueStore(KeyValueSpec spec, StoreRuns* runs)
    : spec_(std::move(spec)), runs_(runs), table_(runs != nullptr) {}

Result<void> TableKeyValueStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    table_.restore(hash_bytes(key), key, value, timestamp);
    return {};
}

MemoryUse TableKeyValueStore::memory() const {
    MemoryUse use;
    use.uncommitted = table_.uncommitted_bytes();
    use.committed = runs_ ? table_.committed_bytes() : table_.bytes() - use.uncommitted;
    use.clean = table_.bytes() - use.uncommitted - use.committed;
    return use;
}

SortedIndex& TableKeyValueStore::index() {
    if (!index_) index_ = std::make_unique<SortedIndex>(table_, KeyOrder::Bytes);
    return *index_;
}

std::optional<ValueAndTimestamp> TableKeyValueStore::read_through(const HashedKey& key) {
    if (const Entry* e = table_.find(key.hash, key.key)) return Table::newest(*e);  // a tombstone
    if (auto loaded = load({&key, 1}); !loaded) {
        failure_ = std::move(loaded).error();
        return {};
    }
    return Table::newest(*table_.find(key.hash, key.key));
}

void TableKeyValueStore::needs_read(std::span<const HashedKey> keys,
                                    std::vector<HashedKey>& missing) const {
    if (table_.complete()) return;
    for (const HashedKey& key : keys)
        if (!table_.find(key.hash, key.key)) missing.push_back(key);
}

Result<void> TableKeyValueStore::load(std::span<const HashedKey> keys) {
    std::vector<HashedKey> sorted(keys.begin(), keys.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const HashedKey& a, const HashedKey& b) { return compare(a.key, b.key) < 0; });
    std::vector<BytesView> views;
    for (const HashedKey& key : sorted) views.push_back(key.key);
    std::vector<std::optional<StoredValue>> values;
    MR_TRY_VOID(runs_->multi_get(kWholeStore, views, values));
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (table_.find(sorted[i].hash, sorted[i].key))
            continue;  // written meanwhile, or twice in the list
        MaybeBytes value;
        if (values[i]) value = values[i]->value.view();
        table_.load_clean(sorted[i].hash, sorted[i].key, value,
                          values[i] ? values[i]->timestamp : Timestamp{-1});
    }
    return {};
}

std::unique_ptr<KeyValueCursor> TableKeyValueStore::range(std::optional<BytesView> from,
                                                          std::optional<BytesView> to,
                                                          bool forward) {
    std::unique_ptr<StoredCursor> stored;
    if (!table_.complete()) stored = runs_->cursor(kWholeStore);
    return std::make_unique<MergedCursor>(table_, index(), std::move(stored), from, to, forward,
                                          failure_);
}

}  // namespace millrace::state
