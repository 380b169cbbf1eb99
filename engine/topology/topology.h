#pragma once
// The topology as written down by the builder: sources, processors, sinks and stores by name, in
// Kafka's order of writing (InternalTopologyBuilder). Immutable and shared. Sub-topologies are what
// is connected by edges or by shared stores.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include "millrace/engine/operators/node.h"
#include "millrace/engine/operators/stateless.h"
#include "millrace/engine/task/settings.h"

namespace millrace {

// The topology cannot be built: says what, where and the remedy. Thrown at build time only (Kafka's
// TopologyException).
class TopologyException : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace engine {

using CustomExtractor =
    std::function<std::int64_t(Column& keys, Column& values, Row row, std::int64_t record_timestamp,
                               std::int64_t partition_time)>;

struct MakeContext {  // for the factories of nodes
    const TaskSettings& settings;
    const std::function<std::string(const std::string&)>&
        full_topic;  // internal topics get the application id
};

struct NodeSpec {
    enum class Kind : std::uint8_t { Source, Processor, Sink };
    Kind kind = Kind::Processor;
    std::string name;
    std::source_location at;
    std::vector<std::string> predecessors;  // in the order of the call
    std::vector<std::string> topics;        // of a source; of a sink, one
    std::vector<std::string> stores;        // connected to a processor, in order
    bool user_processor = false;  // user code that keeps state or forwards: runs record by record
    ColumnType key, value;        // of a source
    // What the node needs of the key and the value that come in (user code takes it, or it is
    // written in another format), and whether its children see another one. See sides_asked_for().
    struct Side {
        bool asked = false, replaced = false;
    };
    Side of_key, of_value;
    bool fills_store = false;  // a table source: its value is asked for by whoever shares its store
    TimestampPolicy timestamps = TimestampPolicy::Default;
    CustomExtractor extractor;
    std::function<std::unique_ptr<Node>(const MakeContext&)> make;  // not of sources
};

struct StoreSpec {
    enum class Kind : std::uint8_t { KeyValue, Window };
    Kind kind = Kind::KeyValue;
    std::string name;
    bool timestamped = true;
    std::optional<bool> persistent;  // nothing: dsl.store.suppliers.class decides
    bool logging = true;
    bool caching = true;
    std::map<std::string, std::string> log_config;  // over the defaults of semantics §5.4
    CodecPtr key, value;
    std::int64_t window_size_ms = 0, retention_ms = 0;
    bool retain_duplicates = false;
};

// The types a store is used with, as text that lasts over restarts. JSON is one type: a struct may
// gain and lose members.
std::string stored_types(const StoreSpec& store);

struct TopologyData {
    std::vector<NodeSpec> nodes;  // as written: a node after its predecessors
    std::map<std::string, StoreSpec> stores;
    std::map<std::string, std::optional<std::int32_t>>
        internal_topics;  // without the application id; user's partition count
    std::vector<std::set<std::string>> copartitioned;  // names of source nodes
    std::vector<std::vector<std::size_t>> groups;      // node indices by sub-topology id

    const NodeSpec* find(const std::string& name) const;
    void make_groups();  // fills `groups`; throws TopologyException on unknown names
};

std::string describe(const TopologyData& topology);  // Topology.describe().toString()

// Per source node that is no repartition topic: is its key, its value asked for by any node that it
// reaches, repartition topics included? Then such a record is read at the source, and one that does
// not parse goes to the handler before any node sees it, as in Kafka. What nobody asks for stays
// bytes.
struct SidesAsked {
    bool key = false, value = false;
};
std::map<std::string, SidesAsked> sides_asked_for(const TopologyData& topology);

}  // namespace engine

// What StreamsBuilder::build() gives: a value, cheap to copy.
class Topology {
public:
    Topology() = default;
    explicit Topology(std::shared_ptr<const engine::TopologyData> data) : data_(std::move(data)) {}
    std::string describe() const { return engine::describe(*data_); }
    const engine::TopologyData& data() const { return *data_; }
    std::shared_ptr<const engine::TopologyData> share() const { return data_; }

private:
    std::shared_ptr<const engine::TopologyData> data_;
};

}  // namespace millrace
