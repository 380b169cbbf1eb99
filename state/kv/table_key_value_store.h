#pragma once
// A key-value store, plain or timestamped: one table, a sorted index from the first range call on,
// and perhaps sorted runs. Changelog (streams-semantics §5.2): key, value without its timestamp,
// which is the record's; a delete is a null value.
#include <memory>

#include "millrace/state/provider.h"
#include "millrace/state/runs/store_runs.h"
#include "millrace/state/store.h"
#include "millrace/state/table/sorted_index.h"
#include "millrace/state/table/table.h"

namespace millrace::state {

class TableKeyValueStore final : public KeyValueStore {
public:
    // `runs`: null when there is no directory. It outlives the store.
    explicit TableKeyValueStore(KeyValueSpec spec, StoreRuns* runs = nullptr);

    const std::string& name() const override { return spec_.name; }
    bool persistent() const override { return spec_.persistent; }
    void set_changelog(ChangeLog* log) override { log_ = log; }
    void seal() override { table_.seal(); }
    void committed() override { table_.committed(); }
    void aborted() override { table_.aborted(); }
    Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) override;
    MemoryUse memory() const override;
    std::int64_t expired_puts() const override { return 0; }
    const std::optional<Error>& failure() const override { return failure_; }

    void prefetch(const HashedKey& key) override { table_.prefetch(key.hash); }
    std::optional<ValueAndTimestamp> get(const HashedKey& key) override {
        if (auto found = table_.get(key.hash, key.key); found || table_.complete()) [[likely]]
            return found;
        return read_through(key);
    }
    void put(const HashedKey& key, MaybeBytes value, Timestamp timestamp) override {
        table_.put(key.hash, key.key, value, timestamp);
        if (log_) log_->log(key.key, value, timestamp);
    }
    std::unique_ptr<KeyValueCursor> range(std::optional<BytesView> from,
                                          std::optional<BytesView> to, bool forward) override;
    std::int64_t approximate_num_entries() const override { return table_.live(); }

    // Keys of a run that only the sorted runs can answer; load() asks for them in one go.
    void needs_read(std::span<const HashedKey> keys, std::vector<HashedKey>& missing) const;
    Result<void> load(std::span<const HashedKey> keys);

    const KeyValueSpec& spec() const { return spec_; }
    Table& table() { return table_; }

private:
    std::optional<ValueAndTimestamp> read_through(const HashedKey& key);
    SortedIndex& index();

    KeyValueSpec spec_;
    StoreRuns* runs_;
    ChangeLog* log_ = nullptr;
    Table table_;
    std::unique_ptr<SortedIndex> index_;
    std::optional<Error> failure_;
};

}  // namespace millrace::state
