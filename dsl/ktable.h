#pragma once
// KTable: the latest value of each key. A table of a windowed aggregate has Windowed<K> keys.
#include <source_location>

#include "millrace/dsl/graph.h"

namespace millrace {

template <class K, class V>
class KStream;

template <class K, class V>
class KTable {
public:
    using Key = K;
    using Value = V;
    explicit KTable(dsl::TablePtr table) : table_(std::move(table)) {}

    // Each update as a record; a delete as a record with a null value.
    KStream<K, V> to_stream(const Named& named = {},
                            std::source_location at = std::source_location::current()) const {
        return KStream<K, V>(table_->graph->to_stream(table_, named, at));
    }
    // The name of the store; "" for a table that has none (yet).
    std::string queryable_store_name() const {
        return table_->store && table_->store->materialized ? table_->store->spec.name : "";
    }

    const dsl::TablePtr& node() const { return table_; }  // engine

private:
    dsl::TablePtr table_;
};

}  // namespace millrace

#include "millrace/dsl/kstream.h"
