// What is done to a SimDisk from outside: the power fails, processes die, operations fail, bits
// flip.
#include "millrace/testkit/sim/sim_disk_node.h"

namespace millrace::testkit {

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

void SimDisk::forget_failed(Node& directory, Random& random) {
    constexpr std::int64_t kBlocksOfPage = kPageBytes / kBlockBytes;
    for (const auto& [name, node] : directory.names) {
        if (node->directory) {
            forget_failed(*node, random);
            continue;
        }
        if (!node->poisoned) continue;
        const bool drops = random.one_in(2);
        for (std::int64_t page = node->dirty_from / kBlocksOfPage;
             page * kBlocksOfPage < node->dirty_to; ++page) {
            if (!drops || !random.one_in(2)) continue;
            for (std::int64_t b = page * kBlocksOfPage; b < (page + 1) * kBlocksOfPage; ++b)
                if (b >= node->dirty_from && b < node->dirty_to &&
                    node->dirty[static_cast<std::size_t>(b)])
                    node->drop(b);
        }
        node->clean();
        node->poisoned = false;
        ++stats_.failed_syncs_survived;
    }
}

void SimDisk::kill_process_after_failed_sync(Random& random) {
    forget_failed(*root_, random);
    kill_process();
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
