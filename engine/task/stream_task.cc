#include "millrace/engine/task/stream_task.h"

#include <algorithm>
#include <limits>

#include "millrace/base/mutant.h"
#include "millrace/engine/task/commit_metadata.h"
#include "millrace/state/cache/caching_key_value_store.h"
#include "millrace/state/cache/caching_window_store.h"
#include "millrace/wire/batch/append_quick.h"

namespace millrace::engine {

class StreamTask::Changelog final : public state::ChangeLog {
public:
    Changelog(RecordCollector& collector, const std::string& topic, std::int32_t partition)
        : collector_(collector),
          topic_(collector.topic(topic)),
          partition_(partition),
          batch_(collector.open_batch(topic_, partition)) {}
    void log(BytesView key, state::MaybeBytes value, Timestamp timestamp) override {
        if (batch_.append(timestamp, key, value)) [[likely]]
            return;
        collector_.send(topic_, partition_, key, value, timestamp, {});
    }
    void log_counted(std::span<const state::Counted> run) override {
        while (!run.empty()) {
            run =
                run.subspan(batch_.append_run(run.size(), [&](std::size_t i, wire::QuickRecord& r) {
                    const state::Counted& record = run[i];
                    r = {record.timestamp, record.key.data(), record.key.size(), record.count,
                         sizeof record.count};
                    return true;
                }));
            if (run.empty()) return;
            log(run[0].key, BytesView(run[0].count), Timestamp{run[0].timestamp});
            run = run.subspan(1);
        }
    }

private:
    RecordCollector& collector_;
    RecordCollector::Topic topic_;
    std::int32_t partition_;
    const wire::OpenBatch& batch_;
};

namespace {

// A serde object with state of its own is told apart by its address, which no restart keeps: what a
// store remembers is the type.
std::string lasting(const std::string& fingerprint) {
    return fingerprint.substr(0, fingerprint.find('@'));
}

}  // namespace

StreamTask::StreamTask(TaskId id, std::shared_ptr<const TopologyData> topology,
                       std::shared_ptr<const SubtopologyPlan> plan, const TaskSettings& settings,
                       RecordCollector& collector, state::StoreProvider& stores)
    : id_(id),
      topology_(std::move(topology)),
      plan_(std::move(plan)),
      settings_(settings),
      context_(id, settings, collector) {
    make_nodes();
    make_stores(stores);
}
StreamTask::~StreamTask() = default;

void StreamTask::make_nodes() {
    std::function<std::string(const std::string&)> full_topic = [this](const std::string& topic) {
        return topology_->internal_topics.contains(topic) ? settings_.application_id + '-' + topic
                                                          : topic;
    };
    const MakeContext make{settings_, full_topic};
    std::map<std::string, Node*> by_name;
    for (const std::size_t index : plan_->nodes) {
        const NodeSpec& spec = topology_->nodes[index];
        nodes_.push_back(spec.kind == NodeSpec::Kind::Source
                             ? std::make_unique<PassNode>(spec.name, spec.at)
                             : spec.make(make));
        Node* node = nodes_.back().get();
        if (spec.kind == NodeSpec::Kind::Source) node->set_source();
        by_name[spec.name] = node;
        for (const std::string& predecessor : spec.predecessors)
            by_name.at(predecessor)->add_child(node);
    }
    for (const auto& [topic, index] : plan_->inputs) {
        const std::int32_t partitions =
            context_.collector().partition_count(context_.collector().topic(topic));
        if (partitions > 0 && partitions <= id_.partition)
            continue;  // another topic of the sub-topology has more
        const NodeSpec& spec = topology_->nodes[index];
        inputs_.push_back({topic, id_.partition});
        const auto asked = plan_->asked.find(spec.name);
        queues_.push_back(std::make_unique<InputQueue>(
            inputs_.back(), spec, by_name.at(spec.name),
            asked == plan_->asked.end() ? SidesAsked{} : asked->second, settings_.timestamps));
        queue_runs_.push_back(plan_->runs.at(spec.name) && !settings_.record_by_record);
    }
}

void StreamTask::make_stores(state::StoreProvider& provider) {
    provider.cache_budget().max_bytes = settings_.cache_bytes;
    for (const std::string& name : plan_->stores) {
        const StoreSpec& spec = topology_->stores.at(name);
        OwnedStore owned;
        TaskStore& seen = context_.stores()[name];
        seen.name = name;
        seen.key_codec = spec.key.get();
        seen.value_codec = spec.value.get();
        seen.timestamped = spec.timestamped;
        seen.context = &context_;
        const bool persistent = spec.persistent.value_or(!settings_.in_memory_stores);
        const bool cached = settings_.cache_bytes > 0 && spec.caching && !spec.retain_duplicates;
        const std::string fingerprint = (spec.timestamped ? "timestamped " : "plain ") +
                                        lasting(spec.key->fingerprint()) + " -> " +
                                        lasting(spec.value->fingerprint());
        if (spec.kind == StoreSpec::Kind::KeyValue) {
            auto made = provider.key_value(id_.to_string(),
                                           {name, spec.timestamped, persistent, fingerprint});
            if (!made) return void(creation_error_ = std::move(made.error()));
            owned.key_value = *std::move(made);
            if (cached) {
                auto cache = std::make_unique<state::CachingKeyValueStore>(
                    std::move(owned.key_value), &provider.cache_budget());
                seen.listen = [store = cache.get()](state::CacheListener* listener) {
                    store->set_listener(listener);
                };
                owned.key_value = std::move(cache);
            }
        } else {
            state::WindowSpec window;
            window.name = name;
            window.window_size_ms = spec.window_size_ms;
            window.retention_ms = spec.retention_ms;
            window.retain_duplicates = spec.retain_duplicates;
            window.persistent = persistent;
            window.fingerprint = fingerprint;
            auto made = provider.window(id_.to_string(), window);
            if (!made) return void(creation_error_ = std::move(made.error()));
            owned.window = *std::move(made);
            if (cached) {
                auto cache = std::make_unique<state::CachingWindowStore>(
                    std::move(owned.window), window, &provider.cache_budget());
                seen.listen = [store = cache.get()](state::CacheListener* listener) {
                    store->set_listener(listener);
                };
                owned.window = std::move(cache);
            }
        }
        seen.key_value = owned.key_value.get();
        seen.window = owned.window.get();
        const auto changelog = plan_->changelogs.find(name);
        const bool logged = changelog != plan_->changelogs.end();
        if (logged)
            owned.log =
                std::make_unique<Changelog>(context_.collector(), changelog->second, id_.partition);
        descriptions_.push_back({name, logged ? changelog->second : "", false, &owned.base()});
        stores_.push_back(std::move(owned));
    }
}

bool StreamTask::stores_failed() {
    for (const OwnedStore& store : stores_) {
        if (const auto& failure = store.base().failure()) {
            context_.fail(Error{failure->code, "task " + id_.to_string() + ", StateStore " +
                                                   store.base().name() + ": " + failure->detail});
            return true;
        }
    }
    return false;
}

Failure StreamTask::take_failure() {
    auto error = context_.take_failure();
    return Failure(
        error ? *std::move(error)
              : Error{ErrorCode::UnknownServerError, "task " + id_.to_string() + " failed"});
}

Result<void> StreamTask::initialize(std::span<const std::string> metadata, Now now) {
    if (creation_error_) return Failure(*creation_error_);
    context_.now = now;
    wall_to_time_ = now.time.value() - now.wall.value() * 1'000'000;
    context_.stream_time = -1;
    context_.record_time = now.wall.value();  // of init(), as in Kafka
    Clocks clocks;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const CommitMetadata committed =
            i < metadata.size() ? decode_commit_metadata(metadata[i]) : CommitMetadata{};
        queues_[i]->partition_time = committed.partition_time;
        context_.stream_time = std::max(context_.stream_time, committed.partition_time);
        for (const auto& [key, value] :
             committed.clocks) {  // the same map on all partitions; the greatest wins
            const auto [it, fresh] = clocks.emplace(key, value);
            if (!fresh) it->second = std::max(it->second, value);
        }
    }
    for (OwnedStore& store : stores_) store.base().set_changelog(store.log.get());
    for (const auto& node : nodes_) {
        node->restore_clocks(clocks);
        MR_TRY_VOID(node->init(context_));
    }
    if (context_.failed()) return take_failure();
    initialized_ = true;
    return {};
}

void StreamTask::enqueue(std::size_t input, FetchedRecords records) {
    queues_[input]->enqueue(std::move(records));
}

bool StreamTask::wants_more(std::size_t input) const {
    return queues_[input]->buffered() <= settings_.buffered_records_per_partition;
}

// Semantics §6.3: with an empty partition, wait while the broker has or may have data for it, then
// max.task.idle.ms.
bool StreamTask::processable(Now now) const {
    if (!initialized_) return false;
    bool any = false, wait = false;
    for (const auto& queue : queues_) {
        if (queue->buffered() > 0 || queue->has_head()) {
            any = true;
            queue->idle_since.reset();
            continue;
        }
        if (settings_.max_task_idle_ms < 0) continue;
        if (!queue->lag || *queue->lag > 0) {
            queue->idle_since.reset();
            wait = true;
        } else if (settings_.max_task_idle_ms > 0) {
            if (!queue->idle_since) queue->idle_since = now.wall.value();
            wait = wait || now.wall.value() - *queue->idle_since < settings_.max_task_idle_ms;
        }
    }
    return any && !wait;
}

// The input whose head is oldest; ties: topic name, then partition (the order of the inputs). Its
// records may go on until `until`, the next head's timestamp.
InputQueue* StreamTask::choose(std::int64_t& until, bool& until_inclusive) {
    InputQueue* chosen = nullptr;
    until = std::numeric_limits<std::int64_t>::max();
    until_inclusive = true;
    for (const auto& queue : queues_) {
        if (!queue->load_head(context_)) {
            if (context_.failed()) return nullptr;
            continue;
        }
        if (!chosen) {
            chosen = queue.get();
        } else if (queue->head_timestamp() < chosen->head_timestamp()) {
            until = chosen->head_timestamp();  // the one passed over sorts before this one
            until_inclusive = false;
            chosen = queue.get();
        } else if (queue->head_timestamp() < until) {
            until = queue->head_timestamp();
            until_inclusive = true;
        }
    }
    return chosen;
}

void StreamTask::run(InputQueue& queue, std::int64_t until, bool until_inclusive,
                     std::size_t records_max, SliceOutcome& outcome) {
    outcome.records += queue.take(context_, until, until_inclusive, records_max);
    commit_needed_ = true;
    if (context_.failed()) return;
    queue.source().process(queue.run());
}

Result<SliceOutcome> StreamTask::process(const SliceLimits& limits, Now now) {
    SliceOutcome outcome;
    context_.now = now;
    wall_to_time_ = now.time.value() - now.wall.value() * 1'000'000;
    while (outcome.records < limits.records_max && processable(context_.now)) {
        std::int64_t until;
        bool until_inclusive;
        InputQueue* queue = choose(until, until_inclusive);
        if (context_.failed()) return take_failure();
        if (!queue) {  // only records that were skipped
            for (const auto& q : queues_) commit_needed_ = commit_needed_ || q->progressed;
            break;
        }
        std::size_t index = 0;
        while (queues_[index].get() != queue) ++index;
        const std::size_t room =
            queue_runs_[index] ? std::min(limits.records_max - outcome.records, kRunMax) : 1;
        context_.one_by_one = !queue_runs_[index];
        run(*queue, until, until_inclusive, room, outcome);
        context_.one_by_one = true;  // for punctuators
        if (context_.failed()) return take_failure();
        if (context_.stream_punctuation_due()) {
            context_.punctuate(PunctuationType::StreamTime, context_.stream_time);
            if (context_.failed()) return take_failure();
        }
        if (context_.commit_requested) break;
        if (limits.clock && limits.deadline != Time::never()) {
            context_.now = limits.clock->now();
            if (context_.now.time >= limits.deadline) break;
        }
    }
    // What is used up is let go, and the position moves past markers and gaps.
    for (const auto& queue : queues_)
        if (queue->buffered() == 0) queue->load_head(context_);
    if (context_.failed() || stores_failed()) return take_failure();
    outcome.commit_requested = context_.commit_requested;
    return outcome;
}

Result<bool> StreamTask::punctuate(Now now) {
    if (!initialized_) return false;
    context_.now = now;
    wall_to_time_ = now.time.value() - now.wall.value() * 1'000'000;
    bool ran = context_.punctuate(PunctuationType::StreamTime, context_.stream_time);
    if (!context_.failed())
        ran = context_.punctuate(PunctuationType::WallClockTime, now.wall.value()) || ran;
    if (context_.failed()) return take_failure();
    commit_needed_ = commit_needed_ || ran;
    return ran;
}

Time StreamTask::next_wall_punctuation() const {
    const std::int64_t next = context_.next_wall_punctuation();
    if (next >
        (std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(0, wall_to_time_)) /
            1'000'000)
        return Time::never();
    return Time{next * 1'000'000 + wall_to_time_};
}

Result<std::vector<CommittedPosition>> StreamTask::prepare_commit(Now now) {
    context_.now = now;
    for (OwnedStore& store : stores_) {  // in topology order: a flush may feed a later cache
        store.base().flush();
        if (context_.failed()) return take_failure();
    }
    if (stores_failed()) return take_failure();
    CommitMetadata metadata;
    for (const auto& node : nodes_) node->save_clocks(metadata.clocks);
    std::vector<CommittedPosition> positions;
    for (const auto& queue : queues_) {
        if (!queue->position()) continue;
        metadata.partition_time = queue->partition_time;
        positions.push_back({queue->tp(), *queue->position() + mutant::on(Mutant::CommitOfUnprocessed),
                             queue->epoch(), encode(metadata)});
        queue->progressed = false;
    }
    commit_needed_ = false;
    context_.commit_requested = false;
    return positions;
}

void StreamTask::seal() {
    for (OwnedStore& store : stores_) store.base().seal();
}
void StreamTask::committed() {
    for (OwnedStore& store : stores_) store.base().committed();
}

void StreamTask::aborted() {
    for (OwnedStore& store : stores_) {
        store.base().set_changelog(nullptr);
        store.base().aborted();
    }
    for (const auto& queue : queues_) queue->clear();
    if (initialized_) {
        for (const auto& node : nodes_) node->close();
    }
    context_.clear_schedules();
    context_.take_failure();
    context_.commit_requested = false;
    commit_needed_ = false;
    initialized_ = false;
}

void StreamTask::close() {
    if (!initialized_) return;
    for (const auto& node : nodes_) node->close();
    context_.clear_schedules();
    initialized_ = false;
}

std::int64_t StreamTask::dropped_records() const {
    std::int64_t dropped = context_.dropped();
    for (const OwnedStore& store : stores_) dropped += store.base().expired_puts();
    return dropped;
}

std::int64_t StreamTask::uncommitted_bytes() const {
    std::int64_t bytes = 0;
    for (const OwnedStore& store : stores_) bytes += store.base().memory().uncommitted;
    return bytes;
}

}  // namespace millrace::engine
