#include "millrace/broker/log/segment.h"

#include <algorithm>
#include <cstdio>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/batch_file_reader.h"
#include "millrace/wire/batch/compression.h"

namespace millrace::broker {

using wire::RecordBatchView;
using Want = BatchFileReader::Want;

namespace {
constexpr std::size_t kHeaderScanBytes = 8 << 10, kBatchScanBytes = 256 << 10;
constexpr Offset kNoEnd{INT64_MAX};
constexpr const char* kSuffixes[] = {".log", ".index", ".timeindex", ".txnindex"};
}  // namespace

std::string Segment::name_of(Offset base, std::string_view suffix) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%020lld", static_cast<long long>(base.value()));
    return digits + std::string(suffix);
}

std::string Segment::path(std::string_view suffix) const {
    return join(directory_, name_of(base_, suffix)) + stage_;
}

Segment::Segment(Disk& disk, std::string directory, Offset base, std::int64_t size,
                 std::string stage)
    : disk_(disk),
      directory_(std::move(directory)),
      stage_(std::move(stage)),
      base_(base),
      size_(size),
      offsets_(disk, path(".index"), base),
      times_(disk, path(".timeindex"), base),
      transactions_(disk, path(".txnindex")),
      largest_{Timestamp{-1}, base} {
    if (size == 0) prepared_ = true;  // nothing to trust; old index files are replaced
}

Result<std::shared_ptr<File>> Segment::file(OpenMode mode) {
    if (!log_) {
        MR_TRY(log_, disk_.open(path(".log"), mode == OpenMode::Read ? OpenMode::Write : mode));
    }
    return log_;
}

bool Segment::indexes_sane() {
    if (!offsets_.load() || !times_.load()) return false;
    if (!disk_.exists(offsets_.path()) || !disk_.exists(times_.path())) return false;
    if (offsets_.size() > 0) {  // a preallocated tail of zeros, or an index of other data
        const auto last = offsets_.at(offsets_.size() - 1);
        if (!last || last->offset <= base_ || last->position >= size_ || last->position < 0)
            return false;
    }
    if (times_.size() > 0) {
        const auto first = times_.at(0), last = times_.last();
        if (!first || !last || last->offset < base_ || last->timestamp < first->timestamp)
            return false;
        if (last->timestamp.value() == 0 && times_.size() > 1) return false;
    }
    return true;
}

Result<void> Segment::prepare() {
    if (prepared_) return {};
    if (indexes_sane()) {
        MR_TRY(largest_, times_.last());
        prepared_ = true;
        return {};
    }
    MR_TRY([[maybe_unused]] const Scan scan, rebuild(kNoEnd, LogConfig().index_interval_bytes, {}));
    return {};
}

Result<void> Segment::index_batch(const RecordBatchView& batch, std::int64_t position,
                                  std::int64_t interval) {
    if (batch.max_timestamp() > largest_.timestamp)
        largest_ = {batch.max_timestamp(), batch.last_offset()};
    if (bytes_since_index_ > interval) {
        offsets_.add(batch.last_offset(), position);
        MR_TRY_VOID(times_.maybe_add(largest_));
        bytes_since_index_ = 0;
    }
    bytes_since_index_ += static_cast<std::int64_t>(batch.size());
    return {};
}

Result<void> Segment::append(BytesView batches, std::int64_t interval) {
    if (broken_)
        return fail(ErrorCode::KafkaStorageError,
                    path(".log") + ": an earlier write could not be undone");
    MR_TRY_VOID(prepare());
    const bool created = size_ == 0 && !log_ && !disk_.exists(path(".log"));
    MR_TRY(const auto log, file(OpenMode::Create));
    if (created) new_ = true;
    ++version_;
    if (auto written = log->write(size_, batches); !written) {
        if (!log->truncate(size_)) broken_ = true;  // nobody may find later what was refused
        return written;
    }
    if (size_ == 0) first_timestamp_.reset();
    std::int64_t position = size_;
    wire::BatchWalker walker(batches);
    while (const auto batch = walker.next()) {
        MR_TRY_VOID(index_batch(*batch, position, interval));
        position += static_cast<std::int64_t>(batch->size());
    }
    MR_CHECK(walker.left() == 0);
    size_ = position;
    return {};
}

bool Segment::indexes_full(std::int64_t index_bytes) const {
    return offsets_.size() >= index_bytes / 8 || times_.size() >= index_bytes / 12 - 1;
}

Result<std::optional<BatchPosition>> Segment::find(Offset offset) {
    if (size_ == 0) return std::optional<BatchPosition>();
    MR_TRY_VOID(prepare());
    const auto entry = offsets_.lookup(offset);
    if (entry) {
        auto found = find_from(entry->position, offset);
        if (found || entry->position == 0) return found;
    }
    return find_from(0, offset);  // a damaged index costs time, not data
}

Result<std::optional<BatchPosition>> Segment::find_from(std::int64_t position, Offset offset) {
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, position, size_, Want::Headers, kHeaderScanBytes);
    for (;;) {
        MR_TRY(const auto batch, reader.next());
        if (!batch) return std::optional<BatchPosition>();
        if (batch->last_offset() >= offset)
            return std::optional(BatchPosition{batch->base_offset(), batch->last_offset(),
                                               reader.batch_position(), batch->size()});
    }
}

Result<Bytes> Segment::read(Offset from, std::size_t bytes_max, Offset up_to, bool at_least_one,
                            ReadCheck check) {
    if (read_end_ >= 0 && read_end_ < size_ && read_end_offset_ == from) {
        MR_TRY(Bytes next, read_at(read_end_, bytes_max, bytes_max, up_to, check));
        if (!next.empty() && wire::RecordBatchView::of(next)->last_offset() >= from) return next;
    }
    MR_TRY(const auto found, find(from));
    if (!found || found->last_offset >= up_to) return Bytes();
    if (found->size > bytes_max && !at_least_one) return Bytes();
    MR_TRY(Bytes bytes,
           read_at(found->position, std::max(found->size, bytes_max), bytes_max, up_to, check));
    if (bytes.empty())
        return fail(ErrorCode::CorruptMessage,
                    path(".log") + ": cut short at " + std::to_string(found->position));
    return bytes;
}

// Whole batches from `position` on, of `wanted` bytes that are looked at; past the first, at most
// bytes_max. Empty: not one is whole.
Result<Bytes> Segment::read_at(std::int64_t position, std::size_t wanted, std::size_t bytes_max,
                               Offset up_to, ReadCheck check) {
    wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(size_ - position, static_cast<std::int64_t>(wanted)));
    MR_TRY(const auto log, file(OpenMode::Read));
    MutableBlock block(wanted);
    MR_TRY(const std::size_t got, log->read(position, {block.data(), wanted}));
    wire::BatchWalker walker({block.data(), got});
    std::size_t size = 0;
    Offset end;
    while (const auto batch = walker.next()) {
        if (batch->last_offset() >= up_to || (size > 0 && size + batch->size() > bytes_max)) break;
        if (check == ReadCheck::Crc) MR_TRY_VOID(batch->check_crc());
        size = walker.position();
        end = batch->next_offset();
    }
    MR_TRY_VOID(walker.status());
    if (size == 0) return Bytes();
    read_end_ = position + static_cast<std::int64_t>(size);
    read_end_offset_ = end;
    return Bytes(std::move(block)).slice(0, size);
}

Result<void> Segment::walk(Offset from, const Visit& visit) {
    MR_TRY(const auto found, find(from));
    if (!found) return {};
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, found->position, size_, Want::Batches, kBatchScanBytes);
    for (;;) {
        MR_TRY(const auto batch, reader.next());
        if (!batch) return {};
        MR_TRY(const bool go_on, visit(*batch, reader.batch_position()));
        if (!go_on) return {};
    }
}

Result<Offset> Segment::next_offset() {
    if (size_ == 0) return base_;
    MR_TRY_VOID(prepare());
    std::int64_t position = 0;
    if (offsets_.size() > 0) {
        MR_TRY(const auto last, offsets_.at(offsets_.size() - 1));
        position = last.position;
    }
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, position, size_, Want::Headers, kHeaderScanBytes);
    Offset next = base_;
    for (;;) {
        MR_TRY(const auto batch, reader.next());
        if (!batch) break;
        if (batch->base_offset() < next || batch->last_offset_delta() < 0 ||
            batch->base_offset() - base_ > INT32_MAX - batch->last_offset_delta())
            return fail(ErrorCode::CorruptMessage, path(".log") + ": offsets do not rise");
        next = batch->next_offset();
    }
    if (reader.position() != size_)
        return fail(ErrorCode::CorruptMessage, path(".log") + ": ends inside of a batch");
    return next;
}

Result<Offset> Segment::whole_end() {
    Offset next = base_;
    if (size_ == 0) return next;
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, 0, size_, Want::Headers, kHeaderScanBytes);
    for (;;) {
        MR_TRY(const auto batch, reader.next());
        if (!batch) return next;
        next = std::max(next, batch->next_offset());
    }
}

Result<TimeIndexEntry> Segment::largest_timestamp() {
    MR_TRY_VOID(prepare());
    return largest_;
}

Result<std::optional<Timestamp>> Segment::first_batch_timestamp() {
    if (size_ == 0) return std::optional<Timestamp>();
    if (!first_timestamp_) {
        MR_TRY(const auto log, file(OpenMode::Read));
        BatchFileReader reader(*log, 0, size_, Want::Headers, wire::kBatchHeaderBytes);
        MR_TRY(const auto batch, reader.next());
        if (batch) first_timestamp_ = batch->max_timestamp();
    }
    return first_timestamp_;
}

Result<std::optional<TimestampedOffset>> Segment::first_at_or_after(Timestamp at, Offset from) {
    std::optional<TimestampedOffset> found;
    MR_TRY_VOID(prepare());
    MR_TRY(const auto hint, times_.lookup(at - 1));  // everything up to its offset is below
    MR_TRY_VOID(walk(std::max(from, hint.offset),
                     [&](const RecordBatchView& batch, std::int64_t) -> Result<bool> {
                         if (batch.max_timestamp() < at) return true;
                         MR_TRY(const Bytes records, wire::uncompressed_records(batch));
                         wire::RecordReader reader(batch, records);
                         wire::RecordView chunk[64];
                         for (;;) {
                             MR_TRY(const std::size_t n, reader.read(chunk));
                             if (n == 0) return true;
                             for (std::size_t i = 0; i < n; ++i) {
                                 if (chunk[i].timestamp < at || chunk[i].offset < from) continue;
                                 found = TimestampedOffset{chunk[i].timestamp, chunk[i].offset,
                                                           batch.leader_epoch()};
                                 return false;
                             }
                         }
                     }));
    return found;
}

Result<Segment::Scan> Segment::rebuild(Offset end, std::int64_t interval, const Scanned& visit) {
    offsets_.reset();
    times_.reset();
    bytes_since_index_ = 0;
    largest_ = {Timestamp{-1}, base_};
    first_timestamp_.reset();
    prepared_ = true;
    return scan(0, base_, end, interval, visit);
}

Result<Segment::Scan> Segment::scan(std::int64_t position, Offset from, Offset end,
                                    std::int64_t interval, const Scanned& visit) {
    Scan scan{position, from, {}};
    if (size_ == position) return scan;
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, position, size_, Want::Batches, kBatchScanBytes);
    for (;;) {
        auto next = reader.next();
        if (!next && next.error().code == ErrorCode::KafkaStorageError)
            return tl::make_unexpected(next.error());
        if (!next || !*next) {
            if (!next) scan.stopped_by = next.error().detail;
            if (next && reader.position() != size_) scan.stopped_by = "a batch is cut short";
            return scan;
        }
        const RecordBatchView& batch = **next;
        if (batch.base_offset() < scan.next_offset || batch.last_offset_delta() < 0 ||
            batch.base_offset() - base_ > INT32_MAX - batch.last_offset_delta()) {
            scan.stopped_by = "offsets do not rise";
            return scan;
        }
        if (batch.last_offset() >= end) {
            scan.stopped_by = "past the end that is known to be good";
            return scan;
        }
        const auto crc = batch.check_crc();
        if (!crc && !mutant::on(Mutant::TornTailAccepted)) {
            scan.stopped_by = crc.error().detail;
            return scan;
        }
        if (visit) MR_TRY_VOID(visit(batch));
        MR_TRY_VOID(index_batch(batch, reader.batch_position(), interval));
        scan.valid_bytes = reader.position();
        scan.next_offset = batch.next_offset();
    }
}

Result<SegmentMark> Segment::mark() {
    SegmentMark mark{.base = base_, .position = size_, .largest = largest_};
    if (size_ == 0) return mark;
    MR_TRY_VOID(prepare());
    mark.largest = largest_;
    if (offsets_.dirty() || times_.dirty() || transactions_.dirty()) ++indexes_version_;
    MR_TRY(mark.offsets.crc, offsets_.written_crc());
    MR_TRY(mark.times.crc, times_.written_crc());
    mark.offsets.entries = offsets_.size();
    mark.times.entries = times_.size();
    MR_TRY(const auto* aborted, transactions_.entries());
    mark.aborted.entries = static_cast<std::int64_t>(aborted->size());
    MR_TRY(mark.aborted.crc, transactions_.crc_of(aborted->size()));
    MR_TRY_VOID(transactions_.write());
    return mark;
}

Result<bool> Segment::resume(const SegmentMark& mark) {
    if (size_ < mark.position || mark.position < 0) return false;
    const auto aborted = static_cast<std::size_t>(mark.aborted.entries);
    if (aborted > 0) {
        const auto known = transactions_.entries();
        if (!known && known.error().code == ErrorCode::KafkaStorageError)
            return tl::make_unexpected(known.error());
        if (!known || (*known)->size() < aborted) return false;
        MR_TRY(const std::uint32_t crc, transactions_.crc_of(aborted));
        if (crc != mark.aborted.crc) return false;
    }
    MR_TRY(const bool offsets, offsets_.resume(mark.offsets.entries, mark.offsets.crc));
    MR_TRY(const bool times, times_.resume(mark.times.entries, mark.times.crc));
    if (!offsets || !times) return false;
    if (aborted == 0)
        transactions_.reset();
    else
        transactions_.keep_first(aborted);
    bytes_since_index_ = 0;
    largest_ = mark.largest;
    first_timestamp_.reset();
    prepared_ = true;
    return true;
}

Result<void> Segment::find_largest_timestamp() {
    MR_TRY(largest_, times_.last());
    MR_TRY(const auto entry, offsets_.lookup(largest_.offset));
    MR_TRY(const auto log, file(OpenMode::Read));
    BatchFileReader reader(*log, entry.position, size_, Want::Headers, kHeaderScanBytes);
    for (;;) {
        MR_TRY(const auto batch, reader.next());
        if (!batch) return {};
        if (batch->max_timestamp() > largest_.timestamp)
            largest_ = {batch->max_timestamp(), batch->last_offset()};
    }
}

Result<void> Segment::truncate(std::int64_t position, Offset offset) {
    MR_CHECK(position >= 0 && position <= size_);
    MR_TRY_VOID(prepare());
    MR_TRY(const auto log, file(OpenMode::Write));
    ++version_;
    MR_TRY_VOID(log->truncate(position));
    size_ = position;
    read_end_ = -1;
    if (position == 0) first_timestamp_.reset();
    MR_TRY_VOID(offsets_.truncate_to(offset));
    MR_TRY_VOID(times_.truncate_to(offset));
    MR_TRY_VOID(transactions_.truncate_to(offset));
    bytes_since_index_ = 0;
    return find_largest_timestamp();
}

Result<void> Segment::write_indexes(bool finished) {
    if (size_ == 0 && !disk_.exists(path(".log"))) return {};  // never written: no files
    if (!prepared_) return {};
    if (finished && largest_.timestamp.value() >= 0) MR_TRY_VOID(times_.maybe_add(largest_));
    if (!offsets_.dirty() && !times_.dirty() && !transactions_.dirty()) return {};
    ++indexes_version_;
    MR_TRY_VOID(offsets_.write());
    MR_TRY_VOID(times_.write());
    return transactions_.write();
}

Result<bool> Segment::sync_data() {
    if (dirty() && disk_.exists(path(".log"))) {
        MR_TRY(const auto log, file(OpenMode::Write));
        MR_TRY_VOID(log->sync());
    }
    synced_version_ = version_;
    if (!transactions_.unsynced()) return false;
    MR_TRY(const auto aborted, disk_.open(transactions_.path(), OpenMode::Write));
    MR_TRY_VOID(aborted->sync());
    transactions_.sync_begun();
    return true;
}

Result<std::vector<std::shared_ptr<File>>> Segment::index_files_for_sync() {
    std::vector<std::shared_ptr<File>> files;
    for (const char* suffix : {".index", ".timeindex", ".txnindex"}) {
        if (!disk_.exists(path(suffix))) continue;
        MR_TRY(auto f, disk_.open(path(suffix), OpenMode::Write));
        files.push_back(std::move(f));
    }
    return files;
}

Result<void> Segment::sync_files() {
    if (dirty() && disk_.exists(path(".log"))) {
        MR_TRY(const auto f, disk_.open(path(".log"), OpenMode::Write));
        MR_TRY_VOID(f->sync());
    }
    synced_version_ = version_;
    if (!indexes_unsynced()) return {};
    MR_TRY(const auto files, index_files_for_sync());
    for (const auto& f : files) MR_TRY_VOID(f->sync());
    transactions_.sync_begun();
    indexes_synced_version_ = indexes_version_;
    return {};
}

void Segment::release() {
    log_.reset();
    offsets_.release();
    times_.release();
    transactions_.release();
}

Result<void> Segment::remove_files() {
    release();
    for (const char* suffix : kSuffixes) {
        if (disk_.exists(path(suffix))) MR_TRY_VOID(disk_.remove(path(suffix)));
    }
    return {};
}

Result<std::vector<std::string>> Segment::doom_files() {
    release();
    std::vector<std::string> doomed;
    for (const char* suffix : kSuffixes) {
        const std::string from = path(suffix);
        if (!disk_.exists(from)) continue;
        doomed.push_back(from + ".deleted");
        MR_TRY_VOID(disk_.rename(from, doomed.back()));
    }
    return doomed;
}

}  // namespace millrace::broker
