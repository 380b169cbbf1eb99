#include "millrace/broker/log/log.h"

#include <algorithm>
#include <cstring>

#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/validation.h"

namespace millrace::broker {

using wire::BatchWalker;
using wire::RecordBatchView;

Log::Log(LogHost& host, std::string path, TopicPartition tp, LogName name, const LogConfig& config)
    : host_(&host),
      path_(std::move(path)),
      tp_(std::move(tp)),
      name_(std::move(name)),
      config_(config),
      tail_(config.tail_cache_bytes) {}

Log::~Log() = default;

Offset Log::last_stable_offset() const {
    const std::optional<Offset> unstable = producers_.first_unstable_offset(high_watermark_);
    if (!unstable || mutant::on(Mutant::LastStableOffsetIgnoresOpen)) return high_watermark_;
    return std::min(high_watermark_, *unstable);
}

void Log::set_high_watermark(Offset offset) {
    high_watermark_ =
        std::clamp(offset, log_start_offset_, std::max(log_start_offset_, log_end_offset_));
    producers_.forget_completed_below(high_watermark_);
}

std::int64_t Log::size_bytes() const {
    std::int64_t size = 0;
    for (const auto& segment : segments_) size += segment->size();
    return size;
}

std::size_t Log::segment_index(Offset offset) const {
    const auto after =
        std::upper_bound(segments_.begin(), segments_.end(), offset,
                         [](Offset o, const auto& s) { return o < s->base_offset(); });
    return after == segments_.begin() ? 0 : static_cast<std::size_t>(after - segments_.begin() - 1);
}

Segment* Log::segment_at(Offset base) const {
    Segment& segment = *segments_[segment_index(base)];
    return segment.base_offset() == base ? &segment : nullptr;
}

Offset Log::end_of(Offset base) const {
    const std::size_t i = segment_index(base) + 1;
    return i < segments_.size() ? segments_[i]->base_offset() : log_end_offset_;
}

// ---- append
// --------------------------------------------------------------------------------------------------------

Result<AppendInfo> Log::append_as_leader(const Bytes& given, const AppendOptions& options) {
    used_ = true;
    Bytes batches = given;
    AppendInfo info;
    const AdmitOptions admit{.transaction_v2 = options.transaction_v2};
    if (options.origin == AppendOrigin::Client) {
        MR_TRY(const RecordBatchView batch, check_client_batch(given, config_));
        if (batch.has_producer_id()) {
            MR_TRY(const Admission admission, producers_.admit(batch, admit));
            if (const auto* duplicate = std::get_if<Duplicate>(&admission)) {
                return AppendInfo{duplicate->first_offset, duplicate->last_offset,
                                  duplicate->timestamp, duplicate->timestamp, true};  // as Kafka
            }
        }
        MR_TRY(batches,
               check_client_records(given, batch, config_, options.now, options.built,
                                    options.invalid_records));
    } else {
        BatchWalker walker(given);
        while (const auto batch = walker.next()) {
            MR_TRY_VOID(
                batch
                    ->check_crc());  // shared fate: memory may have been damaged since it was built
            if (!batch->has_producer_id() || !batch->control()) continue;
            MR_TRY(const auto marker, wire::end_transaction_marker(*batch));
            MR_TRY_VOID(producers_.admit_marker(batch->producer_id(), batch->producer_epoch(),
                                                marker.coordinator_epoch, admit));
        }
        MR_TRY_VOID(walker.status());
        if (walker.left() != 0 || given.empty())
            return fail(ErrorCode::CorruptMessage, "not whole batches");
    }

    // Offsets and epoch: into the block itself when it is large, fresh and one batch; else into a
    // copy in the tail cache.
    const auto size = batches.size();
    MR_TRY_VOID(host_->may_append(static_cast<std::int64_t>(size)));
    const bool keep = size >= TailCache::kOwnChunkBytes &&
                      RecordBatchView::of(batches)->leader_epoch().value() < 0 &&
                      RecordBatchView::of(batches)->size() == size;
    std::byte* to = const_cast<std::byte*>(
        batches.data());  // nobody else reads the two fields before they are set
    if (!keep) {
        to = tail_.prepare(size);
        std::memcpy(to, batches.data(), size);
    }
    Offset next = log_end_offset_;
    BatchWalker walker({to, size});
    while (const auto batch = walker.next()) {
        wire::stamp_offset_and_epoch(to + (walker.position() - batch->size()), next,
                                     options.leader_epoch);
        next = batch->next_offset();
    }
    // The prepared bytes are not the cache's yet; write_batches commits them when the disk has
    // taken them.
    const Offset first = log_end_offset_;
    const RecordBatchView front = *RecordBatchView::of({to, size});
    info = {first, next - 1, front.max_timestamp(), Timestamp{-1}, false};
    if (front.timestamp_type() == wire::TimestampType::LogAppendTime)
        info.log_append_time = front.max_timestamp();
    MR_TRY_VOID(write_batches({to, size}, keep ? &batches : nullptr, first, next, options.now));
    return info;
}

Result<AppendInfo> Log::append_as_follower(const Bytes& batches, Timestamp now) {
    used_ = true;
    BatchWalker walker(batches);
    Offset next = log_end_offset_;
    AppendInfo info{log_end_offset_, log_end_offset_ - 1, Timestamp{-1}, Timestamp{-1}, false};
    while (const auto batch = walker.next()) {
        MR_TRY_VOID(batch->check_crc());
        if (batch->base_offset() < next || batch->last_offset_delta() < 0)
            return fail(ErrorCode::OffsetOutOfRange,
                        tp_.to_string() + ": the batch at " +
                            std::to_string(batch->base_offset().value()) +
                            " does not continue the log at " + std::to_string(next.value()));
        next = batch->next_offset();
        info.max_timestamp = std::max(info.max_timestamp, batch->max_timestamp());
    }
    MR_TRY_VOID(walker.status());
    const std::size_t size = walker.position();  // a fetch may end inside of a batch
    if (size == 0) return info;
    MR_TRY_VOID(host_->may_append(static_cast<std::int64_t>(size)));
    info.first_offset = RecordBatchView::of(batches)->base_offset();
    info.last_offset = next - 1;
    if (size >= TailCache::kOwnChunkBytes) {
        const Bytes whole = batches.slice(0, size);
        MR_TRY_VOID(write_batches(whole, &whole, info.first_offset, next, now));
    } else {
        std::byte* to = tail_.prepare(size);
        std::memcpy(to, batches.data(), size);
        MR_TRY_VOID(write_batches({to, size}, nullptr, info.first_offset, next, now));
    }
    return info;
}

Result<void> Log::write_batches(BytesView batches, const Bytes* keep, Offset first, Offset next,
                                Timestamp now) {
    Timestamp max_timestamp{-1};
    bool control = false;
    BatchWalker walker(batches);
    while (const auto batch = walker.next()) {
        max_timestamp = std::max(max_timestamp, batch->max_timestamp());
        control |= batch->control();
    }
    const auto size = static_cast<std::int64_t>(batches.size());
    changed_ = true;
    MR_TRY_VOID(roll_if_needed(size, max_timestamp, first, next - 1, now));
    if (control)
        MR_TRY_VOID(active()
                        .transactions()
                        .entries());  // a marker may add to it: no failure after the write
    const std::int64_t position = active().size();
    MR_TRY_VOID(active().append(batches, config_.index_interval_bytes));

    Bytes stored;
    if (keep != nullptr) {
        stored = *keep;
        tail_.add(stored, first, next);
    } else {
        stored = tail_.commit(first, next, batches.size());
    }
    log_end_offset_ = next;
    host_->appended(*this, {.kind = JournalItem::Kind::Append,
                            .offset = first,
                            .end = next,
                            .segment = active().base_offset(),
                            .position = position,
                            .bytes = stored});
    return apply(stored);
}

Result<void> Log::apply(BytesView batches) {
    BatchWalker walker(batches);
    while (const auto batch = walker.next()) {
        if (batch->leader_epoch().value() >= 0)
            epochs_.assign(batch->leader_epoch(), batch->base_offset());
        if (const auto aborted = producers_.applied(*batch))
            MR_TRY_VOID(active().transactions().add(*aborted));
    }
    return {};
}

Result<void> Log::roll_if_needed(std::int64_t bytes, Timestamp max_timestamp, Offset first,
                                 Offset last, Timestamp now) {
    Segment& segment = active();
    bool full = last - segment.base_offset() > INT32_MAX;  // offsets in the indexes are relative
    if (!segment.empty()) {
        full |= segment.size() + bytes > config_.segment_bytes ||
                segment.indexes_full(config_.segment_index_bytes);
        MR_TRY(const auto begun, segment.first_batch_timestamp());
        const std::int64_t age =
            begun && begun->value() >= 0 ? max_timestamp - *begun : now - segment_created_;
        full |= age > config_.segment_ms - jitter_ms(segment.base_offset());
    }
    if (!full) return {};
    return start_segment(first, now);
}

// So that logs that were made together are not all rolled together. Kafka draws at random; here it
// is the same for a segment whenever it is asked.
std::int64_t Log::jitter_ms(Offset segment) const {
    const std::int64_t most = std::min(config_.segment_jitter_ms, config_.segment_ms);
    if (most <= 0) return 0;
    const std::string name = tp_.to_string() + '/' + std::to_string(segment.value());
    return static_cast<std::int64_t>(hash_bytes(as_bytes(name)) %
                                     static_cast<std::uint64_t>(most));
}

Result<void> Log::roll(Timestamp now) {
    if (active().empty()) return {};
    return start_segment(log_end_offset_, now);
}

Result<void> Log::start_segment(Offset base, Timestamp now) {
    changed_ = true;
    if (active().empty()) {  // never written: it only moves
        segments_.pop_back();
    } else {
        MR_TRY_VOID(active().write_indexes(true));
        MR_TRY_VOID(write_snapshot(log_end_offset_));
        MR_TRY_VOID(write_epochs());
        active().release();
    }
    segments_.push_back(std::make_unique<Segment>(host_->disk(), path_, base, 0));
    segment_created_ = now;
    return {};
}

// Not synced: its CRC tells whether it is whole, and after an unclean stop only those below the
// recovery point count.
Result<void> Log::write_snapshot(Offset offset) {
    MR_TRY(const auto file, host_->disk().open(join(path_, Segment::name_of(offset, ".snapshot")),
                                               OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    return file->write(0, producers_.encode_snapshot());
}

// Not synced either: what is missing or damaged is read from the batches again.
Result<void> Log::write_epochs() {
    if (!epochs_.dirty()) return {};
    const std::string path = join(path_, "leader-epoch-checkpoint"), temporary = path + ".tmp";
    MR_TRY(const auto file, host_->disk().open(temporary, OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    MR_TRY_VOID(file->write(0, as_bytes(epochs_.to_text())));
    MR_TRY_VOID(host_->disk().rename(temporary, path));
    epochs_.written();
    return {};
}

// ---- read
// ----------------------------------------------------------------------------------------------------------

Result<Bytes> Log::read(Offset from, std::size_t bytes_max, Offset up_to, bool at_least_one,
                        ReadCheck check) {
    MR_TRY_VOID(host_->may_read());
    if (from < log_start_offset_ || from > log_end_offset_)
        return fail(ErrorCode::OffsetOutOfRange,
                    tp_.to_string() + ": offset " + std::to_string(from.value()) +
                        " is outside of [" + std::to_string(log_start_offset_.value()) + ", " +
                        std::to_string(log_end_offset_.value()) + "]");
    if (from == log_end_offset_ || from >= up_to) return Bytes();
    used_ = true;
    if (auto cached = tail_.read(from, bytes_max, up_to, at_least_one)) return *std::move(cached);
    for (std::size_t i = segment_index(from); i < segments_.size(); ++i) {
        if (segments_[i]->base_offset() >= up_to) return Bytes();
        MR_TRY(Bytes bytes, segments_[i]->read(from, bytes_max, up_to, at_least_one, check));
        if (!bytes.empty()) {
            MR_TRY_VOID(check_offsets(i, bytes));
            return bytes;
        }
        MR_TRY(const auto found, segments_[i]->find(from));
        if (found) return Bytes();  // there is a batch, but the limits leave it out
    }
    // Compaction (of Kafka before 4.1) may have taken the last batches before the active segment.
    // Elsewhere a file is missing.
    if (config_.cleanup_compact && active().empty() &&
        active().base_offset() == log_end_offset_ && segments_.size() > 1)
        return Bytes();
    return fail(ErrorCode::CorruptMessage,
                path_ + ": no file holds offset " + std::to_string(from.value()));
}

// Offsets are outside of the CRC. A damaged one, or a file that is another segment's, is an error,
// not a jump that a consumer follows.
Result<void> Log::check_offsets(std::size_t index, BytesView batches) const {
    const Segment& segment = *segments_[index];
    const Offset end =
        index + 1 < segments_.size() ? segments_[index + 1]->base_offset() : log_end_offset_;
    Offset at = segment.base_offset();
    wire::BatchWalker walker(batches);
    while (const auto batch = walker.next()) {
        const std::int32_t delta = batch->last_offset_delta();
        if (batch->base_offset() < at || delta < 0 || batch->base_offset() > end - (delta + 1LL))
            return fail(ErrorCode::CorruptMessage,
                        segment.path(".log") + ": offset " +
                            std::to_string(batch->base_offset().value()) + " is not of [" +
                            std::to_string(at.value()) + ", " + std::to_string(end.value()) + ")");
        at = batch->next_offset();
    }
    return {};
}

Result<std::vector<AbortedTransaction>> Log::aborted_transactions(Offset from, Offset up_to) {
    MR_TRY_VOID(host_->may_read());
    std::vector<AbortedTransaction> found;
    for (std::size_t i = segment_index(from); i < segments_.size(); ++i) {
        MR_TRY(const auto* entries, segments_[i]->transactions().entries());
        bool complete = false;
        const Offset end =
            i + 1 < segments_.size() ? segments_[i + 1]->base_offset() : log_end_offset_;
        for (const AbortedTransaction& entry : *entries) {
            // The segment was cut before it, and a crash took back that its index was, too.
            if (entry.last_offset >= end) continue;
            if (entry.last_offset >= from && entry.first_offset < up_to) found.push_back(entry);
            complete |= entry.last_stable_offset >= up_to;  // later entries begin past the range
        }
        if (complete) break;
    }
    std::sort(found.begin(), found.end(),
              [](const AbortedTransaction& a, const AbortedTransaction& b) {
                  return a.first_offset < b.first_offset;
              });
    return found;
}

Result<std::optional<TimestampedOffset>> Log::offset_for_timestamp(Timestamp at) {
    MR_TRY_VOID(host_->may_read());
    used_ = true;
    for (const auto& segment : segments_) {
        if (segment->empty()) continue;
        MR_TRY(const auto largest, segment->largest_timestamp());
        if (largest.timestamp < at) continue;
        MR_TRY(const auto found, segment->first_at_or_after(at, log_start_offset_));
        if (found) return found;
    }
    return std::optional<TimestampedOffset>();
}

Result<std::optional<TimestampedOffset>> Log::offset_of_max_timestamp() {
    MR_TRY_VOID(host_->may_read());
    used_ = true;
    std::optional<TimeIndexEntry> best;
    Segment* where = nullptr;
    for (const auto& segment : segments_) {
        if (segment->empty()) continue;
        MR_TRY(const auto largest, segment->largest_timestamp());
        if (best && largest.timestamp <= best->timestamp) continue;
        best = largest;
        where = segment.get();
    }
    if (!best || best->timestamp.value() < 0) return std::optional<TimestampedOffset>();
    return where->first_at_or_after(best->timestamp,
                                    log_start_offset_);  // its record, not its batch (KIP-734)
}

// ---- cut
// -----------------------------------------------------------------------------------------------------------

Result<void> Log::truncate_to(Offset offset) {
    if (offset >= log_end_offset_) return {};
    if (offset <= log_start_offset_) return truncate_fully_and_start_at(offset);
    MR_TRY_VOID(host_->may_read());
    used_ = true;
    const std::size_t at = segment_index(offset);
    MR_TRY(const auto found, segments_[at]->find(offset));
    const std::int64_t position = found ? found->position : segments_[at]->size();
    const Offset end = found ? found->base_offset : offset;
    if (end <= log_start_offset_) return truncate_fully_and_start_at(log_start_offset_);
    MR_TRY_VOID(host_->commit_now(*this, {.kind = JournalItem::Kind::Truncate,
                                          .offset = end,
                                          .end = end,
                                          .segment = segments_[at]->base_offset(),
                                          .position = position}));
    ++cuts_;
    changed_ = true;
    tail_.clear();
    while (segments_.size() > at + 1) {
        MR_TRY_VOID(segments_.back()->remove_files());
        segments_.pop_back();
    }
    MR_TRY_VOID(active().truncate(position, end));
    log_end_offset_ = end;
    durable_end_ = std::min(durable_end_, end);
    high_watermark_ = std::min(high_watermark_, end);
    epochs_.truncate_from_end(end);
    MR_TRY_VOID(remove_snapshots(end + 1, Offset{INT64_MAX}));
    return load_producers(end, segments_.size());
}

Result<void> Log::truncate_fully_and_start_at(Offset offset) {
    MR_TRY_VOID(host_->commit_now(
        *this, {.kind = JournalItem::Kind::Reset, .offset = offset, .end = offset}));
    used_ = true;
    ++cuts_;
    changed_ = true;
    tail_.clear();
    while (!segments_.empty()) {
        MR_TRY_VOID(segments_.back()->remove_files());
        segments_.pop_back();
    }
    segments_.push_back(std::make_unique<Segment>(host_->disk(), path_, offset, 0));
    log_start_offset_ = log_end_offset_ = durable_end_ = high_watermark_ = offset;
    producers_.clear();
    epochs_.clear();
    return remove_snapshots(Offset{0}, Offset{INT64_MAX});
}

void Log::drop_segments_below(Offset offset, std::vector<std::unique_ptr<Segment>>& into) {
    while (segments_.size() > 1 && segments_[1]->base_offset() <= offset) {
        ++removals_;
        segment_times_.erase(segments_.front()->base_offset());
        sizes_then_.erase(segments_.front()->base_offset());
        segments_.front()->set_delete_delay(config_.file_delete_delay_ms);
        into.push_back(std::move(segments_.front()));
        segments_.erase(segments_.begin());
    }
}

Result<void> Log::replace_segments(Offset base, std::size_t count, std::int64_t size,
                                   std::vector<std::string>& doomed) {
    MR_TRY_VOID(host_->may_read());
    const std::size_t first = segment_index(base);
    MR_CHECK(segments_[first]->base_offset() == base && first + count < segments_.size());
    changed_ = names_changed_ = true;
    ++removals_;
    // Readers go by the .txnindex, which no longer knows of aborted records that are gone.
    tail_.drop_below(segments_[first + count]->base_offset());
    const Offset last = segments_[first + count - 1]->base_offset();
    // Oldest first: whatever was superseded by a record that is gone from here, is gone before it.
    for (std::size_t i = first + 1; i < first + count; ++i) {
        MR_TRY(auto names, segments_[i]->doom_files());
        for (std::string& name : names) doomed.push_back(std::move(name));
    }
    segments_[first]->release();
    for (const char* suffix : {".index", ".timeindex", ".txnindex", ".log"}) {
        const std::string to = segments_[first]->path(suffix), from = to + ".swap";
        if (host_->disk().exists(from)) MR_TRY_VOID(host_->disk().rename(from, to));
    }
    auto cleaned = std::make_unique<Segment>(host_->disk(), path_, base, size);
    segments_[first] = std::move(cleaned);
    const auto from = segments_.begin() + static_cast<std::ptrdiff_t>(first);
    segments_.erase(from + 1, from + static_cast<std::ptrdiff_t>(count));
    return remove_snapshots(base + 1, last + 1);
}

Result<void> Log::set_log_start_offset(Offset offset) {
    if (offset > high_watermark_)
        return fail(ErrorCode::OffsetOutOfRange,
                    tp_.to_string() + ": log start " + std::to_string(offset.value()) +
                        " is past the high watermark " + std::to_string(high_watermark_.value()));
    if (offset <= log_start_offset_) return {};
    MR_TRY_VOID(host_->may_read());
    log_start_offset_ = offset;
    epochs_.truncate_from_start(offset);
    std::vector<std::unique_ptr<Segment>> gone;
    drop_segments_below(offset, gone);
    const Offset first = segments_.front()->base_offset();
    host_->start_moved(
        *this, {.kind = JournalItem::Kind::StartOffset, .offset = offset, .end = log_end_offset_},
        std::move(gone));
    return remove_snapshots(Offset{0}, first);
}

// When a segment was written, for retention: its largest timestamp, unless that is none or lies in
// the future. One record dated 2099 would keep its segment, and all behind it, for good. Such a
// segment counts from when retention first saw it as long as it is now.
Result<Timestamp> Log::time_of(Segment& segment, Timestamp now) {
    MR_TRY(const auto largest, segment.largest_timestamp());
    if (largest.timestamp.value() >= 0 && largest.timestamp <= now) return largest.timestamp;
    const auto known = segment_times_.find(segment.base_offset());
    const auto size = sizes_then_.find(segment.base_offset());
    const bool grew = size != sizes_then_.end() && size->second != segment.size();
    sizes_then_.insert_or_assign(segment.base_offset(), segment.size());
    if (known != segment_times_.end() && !grew && known->second <= now) return known->second;
    segment_times_.insert_or_assign(segment.base_offset(), now);
    return now;
}

Result<int> Log::delete_old_segments(Timestamp now) {
    if (!config_.cleanup_delete || (config_.retention_ms < 0 && config_.retention_bytes < 0))
        return 0;
    MR_TRY_VOID(host_->may_read());
    int gone = 0;
    Offset keep_from = log_start_offset_;
    std::int64_t excess = config_.retention_bytes < 0 ? 0 : size_bytes() - config_.retention_bytes;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        Segment& segment = *segments_[i];
        const bool last = i + 1 == segments_.size();
        if (segment.empty()) break;
        const Offset end = last ? log_end_offset_ : segments_[i + 1]->base_offset();
        if (end > high_watermark_) break;
        bool old = false;
        if (config_.retention_ms >= 0) {
            MR_TRY(const Timestamp written, time_of(segment, now));
            if (!used_) segment.release();
            old = now - written > config_.retention_ms;
        }
        const bool large = config_.retention_bytes >= 0 && excess >= segment.size();
        if (!old && !large && end > log_start_offset_) break;
        if (last && !old && !large) break;
        if (last)
            MR_TRY_VOID(
                roll(now));  // the active segment is never deleted: it becomes one that can be
        excess -= segment.size();
        keep_from = end;
        ++gone;
    }
    if (keep_from > log_start_offset_) MR_TRY_VOID(set_log_start_offset(keep_from));
    return gone;
}

// ---- idle and stop
// -------------------------------------------------------------------------------------------------

void Log::release_memory() {
    tail_.clear();
    for (const auto& segment : segments_) segment->release();
}

Result<void> Log::close() {
    if (!changed_ && !epochs_.dirty()) return {};
    for (const auto& segment : segments_) {
        MR_TRY_VOID(segment->write_indexes(true));
        MR_TRY_VOID(segment->sync_files());
        segment->release();
    }
    if (active().empty()) {  // the name says where the log goes on
        MR_TRY(const auto file, host_->disk().open(active().path(".log"), OpenMode::Create));
        MR_TRY_VOID(file->sync());
    }
    if (log_end_offset_ > log_start_offset_ || !active().empty()) {
        const auto known = snapshots();
        if (known.empty() || known.back() != log_end_offset_)
            MR_TRY_VOID(write_snapshot(log_end_offset_));
    }
    MR_TRY_VOID(write_epochs());
    MR_TRY(const auto entries, host_->disk().list(path_));
    for (const DiskEntry& entry : entries) {
        if (!entry.name.ends_with(".snapshot") && entry.name != "leader-epoch-checkpoint" &&
            entry.name != "partition.metadata")
            continue;
        MR_TRY(const auto file, host_->disk().open(join(path_, entry.name), OpenMode::Write));
        MR_TRY_VOID(file->sync());
    }
    return host_->disk().sync_directory(path_);
}

}  // namespace millrace::broker
