// Topology.describe().toString(), to the byte. Java keeps the neighbours of a node in a TreeSet
// ordered by the size of the subtree, and sizes still change while nodes are being added, in the
// order of a HashMap: so the text depends on hash codes and on the shape of a red-black tree, and
// both are played here (InternalTopologyBuilder.describeSubtopology).
#include <algorithm>
#include <memory>

#include "millrace/base/hash.h"
#include "millrace/engine/topology/topology.h"

namespace millrace::engine {
namespace {

struct Described {
    const NodeSpec* spec;
    int size = 1;  // of the subtree below
    std::vector<Described*> known_predecessors;

    explicit Described(const NodeSpec* s) : spec(s) {}
};

int compare(const Described& a, const Described& b) {
    if (&a == &b) return 0;
    if (a.size != b.size) return b.size - a.size;
    return a.spec->name.compare(b.spec->name);
}

// java.util.TreeMap.put: comparisons are made once, when an element comes in.
class JavaTreeSet {
public:
    void add(Described* value) {
        if (!root_) {
            root_ = make(value, nullptr);
            root_->black = true;
            return;
        }
        Entry* at = root_;
        Entry* parent;
        int order;
        do {
            parent = at;
            order = compare(*value, *at->value);
            if (order == 0) return;
            at = order < 0 ? at->left : at->right;
        } while (at);
        Entry* added = make(value, parent);
        (order < 0 ? parent->left : parent->right) = added;
        fix(added);
    }
    std::vector<Described*> in_order() const {
        std::vector<Described*> values;
        walk(root_, values);
        return values;
    }

private:
    struct Entry {
        Described* value;
        Entry* parent;
        Entry* left = nullptr;
        Entry* right = nullptr;
        bool black = false;
    };
    Entry* make(Described* value, Entry* parent) {
        entries_.push_back(std::make_unique<Entry>(Entry{value, parent}));
        return entries_.back().get();
    }
    static void walk(const Entry* at, std::vector<Described*>& into) {
        if (!at) return;
        walk(at->left, into);
        into.push_back(at->value);
        walk(at->right, into);
    }
    void rotate(Entry* p, bool left) {
        Entry* r = left ? p->right : p->left;
        Entry* inner = left ? r->left : r->right;
        (left ? p->right : p->left) = inner;
        if (inner) inner->parent = p;
        r->parent = p->parent;
        if (!p->parent)
            root_ = r;
        else if (p->parent->left == p)
            p->parent->left = r;
        else
            p->parent->right = r;
        (left ? r->left : r->right) = p;
        p->parent = r;
    }
    static bool is_black(const Entry* e) { return !e || e->black; }
    void fix(Entry* x) {
        while (x && x != root_ && !x->parent->black) {
            Entry* grand = x->parent->parent;
            const bool parent_left = grand && x->parent == grand->left;
            Entry* uncle = grand ? (parent_left ? grand->right : grand->left) : nullptr;
            if (!is_black(uncle)) {
                x->parent->black = true;
                uncle->black = true;
                grand->black = false;
                x = grand;
            } else {
                if (x == (parent_left ? x->parent->right : x->parent->left)) {
                    x = x->parent;
                    rotate(x, parent_left);
                }
                x->parent->black = true;
                if (x->parent->parent) {
                    x->parent->parent->black = false;
                    rotate(x->parent->parent, !parent_left);
                }
            }
        }
        root_->black = true;
    }
    Entry* root_ = nullptr;
    std::vector<std::unique_ptr<Entry>> entries_;
};

// The order in which a java.util.HashMap with these keys, put in this order, is iterated.
std::vector<const NodeSpec*> java_hash_order(const std::vector<const NodeSpec*>& nodes) {
    std::size_t table = 16;
    while (nodes.size() > table * 3 / 4) table *= 2;
    const auto bucket = [&](const NodeSpec* node) {
        const auto h = static_cast<std::uint32_t>(java_string_hash(node->name));
        return (h ^ (h >> 16)) & (table - 1);
    };
    std::vector<const NodeSpec*> order = nodes;
    std::stable_sort(order.begin(), order.end(),
                     [&](const NodeSpec* a, const NodeSpec* b) { return bucket(a) < bucket(b); });
    return order;
}

void update_size(Described& node, int delta) {
    node.size += delta;
    for (Described* predecessor : node.known_predecessors) update_size(*predecessor, delta);
}

std::string names(const JavaTreeSet& set) {
    std::string text;
    for (const Described* node : set.in_order()) {
        if (!text.empty()) text += ", ";
        text += node->spec->name;
    }
    return text.empty() ? "none" : text;
}

std::string list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) {
        if (text.size() > 1) text += ", ";
        text += item;
    }
    return text + ']';
}

std::string describe_group(const TopologyData& topology, const std::vector<std::size_t>& group) {
    std::vector<const NodeSpec*> specs;
    for (const std::size_t i : group) specs.push_back(&topology.nodes[i]);
    struct Entry {
        Described node;
        JavaTreeSet predecessors, successors;
        explicit Entry(const NodeSpec* spec) : node(spec) {}
    };
    std::vector<std::unique_ptr<Entry>> entries;
    std::map<std::string, Entry*> by_name;
    for (const NodeSpec* spec : java_hash_order(specs)) {
        entries.push_back(std::make_unique<Entry>(spec));
        by_name[spec->name] = entries.back().get();
    }
    for (const auto& entry : entries) {
        for (const std::string& name : entry->node.spec->predecessors) {
            Entry& predecessor = *by_name.at(name);
            entry->predecessors.add(&predecessor.node);
            auto& known = entry->node.known_predecessors;
            if (std::find(known.begin(), known.end(), &predecessor.node) == known.end())
                known.push_back(&predecessor.node);
            predecessor.successors.add(&entry->node);
            update_size(predecessor.node, entry->node.size);
        }
    }
    std::vector<const Entry*> order;
    for (const auto& entry : entries) order.push_back(entry.get());
    std::sort(order.begin(), order.end(),
              [](const Entry* a, const Entry* b) { return compare(a->node, b->node) < 0; });
    std::string text;
    for (const Entry* entry : order) {
        const NodeSpec& spec = *entry->node.spec;
        switch (spec.kind) {
            case NodeSpec::Kind::Source:
                text += "    Source: " + spec.name + " (topics: " + list(spec.topics) +
                        ")\n      --> " + names(entry->successors);
                break;
            case NodeSpec::Kind::Processor:
                text += "    Processor: " + spec.name + " (stores: " + list(spec.stores) +
                        ")\n      --> " + names(entry->successors) + "\n      <-- " +
                        names(entry->predecessors);
                break;
            case NodeSpec::Kind::Sink:
                text += "    Sink: " + spec.name + " (topic: " + spec.topics.front() +
                        ")\n      <-- " + names(entry->predecessors);
                break;
        }
        text += '\n';
    }
    return text;
}

}  // namespace

std::string describe(const TopologyData& topology) {
    std::string text = "Topologies:\n ";
    for (std::size_t id = 0; id < topology.groups.size(); ++id)
        text += "  Sub-topology: " + std::to_string(id) + '\n' +
                describe_group(topology, topology.groups[id]) + '\n';
    return text;
}

}  // namespace millrace::engine
