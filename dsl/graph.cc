#include "millrace/dsl/graph.h"

#include <algorithm>
#include <cstdio>

#include "millrace/base/check.h"

namespace millrace::dsl {
namespace {

constexpr std::string_view kRepartitionSuffix = "-repartition";

void check_name(const std::string& name, const char* what, source_location at) {
    const auto legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    if (name.empty() || name == "." || name == ".." || name.size() > 249 ||
        !std::all_of(name.begin(), name.end(), legal))
        throw TopologyException(std::string(what) + " \"" + name + "\" at " + where(at) +
                                " is no legal name: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'");
}

// KSTREAM.*-[0-9]{10}: then the nodes around the repartition topic keep their generated names.
bool looks_generated(const std::string& base) {
    if (!base.starts_with("KSTREAM") || base.size() < 18) return false;
    const std::string_view tail = std::string_view(base).substr(base.size() - 11);
    return tail[0] == '-' &&
           std::all_of(tail.begin() + 1, tail.end(), [](char c) { return c >= '0' && c <= '9'; });
}

engine::NodeSpec processor_spec(const GraphNode& node, source_location at, MakeNode make) {
    engine::NodeSpec spec;
    spec.kind = engine::NodeSpec::Kind::Processor;
    spec.name = node.name;
    spec.at = at;
    for (const GraphNode* parent : node.parents) spec.predecessors.push_back(parent->name);
    spec.make = [name = node.name, at, make = std::move(make)](const engine::MakeContext&) {
        return make(name, at);
    };
    return spec;
}

MakeNode pass_node() {
    return [](std::string name, source_location at) {
        return std::make_unique<engine::PassNode>(std::move(name), at);
    };
}

}  // namespace

Unary map_call(engine::KernelPtr kernel, const char* prefix, bool key_changing, ColumnType key,
               ColumnType value, const Named& named, source_location at) {
    Unary call;
    call.prefix = prefix;
    call.named = named;
    call.at = at;
    call.key_changing = key_changing;
    call.of_key = {kernel->asks_key(), key.ops != nullptr};
    call.of_value = {kernel->asks_value(), value.ops != nullptr};
    call.make = [kernel = std::move(kernel), key = std::move(key), value = std::move(value)](
                    std::string name, source_location where_at) {
        return std::make_unique<engine::MapNode>(std::move(name), where_at, kernel, key, value);
    };
    return call;
}

Unary flat_map_call(engine::KernelPtr kernel, const char* prefix, bool key_changing, ColumnType key,
                    ColumnType value, const Named& named, source_location at) {
    Unary call;
    call.prefix = prefix;
    call.named = named;
    call.at = at;
    call.key_changing = key_changing;
    call.of_key = {kernel->asks_key(), key.ops != nullptr};
    call.of_value = {kernel->asks_value(), value.ops != nullptr};
    call.make = [kernel = std::move(kernel), key = std::move(key), value = std::move(value)](
                    std::string name, source_location where_at) {
        return std::make_unique<engine::FlatMapNode>(std::move(name), where_at, kernel, key, value);
    };
    return call;
}

Unary processor_call(engine::ProcessorNode::Make make, const char* prefix, bool key_changing,
                     ColumnType key, ColumnType value, const Named& named,
                     std::vector<std::string> stores, source_location at) {
    Unary call;
    call.prefix = prefix;
    call.named = named;
    call.at = at;
    call.key_changing = key_changing;
    call.names_burn = false;
    call.user_processor = true;
    call.of_key = call.of_value = {true, false};
    call.stores = stores;
    call.make = [make = std::move(make), key = std::move(key), value = std::move(value),
                 stores = std::move(stores)](std::string name, source_location where_at) {
        return std::make_unique<engine::ProcessorNode>(std::move(name), where_at, make, stores, key,
                                                       value);
    };
    return call;
}

std::string where(source_location at) {
    std::string_view file = at.file_name();
    if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
        file.remove_prefix(slash + 1);
    return std::string(file) + ':' + std::to_string(at.line());
}

ColumnType with_codec(ColumnType type, const engine::CodecPtr& given, const char* what,
                      source_location at) {
    if (!given) return type;
    if (type.ops && given->type().name != type.ops->name)
        throw TopologyException(std::string(what) + " at " + where(at) + " is given a serde of " +
                                std::string(given->type().name) +
                                ", but the stream's type there is " + std::string(type.ops->name));
    type.codec = given;
    return type;
}

const engine::CodecPtr& require_codec(const ColumnType& type, const char* what,
                                      source_location at) {
    if (!type.codec)
        throw TopologyException("no serde for " + std::string(type.ops ? type.ops->name : "?") +
                                " " + what + " at " + where(at) +
                                ": make it a plain struct, specialise millrace::DefaultSerde for "
                                "it, or pass a serde here");
    return type.codec;
}

Graph::Graph() {
    nodes_.push_back(std::make_unique<GraphNode>());
    root_ = nodes_.back().get();
    root_->written = true;
}
Graph::~Graph() = default;

std::string Graph::next(const std::string& prefix) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%010zu", index_++);
    return prefix + digits;
}

// A named processor takes an index all the same (NamedInternal.orElseGenerateWithPrefix).
std::string Graph::processor_name(const std::string& prefix, const std::string& given) {
    std::string generated = next(prefix);
    return given.empty() ? generated : given;
}

void Graph::attach(GraphNode* parent, GraphNode* child) {
    if (std::find(parent->children.begin(), parent->children.end(), child) ==
        parent->children.end())
        parent->children.push_back(child);
    if (std::find(child->parents.begin(), child->parents.end(), parent) == child->parents.end())
        child->parents.push_back(parent);
    child->priority = next_priority_++;
}

GraphNode* Graph::add(std::vector<GraphNode*> parents, std::unique_ptr<GraphNode> node) {
    if (built_) throw TopologyException("the topology is built already; make a new StreamsBuilder");
    GraphNode* added = node.get();
    nodes_.push_back(std::move(node));
    for (GraphNode* parent : parents) attach(parent, added);
    return added;
}

StreamPtr Graph::stream(std::vector<std::string> topics, const Consumed& consumed, ColumnType key,
                        ColumnType value, source_location at) {
    if (topics.empty()) throw TopologyException("stream() at " + where(at) + " names no topic");
    for (const std::string& topic : topics) check_name(topic, "topic", at);
    key = with_codec(key, consumed.key, "Consumed of stream()", at);
    value = with_codec(value, consumed.value, "Consumed of stream()", at);
    require_codec(key, "to read the keys of stream()", at);
    require_codec(value, "to read the values of stream()", at);
    auto node = std::make_unique<GraphNode>();
    node->name = processor_name("KSTREAM-SOURCE-", consumed.name);
    node->write = [self = node.get(), topics, key, value, consumed,
                   at](engine::TopologyData& topology) {
        engine::NodeSpec spec;
        spec.kind = engine::NodeSpec::Kind::Source;
        spec.name = self->name;
        spec.at = at;
        spec.topics = topics;
        spec.key = key;
        spec.value = value;
        spec.timestamps = consumed.timestamps;
        spec.extractor = consumed.extractor;
        topology.nodes.push_back(std::move(spec));
    };
    auto made = std::make_shared<Stream>();
    made->graph = shared_from_this();
    made->node = add({root_}, std::move(node));
    made->name = made->node->name;
    made->sources = {made->name};
    made->key = std::move(key);
    made->value = std::move(value);
    source_calls_.push_back({made->node, topics, false, at});
    return made;
}

TablePtr Graph::table(const std::string& topic, const Consumed& consumed,
                      const Materialized& materialized, ColumnType key, ColumnType value,
                      source_location at) {
    check_name(topic, "topic", at);
    if (!materialized.store.empty()) check_name(materialized.store, "store", at);
    key = with_codec(with_codec(key, materialized.key, "Materialized of table()", at), consumed.key,
                     "Consumed of table()", at);
    value = with_codec(with_codec(value, materialized.value, "Materialized of table()", at),
                       consumed.value, "Consumed of table()", at);
    require_codec(key, "to read the keys of table()", at);
    require_codec(value, "to read the values of table()", at);

    auto store = std::make_shared<StoreState>();
    store->materialized = !materialized.store.empty();
    store->spec.name =
        materialized.store.empty() ? next(topic + "-STATE-STORE-") : materialized.store;
    store->spec.key = materialized.key ? materialized.key : key.codec;
    store->spec.value = materialized.value ? materialized.value : value.codec;
    store->spec.persistent = materialized.persistent;
    store->spec.caching = materialized.caching;
    store->spec.logging = materialized.logging;
    store->spec.log_config = materialized.log_config;
    table_stores_.push_back(store);

    const std::string source_name =
        processor_name("KSTREAM-SOURCE-", consumed.name.empty() ? "" : consumed.name + "-source");
    auto node = std::make_unique<GraphNode>();
    node->name = processor_name("KTABLE-SOURCE-", consumed.name);
    node->write = [self = node.get(), topic, key, value, consumed, at, store,
                   source_name](engine::TopologyData& topology) {
        engine::NodeSpec source;
        source.kind = engine::NodeSpec::Kind::Source;
        source.name = source_name;
        source.at = at;
        source.topics = {topic};
        source.key = key;
        source.value = value;
        source.timestamps = consumed.timestamps;
        source.extractor = consumed.extractor;
        topology.nodes.push_back(std::move(source));
        const std::string store_name = store->materialized ? store->spec.name : "";
        engine::NodeSpec spec =
            processor_spec(*self, at, [store_name](std::string name, source_location where_at) {
                return std::make_unique<engine::TableSourceNode>(std::move(name), where_at,
                                                                 store_name);
            });
        spec.predecessors = {source_name};
        if (store->materialized) {
            spec.fills_store = true;
            spec.of_key.asked = !same_format(key.codec.get(), store->spec.key.get());
            spec.of_value.asked = !same_format(value.codec.get(), store->spec.value.get());
            spec.stores = {store_name};
            topology.stores.emplace(store_name, store->spec);
        }
        topology.nodes.push_back(std::move(spec));
    };
    auto made = std::make_shared<Table>();
    made->graph = shared_from_this();
    made->node = add({root_}, std::move(node));
    made->name = made->node->name;
    made->sources = {source_name};
    made->key = std::move(key);
    made->value = std::move(value);
    made->store = store;
    source_calls_.push_back({made->node, {topic}, true, at});
    return made;
}

void Graph::add_state_store(engine::StoreSpec spec) {
    const std::string name = spec.name;
    if (!state_stores_.emplace(name, std::move(spec)).second)
        throw TopologyException("a StateStore with the name " + name + " is added twice");
}

StreamPtr Graph::unary(const StreamPtr& from, Unary call, ColumnType key, ColumnType value) {
    auto node = std::make_unique<GraphNode>();
    const std::string& given = call.named.name();
    if (!given.empty()) check_name(given, "processor", call.at);
    node->name = given.empty() || call.names_burn ? processor_name(call.prefix, given) : given;
    node->write = [self = node.get(), call](engine::TopologyData& topology) {
        engine::NodeSpec spec = processor_spec(*self, call.at, call.make);
        spec.stores = call.stores;
        spec.user_processor = call.user_processor;
        spec.of_key = call.of_key;
        spec.of_value = call.of_value;
        topology.nodes.push_back(std::move(spec));
    };
    GraphNode* added = add({from->node}, std::move(node));
    if (call.terminal) return nullptr;
    auto made = std::make_shared<Stream>();
    made->graph = from->graph;
    made->node = added;
    made->name = added->name;
    made->sources = from->sources;
    made->repartition_required = from->repartition_required || call.key_changing;
    made->key = std::move(key);
    made->value = std::move(value);
    return made;
}

StreamPtr Graph::merge(const StreamPtr& a, const StreamPtr& b, const Named& named,
                       source_location at) {
    if (a->graph != b->graph)
        throw TopologyException("merge() at " + where(at) +
                                " joins streams of two StreamsBuilders");
    auto node = std::make_unique<GraphNode>();
    node->name = processor_name("KSTREAM-MERGE-", named.name());
    node->write = [self = node.get(), at](engine::TopologyData& topology) {
        topology.nodes.push_back(processor_spec(*self, at, pass_node()));
    };
    auto made = std::make_shared<Stream>();
    made->graph = a->graph;
    made->node = add({a->node, b->node}, std::move(node));
    made->name = made->node->name;
    made->sources = a->sources;
    made->sources.insert(b->sources.begin(), b->sources.end());
    made->repartition_required = a->repartition_required || b->repartition_required;
    made->key = a->key;
    made->value = a->value;
    return made;
}

// KStreamImpl.createRepartitionedSource: three indices always, used or not.
Graph::Repartition Graph::repartition_names(const std::string& base) {
    Repartition names;
    names.topic =
        base.ends_with(kRepartitionSuffix) ? base : base + std::string(kRepartitionSuffix);
    names.sink = next("KSTREAM-SINK-");
    names.filter = next("KSTREAM-FILTER-");
    names.source = next("KSTREAM-SOURCE-");
    if (!looks_generated(base)) {
        names.sink = names.topic + "-sink";
        names.filter = names.topic + "-filter";
        names.source = names.topic + "-source";
    }
    return names;
}

namespace {

bool wants_null_keys(const GraphNode& node) {  // a left join somewhere below
    for (const GraphNode* child : node.children)
        if (child->relaxed_null_keys || wants_null_keys(*child)) return true;
    return false;
}

}  // namespace

std::unique_ptr<GraphNode> Graph::repartition_node(const Repartition& names, const Stream& from,
                                                   ColumnType key, ColumnType value,
                                                   std::optional<std::int32_t> partitions,
                                                   engine::Partitioner partitioner,
                                                   source_location at) {
    require_codec(key, "to write the keys of a repartition topic", at);
    require_codec(value, "to write the values of a repartition topic", at);
    auto node = std::make_unique<GraphNode>();
    node->name = names.source;
    node->is_repartition = true;
    const bool other_key = !same_format(from.key.codec.get(), key.codec.get());
    const bool other_value = !same_format(from.value.codec.get(), value.codec.get());
    const bool asks = partitioner != nullptr;
    node->write = [=, self = node.get()](engine::TopologyData& topology) {
        topology.internal_topics[names.topic] = partitions;
        const bool keep_null_keys = wants_null_keys(*self);
        engine::NodeSpec filter =
            processor_spec(*self, at, [keep_null_keys](std::string name, source_location where_at) {
                return std::make_unique<engine::NullKeyFilterNode>(std::move(name), where_at,
                                                                   keep_null_keys);
            });
        filter.name = names.filter;
        filter.make = [name = names.filter, at, keep_null_keys](const engine::MakeContext&) {
            return std::make_unique<engine::NullKeyFilterNode>(name, at, keep_null_keys);
        };
        engine::NodeSpec sink;
        sink.kind = engine::NodeSpec::Kind::Sink;
        sink.name = names.sink;
        sink.at = at;
        sink.predecessors = {names.filter};
        sink.topics = {names.topic};
        sink.of_key.asked = other_key || asks;
        sink.of_value.asked = other_value || asks;
        sink.make = [=](const engine::MakeContext& make) {
            return std::make_unique<engine::SinkNode>(names.sink, at, make.full_topic(names.topic),
                                                      key.codec, value.codec, partitioner);
        };
        engine::NodeSpec source;
        source.kind = engine::NodeSpec::Kind::Source;
        source.name = names.source;
        source.at = at;
        source.topics = {names.topic};
        source.key = key;
        source.value = value;
        source.timestamps = engine::TimestampPolicy::FailOnInvalid;  // internal: never the default
        topology.nodes.push_back(std::move(filter));
        topology.nodes.push_back(std::move(sink));
        topology.nodes.push_back(std::move(source));
    };
    return node;
}

StreamPtr Graph::repartition(const StreamPtr& from, const Repartitioned& repartitioned,
                             source_location at) {
    if (!repartitioned.name.empty()) check_name(repartitioned.name, "repartition topic", at);
    if (repartitioned.partitions && *repartitioned.partitions < 1)
        throw TopologyException("repartition() at " + where(at) +
                                ": the number of partitions must be positive");
    const std::string base =
        repartitioned.name.empty() ? next("KSTREAM-REPARTITION-") : repartitioned.name;
    const Repartition names = repartition_names(base);
    auto made = std::make_shared<Stream>();
    made->graph = from->graph;
    made->key = with_codec(from->key, repartitioned.key, "Repartitioned", at);
    made->value = with_codec(from->value, repartitioned.value, "Repartitioned", at);
    made->node = add({from->node},
                     repartition_node(names, *from, made->key, made->value,
                                      repartitioned.partitions, repartitioned.partitioner, at));
    made->name = names.source;
    made->sources = {names.source};
    return made;
}

void Graph::to(const StreamPtr& from, const std::string& topic, const Produced& produced,
               source_location at) {
    check_name(topic, "topic", at);
    if (!produced.name.empty()) check_name(produced.name, "processor", at);
    const ColumnType key = with_codec(from->key, produced.key, "Produced of to()", at);
    const ColumnType value = with_codec(from->value, produced.value, "Produced of to()", at);
    require_codec(key, "to write the keys of to()", at);
    require_codec(value, "to write the values of to()", at);
    auto node = std::make_unique<GraphNode>();
    node->name = processor_name("KSTREAM-SINK-", produced.name);
    const bool asks = produced.partitioner != nullptr;
    const bool asks_key = asks || !same_format(from->key.codec.get(), key.codec.get());
    const bool asks_value = asks || !same_format(from->value.codec.get(), value.codec.get());
    node->write = [self = node.get(), topic, key, value, produced, asks_key, asks_value,
                   at](engine::TopologyData& topology) {
        engine::NodeSpec spec;
        spec.of_key.asked = asks_key;
        spec.of_value.asked = asks_value;
        spec.kind = engine::NodeSpec::Kind::Sink;
        spec.name = self->name;
        spec.at = at;
        for (const GraphNode* parent : self->parents) spec.predecessors.push_back(parent->name);
        spec.topics = {topic};
        spec.make = [name = self->name, topic, key, value, partitioner = produced.partitioner,
                     at](const engine::MakeContext& make) {
            return std::make_unique<engine::SinkNode>(name, at, make.full_topic(topic), key.codec,
                                                      value.codec, partitioner);
        };
        topology.nodes.push_back(std::move(spec));
    };
    add({from->node}, std::move(node));
}

StreamPtr Graph::to_stream(const TablePtr& from, const Named& named, source_location at) {
    auto node = std::make_unique<GraphNode>();
    node->name = processor_name("KTABLE-TOSTREAM-", named.name());
    node->write = [self = node.get(), at](engine::TopologyData& topology) {
        topology.nodes.push_back(processor_spec(*self, at, pass_node()));
    };
    auto made = std::make_shared<Stream>();
    made->graph = from->graph;
    made->node = add({from->node}, std::move(node));
    made->name = made->node->name;
    made->sources = from->sources;
    made->key = from->key;
    made->value = from->value;
    return made;
}

StreamPtr Graph::join_table(const StreamPtr& stream, const TablePtr& table, bool left,
                            const Joined& joined, std::shared_ptr<const engine::JoinKernel> kernel,
                            ColumnType result, source_location at) {
    if (stream->graph != table->graph)
        throw TopologyException("join() at " + where(at) + " joins parts of two StreamsBuilders");
    if (!joined.name.empty()) check_name(joined.name, "join", at);
    MR_CHECK(table->store != nullptr);
    const ColumnType key = with_codec(stream->key, joined.key, "Joined", at);
    GraphNode* parent = stream->node;
    std::set<std::string> sources = stream->sources;
    if (stream->repartition_required) {  // KStreamImpl.repartitionForJoin
        const ColumnType value = with_codec(stream->value, joined.value, "Joined", at);
        const std::string base = joined.name.empty() ? stream->name : joined.name;
        const Repartition names = repartition_names(base);
        if (!stream->join_repartition || stream->name != base) {
            stream->join_repartition = add(
                {stream->node}, repartition_node(names, *stream, key, value, std::nullopt, {}, at));
        }
        parent = stream->join_repartition;
        sources = {parent->name};
    }
    table->store->materialized = true;
    require_codec(key, "to look a key up in join()", at);
    std::set<std::string> all = sources;
    all.insert(table->sources.begin(), table->sources.end());
    copartitioned_.push_back(all);

    auto node = std::make_unique<GraphNode>();
    node->name = processor_name(left ? "KSTREAM-LEFTJOIN-" : "KSTREAM-JOIN-", joined.name);
    node->relaxed_null_keys = left;
    node->write = [self = node.get(), kernel, store = table->store, left, result, key,
                   at](engine::TopologyData& topology) {
        engine::NodeSpec spec =
            processor_spec(*self, at, [=](std::string name, source_location where_at) {
                return std::make_unique<engine::StreamTableJoinNode>(
                    std::move(name), where_at, kernel, store->spec.name, left, result);
            });
        spec.stores = {store->spec.name};
        spec.of_key.asked =
            kernel->asks_key() || !same_format(key.codec.get(), store->spec.key.get());
        spec.of_value = {true, true};
        topology.nodes.push_back(std::move(spec));
    };
    auto made = std::make_shared<Stream>();
    made->graph = stream->graph;
    made->node = add({parent}, std::move(node));
    made->name = made->node->name;
    made->sources = std::move(all);
    made->key = key;
    made->value = std::move(result);
    return made;
}

GroupedPtr Graph::group_by_key(const StreamPtr& from, const Grouped& grouped, source_location at) {
    auto made = std::make_shared<GroupedStream>();
    made->stream = from;
    made->grouped_name = grouped.name;
    made->key = with_codec(from->key, grouped.key, "Grouped", at);
    made->value = with_codec(from->value, grouped.value, "Grouped", at);
    made->repartition_required = from->repartition_required;
    return made;
}

GroupedPtr Graph::group_by(const StreamPtr& from, const Grouped& grouped,
                           engine::KernelPtr selector, ColumnType key, source_location at) {
    key = with_codec(std::move(key), grouped.key, "Grouped", at);
    const Named named = grouped.name.empty() ? Named() : Named::as(grouped.name);
    const StreamPtr selected =
        unary(from, map_call(std::move(selector), "KSTREAM-KEY-SELECT-", true, key, {}, named, at),
              key, from->value);
    return group_by_key(selected, grouped, at);
}

TablePtr Graph::aggregate(const GroupedPtr& grouped, Aggregation call) {
    const source_location at = call.at;
    const Materialized& m = call.materialized;
    const std::string prefix = call.reduce ? "KSTREAM-REDUCE-" : "KSTREAM-AGGREGATE-";
    if (!m.store.empty()) check_name(m.store, "store", at);
    // count(Materialized) without a name takes one index too many, for ever
    // (KGroupedStreamImpl.count).
    if (call.materialized_given && m.store.empty()) next(prefix + "STATE-STORE-");
    auto store = std::make_shared<StoreState>();
    store->materialized = true;
    engine::StoreSpec& spec = store->spec;
    spec.name = m.store.empty() ? next(prefix + "STATE-STORE-") : m.store;
    const ColumnType key = with_codec(grouped->key, m.key, "Materialized", at);
    const ColumnType result = with_codec(call.result, m.value, "Materialized", at);
    spec.key = require_codec(key, "to keep keys in a store", at);
    spec.value = require_codec(result, "to keep values in a store", at);
    spec.persistent = m.persistent;
    spec.caching = m.caching;
    spec.logging = m.logging;
    spec.log_config = m.log_config;
    if (call.windows) {
        spec.kind = engine::StoreSpec::Kind::Window;
        spec.window_size_ms = call.windows->size_ms;
        const std::int64_t least = call.windows->size_ms + call.windows->grace_ms;
        spec.retention_ms = m.retention ? m.retention->count() : least;
        if (spec.retention_ms < least)
            throw TopologyException(
                "the retention of the window store " + spec.name + " at " + where(at) +
                " must be no smaller than its window size plus the grace period (" +
                std::to_string(least) + " ms)");
    }
    auto node = std::make_unique<GraphNode>();
    if (!call.named.name().empty()) check_name(call.named.name(), "processor", at);
    node->name = processor_name(prefix, call.named.name());

    // GroupedStreamAggregateBuilder: a named grouping shares its repartition topic, an unnamed one
    // makes a topic each time.
    GraphNode* parent = grouped->stream->node;
    std::set<std::string> sources = grouped->stream->sources;
    if (grouped->repartition_required) {
        const Repartition names =
            repartition_names(grouped->grouped_name.empty() ? spec.name : grouped->grouped_name);
        if (!grouped->repartition || grouped->grouped_name.empty()) {
            grouped->repartition =
                add({parent}, repartition_node(names, *grouped->stream, grouped->key,
                                               grouped->value, std::nullopt, {}, at));
        } else {
            attach(parent, grouped->repartition);
        }
        parent = grouped->repartition;
        sources = {parent->name};
    }
    const ColumnType table_key = call.windows ? call.windowed_key(spec.key) : key;
    node->write = [self = node.get(), call, store, table_key, result,
                   group_key = grouped->key.codec](engine::TopologyData& topology) {
        const std::string store_name = store->spec.name;
        engine::NodeSpec written = processor_spec(
            *self, call.at,
            [=](std::string name, source_location where_at) -> std::unique_ptr<engine::Node> {
                if (call.windows)
                    return std::make_unique<engine::WindowAggregateNode>(
                        std::move(name), where_at, call.kernel, store_name, *call.windows,
                        table_key, *result.ops);
                return std::make_unique<engine::AggregateNode>(
                    std::move(name), where_at, call.kernel, store_name, *result.ops);
            });
        written.stores = {store_name};
        written.of_key = {
            call.kernel->asks_key() || !same_format(group_key.get(), store->spec.key.get()),
            call.windows.has_value()};
        written.of_value = {!call.kernel->counts(), true};
        if (!topology.stores.emplace(store_name, store->spec).second)
            throw TopologyException("a StateStore with the name " + store_name +
                                    " is added twice (" + where(call.at) + ")");
        topology.nodes.push_back(std::move(written));
    };
    auto made = std::make_shared<Table>();
    made->graph = grouped->stream->graph;
    made->node = add({parent}, std::move(node));
    made->name = made->node->name;
    made->sources = std::move(sources);
    made->key = table_key;
    made->value = result;
    if (!call.windows) made->store = store;
    return made;
}

// Two stream() calls on one topic share the first's source; anything else on a topic read before is
// refused.
void Graph::merge_duplicate_sources() {
    std::map<std::string, SourceCall*> by_topic;
    for (SourceCall& call : source_calls_) {
        for (const std::string& topic : call.topics) {
            const auto [it, fresh] = by_topic.emplace(topic, &call);
            if (fresh || it->second == &call) continue;
            SourceCall& first = *it->second;
            if (first.table || call.table ||
                std::set(first.topics.begin(), first.topics.end()) !=
                    std::set(call.topics.begin(), call.topics.end()))
                throw TopologyException("topic " + topic + " at " + where(call.at) +
                                        " has already been registered by another source, at " +
                                        where(first.at));
            GraphNode* gone = call.node;
            if (gone == first.node) continue;
            renamed_sources_[gone->name] = first.node->name;
            for (GraphNode* child : gone->children) {
                std::erase(child->parents, gone);
                if (std::find(first.node->children.begin(), first.node->children.end(), child) ==
                    first.node->children.end())
                    first.node->children.push_back(child);
                if (std::find(child->parents.begin(), child->parents.end(), first.node) ==
                    child->parents.end())
                    child->parents.push_back(first.node);
            }
            gone->children.clear();
            std::erase(root_->children, gone);
            gone->written = true;
            call.node = first.node;
        }
    }
}

std::shared_ptr<const engine::TopologyData> Graph::build() {
    if (built_) throw TopologyException("build() is called twice; make a new StreamsBuilder");
    built_ = true;
    merge_duplicate_sources();
    auto topology = std::make_shared<engine::TopologyData>();
    for (auto& [name, spec] : state_stores_) topology->stores.emplace(name, spec);
    // In order of creation, a node after its parents
    // (InternalStreamsBuilder.buildAndOptimizeTopology).
    const auto later = [](const GraphNode* a, const GraphNode* b) {
        return a->priority < b->priority;
    };
    std::set<GraphNode*, decltype(later)> queue(later);
    queue.insert(root_->children.begin(), root_->children.end());
    while (!queue.empty()) {
        GraphNode* node = *queue.begin();
        queue.erase(queue.begin());
        const bool ready = std::all_of(node->parents.begin(), node->parents.end(),
                                       [](const GraphNode* p) { return p->written; });
        if (!ready || node->written) continue;
        node->written = true;
        node->write(*topology);
        queue.insert(node->children.begin(), node->children.end());
    }
    // A store that no processor uses belongs to no sub-topology: it is never made, as in Kafka.
    for (const std::set<std::string>& group : copartitioned_) {
        std::set<std::string> names;
        for (const std::string& source : group) {
            const auto it = renamed_sources_.find(source);
            names.insert(it == renamed_sources_.end() ? source : it->second);
        }
        topology->copartitioned.push_back(std::move(names));
    }
    topology->make_groups();
    return topology;
}

}  // namespace millrace::dsl
