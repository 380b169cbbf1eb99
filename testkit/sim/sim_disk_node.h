#pragma once
// Inside of SimDisk: what a name stands for, and how paths are taken apart.
#include <algorithm>
#include <cstring>

#include "millrace/testkit/sim/sim_disk.h"

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
    // Block b of what programs see is again what survives: zeros where nothing does.
    void drop(std::int64_t b) {
        const std::int64_t at = b * kBlockBytes, size = static_cast<std::int64_t>(block(b).size());
        for (std::int64_t i = at; i < at + size; ++i)
            bytes[static_cast<std::size_t>(i)] = i < static_cast<std::int64_t>(durable.size())
                                                     ? durable[static_cast<std::size_t>(i)]
                                                     : std::byte{0};
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

inline std::string normal(std::string_view path) {  // "a/b", whatever slashes and dots it came with
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

inline std::string_view parent(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

inline std::string_view base_name(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

inline Failure storage(std::string_view path, std::string_view what) {
    return fail(ErrorCode::KafkaStorageError, std::string(path) + ": " + std::string(what));
}

}  // namespace millrace::testkit
