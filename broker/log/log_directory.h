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
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/log/log.h"

namespace millrace::broker {

enum class LogDurability : std::uint8_t {
    Synced,     // the default: the durable end follows the journal
    PageCache,  // Kafka's: what is appended counts as durable
};

struct LogDirectoryConfig {
    std::string path;
    std::string cluster_id;  // written when the directory is empty; refused when it is another's
    std::int32_t node_id = 0;
    Uuid directory_id;  // used when the directory is formatted
    LogDurability durability = LogDurability::Synced;
    std::int64_t journal_file_bytes = 8 << 20;
    std::int64_t large_append_bytes =
        256 << 10;  // in one partition and turn: syncs its segment, not the journal
    std::int64_t reserve_bytes = 4 << 20;  // appends are refused below this much free space
    LogConfig log_defaults;
};

using SyncId = std::uint64_t;

struct SyncRequest {
    SyncId id = 0;
    std::vector<std::shared_ptr<File>> files;
    std::vector<std::string> directories;  // after the files
    Result<void> run(Disk& disk) const;    // blocks; may run on one other thread
};

struct LogEffects {
    std::vector<SyncRequest> syncs;
    std::vector<Log*> durable_moved;
};

class LogDirectory {
public:
    // Locks, formats when empty, recovers. What was recovered is synced before this returns.
    // KafkaStorageError; InconsistentClusterId; the detail names cause and remedy.
    static Result<std::unique_ptr<LogDirectory>> open(Disk& disk, LogDirectoryConfig config,
                                                      Timestamp now);
    ~LogDirectory();  // as a crash: nothing is flushed

    const Uuid& directory_id() const;
    bool was_clean() const;                                  // the last stop
    std::optional<std::int64_t> clean_broker_epoch() const;  // of the clean-shutdown file
    bool offline() const;  // a sync failed: every operation fails, for good

    std::vector<TopicPartition> topic_partitions() const;  // ascending
    Log* find(const TopicPartition& tp);                   // null: not here
    // Makes it when missing; InconsistentTopicId when it is there with another id.
    Result<Log*> open_log(const TopicPartition& tp, const Uuid& topic_id, const LogConfig& config);
    Result<void> delete_log(const TopicPartition& tp);

    void flush(LogEffects& effects);  // at the end of each turn
    void synced(SyncId id, Result<void> outcome, LogEffects& effects);
    void tick(Now now, LogEffects& effects);  // checkpoints; closes what is idle
    std::int64_t free_bytes() const;

    // Flushes and syncs everything, writes checkpoints and the clean-shutdown file. Nothing may be
    // used afterwards.
    Result<void> close(std::int64_t broker_epoch = -1);

private:
    struct State;
    explicit LogDirectory(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace::broker
