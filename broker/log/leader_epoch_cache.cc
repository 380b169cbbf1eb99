#include "millrace/broker/log/leader_epoch_cache.h"

#include <algorithm>

#include "millrace/broker/log/checkpoint_file.h"

namespace millrace::broker {

void LeaderEpochCache::assign(LeaderEpoch epoch, Offset start) {
    if (!entries_.empty() && entries_.back().epoch == epoch &&
        entries_.back().start_offset <= start)
        return;
    while (!entries_.empty() &&
           (entries_.back().epoch >= epoch || entries_.back().start_offset >= start))
        entries_.pop_back();
    entries_.push_back({epoch, start});
    dirty_ = true;
}

std::optional<LeaderEpoch> LeaderEpochCache::latest_epoch() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.back().epoch;
}

std::optional<LeaderEpoch> LeaderEpochCache::epoch_at(Offset offset) const {
    const auto after =
        std::upper_bound(entries_.begin(), entries_.end(), offset,
                         [](Offset o, const EpochEntry& e) { return o < e.start_offset; });
    if (after == entries_.begin()) return std::nullopt;
    return std::prev(after)->epoch;
}

std::optional<EpochEnd> LeaderEpochCache::end_offset_for(LeaderEpoch asked, Offset log_end) const {
    if (entries_.empty()) return std::nullopt;
    if (entries_.back().epoch == asked) return EpochEnd{asked, log_end};
    const auto higher =
        std::upper_bound(entries_.begin(), entries_.end(), asked,
                         [](LeaderEpoch e, const EpochEntry& entry) { return e < entry.epoch; });
    if (higher == entries_.end()) return std::nullopt;
    const LeaderEpoch found = higher == entries_.begin() ? asked : std::prev(higher)->epoch;
    return EpochEnd{found, higher->start_offset};
}

void LeaderEpochCache::truncate_from_end(Offset end) {
    while (!entries_.empty() && entries_.back().start_offset >= end) {
        entries_.pop_back();
        dirty_ = true;
    }
}

void LeaderEpochCache::truncate_from_start(Offset start) {
    std::size_t gone = 0;
    while (gone < entries_.size() && entries_[gone].start_offset <= start) ++gone;
    if (gone == 0 || (gone == 1 && entries_[0].start_offset == start)) return;
    entries_[gone - 1].start_offset = start;
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(gone - 1));
    dirty_ = true;
}

std::string LeaderEpochCache::to_text() const {
    std::string text = "0\n" + std::to_string(entries_.size()) + '\n';
    for (const EpochEntry& entry : entries_)
        text += std::to_string(entry.epoch.value()) + ' ' +
                std::to_string(entry.start_offset.value()) + '\n';
    return text;
}

Result<LeaderEpochCache> LeaderEpochCache::from_text(std::string_view text) {
    MR_TRY(const auto rows, parse_checkpoint(text, 2));
    LeaderEpochCache cache;
    for (const auto& row : rows) {
        std::int64_t epoch, start;
        if (!parse_number(row[0], epoch) || !parse_number(row[1], start) || epoch > INT32_MAX ||
            epoch < INT32_MIN)
            return fail(ErrorCode::CorruptMessage, "not a number in leader-epoch-checkpoint");
        cache.assign(LeaderEpoch{static_cast<std::int32_t>(epoch)}, Offset{start});
    }
    cache.dirty_ = false;
    return cache;
}

}  // namespace millrace::broker
