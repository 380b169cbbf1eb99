#pragma once
// The seam to files. Files are used synchronously; only syncs (and reads that would block) are effects of a machine:
// the machine names the files to sync, the shell calls sync() where it does not stop the loop and feeds the outcome back.
// The simulator's disk loses what was not synced, tears tails, runs full and fails syncs.
//
// Paths are '/'-separated. Errors: KafkaStorageError, with a detail that names the path and the cause.
// A failed sync is final: every later write or sync of that file fails.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"

namespace millrace {

class File {
public:
    virtual ~File() = default;
    virtual Result<void> write(std::int64_t at, BytesView bytes) = 0;             // grows the file when past its end
    virtual Result<void> write_parts(std::int64_t at, std::span<const BytesView> parts) = 0;   // as one write
    virtual Result<std::size_t> read(std::int64_t at, std::span<std::byte> into) const = 0;    // short only at the end
    virtual Result<void> truncate(std::int64_t size) = 0;
    virtual std::int64_t size() const = 0;
    virtual Result<void> sync() = 0;   // data sync; blocks. Safe to call from one other thread than the writer's.
};

enum class OpenMode { Read, Write, Create };   // Write: must exist; Create: made when missing, kept when there

struct DiskEntry {
    std::string name;   // without the directory
    bool directory = false;
    std::int64_t size = 0;
    friend bool operator==(const DiskEntry&, const DiskEntry&) = default;
};

class DirectoryLock {   // held while it lives
public:
    virtual ~DirectoryLock() = default;
};

class Disk {
public:
    virtual ~Disk() = default;
    virtual Result<std::shared_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
    virtual Result<std::vector<DiskEntry>> list(std::string_view directory) const = 0;   // sorted by name
    virtual bool exists(std::string_view path) const = 0;
    virtual Result<void> make_directories(std::string_view path) = 0;   // no error when there
    virtual Result<void> remove(std::string_view path) = 0;             // file or empty directory
    virtual Result<void> remove_all(std::string_view path) = 0;
    virtual Result<void> rename(std::string_view from, std::string_view to) = 0;   // replaces
    virtual Result<void> sync_directory(std::string_view path) = 0;     // names survive a crash only after this
    // One process at a time (Kafka's .lock). Fails with a detail that names the holder's directory.
    virtual Result<std::unique_ptr<DirectoryLock>> lock(std::string_view path) = 0;
    virtual std::int64_t free_bytes(std::string_view path) const = 0;
    virtual std::int64_t total_bytes(std::string_view) const { return -1; }   // of the volume; -1: unknown
};

Result<Bytes> read_file(Disk& disk, std::string_view path);
// Temp file, sync, rename, directory sync: after a crash either the old or the new content is there.
Result<void> replace_file(Disk& disk, std::string_view path, BytesView content);
// Writes what the file holds from `from` on once more, in place. After a sync that failed the kernel takes the pages of a file
// for clean: they can be read, and no later sync writes them. Written again they are dirty again; the caller syncs.
Result<void> write_again(Disk& disk, std::string_view path, std::int64_t from = 0);
// An empty file of this name in a directory: a sync failed there. It needs no sync itself, since it matters only as long as the
// page cache does. Made by whoever sees a failed sync; who starts next does not trust what it reads to be durable.
inline constexpr std::string_view kSyncFailedFile = "millrace-sync-failed";
std::string join(std::string_view directory, std::string_view name);

}  // namespace millrace
