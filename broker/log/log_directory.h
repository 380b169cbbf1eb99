#pragma once
// One data directory (Java: LogManager): its lock, meta.properties, checkpoints, the journal and
// the logs in it.
//
// Syncs are effects. At the end of each turn of its loop the owner calls flush(), carries out the
// SyncRequests where they do not stop the loop (Run: request.run(disk)), and feeds each outcome
// back with synced(). Logs whose durable end moved are named in the effects.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/log/log.h"
#include "millrace/broker/log/log_cleaner.h"

namespace millrace::broker {

enum class LogDurability : std::uint8_t {
    Synced,     // the default: the durable end follows the journal
    PageCache,  // Kafka's: what is appended counts as durable
};

struct LogDirectoryConfig {
    std::string path;
    std::string
        cluster_id;  // written when the directory is empty; another's is refused. Empty: any
    std::int32_t node_id = 0;
    Uuid directory_id;  // used when the directory is formatted
    LogDurability durability = LogDurability::Synced;
    std::int64_t journal_file_bytes = 8 << 20;
    std::int64_t large_append_bytes =
        256 << 10;  // in one log and turn: syncs its segment, is not in the journal
    std::int64_t reserve_bytes = 4 << 20;    // appends are refused below this much free space
    std::int64_t recovery_bytes = 64 << 20;  // how much a recovery may have to read: a checkpoint
    // Recovery points and log starts, where they moved. In page-cache mode they are the only syncs.
    std::int64_t checkpoint_interval_ms = 5'000, page_cache_checkpoint_interval_ms = 60'000;
    std::int64_t new_log_interval_ms = 500;  // between checkpoints because of logs that are new
    std::int64_t high_watermark_interval_ms = 5'000;
    std::int64_t idle_interval_ms = 30'000;  // a log not used for so long closes its files
    CleanerConfig cleaner;
    LogConfig log_defaults;                  // for what is recovered before its topic is known
};

using SyncId = std::uint64_t;

struct SyncRequest {
    SyncId id = 0;
    std::vector<std::shared_ptr<File>> files;
    std::vector<std::string> directories;  // after the files
    Result<void> run(
        Disk& disk) const;  // blocks; may run on another thread. Requests are independent
};

struct LogEffects {
    std::vector<SyncRequest> syncs;
    std::vector<Log*> durable_moved;
};

class LogDirectoryState;

class LogDirectory {
public:
    // Locks, formats when empty, recovers. What was recovered is synced before this returns.
    // KafkaStorageError, InconsistentClusterId, InvalidConfig; the detail names cause and remedy.
    // `log` outlives the directory.
    static Result<std::unique_ptr<LogDirectory>> open(Disk& disk, LogDirectoryConfig config,
                                                      LogSink& log);
    ~LogDirectory();  // as a crash: nothing is flushed

    const std::string& cluster_id() const;
    const Uuid& directory_id() const;
    bool was_clean() const;                                  // the last stop
    std::optional<std::int64_t> clean_broker_epoch() const;  // of the clean-shutdown file
    bool offline() const;  // a sync failed: every operation fails, for good

    std::vector<TopicPartition> topic_partitions() const;  // of the logs on disk, ascending
    Log* find(const TopicPartition& tp);                   // null: not opened, see open_log
    // Opens it, or makes it when missing. InconsistentTopicId when it is there with another id. The
    // pointer is good until the log is deleted or the directory goes.
    Result<Log*> open_log(const TopicPartition& tp, const Uuid& topic_id, const LogConfig& config);
    Result<void> delete_log(const TopicPartition& tp);  // no error when missing. Blocks for a sync

    void flush(LogEffects& effects);  // at the end of each turn
    void synced(SyncId id, Result<void> outcome, LogEffects& effects);
    void tick(Now now, LogEffects& effects);  // checkpoints; closes what is idle
    Time next_tick() const;                   // when a tick has something to do
    std::int64_t free_bytes() const;
    const CleanerStats& cleaner_stats() const;

    // Flushes and syncs everything, writes checkpoints and the clean-shutdown file. Nothing may be
    // used afterwards.
    Result<void> close(std::int64_t broker_epoch = -1);

private:
    explicit LogDirectory(std::unique_ptr<LogDirectoryState> state);
    std::unique_ptr<LogDirectoryState> state_;
};

}  // namespace millrace::broker
