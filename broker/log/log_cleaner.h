#pragma once
// Compaction of the logs of a data directory (Kafka: LogCleaner, LogCleanerManager, Cleaner), as a
// machine: step() does one slice of a cleaning, syncs are requests, time comes in.
//
//   choose   the log with the greatest share of dirty bytes above min.cleanable.dirty.ratio, or
//   with
//            dirty records older than max.compaction.lag.ms
//   map      keys of the dirty part, up to what the map holds -> OffsetMap
//   clean    groups of segments, from the log's start: what stays goes to <base>.log.cleaned
//   sync     .cleaned files; then they become .swap, .log last: from here on the group is done,
//            whatever happens (find_segments in log_recovery.cc ends it)
//   swap     once the directory is synced: the old segments go, oldest first, then .swap becomes
//   the
//            segment, .log last
//
// Which segments may go: below the last stable offset, rolled, older than min.compaction.lag.ms,
// and *behind the journal*: nothing that the journal could repeat in them, and before the segment
// of the recovery mark. See docs/decisions/compaction-stays-behind-the-journal.md.
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/log/batch_file_reader.h"
#include "millrace/broker/log/compaction.h"
#include "millrace/broker/log/log.h"

namespace millrace::broker {

struct CleanerConfig {
    bool enabled = true;                    // log.cleaner.enable
    std::int64_t dedupe_bytes = 128 << 20;  // log.cleaner.dedupe.buffer.size
    double io_bytes_per_second = std::numeric_limits<double>::max();  // log.cleaner.io.max...
    std::int64_t backoff_ms = 15'000;                                 // log.cleaner.backoff.ms
    std::int64_t slice_bytes = 256 << 10;                             // ours: of one step
    HashSecret secret;  // ours: random, of this process
};

struct SyncFiles {
    std::vector<std::shared_ptr<File>> files;
    std::vector<std::string> directories;  // after the files
};

// What the cleaner asks of its data directory.
class CleanerHost {
public:
    virtual ~CleanerHost() = default;
    virtual std::vector<Log*> compacted_logs() = 0;  // ascending
    // Whether recovery would not write to this segment any more, nor begin in it.
    virtual bool behind_the_journal(const Log& log, const Segment& segment) const = 0;
    virtual bool may_swap() const = 0;  // no checkpoint is under way that knows old segments
    virtual bool has_room(std::int64_t bytes) = 0;
    virtual void request_cleaner_sync(SyncFiles files) = 0;  // answered by synced()
    virtual void forget_cleaner_sync() = 0;                  // nobody waits for it any more
    virtual std::optional<Offset> first_dirty(
        const Log& log) const = 0;  // cleaner-offset-checkpoint
    virtual void cleaned(Log& log, Offset first_dirty) = 0;
    virtual void swapped(Log& log, std::vector<std::string> doomed) = 0;  // names changed
    virtual void fail_directory(const std::string& why) = 0;
};

struct CleanerStats {
    std::int64_t cleanings = 0, groups = 0, slices = 0, bytes_read = 0, bytes_written = 0;
    std::int64_t given_up = 0;
};

class LogCleaner {
public:
    LogCleaner(Disk& disk, CleanerHost& host, CleanerConfig config, LogSink& log);
    ~LogCleaner();  // as a crash: files stay as they are

    void step(Now now);
    Time next() const { return next_; }  // when step() has something to do
    void synced();                       // the request is done; step() goes on
    void forget(const Log& log);         // it is deleted
    void cancel();                       // removes what a cleaning has written so far
    bool busy() const { return job_ != nullptr; }
    const CleanerStats& stats() const { return stats_; }

private:
    enum class Phase : std::uint8_t { Map, Clean, SyncContent, SyncNames, Swap };
    struct Job;
    struct Candidate {
        Log* log = nullptr;
        Offset from, end;          // dirty and cleanable
        std::size_t segments = 0;  // from the log's start, that may be cleaned
        double ratio = 0;
        bool overdue = false;
    };

    std::optional<Candidate> candidate(Log& log, Now now);
    void choose(Now now);
    Result<bool> map_slice();  // true: the phase is done
    Result<bool> clean_slice();
    void make_groups();
    Result<void> begin_group();
    Result<void> end_group();
    Result<void> to_swap_names();
    Result<void> swap();
    void finish(Now now);
    void give_up(const Error& error, Now now);

    Disk& disk_;
    CleanerHost& host_;
    CleanerConfig config_;
    LogSink& sink_;
    std::unique_ptr<Job> job_;
    std::set<TopicPartition> uncleanable_;  // until the next start
    std::map<TopicPartition, Time> later_;  // not before
    Time next_ = Time::never();
    bool begun_ = false;
    CleanerStats stats_;
};

}  // namespace millrace::broker
