#pragma once
// A task: the nodes of one sub-topology over one partition. Which record comes next, runs, time,
// punctuation, commit.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/engine/operators/task_context.h"
#include "millrace/engine/task/input_queue.h"
#include "millrace/engine/task/task.h"
#include "millrace/engine/topology/topology.h"

namespace millrace::engine {

struct SubtopologyPlan {               // what all tasks of a sub-topology share
    std::vector<std::size_t> nodes;    // indices in TopologyData, as written
    std::map<std::string, bool> runs;  // per source node: records may go in runs (design §3.9)
    std::map<std::string, SidesAsked> asked;  // per source node, but of repartition topics
    std::vector<std::string> stores;          // in the order their first user was written
    std::vector<std::pair<std::string, std::size_t>>
        inputs;  // full topic name -> source node index, sorted by name
    std::map<std::string, std::string> changelogs;  // store -> full topic name
};

class StreamTask final : public Task {
public:
    StreamTask(TaskId id, std::shared_ptr<const TopologyData> topology,
               std::shared_ptr<const SubtopologyPlan> plan, const TaskSettings& settings,
               RecordCollector& collector, state::StoreProvider& stores);
    ~StreamTask() override;

    TaskId id() const override { return id_; }
    std::span<const TopicPartition> inputs() const override { return inputs_; }
    std::span<const StoreDescription> stores() const override { return descriptions_; }
    Result<void> initialize(std::span<const std::string> metadata, Now now) override;
    void enqueue(std::size_t input, FetchedRecords records) override;
    bool wants_more(std::size_t input) const override;
    void set_lag(std::size_t input, std::optional<std::int64_t> lag) override {
        queues_[input]->lag = lag;
    }
    bool processable(Now now) const override;
    Result<SliceOutcome> process(const SliceLimits& limits, Now now) override;
    Result<bool> punctuate(Now now) override;
    Time next_wall_punctuation() const override;
    bool commit_needed() const override { return commit_needed_; }
    Result<std::vector<CommittedPosition>> prepare_commit(Now now) override;
    void seal() override;
    void committed() override;
    void aborted() override;
    void close() override;
    std::int64_t dropped_records() const override;
    std::int64_t uncommitted_bytes() const override;

    TaskStore* store(const std::string& name) { return context_.store(name); }  // test driver

private:
    class Changelog;
    struct OwnedStore {
        std::unique_ptr<state::KeyValueStore> key_value;
        std::unique_ptr<state::WindowStore> window;
        std::unique_ptr<Changelog> log;
        state::StateStore& base() {
            return key_value ? static_cast<state::StateStore&>(*key_value) : *window;
        }
        const state::StateStore& base() const {
            return key_value ? static_cast<const state::StateStore&>(*key_value) : *window;
        }
    };
    void make_nodes();
    void make_stores(state::StoreProvider& provider);
    InputQueue* choose(std::int64_t& until, bool& until_inclusive);
    void run(InputQueue& queue, std::int64_t until, bool until_inclusive, std::size_t records_max,
             SliceOutcome& outcome);
    Failure take_failure();
    bool stores_failed();  // then the context failed

    TaskId id_;
    std::shared_ptr<const TopologyData> topology_;
    std::shared_ptr<const SubtopologyPlan> plan_;
    const TaskSettings& settings_;
    TaskContext context_;
    std::vector<TopicPartition> inputs_;
    std::vector<StoreDescription> descriptions_;
    std::vector<OwnedStore> stores_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<InputQueue>> queues_;
    std::vector<bool> queue_runs_;
    std::optional<Error> creation_error_;
    bool initialized_ = false;
    bool commit_needed_ = false;
    std::int64_t wall_to_time_ = 0;  // Now.time minus Now.wall, in ns, as last told
};

}  // namespace millrace::engine
