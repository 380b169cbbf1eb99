#include "millrace/dsl/compile.h"

namespace millrace {

namespace {

bool is_generated(std::string_view name) {  // "...-0000000007"
    const std::size_t dash = name.rfind('-');
    return dash != std::string_view::npos && name.size() - dash == 11 &&
           name.find_first_not_of("0123456789", dash + 1) == std::string_view::npos &&
           (name.starts_with("KSTREAM-") || name.find("STATE-STORE-") != std::string_view::npos);
}

// KIP-1111: names that move when the topology changes.
Result<void> check_explicit_names(const engine::TopologyData& topology) {
    std::string stores, changelogs, repartitions;
    const auto add = [](std::string& list, const std::string& name) {
        list += (list.empty() ? "" : ", ") + name;
    };
    for (const auto& [name, store] : topology.stores) {
        if (!is_generated(name)) continue;
        add(stores, name);
        if (store.logging) add(changelogs, name + "-changelog");
    }
    constexpr std::string_view kSuffix = "-repartition";
    for (const auto& [topic, partitions] : topology.internal_topics)
        if (topic.ends_with(kSuffix) &&
            is_generated(std::string_view(topic).substr(0, topic.size() - kSuffix.size())))
            add(repartitions, topic);
    std::string detail;
    if (!changelogs.empty()) detail += " changelog topics " + changelogs + ';';
    if (!stores.empty()) detail += " state stores " + stores + ';';
    if (!repartitions.empty()) detail += " repartition topics " + repartitions + ';';
    if (detail.empty()) return {};
    return fail(
        ErrorCode::InvalidConfig,
        "ensure.explicit.internal.resource.naming is true, but these have generated names:" +
            detail + " name them by Materialized, Grouped, Joined or Repartitioned");
}

}  // namespace

Result<std::shared_ptr<const engine::CompiledTopology>> compile(
    const Topology& topology, const engine::TaskSettings& settings) {
    if (settings.application_id.empty())
        return fail(ErrorCode::InvalidConfig, "application.id must not be empty");
    if (topology.data().nodes.empty())
        return fail(ErrorCode::InvalidConfig,
                    "the topology has no sources: call builder.stream(...) or table(...)");
    if (settings.explicit_names) MR_TRY_VOID(check_explicit_names(topology.data()));
    return std::make_shared<const engine::CompiledTopology>(topology.share(), settings);
}

}  // namespace millrace
