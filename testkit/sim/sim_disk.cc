#include "millrace/testkit/sim/sim_disk.h"

#include <algorithm>
#include <cstring>

#include "millrace/base/check.h"

namespace millrace::testkit {

// A directory: its names, those that survive, and the changes between the two in order. A file:
// what programs see (`bytes`), what survives (`durable`), and which blocks of 512 bytes differ.
struct SimDisk::Node {
    explicit Node(bool is_directory) : directory(is_directory) {}
    const bool directory;

    using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;
    struct Change {
        std::string before, after;
        std::shared_ptr<Node> node;
        void apply(Names& names) const {
            if (!before.empty()) names.erase(before);
            if (!after.empty()) names.insert_or_assign(after, node);
        }
    };
    Names names, durable_names;
    std::vector<Change> pending;
    void sync_names() {
        durable_names = names;
        pending.clear();
    }

    std::vector<std::byte> bytes, durable;
    std::vector<bool> dirty;                            // by block of `bytes`
    std::int64_t dirty_from = INT64_MAX, dirty_to = 0;  // blocks; a bound of the dirty ones
    bool size_dirty = false;
    bool poisoned = false;
    int links = 0;  // names it has now; what has none uses no space

    void mark(std::int64_t at, std::int64_t size) {
        if (size <= 0) return;
        const std::int64_t first = at / kBlockBytes, last = (at + size - 1) / kBlockBytes;
        if (static_cast<std::int64_t>(dirty.size()) <= last)
            dirty.resize(static_cast<std::size_t>(last + 1));
        for (std::int64_t b = first; b <= last; ++b) dirty[static_cast<std::size_t>(b)] = true;
        dirty_from = std::min(dirty_from, first);
        dirty_to = std::max(dirty_to, last + 1);
    }
    void resize(std::int64_t size) {
        const auto old = static_cast<std::int64_t>(bytes.size());
        if (size == old) return;
        bytes.resize(static_cast<std::size_t>(size));
        size_dirty = true;
        if (size > old) mark(old, size - old);
    }
    void write(std::int64_t at, BytesView data) {
        const auto end = at + static_cast<std::int64_t>(data.size());
        if (end > static_cast<std::int64_t>(bytes.size())) resize(end);
        if (!data.empty()) std::memcpy(bytes.data() + at, data.data(), data.size());
        mark(at, static_cast<std::int64_t>(data.size()));
    }
    BytesView block(std::int64_t b) const {
        const std::int64_t at = b * kBlockBytes;
        const auto size = static_cast<std::int64_t>(bytes.size());
        if (at >= size) return {};
        return {bytes.data() + at, static_cast<std::size_t>(std::min(kBlockBytes, size - at))};
    }
    // Block b of what programs see survives.
    void keep(std::int64_t b) {
        const BytesView from = block(b);
        if (from.empty()) return;
        const auto end = static_cast<std::size_t>(b * kBlockBytes) + from.size();
        if (durable.size() < end) durable.resize(end);
        std::memcpy(durable.data() + b * kBlockBytes, from.data(), from.size());
    }
    void clean() {
        dirty.clear();
        dirty_from = INT64_MAX;
        dirty_to = 0;
        size_dirty = false;
    }
    void sync() {
        if (size_dirty) durable.resize(bytes.size());
        for (std::int64_t b = dirty_from; b < dirty_to; ++b) {
            if (dirty[static_cast<std::size_t>(b)]) keep(b);
        }
        clean();
    }
};

namespace {

std::string normal(std::string_view path) {  // "a/b", whatever slashes and dots it came with
    std::string out;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (part.empty() || part == ".") continue;
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

std::string_view parent(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Failure storage(std::string_view path, std::string_view what) {
    return fail(ErrorCode::KafkaStorageError, std::string(path) + ": " + std::string(what));
}

}  // namespace

class SimFile final : public File {
public:
    SimFile(SimDisk& disk, std::string path, std::shared_ptr<SimDisk::Node> inode, bool writable)
        : disk_(disk),
          path_(std::move(path)),
          inode_(std::move(inode)),
          generation_(disk.generation_),
          writable_(writable) {}

    Result<void> write(std::int64_t at, BytesView bytes) override {
        return write_parts(at, {&bytes, 1});
    }

    Result<void> write_parts(std::int64_t at, std::span<const BytesView> parts) override {
        MR_CHECK(at >= 0 && writable_);
        MR_TRY_VOID(begin(DiskOp::Write));
        if (inode_->poisoned) return storage(path_, "an earlier sync failed");
        for (BytesView part : parts) {
            disk_.note(DiskOp::Write, path_, at, part);
            const std::int64_t grows = at + static_cast<std::int64_t>(part.size()) - size();
            if (grows > 0 && disk_.capacity_) {
                const std::int64_t room =
                    std::max<std::int64_t>(0, *disk_.capacity_ - disk_.used_bytes());
                if (grows > room) {  // a short write, then the error
                    const std::int64_t fits = static_cast<std::int64_t>(part.size()) - grows + room;
                    if (fits > 0) write_block(at, part.first(static_cast<std::size_t>(fits)));
                    ++disk_.stats_.no_space;
                    return storage(path_, "no space left on device");
                }
            }
            write_block(at, part);
            at += static_cast<std::int64_t>(part.size());
        }
        ++disk_.stats_.writes;
        return {};
    }

    Result<std::size_t> read(std::int64_t at, std::span<std::byte> into) const override {
        MR_CHECK(at >= 0);
        MR_TRY_VOID(begin(DiskOp::Read));
        if (at >= size()) return 0;
        const std::size_t n = std::min(into.size(), static_cast<std::size_t>(size() - at));
        if (n != 0) std::memcpy(into.data(), inode_->bytes.data() + at, n);
        return n;
    }

    Result<void> truncate(std::int64_t size) override {
        MR_CHECK(size >= 0 && writable_);
        MR_TRY_VOID(begin(DiskOp::Truncate));
        if (inode_->poisoned) return storage(path_, "an earlier sync failed");
        if (disk_.capacity_ && size - this->size() > *disk_.capacity_ - disk_.used_bytes()) {
            ++disk_.stats_.no_space;
            return storage(path_, "no space left on device");
        }
        disk_.note(DiskOp::Truncate, path_, size);
        const std::int64_t old = this->size();
        inode_->resize(size);
        if (inode_->links > 0) disk_.used_ += size - old;
        return {};
    }

    std::int64_t size() const override { return static_cast<std::int64_t>(inode_->bytes.size()); }

    Result<void> sync() override {
        auto started = begin(DiskOp::Sync);
        if (!started) {
            if (generation_ == disk_.generation_ && !disk_.frozen_) inode_->poisoned = true;
            return started;
        }
        if (inode_->poisoned) return storage(path_, "an earlier sync failed");
        disk_.note(DiskOp::Sync, path_);
        inode_->sync();
        ++disk_.stats_.syncs;
        return {};
    }

private:
    void write_block(std::int64_t at, BytesView bytes) {
        const std::int64_t old = size();
        inode_->write(at, bytes);
        if (inode_->links > 0) disk_.used_ += size() - old;
    }
    Result<void> begin(DiskOp op) const {
        if (generation_ != disk_.generation_)
            return storage(path_, "this file was opened before the crash");
        return disk_.begin(op, path_);
    }
    SimDisk& disk_;
    std::string path_;
    std::shared_ptr<SimDisk::Node> inode_;
    std::uint64_t generation_;
    bool writable_;
};

class SimLock final : public DirectoryLock {
public:
    SimLock(SimDisk& disk, std::string path)
        : disk_(disk), path_(std::move(path)), generation_(disk.generation_) {}
    ~SimLock() override {
        if (generation_ == disk_.generation_) disk_.locks_.erase(path_);
    }

private:
    SimDisk& disk_;
    std::string path_;
    std::uint64_t generation_;
};

SimDisk::SimDisk(Trace* trace) : trace_(trace), root_(std::make_shared<Node>(true)) {}
SimDisk::~SimDisk() = default;

Result<void> SimDisk::begin(DiskOp op, std::string_view path) const {
    ++stats_.operations;
    const bool changes = op != DiskOp::Read && op != DiskOp::List && op != DiskOp::Open;
    if (frozen_ || (changes && freeze_at_ && changes_ >= *freeze_at_)) {
        frozen_ = true;
        return storage(path, "the machine stands still");
    }
    if (changes) ++changes_;
    std::optional<std::string> what;
    if (planned_ && (!planned_->only || *planned_->only == op) && planned_->countdown-- == 0) {
        what = std::move(planned_->what);
        planned_.reset();
    } else if (fault_) {
        what = fault_(op, path);
    }
    if (!what) return {};
    ++stats_.failed;
    return storage(path, std::string(name(op)) + " failed: " + *what);
}

void SimDisk::note(DiskOp op, std::string_view path, std::int64_t at, BytesView bytes) const {
    if (observer_) observer_(op, path, at, bytes);
    if (trace_ == nullptr) return;
    trace_->note(static_cast<std::int64_t>(op));
    trace_->note(path);
    trace_->note(at);
    if (!bytes.empty()) trace_->note(bytes);
}

SimDisk::Node* SimDisk::directory_at(std::string_view path) const {
    Node* at = root_.get();
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const auto next = at->names.find(path.substr(0, slash));
        if (next == at->names.end() || !next->second->directory) return nullptr;
        at = next->second.get();
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return at;
}

SimDisk::Place SimDisk::find(std::string_view path) const {
    Place place{directory_at(parent(path)), std::string(base_name(path)), nullptr};
    if (place.directory == nullptr) return place;
    const auto at = place.directory->names.find(place.name);
    if (at != place.directory->names.end()) place.node = at->second;
    return place;
}

void SimDisk::change(Node& directory, const std::string& before, const std::string& after,
                     std::shared_ptr<Node> node) {
    note(DiskOp::Rename, before);
    note(DiskOp::Rename, after);
    const auto unlink = [this, &directory](const std::string& name) {
        const auto old = directory.names.find(name);
        if (old != directory.names.end() && --old->second->links == 0)
            used_ -= static_cast<std::int64_t>(old->second->bytes.size());
    };
    if (!before.empty()) unlink(before);
    if (!after.empty()) unlink(after);  // what it replaces
    if (!after.empty() && node->links++ == 0)
        used_ += static_cast<std::int64_t>(node->bytes.size());
    Node::Change change{before, after, std::move(node)};
    change.apply(directory.names);
    directory.pending.push_back(std::move(change));
}

Result<std::shared_ptr<File>> SimDisk::open(std::string_view raw, OpenMode mode) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::Open, path));
    Place place = find(path);
    if (!place.node) {
        if (mode != OpenMode::Create) return storage(path, "no such file");
        if (place.directory == nullptr) return storage(path, "no such directory");
        if (frozen_ || (freeze_at_ && changes_ >= *freeze_at_)) {
            frozen_ = true;
            return storage(path, "the machine stands still");
        }
        ++changes_;
        place.node = std::make_shared<Node>(false);
        change(*place.directory, {}, place.name, place.node);
    }
    if (place.node->directory) return storage(path, "is a directory");
    return std::make_shared<SimFile>(*this, path, place.node, mode != OpenMode::Read);
}

Result<std::vector<DiskEntry>> SimDisk::list(std::string_view raw) const {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::List, path));
    const Node* directory = directory_at(path);
    if (directory == nullptr) return storage(path, "no such directory");
    std::vector<DiskEntry> entries;
    for (const auto& [name, node] : directory->names)
        entries.push_back({name, node->directory, static_cast<std::int64_t>(node->bytes.size())});
    return entries;
}

bool SimDisk::exists(std::string_view path) const {
    const std::string at = normal(path);
    return at.empty() || find(at).node != nullptr;
}

Result<void> SimDisk::make_directories(std::string_view raw) {
    const std::string path = normal(raw);
    for (std::size_t end = 0; end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        const std::string part = path.substr(0, end);
        const Place place = find(part);
        if (place.node) {
            if (!place.node->directory) return storage(part, "is a file");
            continue;
        }
        MR_TRY_VOID(begin(DiskOp::MakeDirectory, part));
        change(*place.directory, {}, place.name, std::make_shared<Node>(true));
    }
    return {};
}

Result<void> SimDisk::remove(std::string_view raw) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::Remove, path));
    const Place place = find(path);
    if (!place.node) return storage(path, "no such file");
    if (!place.node->names.empty()) return storage(path, "directory not empty");
    change(*place.directory, place.name, {}, nullptr);
    return {};
}

Result<void> SimDisk::remove_all(std::string_view raw) {
    const std::string path = normal(raw);
    const Place place = find(path);
    if (!place.node) return {};
    std::vector<std::string> children;
    for (const auto& [name, node] : place.node->names) children.push_back(name);
    for (const std::string& name : children) MR_TRY_VOID(remove_all(path + '/' + name));
    return remove(path);
}

Result<void> SimDisk::rename(std::string_view raw_from, std::string_view raw_to) {
    const std::string from = normal(raw_from), to = normal(raw_to);
    MR_TRY_VOID(begin(DiskOp::Rename, from));
    const Place source = find(from), target = find(to);
    if (!source.node) return storage(from, "no such file");
    if (target.directory == nullptr) return storage(to, "no such directory");
    if (target.node && target.node->directory != source.node->directory)
        return storage(to, "is of another kind");
    if (source.node == target.node) return {};
    if (source.directory == target.directory) {
        change(*source.directory, source.name, target.name,
               source.node);  // one change: a crash sees it or not
    } else {
        change(*target.directory, {}, target.name, source.node);
        change(*source.directory, source.name, {}, nullptr);
    }
    return {};
}

Result<void> SimDisk::sync_directory(std::string_view raw) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::SyncDirectory, path));
    Node* directory = directory_at(path);
    if (directory == nullptr) return storage(path, "no such directory");
    note(DiskOp::SyncDirectory, path);
    directory->sync_names();
    ++stats_.syncs;
    return {};
}

Result<std::unique_ptr<DirectoryLock>> SimDisk::lock(std::string_view raw) {
    const std::string path = normal(raw);
    if (directory_at(path) == nullptr) return storage(path, "no such directory");
    if (!locks_.insert(path).second) return storage(path, "another process uses this directory");
    return std::make_unique<SimLock>(*this, path);
}

std::int64_t SimDisk::free_bytes(std::string_view) const {
    return capacity_ ? std::max<std::int64_t>(0, *capacity_ - used_bytes()) : std::int64_t{1} << 50;
}

// ---- what is done to it
// --------------------------------------------------------------------------------------------

// By name, so that a seed gives the same crash everywhere. Directories that nothing durable leads
// to are gone.
void SimDisk::crash_below(Node& directory, Random& random, std::set<const Node*>& seen) {
    const std::size_t count = directory.pending.size();
    const std::size_t kept =
        random.one_in(3) ? count : static_cast<std::size_t>(random.below(count + 1));
    stats_.names_lost += count - kept;
    for (std::size_t i = 0; i < kept; ++i) directory.pending[i].apply(directory.durable_names);
    directory.names = directory.durable_names;
    directory.pending.clear();
    for (const auto& [name, node] : directory.names) {
        ++node->links;
        if (!seen.insert(node.get()).second) continue;
        node->links = 1;
        if (node->directory)
            crash_below(*node, random, seen);
        else
            keep_some_blocks(*node, random);
        used_ += static_cast<std::int64_t>(node->bytes.size());
    }
}

void SimDisk::keep_some_blocks(Node& inode, Random& random) {
    enum class Fate : std::uint8_t { None, All, Pages, Blocks, Prefix };
    const Fate fate = static_cast<Fate>(random.below(5));
    std::uint64_t kept = 0, lost = 0;
    if (inode.size_dirty && (fate == Fate::All || (fate != Fate::None && random.one_in(2))))
        inode.durable.resize(inode.bytes.size());
    const std::int64_t blocks =
        inode.dirty_to > inode.dirty_from ? inode.dirty_to - inode.dirty_from : 0;
    const std::int64_t prefix =
        inode.dirty_from +
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(blocks) + 1));
    std::int64_t page = -1;
    bool page_kept = false;
    for (std::int64_t b = inode.dirty_from; b < inode.dirty_to; ++b) {
        if (!inode.dirty[static_cast<std::size_t>(b)]) continue;
        if (b * kBlockBytes / kPageBytes != page) {
            page = b * kBlockBytes / kPageBytes;
            page_kept = random.one_in(2);
        }
        const bool keep = fate == Fate::All || (fate == Fate::Pages && page_kept) ||
                          (fate == Fate::Blocks && random.one_in(2)) ||
                          (fate == Fate::Prefix && b < prefix);
        if (keep) inode.keep(b);
        ++(keep ? kept : lost);
    }
    stats_.blocks_kept += kept;
    stats_.blocks_lost += lost;
    stats_.files_torn += kept != 0 && lost != 0;
    inode.bytes = inode.durable;
    inode.clean();
    inode.poisoned = false;
}

void SimDisk::crash(Random& random) {
    ++stats_.crashes;
    used_ = 0;
    std::set<const Node*> seen;
    crash_below(*root_, random, seen);
    kill_process();
}

void SimDisk::kill_process() {
    ++generation_;
    locks_.clear();
    frozen_ = false;
    freeze_at_.reset();
    planned_.reset();
}

void SimDisk::freeze_after(std::optional<std::uint64_t> operations) {
    frozen_ = false;
    freeze_at_ = operations ? std::optional(changes_ + *operations) : std::nullopt;
}

void SimDisk::fail_operation(std::uint64_t number, std::optional<DiskOp> only, std::string what) {
    planned_ = Planned{number, only, std::move(what)};
}

void SimDisk::set_fault(std::function<std::optional<std::string>(DiskOp, std::string_view)> fault) {
    fault_ = std::move(fault);
}

bool SimDisk::corrupt(std::string_view path, std::int64_t at, unsigned bit) {
    const Place found = find(normal(path));
    if (!found.node || found.node->directory) return false;
    const auto flip = [at, bit](std::vector<std::byte>& bytes) {
        if (at < 0 || at >= static_cast<std::int64_t>(bytes.size())) return false;
        bytes[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1u << (bit & 7));
        return true;
    };
    const bool seen = flip(found.node->bytes);
    return flip(found.node->durable) || seen;
}

std::optional<std::vector<std::byte>> SimDisk::content(std::string_view path) const {
    const Place found = find(normal(path));
    if (!found.node || found.node->directory) return std::nullopt;
    return found.node->bytes;
}

std::vector<std::string> SimDisk::paths() const {
    std::vector<std::string> all;
    const auto walk = [&all](const auto& self, const Node& directory,
                             const std::string& prefix) -> void {
        for (const auto& [name, node] : directory.names) {
            if (node->directory)
                self(self, *node, prefix + name + '/');
            else
                all.push_back(prefix + name);
        }
    };
    walk(walk, *root_, {});
    std::sort(all.begin(), all.end());
    return all;
}

void SimDisk::wipe() {
    root_ = std::make_shared<Node>(true);
    used_ = 0;
    kill_process();
}

}  // namespace millrace::testkit
