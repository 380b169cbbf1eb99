#include "millrace/state/window/segmented_window_store.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/state/window/window_cursors.h"

namespace millrace::state {

SegmentedWindowStore::SegmentedWindowStore(WindowSpec spec, std::unique_ptr<StoreDisk> disk)
    : spec_(std::move(spec)), disk_(std::move(disk)), order_(spec_) {
    if (!disk_) return;
    if (disk_->has_runs()) open_runs();
    disk_->attach(*this);
}

SegmentedWindowStore::~SegmentedWindowStore() {
    if (disk_) disk_->detach();
}

const std::optional<Error>& SegmentedWindowStore::failure() const {
    return failure_ || !disk_ ? failure_ : disk_->failure();
}

Segment* SegmentedWindowStore::find_segment(std::int64_t id) {
    const auto at = segments_.find(id);
    if (at == segments_.end()) return nullptr;
    last_id_ = id;
    return last_ = at->second.get();
}

Segment& SegmentedWindowStore::make_segment(std::int64_t id) {
    auto& segment = segments_[id];
    segment = std::make_shared<Segment>(disk_ != nullptr, order_.within);
    last_id_ = id;
    return *(last_ = segment.get());
}

void SegmentedWindowStore::clear_segments_below(std::int64_t id) {
    segments_.erase(segments_.begin(), segments_.lower_bound(id));
    last_id_ = INT64_MIN;
    last_ = nullptr;
}

bool SegmentedWindowStore::live(std::int64_t start, const Clocks& clocks) const {
    if (spec_.persistent) return segment_id(start) >= segment_id(clocks.time - spec_.retention_ms);
    return start > clocks.time - spec_.retention_ms;
}

// ---- transactions
// ---------------------------------------------------------------------------------------------------

void SegmentedWindowStore::seal() {
    in_flight_clocks_ = clocks_;
    in_flight_ = true;
    sealed_puts_ = puts_;
    puts_ = 0;
    for (auto& [id, segment] : segments_) segment->table.seal();
}

void SegmentedWindowStore::committed() {
    if (!in_flight_) return;
    in_flight_ = false;
    committed_clocks_ = in_flight_clocks_;
    for (auto& [id, segment] : segments_) segment->table.committed();
    clear_segments_below(segment_id(committed_clocks_.time - spec_.retention_ms));
    if (disk_ && sealed_puts_ > 0) disk_->changed(sealed_puts_);
    sealed_puts_ = 0;
}

void SegmentedWindowStore::aborted() {
    in_flight_ = false;
    clocks_ = committed_clocks_;
    puts_ = sealed_puts_ = 0;
    for (auto& [id, segment] : segments_) segment->table.aborted();
}

Result<void> SegmentedWindowStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    if (key.size() < kWindowSuffixBytes)
        return fail(ErrorCode::CorruptMessage, "changelog of window store " + spec_.name +
                                                   ": a key of " + std::to_string(key.size()) +
                                                   " bytes is shorter than a window");
    const std::int64_t start = start_of_window_key(key);
    // As put() does; RocksDBWindowStore lets a null move the time here, but not there: a crash
    // would then change what is late.
    if (value || !spec_.retain_duplicates || !spec_.persistent)
        clocks_.time = std::max(clocks_.time, start);
    if (spec_.retain_duplicates) clocks_.seq = seq_of_window_key(key);
    committed_clocks_ = clocks_;
    if (disk_) disk_->changed();
    if (!live(start, clocks_) || (!value && spec_.retain_duplicates)) return {};
    const std::int64_t id = segment_id(start);
    Segment* segment = segment_at(id);
    if (!segment) {
        clear_segments_below(segment_id(clocks_.time - spec_.retention_ms));
        segment = &make_segment(id);
    }
    segment->table.restore(hash_of(key), key, value, timestamp);
    return {};
}

MemoryUse SegmentedWindowStore::memory() const {
    MemoryUse use;
    std::int64_t bytes = 0;
    for (const auto& [id, segment] : segments_) {
        bytes += segment->table.bytes();
        use.uncommitted += segment->table.uncommitted_bytes();
        use.committed += segment->table.committed_bytes();
    }
    if (!disk_) use.committed = bytes - use.uncommitted;
    use.clean = bytes - use.uncommitted - use.committed;
    return use;
}

// ---- one window
// -----------------------------------------------------------------------------------------------------

void SegmentedWindowStore::prefetch(const HashedKey& key, std::int64_t start) {
    if (Segment* segment = segment_at(segment_id(start)))
        segment->table.prefetch(hash_of(key.hash, start, 0));
}

std::optional<ValueAndTimestamp> SegmentedWindowStore::fetch(const HashedKey& key,
                                                             std::int64_t start) {
    if (start < visible_from()) return {};
    Segment* segment = segment_at(segment_id(start));
    if (!segment) return {};
    const std::int32_t seq =
        spec_.retain_duplicates ? clocks_.seq : 0;  // as RocksDBWindowStore.fetch
    const std::uint64_t hash = hash_of(key.hash, start, seq);
    const BytesView stored_key = window_key(key.key, start, seq);
    if (auto found = segment->table.get(hash, stored_key); found || segment->table.complete())
        return found;
    if (const Entry* e = segment->table.find(hash, stored_key))
        return Table::newest(*e);  // a tombstone
    std::vector<std::optional<StoredValue>> values;
    if (auto read = disk_->multi_get(segment_id(start), {&stored_key, 1}, values); !read) {
        failure_ = std::move(read).error();
        return {};
    }
    MaybeBytes value;
    if (values[0]) value = values[0]->value.view();
    return Table::newest(*segment->table.load_clean(
        hash, stored_key, value, values[0] ? values[0]->timestamp : Timestamp{-1}));
}

void SegmentedWindowStore::put(const HashedKey& key, std::int64_t start, MaybeBytes value,
                               Timestamp timestamp) {
    if (spec_.retain_duplicates)
        clocks_.seq = static_cast<std::int32_t>((clocks_.seq + 1u) & 0x7fffffffu);
    const BytesView stored_key = window_key(key.key, start, clocks_.seq);
    ++puts_;
    const bool nothing_to_do = !value && spec_.retain_duplicates;
    if (!nothing_to_do || !spec_.persistent) {
        clocks_.time = std::max(clocks_.time, start);
        if (!live(start, clocks_)) {
            ++expired_puts_;
        } else if (!nothing_to_do) {
            const std::int64_t id = segment_id(start);
            Segment* segment = segment_at(id);
            if (!segment) segment = &make_segment(id);
            segment->table.put(hash_of(key.hash, start, clocks_.seq), stored_key, value, timestamp);
        }
    }
    if (log_) log_->log(stored_key, value, timestamp);
}

// ---- many windows
// ---------------------------------------------------------------------------------------------------

std::unique_ptr<WindowCursor> SegmentedWindowStore::fetch(BytesView key, std::int64_t from,
                                                          std::int64_t to, bool forward) {
    return std::make_unique<WindowKeyCursor>(*this, key, std::max(from, visible_from()), to,
                                             forward);
}

std::unique_ptr<WindowCursor> SegmentedWindowStore::fetch_all(std::int64_t from, std::int64_t to,
                                                              bool forward) {
    return std::make_unique<WindowScanCursor>(*this, std::max(from, visible_from()), to, forward);
}

// ---- sorted runs
// ----------------------------------------------------------------------------------------------------

void SegmentedWindowStore::open_runs() {
    clocks_ = committed_clocks_ = Clocks{disk_->record()->stream_time, disk_->record()->seq};
    auto ids = disk_->parts();
    if (!ids) {
        failure_ = std::move(ids).error();
        return;
    }
    for (const std::int64_t id : *ids) make_segment(id).table.set_has_runs();
}

void SegmentedWindowStore::load_range(std::int64_t id, Segment& segment,
                                      std::optional<BytesView> key, std::int64_t from,
                                      std::int64_t to) {
    if (segment.table.complete()) return;
    const bool by_key = key && !disk_->time_first();
    ByteSink first, last;
    write_window_key(first, by_key ? *key : BytesView{}, std::max<std::int64_t>(from, 0), 0);
    if (by_key) write_window_key(last, *key, to, INT32_MAX);
    auto cursor = disk_->cursor(id);
    if (by_key || disk_->time_first())
        cursor->seek(first.view());
    else
        cursor->seek(std::nullopt);
    for (; cursor->valid(); cursor->next()) {
        const BytesView found = cursor->key();
        if (found.size() < kWindowSuffixBytes) continue;
        const std::int64_t start = start_of_window_key(found);
        if (by_key ? compare(found, last.view()) > 0 : disk_->time_first() && start > to) break;
        if (start < from || start > to || (key && !equal(key_of_window_key(found), *key))) continue;
        const std::uint64_t hash = hash_of(found);
        if (!segment.table.find(hash, found))
            segment.table.load_clean(hash, found, cursor->value(), cursor->timestamp());
    }
    if (auto status = cursor->status(); !status) failure_ = std::move(status).error();
}

void SegmentedWindowStore::freeze(SpillPart& part) {
    const std::int64_t live_from = segment_id(committed_clocks_.time - spec_.retention_ms);
    if (live_from > 0 && disk_->has_runs()) part.removed.push_back(disk_->range_below(live_from));
    for (auto& [id, segment] : segments_) {
        if (segment->table.committed_bytes() == 0) continue;
        part.frozen.push_back(
            {disk_->prefix(id), segment, &segment->table.freeze(), disk_->time_first()});
        spilling_.push_back(segment);
    }
    disk_->begin(part, committed_clocks_.time, committed_clocks_.seq);
}

void SegmentedWindowStore::thaw(bool spilled) {
    for (auto& segment : spilling_)
        spilled ? segment->table.spilled() : segment->table.spill_failed();
    spilling_.clear();
    disk_->end(spilled);
}

std::int64_t SegmentedWindowStore::evict(std::int64_t bytes) {
    constexpr std::size_t kSlotsPerTurn = 65'536;
    std::int64_t freed = 0;
    for (auto& [id, segment] : segments_)  // the oldest windows first
        if (freed < bytes) freed += segment->table.evict(bytes - freed, kSlotsPerTurn);
    return freed;
}

void SegmentedWindowStore::clear() {
    segments_.clear();
    spilling_.clear();
    last_id_ = INT64_MIN;
    last_ = nullptr;
    clocks_ = in_flight_clocks_ = committed_clocks_ = Clocks{};
    puts_ = sealed_puts_ = 0;
}

}  // namespace millrace::state
