#include "millrace/dsl/compile.h"

namespace millrace {

Result<std::shared_ptr<const engine::CompiledTopology>> compile(
    const Topology& topology, const engine::TaskSettings& settings) {
    if (settings.application_id.empty())
        return fail(ErrorCode::InvalidConfig, "application.id must not be empty");
    if (topology.data().nodes.empty())
        return fail(ErrorCode::InvalidConfig,
                    "the topology has no sources: call builder.stream(...) or table(...)");
    return std::make_shared<const engine::CompiledTopology>(topology.share(), settings);
}

}  // namespace millrace
