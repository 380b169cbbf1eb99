#pragma once
// An application that runs (Kafka: KafkaStreams): its workers, their state, one life cycle.
//
//   KafkaStreams streams(topology, settings);   // settings by Kafka's names
//   streams.start();  ...  streams.close();
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/dsl/streams.h"

namespace millrace {

class EmbeddedBroker;
class LogSink;

class KafkaStreams {
public:
    enum class State : std::uint8_t { Created, Rebalancing, Running, PendingShutdown, NotRunning, PendingError, Error };

    struct Options {
        EmbeddedBroker* broker = nullptr;   // in this process: bootstrap.servers is not needed
        LogSink* log = nullptr;             // null: standard error; else it outlives the application
        int instance = 0;                   // > 0: static membership under this number
        bool until_end = false;             // at_end() will be asked
        ErrorHandlers handlers;             // the application's own, in place of those that the settings name
        std::function<void()> ended;        // some worker stopped by itself, or at_end() may have become true; any thread
    };
    struct Metrics {
        std::int64_t records_processed = 0, records_sent = 0, dropped_records = 0, commits = 0, lag = 0;
        std::size_t lag_unknown = 0;   // inputs whose end no broker has told yet: `lag` is without them
        std::int64_t uncommitted_bytes = 0, stalls = 0;
        std::chrono::nanoseconds commit_latency_max{};
        std::size_t tasks_running = 0, tasks_restoring = 0, tasks_suspended = 0;
    };
    struct RestoreStatus {   // of one store that is being restored
        std::string task, store;
        std::int64_t restored = 0, total = 0;   // records of the changelog
        double records_per_second = 0, seconds_left = 0;
        bool done = false;
    };
    struct TaskInfo {
        std::string task, state, error;   // "0_1", "RUNNING"; error: why it is suspended
    };

    KafkaStreams(const Topology& topology, std::map<std::string, std::string> settings);
    KafkaStreams(const Topology& topology, std::map<std::string, std::string> settings, Options options);
    ~KafkaStreams();
    KafkaStreams(const KafkaStreams&) = delete;

    // InvalidConfig, and errors of the state directory (another application's, in use, changed types), before anything runs.
    Result<void> start();
    // Commits, closes the tasks, leaves the group. False: `timeout` passed first; what is left ends as in a crash.
    bool close(std::chrono::milliseconds timeout = std::chrono::minutes(5));

    State state() const;
    std::optional<Error> failure() const;   // why a worker stopped by itself
    Metrics metrics() const;
    std::vector<TaskInfo> tasks() const;
    bool at_end() const;   // until_end: all workers have processed and committed what was there at the start
    // Progress of restores, about once a second; called on a worker's thread. Set before start().
    void set_restore_listener(std::function<void(const RestoreStatus&)> listener);
    // Group trouble by Kafka's status names (MISSING_SOURCE_TOPICS, ...), each once. Set before start().
    void set_status_listener(std::function<void(const std::string& status, const std::string& detail)> listener);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

std::string_view name(KafkaStreams::State state);   // Kafka's: "RUNNING"

}  // namespace millrace
