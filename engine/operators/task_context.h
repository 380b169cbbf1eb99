#pragma once
// What the nodes of a task share: time, stores, where records go, and what happens when one fails.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/engine/operators/node.h"
#include "millrace/engine/task/settings.h"
#include "millrace/engine/task/task.h"
#include "millrace/state/cache/cache.h"
#include "millrace/state/store.h"

namespace millrace::engine {

enum class PunctuationType : std::uint8_t { StreamTime, WallClockTime };

struct Schedule {  // one punctuator (semantics §6.4)
    PunctuationType type = PunctuationType::StreamTime;
    std::int64_t next = 0;      // ms
    std::int64_t interval = 0;  // ms
    bool cancelled = false;
    Node* node = nullptr;
    std::function<void(Timestamp)> callback;
};

struct TaskStore {  // a store of the task as nodes see it
    std::string name;
    const Codec* key_codec = nullptr;
    const Codec* value_codec = nullptr;
    bool timestamped = true;
    state::KeyValueStore* key_value = nullptr;  // one of the two
    state::WindowStore* window = nullptr;
    const TaskContext* context = nullptr;
    // Of a cached store: who hears of flushes.
    std::function<void(state::CacheListener*)> listen;
    std::int64_t write_timestamp()
        const;  // what a plain put of user code is logged with: the time of what is under way
};

class TaskContext {
public:
    TaskContext(TaskId id, const TaskSettings& settings, RecordCollector& collector)
        : id_(id), settings_(settings), collector_(collector) {}

    TaskId id() const { return id_; }
    const TaskSettings& settings() const { return settings_; }
    RecordCollector& collector() { return collector_; }
    std::int32_t partition() const { return id_.partition; }

    Now now{};                      // as the worker told it
    std::int64_t stream_time = -1;  // of the task, ms
    std::int64_t record_time = -1;  // of the record or punctuation that user code is looking at, ms
    bool commit_requested = false;
    const Node* forwarding = nullptr;  // whose child is being called
    bool one_by_one = true;  // the run under way is of one record, and so are all that it leads to

    TaskStore* store(const std::string& name);
    std::map<std::string, TaskStore>& stores() { return stores_; }

    void drop(std::int64_t records = 1) { dropped_ += records; }
    std::int64_t dropped() const { return dropped_; }

    // A record failed in a node. Afterwards either failed() is true, or the record counts as
    // dropped.
    void processing_exception(const Node& node, const Run* run, Row row,
                              const std::exception& exception);
    void bad_cell(const Node& node, const Run& run, Row row);
    bool deserialization_error(const Node& node, const Origin& origin, Row row,
                               const std::string& what);  // true: go on
    // A record that cannot be sent; true: go on without it. Only with a production handler of the
    // user's.
    bool may_skip_unserializable(const Node& node, const Run& run, Row row,
                                 const std::string& topic, bool key,
                                 const std::exception& exception);
    bool may_skip_too_large(const Node& node, const Run& run, Row row, DeadLetterRecord record);
    void fail(Error error) {
        if (!failure_) failure_ = std::move(error);
    }
    bool failed() const { return failure_.has_value(); }
    std::optional<Error> take_failure() { return std::exchange(failure_, std::nullopt); }

    Schedule* schedule(Node& node, PunctuationType type, std::optional<std::int64_t> start,
                       std::int64_t interval, std::function<void(Timestamp)> callback);
    bool stream_punctuation_due() const { return stream_time >= next_stream_punctuation_; }
    std::int64_t next_stream_punctuation() const {
        return next_stream_punctuation_;
    }                                                         // ms; max: none
    bool punctuate(PunctuationType type, std::int64_t time);  // true: something ran
    std::int64_t next_wall_punctuation() const { return next_wall_punctuation_; }  // ms; max: none
    void clear_schedules();

private:
    ErrorHandlerContext handler_context(const Node& node, const Origin* origin, Row source_row,
                                        std::int64_t timestamp, BytesView raw_headers) const;
    // Sends the dead letters of the answer; nothing: the handler failed, and so has the task.
    using Ask = std::function<ErrorHandlerResponse(const ErrorHandlerContext&)>;
    std::optional<bool> resumes(const ErrorHandlerContext& about, const char* handler,
                                const Ask& ask);
    void send_dead_letter(const DeadLetterRecord& record);
    void dead_letter(const Origin* origin, Row row, std::int64_t timestamp, BytesView raw_headers,
                     const char* exception, const std::string& message);
    // Schedules of one clock by their next time. A binary heap exactly as java.util.PriorityQueue,
    // on which Kafka's PunctuationQueue rests: so those due at the same time run in the same order.
    class Heap {
    public:
        void add(Schedule* schedule);
        Schedule* poll();  // takes the first out
        const Schedule* peek() const { return all_.empty() ? nullptr : all_.front(); }
        void clear() { all_.clear(); }

    private:
        std::vector<Schedule*> all_;
    };
    Heap& heap(PunctuationType type) {
        return type == PunctuationType::StreamTime ? by_stream_time_ : by_wall_clock_;
    }
    void find_next();

    TaskId id_;
    const TaskSettings& settings_;
    RecordCollector& collector_;
    std::map<std::string, TaskStore> stores_;
    std::int64_t dropped_ = 0;
    std::optional<Error> failure_;
    std::vector<std::unique_ptr<Schedule>> schedules_;
    Heap by_stream_time_, by_wall_clock_;
    std::int64_t next_stream_punctuation_ = INT64_MAX;
    std::int64_t next_wall_punctuation_ = INT64_MAX;
};

}  // namespace millrace::engine
