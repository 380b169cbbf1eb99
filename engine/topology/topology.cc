#include "millrace/engine/topology/topology.h"

#include <numeric>

namespace millrace::engine {
namespace {

std::string place(const NodeSpec& node) {  // " (main.cc:12)"
    std::string_view file = node.at.file_name();
    if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
        file.remove_prefix(slash + 1);
    return node.name + " (" + std::string(file) + ':' + std::to_string(node.at.line()) + ')';
}

}  // namespace

std::string stored_types(const StoreSpec& store) {
    const auto lasting = [](const CodecPtr& codec) {
        // A serde object with state of its own is told apart by its address, which no restart
        // keeps.
        const std::string text = codec->fingerprint().substr(0, codec->fingerprint().find('@'));
        return text.starts_with("json ") ? std::string("json") : text;
    };
    return std::string(store.kind == StoreSpec::Kind::Window ? "window " : "key-value ") +
           (store.timestamped ? "timestamped " : "plain ") + lasting(store.key) + " -> " +
           lasting(store.value);
}

const NodeSpec* TopologyData::find(const std::string& name) const {
    for (const NodeSpec& node : nodes)
        if (node.name == name) return &node;
    return nullptr;
}

// Union-find over edges and shared stores; ids by first node in the order of writing
// (makeNodeGroups).
void TopologyData::make_groups() {
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto [it, fresh] = index.emplace(nodes[i].name, i);
        if (!fresh)
            throw TopologyException("two nodes have one name, " + place(nodes[it->second]) +
                                    " and " + place(nodes[i]) + ": give one of them another");
    }
    std::vector<std::size_t> root(nodes.size());
    std::iota(root.begin(), root.end(), std::size_t{0});
    const auto find_root = [&](std::size_t i) {
        while (root[i] != i) i = root[i] = root[root[i]];
        return i;
    };
    std::map<std::string, std::size_t> first_user;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const std::string& predecessor : nodes[i].predecessors) {
            const auto it = index.find(predecessor);
            if (it == index.end())
                throw TopologyException(nodes[i].name + " follows " + predecessor +
                                        ", which does not exist");
            root[find_root(i)] = find_root(it->second);
        }
        for (const std::string& store : nodes[i].stores) {
            if (!stores.contains(store))
                throw TopologyException(
                    "StateStore " + store + " of " + place(nodes[i]) +
                    " is not added yet; call builder.add_state_store(...) for it");
            const auto [user, fresh] = first_user.emplace(store, i);
            if (!fresh) root[find_root(i)] = find_root(user->second);
        }
    }
    groups.clear();
    std::map<std::size_t, std::size_t> group_of_root;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto [it, fresh] = group_of_root.emplace(find_root(i), groups.size());
        if (fresh) groups.emplace_back();
        groups[it->second].push_back(i);
    }
}

}  // namespace millrace::engine
