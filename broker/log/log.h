#pragma once
// One partition's log (Java: UnifiedLog): segments, producer state, leader epochs, and the three
// ends of it:
//
//   log_start_offset <= last_stable_offset <= high_watermark <= durable_end <= log_end_offset
//
// Appends go to the segment's file (page cache), to the tail cache that readers share, and to the
// directory's journal; `durable_end` follows when the journal (or, after a large append, the
// segment) is synced, which is an effect of LogDirectory: a log never syncs by itself and reads no
// clock. Who appends keeps the high watermark at or below the durable end.
//
// A log is made by LogDirectory, belongs to one loop, and costs neither descriptors nor index
// memory while it is idle. Errors: KafkaStorageError for everything the disk refuses; a refused
// append leaves the log as it was.
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/log/leader_epoch_cache.h"
#include "millrace/broker/log/log_config.h"
#include "millrace/broker/log/log_host.h"
#include "millrace/broker/log/producer_state.h"
#include "millrace/broker/log/segment.h"
#include "millrace/broker/log/segment_times.h"
#include "millrace/broker/log/tail_cache.h"
#include "millrace/wire/messages/produce.h"

namespace millrace::broker {

enum class AppendOrigin : std::uint8_t { Client, Coordinator };

struct AppendOptions {
    LeaderEpoch leader_epoch;
    Timestamp now;  // wall
    AppendOrigin origin = AppendOrigin::Client;
    bool transaction_v2 =
        false;  // KIP-890: an unknown transactional producer starts at 0, markers bump the epoch
    std::optional<wire::ProduceRequest::Built> built;  // of a client's batch, if we built it
    std::vector<std::int32_t>* invalid_records =
        nullptr;  // out, with InvalidRecord: indexes of the records to blame
};

struct AppendInfo {
    Offset first_offset;  // of a duplicate: where it was appended first
    Offset last_offset;
    Timestamp max_timestamp{-1};
    Timestamp log_append_time{-1};  // -1 under CreateTime
    bool duplicate = false;         // nothing was appended
};

class Log {
public:
    // How much of what the disk holds is believed when the log is opened.
    struct Open {
        bool clean = false;        // the last stop was clean: files are what they say
        Offset recovery_point{0};  // what lies below was synced; scanned from here on unless clean
        Offset end{
            INT64_MAX};  // what lies past it is not believed: the journal knows of nothing there
        // Gaps between segments are a lost file's only past the recovery point; nothing: wherever
        // it is (the log may be compacted, which nobody knows yet)
        bool gaps = false;
        const RecoveryMark* mark = nullptr;  // of this log, at or below the two above: begin there
        std::optional<Offset> start;         // the log start, as far as it is known
        std::optional<Offset> high_watermark;
    };
    // Made by LogDirectory.
    Log(LogHost& host, std::string path, TopicPartition tp, LogName name, const LogConfig& config);
    Result<void> load(const Open& how);
    ~Log();

    const TopicPartition& topic_partition() const { return tp_; }
    const Uuid& topic_id() const { return name_.topic_id; }
    const LogName& name() const { return name_; }
    const std::string& path() const { return path_; }
    const LogConfig& config() const { return config_; }
    void set_config(const LogConfig& config) {
        config_ = config;
        tail_.set_limit(config.tail_cache_bytes);
    }

    Offset log_start_offset() const { return log_start_offset_; }
    Offset log_end_offset() const { return log_end_offset_; }
    Offset durable_end() const { return durable_end_; }
    Offset high_watermark() const { return high_watermark_; }
    // min(high watermark, first offset of the oldest transaction that is open or whose marker is
    // not below the high watermark)
    Offset last_stable_offset() const;
    // Up or, after an election, down; kept within [log start, log end].
    void set_high_watermark(Offset offset);
    std::int64_t size_bytes() const;
    std::size_t segment_count() const { return segments_.size(); }
    std::span<const std::unique_ptr<Segment>> segments() const { return segments_; }
    Segment* segment_at(Offset base) const;  // null: none begins there
    Offset end_of(Offset base) const;        // where the segment behind it begins, or the log's end

    // ---- append ----
    // Leader: checks (Client: exactly one batch, and all of Kafka's produce checks, see
    // validation.h; Coordinator: batches of ours, markers included), assigns offsets and leader
    // epoch, updates producer state. The bytes of a large fresh batch (leader epoch -1) are stamped
    // in place and shared; others are copied. A duplicate is a success that appends nothing.
    Result<AppendInfo> append_as_leader(const Bytes& batches, const AppendOptions& options);
    // Follower: offsets and epochs are in the bytes and continue the log. Skips sequence checks.
    // CorruptMessage; OffsetOutOfRange when they do not continue it.
    Result<AppendInfo> append_as_follower(const Bytes& batches, Timestamp now);

    // ---- read ----
    // Whole batches from the one that holds `from`, below `up_to`, at most bytes_max; with
    // at_least_one the first batch is given whatever its size. Empty: nothing there yet.
    // OffsetOutOfRange below the log start or past the log end; CorruptMessage when the file does
    // not hold what was appended. One contiguous piece of memory, often less than bytes_max; recent
    // data is the log's own tail buffer.
    Result<Bytes> read(Offset from, std::size_t bytes_max, Offset up_to, bool at_least_one = true,
                       ReadCheck check = ReadCheck::Crc);
    // Aborted transactions that overlap [from, up_to), ordered by first offset (read_committed).
    Result<std::vector<AbortedTransaction>> aborted_transactions(Offset from, Offset up_to);
    // First record, in offset order, with a timestamp of at least this; nothing when there is none.
    Result<std::optional<TimestampedOffset>> offset_for_timestamp(Timestamp at);
    Result<std::optional<TimestampedOffset>> offset_of_max_timestamp();

    // ---- leader epochs ----
    std::optional<LeaderEpoch> latest_epoch() const { return epochs_.latest_epoch(); }
    // A new leader notes where its epoch begins.
    void begin_leader_epoch(LeaderEpoch epoch) { epochs_.assign(epoch, log_end_offset_); }
    // The largest epoch at or below the asked one, and where it ends (OffsetForLeaderEpoch).
    std::optional<EpochEnd> end_offset_for(LeaderEpoch epoch) const {
        return epochs_.end_offset_for(epoch, log_end_offset_);
    }
    std::optional<LeaderEpoch> epoch_at(Offset offset) const { return epochs_.epoch_at(offset); }
    const LeaderEpochCache& epochs() const { return epochs_; }

    // ---- cut ----
    // Drops the batch that holds `offset` and all behind it. Rare; blocks for a sync.
    Result<void> truncate_to(Offset offset);
    Result<void> truncate_fully_and_start_at(Offset offset);  // blocks for a sync
    // DeleteRecords and followers; never backwards. OffsetOutOfRange past the high watermark.
    Result<void> set_log_start_offset(Offset offset);
    // Retention by time, size and log start; never past the high watermark. How many segments went.
    // `now`: of a RetentionClock.
    Result<int> delete_old_segments(Timestamp now);
    // Since when segments count whose timestamps say nothing, by base offset: that is remembered
    // over restarts. (docs/decisions/retention-does-not-wait-for-the-future.md)
    const SegmentTimes& segment_times() const { return segment_times_; }
    void set_segment_times(SegmentTimes times) { segment_times_ = std::move(times); }
    // Compaction: `count` segments from the one at `base` on become one of `size` bytes, whose files
    // lie there as .swap. `doomed`: files that now have names that say so. After an error the files
    // are for the next start.
    Result<void> replace_segments(Offset base, std::size_t count, std::int64_t size,
                                  std::vector<std::string>& doomed);
    std::uint64_t removals() const { return removals_; }  // counts: segments went
    std::uint64_t cuts() const { return cuts_; }          // counts: the log was cut
    // Starts a new segment if the active one has anything.
    Result<void> roll(Timestamp now);

    ProducerStateTable& producers() { return producers_; }
    const ProducerStateTable& producers() const { return producers_; }
    void remove_expired_producers(Timestamp now) {
        producers_.remove_expired(now, config_.producer_id_expiration_ms);
    }

    // Of the log as it is now, for a recovery that begins here; nothing when it would be too large.
    // Writes index files, without a sync.
    Result<std::optional<RecoveryMark>> recovery_mark();

    // Closes files and drops what can be read again.
    void release_memory();
    // What a clean stop leaves behind: indexes, producer snapshot, leader epochs; synced.
    Result<void> close();

private:
    friend class LogDirectory;
    friend class LogDirectoryState;

    // log.cc
    Segment& active() { return *segments_.back(); }
    Result<void> roll_if_needed(std::int64_t bytes, Timestamp max_timestamp, Offset first,
                                Offset last, Timestamp now);
    // `keep`: the block to share with readers; null: the bytes were prepared in the tail cache.
    Result<void> write_batches(BytesView batches, const Bytes* keep, Offset first, Offset next,
                               Timestamp now);
    Result<void> apply(BytesView batches);
    Result<void> check_offsets(std::size_t index, BytesView batches) const;  // of a segment's bytes
    Result<void> start_segment(Offset base, Timestamp now);
    Result<void> write_snapshot(Offset offset);
    Result<void> write_epochs();
    void drop_segments_below(Offset offset, std::vector<std::unique_ptr<Segment>>& into);
    std::size_t segment_index(Offset offset) const;  // of the segment that holds it, or the first
    // log_recovery.cc
    Result<void> find_segments(const Open& how);
    Result<void> end_cleaning(const std::vector<DiskEntry>& files);
    Result<void> load_epochs();
    Result<void> rebuild_epochs();
    Result<std::size_t> recover(const Open& how);  // the first segment that was scanned
    Result<void> load_producers(Offset trusted, std::size_t reindex_from);
    Result<void> read_producers(Offset from, std::size_t reindex_from);
    Result<bool> resume(const RecoveryMark& mark);          // recovery_mark.cc
    std::vector<Offset> snapshots() const;                  // ascending
    Result<void> remove_snapshots(Offset from, Offset to);  // [from, to)

    LogHost* host_;
    std::string path_;  // of its directory
    TopicPartition tp_;
    LogName name_;
    LogConfig config_;
    std::vector<std::unique_ptr<Segment>> segments_;  // ascending; the last is the active one
    TailCache tail_;
    ProducerStateTable producers_;
    LeaderEpochCache epochs_;
    Offset log_start_offset_, log_end_offset_, durable_end_, high_watermark_;
    Timestamp segment_created_{0};
    bool directory_new_ = false;  // its name is not durable
    bool names_changed_ =
        false;  // segments were removed: until its directory is synced they may be back
    std::int64_t jitter_ms(Offset segment) const;
    Result<Timestamp> time_of(Segment& segment, Timestamp now);

    SegmentTimes segment_times_;
    std::map<Offset, std::int64_t> sizes_then_;  // of those segments, when they were last looked at
    std::uint64_t removals_ = 0;
    std::uint64_t cuts_ = 0;  // truncations: what was under way before one says nothing after it
    bool used_ = false;       // since the last look for idle logs
    bool changed_ = false;    // since it was loaded: a clean stop has something to write
    // Of the recovery: began at a mark (what lies before it, names included, was synced); found
    // anything that was not.
    bool resumed_ = false, unsynced_ = false;
};

}  // namespace millrace::broker
