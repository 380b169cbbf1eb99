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
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/log/leader_epoch_cache.h"
#include "millrace/broker/log/log_config.h"
#include "millrace/broker/log/producer_state.h"
#include "millrace/broker/log/segment.h"
#include "millrace/broker/log/tail_cache.h"

namespace millrace::broker {

class Journal;

enum class AppendOrigin : std::uint8_t { Client, Coordinator };

struct AppendOptions {
    LeaderEpoch leader_epoch;
    Timestamp now;  // wall
    AppendOrigin origin = AppendOrigin::Client;
    bool transaction_v2 =
        false;  // KIP-890: an unknown transactional producer starts at 0, markers bump the epoch
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

struct TimestampedOffset {
    Timestamp timestamp;
    Offset offset;
    LeaderEpoch leader_epoch;
    friend bool operator==(const TimestampedOffset&, const TimestampedOffset&) = default;
};

class Log {
public:
    ~Log();

    const TopicPartition& topic_partition() const { return tp_; }
    const Uuid& topic_id() const { return topic_id_; }
    const LogConfig& config() const { return config_; }
    void set_config(const LogConfig& config);

    Offset log_start_offset() const { return log_start_offset_; }
    Offset log_end_offset() const { return log_end_offset_; }
    Offset durable_end() const { return durable_end_; }
    Offset high_watermark() const { return high_watermark_; }
    // min(high watermark, first offset of the oldest transaction that is open or whose marker is
    // above the high watermark)
    Offset last_stable_offset() const;
    // Moves it up or, after an election, where the caller says; kept within [log start, log end].
    void set_high_watermark(Offset offset);
    std::int64_t size_bytes() const;
    std::size_t segment_count() const { return segments_.size(); }

    // ---- append ----
    // Leader: checks the batches (Client: exactly one batch, all of Kafka's produce checks; their
    // order is that of validation.h), assigns offsets and leader epoch, updates producer state. The
    // bytes of a fresh batch (leader epoch -1) may be stamped in place and shared; others are
    // copied. A duplicate is a success that appends nothing.
    Result<AppendInfo> append_as_leader(const Bytes& batches, const AppendOptions& options);
    // Follower: offsets and epochs are in the bytes and must continue the log. Skips sequence
    // checks.
    Result<AppendInfo> append_as_follower(const Bytes& batches, Timestamp now);

    // ---- read ----
    // Whole batches from the one that holds `from`, below `up_to`, at most max_bytes; with
    // at_least_one the first batch is given whatever its size. Empty: nothing there yet.
    // OffsetOutOfRange below the log start or past the log end; CorruptMessage when the file does
    // not hold what was appended. One contiguous piece of memory, often less than max_bytes; recent
    // data is the log's own tail buffer.
    Result<Bytes> read(Offset from, std::size_t max_bytes, Offset up_to, bool at_least_one = true);
    // Aborted transactions that overlap [from, up_to), ordered by first offset (read_committed
    // fetches).
    Result<std::vector<AbortedTransaction>> aborted_transactions(Offset from, Offset up_to);
    // First record, in offset order, with a timestamp of at least this; nothing when there is none.
    Result<std::optional<TimestampedOffset>> offset_for_timestamp(Timestamp at);
    Result<std::optional<TimestampedOffset>> offset_of_max_timestamp();

    // ---- leader epochs ----
    std::optional<LeaderEpoch> latest_epoch() const { return epochs_.latest_epoch(); }
    // A new leader notes where its epoch begins.
    void begin_leader_epoch(LeaderEpoch epoch) { epochs_.assign(epoch, log_end_offset_); }
    // The largest epoch at or below the asked one, and where it ends (OffsetForLeaderEpoch,
    // divergence).
    std::optional<EpochEnd> end_offset_for(LeaderEpoch epoch) const {
        return epochs_.end_offset_for(epoch, log_end_offset_);
    }
    std::optional<LeaderEpoch> epoch_at(Offset offset) const { return epochs_.epoch_at(offset); }

    // ---- cut ----
    Result<void> truncate_to(Offset offset);  // drops batches that reach `offset` or lie past it
    Result<void> truncate_fully_and_start_at(Offset offset);
    Result<void> set_log_start_offset(
        Offset offset);  // DeleteRecords and followers; at most the high watermark
    // Retention by time, size and log start; never past the high watermark. How many segments went.
    Result<int> delete_old_segments(Timestamp now);
    // Starts a new segment if the active one has anything.
    Result<void> roll(Timestamp now);

    ProducerStateTable& producers() { return producers_; }
    const ProducerStateTable& producers() const { return producers_; }
    void remove_expired_producers(Timestamp now);

    // Closes files and drops what can be read again.
    void release_memory();

private:
    friend class LogDirectory;
    friend class Journal;
    friend class JournalReplay;
    // The members below are grouped by the file that works on them: log.cc, log_read.cc,
    // log_recovery.cc.
    struct Pending;  // appended, not durable yet

    TopicPartition tp_;
    Uuid topic_id_;
    LogConfig config_;
    std::vector<std::unique_ptr<Segment>> segments_;  // ascending; the last is the active one
    TailCache tail_;
    ProducerStateTable producers_;
    LeaderEpochCache epochs_;
    Offset log_start_offset_, log_end_offset_, durable_end_, high_watermark_;
};

}  // namespace millrace::broker
