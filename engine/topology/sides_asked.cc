#include <tuple>

#include "millrace/engine/topology/topology.h"

namespace millrace::engine {
namespace {

class Walk {
public:
    explicit Walk(const TopologyData& topology) : topology_(topology) {
        for (std::size_t at = 0; at < topology.nodes.size(); ++at) {
            const NodeSpec& node = topology.nodes[at];
            for (const std::string& predecessor : node.predecessors)
                children_[predecessor].push_back(at);
            for (const std::string& topic : node.topics)
                if (node.kind == NodeSpec::Kind::Source && topology.internal_topics.contains(topic))
                    readers_[topic].push_back(at);
            for (const std::string& store : node.stores) ++users_[store];
        }
    }

    SidesAsked from(std::size_t source) {
        asked_ = {};
        seen_.clear();
        visit(source, true, true);
        return asked_;
    }

private:
    // key, value: what reaches the node is still what came from the source.
    void visit(std::size_t at, bool key, bool value) {
        if ((!key && !value) || !seen_.insert({at, key, value}).second) return;
        const NodeSpec& node = topology_.nodes[at];
        const bool shared = node.fills_store && !node.stores.empty() && users_[node.stores[0]] > 1;
        asked_.key |= key && node.of_key.asked;
        asked_.value |= value && (node.of_value.asked || shared);
        key &= !node.of_key.replaced;
        value &= !node.of_value.replaced;
        for (const std::size_t child : children_[node.name]) visit(child, key, value);
        if (node.kind != NodeSpec::Kind::Sink) return;
        for (const std::string& topic : node.topics)
            for (const std::size_t reader : readers_[topic]) visit(reader, key, value);
    }

    const TopologyData& topology_;
    std::map<std::string, std::vector<std::size_t>> children_, readers_;
    std::map<std::string, int> users_;  // of a store
    std::set<std::tuple<std::size_t, bool, bool>> seen_;
    SidesAsked asked_;
};

}  // namespace

std::map<std::string, SidesAsked> sides_asked_for(const TopologyData& topology) {
    std::map<std::string, SidesAsked> out;
    Walk walk(topology);
    for (std::size_t at = 0; at < topology.nodes.size(); ++at) {
        const NodeSpec& node = topology.nodes[at];
        if (node.kind != NodeSpec::Kind::Source) continue;
        bool internal = false;
        for (const std::string& topic : node.topics)
            internal |= topology.internal_topics.contains(topic);
        if (!internal) out[node.name] = walk.from(at);
    }
    return out;
}

}  // namespace millrace::engine
