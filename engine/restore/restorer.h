#pragma once
// Fills stores from their changelogs before their task runs (Kafka: StoreChangelogReader). A
// machine on a Cluster, with a fetcher of its own. Where it starts: at the store's checkpoint when
// that is valid, else at the beginning; where it ends: at the log's end as it was when restoring
// began (read_uncommitted end, read_committed reading: what is still open when we begin is waited
// for), or for a source topic that serves as changelog at the committed offset.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/result.h"
#include "millrace/client/cluster.h"
#include "millrace/client/fetcher.h"
#include "millrace/engine/task/task.h"
#include "millrace/state/checkpoint.h"

namespace millrace::engine {

struct RestoreJob {
    TaskId task;
    std::string name;  // of the store
    TopicPartition changelog;
    state::StateStore* store = nullptr;
    std::optional<Offset> limit;  // a source topic: its committed offset; nothing: the log's end
    Duration delete_retention = std::chrono::hours(24);  // delete.retention.ms of the changelog
};

struct RestoreProgress {
    TaskId task;
    std::string store;
    TopicPartition changelog;
    Offset begin{}, position{}, end{};
    std::int64_t records = 0;
    double records_per_second = 0;
    std::optional<Duration> time_left;  // nothing: not known yet
    bool done = false;
    bool from_checkpoint = false;
};

class Restorer final : private client::FetchSink {
public:
    Restorer(client::Cluster& cluster, client::FetcherConfig fetcher, LogSink& log);

    void add(RestoreJob job);
    void remove(TaskId task);
    void clear();
    bool idle() const { return jobs_.empty(); }
    bool done(TaskId task) const;                     // no job of it is left
    std::optional<Error> failure(TaskId task) const;  // no rights, corrupt changelog: for people
    std::vector<RestoreProgress> take_progress();     // what is news since the last call

    void poll();
    Time next_due() const;

private:
    enum class Step : std::uint8_t { Metadata, End, Begin, Reading, Done, Failed };
    struct Job {
        RestoreJob what;
        std::uint64_t serial = 0;
        Step step = Step::Metadata;
        RestoreProgress progress;
        Time began{}, reported{};
        std::optional<Error> error;
    };
    using JobKey = std::pair<TaskId, std::string>;

    void fetched(Tag tag, client::FetchedBatches batches) override;
    void position_reset(Tag tag, Offset position, bool truncated) override;
    void fetch_failed(Tag tag, Error error) override;

    void ask_end(Job& job);
    void end_known(Job& job, Offset end);
    void from_beginning(Job& job, const std::string& why);
    void read(Job& job, Offset from, std::optional<LeaderEpoch> epoch);
    Result<void> apply(Job& job, const client::FetchedBatches& batches);
    void moved(Job& job, Offset position, std::optional<LeaderEpoch> epoch);
    void report(Job& job, bool always);
    void finish(Job& job);
    void give_up(Job& job, Error error);
    std::optional<std::string> why_void(const Job& job, const state::Checkpoint& checkpoint,
                                        Offset end) const;
    Job* find(const JobKey& key, std::uint64_t serial);

    client::Cluster& cluster_;
    LogSink& log_;
    client::Fetcher fetcher_;
    client::Scope scope_;
    std::map<JobKey, Job> jobs_;
    std::map<Tag, JobKey> tags_;
    std::vector<RestoreProgress> news_;
    std::uint64_t next_serial_ = 1;
    Tag next_tag_ = 1;
};

}  // namespace millrace::engine
