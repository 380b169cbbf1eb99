#pragma once
// From a topology to tasks: sub-topologies, internal topics with their configurations, which
// sources may run in batches.
#include <memory>

#include "millrace/base/result.h"
#include "millrace/engine/task/settings.h"
#include "millrace/engine/task/stream_task.h"
#include "millrace/engine/task/task.h"
#include "millrace/engine/topology/topology.h"

namespace millrace::engine {

class CompiledTopology final : public TaskTopology {
public:
    CompiledTopology(std::shared_ptr<const TopologyData> topology, TaskSettings settings);
    const std::vector<Subtopology>& subtopologies() const override { return subtopologies_; }
    std::string describe() const override { return engine::describe(*topology_); }
    std::unique_ptr<Task> make_task(TaskId id, RecordCollector& collector,
                                    state::StoreProvider& stores) const override;

    const TopologyData& topology() const { return *topology_; }
    const TaskSettings& settings() const { return settings_; }
    std::string full_topic(
        const std::string& topic) const;  // internal topics get the application id

private:
    void plan(std::int32_t id, std::vector<std::size_t> nodes);

    std::shared_ptr<const TopologyData> topology_;
    TaskSettings settings_;
    std::vector<Subtopology> subtopologies_;
    std::vector<std::shared_ptr<const SubtopologyPlan>> plans_;
};

}  // namespace millrace::engine
