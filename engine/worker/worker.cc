// Inputs, slices and the whole of a Worker. Tasks: worker_tasks.cc. Commits: worker_commit.cc.
#include "millrace/engine/worker/worker.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/engine/assignment/topology_request.h"
#include "millrace/engine/worker/collector.h"

namespace millrace::engine {

namespace {
constexpr Duration kStall = std::chrono::milliseconds(20);
constexpr Duration kIdleLook =
    std::chrono::milliseconds(10);  // while a task waits for data by max.task.idle.ms

Duration ms(std::int64_t n) {
    return std::chrono::milliseconds(n);
}

client::ClusterConfig cluster_config(const WorkerConfig& c) {
    client::ClusterConfig out;
    out.bootstrap = c.bootstrap;
    out.request_timeout = ms(c.streams.request_timeout_ms);
    out.retry_backoff = ms(c.streams.retry_backoff_ms);
    out.retry_backoff_max = ms(c.streams.retry_backoff_max_ms);
    out.reconnect_backoff = ms(c.streams.reconnect_backoff_ms);
    out.reconnect_backoff_max = ms(c.streams.reconnect_backoff_max_ms);
    out.metadata_max_age = ms(c.streams.metadata_max_age_ms);
    out.seed = c.seed;
    return out;
}

client::ProducerConfig producer_config(const WorkerConfig& c) {
    const StreamsConfig& s = c.streams;
    client::ProducerConfig out;
    if (s.exactly_once())
        out.transactional_id =
            s.application_id + '-' + c.process_id + '-' + std::to_string(c.number);
    out.transaction_timeout = ms(s.transaction_timeout_ms);
    out.batch_size = static_cast<std::size_t>(s.batch_size);
    out.max_request_size = static_cast<std::size_t>(s.max_request_size);
    out.buffer_memory = static_cast<std::size_t>(s.buffer_memory);
    out.linger = ms(s.linger_ms);
    out.delivery_timeout = ms(std::max<std::int64_t>(s.task_timeout_ms, 1));
    out.max_in_flight = static_cast<std::size_t>(s.max_in_flight_requests_per_connection);
    const std::pair<std::string_view, wire::Codec> codecs[] = {{"gzip", wire::Codec::Gzip},
                                                               {"snappy", wire::Codec::Snappy},
                                                               {"lz4", wire::Codec::Lz4},
                                                               {"zstd", wire::Codec::Zstd}};
    for (const auto& [name, codec] : codecs)
        if (s.compression_type == name) out.codec = codec;
    return out;
}

client::FetcherConfig fetcher_config(const WorkerConfig& c) {
    const StreamsConfig& s = c.streams;
    client::FetcherConfig out;
    out.read_committed = s.exactly_once();
    out.check_crcs = s.check_crcs;
    out.fetch_max_bytes = static_cast<std::int32_t>(s.fetch_max_bytes);
    out.max_partition_fetch_bytes = static_cast<std::int32_t>(s.max_partition_fetch_bytes);
    out.fetch_min_bytes = static_cast<std::int32_t>(s.fetch_min_bytes);
    out.fetch_max_wait = ms(s.fetch_max_wait_ms);
    out.reset = s.auto_offset_reset == "earliest" ? client::OffsetReset::Earliest
                : s.auto_offset_reset == "latest" ? client::OffsetReset::Latest
                                                  : client::OffsetReset::None;
    return out;
}

client::FetcherConfig restore_config(const WorkerConfig& c) {
    client::FetcherConfig out = fetcher_config(c);
    if (mutant::on(Mutant::RestoreOfUncommitted)) out.read_committed = false;
    out.lane = client::Lane::Restore;
    out.second_lane.reset();
    out.fetch_max_bytes =
        std::min(out.fetch_max_bytes, 4 * 1024 * 1024);  // one answer is applied in one go
    out.reset = client::OffsetReset::None;
    return out;
}

client::StreamsMemberConfig member_config(const WorkerConfig& c, const TaskTopology& topology) {
    client::StreamsMemberConfig out;
    out.group_id = c.streams.application_id;
    out.member_id = c.member_id;
    out.process_id = c.process_id;
    if (c.static_member)
        out.instance_id =
            (c.streams.group_instance_id.empty() ? c.process_id : c.streams.group_instance_id) +
            '-' + std::to_string(c.number);
    out.rebalance_timeout = ms(c.streams.max_poll_interval_ms);
    out.client_tags = c.streams.client_tags;
    out.topology = topology_request(topology, c.streams);
    if (const std::size_t colon = c.streams.application_server.rfind(':');
        colon != std::string::npos)
        out.user_endpoint = {c.streams.application_server.substr(0, colon),
                             static_cast<std::uint16_t>(std::strtoul(
                                 c.streams.application_server.c_str() + colon + 1, nullptr, 10))};
    return out;
}
}  // namespace

Worker::Worker(WorkerConfig config, const TaskTopology& topology, state::StoreProvider& stores,
               WorkerListener& listener, LogSink& log)
    : config_(std::move(config)),
      topology_(topology),
      stores_(stores),
      listener_(listener),
      log_(log),
      cluster_(cluster_config(config_), log),
      producer_(cluster_, producer_config(config_), log),
      fetcher_(cluster_, fetcher_config(config_), *this, log),
      member_(cluster_, member_config(config_, topology), log),
      restorer_(cluster_, restore_config(config_), log) {
    for (const Subtopology& sub : topology_.subtopologies()) {
        for (const InternalTopic& t : sub.repartition_sources) repartition_topics_.insert(t.name);
        for (const InternalTopic& t : sub.changelogs) internal_topics_.insert(t.name);
        for (const std::string& t : sub.repartition_sinks) internal_topics_.insert(t);
    }
    internal_topics_.insert(repartition_topics_.begin(), repartition_topics_.end());
    collector_ = std::make_unique<Collector>(producer_, internal_topics_);
}

Worker::~Worker() = default;

void Worker::start(Now now, client::Effects& effects) {
    MR_CHECK(phase_ == Phase::Idle);
    cluster_.at(now);
    phase_ = Phase::Active;
    started_ = last_commit_ = now.time;
    next_purge_ = now.time + ms(config_.streams.repartition_purge_interval_ms);
    member_.join();
    producer_.init();
    advance();
    finish(effects);
}

void Worker::step(const client::LinkInput& input, Now now, client::Effects& effects) {
    if (phase_ == Phase::Over || phase_ == Phase::Idle) return;
    cluster_.step(input, now);
    advance();
    finish(effects);
}

void Worker::tick(Now now, client::Effects& effects) {
    if (phase_ == Phase::Over || phase_ == Phase::Idle) return;
    cluster_.tick(now);
    advance();
    finish(effects);
}

void Worker::close(Now now, client::Effects& effects) {
    if (phase_ == Phase::Idle) {
        phase_ = Phase::Over;
        set_state();
        return;
    }
    if (phase_ == Phase::Over) return;
    cluster_.at(now);
    if (!closing_) {
        closing_ = true;
        close_deadline_ = now.time + ms(config_.streams.task_timeout_ms);
    }
    advance();
    finish(effects);
}

void Worker::stop(Error error) {
    if (phase_ == Phase::Leaving || phase_ == Phase::Over || failure_) return;
    log_.error("worker stops", {{"worker", std::int64_t{config_.number}}, {"error", error.detail}});
    failure_ = std::move(error);
    closing_ = true;
    close_deadline_ = std::min(close_deadline_, cluster_.now().time + ms(10000));
    changed_ = true;
    // What is not committed will not be: an open transaction is aborted, so that nobody waits for
    // its timeout.
    if (producer_.transactional() && phase_ == Phase::Active && producer_.initialized() &&
        producer_.trouble() != client::Trouble::Fatal &&
        producer_.trouble() != client::Trouble::Lost) {
        phase_ = Phase::Aborting;
        producer_.abort();
    }
}

// ---- slices
// ---------------------------------------------------------------------------------------------------------

bool Worker::ready_to_run(const Slot& slot, Now now) const {
    if (slot.state != TaskState::Running || slot.revoking || slot.resume_at > now.time)
        return false;
    return slot.task->processable(now) || slot.task->next_wall_punctuation() <= now.time;
}

bool Worker::runnable(Now now) const {
    if (phase_ != Phase::Active || closing_ || producer_.full() ||
        producer_.trouble() != client::Trouble::None)
        return false;
    for (const auto& [id, slot] : slots_)
        if (ready_to_run(slot, now)) return true;
    return false;
}

void Worker::run(Now now, client::Effects& effects) {
    cluster_.at(now);
    if (!runnable(now)) {
        advance();
        finish(effects);
        return;
    }
    auto it = slots_.lower_bound(next_task_);
    for (std::size_t i = 0; i < slots_.size(); ++i, ++it) {
        if (it == slots_.end()) it = slots_.begin();
        if (ready_to_run(it->second, now)) break;
    }
    if (it == slots_.end()) it = slots_.begin();
    Slot& slot = it->second;
    next_task_ = TaskId{slot.id.subtopology, slot.id.partition + 1};
    SliceLimits limits;
    limits.clock = config_.slice_clock;
    limits.deadline = config_.slice_clock ? now.time + config_.slice : Time::never();
    ++metrics_.slices;
    at_end_ = AtEnd::No;
    std::optional<Error> error;
    if (slot.task->processable(now)) {
        Result<SliceOutcome> outcome = slot.task->process(limits, now);
        if (outcome) {
            metrics_.records_processed += static_cast<std::int64_t>(outcome->records);
            processed_since_commit_ += static_cast<std::int64_t>(outcome->records);
            commit_requested_ |= outcome->commit_requested;
        } else {
            error = outcome.error();
        }
    }
    if (!error)
        if (const Result<bool> punctuated = slot.task->punctuate(now); !punctuated)
            error = punctuated.error();
    if (config_.slice_clock && config_.slice_clock->now().time - now.time > kStall) {
        ++metrics_.stalls;
        log_.warn("slice took long",
                  {{"task", slot.id.to_string()},
                   {"ms", (config_.slice_clock->now().time - now.time) / ms(1)}});
    }
    if (error) {
        task_error(slot.id, std::move(*error));
    } else {
        update_flow(slot);
    }
    advance();
    finish(effects);
}

void Worker::kept_alive(const wire::StreamsGroupHeartbeatResponse& response, Now now,
                        client::Effects& effects) {
    cluster_.at(now);
    member_.kept_alive(response);
    advance();
    finish(effects);
}

// What the task's queues want, and what it should know about the broker's side.
void Worker::update_flow(Slot& slot) {
    for (std::size_t i = 0; i < slot.inputs.size(); ++i) {
        const Input& input = slot.inputs[i];
        if (!input.exists) continue;
        fetcher_.pause(input.tp, !slot.task->wants_more(i));
        slot.task->set_lag(i, fetcher_.lag(input.tp));
    }
}

void Worker::fetched(Tag tag, client::FetchedBatches batches) {
    const auto at = tags_.find(tag);
    if (at == tags_.end() || phase_ != Phase::Active) return;
    const auto slot = slots_.find(at->second.first);
    if (slot == slots_.end() || slot->second.state != TaskState::Running) return;
    FetchedRecords records;
    records.batches = std::move(batches.batches);
    records.from = batches.from;
    records.next = batches.next;
    records.epoch = batches.epoch;
    slot->second.task->enqueue(at->second.second, std::move(records));
}

void Worker::heard(Tag tag) {
    const auto at = tags_.find(tag);
    if (at == tags_.end() || phase_ != Phase::Active) return;
    const auto slot = slots_.find(at->second.first);
    if (slot != slots_.end() && slot->second.state == TaskState::Running) update_flow(slot->second);
}

void Worker::position_reset(Tag tag, Offset position, bool truncated) {
    const auto at = tags_.find(tag);
    if (at == tags_.end()) return;
    const auto slot = slots_.find(at->second.first);
    if (slot == slots_.end()) return;
    Input& input = slot->second.inputs[at->second.second];
    if (!input.committed && !truncated) input.reset_to = position;
    if (truncated)
        log_.warn("position lost: records may have been skipped or read twice",
                  {{"partition", input.tp.to_string()}, {"position", position.value()}});
    if (slot->second.state == TaskState::Running)
        slot->second.task->set_lag(at->second.second, fetcher_.lag(input.tp));
}

void Worker::fetch_failed(Tag tag, Error error) {
    if (!tags_.contains(tag)) return;
    stop(std::move(error));
}

// ---- the whole
// ------------------------------------------------------------------------------------------------------

void Worker::advance() {
    for (int rounds = 0; rounds < 16;
         ++rounds) {  // each round moves something on; far fewer are needed
        changed_ = false;
        producer_.poll();
        while (const auto outcome = producer_.take_outcome()) commit_known(*outcome);
        if (producer_.trouble() != client::Trouble::None) producer_trouble();
        watch_group();
        if (phase_ == Phase::Recovering) find_outcome();
        if (phase_ == Phase::Active) {
            reconcile();
            if (!closing_) {
                ask_offsets();
                for (auto it = slots_.begin(); it != slots_.end();) {
                    Slot& slot = (it++)->second;  // trying may drop it
                    if (slot.state == TaskState::Restoring) try_running(slot);
                }
            }
            if (commit_due()) begin_commit();
            if (config_.until_end && !closing_) check_end();
        }
        if (closing_) advance_closing();
        restorer_.poll();
        for (const RestoreProgress& progress : restorer_.take_progress())
            listener_.restore_progress(progress);
        fetcher_.poll();
        member_.poll();
        producer_.poll();
        if (!changed_ && !producer_.outcome_waiting()) break;
    }
}

void Worker::watch_group() {
    if (member_.fatal() && !failure_) stop(*member_.fatal());
    if (member_.take_fenced() && phase_ != Phase::Over) {
        if (phase_ == Phase::Leaving) return;
        reset_everything("fenced by the group");
        member_.join();
    }
    if (member_.status() == told_status_) return;
    told_status_ = member_.status();
    for (const auto& [status, detail] : told_status_) {
        log_.info("group status",
                  {{"code", std::int64_t{static_cast<std::int8_t>(status)}}, {"detail", detail}});
        listener_.group_status(status, detail);
        if (status == client::GroupStatus::IncorrectlyPartitionedTopics)
            stop({ErrorCode::InvalidPartitions, detail});
        if (status == client::GroupStatus::ShutdownApplication)
            stop({ErrorCode::OperationNotAttempted,
                  "another instance asked the application to shut down"});
    }
    const bool missing = told_status_.contains(client::GroupStatus::MissingSourceTopics);
    missing_topics_since_ = !missing                                 ? Time::never()
                            : missing_topics_since_ == Time::never() ? cluster_.now().time
                                                                     : missing_topics_since_;
}

void Worker::advance_closing() {
    const bool late = cluster_.now().time >= close_deadline_;
    if (phase_ == Phase::Active || (late && (phase_ == Phase::Aborting || phase_ == Phase::Recovering))) {
        if (!late && !failure_ && (committing_ || any_commit_needed()))
            return;  // commit_due() sees to it
        while (!slots_.empty()) drop_slot(slots_.begin()->first);
        restorer_.clear();
        fetcher_.clear();
        phase_ = Phase::Leaving;
        member_.leave();
        changed_ = true;
    }
    if (phase_ == Phase::Leaving && (member_.left() || late)) {
        phase_ = Phase::Over;
        scope_.reset();
        cluster_.close();
    }
}

void Worker::set_state() {
    WorkerState next = WorkerState::Running;
    if (phase_ == Phase::Idle) {
        next = WorkerState::Created;
    } else if (phase_ == Phase::Over) {
        next = failure_ ? WorkerState::Failed : WorkerState::Closed;
    } else if (closing_) {
        next = WorkerState::Closing;
    } else if (!member_.joined() && slots_.empty()) {
        next = WorkerState::Starting;
    } else {
        for (const auto& [id, slot] : slots_)
            if (slot.state == TaskState::Created || slot.state == TaskState::Restoring ||
                slot.revoking)
                next = WorkerState::Rebalancing;
    }
    if (next == state_) return;
    state_ = next;
    listener_.state_changed(next);
}

void Worker::finish(client::Effects& effects) {
    const Time now = cluster_.now().time;
    if (missing_topics_since_ != Time::never() && !failure_) {
        const Time at = missing_topics_since_ + ms(config_.streams.task_timeout_ms);
        if (now >= at) {
            stop({ErrorCode::UnknownTopicOrPartition,
                  told_status_[client::GroupStatus::MissingSourceTopics] +
                      " Waited task.timeout.ms for them: create them, then start again"});
            advance();
        } else {
            effects.wake(at);
        }
    }
    set_state();
    cluster_.drain(effects);
    if (phase_ == Phase::Over) return;
    effects.wake(producer_.next_due());
    effects.wake(fetcher_.next_due());
    effects.wake(restorer_.next_due());
    effects.wake(member_.next_due());
    effects.wake(close_deadline_);
    bool commit_needed = false, waits_for_data = false;
    for (const auto& [id, slot] : slots_) {
        if (slot.state != TaskState::Running) continue;
        effects.wake(std::max(slot.task->next_wall_punctuation(), now));
        if (slot.resume_at > now) effects.wake(slot.resume_at);
        commit_needed |= slot.task->commit_needed();
        for (std::size_t i = 0; config_.streams.max_task_idle_ms > 0 && i < slot.inputs.size(); ++i)
            waits_for_data |= !slot.task->wants_more(i) && !slot.task->processable(cluster_.now());
    }
    if (commit_needed && !committing_)
        effects.wake(std::max(now, last_commit_ + ms(config_.streams.commit_interval_ms())));
    if (waits_for_data) effects.wake(now + kIdleLook);
}

WorkerMetrics Worker::metrics() const {
    WorkerMetrics m = metrics_;
    m.records_sent = producer_.records_sent();
    m.bytes_sent = producer_.bytes_sent();
    m.buffered_bytes = static_cast<std::int64_t>(producer_.buffered_bytes());
    for (const auto& [id, slot] : slots_) {
        m.dropped_records += slot.task->dropped_records();
        m.uncommitted_bytes += slot.task->uncommitted_bytes();
        for (const Input& input : slot.inputs) {
            const auto lag = fetcher_.lag(input.tp);
            m.lag += lag.value_or(0);
            m.lag_unknown += !lag && input.exists;
        }
        ++(slot.state == TaskState::Created     ? m.tasks_created
           : slot.state == TaskState::Restoring ? m.tasks_restoring
           : slot.state == TaskState::Running   ? m.tasks_running
                                                : m.tasks_suspended);
    }
    return m;
}

std::vector<TaskStatus> Worker::tasks() const {
    std::vector<TaskStatus> out;
    for (const auto& [id, slot] : slots_) {
        TaskStatus status{id, slot.state, 0, slot.error};
        for (const Input& input : slot.inputs) status.lag += fetcher_.lag(input.tp).value_or(0);
        out.push_back(std::move(status));
    }
    return out;
}

const Task* Worker::running_task(TaskId id) const {
    const auto it = slots_.find(id);
    return it == slots_.end() || it->second.state != TaskState::Running ? nullptr
                                                                        : it->second.task.get();
}

}  // namespace millrace::engine
