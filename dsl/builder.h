#pragma once
// StreamsBuilder: where a topology begins. build() gives the immutable Topology.
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "millrace/dsl/kstream.h"
#include "millrace/dsl/ktable.h"
#include "millrace/dsl/stores.h"

namespace millrace {

class StreamsBuilder {
public:
    StreamsBuilder() : graph_(std::make_shared<dsl::Graph>()) {}

    template <class K, class V>
    KStream<K, V> stream(const std::string& topic, const Consumed& consumed = {},
                         std::source_location at = std::source_location::current()) {
        return stream<K, V>(std::vector<std::string>{topic}, consumed, at);
    }
    template <class K, class V>
    KStream<K, V> stream(std::vector<std::string> topics, const Consumed& consumed = {},
                         std::source_location at = std::source_location::current()) {
        return KStream<K, V>(graph_->stream(std::move(topics), consumed, dsl::column_type<K>(),
                                            dsl::column_type<V>(), at));
    }
    template <class K, class V>
    KTable<K, V> table(const std::string& topic, const Consumed& consumed = {},
                       const Materialized& materialized = {},
                       std::source_location at = std::source_location::current()) {
        return KTable<K, V>(graph_->table(topic, consumed, materialized, dsl::column_type<K>(),
                                          dsl::column_type<V>(), at));
    }
    template <class K, class V>
    KTable<K, V> table(const std::string& topic, const Materialized& materialized,
                       std::source_location at = std::source_location::current()) {
        return table<K, V>(topic, Consumed{}, materialized, at);
    }
    StreamsBuilder& add_state_store(const StoreBuilder& store) {
        graph_->add_state_store(store.spec());
        return *this;
    }
    // Throws TopologyException. topology.optimization is `none`: the optimised plan is not built
    // yet.
    Topology build() { return Topology(graph_->build()); }

private:
    std::shared_ptr<dsl::Graph> graph_;
};

}  // namespace millrace
