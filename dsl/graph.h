#pragma once
// What the typed face of the DSL erases to: the logical graph of a StreamsBuilder (Kafka's
// InternalStreamsBuilder and the non-generic half of KStreamImpl, KTableImpl,
// GroupedStreamAggregateBuilder). All names, indices and repartition rules live here (semantics
// §1.2 to §1.5); no user type does.
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <string>
#include <vector>

#include "millrace/dsl/options.h"
#include "millrace/engine/operators/aggregate.h"
#include "millrace/engine/operators/processor.h"
#include "millrace/engine/operators/table.h"
#include "millrace/engine/topology/topology.h"

namespace millrace::dsl {

using engine::ColumnType;
using std::source_location;

struct GraphNode {
    std::string name;  // what children name as their predecessor
    std::vector<GraphNode*> parents, children;
    std::size_t priority = 0;
    bool is_repartition = false;
    bool relaxed_null_keys = false;  // a left join: null keys must reach it (KIP-962)
    bool written = false;
    std::function<void(engine::TopologyData&)> write;
};

struct StoreState {  // a store under construction; a source table's may stay unbuilt
    engine::StoreSpec spec;
    bool materialized = false;
};

class Graph;

struct Stream {  // KStreamImpl without its types
    std::shared_ptr<Graph> graph;
    std::string name;
    GraphNode* node = nullptr;
    std::set<std::string> sources;  // names of source nodes, for co-partitioning
    bool repartition_required = false;
    ColumnType key, value;
    GraphNode* join_repartition =
        nullptr;  // made by a join, shared by later ones under the same name
    std::string join_repartition_name;
};
using StreamPtr = std::shared_ptr<Stream>;

struct Table {
    std::shared_ptr<Graph> graph;
    std::string name;
    GraphNode* node = nullptr;
    std::set<std::string> sources;
    ColumnType key, value;
    std::shared_ptr<StoreState> store;  // key-value tables only: what a join looks up
};
using TablePtr = std::shared_ptr<Table>;

struct GroupedStream {
    StreamPtr stream;  // its parent
    std::string grouped_name;
    ColumnType key, value;
    bool repartition_required = false;
    GraphNode* repartition = nullptr;
    std::string repartition_source;
};
using GroupedPtr = std::shared_ptr<GroupedStream>;

using MakeNode = std::function<std::unique_ptr<engine::Node>(std::string name, source_location at)>;

struct Unary {  // a call on one stream
    const char* prefix;
    Named named;
    source_location at;
    bool key_changing = false;
    bool terminal = false;
    bool names_burn = true;  // process(..., Named) takes no index
    std::vector<std::string> stores;
    bool user_processor = false;
    engine::NodeSpec::Side of_key, of_value;
    MakeNode make;
};

class Graph : public std::enable_shared_from_this<Graph> {
public:
    Graph();
    ~Graph();

    StreamPtr stream(std::vector<std::string> topics, const Consumed& consumed, ColumnType key,
                     ColumnType value, source_location at);
    TablePtr table(const std::string& topic, const Consumed& consumed,
                   const Materialized& materialized, ColumnType key, ColumnType value,
                   source_location at);
    void add_state_store(engine::StoreSpec spec);

    StreamPtr unary(const StreamPtr& from, Unary call, ColumnType key, ColumnType value);
    StreamPtr merge(const StreamPtr& a, const StreamPtr& b, const Named& named, source_location at);
    StreamPtr repartition(const StreamPtr& from, const Repartitioned& repartitioned,
                          source_location at);
    void to(const StreamPtr& from, const std::string& topic, const Produced& produced,
            source_location at);
    StreamPtr to_stream(const TablePtr& from, const Named& named, source_location at);
    StreamPtr join_table(const StreamPtr& stream, const TablePtr& table, bool left,
                         const Joined& joined, std::shared_ptr<const engine::JoinKernel> kernel,
                         ColumnType result, source_location at);

    GroupedPtr group_by_key(const StreamPtr& from, const Grouped& grouped, source_location at);
    GroupedPtr group_by(const StreamPtr& from, const Grouped& grouped, engine::KernelPtr selector,
                        ColumnType key, source_location at);

    struct Aggregation {
        std::shared_ptr<const engine::AggregateKernel> kernel;
        ColumnType result;  // codec: the default of the type
        Named named;
        Materialized materialized;
        bool materialized_given = false;  // count burns an index for one without a name
        bool reduce = false;
        std::optional<engine::TimeWindowsSpec> windows;
        std::function<ColumnType(engine::CodecPtr inner)> windowed_key;
        source_location at;
    };
    TablePtr aggregate(const GroupedPtr& grouped, Aggregation call);

    std::shared_ptr<const engine::TopologyData> build();

private:
    std::string next(const std::string& prefix);  // prefix + ten digits
    std::string processor_name(const std::string& prefix, const std::string& given);
    GraphNode* add(std::vector<GraphNode*> parents, std::unique_ptr<GraphNode> node);
    void attach(GraphNode* parent, GraphNode* child);
    struct Repartition {
        std::string topic, filter, sink, source;
    };
    Repartition repartition_names(const std::string& base);
    std::unique_ptr<GraphNode> repartition_node(const Repartition& names, const Stream& from,
                                                ColumnType key, ColumnType value,
                                                std::optional<std::int32_t> partitions,
                                                engine::Partitioner partitioner,
                                                source_location at);
    void merge_duplicate_sources();

    std::vector<std::unique_ptr<GraphNode>> nodes_;
    GraphNode* root_;
    std::size_t index_ = 0;
    std::size_t next_priority_ = 0;
    struct SourceCall {
        GraphNode* node;
        std::vector<std::string> topics;
        bool table;
        source_location at;
    };
    std::vector<SourceCall> source_calls_;
    std::map<std::string, engine::StoreSpec> state_stores_;
    std::vector<std::shared_ptr<StoreState>> table_stores_;
    std::vector<std::set<std::string>> copartitioned_;
    std::map<std::string, std::string>
        renamed_sources_;  // a merged source's name -> the one that stays
    bool built_ = false;
};

Unary map_call(engine::KernelPtr kernel, const char* prefix, bool key_changing, ColumnType key,
               ColumnType value, const Named& named, source_location at);
Unary flat_map_call(engine::KernelPtr kernel, const char* prefix, bool key_changing, ColumnType key,
                    ColumnType value, const Named& named, source_location at);
Unary processor_call(engine::ProcessorNode::Make make, const char* prefix, bool key_changing,
                     ColumnType key, ColumnType value, const Named& named,
                     std::vector<std::string> stores, source_location at);

std::string where(source_location at);  // "file.cc:12"
// The codec of `given` when there is one, checked to be of the stream's type; else the type's own.
ColumnType with_codec(ColumnType type, const engine::CodecPtr& given, const char* what,
                      source_location at);
const engine::CodecPtr& require_codec(const ColumnType& type, const char* what, source_location at);

}  // namespace millrace::dsl
