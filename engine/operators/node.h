#pragma once
// A node of a task: takes runs, hands runs to its children, depth first in the order they were
// added. Nodes are erased: what is typed sits in a Kernel (dsl/), called once a run. One object per
// task; nothing here is shared between threads.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/engine/operators/run.h"

namespace millrace::engine {

class TaskContext;
using Clocks =
    std::map<std::string, std::int64_t>;  // observed stream times, committed in the offset metadata

class Node {
public:
    Node(std::string name, std::source_location at) : name_(std::move(name)), at_(at) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;

    virtual Result<void> init(TaskContext& context) {
        context_ = &context;
        return {};
    }
    virtual void process(const Run& run) = 0;
    virtual void close() {}
    virtual void save_clocks(Clocks&) const {}
    virtual void restore_clocks(const Clocks&) {}

    const std::string& name() const { return name_; }
    std::source_location at() const { return at_; }
    bool is_source() const { return is_source_; }
    void set_source() { is_source_ = true; }
    std::string place() const;  // "KSTREAM-MAP-0000000001 (main.cc:12)"
    void add_child(Node* child) { children_.push_back(child); }
    const std::vector<Node*>& children() const { return children_; }

    void forward(const Run& run);

protected:
    friend class RowEmitter;
    // Calls step(at), which moves `at` over the records of the run; what it throws at one record
    // goes to the handler, and the run goes on behind that record. Nodes whose kernel runs user
    // code use it.
    template <class Step>
    void drive(const Run& run, Step&& step) {
        std::size_t at = 0;
        const auto guarded = [&] { step(at); };
        while (!guard(run, at, guarded)) {
        }
    }
    TaskContext& context() const { return *context_; }
    // Whose call an exception in process() counts as: a sink's is its parent's, as in Kafka.
    virtual const Node& blamed() const { return *this; }

private:
    bool guard(const Run& run, std::size_t& at,
               const std::function<void()>& step);  // true: finished or failed

    std::string name_;
    std::source_location at_;
    std::vector<Node*> children_;
    TaskContext* context_ = nullptr;
    bool is_source_ = false;
};

// Rows that a node makes itself (flat_map, windows): one input record gives any number.
class RowEmitter {
public:
    explicit RowEmitter(Node& node);
    Column& keys() { return keys_; }
    Column& values() { return values_; }
    void begin(const Run& run);
    // A new row with the timestamp, headers and origin of `row`; the caller sets key and value
    // before the next call.
    Row add(Row row) {
        if (size_ == limit_) [[unlikely]]
            flush();
        const Row to = static_cast<Row>(size_++);
        rows_.timestamp[to] = run_->rows->timestamp[row];
        rows_.headers[to] = run_->rows->headers[row];
        rows_.origin[to] = run_->rows->origin[row];
        return to;
    }
    void take_back() { --size_; }  // the row added last came to nothing
    Rows& rows() { return rows_; }
    void flush();  // hands what there is to the children

private:
    Node& node_;
    const Run* run_ = nullptr;
    Rows rows_;
    Column keys_, values_;
    std::size_t size_ = 0;
    std::size_t limit_ =
        kRunMax;  // 1 where records go one by one: each row's subtree is done first
};

struct Output {  // where a kernel writes; what it does not need is null
    Selection* selection = nullptr;
    Column* keys = nullptr;
    Column* values = nullptr;
    RowEmitter* rows = nullptr;
};

class Kernel {  // immutable; shared by all tasks
public:
    virtual ~Kernel() = default;
    // Records at, at+1, ... of the run; `at` always names the one under way. May throw what user
    // code throws.
    virtual void run(const Run& run, std::size_t& at, Output& out) const = 0;
    // Does the user's code take the key, the value?
    virtual bool asks_key() const { return true; }
    virtual bool asks_value() const { return true; }
};
using KernelPtr = std::shared_ptr<const Kernel>;

}  // namespace millrace::engine
