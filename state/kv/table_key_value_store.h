#pragma once
// A key-value store, plain or timestamped: one table, a sorted index from the first range call on,
// and perhaps sorted runs. Changelog (streams-semantics §5.2): key, value without its timestamp,
// which is the record's; a delete is a null value.
#include <memory>

#include "millrace/state/provider.h"
#include "millrace/state/spill/store_disk.h"
#include "millrace/state/store.h"
#include "millrace/state/table/sorted_index.h"
#include "millrace/state/table/table.h"

namespace millrace::state {

class TableKeyValueStore final : public KeyValueStore, private SpillingStore {
public:
    // `disk`: null when there is no directory.
    explicit TableKeyValueStore(KeyValueSpec spec, std::unique_ptr<StoreDisk> disk = nullptr);
    ~TableKeyValueStore() override;

    const std::string& name() const override { return spec_.name; }
    bool persistent() const override { return spec_.persistent; }
    void set_changelog(ChangeLog* log) override { log_ = log; }
    void seal() override;
    void committed() override;
    void aborted() override;
    Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) override;
    MemoryUse memory() const override;
    std::int64_t expired_puts() const override { return 0; }
    const std::optional<Error>& failure() const override;
    DurableState* durable() override { return disk_.get(); }

    void prefetch(const HashedKey& key) override { table_->prefetch(key.hash); }
    std::optional<ValueAndTimestamp> get(const HashedKey& key) override {
        if (auto found = table_->get(key.hash, key.key); found || table_->complete()) [[likely]]
            return found;
        return read_through(key);
    }
    void put(const HashedKey& key, MaybeBytes value, Timestamp timestamp) override {
        table_->put(key.hash, key.key, value, timestamp);
        ++puts_;
        if (log_) log_->log(key.key, value, timestamp);
    }
    bool count(std::span<Counted> run) override;
    std::unique_ptr<KeyValueCursor> range(std::optional<BytesView> from,
                                          std::optional<BytesView> to, bool forward) override;
    std::int64_t approximate_num_entries() const override { return table_->live(); }

    bool complete() const override { return table_->complete(); }
    void needs_read(std::span<const HashedKey> keys,
                    std::vector<HashedKey>& missing) const override;
    Result<void> load(std::span<const HashedKey> keys) override;

    const KeyValueSpec& spec() const { return spec_; }
    Table& table() { return *table_; }

private:
    std::optional<ValueAndTimestamp> read_through(const HashedKey& key);
    SortedIndex& index();

    // SpillingStore
    StoreDisk& disk() override { return *disk_; }
    MemoryUse memory_use() const override { return memory(); }
    void freeze(SpillPart& part) override;
    void thaw(bool spilled) override;
    std::int64_t evict(std::int64_t bytes) override;
    void clear() override;

    KeyValueSpec spec_;
    std::unique_ptr<StoreDisk> disk_;
    ChangeLog* log_ = nullptr;
    std::shared_ptr<Table> table_;  // shared with a spill, which outlives a store that closes
    std::unique_ptr<SortedIndex> index_;
    std::int64_t puts_ = 0, sealed_puts_ = 0;  // since the last seal; sealed
    std::optional<Error> failure_;
};

}  // namespace millrace::state
