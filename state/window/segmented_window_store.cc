#include "millrace/state/window/segmented_window_store.h"

#include <algorithm>

#include "millrace/state/table/counting.h"
#include "millrace/state/window/segment_scans.h"

namespace millrace::state {
namespace {

std::uint64_t salt_of(std::int64_t start, std::int32_t seq) {
    return (static_cast<std::uint64_t>(start) + 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL ^
           static_cast<std::uint64_t>(static_cast<std::uint32_t>(seq)) * 0xff51afd7ed558ccdULL;
}
std::uint64_t salted(std::uint64_t key_hash, std::uint64_t salt) {
    const std::uint64_t h = key_hash ^ salt;
    return (h ^ (h >> 32)) * 0x9e3779b97f4a7c15ULL;
}
std::uint64_t hash_of(std::uint64_t key_hash, std::int64_t start, std::int32_t seq) {
    return salted(key_hash, salt_of(start, seq));
}
std::uint64_t hash_of(BytesView k) {
    return hash_of(hash_bytes(key_of_window_key(k)), start_of_window_key(k), seq_of_window_key(k));
}

SegmentsShape shape_of(const WindowSpec& spec) {
    const WindowOrder order(spec);
    return {spec.retention_ms, order.segment_interval, kWindowSuffixBytes, order.within, hash_of};
}

template <class Scan>
class Cursor final : public WindowCursor {
public:
    template <class... Args>
    explicit Cursor(Args&&... args) : scan_(std::forward<Args>(args)...) {}
    bool valid() const override { return scan_.valid(); }
    void next() override { scan_.next(); }
    BytesView key() const override { return key_of_window_key(scan_.composite()); }
    std::int64_t window_start() const override { return start_of_window_key(scan_.composite()); }
    ValueAndTimestamp value() const override { return scan_.value(); }

private:
    Scan scan_;
};

}  // namespace

SegmentedWindowStore::SegmentedWindowStore(WindowSpec spec, std::unique_ptr<StoreDisk> disk)
    : spec_(std::move(spec)), segments_(shape_of(spec_), std::move(disk)) {}

bool SegmentedWindowStore::live(std::int64_t start) const {
    if (spec_.persistent) return segments_.id_of(start) >= segments_.live_from();
    return start > segments_.clocks().time - spec_.retention_ms;
}

Result<void> SegmentedWindowStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    if (key.size() < kWindowSuffixBytes)
        return fail(ErrorCode::CorruptMessage, "changelog of window store " + spec_.name +
                                                   ": a key of " + std::to_string(key.size()) +
                                                   " bytes is shorter than a window");
    const std::int64_t start = start_of_window_key(key);
    // As put() does; RocksDBWindowStore lets a null move the time here, but not there: a crash
    // would then change what is late.
    if (value || !spec_.retain_duplicates || !spec_.persistent) segments_.observe(start);
    if (spec_.retain_duplicates) segments_.clocks().seq = seq_of_window_key(key);
    segments_.restored();
    if (live(start) && (value || !spec_.retain_duplicates))
        segments_.restore(key, value, timestamp);
    return {};
}

void SegmentedWindowStore::prefetch(const HashedKey& key, std::int64_t start) {
    if (Segment* segment = segments_.at(segments_.id_of(start)))
        segment->table.prefetch(hash_of(key.hash, start, 0));
}

std::optional<ValueAndTimestamp> SegmentedWindowStore::fetch(const HashedKey& key,
                                                             std::int64_t start) {
    if (start < visible_from()) return {};
    const std::int32_t seq =
        spec_.retain_duplicates ? segments_.clocks().seq : 0;  // as RocksDBWindowStore.fetch
    return segments_.get(hash_of(key.hash, start, seq), window_key(key.key, start, seq));
}

void SegmentedWindowStore::put(const HashedKey& key, std::int64_t start, MaybeBytes value,
                               Timestamp timestamp) {
    auto& seq = segments_.clocks().seq;
    if (spec_.retain_duplicates) seq = static_cast<std::int32_t>((seq + 1u) & 0x7fffffffu);
    const BytesView stored_key = window_key(key.key, start, seq);
    segments_.count_put();
    const bool nothing_to_do = !value && spec_.retain_duplicates;
    if (!nothing_to_do || !spec_.persistent) {
        segments_.observe(start);
        if (!live(start))
            ++expired_puts_;
        else if (!nothing_to_do)
            segments_.put(hash_of(key.hash, start, seq), stored_key, value, timestamp);
    }
    if (log_) log_->log(stored_key, value, timestamp);
}

bool SegmentedWindowStore::count(std::span<Counted> run, std::int64_t start) {
    if (spec_.retain_duplicates || start < visible_from() || !live(start)) return false;
    segments_.count_put(static_cast<std::int64_t>(run.size()));
    segments_.observe(start);
    Table& table = segments_.at_or_new(segments_.id_of(start)).table;
    const std::uint64_t salt = salt_of(start, 0);
    const WindowSuffix suffix(start, 0);
    count_in(
        table, run, [salt](std::uint64_t key_hash) { return salted(key_hash, salt); },
        [&](const Counted& record) {
            return WindowKey{record.key, suffix};
        },
        [&](Counted& record, std::uint64_t hash) {
            const BytesView whole = window_key(record.key, start, 0);
            count_by_put(table, record, hash, whole, segments_.get(hash, whole));
        });
    log_counted(log_, run);
    return true;
}

std::unique_ptr<WindowCursor> SegmentedWindowStore::fetch(BytesView key, std::int64_t from,
                                                          std::int64_t to, bool forward) {
    return std::make_unique<Cursor<SegmentKeyScan>>(segments_, key, std::max(from, visible_from()),
                                                    to, forward);
}

std::unique_ptr<WindowCursor> SegmentedWindowStore::fetch_all(std::int64_t from, std::int64_t to,
                                                              bool forward) {
    return std::make_unique<Cursor<SegmentScan>>(segments_, std::max(from, visible_from()), to,
                                                 forward);
}

}  // namespace millrace::state
