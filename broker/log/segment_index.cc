#include "millrace/broker/log/segment_index.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/base/mutant.h"

namespace millrace::broker {

// ---- IndexFile
// ---------------------------------------------------------------------------------------------------

Result<std::shared_ptr<File>> IndexFile::file(OpenMode mode) const {
    if (!file_ || (mode != OpenMode::Read && !writable_)) {
        MR_TRY(file_, disk_->open(path_, mode));
        writable_ = mode != OpenMode::Read;
    }
    return file_;
}

Result<void> IndexFile::load() {
    memory_.clear();
    on_disk_ = 0;
    rewrite_ = false;
    crc_.reset();
    if (!disk_->exists(path_)) return {};
    MR_TRY(const auto f, file(OpenMode::Read));
    if (f->size() % static_cast<std::int64_t>(entry_bytes_) != 0) {
        reset();
        return fail(ErrorCode::CorruptMessage, path_ + ": not a whole number of entries");
    }
    on_disk_ = f->size() / static_cast<std::int64_t>(entry_bytes_);
    return {};
}

void IndexFile::reset() {
    memory_.clear();
    on_disk_ = 0;
    rewrite_ = true;
    crc_.reset();
}

Result<void> IndexFile::read(std::int64_t entry, std::byte* into) const {
    MR_CHECK(entry >= 0 && entry < size());
    if (entry >= on_disk_) {
        std::memcpy(into,
                    memory_.data() + static_cast<std::size_t>(entry - on_disk_) * entry_bytes_,
                    entry_bytes_);
        return {};
    }
    MR_TRY(const auto f, file(OpenMode::Read));
    MR_TRY(const std::size_t n,
           f->read(entry * static_cast<std::int64_t>(entry_bytes_), {into, entry_bytes_}));
    if (n != entry_bytes_) return fail(ErrorCode::CorruptMessage, path_ + ": cut short");
    return {};
}

Result<void> IndexFile::truncate(std::int64_t entries) {
    if (entries >= size()) return {};
    if (entries >= on_disk_) {
        memory_.resize(static_cast<std::size_t>(entries - on_disk_) * entry_bytes_);
        return {};
    }
    MR_TRY(const auto f, file(OpenMode::Write));
    MR_TRY_VOID(f->truncate(entries * static_cast<std::int64_t>(entry_bytes_)));
    memory_.clear();
    on_disk_ = entries;
    crc_.reset();
    return {};
}

Result<void> IndexFile::write() {
    if (!dirty()) return {};
    MR_TRY(const auto f, file(OpenMode::Create));
    if (rewrite_) {
        MR_TRY_VOID(f->truncate(0));
        crc_ = 0;
    }
    MR_TRY_VOID(f->write(on_disk_ * static_cast<std::int64_t>(entry_bytes_), memory_));
    if (crc_) crc_ = crc32c(memory_, *crc_);
    on_disk_ = size();
    memory_.clear();
    memory_.shrink_to_fit();
    rewrite_ = false;
    return {};
}

namespace {
Result<std::uint32_t> crc_of_prefix(const File& file, std::int64_t size) {
    MutableBlock block(static_cast<std::size_t>(std::min<std::int64_t>(size, 64 << 10)));
    std::uint32_t crc = 0;
    for (std::int64_t at = 0; at < size;) {
        const auto wanted =
            std::min<std::size_t>(block.size(), static_cast<std::size_t>(size - at));
        MR_TRY(const std::size_t got, file.read(at, {block.data(), wanted}));
        if (got != wanted) return fail(ErrorCode::CorruptMessage, "an index is cut short");
        crc = crc32c({block.data(), got}, crc);
        at += static_cast<std::int64_t>(got);
    }
    return crc;
}
}  // namespace

Result<std::uint32_t> IndexFile::written_crc() {
    MR_TRY_VOID(write());
    if (!crc_) {
        crc_ = 0;
        if (on_disk_ > 0) {
            MR_TRY(const auto f, file(OpenMode::Read));
            const auto crc = crc_of_prefix(*f, on_disk_ * static_cast<std::int64_t>(entry_bytes_));
            if (!crc) crc_.reset();
            MR_TRY(crc_, crc);
        }
    }
    return *crc_;
}

Result<bool> IndexFile::resume(std::int64_t entries, std::uint32_t crc) {
    reset();
    if (entries == 0) return true;
    const std::int64_t size = entries * static_cast<std::int64_t>(entry_bytes_);
    if (!disk_->exists(path_)) return false;
    MR_TRY(const auto f, file(OpenMode::Write));
    if (f->size() < size) return false;
    MR_TRY(const std::uint32_t found, crc_of_prefix(*f, size));
    if (found != crc) return false;
    if (f->size() > size) MR_TRY_VOID(f->truncate(size));
    on_disk_ = entries;
    rewrite_ = false;
    crc_ = crc;
    return true;
}

namespace {

// The greatest entry that is not above, by `above(entry)`; -1: none. Entries rise.
template <class Above>
Result<std::int64_t> last_not_above(std::int64_t size, Above&& above) {
    std::int64_t low = 0, high = size;  // [0, low) are not above, [high, size) are
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        MR_TRY(const bool is_above, above(middle));
        if (is_above)
            high = middle;
        else
            low = middle + 1;
    }
    return low - 1;
}

}  // namespace

// ---- OffsetIndex
// -------------------------------------------------------------------------------------------------

Result<OffsetIndexEntry> OffsetIndex::at(std::int64_t entry) const {
    std::byte raw[8];
    MR_TRY_VOID(read(entry, raw));
    const OffsetIndexEntry found{base_ + load_be<std::int32_t>(raw),
                                 load_be<std::int32_t>(raw + 4)};
    if (found.position < 0) return fail(ErrorCode::CorruptMessage, path() + ": damaged");
    return found;
}

void OffsetIndex::add(Offset last_offset, std::int64_t position) {
    std::byte raw[8];
    store_be(raw, static_cast<std::int32_t>(last_offset - base_));
    store_be(raw + 4, static_cast<std::int32_t>(position));
    append(raw);
}

Result<OffsetIndexEntry> OffsetIndex::lookup(Offset offset) const {
    MR_TRY(const std::int64_t found, last_not_above(size(), [&](std::int64_t i) -> Result<bool> {
               MR_TRY(const auto entry, at(i));
               return entry.offset > offset;
           }));
    if (found < 0) return OffsetIndexEntry{base_, 0};
    return at(found);
}

Result<void> OffsetIndex::truncate_to(Offset offset) {
    MR_TRY(const std::int64_t found, last_not_above(size(), [&](std::int64_t i) -> Result<bool> {
               MR_TRY(const auto entry, at(i));
               return entry.offset >= offset;
           }));
    return truncate(found + 1);
}

// ---- TimeIndex
// ---------------------------------------------------------------------------------------------------

Result<TimeIndexEntry> TimeIndex::at(std::int64_t entry) const {
    std::byte raw[12];
    MR_TRY_VOID(read(entry, raw));
    return TimeIndexEntry{Timestamp{load_be<std::int64_t>(raw)},
                          base_ + load_be<std::int32_t>(raw + 8)};
}

Result<TimeIndexEntry> TimeIndex::last() const {
    if (size() == 0) return TimeIndexEntry{Timestamp{-1}, base_};
    return at(size() - 1);
}

Result<void> TimeIndex::maybe_add(TimeIndexEntry entry) {
    MR_TRY(const auto newest, last());
    if (entry.timestamp <= newest.timestamp) return {};
    std::byte raw[12];
    store_be(raw, entry.timestamp.value());
    store_be(raw + 8, static_cast<std::int32_t>(entry.offset - base_));
    append(raw);
    return {};
}

Result<TimeIndexEntry> TimeIndex::lookup(Timestamp at_most) const {
    MR_TRY(const std::int64_t found, last_not_above(size(), [&](std::int64_t i) -> Result<bool> {
               MR_TRY(const auto entry, at(i));
               return entry.timestamp > at_most;
           }));
    if (found < 0) return TimeIndexEntry{Timestamp{-1}, base_};
    return at(found);
}

Result<void> TimeIndex::truncate_to(Offset offset) {
    MR_TRY(const std::int64_t found, last_not_above(size(), [&](std::int64_t i) -> Result<bool> {
               MR_TRY(const auto entry, at(i));
               return entry.offset >= offset;
           }));
    return truncate(found + 1);
}

// ---- TransactionIndex
// --------------------------------------------------------------------------------------------

namespace {
constexpr std::size_t kTxnEntryBytes = 34;
}

Result<const std::vector<AbortedTransaction>*> TransactionIndex::entries() {
    if (!loaded_) {
        entries_.clear();
        if (disk_->exists(path_)) {
            MR_TRY(const Bytes bytes, read_file(*disk_, path_));
            if (bytes.size() % kTxnEntryBytes != 0)
                return fail(ErrorCode::CorruptMessage, path_ + ": not whole entries");
            for (ByteReader reader(bytes); reader.left() > 0;) {
                if (reader.be<std::int16_t>() != 0)
                    return fail(ErrorCode::CorruptMessage, path_ + ": unknown version");
                const ProducerId id{reader.be<std::int64_t>()};
                const Offset first{reader.be<std::int64_t>()}, last{reader.be<std::int64_t>()};
                entries_.push_back({id, first, last, Offset{reader.be<std::int64_t>()}});
            }
        }
        loaded_ = true;
    }
    return &entries_;
}

Result<void> TransactionIndex::add(const AbortedTransaction& entry) {
    MR_TRY_VOID(entries());
    entries_.push_back(entry);
    dirty_ = true;
    return {};
}

Result<void> TransactionIndex::truncate_to(Offset offset) {
    MR_TRY_VOID(entries());
    dirty_ |= std::erase_if(entries_, [offset](const AbortedTransaction& e) {
                  return e.last_offset >= offset;
              }) != 0;
    return {};
}

void TransactionIndex::keep_first(std::size_t entries) {
    dirty_ |= entries < entries_.size();
    entries_.resize(std::min(entries, entries_.size()));
}

void TransactionIndex::reset() {
    entries_.clear();
    loaded_ = dirty_ = true;
}

namespace {
void append_entry(ByteSink& sink, const AbortedTransaction& entry) {
    append_be<std::int16_t>(sink, 0);
    append_be<std::int64_t>(sink, entry.producer_id.value());
    append_be<std::int64_t>(sink, entry.first_offset.value());
    append_be<std::int64_t>(sink, entry.last_offset.value());
    append_be<std::int64_t>(sink, entry.last_stable_offset.value());
}
}  // namespace

Result<std::uint32_t> TransactionIndex::crc_of(std::size_t count) {
    MR_TRY_VOID(entries());
    MR_CHECK(count <= entries_.size());
    ByteSink sink;
    for (std::size_t i = 0; i < count; ++i) append_entry(sink, entries_[i]);
    return crc32c(sink.view());
}

Result<void> TransactionIndex::write() {
    if (!dirty_ || mutant::on(Mutant::AbortedIndexNotWritten)) return {};
    if (entries_.empty()) {
        if (disk_->exists(path_)) MR_TRY_VOID(disk_->remove(path_));
        dirty_ = unsynced_ = false;
        return {};
    }
    ByteSink sink;
    for (const AbortedTransaction& entry : entries_) append_entry(sink, entry);
    MR_TRY(const auto file, disk_->open(path_, OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    unsynced_ = true;
    MR_TRY_VOID(file->write(0, sink.view()));
    dirty_ = false;
    return {};
}

void TransactionIndex::release() {
    if (dirty_) return;
    entries_.clear();
    entries_.shrink_to_fit();
    loaded_ = false;
}

}  // namespace millrace::broker
