#include "millrace/engine/task/compiled_topology.h"

#include <algorithm>
#include <set>

namespace millrace::engine {
namespace {

// Semantics §5.4: the library's below topic.* below the store's own. The retention of a window's
// changelog yields to the store's own only (WindowedChangelogTopicConfig).
std::map<std::string, std::string> changelog_config(const StoreSpec& store,
                                                    const TaskSettings& settings) {
    std::map<std::string, std::string> config{{"message.timestamp.type", "CreateTime"}};
    const bool window = store.kind == StoreSpec::Kind::Window;
    config["cleanup.policy"] = !window                   ? "compact"
                               : store.retain_duplicates ? "delete"
                                                         : "compact,delete";
    for (const auto& [key, value] : settings.topic_configs) config[key] = value;
    for (const auto& [key, value] : store.log_config) config[key] = value;
    if (window && !store.log_config.contains("retention.ms")) {
        const std::int64_t more = settings.window_changelog_additional_retention_ms;
        config["retention.ms"] = std::to_string(
            store.retention_ms > INT64_MAX - more ? INT64_MAX : store.retention_ms + more);
    }
    return config;
}

const std::map<std::string, std::string> kRepartitionConfig{
    {"cleanup.policy", "delete"},
    {"message.timestamp.type", "CreateTime"},
    {"retention.ms", "-1"},
    {"segment.bytes", "52428800"}};

std::map<std::string, std::string> repartition_config(const TaskSettings& settings) {
    std::map<std::string, std::string> config = kRepartitionConfig;
    for (const auto& [key, value] : settings.topic_configs) config[key] = value;
    return config;
}

// May the records of this source go in runs? Not where two paths from it meet: in a node, a store,
// an output topic; and not through user processors (design §3.9). `children` are by node index.
bool may_run(std::size_t source, const TopologyData& topology,
             const std::map<std::size_t, std::vector<std::size_t>>& children) {
    std::map<std::string, int> met;  // what a path touches -> how many paths do
    std::vector<std::size_t> path{source};
    while (!path.empty()) {
        const std::size_t at = path.back();
        path.pop_back();
        const NodeSpec& node = topology.nodes[at];
        if (node.user_processor) return false;
        if (at != source && ++met["node " + node.name] > 1) return false;
        for (const std::string& store : node.stores)
            if (++met["store " + store] > 1) return false;
        if (node.kind == NodeSpec::Kind::Sink && ++met["topic " + node.topics.front()] > 1)
            return false;
        const auto it = children.find(at);
        if (it != children.end()) path.insert(path.end(), it->second.begin(), it->second.end());
    }
    return true;
}

// Overlapping groups are one: equal partition counts are transitive.
std::vector<std::vector<std::string>> merge_groups(std::vector<std::set<std::string>> groups) {
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t a = 0; a < groups.size() && !changed; ++a) {
            for (std::size_t b = a + 1; b < groups.size() && !changed; ++b) {
                if (std::none_of(groups[b].begin(), groups[b].end(),
                                 [&](const std::string& t) { return groups[a].contains(t); }))
                    continue;
                groups[a].insert(groups[b].begin(), groups[b].end());
                groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
                changed = true;
            }
        }
    }
    std::vector<std::vector<std::string>> sorted;
    for (const auto& group : groups)
        if (group.size() > 1) sorted.emplace_back(group.begin(), group.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

}  // namespace

CompiledTopology::CompiledTopology(std::shared_ptr<const TopologyData> topology,
                                   TaskSettings settings)
    : topology_(std::move(topology)), settings_(std::move(settings)) {
    if (settings_.one_task) {
        std::vector<std::size_t> all(topology_->nodes.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
        plan(0, std::move(all));
    } else {
        for (std::size_t id = 0; id < topology_->groups.size(); ++id)
            plan(static_cast<std::int32_t>(id), topology_->groups[id]);
    }
}

std::string CompiledTopology::full_topic(const std::string& topic) const {
    return topology_->internal_topics.contains(topic) ? settings_.application_id + '-' + topic
                                                      : topic;
}

void CompiledTopology::plan(std::int32_t id, std::vector<std::size_t> nodes) {
    Subtopology sub;
    sub.id = id;
    auto plan = std::make_shared<SubtopologyPlan>();
    plan->nodes = std::move(nodes);
    std::map<std::string, std::size_t> index;
    std::map<std::size_t, std::vector<std::size_t>> children;
    std::set<std::string> stores, sources, sinks, user_sinks;
    std::map<std::string, std::set<std::string>> topics_of_source;
    for (const std::size_t at : plan->nodes) {
        const NodeSpec& node = topology_->nodes[at];
        index[node.name] = at;
        for (const std::string& predecessor : node.predecessors)
            children[index.at(predecessor)].push_back(at);
        for (const std::string& store : node.stores)
            if (stores.insert(store).second) plan->stores.push_back(store);
        for (const std::string& topic : node.topics) {
            const std::string full = full_topic(topic);
            const auto internal = topology_->internal_topics.find(topic);
            if (node.kind == NodeSpec::Kind::Source) {
                plan->inputs.emplace_back(full, at);
                topics_of_source[node.name].insert(full);
                if (internal == topology_->internal_topics.end())
                    sources.insert(full);
                else
                    sub.repartition_sources.push_back(
                        {full, internal->second, repartition_config(settings_)});
            } else if (internal != topology_->internal_topics.end()) {
                sinks.insert(full);
            } else {
                user_sinks.insert(full);
            }
        }
    }
    for (const std::size_t at : plan->nodes) {
        const NodeSpec& node = topology_->nodes[at];
        if (node.kind == NodeSpec::Kind::Source)
            plan->runs[node.name] = may_run(at, *topology_, children);
    }
    plan->asked = sides_asked_for(*topology_);
    std::sort(plan->inputs.begin(), plan->inputs.end());
    for (const std::string& name : plan->stores) {
        const StoreSpec& store = topology_->stores.at(name);
        if (!store.logging) continue;
        const std::string topic = settings_.application_id + '-' + name + "-changelog";
        plan->changelogs[name] = topic;
        sub.changelogs.push_back({topic, std::nullopt, changelog_config(store, settings_)});
    }
    const auto by_name = [](const InternalTopic& a, const InternalTopic& b) {
        return a.name < b.name;
    };
    std::sort(sub.changelogs.begin(), sub.changelogs.end(), by_name);
    std::sort(sub.repartition_sources.begin(), sub.repartition_sources.end(), by_name);
    sub.source_topics.assign(sources.begin(), sources.end());
    sub.repartition_sinks.assign(sinks.begin(), sinks.end());
    if (!settings_.dead_letter_topic.empty()) user_sinks.insert(settings_.dead_letter_topic);
    sub.sink_topics.assign(user_sinks.begin(), user_sinks.end());
    std::vector<std::set<std::string>> groups;
    for (const std::set<std::string>& names : topology_->copartitioned) {
        std::set<std::string> topics;
        for (const std::string& name : names) {
            const auto it = topics_of_source.find(name);
            if (it != topics_of_source.end()) topics.insert(it->second.begin(), it->second.end());
        }
        if (!topics.empty()) groups.push_back(std::move(topics));
    }
    sub.copartition_groups = merge_groups(std::move(groups));
    subtopologies_.push_back(std::move(sub));
    plans_.push_back(std::move(plan));
}

std::unique_ptr<Task> CompiledTopology::make_task(TaskId id, RecordCollector& collector,
                                                  state::StoreProvider& stores) const {
    return std::make_unique<StreamTask>(id, topology_,
                                        plans_.at(static_cast<std::size_t>(id.subtopology)),
                                        settings_, collector, stores);
}

}  // namespace millrace::engine
