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
};

class AggregateNode final : public Node {
public:
    AggregateNode(std::string name, std::source_location at,
                  std::shared_ptr<const AggregateKernel> kernel, std::string store,
                  const TypeOps& result);
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;

private:
    std::shared_ptr<const AggregateKernel> kernel_;
    std::string store_name_;
    const TypeOps* result_;
    TaskStore* store_ = nullptr;
    bool count_bytes_ = false;  // count on big-endian int64: no object is made
    RunKeys keys_;
    CacheForwarder cache_{*this};
    Rows rows_;
    Column values_;
    Selection selection_;
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
    void add(const Run& run, Row row, std::int64_t start);
    void add_count(const Run& run, Row row, std::int64_t start);
    std::int64_t window_of(std::int64_t timestamp);  // tumbling: its start; few divisions

    std::shared_ptr<const AggregateKernel> kernel_;
    std::string store_name_;
    TimeWindowsSpec windows_;
    ColumnType windowed_key_;
    const TypeOps* result_;
    TaskStore* store_ = nullptr;
    bool count_bytes_ = false;
    std::int64_t observed_ = -1;  // this operator's stream time: decides what is late; committed,
                                  // so a crash changes nothing
    RunKeys keys_;
    CacheForwarder cache_{*this};
    RowEmitter rows_;
    std::int64_t last_start_ = -1;  // of window_of()
};

}  // namespace millrace::engine
