#pragma once
// count, reduce and aggregate of a grouped stream, plain and in time windows (semantics §2.2,
// §4.1).
#include "millrace/engine/operators/table.h"

namespace millrace::engine {

class AggregateKernel {  // what the user's functions do with one record; immutable
public:
    virtual ~AggregateKernel() = default;
    // The aggregate at `aggregate` (an object of the result type) takes in the record. `present`:
    // it holds what was stored, else it holds garbage and the initializer goes first. False: the
    // result is null, the entry is deleted.
    virtual bool apply(const Run& run, Row row, void* aggregate, bool present) const = 0;
    // count: the value is not looked at, and an int64 aggregate can be kept as bytes.
    virtual bool counts() const { return false; }
    virtual bool asks_key() const { return true; }
};

// A run of records that are only counted, on their way to a store's count(): the counts and the
// entries' keys are then what the node hands on.
struct CountRun {
    std::array<state::Counted, kRunMax> records;
    std::array<Row, kRunMax> rows;  // of the records
    std::size_t size = 0;           // added in this run

    void add(Row row, BytesView key, std::int64_t timestamp) {
        put(records[size], key, timestamp);
        rows[size++] = row;
    }
    static void put(state::Counted& record, BytesView key, std::int64_t timestamp) {
        record.key = key;
        // The usual size is told the compiler.
        record.hash = key.size() == 16 ? hash_bytes({key.data(), 16}) : hash_of(key);
        record.timestamp = timestamp;
    }
    [[gnu::noinline]] static std::uint64_t hash_of(BytesView key) { return hash_bytes(key); }
};

// The rows of a run that a node hands on as they are, but with timestamps of its own.
class KeptRows {
public:
    void begin(const Run& run) {
        run_ = &run;
        own_ = false;
        selection_.size = 0;
    }
    // All of these, with the timestamps that were counted; put(row, record) sets their cells.
    template <class Put>
    void keep(const Row* rows, std::span<const state::Counted> records, Put&& put) {
        const std::int64_t* const timestamps = run_->rows->timestamp.data();
        Row* to = selection_.rows.data() + selection_.size;
        selection_.size += records.size();
        for (const state::Counted& record : records) {
            const Row row = *rows++;
            *to++ = row;
            put(row, record);
            if (record.timestamp != timestamps[row]) [[unlikely]]
                retime(row, record.timestamp);
        }
    }
    void keep(Row row, std::int64_t timestamp) {
        if (timestamp != run_->rows->timestamp[row]) [[unlikely]]
            retime(row, timestamp);
        selection_.rows[selection_.size++] = row;
    }
    Run run(Column& keys, Column& values) const {
        Run kept = *run_;
        if (own_) kept.rows = const_cast<Rows*>(&rows_);
        kept.keys = &keys;
        kept.values = &values;
        kept.selected = selection_.rows.data();
        kept.size = selection_.size;
        return kept;
    }

private:
    void retime(Row row, std::int64_t timestamp);

    const Run* run_ = nullptr;
    bool own_ = false;  // some timestamp differs: rows_ is what goes on
    Rows rows_;
    Selection selection_;
};

class AggregateNode final : public Node {
public:
    AggregateNode(std::string name, std::source_location at,
                  std::shared_ptr<const AggregateKernel> kernel, std::string store,
                  const TypeOps& result);
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;

private:
    bool count(const Run& run);
    void add(const Run& run, Row row);

    std::shared_ptr<const AggregateKernel> kernel_;
    std::string store_name_;
    const TypeOps* result_;
    TaskStore* store_ = nullptr;
    bool counts_ = false;  // on big-endian int64: no object is made, the store itself counts
    RunKeys keys_;
    CacheForwarder cache_{*this};
    CountRun counted_;
    KeptRows kept_;
    Column values_;
};

struct TimeWindowsSpec {
    std::int64_t size_ms = 0, advance_ms = 0, grace_ms = 0;
};

class WindowAggregateNode final : public Node {
public:
    WindowAggregateNode(std::string name, std::source_location at,
                        std::shared_ptr<const AggregateKernel> kernel, std::string store,
                        TimeWindowsSpec windows, ColumnType windowed_key, const TypeOps& result);
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;
    void save_clocks(Clocks& clocks) const override;
    void restore_clocks(const Clocks& clocks) override;

private:
    void tumble(const Run& run);
    void count(const Run& run);
    void gather(const Run& run, std::size_t& at, bool same);
    bool late(std::int64_t timestamp);
    void hop(const Run& run);
    void count_window(const Run& run);
    bool add(const Run& run, Row row, std::int64_t start, Column& keys, Column& values, Row to,
             std::int64_t& timestamp);
    void enter_window(std::int64_t timestamp);

    std::shared_ptr<const AggregateKernel> kernel_;
    std::string store_name_;
    TimeWindowsSpec windows_;
    ColumnType windowed_key_;
    const TypeOps* result_;
    TaskStore* store_ = nullptr;
    bool counts_ = false;
    std::int64_t observed_ = -1;  // this operator's stream time: decides what is late; committed,
                                  // so a crash changes nothing
    RunKeys keys_;
    CacheForwarder cache_{*this};
    RowEmitter rows_;  // of hopping windows
    // Of tumbling windows: a record is in one at most.
    KeptRows kept_;
    Column windowed_keys_, values_;
    CountRun counted_;
    std::size_t counted_from_ = 0;      // what is before is in the store
    std::int64_t start_ = 0, end_ = 0;  // the window of the record that came last
};

}  // namespace millrace::engine
