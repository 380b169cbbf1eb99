#pragma once
// The node around a user's processor (dsl/processor.h): one record at a time, forwards done at
// once.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/engine/operators/headers.h"
#include "millrace/engine/operators/node.h"
#include "millrace/engine/operators/stateless.h"
#include "millrace/engine/operators/task_context.h"

namespace millrace::engine {

class ProcessorNode;

class UserProcessor {  // typed underneath
public:
    virtual ~UserProcessor() = default;
    virtual void init(ProcessorNode& node) = 0;
    virtual void process(const Run& run, Row row) = 0;
    virtual void close() = 0;
};

class Cancellable {  // a schedule; cancelling twice is fine. Not to be used after close().
public:
    Cancellable() = default;
    explicit Cancellable(Schedule* schedule) : schedule_(schedule) {}
    void cancel() {
        if (schedule_) schedule_->cancelled = true;
    }

private:
    Schedule* schedule_ = nullptr;
};

// Where a forwarded record is put together.
struct ForwardFrame {
    Rows rows;
    Column keys, values;
    Arena headers;
    ByteSink scratch;
    Row selected = 0;

    Run begin(ProcessorNode& node);  // a run of one row: the current record's columns, own rows
    void set_headers(Row row, BytesView raw, const std::optional<Headers>& own);
};

class ProcessorNode final : public Node {
public:
    using Make = std::function<std::unique_ptr<UserProcessor>()>;
    ProcessorNode(std::string name, std::source_location at, Make make,
                  std::vector<std::string> stores, ColumnType key, ColumnType value);
    ~ProcessorNode() override;
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;
    void close() override;

    ForwardFrame& frame() { return frame_; }
    void emit(const Run& run, const std::string* child);
    TaskStore& store(
        const std::string& name);  // throws std::invalid_argument when it is not connected
    Cancellable schedule(std::optional<std::int64_t> start, std::int64_t interval,
                         PunctuationType type, std::function<void(Timestamp)> callback);
    void request_commit();
    bool has_metadata() const { return run_ || punctuating_; }
    const Origin* origin() const { return run_ ? run_->origin : nullptr; }
    Row origin_row() const { return run_ ? run_->rows->origin[row_] : Row{0}; }
    const Run* run() const { return run_; }
    Row row() const { return row_; }
    std::int64_t stream_time() const;
    std::int64_t system_time() const;
    std::string task_id() const;
    std::int32_t partition() const;
    const std::string& application_id() const;

private:
    Make make_;
    std::vector<std::string> stores_;
    std::unique_ptr<UserProcessor> processor_;
    ForwardFrame frame_;
    ColumnType key_, value_;    // keeps the codecs alive
    const Run* run_ = nullptr;  // the record under way
    Row row_ = 0;
    bool punctuating_ = false;
};

}  // namespace millrace::engine
