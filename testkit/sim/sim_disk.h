#pragma once
// A disk in memory that loses what a real one may lose. Per file there is what programs see and
// what survives: sync() makes the one the other. Names survive only after sync_directory of their
// directory.
//
//   crash(random)  keeps of each file's unsynced blocks an arbitrary subset (4 KiB pages, torn at
//   512 bytes, or all, or none),
//                  of each directory's unsynced changes a prefix; open files and locks of the time
//                  before are dead
//   capacity       a write past it writes what fits, then fails
//   faults         any operation can be made to fail: the n-th, or by a hook; a failed sync poisons
//   its file for good, until the process ends: what the kernel then makes of its pages, see below
//   corrupt()      flips a bit on the platter
//
// Every operation that changes something goes into a Trace. Not for use from two threads.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/base/random.h"
#include "millrace/base/trace.h"

namespace millrace::testkit {

enum class DiskOp : std::uint8_t {
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    List,
    MakeDirectory,
    Remove,
    Rename,
    SyncDirectory,
};
inline constexpr std::string_view name(DiskOp op) {
    constexpr std::string_view kNames[] = {"open", "read",  "write",  "truncate", "sync",
                                           "list", "mkdir", "remove", "rename",   "sync_directory"};
    return kNames[static_cast<std::size_t>(op)];
}

struct SimDiskStats {
    std::uint64_t operations = 0, writes = 0, syncs = 0, crashes = 0;
    std::uint64_t blocks_lost = 0,
                  blocks_kept = 0;  // unsynced blocks of 512 bytes, over all crashes
    std::uint64_t files_torn = 0;   // some of a file's unsynced blocks kept, others lost
    std::uint64_t names_lost = 0;   // unsynced changes of directories
    std::uint64_t no_space = 0, failed = 0;
    std::uint64_t failed_syncs_survived =
        0;  // files that lost their dirty marks without being durable
};

class SimDisk final : public Disk {
public:
    static constexpr std::int64_t kBlockBytes = 512, kPageBytes = 4096;

    explicit SimDisk(Trace* trace = nullptr);
    ~SimDisk() override;

    // ---- Disk ----
    Result<std::shared_ptr<File>> open(std::string_view path, OpenMode mode) override;
    Result<std::vector<DiskEntry>> list(std::string_view directory) const override;
    bool exists(std::string_view path) const override;
    Result<void> make_directories(std::string_view path) override;
    Result<void> remove(std::string_view path) override;
    Result<void> remove_all(std::string_view path) override;
    Result<void> rename(std::string_view from, std::string_view to) override;
    Result<void> sync_directory(std::string_view path) override;
    Result<std::unique_ptr<DirectoryLock>> lock(std::string_view path) override;
    std::int64_t free_bytes(std::string_view path) const override;

    // ---- what tests and the simulator do to it ----
    // Power fails. Every file and lock that is open refuses everything from now on.
    void crash(Random& random);
    // The process is killed, the machine lives: nothing is lost, open files and locks are dead.
    void kill_process();
    // The process ends after a sync that failed, and the machine lives on (fsyncgate): the kernel
    // has marked the pages of those files clean, so no later sync writes them; some are still in
    // the cache and readable, some were dropped.
    void kill_process_after_failed_sync(Random& random);
    // Operations fail from the n-th on that changes something (0: the next), as if the machine
    // stood still: to crash at any step. Nothing: no such plan.
    void freeze_after(std::optional<std::uint64_t> operations);
    bool frozen() const { return frozen_; }
    // The operation of this number (counted from now, of all kinds or of one) fails once, with this
    // text.
    void fail_operation(std::uint64_t number, std::optional<DiskOp> only = {},
                        std::string what = "injected");
    void clear_planned() { planned_.reset(); }  // of fail_operation
    // Asked before each operation: a text makes it fail. Null: nobody is asked.
    void set_fault(std::function<std::optional<std::string>(DiskOp, std::string_view path)> fault);
    // Told of each operation that changed something, after it did.
    using Observer =
        std::function<void(DiskOp, std::string_view path, std::int64_t at, BytesView bytes)>;
    void set_observer(Observer observer) { observer_ = std::move(observer); }
    void set_capacity(std::optional<std::int64_t> bytes) { capacity_ = bytes; }
    // False: the byte is not there.
    bool corrupt(std::string_view path, std::int64_t at, unsigned bit);
    // What a reader after a clean unmount would find; nothing: no such file.
    std::optional<std::vector<std::byte>> content(std::string_view path) const;
    std::vector<std::string> paths() const;  // of files, ascending
    void wipe();                             // the disk is replaced by an empty one

    std::uint64_t changes() const {
        return changes_;
    }  // operations that changed something, for freeze_after
    const SimDiskStats& stats() const { return stats_; }
    std::int64_t used_bytes() const { return used_; }

private:
    friend class SimFile;
    friend class SimLock;
    struct Node;                    // a file or a directory
    struct Place {                  // of a name
        Node* directory = nullptr;  // null: there is no such directory
        std::string name;
        std::shared_ptr<Node> node;  // null: there is no such name
    };

    Result<void> begin(DiskOp op, std::string_view path) const;  // counts, asks for faults
    Place find(std::string_view normal_path) const;
    Node* directory_at(std::string_view normal_path) const;
    // `before` loses its name, `after` gets one; either may be empty.
    void change(Node& directory, const std::string& before, const std::string& after,
                std::shared_ptr<Node> node);
    void crash_below(Node& directory, Random& random, std::set<const Node*>& seen);
    void keep_some_blocks(Node& file, Random& random);
    void forget_failed(Node& directory, Random& random);
    void note(DiskOp op, std::string_view path, std::int64_t at = 0, BytesView bytes = {}) const;

    Trace* trace_;
    std::shared_ptr<Node> root_;
    std::int64_t used_ = 0;
    std::set<std::string, std::less<>> locks_;
    std::optional<std::int64_t> capacity_;
    std::uint64_t generation_ = 0;  // of the process that uses the disk
    std::function<std::optional<std::string>(DiskOp, std::string_view)> fault_;
    Observer observer_;
    struct Planned {
        std::uint64_t countdown;
        std::optional<DiskOp> only;
        std::string what;
    };
    mutable std::optional<Planned> planned_;
    std::optional<std::uint64_t> freeze_at_;
    mutable bool frozen_ = false;
    mutable std::uint64_t changes_ = 0;
    mutable SimDiskStats stats_;
};

}  // namespace millrace::testkit
