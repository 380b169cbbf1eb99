#include "millrace/testkit/sim/sim_disk.h"

#include <algorithm>
#include <cstring>

#include "millrace/base/check.h"

namespace millrace::testkit {

// What programs see (`bytes`), what survives (`durable`), and which blocks of 512 bytes differ.
struct SimDisk::Inode {
    std::vector<std::byte> bytes, durable;
    std::vector<bool> dirty;                            // by block of `bytes`
    std::int64_t dirty_from = INT64_MAX, dirty_to = 0;  // blocks; a bound of the dirty ones
    bool size_dirty = false;
    bool poisoned = false;

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

struct SimDisk::NameChange {
    enum class Kind : std::uint8_t { Add, Remove, Rename } kind;
    std::string path, to;          // to: of a rename
    std::shared_ptr<Inode> inode;  // of Add; null: a directory
    bool in(std::string_view directory) const;
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

bool below(std::string_view path, std::string_view directory) {  // or equal
    return path == directory || directory.empty() ||
           (path.size() > directory.size() && path.starts_with(directory) &&
            path[directory.size()] == '/');
}

Failure storage(std::string_view path, std::string_view what) {
    return fail(ErrorCode::KafkaStorageError, std::string(path) + ": " + std::string(what));
}

}  // namespace

bool SimDisk::NameChange::in(std::string_view directory) const {
    return parent(path) == directory || (kind == Kind::Rename && parent(to) == directory);
}

class SimFile final : public File {
public:
    SimFile(SimDisk& disk, std::string path, std::shared_ptr<SimDisk::Inode> inode, bool writable)
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
                    if (fits > 0) inode_->write(at, part.first(static_cast<std::size_t>(fits)));
                    ++disk_.stats_.no_space;
                    return storage(path_, "no space left on device");
                }
            }
            inode_->write(at, part);
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
        inode_->resize(size);
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
    Result<void> begin(DiskOp op) const {
        if (generation_ != disk_.generation_)
            return storage(path_, "this file was opened before the crash");
        return disk_.begin(op, path_);
    }
    SimDisk& disk_;
    std::string path_;
    std::shared_ptr<SimDisk::Inode> inode_;
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

SimDisk::SimDisk(Trace* trace) : trace_(trace) {}
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

bool SimDisk::directory_exists(std::string_view path) const {
    if (path.empty()) return true;
    const auto at = names_.find(path);
    return at != names_.end() && at->second == nullptr;
}

void SimDisk::apply(Names& names, const NameChange& change) {
    switch (change.kind) {
        case NameChange::Kind::Add:
            names.insert_or_assign(change.path, change.inode);
            return;
        case NameChange::Kind::Remove:
            names.erase(change.path);
            return;
        case NameChange::Kind::Rename:
            break;
    }
    Names moved;
    for (auto at = names.lower_bound(change.path);
         at != names.end() && at->first.starts_with(change.path);) {
        if (below(at->first, change.path)) {
            moved.emplace(change.to + at->first.substr(change.path.size()), at->second);
            at = names.erase(at);
        } else {
            ++at;
        }
    }
    for (auto& [path, inode] : moved) names.insert_or_assign(path, inode);
}

void SimDisk::change(NameChange change) {
    note(change.kind == NameChange::Kind::Rename ? DiskOp::Rename : DiskOp::Remove, change.path);
    note(DiskOp::Rename, change.to);
    apply(names_, change);
    pending_.push_back(std::move(change));
}

Result<std::shared_ptr<File>> SimDisk::open(std::string_view raw, OpenMode mode) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::Open, path));
    auto at = names_.find(path);
    if (at == names_.end()) {
        if (mode != OpenMode::Create) return storage(path, "no such file");
        if (!directory_exists(parent(path))) return storage(path, "no such directory");
        if (frozen_ || (freeze_at_ && changes_ >= *freeze_at_)) {
            frozen_ = true;
            return storage(path, "the machine stands still");
        }
        ++changes_;
        change({NameChange::Kind::Add, path, {}, std::make_shared<Inode>()});
        at = names_.find(path);
    }
    if (at->second == nullptr) return storage(path, "is a directory");
    return std::make_shared<SimFile>(*this, path, at->second, mode != OpenMode::Read);
}

Result<std::vector<DiskEntry>> SimDisk::list(std::string_view raw) const {
    const std::string directory = normal(raw);
    MR_TRY_VOID(begin(DiskOp::List, directory));
    if (!directory_exists(directory)) return storage(directory, "no such directory");
    std::vector<DiskEntry> entries;
    for (auto at = names_.lower_bound(directory);
         at != names_.end() && at->first.starts_with(directory); ++at) {
        if (at->first == directory || parent(at->first) != directory) continue;
        const std::string name =
            directory.empty() ? at->first : at->first.substr(directory.size() + 1);
        const bool is_directory = at->second == nullptr;
        entries.push_back({name, is_directory,
                           is_directory ? 0 : static_cast<std::int64_t>(at->second->bytes.size())});
    }
    std::sort(entries.begin(), entries.end(),
              [](const DiskEntry& a, const DiskEntry& b) { return a.name < b.name; });
    return entries;
}

bool SimDisk::exists(std::string_view path) const {
    const std::string at = normal(path);
    return at.empty() || names_.contains(at);
}

Result<void> SimDisk::make_directories(std::string_view raw) {
    const std::string path = normal(raw);
    for (std::size_t end = 0; end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        const std::string part = path.substr(0, end);
        const auto at = names_.find(part);
        if (at != names_.end()) {
            if (at->second != nullptr) return storage(part, "is a file");
            continue;
        }
        MR_TRY_VOID(begin(DiskOp::MakeDirectory, part));
        change({NameChange::Kind::Add, part, {}, nullptr});
    }
    return {};
}

Result<void> SimDisk::remove(std::string_view raw) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::Remove, path));
    const auto at = names_.find(path);
    if (at == names_.end()) return storage(path, "no such file");
    const auto next = std::next(at);
    if (at->second == nullptr && next != names_.end() && below(next->first, path))
        return storage(path, "directory not empty");
    change({NameChange::Kind::Remove, path, {}, nullptr});
    return {};
}

Result<void> SimDisk::remove_all(std::string_view raw) {
    const std::string path = normal(raw);
    std::vector<std::string> doomed;
    for (auto at = names_.lower_bound(path); at != names_.end() && at->first.starts_with(path);
         ++at) {
        if (below(at->first, path)) doomed.push_back(at->first);
    }
    for (auto at = doomed.rbegin(); at != doomed.rend(); ++at) {  // children first
        MR_TRY_VOID(begin(DiskOp::Remove, *at));
        change({NameChange::Kind::Remove, *at, {}, nullptr});
    }
    return {};
}

Result<void> SimDisk::rename(std::string_view raw_from, std::string_view raw_to) {
    const std::string from = normal(raw_from), to = normal(raw_to);
    MR_TRY_VOID(begin(DiskOp::Rename, from));
    const auto source = names_.find(from);
    if (source == names_.end()) return storage(from, "no such file");
    if (!directory_exists(parent(to))) return storage(to, "no such directory");
    const auto target = names_.find(to);
    if (target != names_.end() && (target->second == nullptr) != (source->second == nullptr))
        return storage(to, "is of another kind");
    change({NameChange::Kind::Rename, from, to, nullptr});
    return {};
}

Result<void> SimDisk::sync_directory(std::string_view raw) {
    const std::string path = normal(raw);
    MR_TRY_VOID(begin(DiskOp::SyncDirectory, path));
    if (!directory_exists(path)) return storage(path, "no such directory");
    note(DiskOp::SyncDirectory, path);
    std::vector<NameChange> rest;
    for (NameChange& change : pending_) {
        if (change.in(path))
            apply(durable_names_, change);
        else
            rest.push_back(std::move(change));
    }
    pending_ = std::move(rest);
    ++stats_.syncs;
    return {};
}

Result<std::unique_ptr<DirectoryLock>> SimDisk::lock(std::string_view raw) {
    const std::string path = normal(raw);
    if (!directory_exists(path)) return storage(path, "no such directory");
    if (!locks_.insert(path).second) return storage(path, "another process uses this directory");
    return std::make_unique<SimLock>(*this, path);
}

std::int64_t SimDisk::used_bytes() const {
    std::int64_t used = 0;
    for (const auto& [path, inode] : names_)
        used += inode ? static_cast<std::int64_t>(inode->bytes.size()) : 0;
    return used;
}

std::int64_t SimDisk::free_bytes(std::string_view) const {
    return capacity_ ? std::max<std::int64_t>(0, *capacity_ - used_bytes()) : std::int64_t{1} << 50;
}

// ---- what is done to it
// --------------------------------------------------------------------------------------------

void SimDisk::keep_some_names(Random& random) {
    std::map<std::string, std::size_t, std::less<>> counts, kept;  // by directory
    const auto home = [](const NameChange& c) {
        return std::string(parent(c.kind == NameChange::Kind::Rename ? c.to : c.path));
    };
    for (const NameChange& change : pending_) ++counts[home(change)];
    for (const auto& [directory, count] : counts) {
        kept[directory] =
            random.one_in(3) ? count : static_cast<std::size_t>(random.below(count + 1));
        stats_.names_lost += count - kept[directory];
    }
    for (const NameChange& change : pending_) {
        std::size_t& left = kept[home(change)];
        if (left == 0) continue;
        --left;
        apply(durable_names_, change);
    }
    pending_.clear();
    for (auto at = durable_names_.begin();
         at != durable_names_.end();) {  // what has no directory is gone
        const std::string_view up = parent(at->first);
        const auto directory = durable_names_.find(up);
        const bool reachable =
            up.empty() || (directory != durable_names_.end() && directory->second == nullptr);
        at = reachable ? std::next(at)
                       : durable_names_.erase(at);  // parents sort before their children
    }
}

void SimDisk::keep_some_blocks(Inode& inode, Random& random) {
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
    keep_some_names(random);
    names_ = durable_names_;
    std::set<const Inode*> seen;
    for (auto& [path, inode] : names_) {
        if (inode && seen.insert(inode.get()).second)
            keep_some_blocks(*inode, random);  // by path: deterministic
    }
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
    const auto found = names_.find(normal(path));
    if (found == names_.end() || !found->second) return false;
    const auto flip = [at, bit](std::vector<std::byte>& bytes) {
        if (at < 0 || at >= static_cast<std::int64_t>(bytes.size())) return false;
        bytes[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1u << (bit & 7));
        return true;
    };
    const bool seen = flip(found->second->bytes);
    return flip(found->second->durable) || seen;
}

std::optional<std::vector<std::byte>> SimDisk::content(std::string_view path) const {
    const auto found = names_.find(normal(path));
    if (found == names_.end() || !found->second) return std::nullopt;
    return found->second->bytes;
}

std::vector<std::string> SimDisk::paths() const {
    std::vector<std::string> all;
    for (const auto& [path, inode] : names_) {
        if (inode) all.push_back(path);
    }
    return all;
}

void SimDisk::wipe() {
    names_.clear();
    durable_names_.clear();
    pending_.clear();
    kill_process();
}

}  // namespace millrace::testkit
