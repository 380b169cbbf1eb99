#include "millrace/state/kv/table_key_value_store.h"

#include <algorithm>

#include "millrace/state/kv/merged_cursor.h"
#include "millrace/state/table/counting.h"

namespace millrace::state {

TableKeyValueStore::TableKeyValueStore(KeyValueSpec spec, std::unique_ptr<StoreDisk> disk)
    : spec_(std::move(spec)),
      disk_(std::move(disk)),
      table_(std::make_shared<Table>(disk_ != nullptr)) {
    if (!disk_) return;
    if (disk_->has_runs()) table_->set_has_runs();
    disk_->attach(*this);
}

TableKeyValueStore::~TableKeyValueStore() {
    if (disk_) disk_->detach();
}

void TableKeyValueStore::seal() {
    table_->seal();
    sealed_puts_ = puts_;
    puts_ = 0;
}

void TableKeyValueStore::committed() {
    table_->committed();
    if (disk_ && sealed_puts_ > 0) disk_->changed(sealed_puts_);
    sealed_puts_ = 0;
}

void TableKeyValueStore::aborted() {
    table_->aborted();
    puts_ = sealed_puts_ = 0;
}

Result<void> TableKeyValueStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    table_->restore(hash_bytes(key), key, value, timestamp);
    if (disk_) disk_->changed();
    return {};
}

MemoryUse TableKeyValueStore::memory() const {
    MemoryUse use;
    use.uncommitted = table_->uncommitted_bytes();
    use.committed = disk_ ? table_->committed_bytes() : table_->bytes() - use.uncommitted;
    use.clean = table_->bytes() - use.uncommitted - use.committed;
    return use;
}

const std::optional<Error>& TableKeyValueStore::failure() const {
    return failure_ || !disk_ ? failure_ : disk_->failure();
}

SortedIndex& TableKeyValueStore::index() {
    if (!index_) index_ = std::make_unique<SortedIndex>(*table_, KeyOrder::Bytes);
    return *index_;
}

bool TableKeyValueStore::count(std::span<Counted> run) {
    puts_ += static_cast<std::int64_t>(run.size());
    count_in(
        *table_, run, [](std::uint64_t hash) { return hash; },
        [](const Counted& record) { return WholeKey{record.key}; },
        [&](Counted& record, std::uint64_t hash) {
            const BytesView key = record.key;
            count_by_put(*table_, record, hash, key, get(HashedKey(key, hash)));
        });
    log_counted(log_, run);
    return true;
}

// ---- reading what is not in memory
// ----------------------------------------------------------------------------------

std::optional<ValueAndTimestamp> TableKeyValueStore::read_through(const HashedKey& key) {
    if (const Entry* e = table_->find(key.hash, key.key)) return Table::newest(*e);  // a tombstone
    if (auto loaded = load({&key, 1}); !loaded) {
        failure_ = std::move(loaded).error();
        return {};
    }
    return Table::newest(*table_->find(key.hash, key.key));
}

void TableKeyValueStore::needs_read(std::span<const HashedKey> keys,
                                    std::vector<HashedKey>& missing) const {
    if (table_->complete()) return;
    for (const HashedKey& key : keys)
        if (!table_->find(key.hash, key.key)) missing.push_back(key);
}

Result<void> TableKeyValueStore::load(std::span<const HashedKey> keys) {
    if (table_->complete()) return {};
    std::vector<HashedKey> sorted(keys.begin(), keys.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const HashedKey& a, const HashedKey& b) { return compare(a.key, b.key) < 0; });
    std::vector<BytesView> views;
    for (const HashedKey& key : sorted) views.push_back(key.key);
    std::vector<std::optional<StoredValue>> values;
    MR_TRY_VOID(disk_->multi_get(kWholeStore, views, values));
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (table_->find(sorted[i].hash, sorted[i].key))
            continue;  // written meanwhile, or twice in the list
        MaybeBytes value;
        if (values[i]) value = values[i]->value.view();
        table_->load_clean(sorted[i].hash, sorted[i].key, value,
                           values[i] ? values[i]->timestamp : Timestamp{-1});
    }
    return {};
}

std::unique_ptr<KeyValueCursor> TableKeyValueStore::range(std::optional<BytesView> from,
                                                          std::optional<BytesView> to,
                                                          bool forward) {
    std::unique_ptr<StoredCursor> stored;
    if (!table_->complete()) stored = disk_->cursor(kWholeStore);
    return std::make_unique<MergedCursor>(*table_, index(), std::move(stored), from, to, forward,
                                          failure_);
}

// ---- spilling
// -------------------------------------------------------------------------------------------------------

void TableKeyValueStore::freeze(SpillPart& part) {
    part.frozen.push_back(
        {disk_->prefix(kWholeStore), table_, &table_->freeze(), StoredOrder::AsIs});
    disk_->begin(part, -1, 0);
}

void TableKeyValueStore::thaw(bool spilled) {
    spilled ? table_->spilled() : table_->spill_failed();
    disk_->end(spilled);
}

std::int64_t TableKeyValueStore::evict(std::int64_t bytes) {
    constexpr std::size_t kSlotsPerTurn = 65'536;  // some hundreds of microseconds at most
    return table_->evict(bytes, kSlotsPerTurn);
}

void TableKeyValueStore::clear() {
    index_.reset();
    table_ = std::make_shared<Table>(true);
    puts_ = sealed_puts_ = 0;
}

}  // namespace millrace::state
