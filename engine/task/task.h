#pragma once
// The seam between a worker (which fetches, commits, restores) and a task (which processes). A task
// owns one partition of one sub-topology: its processors, stores and input queues. The topology
// test driver is the other user of this interface. Everything runs on the worker's thread; nothing
// here reads a clock or blocks.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/result.h"
#include "millrace/base/topic_partition.h"
#include "millrace/state/provider.h"
#include "millrace/state/store.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::engine {

struct TaskId {  // "<subtopology>_<partition>"
    std::int32_t subtopology = 0;
    std::int32_t partition = 0;
    std::string to_string() const {
        return std::to_string(subtopology) + '_' + std::to_string(partition);
    }
    friend auto operator<=>(const TaskId&, const TaskId&) = default;
};

// Where tasks send records: the worker's transactional producer, or the test driver. Bytes are
// copied before it returns.
class RecordCollector {
public:
    using Topic = std::int32_t;  // a handle, cheap in the hot path
    virtual ~RecordCollector() = default;
    virtual Topic topic(
        const std::string& name) = 0;  // full name; the same handle for the same name
    // Key, value and headers together, bytes: more is too large for one record.
    virtual std::size_t record_bytes_max() const { return SIZE_MAX; }
    virtual std::int32_t partition_count(Topic topic) = 0;  // <= 0: unknown topic
    virtual void send(
        Topic topic, std::int32_t partition, state::MaybeBytes key, state::MaybeBytes value,
        Timestamp timestamp,
        BytesView headers) = 0;  // headers: as in a record (varint count, ...); empty: none
    // The batch that send() would write to, if one is open; a record without headers that it takes
    // need not be sent. The reference stays good; what it holds changes with every call from outside.
    virtual const wire::OpenBatch& open_batch(Topic topic, std::int32_t partition) {
        (void)topic, (void)partition;
        static constexpr wire::OpenBatch kNone;
        return kNone;
    }
};

struct FetchedRecords {  // data batches only: control batches and aborted transactions are filtered
                         // by the fetcher
    Bytes batches;       // whole v2 batches
    Offset from{};       // records below are skipped (a batch may start before the position)
    Offset next{};       // the position after them, past control batches and gaps
    std::optional<LeaderEpoch> epoch;
};

struct CommittedPosition {  // what goes into the group's offsets
    TopicPartition tp;
    Offset offset{};
    std::optional<LeaderEpoch> epoch;
    std::string metadata;  // base64 of partition time and operator clocks (semantics §6.5)
};

struct SliceLimits {
    std::size_t records_max = 256;
    Time deadline = Time::never();
    Clock* clock = nullptr;  // read between runs against the deadline; null: no deadline
};

struct SliceOutcome {
    std::size_t records = 0;        // input records taken
    bool commit_requested = false;  // a processor called commit()
};

struct StoreDescription {
    std::string name;
    std::string changelog_topic;       // full name; empty: not logged
    bool source_is_changelog = false;  // restored from a source topic up to the committed offset
    state::StateStore* store = nullptr;
};

class Task {
public:
    virtual ~Task() = default;
    virtual TaskId id() const = 0;
    virtual std::span<const TopicPartition> inputs() const = 0;  // index = `input` below
    virtual std::span<const StoreDescription> stores() const = 0;

    // After restore and before the first record: partition times and operator clocks from the
    // committed metadata (one entry per input, empty: none), then the processors' init().
    virtual Result<void> initialize(std::span<const std::string> metadata, Now now) = 0;

    virtual void enqueue(std::size_t input, FetchedRecords records) = 0;
    virtual bool wants_more(std::size_t input) const = 0;  // buffered.records.per.partition
    virtual void set_lag(
        std::size_t input,
        std::optional<std::int64_t> lag) = 0;     // what the broker has beyond the queue
    virtual bool processable(Now now) const = 0;  // max.task.idle.ms decides
    // An error stops the worker: handlers have spoken. It names topic, partition, offset and the
    // operator's file:line.
    virtual Result<SliceOutcome> process(const SliceLimits& limits, Now now) = 0;
    virtual Result<bool> punctuate(Now now) = 0;  // true when something ran
    virtual Time next_wall_punctuation() const = 0;

    virtual bool commit_needed() const = 0;
    // Flushes caches (this may send records), then gives the positions. The stores are sealed by
    // the caller's commit().
    virtual Result<std::vector<CommittedPosition>> prepare_commit(Now now) = 0;
    virtual void seal() = 0;       // EndTxn is about to be sent
    virtual void committed() = 0;  // its outcome is known
    virtual void aborted() = 0;    // open and in-flight state is dropped, queues are cleared;
                                   // re-initialise to go on
    virtual void close() = 0;      // processors' close()
    virtual std::int64_t dropped_records() const = 0;
    virtual std::int64_t uncommitted_bytes() const = 0;
};

// ---- what the compiled topology tells a worker
// ----------------------------------------------------------------------

struct InternalTopic {
    std::string name;                            // full, with the application id
    std::optional<std::int32_t> partitions;      // fixed by the user; nothing: derived
    std::map<std::string, std::string> configs;  // semantics §5.4
};

struct Subtopology {
    std::int32_t id = 0;
    std::vector<std::string> source_topics;          // sorted; without repartition topics
    std::vector<InternalTopic> repartition_sources;  // sorted by name
    std::vector<std::string> repartition_sinks;      // sorted
    std::vector<std::string> sink_topics;            // sorted; the user's, by fixed name
    std::vector<InternalTopic>
        changelogs;  // sorted by name; without source topics used as changelogs
    std::vector<std::vector<std::string>> copartition_groups;  // sorted topic names
};

class TaskTopology {  // built by dsl/compile, immutable; shared by all workers of an application
public:
    virtual ~TaskTopology() = default;
    virtual const std::vector<Subtopology>& subtopologies() const = 0;
    virtual std::string describe() const = 0;
    virtual std::unique_ptr<Task> make_task(TaskId id, RecordCollector& collector,
                                            state::StoreProvider& stores) const = 0;
};

}  // namespace millrace::engine
