// Tasks of a Worker from the assignment to running and away.
#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/engine/assignment/topology_request.h"
#include "millrace/engine/worker/collector.h"
#include "millrace/engine/worker/worker.h"

namespace millrace::engine {

namespace {
constexpr int kRestoreFailuresMax = 3;
constexpr Duration kTopicWait = std::chrono::seconds(10);  // of sinks, from when the task is made
}

Worker::Slot* Worker::find(TaskId id, std::uint64_t serial) {
    const auto it = slots_.find(id);
    return it == slots_.end() || it->second.serial != serial ? nullptr : &it->second;
}

void Worker::set_task_state(Slot& slot, TaskState state) {
    if (slot.state == state) return;
    slot.state = state;
    changed_ = reconcile_ = true;
    listener_.task_state_changed(slot.id, state);
}

// Makes what we hold equal to what the group says. A running task is committed before it is given
// up.
void Worker::reconcile() {
    if (!reconcile_ && seen_assignment_ == member_.assignment_version() &&
        seen_metadata_ == cluster_.metadata_version() && was_joined_ == member_.joined())
        return;  // it runs after every slice
    reconcile_ = false;
    seen_metadata_ = cluster_.metadata_version();
    was_joined_ = member_.joined();
    std::set<TaskId> target;
    if (!closing_) {
        for (const auto& [subtopology, partitions] : member_.assigned())
            for (const std::int32_t partition : partitions) {
                if (const auto id = task_id(subtopology, partition, topology_)) {
                    target.insert(*id);
                } else if (seen_assignment_ != member_.assignment_version()) {
                    log_.error("assigned a task that the topology lacks",
                               {{"subtopology", subtopology}});
                }
            }
    }
    if (closing_ || !member_.joined()) return;  // between two memberships nothing changes hands
    std::vector<TaskId> away;
    for (auto& [id, slot] : slots_) {
        slot.revoking = !target.contains(id);
        if (!slot.revoking) continue;
        if (slot.state != TaskState::Running || (!slot.sealed && !slot.task->commit_needed()))
            away.push_back(id);
    }
    for (const TaskId id : away) {
        drop_slot(id);
        failures_.erase(id);
        changed_ = true;
    }
    if (seen_assignment_ != member_.assignment_version()) {
        seen_assignment_ = member_.assignment_version();
        changed_ = true;
    }
    for (const TaskId id : target)
        if (!slots_.contains(id) && sources_known(id)) make_slot(id);
    client::TaskSet owned;
    for (const auto& [id, slot] : slots_)
        owned[std::to_string(id.subtopology)].insert(id.partition);
    member_.set_owned(std::move(owned));
}

// A task asks for the partition counts of its sources when it is made.
bool Worker::sources_known(TaskId id) {
    bool known = true;
    const auto look = [&](const std::string& name) {
        cluster_.want_topic(name);
        const client::TopicMetadata* topic = cluster_.topic(name);
        known = known && topic && topic->error == ErrorCode::None;
    };
    for (const Subtopology& sub : topology_.subtopologies()) {
        if (sub.id != id.subtopology) continue;
        for (const std::string& name : sub.source_topics) look(name);
        for (const InternalTopic& topic : sub.repartition_sources) look(topic.name);
    }
    return known;
}

void Worker::make_slot(TaskId id) {
    Slot& slot = slots_[id];
    slot.id = id;
    slot.serial = next_serial_++;
    slot.made = cluster_.now().time;
    slot.task = topology_.make_task(id, *collector_, stores_);
    MR_CHECK(slot.task != nullptr);
    // Asked for when the task is made, so that the task waits until a broker has made them rather than fail at its first record.
    for (const Subtopology& sub : topology_.subtopologies())
        if (sub.id == id.subtopology)
            for (const std::string& topic : sub.sink_topics) collector_->topic(topic);
    for (const TopicPartition& tp : slot.task->inputs()) {
        Input input;
        input.tp = tp;
        input.tag = next_tag_++;
        input.repartition = repartition_topics_.contains(tp.topic);
        tags_[input.tag] = {id, slot.inputs.size()};
        cluster_.want_topic(tp.topic);
        slot.inputs.push_back(std::move(input));
    }
    changed_ = true;
    listener_.task_state_changed(id, TaskState::Created);
}

// The producer is initialised first: whoever had our transactional id before is fenced, and what it
// left open is over.
void Worker::ask_offsets() {
    if (!producer_.initialized() || !member_.joined()) return;
    std::vector<std::pair<TaskId, std::uint64_t>> asked;
    std::vector<TopicPartition> partitions;
    for (auto& [id, slot] : slots_) {
        if (slot.state != TaskState::Created || slot.offsets_asked || slot.revoking ||
            slot.resume_at > cluster_.now().time)
            continue;
        slot.offsets_asked = true;
        asked.push_back({id, slot.serial});
        for (const Input& input : slot.inputs) partitions.push_back(input.tp);
    }
    if (asked.empty()) return;
    client::fetch_committed(
        cluster_, scope_, [this] { return member_.group(); }, std::move(partitions),
        [this, asked](Result<std::map<TopicPartition, client::CommittedOffset>> committed) {
            offsets_arrived(asked, std::move(committed));
        });
}

void Worker::offsets_arrived(const std::vector<std::pair<TaskId, std::uint64_t>>& asked,
                             Result<std::map<TopicPartition, client::CommittedOffset>> committed) {
    for (const auto& [id, serial] : asked) {
        Slot* slot = find(id, serial);
        if (!slot) continue;
        if (!committed) {
            const ErrorCode code = committed.error().code;
            if (code == ErrorCode::GroupAuthorizationFailed ||
                code == ErrorCode::TopicAuthorizationFailed ||
                code == ErrorCode::UnsupportedVersion)
                return stop(committed.error());
            log_.warn("committed offsets not known yet",
                      {{"task", id.to_string()}, {"error", committed.error().detail}});
            slot->offsets_asked = false;  // a heartbeat tells soon whether we are still a member
            slot->resume_at = cluster_.now().time + cluster_.config().retry_backoff_max;
            cluster_.after(scope_, cluster_.config().retry_backoff_max, [] {});
            continue;
        }
        for (Input& input : slot->inputs) {
            const auto found = committed->find(input.tp);
            if (found == committed->end()) continue;
            input.committed = found->second.offset;
            input.committed_epoch = found->second.epoch;
            input.metadata = found->second.metadata;
            input.purged = Offset{0};
        }
        slot->offsets_known = true;
        start_restore(*slot);
    }
    changed_ = true;
}

void Worker::start_restore(Slot& slot) {
    set_task_state(slot, TaskState::Restoring);
    for (const StoreDescription& store : slot.task->stores()) {
        if (store.changelog_topic.empty() || !store.store) continue;
        RestoreJob job;
        job.task = slot.id;
        job.name = store.name;
        job.changelog = {store.changelog_topic, slot.id.partition};
        job.store = store.store;
        if (store.source_is_changelog) {
            job.limit = Offset{0};
            for (const Input& input : slot.inputs)
                if (input.tp == job.changelog && input.committed) job.limit = input.committed;
        }
        for (const Subtopology& sub : topology_.subtopologies())
            for (const InternalTopic& topic : sub.changelogs) {
                const auto retention = topic.configs.find("delete.retention.ms");
                if (topic.name == store.changelog_topic && retention != topic.configs.end())
                    job.delete_retention = std::chrono::milliseconds(
                        std::strtoll(retention->second.c_str(), nullptr, 10));
            }
        restorer_.add(std::move(job));
    }
}

void Worker::try_running(Slot& slot) {
    if (const std::optional<Error> failed = restorer_.failure(slot.id)) {
        const TaskId id = slot.id;
        if (++failures_[id].restoring >= kRestoreFailuresMax ||
            failed->code == ErrorCode::TopicAuthorizationFailed ||
            failed->code == ErrorCode::InvalidPartitions)
            return stop(*failed);
        log_.warn("restoring again from the beginning",
                  {{"task", id.to_string()}, {"error", failed->detail}});
        for (const StoreDescription& store : slot.task->stores())
            if (store.store && store.store->durable()) store.store->durable()->discard();
        drop_slot(id);  // reconcile() makes it anew
        changed_ = true;
        return;
    }
    if (!restorer_.done(slot.id) || !producer_.topics_known() || slot.revoking) return;
    if (!collector_->all_exist() && cluster_.now().time - slot.made < kTopicWait) return;
    for (const Input& input : slot.inputs) {
        const client::TopicMetadata* topic = cluster_.topic(input.tp.topic);
        if (!topic || topic->error != ErrorCode::None) return;
    }
    restorer_.remove(slot.id);
    failures_[slot.id].restoring = 0;
    std::vector<std::string> metadata;
    for (const Input& input : slot.inputs) metadata.push_back(input.metadata);
    const Result<void> ready = slot.task->initialize(metadata, cluster_.now());
    set_task_state(slot, TaskState::Running);
    if (!ready) return task_error(slot.id, ready.error());
    assign_inputs(slot);
}

void Worker::assign_inputs(Slot& slot) {
    std::vector<TopicPartition> sources;
    for (std::size_t i = 0; i < slot.inputs.size(); ++i) {
        Input& input = slot.inputs[i];
        input.exists = cluster_.partition(input.tp) !=
                       nullptr;  // co-partitioned by merge() alone: a topic may have fewer
        if (!input.exists) {
            slot.task->set_lag(i, 0);
            input.end_at_start = Offset{0};
            continue;
        }
        fetch_from_last_commit(input);
        if (!input.repartition && !input.end_at_start) sources.push_back(input.tp);
    }
    update_flow(slot);
    if (!config_.until_end || sources.empty()) return;
    client::list_offsets(cluster_, scope_, sources, client::kLatest, config_.streams.exactly_once(),
                         [this, id = slot.id, serial = slot.serial](
                             Result<std::map<TopicPartition, client::ListedOffset>> found) {
                             Slot* slot = find(id, serial);
                             if (!slot) return;
                             if (!found) return stop(found.error());
                             for (Input& input : slot->inputs)
                                 if (const auto end = found->find(input.tp); end != found->end())
                                     input.end_at_start = end->second.offset;
                             changed_ = true;
                         });
}

// Without a commit the reset policy decides, once: after an abort it may not decide anew, or
// `latest` would pass over what was read in between. Repartition topics are read from the beginning.
void Worker::fetch_from_last_commit(Input& input) {
    std::optional<Offset> from = input.committed;
    if (!from) from = input.repartition ? Offset{0} : input.reset_to;
    fetcher_.assign(input.tp, input.tag, from,
                    input.committed ? input.committed_epoch : std::nullopt);
}

// Takes what is uncommitted with it; a clean end is a commit before.
void Worker::drop_slot(TaskId id) {
    const auto it = slots_.find(id);
    if (it == slots_.end()) return;
    Slot& slot = it->second;
    restorer_.remove(id);
    for (const Input& input : slot.inputs) {
        tags_.erase(input.tag);
        if (fetcher_.assigned(input.tp)) fetcher_.remove(input.tp);
    }
    slot.task->close();
    set_task_state(slot, TaskState::Closed);
    slots_.erase(it);
}

// Nothing that was not known to be committed counts any more: tasks are made anew from checkpoints
// and changelogs, under a new producer epoch. reconcile() makes them for what is still assigned.
void Worker::reset_everything(const std::string& why) {
    log_.warn("all tasks start anew from the last commit",
              {{"worker", std::int64_t{config_.number}}, {"why", why}});
    while (!slots_.empty()) drop_slot(slots_.begin()->first);
    restorer_.clear();
    fetcher_.clear();
    scope_.reset();
    committing_ = commit_requested_ = purging_ = false;
    processed_since_commit_ = 0;
    at_end_ = AtEnd::No;
    if (phase_ == Phase::Aborting || phase_ == Phase::Recovering) phase_ = Phase::Active;
    producer_.init();
    changed_ = reconcile_ = true;
}

}  // namespace millrace::engine
