#include "millrace/broker/controller/metadata_log.h"

#include <algorithm>
#include <map>

#include "millrace/base/check.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {
namespace {

constexpr std::int64_t kSegmentBytesMax = std::int64_t{1} << 30;

std::string segment_name(Offset base) {
    std::string digits = std::to_string(base.value());
    return std::string(20 - digits.size(), '0') + digits + ".log";
}

std::optional<Offset> parse_segment_name(std::string_view name) {
    if (name.size() != 24 || !name.ends_with(".log")) return std::nullopt;
    std::int64_t base = 0;
    for (const char c : name.substr(0, 20)) {
        if (c < '0' || c > '9' || base > (INT64_MAX - 9) / 10) return std::nullopt;
        base = base * 10 + (c - '0');
    }
    return Offset{base};
}

}  // namespace

Result<std::unique_ptr<MetadataLog>> MetadataLog::open(Disk& disk, std::string directory,
                                                       LogSink& sink) {
    std::unique_ptr<MetadataLog> log(new MetadataLog(disk, std::move(directory), sink));
    MR_TRY_VOID(log->recover());
    return log;
}

Result<void> MetadataLog::recover() {
    MR_TRY(const auto entries, disk_.list(directory_));
    std::vector<Offset> bases;
    for (const DiskEntry& entry : entries) {
        if (entry.name.ends_with(".part") || entry.name.ends_with(".tmp")) {
            MR_TRY_VOID(disk_.remove(path(entry.name)));
        } else if (const auto base = parse_segment_name(entry.name)) {
            bases.push_back(*base);
        } else if (const auto id = parse_snapshot_name(entry.name);
                   id && id->end > Offset{0} && (!snapshot_ || *snapshot_ < *id)) {
            snapshot_ = id;
        }
    }
    bool torn = false;
    for (const Offset base : bases) {  // the list is sorted by name
        MR_TRY(auto file, disk_.open(path(segment_name(base)), OpenMode::Write));
        Segment segment{base, std::move(file), 0};
        if (torn ||
            (!segments_.empty() && base != end())) {  // what follows a torn batch is worth nothing
            sink_.warn("a segment of the metadata log does not continue it, removed",
                       {{"base", base.value()}});
            MR_TRY_VOID(remove_segment(segment));
            continue;
        }
        segments_.push_back(std::move(segment));
        MR_TRY_VOID(load_segment(segments_.back(), torn));
    }
    if (!segments_.empty() && segments_.front().base > Offset{0} &&
        (!snapshot_ || snapshot_->end < segments_.front().base)) {
        return fail(ErrorCode::CorruptMessage, directory_ + ": the metadata log begins at " +
                                                   std::to_string(segments_.front().base.value()) +
                                                   " and no snapshot covers what is before");
    }
    // A crash while a snapshot was installed: the log begins anew at its end.
    if (snapshot_ && !segments_.empty() && end() < snapshot_->end) {
        for (const Segment& segment : segments_) MR_TRY_VOID(remove_segment(segment));
        segments_.clear();
        batches_.clear();
    }
    if (const std::string failed = path(std::string(kSyncFailedFile)); disk_.exists(failed)) {
        for (const Segment& segment : segments_) {
            MR_TRY_VOID(write_again(disk_, path(segment_name(segment.base))));
            MR_TRY_VOID(segment.file->sync());
        }
        MR_TRY_VOID(disk_.remove(failed));
    }
    if (segments_.empty()) {
        MR_TRY(Segment segment, new_segment(snapshot_ ? snapshot_->end : Offset{0}));
        segments_.push_back(std::move(segment));
    }
    return {};
}

Result<void> MetadataLog::load_segment(Segment& segment, bool& torn) {
    const std::int64_t size = segment.file->size();
    if (size > 2 * kSegmentBytesMax)
        return fail(ErrorCode::KafkaStorageError,
                    path(segment_name(segment.base)) + " is too large");
    MutableBlock block(static_cast<std::size_t>(size));
    MR_TRY(const std::size_t got, segment.file->read(0, {block.data(), block.size()}));
    const Bytes content = Bytes(std::move(block)).slice(0, got);
    wire::BatchWalker walker(content.view());
    while (true) {
        const auto position = static_cast<std::int64_t>(walker.position());
        const auto batch = walker.next();
        if (!batch) break;
        const bool fits = batch->validate().has_value() && batch->base_offset() == end() &&
                          batch->leader_epoch() >= last_epoch();
        if (!fits) break;
        batches_.push_back({batch->base_offset(), batch->next_offset(), batch->leader_epoch(),
                            static_cast<std::int32_t>(batch->size()), position,
                            batch->max_timestamp(), segment.base});
        segment.size = position + static_cast<std::int64_t>(batch->size());
    }
    torn = segment.size < size;
    if (torn) {
        sink_.warn("the metadata log ends in a torn batch, cut",
                   {{"offset", end().value()}, {"bytes", size - segment.size}});
        MR_TRY_VOID(segment.file->truncate(segment.size));
    }
    return {};
}

Result<MetadataLog::Segment> MetadataLog::new_segment(Offset base) {
    MR_TRY(auto file, disk_.open(path(segment_name(base)), OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    MR_TRY_VOID(file->sync());
    MR_TRY_VOID(disk_.sync_directory(directory_));
    return Segment{base, std::move(file), 0};
}

Result<void> MetadataLog::remove_segment(const Segment& segment) {
    const std::string name = path(segment_name(segment.base));
    for (const char* suffix : {".index", ".timeindex", ".txnindex", ".snapshot"}) {
        const std::string beside = name.substr(0, name.size() - 4) + suffix;
        if (disk_.exists(beside)) MR_TRY_VOID(disk_.remove(beside));
    }
    return disk_.remove(name);
}

LeaderEpoch MetadataLog::last_epoch() const {
    if (!batches_.empty()) return batches_.back().epoch;
    return snapshot_ && snapshot_->end == segments_.back().base ? snapshot_->epoch : LeaderEpoch{0};
}

raft::EpochEnd MetadataLog::end_of(LeaderEpoch epoch) const {
    // Epochs rise along the log: the last batch at or below the asked epoch ends it.
    const auto after =
        std::upper_bound(batches_.begin(), batches_.end(), epoch,
                         [](LeaderEpoch asked, const Batch& batch) { return asked < batch.epoch; });
    if (after != batches_.begin()) return {std::prev(after)->epoch, std::prev(after)->end};
    if (snapshot_ && snapshot_->end == start() && snapshot_->epoch <= epoch)
        return {snapshot_->epoch, start()};
    return {LeaderEpoch{0}, start()};
}

std::vector<MetadataLog::Batch>::const_iterator MetadataLog::find(Offset offset) const {
    return std::upper_bound(batches_.begin(), batches_.end(), offset,
                            [](Offset o, const Batch& batch) { return o < batch.end; });
}

MetadataLog::Segment* MetadataLog::segment_of(const Batch& batch) {
    for (Segment& segment : segments_) {
        if (segment.base == batch.segment) return &segment;
    }
    return nullptr;
}

Result<AppendedAt> MetadataLog::append(Bytes batch, LeaderEpoch epoch) {
    MutableBlock copy(batch.size());
    std::memcpy(copy.data(), batch.data(), batch.size());
    wire::stamp_offset_and_epoch(copy.data(), end(), epoch);
    const Bytes stamped(std::move(copy));
    return write(stamped.view());
}

Result<AppendedAt> MetadataLog::append_leader_change(const raft::LeaderChange& change,
                                                     LeaderEpoch epoch, Timestamp now) {
    std::vector<std::int32_t> voters, granting;
    for (const auto& v : change.voters) voters.push_back(v.id.value());
    for (const auto& v : change.granting) granting.push_back(v.id.value());
    std::vector<ControlRecord> records = {
        leader_change_record(change.leader.value(), voters, granting)};
    if (end() == Offset{0} && !voters_.empty()) {  // the first leader says who votes
        for (ControlRecord& record : voter_records(1, voters_))
            records.push_back(std::move(record));
    }
    const Bytes batch = control_batch_of(records, now, end(), epoch);
    return write(batch.view());
}

// One batch, stamped, at the end.
Result<AppendedAt> MetadataLog::write(BytesView bytes) {
    MR_TRY(const auto batch, wire::RecordBatchView::of(bytes));
    MR_CHECK(batch.base_offset() == end() && batch.leader_epoch() >= last_epoch());
    if (segments_.back().size > kSegmentBytesMax) {
        MR_TRY_VOID(segments_.back().file->sync());
        MR_TRY(Segment next, new_segment(end()));
        segments_.push_back(std::move(next));
    }
    Segment& segment = segments_.back();
    MR_TRY_VOID(segment.file->write(segment.size, bytes));
    batches_.push_back({batch.base_offset(), batch.next_offset(), batch.leader_epoch(),
                        static_cast<std::int32_t>(bytes.size()), segment.size,
                        batch.max_timestamp(), segment.base});
    segment.size += static_cast<std::int64_t>(bytes.size());
    return AppendedAt{batch.base_offset(), batch.next_offset()};
}

Result<void> MetadataLog::append_fetched(Bytes batches) {
    wire::BatchWalker walker(batches.view());
    while (const auto batch = walker.next()) {
        MR_TRY_VOID(batch->validate());
        if (batch->base_offset() != end()) {
            return fail(ErrorCode::CorruptMessage,
                        "fetched batch at " + std::to_string(batch->base_offset().value()) +
                            ", the log ends at " + std::to_string(end().value()));
        }
        if (batch->leader_epoch() < last_epoch())
            return fail(ErrorCode::CorruptMessage, "the epoch of a fetched batch goes back");
        MR_TRY_VOID(write(batch->bytes()).map([](AppendedAt) {}));
    }
    return walker.status();
}

Result<Bytes> MetadataLog::read(Offset from, std::size_t bytes_max) {
    if (from < start() || from > end()) {
        return fail(ErrorCode::OffsetOutOfRange,
                    "offset " + std::to_string(from.value()) + " is not in the metadata log");
    }
    const auto first = find(from);
    if (first == batches_.end()) return Bytes{};
    std::size_t size = 0;
    for (auto it = first; it != batches_.end() && it->segment == first->segment; ++it) {
        if (size > 0 && size + static_cast<std::size_t>(it->size) > bytes_max) break;
        size += static_cast<std::size_t>(it->size);
    }
    MutableBlock block(size);
    MR_TRY(const std::size_t got,
           segment_of(*first)->file->read(first->position, {block.data(), size}));
    if (got != size)
        return fail(ErrorCode::KafkaStorageError, "the metadata log is shorter than it was");
    return Bytes(std::move(block));
}

Result<void> MetadataLog::truncate(Offset to) {
    while (!batches_.empty() && batches_.back().end > to) {
        const Batch& last = batches_.back();
        while (segments_.back().base != last.segment) {  // segments that hold nothing any more
            MR_TRY_VOID(remove_segment(segments_.back()));
            segments_.pop_back();
        }
        segments_.back().size = last.position;
        batches_.pop_back();
    }
    return segments_.back().file->truncate(segments_.back().size);
}

Result<raft::RaftLog::Chunk> MetadataLog::read_snapshot(SnapshotId id, std::int64_t position,
                                                        std::size_t bytes_max) {
    if (!snapshot_ || *snapshot_ != id)
        return fail(ErrorCode::SnapshotNotFound, snapshot_name(id) + " is not here");
    MR_TRY(const auto file, disk_.open(path(snapshot_name(id)), OpenMode::Read));
    Chunk chunk;
    chunk.size = file->size();
    if (position < 0 || position >= chunk.size)
        return fail(ErrorCode::PositionOutOfRange, snapshot_name(id) + " is shorter");
    MutableBlock block(std::min(bytes_max, static_cast<std::size_t>(chunk.size - position)));
    MR_TRY(const std::size_t got, file->read(position, {block.data(), block.size()}));
    chunk.bytes = Bytes(std::move(block)).slice(0, got);
    return chunk;
}

Result<void> MetadataLog::write_snapshot(SnapshotId id, std::int64_t position, Bytes chunk) {
    MR_TRY(const auto file, disk_.open(path(snapshot_name(id) + ".part"), OpenMode::Create));
    if (position == 0) MR_TRY_VOID(file->truncate(0));
    if (position != file->size())
        return fail(ErrorCode::PositionOutOfRange, "a chunk of a snapshot does not continue it");
    return file->write(position, chunk.view());
}

Result<void> MetadataLog::install_snapshot(SnapshotId id) {
    const std::string part = path(snapshot_name(id) + ".part");
    MR_TRY(const Bytes content, read_file(disk_, part));
    MR_TRY_VOID(parse_snapshot(id, content).map([](const Snapshot&) {}));
    MR_TRY(const auto file, disk_.open(part, OpenMode::Write));
    MR_TRY_VOID(file->sync());
    MR_TRY_VOID(disk_.rename(part, path(snapshot_name(id))));
    MR_TRY_VOID(disk_.sync_directory(directory_));
    snapshot_ = id;
    for (const Segment& segment : segments_) MR_TRY_VOID(remove_segment(segment));
    segments_.clear();
    batches_.clear();
    MR_TRY(Segment segment, new_segment(id.end));
    segments_.push_back(std::move(segment));
    return {};
}

Result<Snapshot> MetadataLog::load_snapshot(SnapshotId id) const {
    MR_TRY(const Bytes content, read_file(disk_, path(snapshot_name(id))));
    return parse_snapshot(id, content);
}

Result<void> MetadataLog::take_snapshot(const Snapshot& snapshot, Timestamp now) {
    MR_TRY_VOID(replace_file(disk_, path(snapshot_name(snapshot.id)),
                             snapshot_bytes(snapshot, now).view()));
    const std::optional<SnapshotId> before = snapshot_;
    snapshot_ = snapshot.id;
    // The log goes on in a new segment; what lies wholly below the snapshot goes.
    if (segments_.back().size > 0) {
        MR_TRY_VOID(segments_.back().file->sync());
        MR_TRY(Segment next, new_segment(end()));
        segments_.push_back(std::move(next));
    }
    while (segments_.size() > 1 && segments_[1].base <= snapshot.id.end) {
        const Offset base = segments_.front().base;
        MR_TRY_VOID(remove_segment(segments_.front()));
        segments_.erase(segments_.begin());
        std::erase_if(batches_, [&](const Batch& batch) { return batch.segment == base; });
    }
    if (before && *before != snapshot.id) MR_TRY_VOID(disk_.remove(path(snapshot_name(*before))));
    return write_epochs();
}

std::int64_t MetadataLog::bytes_since(Offset offset) const {
    std::int64_t bytes = 0;
    for (auto it = find(offset); it != batches_.end(); ++it) bytes += it->size;
    return bytes;
}

std::optional<Timestamp> MetadataLog::timestamp_before(Offset offset) const {
    const auto it = find(offset);
    if (it == batches_.begin()) return std::nullopt;
    return std::prev(it)->max_timestamp;
}

LeaderEpoch MetadataLog::epoch_before(Offset offset) const {
    const auto it = find(offset);
    if (it != batches_.begin()) return std::prev(it)->epoch;
    return snapshot_ && snapshot_->end == offset ? snapshot_->epoch : LeaderEpoch{0};
}

// leader-epoch-checkpoint: "0", the count, then "epoch startOffset" per line.
Result<void> MetadataLog::write_epochs() {
    std::string lines;
    std::size_t count = 0;
    std::optional<LeaderEpoch> last;
    const auto add = [&](LeaderEpoch epoch, Offset at) {
        if (last == epoch) return;
        last = epoch;
        ++count;
        lines += std::to_string(epoch.value()) + ' ' + std::to_string(at.value()) + '\n';
    };
    for (const Batch& batch : batches_) add(batch.epoch, batch.base);
    return replace_file(disk_, path("leader-epoch-checkpoint"),
                        as_bytes("0\n" + std::to_string(count) + '\n' + lines));
}

Result<void> MetadataLog::close() {
    for (const Segment& segment : segments_) MR_TRY_VOID(segment.file->sync());
    return write_epochs();
}

}  // namespace millrace::broker
