// Opening a log. After a clean stop the files are believed: the end is found from the last index
// entry, producers from the newest snapshot. Otherwise segments are scanned from the recovery
// point: every CRC, indexes built anew, cut at the first batch that is bad or that the journal does
// not know of, and everything behind it removed.
#include <algorithm>
#include <charconv>

#include "millrace/broker/log/batch_file_reader.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/broker/log/log.h"

namespace millrace::broker {

using wire::RecordBatchView;

namespace {

// No log of ours reaches so far; what lies behind it is damage, and sums with it would overflow.
constexpr std::int64_t kOffsetMax = INT64_MAX - INT32_MAX;

// The offset in "<20 digits><suffix>".
std::optional<Offset> offset_in_name(std::string_view name, std::string_view suffix) {
    if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    std::int64_t value;
    if (!parse_number(name.substr(0, 20), value) || value < 0 || value > kOffsetMax)
        return std::nullopt;
    return Offset{value};
}

}  // namespace

Result<void> Log::load(const Open& how) {
    MR_TRY_VOID(find_segments(how));
    MR_TRY_VOID(load_epochs());
    bool clean = how.clean;
    std::size_t scanned_from = segments_.size();
    if (clean) {
        const auto end = active().next_offset();
        if (!end && end.error().code == ErrorCode::KafkaStorageError)
            return tl::make_unexpected(end.error());
        if (end) {
            log_end_offset_ = *end;
        } else {  // the tail is not what a clean stop leaves: look closer
            Open closer = how;
            closer.clean = false;
            closer.recovery_point = active().base_offset();
            MR_TRY(scanned_from, recover(closer));
            clean = false;
        }
    } else {
        MR_TRY(scanned_from, recover(how));
    }
    log_start_offset_ = std::max(segments_.front()->base_offset(), how.start.value_or(Offset{0}));
    if (log_start_offset_ > log_end_offset_) {  // all that was left lay below the start
        while (!segments_.empty()) {
            MR_TRY_VOID(segments_.back()->remove_files());
            segments_.pop_back();
        }
        segments_.push_back(std::make_unique<Segment>(host_->disk(), path_, log_start_offset_, 0));
        log_end_offset_ = log_start_offset_;
        scanned_from = segments_.size();
        changed_ = unsynced_ = names_changed_ = true;
        resumed_ = false;
    }
    epochs_.truncate_from_end(log_end_offset_ +
                              1);  // an epoch without records yet begins at the end
    epochs_.truncate_from_start(log_start_offset_);
    if (resumed_)
        MR_TRY_VOID(read_producers(how.mark->offset, scanned_from));
    else
        MR_TRY_VOID(load_producers(
            clean ? log_end_offset_ : std::min(how.recovery_point, log_end_offset_), scanned_from));
    durable_end_ = log_end_offset_;
    high_watermark_ = std::clamp(how.high_watermark.value_or(log_start_offset_), log_start_offset_,
                                 log_end_offset_);
    release_memory();
    return {};
}

Result<void> Log::find_segments(const Open& how) {
    segments_.clear();
    Disk& disk = host_->disk();
    MR_TRY(auto files, disk.list(path_));
    MR_TRY_VOID(end_cleaning(files));
    if (names_changed_) {
        MR_TRY(files, disk.list(path_));
    }
    for (const DiskEntry& entry : files) {
        if (const auto base = offset_in_name(entry.name, ".log"))
            segments_.push_back(std::make_unique<Segment>(disk, path_, *base, entry.size));
    }
    // An index without its segment is what a removal left behind.
    for (const DiskEntry& entry : files) {
        for (const char* suffix : {".index", ".timeindex", ".txnindex"}) {
            const auto base = offset_in_name(entry.name, suffix);
            if (!base || std::any_of(segments_.begin(), segments_.end(), [&](const auto& s) {
                    return s->base_offset() == *base;
                }))
                continue;
            MR_TRY_VOID(disk.remove(join(path_, entry.name)));
            names_changed_ = true;
        }
    }
    // The names' order is the offsets' order. What a deletion left behind below the log start goes.
    while (how.start && segments_.size() > 1 && segments_[1]->base_offset() <= *how.start) {
        MR_TRY_VOID(segments_.front()->remove_files());
        segments_.erase(segments_.begin());
        names_changed_ = true;
    }
    if (segments_.empty())
        segments_.push_back(
            std::make_unique<Segment>(disk, path_, how.start.value_or(Offset{0}), 0));
    return {};
}

// What a compaction had written when the process died. A .swap whose .log has that name too is
// whole and synced, and may have replaced a part already: it is ended. (Kafka: LogLoader.)
Result<void> Log::end_cleaning(const std::vector<DiskEntry>& files) {
    Disk& disk = host_->disk();
    std::optional<Offset> unfinished;  // the first
    for (const DiskEntry& entry : files) {
        const auto base = offset_in_name(entry.name, ".log.cleaned");
        if (base && (!unfinished || *base < *unfinished)) unfinished = base;
    }
    const auto remove = [&](const std::string& name) -> Result<void> {
        names_changed_ = true;
        return disk.remove(join(path_, name));
    };
    std::vector<std::string> swaps;
    std::vector<Segment> cleaned;
    for (const DiskEntry& entry : files) {
        if (entry.name.ends_with(".deleted") || entry.name.ends_with(".cleaned") ||
            entry.name.ends_with(".tmp")) {
            MR_TRY_VOID(remove(entry.name));
        } else if (entry.name.ends_with(".swap")) {
            const auto base = offset_in_name(
                entry.name, entry.name.substr(std::min<std::size_t>(entry.name.size(), 20)));
            if (!base || (unfinished && *base >= *unfinished)) {
                MR_TRY_VOID(remove(entry.name));
                continue;
            }
            swaps.push_back(entry.name);
            if (entry.name.ends_with(".log.swap"))
                cleaned.emplace_back(disk, path_, *base, entry.size, ".swap");
        }
    }
    // The old segments that it covers, oldest first.
    for (Segment& one : cleaned) {
        MR_TRY(const auto end, one.whole_end());
        for (const DiskEntry& entry : files) {
            const auto base = offset_in_name(entry.name, ".log");
            if (!base || *base <= one.base_offset() || *base >= end) continue;
            MR_TRY_VOID(Segment(disk, path_, *base, entry.size).remove_files());
            names_changed_ = true;
        }
        one.release();
    }
    std::stable_sort(swaps.begin(), swaps.end(), [](const std::string& a, const std::string& b) {
        return !a.ends_with(".log.swap") && b.ends_with(".log.swap");  // .log last, as before
    });
    for (const std::string& name : swaps) {
        names_changed_ = true;
        MR_TRY_VOID(
            disk.rename(join(path_, name), join(path_, name.substr(0, name.size() - 5))));
    }
    return {};
}

Result<void> Log::load_epochs() {
    const std::string path = join(path_, "leader-epoch-checkpoint");
    epochs_ = LeaderEpochCache();
    if (!host_->disk().exists(path)) return rebuild_epochs();
    MR_TRY(const Bytes text, read_file(host_->disk(), path));
    if (auto parsed = LeaderEpochCache::from_text(as_text(text))) {
        epochs_ = *std::move(parsed);
        return {};
    }
    return rebuild_epochs();
}

// From every batch's header. Stops where a file is not what it should be: recovery looks there.
Result<void> Log::rebuild_epochs() {
    epochs_.clear();
    for (const auto& segment : segments_) {
        if (segment->empty()) continue;
        MR_TRY(const auto file, host_->disk().open(segment->path(".log"), OpenMode::Read));
        BatchFileReader reader(*file, 0, segment->size(), BatchFileReader::Want::Headers, 64 << 10);
        for (;;) {
            const auto batch = reader.next();
            if (!batch && batch.error().code == ErrorCode::KafkaStorageError)
                return tl::make_unexpected(batch.error());
            if (!batch) return {};
            if (!*batch) break;
            if ((*batch)->leader_epoch().value() >= 0)
                epochs_.assign((*batch)->leader_epoch(), (*batch)->base_offset());
        }
    }
    return {};
}

Result<std::size_t> Log::recover(const Open& how) {
    changed_ = true;
    if (how.mark) {
        MR_TRY(resumed_, resume(*how.mark));
    }
    // Else from the segment of the last record that was synced: it may have been rolled while the checkpoint was under way, and
    // its indexes are then not durable.
    const Offset point = std::min(how.recovery_point, how.end);
    const std::size_t first = segment_index(resumed_              ? how.mark->segment.base
                                            : point > Offset{0} ? point - 1
                                                                : point);
    // The epochs of what is not scanned come from the checkpoint, which is written lazily: is it
    // whole?
    std::optional<LeaderEpoch> before;
    if (first > 0 && !resumed_) {
        const Segment& segment = *segments_[first - 1];
        MR_TRY(const auto file, host_->disk().open(segment.path(".log"), OpenMode::Read));
        BatchFileReader reader(*file, 0, segment.size(), BatchFileReader::Want::Headers, 64 << 10);
        for (;;) {
            const auto batch = reader.next();
            if (!batch || !*batch) break;
            before = (*batch)->leader_epoch();
        }
    }
    const Offset base = segments_[first]->base_offset();
    const auto known = first > 0 ? epochs_.epoch_at(base - 1) : std::nullopt;
    if (before && before->value() >= 0 && known != before) MR_TRY_VOID(rebuild_epochs());
    if (!resumed_) epochs_.truncate_from_end(base);

    std::size_t at = first;
    bool stopped = false;
    log_end_offset_ = resumed_ ? how.mark->offset : base;
    for (; at < segments_.size() && !stopped; ++at) {
        Segment& segment = *segments_[at];
        // A hole between segments is a file whose name was lost (compaction may leave one).
        if (at > first && (segment.base_offset() < log_end_offset_ ||
                           (segment.base_offset() > log_end_offset_ && !how.gaps &&
                            segment.base_offset() > how.recovery_point)))
            break;
        if (at > first && segment.base_offset() >= how.end) break;
        const auto scanned = [this](const RecordBatchView& batch) -> Result<void> {
            if (batch.leader_epoch().value() >= 0)
                epochs_.assign(batch.leader_epoch(), batch.base_offset());
            return {};
        };
        const bool from_mark = resumed_ && at == first;
        Segment::Scan scan;
        if (from_mark) {
            MR_TRY(scan, segment.scan(how.mark->segment.position, how.mark->offset, how.end,
                                      config_.index_interval_bytes, scanned));
            if (scan.valid_bytes == segment.size() &&
                scan.valid_bytes == how.mark->segment.position)
                continue;  // nothing came since
        } else {
            segment.transactions().reset();
            MR_TRY(scan, segment.rebuild(how.end, config_.index_interval_bytes, scanned));
        }
        unsynced_ = true;
        log_end_offset_ = std::max(log_end_offset_, scan.next_offset);
        if (scan.valid_bytes != segment.size()) {
            MR_TRY_VOID(segment.truncate(scan.valid_bytes, scan.next_offset));
            // Bytes of a refused append may lie behind the last batch of a segment that was rolled:
            // the log goes on.
            stopped =
                at + 1 >= segments_.size() || segments_[at + 1]->base_offset() != log_end_offset_;
        }
        // A segment that was empty at the mark had no file yet.
        segment.mark_recovered(!from_mark || how.mark->segment.position == 0);
    }
    const std::size_t keep = std::max<std::size_t>(at, 1);
    while (segments_.size() > keep) {
        unsynced_ = names_changed_ = true;
        MR_TRY_VOID(segments_.back()->remove_files());
        segments_.pop_back();
    }
    if (unsynced_)
        MR_TRY_VOID(
            remove_snapshots(std::min(how.recovery_point, log_end_offset_) + 1, Offset{INT64_MAX}));
    return first;
}

std::vector<Offset> Log::snapshots() const {
    std::vector<Offset> found;
    const auto entries = host_->disk().list(path_);
    if (!entries) return found;
    for (const DiskEntry& entry : *entries) {
        if (const auto offset = offset_in_name(entry.name, ".snapshot")) found.push_back(*offset);
    }
    return found;
}

Result<void> Log::remove_snapshots(Offset from, Offset to) {
    for (Offset offset : snapshots()) {
        if (offset >= from && offset < to)
            MR_TRY_VOID(host_->disk().remove(join(path_, Segment::name_of(offset, ".snapshot"))));
    }
    return {};
}

// From the newest good snapshot at or below `trusted`, then batch by batch to the end. Segments
// from `reindex_from` on get their transaction index anew, so the snapshot must lie at or below the
// first of them.
Result<void> Log::load_producers(Offset trusted, std::size_t reindex_from) {
    Disk& disk = host_->disk();
    if (reindex_from < segments_.size())
        trusted = std::min(trusted, segments_[reindex_from]->base_offset());
    producers_.clear();
    Offset from = log_start_offset_;
    const std::vector<Offset> known = snapshots();
    for (auto at = known.rbegin(); at != known.rend(); ++at) {
        if (*at > trusted) continue;
        const std::string path = join(path_, Segment::name_of(*at, ".snapshot"));
        MR_TRY(const Bytes bytes, read_file(disk, path));
        if (auto table = ProducerStateTable::decode_snapshot(bytes)) {
            producers_ = *std::move(table);
            from = *at;
            break;
        }
        MR_TRY_VOID(disk.remove(path));
    }
    return read_producers(from, reindex_from);
}

// What the batches from `from` on change in the producers.
Result<void> Log::read_producers(Offset from, std::size_t reindex_from) {
    if (from >= log_end_offset_ || mutant::on(Mutant::ProducersNotRebuilt)) return {};
    for (std::size_t i = segment_index(from); i < segments_.size(); ++i) {
        const bool reindex = i >= reindex_from;
        Segment& segment = *segments_[i];
        MR_TRY_VOID(
            segment.walk(from, [&](const RecordBatchView& batch, std::int64_t) -> Result<bool> {
                if (batch.base_offset() < from && !reindex) return true;
                const auto aborted = producers_.applied(batch);
                if (aborted && reindex) MR_TRY_VOID(segment.transactions().add(*aborted));
                return true;
            }));
    }
    return {};
}

}  // namespace millrace::broker
