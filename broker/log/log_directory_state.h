#pragma once
// The inside of LogDirectory: what is under way. Two kinds of work need syncs, each with one
// request in flight:
//   a cycle       what the turns since the last one appended: small appends in one journal group,
//   large ones as references
//                 to segments that are synced with it. Its end moves the durable ends.
//   a checkpoint  syncs every segment that has unsynced bytes, then writes recovery points; the
//   journal's files up to where
//                 it began can be used again. Steps: Segments, Content (the new files), Names
//                 (their directory).
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/broker/log/journal.h"
#include "millrace/broker/log/log_directory.h"
#include "millrace/broker/log/log_host.h"

namespace millrace::broker {

inline constexpr std::string_view kHighWatermarkFile = "replication-offset-checkpoint";
inline constexpr std::string_view kRecoveryPointFile = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLogStartFile = "log-start-offset-checkpoint";
inline constexpr std::string_view kCleanerFile = "cleaner-offset-checkpoint";

class LogDirectoryState final : public LogHost, public CleanerHost {
public:
    LogDirectoryState(Disk& disk, LogDirectoryConfig config, LogSink& log)
        : disk_(disk),
          config_(std::move(config)),
          log_(log),
          journal_(disk, config_.path, config_.journal_file_bytes),
          cleaner_(disk, *this, config_.cleaner, log) {}

    // ---- opening: log_directory_open.cc ----
    Result<void> open();
    Result<Log*> open_log(const TopicPartition& tp, const Uuid& topic_id, const LogConfig& config);
    Result<void> close(std::int64_t broker_epoch);

    // ---- LogHost: log_directory.cc ----
    Disk& disk() override { return disk_; }
    Result<void> may_append(std::int64_t bytes) override;
    Result<void> may_read() const override;
    void appended(Log& log, JournalItem item) override;
    Result<void> commit_now(Log& log, JournalItem item) override;
    Result<void> commit_now(const LogName& log, JournalItem item);
    void start_moved(Log& log, JournalItem item,
                     std::vector<std::unique_ptr<Segment>> segments) override;

    // ---- CleanerHost: log_directory_cleaner.cc ----
    std::vector<Log*> compacted_logs() override;
    bool behind_the_journal(const Log& log, const Segment& segment) const override;
    bool may_swap() const override { return !checkpoint_; }
    bool has_room(std::int64_t bytes) override;
    void request_cleaner_sync(SyncFiles files) override;
    void forget_cleaner_sync() override { cleaner_sync_.reset(); }
    std::optional<Offset> first_dirty(const Log& log) const override;
    void cleaned(Log& log, Offset first_dirty) override;
    void swapped(Log& log, std::vector<std::string> doomed) override;
    void fail_directory(const std::string& why) override { go_offline(why); }

    void flush(LogEffects& effects);
    void synced(SyncId id, const Result<void>& outcome, LogEffects& effects);
    void tick(Now now, LogEffects& effects);
    Time next_tick() const { return next_tick_; }
    Result<void> delete_log(const TopicPartition& tp);
    // Files and directories whose names say that they go, and go later; all of them at once when
    // the disk is full, and at a stop.
    void doom(std::vector<std::string> paths, std::int64_t delay_ms);
    void remove_doomed(Time until);
    void go_offline(const std::string& why);

private:
    friend class LogDirectory;
    struct Mark {  // a log's end, to become durable
        Log* log;
        Offset end;
        std::uint64_t cuts;
    };
    struct SyncedSegment {
        Log* log;
        Offset base;
        std::uint64_t version;
        std::uint64_t cuts;  // after a cut there may be another segment of this base
        // Its index files too, as they were when the sync began: a roll meanwhile writes them again.
        std::optional<std::uint64_t> indexes = {};
    };
    struct Cycle {
        SyncRequest request;
        std::uint64_t sequence = 0;
        std::vector<Mark> marks;
        std::vector<SyncedSegment> segments;
        std::set<Log*> new_names;
        std::vector<std::unique_ptr<Segment>> removals;
    };
    struct Checkpoint {
        enum class Step : std::uint8_t { Segments, Content, Names } step = Step::Segments;
        SyncRequest request;
        bool high_watermarks_only = false;
        std::uint64_t sequence = 0;
        std::vector<Mark> ends;
        std::map<TopicPartition, RecoveryMark> marks;  // at those ends
        std::vector<SyncedSegment> segments;
        std::set<Log*> new_names;
        std::vector<std::string> renames;  // names whose .tmp is written
        // Where the marks lie that were written, of the logs in `ends`.
        std::map<TopicPartition, std::optional<Offset>> marked;
    };

    // log_directory.cc
    bool journals(const Log& log) const {
        return config_.durability == LogDurability::Synced || log.config().always_synced;
    }
    void start_cycle();
    void make_references();
    void add_segment(Log& log, Segment& segment, SyncRequest& request,
                     std::vector<SyncedSegment>& segments, std::set<Log*>& new_names);
    void add_names(Log& log, SyncRequest& request, std::set<Log*>& new_names);
    void end_cycle();
    void apply(const std::vector<SyncedSegment>& segments, const std::set<Log*>& new_names);
    void remove_now(std::vector<std::unique_ptr<Segment>>& segments);
    void start_checkpoint(bool high_watermarks_only);
    void add_indexes(Segment& segment, Checkpoint& checkpoint);
    void go_on_with_checkpoint();
    Result<void> write_checkpoint_content();
    void forget(Log* log);
    void forget_offsets(const TopicPartition& tp);
    // log_directory_open.cc
    Result<void> check_meta_properties();
    Result<void> read_checkpoints();
    Result<void> list_logs();
    Result<void> recover(std::uint64_t& last_sequence);
    Result<void> know_all_ends();
    Result<Uuid> topic_id_of(const TopicPartition& tp) const;
    Result<std::unique_ptr<Log>> load_log(const TopicPartition& tp, const Uuid& id,
                                          const LogConfig& config, const Log::Open& how);
    Result<void> sync_recovered(Log& log);
    Result<bool> holds_no_batches(const std::string& log) const;
    Result<bool> nothing_behind(const TopicPartition& tp, const RecoveryMark& mark) const;
    void set_mark(Log& log);
    Result<void> replace_checkpoints(bool open);
    std::string path_of(std::string_view name) const { return join(config_.path, name); }
    Log::Open clean_open(const TopicPartition& tp) const;
    Log::Open open_now(const TopicPartition& tp) const;
    void collect_offsets();
    bool collect_segment_times();  // false: they stand in the file

    Disk& disk_;
    LogDirectoryConfig config_;
    LogSink& log_;
    std::unique_ptr<DirectoryLock> lock_;
    MetaProperties meta_;
    bool was_clean_ = false, offline_ = false, closed_ = false;
    bool distrusted_ = false;  // a sync failed before this start: what is read may not be durable, nor ever become so
    std::optional<std::int64_t> clean_broker_epoch_;
    Journal journal_;
    std::map<TopicPartition, std::unique_ptr<Log>> logs_;  // opened
    std::set<TopicPartition> on_disk_;
    OffsetCheckpoint recovery_points_, high_watermarks_, log_starts_;
    RecoveryMarks marks_;  // at or below the recovery points, of what was in no way cut since
    // Not looked at by the recovery, since all they hold lies below their marks.
    std::set<TopicPartition> passed_over_;
    // As the checkpoint on disk has it: in which segment a recovery begins that goes by a mark; up
    // to which group the journal is not read any more.
    std::map<TopicPartition, Offset> marked_segments_;
    std::uint64_t forgotten_through_ = 0;
    OffsetCheckpoint cleaner_offsets_;  // first dirty offsets
    bool cleaner_offsets_changed_ = false;
    std::set<TopicPartition> unnamed_;  // empty logs whose names need not be durable
    std::optional<JournalCheckpoint> journal_checkpoint_;  // as it was found
    std::map<TopicPartition, Error> broken_;               // could not be opened

    SyncId next_sync_ = 1;
    std::map<TopicPartition, Mark> waiting_;  // since the last cycle began
    std::vector<std::unique_ptr<Segment>> removals_;
    std::multimap<Time, std::string> doomed_;  // paths, by when they go
    std::map<TopicPartition, SegmentTimes> segment_times_;  // as they were read, or written last
    std::map<TopicPartition, Log*> unsynced_;  // have segments with unsynced bytes
    std::optional<Cycle> cycle_;
    std::optional<Checkpoint> checkpoint_;
    std::vector<SyncRequest> to_send_;
    std::vector<Log*> moved_;
    bool journal_failing_ = false;
    std::int64_t since_space_check_ = INT64_MAX / 2;  // bytes
    std::int64_t space_left_ = 0;
    std::int64_t since_checkpoint_ = 0;  // bytes appended
    Time last_tick_, next_tick_, next_high_watermarks_, next_checkpoint_, next_idle_;
    bool ticked_ = false;
    LogCleaner cleaner_;
    std::optional<SyncId> cleaner_sync_;
};

}  // namespace millrace::broker
