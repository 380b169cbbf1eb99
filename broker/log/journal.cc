#include "millrace/broker/log/journal.h"

#include <algorithm>
#include <array>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/base/mutant.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

namespace {

constexpr std::string_view kFilePrefix = "millrace-journal-";
constexpr std::uint32_t kMagic = 0x4d524a31;  // "MRJ1"
constexpr std::size_t kCrcAt = 8, kCrcFrom = 12, kGroupHeaderBytes = 32;
constexpr std::size_t kFilesKept = 2;
constexpr std::int64_t kPrewriteBytes = 1 << 20;

// The group at the front of the bytes; nothing when it is not a whole one.
std::optional<JournalGroup> parse_group(BytesView bytes, std::size_t& size) {
    if (bytes.size() < kGroupHeaderBytes || load_be<std::uint32_t>(bytes.data()) != kMagic)
        return std::nullopt;
    size = load_be<std::uint32_t>(bytes.data() + 4);
    if (size < kGroupHeaderBytes || size > bytes.size()) return std::nullopt;
    const bool whole = crc32c(bytes.subspan(kCrcFrom, size - kCrcFrom)) ==
                       load_be<std::uint32_t>(bytes.data() + kCrcAt);
    if (!whole && !mutant::on(Mutant::TornTailAccepted)) return std::nullopt;
    ByteReader reader(bytes.subspan(kCrcFrom, size - kCrcFrom));
    JournalGroup group;
    group.sequence = reader.be<std::uint64_t>();
    group.live_from = reader.be<std::uint64_t>();
    const auto count = reader.be<std::uint32_t>();
    for (std::uint32_t i = 0; i < count; ++i) {
        JournalEntry entry;
        const auto kind = reader.be<std::uint8_t>();
        const BytesView name = reader.bytes(reader.be<std::uint16_t>());
        entry.log.directory = std::string(as_text(name));
        entry.log.topic_id.high = reader.be<std::uint64_t>();
        entry.log.topic_id.low = reader.be<std::uint64_t>();
        JournalItem& item = entry.item;
        item.kind = static_cast<JournalItem::Kind>(kind);
        item.offset = Offset{reader.be<std::int64_t>()};
        item.end = Offset{reader.be<std::int64_t>()};
        item.segment = Offset{reader.be<std::int64_t>()};
        item.position = reader.be<std::int64_t>();
        item.size = reader.be<std::int64_t>();
        item.fingerprint = reader.be<std::uint32_t>();
        if (!reader.ok() || kind < 1 || kind > 6 || item.size < 0 || item.position < 0)
            return std::nullopt;
        if (item.kind == JournalItem::Kind::Append) {
            const BytesView batches = reader.bytes(static_cast<std::size_t>(item.size));
            if (!reader.ok()) return std::nullopt;
            item.bytes = Bytes::copy(batches);
        }
        // A name is one folder: what was damaged must not lead elsewhere.
        if (name.empty() || entry.log.directory.find('/') != std::string::npos ||
            entry.log.directory[0] == '.')
            return std::nullopt;
        group.entries.push_back(std::move(entry));
    }
    if (!reader.ok()) return std::nullopt;
    return group;
}

// Goes on with the CRC of what lies before these batches. Each was held against its own CRC when it
// was appended, so that this one follows from theirs: only the bytes before it are read, and bytes
// that changed since make a group that does not count.
std::uint32_t crc_over_batches(BytesView batches, std::uint32_t crc) {
    wire::BatchWalker walker(batches);
    while (const auto batch = walker.next()) {
        const std::size_t covered = batch->size() - wire::kBatchCrcFrom;
        crc = crc32c(batch->bytes().first(wire::kBatchCrcFrom), crc);
        crc = crc32c_joined(crc, batch->crc(), static_cast<std::uint32_t>(covered));
    }
    return crc32c(batches.last(walker.left()), crc);
}

}  // namespace

std::uint32_t fingerprint_of(BytesView batches) {
    std::uint32_t crc = 0;
    wire::BatchWalker walker(batches);
    while (const auto batch = walker.next())
        crc = crc32c(batch->bytes().first(wire::kBatchHeaderBytes), crc);
    return crc;
}

Result<JournalContents> Journal::read(std::optional<std::uint64_t> synced_through) const {
    JournalContents contents;
    std::vector<JournalGroup> all;
    MR_TRY(const auto entries, disk_->list(directory_));
    for (const DiskEntry& entry : entries) {
        if (entry.directory || !entry.name.starts_with(kFilePrefix)) continue;
        MR_TRY(const Bytes bytes, read_file(*disk_, join(directory_, entry.name)));
        std::size_t at = 0, size = 0;
        std::uint64_t previous = 0;
        while (auto group = parse_group(bytes.view().subspan(at), size)) {
            if (previous != 0 && group->sequence != previous + 1)
                break;  // from an earlier round of this file
            previous = group->sequence;
            all.push_back(*std::move(group));
            at += size;
        }
    }
    if (all.empty()) return contents;
    std::stable_sort(all.begin(), all.end(), [](const JournalGroup& a, const JournalGroup& b) {
        return a.sequence < b.sequence;
    });
    contents.last_sequence = all.back().sequence;
    std::uint64_t expected = synced_through.value_or(0) + 1;
    if (!synced_through) {
        for (const JournalGroup& group : all) expected = std::max(expected, group.live_from);
    }
    for (JournalGroup& group : all) {
        if (group.sequence < expected) continue;
        if (group.sequence != expected) break;
        ++expected;
        contents.groups.push_back(std::move(group));
    }
    return contents;
}

Result<JournalCheckpoint> parse_journal_checkpoint(std::string_view text) {
    const auto bad = [] {
        return fail(ErrorCode::CorruptMessage, "millrace-checkpoint is damaged");
    };
    std::string_view head[4];
    for (std::string_view& line : head) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return bad();
        line = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    if (head[0] != "1" && head[0] != "2")
        return fail(ErrorCode::UnsupportedVersion,
                    "millrace-checkpoint is of format " + std::string(head[0]) +
                        ", this build knows 1 and 2: use a newer build");
    JournalCheckpoint checkpoint;
    std::int64_t sequence;
    if ((head[1] != "open" && head[1] != "closed") ||
        (head[2] != "synced" && head[2] != "page-cache") || !parse_number(head[3], sequence) ||
        sequence < 0)
        return bad();
    checkpoint.open = head[1] == "open";
    checkpoint.page_cache = head[2] == "page-cache";
    checkpoint.sequence = static_cast<std::uint64_t>(sequence);
    std::string_view marks;
    if (head[0] == "2") {
        constexpr std::string_view kMarks = "\nmarks\n";
        const std::size_t at = text.find(kMarks);
        if (at == std::string_view::npos) return bad();
        marks = text.substr(at + kMarks.size());
        text = text.substr(0, at + 1);
    }
    MR_TRY(checkpoint.recovery_points, parse_offset_checkpoint("0\n" + std::string(text)));
    MR_TRY(checkpoint.marks, parse_recovery_marks(marks));
    return checkpoint;
}

std::string to_text(const JournalCheckpoint& checkpoint) {
    std::string text = "2\n";
    text += checkpoint.open ? "open\n" : "closed\n";
    text += checkpoint.page_cache ? "page-cache\n" : "synced\n";
    text += std::to_string(checkpoint.sequence) + '\n';
    text += to_text(checkpoint.recovery_points).substr(2);  // without its version
    return text + "marks\n" + to_text(checkpoint.marks);
}

Result<std::size_t> Journal::add_file() {
    const std::string path =
        join(directory_, std::string(kFilePrefix) + std::to_string(next_number_));
    MR_TRY(auto file, disk_->open(path, OpenMode::Create));
    ++next_number_;
    files_.push_back({std::move(file), 0, 0});
    return files_.size() - 1;
}

// Overwriting synced blocks syncs twice as fast as growing. So a file grows in large steps, each
// of which the next group's sync pays for, and stays as large as it is.
void Journal::prewrite(File& file, std::int64_t to) {
    static const std::array<std::byte, kPrewriteBytes> kZeros{};
    while (file.size() < std::min(to, file_bytes_)) {
        const std::int64_t left = std::min<std::int64_t>(file_bytes_ - file.size(), kPrewriteBytes);
        if (!file.write(file.size(), BytesView(kZeros).first(static_cast<std::size_t>(left))))
            return;  // full: it will have to grow later
    }
}

Result<void> Journal::start(std::uint64_t sequence) {
    next_sequence_ = live_from_ = sequence;
    files_.clear();
    next_number_ = 0;
    while (next_number_ < static_cast<int>(kFilesKept) ||
           disk_->exists(join(directory_, std::string(kFilePrefix) + std::to_string(next_number_))))
        MR_TRY_VOID(add_file().map([](std::size_t) {}));
    active_ = 0;
    return disk_->sync_directory(directory_);
}

Result<void> Journal::make_room(std::int64_t size) {
    JournalFile& active = files_[active_];
    if (active.position != 0 && active.position + size > file_bytes_) {
        const auto free = std::find_if(files_.begin(), files_.end(),
                                       [](const JournalFile& f) { return f.last_sequence == 0; });
        if (free != files_.end()) {
            free->position = 0;
            active_ = static_cast<std::size_t>(free - files_.begin());
        } else {
            MR_TRY(active_, add_file());
            active_new_ = true;
        }
    }
    prewrite(*files_[active_].file, files_[active_].position + size);
    return {};
}

Result<Journal::Written> Journal::write_group() {
    head_.clear();
    std::byte* header = head_.grow(kGroupHeaderBytes);
    store_be(header, kMagic);
    store_be<std::uint64_t>(header + 12, next_sequence_);
    store_be<std::uint64_t>(header + 20, live_from_);
    store_be<std::uint32_t>(header + 28, static_cast<std::uint32_t>(pending_.size()));
    heads_.clear();
    std::size_t size = 0;
    for (const Pending& p : pending_) {
        const JournalItem& item = p.item;
        const bool append = item.kind == JournalItem::Kind::Append;
        head_.push(static_cast<std::byte>(item.kind));
        append_be<std::uint16_t>(head_, static_cast<std::uint16_t>(p.log->directory.size()));
        head_.append(p.log->directory);
        append_be<std::uint64_t>(head_, p.log->topic_id.high);
        append_be<std::uint64_t>(head_, p.log->topic_id.low);
        append_be<std::int64_t>(head_, item.offset.value());
        append_be<std::int64_t>(head_, item.end.value());
        append_be<std::int64_t>(head_, item.segment.value());
        append_be<std::int64_t>(head_, item.position);
        append_be<std::int64_t>(head_,
                                append ? static_cast<std::int64_t>(item.bytes.size()) : item.size);
        append_be<std::uint32_t>(head_, item.fingerprint);
        heads_.push_back(head_.size());
        if (append) size += item.bytes.size();
    }
    size += head_.size();
    store_be(head_.data() + 4, static_cast<std::uint32_t>(size));

    parts_.clear();
    std::size_t from = 0;
    std::uint32_t crc = 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        const BytesView head = head_.view().subspan(from, heads_[i] - from);
        parts_.push_back(head);
        crc = crc32c(i == 0 ? head.subspan(kCrcFrom) : head, crc);
        from = heads_[i];
        const JournalItem& item = pending_[i].item;
        if (item.kind != JournalItem::Kind::Append) continue;
        parts_.push_back(item.bytes);
        crc = crc_over_batches(item.bytes, crc);
    }
    if (parts_.empty()) {
        parts_.push_back(head_.view());
        crc = crc32c(head_.view().subspan(kCrcFrom));
    }
    store_be(head_.data() + kCrcAt, crc);

    MR_TRY_VOID(make_room(static_cast<std::int64_t>(size)));
    JournalFile& file = files_[active_];
    MR_TRY_VOID(file.file->write_parts(file.position, parts_));
    file.position += static_cast<std::int64_t>(size);
    file.last_sequence = next_sequence_;
    pending_.clear();
    const Written written{next_sequence_++, file.file, active_new_};
    active_new_ = false;
    return written;
}

void Journal::forget_through(std::uint64_t sequence) {
    live_from_ = std::max(live_from_, sequence + 1);
    for (std::size_t i = 0; i < files_.size(); ++i) {
        if (files_[i].last_sequence > sequence) continue;
        files_[i].last_sequence = 0;
        if (i == active_) continue;  // goes on where it is until it is full
        files_[i].position = 0;
    }
}

std::int64_t Journal::live_bytes() const {
    std::int64_t bytes = 0;
    for (const JournalFile& file : files_) bytes += file.last_sequence == 0 ? 0 : file.position;
    return bytes;
}

}  // namespace millrace::broker
