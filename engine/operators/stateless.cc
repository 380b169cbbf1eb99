#include "millrace/engine/operators/stateless.h"

#include "millrace/engine/operators/task_context.h"

namespace millrace::engine {

void FilterNode::process(const Run& run) {
    selection_.size = 0;
    Output out{&selection_};
    drive(run, [&](std::size_t& at) { kernel_->run(run, at, out); });
    Run passed = run;
    passed.selected = selection_.rows.data();
    passed.size = selection_.size;
    forward(passed);
}

void VisitNode::process(const Run& run) {
    selection_.size = 0;
    Output out{&selection_};
    drive(run, [&](std::size_t& at) { kernel_->run(run, at, out); });
    Run passed = run;
    passed.selected = selection_.rows.data();
    passed.size = selection_.size;
    forward(passed);
}

MapNode::MapNode(std::string name, std::source_location at, KernelPtr kernel, ColumnType key,
                 ColumnType value)
    : Node(std::move(name), at),
      kernel_(std::move(kernel)),
      key_(std::move(key)),
      value_(std::move(value)) {
    if (key_.ops) keys_.set_type(*key_.ops, key_.codec.get());
    if (value_.ops) values_.set_type(*value_.ops, value_.codec.get());
}

void MapNode::process(const Run& run) {
    selection_.size = 0;
    keys_.reset();
    values_.reset();
    Output out{&selection_, &keys_, &values_};
    drive(run, [&](std::size_t& at) { kernel_->run(run, at, out); });
    Run mapped = run;
    if (key_.ops) mapped.keys = &keys_;
    if (value_.ops) mapped.values = &values_;
    mapped.selected = selection_.rows.data();
    mapped.size = selection_.size;
    forward(mapped);
}

FlatMapNode::FlatMapNode(std::string name, std::source_location at, KernelPtr kernel,
                         ColumnType key, ColumnType value)
    : Node(std::move(name), at),
      kernel_(std::move(kernel)),
      key_(std::move(key)),
      value_(std::move(value)),
      rows_(*this) {
    if (key_.ops) rows_.keys().set_type(*key_.ops, key_.codec.get());
    if (value_.ops) rows_.values().set_type(*value_.ops, value_.codec.get());
}

void FlatMapNode::process(const Run& run) {
    rows_.begin(run);
    if (!key_.ops) rows_.keys().set_type(*run.keys->type(), run.keys->codec());
    Output out{nullptr, nullptr, nullptr, &rows_};
    drive(run, [&](std::size_t& at) { kernel_->run(run, at, out); });
    rows_.flush();
}

void NullKeyFilterNode::process(const Run& run) {
    if (keep_) return forward(run);
    selection_.size = 0;
    for (std::size_t i = 0; i < run.size; ++i) {
        const Row row = run.selected[i];
        selection_.rows[selection_.size] = row;
        selection_.size += !(*run.keys)[row].is_null();
    }
    Run passed = run;
    passed.selected = selection_.rows.data();
    passed.size = selection_.size;
    forward(passed);
}

}  // namespace millrace::engine
