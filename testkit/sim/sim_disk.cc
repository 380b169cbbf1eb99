#include "millrace/base/check.h"
#include "millrace/testkit/sim/sim_disk_node.h"

namespace millrace::testkit {

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

}  // namespace millrace::testkit
