#pragma once
// Tables on key-value stores: the source of a table, and the lookup of a stream in one.
#include "millrace/engine/operators/cache_forwarder.h"
#include "millrace/engine/operators/node.h"
#include "millrace/engine/operators/stateless.h"
#include "millrace/engine/operators/task_context.h"

namespace millrace::engine {

// The keys of a run in a store's format, hashed, their slots prefetched before the first is read.
class RunKeys {
public:
    // Null keys are skipped. A key that does not deserialise leaves its cell bad and is skipped
    // too.
    void hash(const Run& run, const Codec& codec);
    // Cold keys are read in one go, the slots of the others prefetched (`hint`: unless the store
    // does it itself).
    Result<void> prefetch(const Run& run, state::KeyValueStore& store, bool hint = true);
    // One key of it, for who goes over the run once. Nothing: null, or bad (its cell says which).
    // `same`: the column's format is the codec's.
    std::optional<BytesView> read(const Run& run, const Codec& codec, bool same, Row row) {
        const Cell& cell = (*run.keys)[row];
        if (same && (cell.state & Cell::HasBytes)) [[likely]]
            return cell.bytes();
        return convert(run, codec, same, row);
    }
    void begin() { arena_.reset(); }
    bool has(Row row) const { return present_[row]; }
    state::HashedKey operator[](Row row) const { return {bytes_[row], hash_[row]}; }

private:
    std::optional<BytesView> convert(const Run& run, const Codec& codec, bool same, Row row);

    std::array<BytesView, kRunMax> bytes_;
    std::array<std::uint64_t, kRunMax> hash_;
    std::array<bool, kRunMax> present_;
    Arena arena_;
    ByteSink scratch_;
    std::vector<state::HashedKey> all_, cold_;
};

class TableSourceNode final
    : public Node {  // KTableSource: a null key is dropped, a null value deletes
public:
    TableSourceNode(std::string name, std::source_location at, std::string store)
        : Node(std::move(name), at), store_name_(std::move(store)) {}  // "": not materialised
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;

private:
    std::string store_name_;
    TaskStore* store_ = nullptr;
    RunKeys keys_;
    CacheForwarder cache_{*this};
    ByteSink scratch_;
    Selection selection_;
};

// One record and what the table has for its key; a null table value is a miss (left join).
class JoinKernel {
public:
    virtual ~JoinKernel() = default;
    virtual const TypeOps& table_type() const = 0;
    virtual bool asks_key() const { return true; }
    virtual void join(const Run& run, Row row, Column& table, Column& out) const = 0;
};

class StreamTableJoinNode final : public Node {  // semantics §3.4
public:
    StreamTableJoinNode(std::string name, std::source_location at,
                        std::shared_ptr<const JoinKernel> kernel, std::string store, bool left,
                        ColumnType result);
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;

private:
    std::shared_ptr<const JoinKernel> kernel_;
    std::string store_name_;
    bool left_;
    ColumnType result_;
    TaskStore* store_ = nullptr;
    RunKeys keys_;
    Column table_, values_;
    Selection selection_;
};

}  // namespace millrace::engine
