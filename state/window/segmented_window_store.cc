#include "millrace/state/window/segmented_window_store.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/state/window/window_cursors.h"

namespace millrace::state {

SegmentedWindowStore::SegmentedWindowStore(WindowSpec spec, StoreRuns* runs)
    : spec_(std::move(spec)), runs_(runs), order_(spec_) {}

Segment* SegmentedWindowStore::find_segment(std::int64_t id) {
    const auto at = segments_.find(id);
    if (at == segments_.end()) return nullptr;
    last_id_ = id;
    return last_ = at->second.get();
}

Segment& SegmentedWindowStore::make_segment(std::int64_t id) {
    auto& segment = segments_[id];
    segment = std::make_unique<Segment>(runs_ != nullptr, order_.within);
    last_id_ = id;
    return *(last_ = segment.get());
}

void SegmentedWindowStore::clear_segments_below(std::int64_t id) {
    for (auto at = segments_.begin(); at != segments_.end() && at->first < id;) {
        if (at->second->table.spilling())
            ++at;  // another thread reads it; the next commit takes it
        else
            at = segments_.erase(at);
    }
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
    for (auto& [id, segment] : segments_) segment->table.seal();
}

void SegmentedWindowStore::committed() {
    if (!in_flight_) return;
    in_flight_ = false;
    committed_clocks_ = in_flight_clocks_;
    for (auto& [id, segment] : segments_) segment->table.committed();
    clear_segments_below(segment_id(committed_clocks_.time - spec_.retention_ms));
}

void SegmentedWindowStore::aborted() {
    in_flight_ = false;
    clocks_ = committed_clocks_;
    for (auto& [id, segment] : segments_) segment->table.aborted();
}

Result<void> SegmentedWindowStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    if (key.size() < kWindowSuffixBytes)
        return fail(ErrorCode::CorruptMessage, "changelog of window store " + spec_.name +
                                                   ": a key of " + std::to_string(key.size()) +
                                                   " bytes is shorter than a window");
    const std::int64_t start = start_of_window_key(key);
    clocks_.time = std::max(clocks_.time, start);
    if (spec_.retain_duplicates) clocks_.seq = seq_of_window_key(key);
    committed_clocks_ = clocks_;
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
    if (!runs_) use.committed = bytes - use.uncommitted;
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
    return segment->table.get(hash_of(key.hash, start, seq), window_key(key.key, start, seq));
}

void SegmentedWindowStore::put(const HashedKey& key, std::int64_t start, MaybeBytes value,
                               Timestamp timestamp) {
    if (spec_.retain_duplicates)
        clocks_.seq = static_cast<std::int32_t>((clocks_.seq + 1u) & 0x7fffffffu);
    const BytesView stored_key = window_key(key.key, start, clocks_.seq);
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

}  // namespace millrace::state
