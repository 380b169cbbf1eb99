#pragma once
// A worker (Kafka: StreamThread): one group member, one producer, its tasks; the unit of scheduling
// and of commit (design §3.8). A machine: whoever drives it (an event loop, a thread, the
// simulator) feeds inputs, carries out effects, and calls run() for a slice of processing whenever
// runnable() says so, between I/O.
//
//   worker.start(now, effects);
//   for (;;) { carry out effects;  next input -> step(...) | time >= effects.wake_at -> tick(...) |
//   runnable() -> run(...) }
//
// Tasks: CREATED (made, offsets asked for) -> RESTORING -> RUNNING -> CLOSED; SUSPENDED: parked
// because one record keeps failing. Processing goes on while a commit is under way: what it sends
// belongs to the next transaction.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/result.h"
#include "millrace/client/admin.h"
#include "millrace/client/channel.h"
#include "millrace/client/cluster.h"
#include "millrace/client/fetcher.h"
#include "millrace/client/producer.h"
#include "millrace/client/streams_member.h"
#include "millrace/engine/restore/restorer.h"
#include "millrace/engine/task/task.h"
#include "millrace/engine/worker/streams_config.h"
#include "millrace/state/provider.h"

namespace millrace::engine {

struct WorkerConfig {
    StreamsConfig streams;
    std::vector<client::Address>
        bootstrap;            // streams.bootstrap_servers resolved; or the loopback address
    std::string process_id;   // a Uuid's text; survives a restart
    std::string member_id;    // a Uuid's text; fresh per worker
    std::int32_t number = 1;  // of the worker in its process, from 1: part of the transactional id
    bool static_member = false;  // group.instance.id, or <process id>-<number>; not over loopback
    bool until_end = false;      // caught_up() will be asked
    std::int32_t task_failures_max = 3;  // in a row at the same offsets; then the task is parked
    std::uint64_t seed = 1;              // of retry jitter
    Clock* slice_clock = nullptr;        // bounds a slice by time; null: by records only
    Duration slice = std::chrono::microseconds(200);
};

enum class TaskState : std::uint8_t { Created, Restoring, Running, Suspended, Closed };
enum class WorkerState : std::uint8_t {
    Created,
    Starting,
    Rebalancing,
    Running,
    Closing,
    Closed,
    Failed
};

struct WorkerMetrics {
    std::int64_t records_processed = 0, records_sent = 0, bytes_sent = 0, dropped_records = 0;
    std::int64_t commits = 0, aborts = 0, slices = 0;
    std::int64_t stalls = 0;  // slices over 20 ms
    Duration commit_latency_last{}, commit_latency_max{}, commit_latency_total{};
    std::int64_t lag = 0;         // over all inputs, as far as known
    std::size_t lag_unknown = 0;  // inputs whose end no broker has told yet
    std::int64_t uncommitted_bytes = 0, buffered_bytes = 0;
    std::size_t tasks_created = 0, tasks_restoring = 0, tasks_running = 0, tasks_suspended = 0;
};

struct TaskStatus {
    TaskId id;
    TaskState state = TaskState::Created;
    std::int64_t lag = 0;
    std::string error;  // why it is suspended
};

class WorkerListener {  // all on the worker's thread; may not call back into the worker
public:
    virtual ~WorkerListener() = default;
    virtual void state_changed(WorkerState) {}
    virtual void task_state_changed(TaskId, TaskState) {}
    virtual void restore_progress(const RestoreProgress&) {
    }  // at start, about once a second, and at the end
    virtual void task_failed(TaskId, const Error&, bool parked) {
        (void)parked;
    }  // names the record and the operator
    virtual void group_status(client::GroupStatus, const std::string& detail) { (void)detail; }
    virtual void committed(std::int64_t records, Duration latency) { (void)records, (void)latency; }
};

class Worker final : private client::FetchSink {
public:
    Worker(WorkerConfig config, const TaskTopology& topology, state::StoreProvider& stores,
           WorkerListener& listener, LogSink& log);
    ~Worker() override;
    Worker(const Worker&) = delete;

    void start(Now now, client::Effects& effects);
    void step(const client::LinkInput& input, Now now, client::Effects& effects);
    void tick(Now now, client::Effects& effects);
    bool runnable(Now now) const;  // a slice of work is there and the producer has room
    void run(Now now, client::Effects& effects);  // one slice of one task
    // Heartbeats were sent for us while this thread was held (client/streams_keep_alive.h): what the group said.
    void kept_alive(const wire::StreamsGroupHeartbeatResponse& response, Now now, client::Effects& effects);
    const client::StreamsMember& member() const { return member_; }
    // Commits, closes the tasks, leaves the group. closed() follows; a dead broker delays it by
    // task.timeout.ms at most.
    void close(Now now, client::Effects& effects);

    WorkerState state() const { return state_; }
    bool closed() const { return state_ == WorkerState::Closed || state_ == WorkerState::Failed; }
    const std::optional<Error>& failure() const { return failure_; }  // why it stopped by itself

    // With until_end: every record that was in the source topics when their tasks started is
    // processed and committed, and the repartition topics hold nothing more for us. With several
    // workers: when all say so, remember commits() of each, call recheck_end() on each, and believe
    // it when all say so again with the same commits().
    bool caught_up() const { return at_end_ == AtEnd::Yes; }
    void recheck_end() {
        if (at_end_ == AtEnd::Yes) at_end_ = AtEnd::No;
    }
    std::int64_t commits() const { return metrics_.commits; }

    WorkerMetrics metrics() const;
    std::vector<TaskStatus> tasks() const;
    const Task* running_task(TaskId id) const;  // null: not here or not running
    client::Cluster& cluster() { return cluster_; }

private:
    class Collector;
    enum class AtEnd : std::uint8_t { No, Asking, Yes };
    // Recovering: the producer was lost, and with it perhaps the answer to a commit.
    enum class Phase : std::uint8_t { Idle, Active, Aborting, Recovering, Leaving, Over };
    struct Input {
        TopicPartition tp;
        client::FetchSink::Tag tag = 0;
        bool exists = true;  // the topic has this partition
        bool repartition = false;
        std::optional<Offset> committed;
        std::optional<LeaderEpoch> committed_epoch;
        std::string metadata;                // as committed
        std::optional<Offset> reset_to;  // where the policy put us, before the first commit
        std::optional<Offset> end_at_start;  // until_end
        Offset purged{0};
    };
    struct Slot {
        TaskId id;
        std::uint64_t serial = 0;
        Time made;  // when its task was
        TaskState state = TaskState::Created;
        std::unique_ptr<Task> task;
        std::vector<Input> inputs;
        bool offsets_asked = false, offsets_known = false;
        bool sealed = false;  // part of the commit under way
        bool revoking = false;
        std::vector<CommittedPosition> positions;  // of the commit under way
        Time resume_at{INT64_MIN};
        std::string error;
    };
    struct Failures {  // since the last commit that moved the task
        int same = 0, all = 0, restoring = 0;
        std::string last;  // what `same` counts: the error names the record
    };

    // FetchSink
    void fetched(Tag tag, client::FetchedBatches batches) override;
    void heard(Tag tag) override;
    void position_reset(Tag tag, Offset position, bool truncated) override;
    void fetch_failed(Tag tag, Error error) override;

    // worker.cc: inputs, slices, the whole
    void advance();
    void finish(client::Effects& effects);
    void update_flow(Slot& slot);
    void advance_closing();
    void stop(Error error);
    void set_state();
    void watch_group();
    bool ready_to_run(const Slot& slot, Now now) const;

    // worker_tasks.cc: from assignment to running and away
    void reconcile();
    bool sources_known(TaskId id);
    void make_slot(TaskId id);
    void ask_offsets();
    void offsets_arrived(const std::vector<std::pair<TaskId, std::uint64_t>>& asked,
                         Result<std::map<TopicPartition, client::CommittedOffset>> committed);
    void start_restore(Slot& slot);
    void try_running(Slot& slot);
    void assign_inputs(Slot& slot);
    void fetch_from_last_commit(Input& input);
    void drop_slot(TaskId id);
    void reset_everything(const std::string& why);
    void set_task_state(Slot& slot, TaskState state);
    Slot* find(TaskId id, std::uint64_t serial);

    // worker_commit.cc: commit, abort, errors, purge, the end
    bool commit_due() const;
    bool any_commit_needed() const;
    void begin_commit();
    void commit_known(client::Outcome outcome);
    void advance_checkpoints(Slot& slot);
    void roll_back();
    void producer_trouble();
    void recover(const std::string& why);
    void find_outcome();
    void outcome_found(Result<std::map<TopicPartition, client::CommittedOffset>> committed);
    void task_error(TaskId id, Error error);
    void purge();
    void check_end();
    bool consumed_to_end(bool committed = true) const;

    WorkerConfig config_;
    const TaskTopology& topology_;
    state::StoreProvider& stores_;
    WorkerListener& listener_;
    LogSink& log_;
    client::Cluster cluster_;
    client::Producer producer_;
    client::Fetcher fetcher_;
    client::StreamsMember member_;
    Restorer restorer_;
    std::unique_ptr<Collector> collector_;
    client::Scope scope_;  // look-ups for tasks

    WorkerState state_ = WorkerState::Created;
    Phase phase_ = Phase::Idle;
    std::optional<Error> failure_;
    std::map<TaskId, Slot> slots_;
    std::map<client::FetchSink::Tag, std::pair<TaskId, std::size_t>> tags_;
    std::map<TaskId, Failures> failures_;
    std::set<std::string> internal_topics_, repartition_topics_;
    std::uint64_t next_serial_ = 1, seen_assignment_ = 0, seen_metadata_ = 0;
    bool reconcile_ = true, was_joined_ = false;  // slots changed, or may
    client::FetchSink::Tag next_tag_ = 1;
    TaskId next_task_{};  // round robin
    bool commit_requested_ = false, committing_ = false, closing_ = false, purging_ = false,
         changed_ = false, outcome_asked_ = false;
    Time started_{}, last_commit_{}, commit_began_{}, close_deadline_ = Time::never(),
                                                      next_purge_{}, next_end_check_{};
    Time missing_topics_since_ = Time::never();
    std::int64_t processed_since_commit_ = 0;
    AtEnd at_end_ = AtEnd::No;
    std::map<client::GroupStatus, std::string> told_status_;
    WorkerMetrics metrics_;
};

}  // namespace millrace::engine
