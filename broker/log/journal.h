#pragma once
// The journal of a data directory (design 3.5): small appends of all its logs, one write and one
// sync for all that waits. Ours alone; Kafka's tools never look at it. Files millrace-journal-<n>,
// pre-written and recycled; each holds groups one behind the other from 0 on. A group is what one
// turn did, in order; it counts whole or not at all. Big-endian:
//
//   group:  magic uint32 "MRJ1" | size uint32, of the whole group | crc uint32, CRC-32C of what
//   follows | sequence uint64
//           | live from uint64 | items uint32 | items
//   item:   kind uint8 | directory string16 | topic id 16 | offset int64 | end int64 | segment
//   int64 | position int64
//           | size int64 | fingerprint uint32 | Append: `size` bytes
//
// Sequences count up over all files. millrace-checkpoint says up to which sequence S everything was
// synced in the segments, and where each log ended then. From S + 1 on a group counts only if all
// before it are whole, so that recovery gives the state after some turn, and never a later turn
// without an earlier one. ("live from" is S + 1 as the group's writer knew it, for the case that
// the checkpoint is damaged.) Files whose groups are all at or below S are used again.
//   millrace-checkpoint, text: "2" (format) | "open" or "closed" | "synced" or "page-cache" | S |
//   count | topic partition offset ... | "marks" | recovery marks (recovery_mark.h; format 1: none)
// It is closed, and the journal void, after a clean stop.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/base/result.h"
#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/broker/log/journal_item.h"
#include "millrace/broker/log/recovery_mark.h"

namespace millrace::broker {

struct JournalEntry {
    LogName log;
    JournalItem item;
};

struct JournalGroup {
    std::uint64_t sequence = 0, live_from = 0;
    std::vector<JournalEntry> entries;
};

struct JournalContents {
    std::uint64_t last_sequence = 0;   // of any group, needed or not
    std::vector<JournalGroup> groups;  // those that count, in order
};

struct JournalCheckpoint {
    bool open = false, page_cache = false;
    std::uint64_t sequence = 0;
    OffsetCheckpoint recovery_points;
    RecoveryMarks marks;
    friend bool operator==(const JournalCheckpoint&, const JournalCheckpoint&) = default;
};
inline constexpr std::string_view kJournalCheckpointName = "millrace-checkpoint";
Result<JournalCheckpoint> parse_journal_checkpoint(std::string_view text);
std::string to_text(const JournalCheckpoint& checkpoint);

class Journal {
public:
    Journal(Disk& disk, std::string directory, std::int64_t file_bytes)
        : disk_(&disk), directory_(std::move(directory)), file_bytes_(file_bytes) {}

    // What the files hold behind sequence S; nothing: S is not known. Damage ends a file; only a
    // failing read is an error.
    Result<JournalContents> read(std::optional<std::uint64_t> synced_through) const;

    // From now on groups are written, the first with this sequence. Blocks for a directory sync.
    Result<void> start(std::uint64_t sequence);

    void add(const LogName* log, JournalItem item) { pending_.push_back({log, std::move(item)}); }
    bool empty() const { return pending_.empty(); }
    struct Pending {
        const LogName* log;  // lives until the item is written
        JournalItem item;
    };
    std::vector<Pending>& pending() { return pending_; }

    // Writes what is pending as one group and gives the file to sync. On failure everything is
    // pending still.
    struct Written {
        std::uint64_t sequence = 0;
        std::shared_ptr<File> file;
        bool new_name = false;  // the directory is to be synced too
    };
    Result<Written> write_group();
    std::uint64_t last_sequence() const { return next_sequence_ - 1; }
    // Groups up to here are in their segments, synced, and the recovery points say so.
    void forget_through(std::uint64_t sequence);
    // Bytes of groups that are still needed; a checkpoint is due when this passes a file.
    std::int64_t live_bytes() const;
    std::int64_t file_bytes() const { return file_bytes_; }

private:
    struct JournalFile {
        std::shared_ptr<File> file;
        std::int64_t position = 0;
        std::uint64_t last_sequence = 0;  // 0: free
    };
    Result<std::size_t> add_file();
    void prewrite(File& file, std::int64_t to);
    Result<void> make_room(std::int64_t size);

    Disk* disk_;
    std::string directory_;
    std::int64_t file_bytes_;
    std::vector<JournalFile> files_;
    std::size_t active_ = 0;
    int next_number_ = 0;
    bool active_new_ = false;
    std::uint64_t next_sequence_ = 1, live_from_ = 1;
    std::vector<Pending> pending_;
    // Reused by write_group, and of no use outside of it: the heads of the items, where each ends,
    // and the pieces of the group.
    ByteSink head_;
    std::vector<std::size_t> heads_;
    std::vector<BytesView> parts_;
};

// Over the headers of whole batches.
std::uint32_t fingerprint_of(BytesView batches);

}  // namespace millrace::broker
