#include "millrace/state/session/segmented_session_store.h"

#include <algorithm>

#include "millrace/state/window/segment_scans.h"
#include "millrace/state/window/window_order.h"

namespace millrace::state {
namespace {

std::uint64_t hash_of(std::uint64_t key_hash, std::int64_t start, std::int64_t end) {
    const std::uint64_t h =
        key_hash ^
        (static_cast<std::uint64_t>(end) + 0x9e3779b97f4a7c15ULL) * 0xd6e8feb86659fd93ULL ^
        (static_cast<std::uint64_t>(start) + 0xc2b2ae3d27d4eb4fULL) * 0xff51afd7ed558ccdULL;
    return (h ^ (h >> 32)) * 0x9e3779b97f4a7c15ULL;
}
std::uint64_t hash_of(BytesView k) {
    return hash_of(hash_bytes(key_of_session_key(k)), start_of_session_key(k),
                   end_of_session_key(k));
}

SegmentsShape shape_of(const SessionSpec& spec) {
    const KeyOrder order = !spec.persistent    ? KeyOrder::SessionEndFirst
                           : spec.time_ordered ? KeyOrder::SessionTimeFirst
                                               : KeyOrder::Bytes;
    return {spec.retention_ms, segment_interval_ms(spec.retention_ms), kSessionSuffixBytes, order,
            hash_of};
}

template <class Scan>
class Cursor final : public SessionCursor {
public:
    template <class... Args>
    explicit Cursor(Args&&... args) : scan_(std::forward<Args>(args)...) {}
    bool valid() const override { return scan_.valid(); }
    void next() override { scan_.next(); }
    BytesView key() const override { return key_of_session_key(scan_.composite()); }
    std::int64_t start() const override { return start_of_session_key(scan_.composite()); }
    std::int64_t end() const override { return end_of_session_key(scan_.composite()); }
    ValueAndTimestamp value() const override { return scan_.value(); }

private:
    Scan scan_;
};

}  // namespace

SegmentedSessionStore::SegmentedSessionStore(SessionSpec spec, std::unique_ptr<StoreDisk> disk)
    : spec_(std::move(spec)), segments_(shape_of(spec_), std::move(disk)) {}

bool SegmentedSessionStore::live(std::int64_t end) const {
    if (spec_.persistent) return segments_.id_of(end) >= segments_.live_from();
    return end > segments_.clocks().time - spec_.retention_ms;
}

Result<void> SegmentedSessionStore::restore(BytesView key, MaybeBytes value, Timestamp timestamp) {
    if (key.size() < kSessionSuffixBytes)
        return fail(ErrorCode::CorruptMessage, "changelog of session store " + spec_.name +
                                                   ": a key of " + std::to_string(key.size()) +
                                                   " bytes is shorter than a session");
    const std::int64_t end = end_of_session_key(key);
    segments_.observe(end);
    segments_.restored();
    if (live(end)) segments_.restore(key, value, timestamp);
    return {};
}

std::optional<ValueAndTimestamp> SegmentedSessionStore::fetch(const HashedKey& key,
                                                              std::int64_t start,
                                                              std::int64_t end) {
    if (end < visible_from()) return {};
    return segments_.get(hash_of(key.hash, start, end), session_key(key.key, start, end));
}

void SegmentedSessionStore::put(const HashedKey& key, std::int64_t start, std::int64_t end,
                                MaybeBytes value, Timestamp timestamp) {
    const BytesView stored_key = session_key(key.key, start, end);
    segments_.count_put();
    segments_.observe(end);
    if (live(end))
        segments_.put(hash_of(key.hash, start, end), stored_key, value, timestamp);
    else
        ++expired_puts_;
    if (log_) log_->log(stored_key, value, timestamp);
}

void SegmentedSessionStore::remove(const HashedKey& key, std::int64_t start, std::int64_t end,
                                   Timestamp timestamp) {
    const BytesView stored_key = session_key(key.key, start, end);
    segments_.count_put();
    if (spec_.persistent)
        segments_.observe(end);  // InMemorySessionStore.remove leaves the time alone
    if (live(end))
        segments_.put(hash_of(key.hash, start, end), stored_key, std::nullopt, timestamp);
    if (log_) log_->log(stored_key, std::nullopt, timestamp);
}

std::unique_ptr<SessionCursor> SegmentedSessionStore::find(BytesView key, std::int64_t earliest_end,
                                                           std::int64_t latest_start,
                                                           bool forward) {
    return std::make_unique<Cursor<SegmentKeyScan>>(
        segments_, key, std::max(earliest_end, visible_from()), INT64_MAX, forward,
        [latest_start](BytesView k) { return start_of_session_key(k) <= latest_start; });
}

std::unique_ptr<SessionCursor> SegmentedSessionStore::find_all(std::int64_t earliest_end,
                                                               std::int64_t latest_end,
                                                               bool forward) {
    const std::int64_t from =
        spec_.time_ordered ? earliest_end : std::max(earliest_end, visible_from());
    return std::make_unique<Cursor<SegmentScan>>(segments_, from, latest_end, forward);
}

}  // namespace millrace::state
