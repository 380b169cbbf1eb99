#pragma once
// The operators without state: filters, mappers, peek, merge, the filter in front of a repartition
// topic.
#include "millrace/engine/operators/node.h"

namespace millrace::engine {

class PassNode final : public Node {  // merge, to_stream: what comes in goes on
public:
    using Node::Node;
    void process(const Run& run) override { forward(run); }
};

class FilterNode final : public Node {
public:
    FilterNode(std::string name, std::source_location at, KernelPtr kernel)
        : Node(std::move(name), at), kernel_(std::move(kernel)) {}
    void process(const Run& run) override;

private:
    KernelPtr kernel_;
    Selection selection_;
};

class VisitNode final : public Node {  // peek; for_each has no children
public:
    VisitNode(std::string name, std::source_location at, KernelPtr kernel)
        : Node(std::move(name), at), kernel_(std::move(kernel)) {}
    void process(const Run& run) override;

private:
    KernelPtr kernel_;
    Selection selection_;
};

struct ColumnType {  // of a column that an operator makes; no ops: it makes none
    const TypeOps* ops = nullptr;
    CodecPtr codec;
};

class MapNode final : public Node {  // map, map_values, select_key: a new key, a new value, or both
public:
    MapNode(std::string name, std::source_location at, KernelPtr kernel, ColumnType key,
            ColumnType value);
    void process(const Run& run) override;

private:
    KernelPtr kernel_;
    ColumnType key_, value_;
    Column keys_, values_;
    Selection selection_;
};

class FlatMapNode final : public Node {
public:
    FlatMapNode(std::string name, std::source_location at, KernelPtr kernel, ColumnType key,
                ColumnType value);
    void process(const Run& run) override;

private:
    KernelPtr kernel_;
    ColumnType key_, value_;
    RowEmitter rows_;
};

// In front of every repartition sink: null keys vanish without a count, unless a left join
// downstream wants them (KIP-962).
class NullKeyFilterNode final : public Node {
public:
    NullKeyFilterNode(std::string name, std::source_location at, bool keep_null_keys)
        : Node(std::move(name), at), keep_(keep_null_keys) {}
    void process(const Run& run) override;

private:
    bool keep_;
    Selection selection_;
};

}  // namespace millrace::engine
