#include "millrace/state/window/segment_scans.h"

#include <algorithm>

namespace millrace::state {
namespace {
constexpr ValueAndTimestamp kGone{{}, Timestamp{-1}};
}

// ---- one key
// --------------------------------------------------------------------------------------------------------

SegmentKeyScan::SegmentKeyScan(Segments& segments, BytesView key, std::int64_t from,
                               std::int64_t to, bool forward,
                               const std::function<bool(BytesView)>& wanted)
    : segments_(segments) {
    key_.append(key);
    key_.grow(segments.shape().suffix_bytes);
    if (from > to) return;
    std::vector<Entry*> entries;
    for (auto at = segments.all().lower_bound(segments.id_of(from)); at != segments.all().end();
         ++at) {
        if (at->first > segments.id_of(to)) break;
        segments.load_range(at->first, *at->second, key, from, to);
        at->second->runs().collect(key, from, to, entries);
    }
    found_.reserve(entries.size());
    for (const Entry* e : entries) {
        if (!e->newest_is_value() || (wanted && !wanted(e->key()))) continue;
        Suffix& suffix = found_.emplace_back();
        const BytesView bytes = e->key().last(segments.shape().suffix_bytes);
        std::copy(bytes.begin(), bytes.end(), suffix.begin());
    }
    if (!forward) std::reverse(found_.begin(), found_.end());
    stand();
}

void SegmentKeyScan::stand() {
    const std::size_t n = segments_.shape().suffix_bytes;
    if (valid()) std::memcpy(key_.data() + key_.size() - n, found_[at_].data(), n);
}

const Entry* SegmentKeyScan::entry() const {
    Segment* segment = segments_.at(segments_.id_of(segments_.time_of(key_.view())));
    return segment ? segment->table.find(segments_.shape().hash(key_.view()), key_.view())
                   : nullptr;
}

void SegmentKeyScan::next() {
    for (++at_; valid(); ++at_) {
        stand();
        const Entry* e = entry();
        if (e && e->newest_is_value()) return;
    }
}

ValueAndTimestamp SegmentKeyScan::value() const {
    const Entry* e = entry();
    return e ? Table::newest(*e).value_or(kGone) : kGone;
}

// ---- all keys
// -------------------------------------------------------------------------------------------------------

SegmentScan::SegmentScan(Segments& segments, std::int64_t from, std::int64_t to, bool forward,
                         std::function<bool(BytesView)> wanted)
    : segments_(segments), from_(from), to_(to), forward_(forward), wanted_(std::move(wanted)) {
    if (from > to) return;
    for (auto at = segments.all().lower_bound(segments.id_of(from)); at != segments.all().end();
         ++at) {
        if (at->first > segments.id_of(to)) break;
        ids_.push_back(at->first);
    }
    if (forward) std::reverse(ids_.begin(), ids_.end());
    settle();
}

bool SegmentScan::open_next() {
    while (!ids_.empty()) {
        id_ = ids_.back();
        ids_.pop_back();
        Segment* segment = segments_.at(id_);
        if (!segment) continue;
        segments_.load_range(id_, *segment, std::nullopt, from_, to_);
        scan_ = std::make_unique<TableScan>(segment->table, segment->sorted(), std::nullopt,
                                            std::nullopt, forward_);
        return true;
    }
    return false;
}

void SegmentScan::next() {
    if (!valid_) return;
    if (segments_.at(id_))
        scan_->next();
    else
        scan_.reset();  // its segment is gone
    settle();
}

void SegmentScan::settle() {
    valid_ = false;
    while (scan_ || open_next()) {
        for (; !scan_->ended(); scan_->next()) {
            const Entry* e = scan_->entry();
            if (!e || !e->newest_is_value()) continue;
            const std::int64_t time = segments_.time_of(e->key());
            if (time < from_ || time > to_ || (wanted_ && !wanted_(e->key()))) continue;
            key_.clear();
            key_.append(e->key());
            valid_ = true;
            return;
        }
        scan_.reset();
    }
}

ValueAndTimestamp SegmentScan::value() const {
    Segment* segment = segments_.at(id_);
    const Entry* e =
        segment ? segment->table.find(segments_.shape().hash(key_.view()), key_.view()) : nullptr;
    return e ? Table::newest(*e).value_or(kGone) : kGone;
}

}  // namespace millrace::state
