#pragma once
// A segment: <20-digit base offset>.log and its indexes (Java: LogSegment). Descriptors are opened
// when needed and closed by release(); the indexes of the active segment grow in memory and are
// written at roll and close, since after an unclean stop they are built anew. Missing or damaged
// indexes are built anew too.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/disk.h"
#include "millrace/base/strong.h"
#include "millrace/broker/log/log_config.h"
#include "millrace/broker/log/producer_state.h"
#include "millrace/broker/log/recovery_mark.h"
#include "millrace/broker/log/segment_index.h"

namespace millrace::broker {

struct BatchPosition {
    Offset base_offset, last_offset;
    std::int64_t position = 0;
    std::size_t size = 0;
};

struct TimestampedOffset {
    Timestamp timestamp;
    Offset offset;
    LeaderEpoch leader_epoch;
    friend bool operator==(const TimestampedOffset&, const TimestampedOffset&) = default;
};

// What is checked of the batches that are read: that one begins where the last one ends, in order;
// their CRCs too. Who hands them on to somebody who checks the CRC does without.
enum class ReadCheck : std::uint8_t { Frames, Crc };

class Segment {
public:
    // Nothing is opened. `size`: of the .log file.
    // `stage`: behind the suffixes of its files' names: ".cleaned" while compaction writes it.
    Segment(Disk& disk, std::string directory, Offset base, std::int64_t size,
            std::string stage = {});

    static std::string name_of(Offset base, std::string_view suffix);  // "00000000000000000042.log"
    Offset base_offset() const { return base_; }
    std::int64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::string path(std::string_view suffix) const;

    // Writes whole batches at the end. A failed write is cut off again; if that fails too, the
    // segment is broken.
    Result<void> append(BytesView batches, std::int64_t index_interval_bytes);
    bool broken() const { return broken_; }
    bool indexes_full(std::int64_t index_bytes) const;

    // The batch that holds `offset` or the first past it; nothing: the end.
    Result<std::optional<BatchPosition>> find(Offset offset);
    // Whole batches. See Log::read.
    Result<Bytes> read(Offset from, std::size_t bytes_max, Offset up_to, bool at_least_one,
                       ReadCheck check);
    // Every batch from the one that holds `from`, until visit says false. Bodies too.
    using Visit = std::function<Result<bool>(const wire::RecordBatchView&, std::int64_t position)>;
    Result<void> walk(Offset from, const Visit& visit);
    // Where the log would go on: behind the last whole batch.
    Result<Offset> next_offset();
    // The same, read from the first batch on, without the indexes.
    Result<Offset> whole_end();

    Result<TimeIndexEntry> largest_timestamp();                // -1 when it has no batches
    Result<std::optional<Timestamp>> first_batch_timestamp();  // the largest of the first batch
    Result<std::optional<TimestampedOffset>> first_at_or_after(Timestamp at, Offset from);

    // Builds the indexes from the batches before `end` and says how many bytes hold good ones,
    // where they end, and what was wrong there. `visit` sees each good batch.
    struct Scan {
        std::int64_t valid_bytes = 0;
        Offset next_offset;
        std::string stopped_by;  // empty: the end
    };
    using Scanned = std::function<Result<void>(const wire::RecordBatchView&)>;
    Result<Scan> rebuild(Offset end, std::int64_t index_interval_bytes, const Scanned& visit);
    // The same from `position` on, where the batch at or past `next` begins: the indexes know what
    // lies before it (see resume).
    Result<Scan> scan(std::int64_t position, Offset next, Offset end,
                      std::int64_t index_interval_bytes, const Scanned& visit);

    // Where the segment ends now, and what its index files say of it; they are written, not synced.
    Result<SegmentMark> mark();
    // The indexes are as they were at the mark. False: the files are not, rebuild() them.
    Result<bool> resume(const SegmentMark& mark);

    // Cuts the file at a batch's position; `offset` is that batch's base offset.
    Result<void> truncate(std::int64_t position, Offset offset);
    Result<void> write_indexes(
        bool finished);  // finished: no batch follows, the time index gets its last entry
    void release();
    Result<void> remove_files();
    // Gives the files names that say that they go (Kafka's ".deleted"), and tells these. The .log
    // goes first: an index without one is nothing, a .log without its aborted transactions a lie.
    Result<std::vector<std::string>> doom_files();
    void set_delete_delay(std::int64_t ms) { delete_delay_ms_ = ms; }
    std::int64_t delete_delay_ms() const { return delete_delay_ms_; }

    TransactionIndex& transactions() { return transactions_; }

    // Whether the file holds what was not synced. A sync that began at version v makes v good.
    std::uint64_t version() const { return version_; }
    bool dirty() const { return synced_version_ != version_; }
    void synced(std::uint64_t version) { synced_version_ = version; }
    bool is_new() const { return new_; }  // its name is not durable
    void name_synced() { new_ = false; }
    // The last group of the journal that changes it. Compaction waits until recovery would not
    // repeat it.
    void journaled(std::uint64_t sequence) { journaled_through_ = sequence; }
    std::uint64_t journaled_through() const { return journaled_through_; }
    void mark_new() { new_ = true; }
    // Written by a process that died: nothing is known to be durable, its name perhaps.
    void mark_recovered(bool name_too) { ++version_, new_ = new_ || name_too; }
    Result<std::shared_ptr<File>> file_for_sync() { return file(OpenMode::Create); }
    // The batches and the aborted transactions, where they are not synced; the other indexes can be
    // built anew. True: a file may have a new name.
    Result<bool> sync_data();
    // Index files that were written and not synced; none are written again after a roll.
    bool indexes_unsynced() const { return indexes_version_ != indexes_synced_version_; }
    std::uint64_t indexes_version() const { return indexes_version_; }
    Result<std::vector<std::shared_ptr<File>>> index_files_for_sync();
    void indexes_synced(std::uint64_t version) { indexes_synced_version_ = version; }
    Result<void> sync_files();  // what of its files was written and not synced; at a clean stop

private:
    Result<Bytes> read_at(std::int64_t position, std::size_t wanted, std::size_t bytes_max,
                          Offset up_to, ReadCheck check);
    Result<std::shared_ptr<File>> file(OpenMode mode);
    Result<void> prepare();  // the indexes are usable
    Result<std::optional<BatchPosition>> find_from(std::int64_t position, Offset offset);
    bool indexes_sane();
    Result<void> index_batch(const wire::RecordBatchView& batch, std::int64_t position,
                             std::int64_t interval);
    Result<void> find_largest_timestamp();

    Disk& disk_;
    std::string directory_;
    std::string stage_;
    Offset base_;
    std::int64_t size_;
    // Where the last read ended, which is where the next one mostly begins. -1: nowhere.
    std::int64_t read_end_ = -1;
    Offset read_end_offset_;
    std::shared_ptr<File> log_;
    OffsetIndex offsets_;
    TimeIndex times_;
    TransactionIndex transactions_;
    bool prepared_ = false, broken_ = false, new_ = false;
    std::int64_t bytes_since_index_ = 0, delete_delay_ms_ = 0;
    TimeIndexEntry largest_;
    std::optional<Timestamp> first_timestamp_;
    std::uint64_t version_ = 0, synced_version_ = 0, journaled_through_ = 0;
    std::uint64_t indexes_version_ = 0, indexes_synced_version_ = 0;
};

}  // namespace millrace::broker
