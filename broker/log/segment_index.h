#pragma once
// The sparse indexes of a segment, in Kafka's formats; all integers big-endian.
//   .index      {int32 offset - base, int32 position}           a batch begins at the position; its
//   last offset .timeindex  {int64 timestamp, int32 offset - base}          largest timestamp so
//   far, last offset of its batch .txnindex   {int16 version 0, int64 producer id, int64 first,
//   int64 last, int64 last stable offset}
//
// Entries that were written stay in the file and are looked up there; entries of the running
// process are in memory until write(). So an index costs nothing but its newest entries.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/broker/log/producer_state.h"

namespace millrace::broker {

// The part that the two sorted indexes share: fixed-size entries, some on disk, the newest in
// memory.
class IndexFile {
public:
    IndexFile(Disk& disk, std::string path, std::size_t entry_bytes)
        : disk_(&disk), path_(std::move(path)), entry_bytes_(entry_bytes) {}

    const std::string& path() const { return path_; }
    // Entries in the file are taken as they are. KafkaStorageError when the file is not whole
    // entries; a missing file has none.
    Result<void> load();
    void reset();  // forgets everything; the next write() replaces the file
    std::int64_t size() const {
        return on_disk_ + static_cast<std::int64_t>(memory_.size() / entry_bytes_);
    }
    Result<void> read(std::int64_t entry, std::byte* into) const;
    void append(const std::byte* entry) {
        memory_.insert(memory_.end(), entry, entry + entry_bytes_);
    }
    Result<void> truncate(std::int64_t entries);
    Result<void> write();  // everything is in the file afterwards; makes the file when missing
    bool dirty() const { return rewrite_ || !memory_.empty(); }
    void release() const { file_.reset(); }
    Result<std::shared_ptr<File>> file(OpenMode mode) const;
    // Of all entries, which are in the file afterwards.
    Result<std::uint32_t> written_crc();
    // Takes the file's first entries, and forgets those behind them. False: they are not these.
    Result<bool> resume(std::int64_t entries, std::uint32_t crc);

private:
    Disk* disk_;
    std::string path_;
    std::size_t entry_bytes_;
    std::int64_t on_disk_ = 0;
    bool rewrite_ = true;               // the file may hold anything
    std::optional<std::uint32_t> crc_;  // of what is on disk, when that is known
    std::vector<std::byte> memory_;
    mutable std::shared_ptr<File> file_;
    mutable bool writable_ = false;
};

struct OffsetIndexEntry {
    Offset offset;
    std::int64_t position = 0;
    friend bool operator==(const OffsetIndexEntry&, const OffsetIndexEntry&) = default;
};

class OffsetIndex : public IndexFile {
public:
    OffsetIndex(Disk& disk, std::string path, Offset base)
        : IndexFile(disk, std::move(path), 8), base_(base) {}
    Result<OffsetIndexEntry> at(std::int64_t entry) const;
    void add(Offset last_offset, std::int64_t position);
    // The greatest entry at or below the offset; (base, 0) when there is none.
    Result<OffsetIndexEntry> lookup(Offset offset) const;
    Result<void> truncate_to(Offset offset);  // drops entries at or past it

private:
    Offset base_;
};

struct TimeIndexEntry {
    Timestamp timestamp{-1};
    Offset offset;
    friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

class TimeIndex : public IndexFile {
public:
    TimeIndex(Disk& disk, std::string path, Offset base)
        : IndexFile(disk, std::move(path), 12), base_(base) {}
    Result<TimeIndexEntry> at(std::int64_t entry) const;
    Result<TimeIndexEntry> last() const;  // (-1, base) when empty
    Result<void> maybe_add(
        TimeIndexEntry entry);  // only when its timestamp is above the last one's
    // The greatest entry whose timestamp is at or below; (-1, base) when there is none.
    Result<TimeIndexEntry> lookup(Timestamp at) const;
    Result<void> truncate_to(Offset offset);

private:
    Offset base_;
};

class TransactionIndex {
public:
    TransactionIndex(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
    const std::string& path() const { return path_; }
    // Reads the file when that has not happened. CorruptMessage when it is not what Kafka writes.
    Result<const std::vector<AbortedTransaction>*> entries();
    Result<void> add(const AbortedTransaction& entry);
    Result<void> truncate_to(Offset offset);  // drops entries whose marker is at or past it
    void reset();
    Result<void> write();  // no file when there are no entries, as in Kafka
    bool dirty() const { return dirty_; }
    void release();
    // Whether the file was written and not synced since. A sync that was begun counts: when it
    // fails nothing is served any more.
    bool unsynced() const { return unsynced_; }
    void sync_begun() { unsynced_ = false; }
    Result<std::uint32_t> crc_of(
        std::size_t entries);  // of the first ones, as they are in the file
    void keep_first(std::size_t entries);

private:
    Disk* disk_;
    std::string path_;
    bool loaded_ = false, dirty_ = false, unsynced_ = false;
    std::vector<AbortedTransaction> entries_;
};

}  // namespace millrace::broker
