#include "millrace/broker/log/journal_replay.h"

#include <algorithm>

#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/broker/log/segment.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

namespace {

using Kind = JournalItem::Kind;

// What later items leave of an earlier write: nothing at or behind a place that was cut, nothing
// before a log start, nothing of a log that was emptied or deleted.
class Later {
public:
    void add(const JournalItem& item) {
        switch (item.kind) {
            case Kind::Append:
            case Kind::Reference:
                return;
            case Kind::Truncate:
                if (!cut_ || item.segment < cut_->segment ||
                    (item.segment == cut_->segment && item.position < cut_->position))
                    cut_ = Place{item.segment, item.position};
                return;
            case Kind::StartOffset:
                start_ = std::max(start_, item.offset);
                return;
            case Kind::Reset:
            case Kind::Delete:
                void_ = true;
                return;
        }
    }
    // How many bytes of the write at this place are still wanted.
    std::int64_t wanted(const JournalItem& item, std::int64_t size) const {
        if (void_) return 0;
        if (!cut_ || item.segment < cut_->segment) return size;
        if (item.segment > cut_->segment) return 0;
        return std::clamp<std::int64_t>(cut_->position - item.position, 0, size);
    }
    // Whether the segment was removed, since the log start passed the last that was written to it.
    // (Asked from the last write on.) Its removal waited until all of this was durable.
    bool gone(const Disk& disk, const std::string& path, const JournalItem& item) {
        const auto known = gone_.find(item.segment);
        if (known != gone_.end()) return known->second;
        return gone_[item.segment] = item.end <= start_ && !disk.exists(path);
    }

private:
    struct Place {
        Offset segment;
        std::int64_t position;
    };
    std::optional<Place> cut_;
    Offset start_{0};
    bool void_ = false;
    std::map<Offset, bool> gone_;  // by segment
};

using LogKey = std::pair<std::string, Uuid>;
LogKey key_of(const JournalEntry& entry) {
    return {entry.log.directory, entry.log.topic_id};
}

std::string segment_path(const std::string& directory, const JournalEntry& entry) {
    return join(join(directory, entry.log.directory), Segment::name_of(entry.item.segment, ".log"));
}

// Whether the segment holds what the item refers to.
Result<bool> holds(Disk& disk, const std::string& path, const JournalItem& item,
                   std::int64_t wanted) {
    if (wanted == 0) return true;
    if (!disk.exists(path)) return false;
    MR_TRY(const auto file, disk.open(path, OpenMode::Read));
    if (file->size() < item.position + wanted) return false;
    MutableBlock block(static_cast<std::size_t>(wanted));
    MR_TRY(const std::size_t got, file->read(item.position, {block.data(), block.size()}));
    if (got != block.size()) return false;
    wire::BatchWalker walker({block.data(), block.size()});
    while (const auto batch = walker.next()) {
        if (!batch->check_crc()) return false;
    }
    if (walker.left() != 0) return false;
    return wanted != item.size || fingerprint_of({block.data(), block.size()}) == item.fingerprint;
}

Result<void> cut_at_missing_bytes(Disk& disk, const std::string& directory,
                                  std::vector<JournalGroup>& groups) {
    std::map<LogKey, Later> later;
    std::size_t keep = groups.size();
    for (std::size_t g = groups.size(); g-- > 0;) {
        auto& entries = groups[g].entries;
        for (std::size_t i = entries.size(); i-- > 0;) {
            const JournalEntry& entry = entries[i];
            Later& after = later[key_of(entry)];
            const std::string path = segment_path(directory, entry);
            const bool write =
                entry.item.kind == Kind::Append || entry.item.kind == Kind::Reference;
            const bool gone = write && after.gone(disk, path, entry.item);
            if (entry.item.kind == Kind::Reference && !gone) {
                const std::int64_t wanted = after.wanted(entry.item, entry.item.size);
                MR_TRY(const bool there, holds(disk, path, entry.item, wanted));
                if (!there)
                    keep = g;  // the sync that should have brought it never ended: nor did anything
                               // behind it
            }
            after.add(entry.item);
        }
    }
    groups.resize(keep);
    return {};
}

// The topic id of the log's directory as it is on disk; nothing: no directory, or no readable
// metadata.
std::optional<Uuid> id_on_disk(Disk& disk, const std::string& path) {
    const auto text = read_file(disk, join(path, "partition.metadata"));
    if (!text) return std::nullopt;
    const auto id = parse_partition_metadata(as_text(*text));
    return id ? std::optional(*id) : std::nullopt;
}

Result<bool> write_if_different(Disk& disk, const std::string& path, std::int64_t position,
                                BytesView bytes) {
    MR_TRY(const auto file, disk.open(path, OpenMode::Create));
    MutableBlock there(bytes.size());
    MR_TRY(const std::size_t got, file->read(position, {there.data(), bytes.size()}));
    if (got == bytes.size() && equal({there.data(), got}, bytes)) return false;
    MR_TRY_VOID(file->write(position, bytes));
    return true;
}

// How long the files of a log's segments are once it was cut: what lay behind the cut must not be
// found again, in a file that recovery has no other reason to look at.
class Lengths {
public:
    Result<void> cut(Disk& disk, const std::string& path, const JournalItem& item) {
        MR_TRY(const auto entries, disk.list(path));
        for (const DiskEntry& entry : entries) {
            std::int64_t base;
            if (entry.name.ends_with(".log") &&
                parse_number(std::string_view(entry.name).substr(0, 20), base) &&
                Offset{base} > item.segment)
                lengths_[Offset{base}] = 0;
        }
        lengths_[item.segment] = item.position;
        return {};
    }
    void written(const JournalItem& item, std::int64_t size) {
        const auto at = lengths_.find(item.segment);
        if (at != lengths_.end()) at->second = std::max(at->second, item.position + size);
    }
    void clear() { lengths_.clear(); }
    Result<void> apply(Disk& disk, const std::string& path) const {
        for (const auto& [base, length] : lengths_) {
            const std::string file_path = join(path, Segment::name_of(base, ".log"));
            if (!disk.exists(file_path)) continue;
            MR_TRY(const auto file, disk.open(file_path, OpenMode::Write));
            if (length == 0) {
                MR_TRY_VOID(disk.remove(file_path));
                continue;
            }
            // The cut that the dead process made need not be durable, and the journal that knows
            // of it begins anew: without the sync a second crash would bring the bytes back.
            if (file->size() > length) MR_TRY_VOID(file->truncate(length));
            MR_TRY_VOID(file->sync());
        }
        return {};
    }

private:
    std::map<Offset, std::int64_t> lengths_;
};

// Removes every segment of the log but those that are written to later.
Result<void> empty_log(Disk& disk, const std::string& path, const std::vector<Offset>& keep) {
    MR_TRY(const auto entries, disk.list(path));
    for (const DiskEntry& entry : entries) {
        std::int64_t base;
        const std::size_t dot = entry.name.find('.');
        if (dot != 20 || !parse_number(std::string_view(entry.name).substr(0, dot), base)) continue;
        if (entry.name.ends_with(".log") &&
            std::find(keep.begin(), keep.end(), Offset{base}) != keep.end())
            continue;
        MR_TRY_VOID(disk.remove(join(path, entry.name)));
    }
    return {};
}

}  // namespace

Result<Replay> replay_journal(Disk& disk, const std::string& directory,
                              std::vector<JournalGroup>& groups) {
    MR_TRY_VOID(cut_at_missing_bytes(disk, directory, groups));
    Replay replay;
    replay.groups = groups.size();

    // Backwards, to know of each write what was done to it later; then forwards.
    struct Step {
        const JournalEntry* entry;
        std::int64_t wanted;
        std::vector<Offset> written_later;  // of a Reset: the segments that writes behind it go to
    };
    std::vector<Step> steps;
    std::map<LogKey, Later> later;
    std::map<LogKey, std::vector<Offset>> segments;
    std::map<std::string, std::optional<Uuid>> last_ids;   // by directory; nothing: deleted last
    for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
        for (auto entry = group->entries.rbegin(); entry != group->entries.rend(); ++entry) {
            const LogKey key = key_of(*entry);
            const JournalItem& item = entry->item;
            last_ids.try_emplace(key.first, item.kind == Kind::Delete ? std::nullopt : std::optional(key.second));
            Step step{&*entry, 0, {}};
            if (item.kind == Kind::Append &&
                !later[key].gone(disk, segment_path(directory, *entry), item))
                step.wanted = later[key].wanted(item, static_cast<std::int64_t>(item.bytes.size()));
            if (item.kind == Kind::Append || item.kind == Kind::Reference)
                segments[key].push_back(item.segment);
            if (item.kind == Kind::Reset) step.written_later = segments[key];
            later[key].add(item);
            steps.push_back(std::move(step));
        }
    }
    std::map<std::string, Lengths> lengths;  // by directory
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        const JournalEntry& entry = *step->entry;
        const JournalItem& item = entry.item;
        const std::string path = join(directory, entry.log.directory);
        // Of several logs of one name only the last is left; a directory that does not say whose it is, is that one's.
        const std::optional<Uuid>& last = last_ids[entry.log.directory];
        std::optional<Uuid> id = id_on_disk(disk, path);
        if (!id && last && disk.exists(path)) id = last;
        if (item.kind == Kind::Delete) {  // what checkpoints say of this name is of the log that went
            if (id == entry.log.topic_id || !id) MR_TRY_VOID(disk.remove_all(path));
            replay.logs[entry.log.directory] = {.end = Offset{0}, .unchanged_below = Offset{0}};
            lengths.erase(entry.log.directory);
            continue;
        }
        if (entry.log.topic_id != last || (id && id != last)) continue;
        if (!id_on_disk(disk, path)) {  // the directory's name was not durable, or its metadata was torn
            MR_TRY_VOID(disk.make_directories(path));
            MR_TRY_VOID(replace_file(disk, join(path, "partition.metadata"),
                                     as_bytes(partition_metadata_text(entry.log.topic_id))));
        }
        ReplayedLog& log = replay.logs[entry.log.directory];
        log.topic_id = entry.log.topic_id;
        switch (item.kind) {
            case Kind::Append: {
                log.end = item.end;
                lengths[entry.log.directory].written(item,
                                                     static_cast<std::int64_t>(item.bytes.size()));
                if (step->wanted == 0) break;
                MR_TRY(const bool written,
                       write_if_different(
                           disk, segment_path(directory, entry), item.position,
                           item.bytes.view().first(static_cast<std::size_t>(step->wanted))));
                replay.writes += written;
                break;
            }
            case Kind::Reference:
                log.end = item.end;
                lengths[entry.log.directory].written(item, item.size);
                break;
            case Kind::Truncate:
                log.end = item.end;
                log.unchanged_below = std::min(log.unchanged_below, item.end);
                MR_TRY_VOID(lengths[entry.log.directory].cut(disk, path, item));
                break;
            case Kind::StartOffset:
                log.start = std::max(log.start.value_or(Offset{0}), item.offset);
                break;
            case Kind::Reset:
                MR_TRY_VOID(empty_log(disk, path, step->written_later));
                log.end = log.start = item.offset;
                log.unchanged_below = Offset{0};
                lengths[entry.log.directory].clear();
                break;
            case Kind::Delete:
                break;
        }
    }
    for (const auto& [name, of_log] : lengths)
        MR_TRY_VOID(of_log.apply(disk, join(directory, name)));
    return replay;
}

}  // namespace millrace::broker
