#include "millrace/state/table/slots.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "millrace/base/check.h"

namespace millrace::state {

namespace {
// Cleared by stores of our own: a slot is looked at soon after.
template <class Slot>
void clear_slots(Slot* slots, std::size_t n) {
    static_assert(sizeof(Slot) == 16);
    for (Slot* at = slots; at != slots + n; at += 4) {
        at[0] = at[1] = at[2] = at[3] = Slot{0, nullptr};
    }
}
template <class Slot>
std::unique_ptr<Slot[]> make_slots(std::size_t n) {
    auto slots = std::make_unique_for_overwrite<Slot[]>(n);
    clear_slots(slots.get(), n);
    return slots;
}
}  // namespace

Slots::Slots() {
    directory_.assign(2, make(kSlotsMin, 0));
}

Slots::Segment* Slots::make(std::size_t slots, unsigned depth) {
    auto segment = std::make_unique<Segment>();
    segment->slots = make_slots<Slot>(slots);
    segment->mask = slots - 1;
    segment->used_max = used_max(slots);
    segment->depth = depth;
    bytes_ += static_cast<std::int64_t>(slots * sizeof(Slot));
    segments_.push_back(std::move(segment));
    return segments_.back().get();
}

void Slots::place(Segment& s, const Slot& slot) {
    std::size_t i = slot.hash & s.mask;
    while (s.slots[i].entry) i = (i + 1) & s.mask;
    s.slots[i] = slot;
    ++s.used;
}

void Slots::insert(Entry* entry) {
    for (;;) {
        Segment& s = segment_of(entry->hash);
        if (s.used < s.used_max) {
            place(s, Slot{entry->hash, entry});
            ++size_;
            return;
        }
        grow(entry->hash);
    }
}

void Slots::grow(std::uint64_t hash) {
    ++layout_;
    Segment& old = segment_of(hash);
    const std::size_t old_slots = old.mask + 1;
    const std::size_t new_slots = std::max(old_slots * 2, old.expected);
    // Keys of one hash cannot be split apart: past 40 shared bits a segment just gets larger.
    if (old_slots < kSlotsMax || old.depth >= 40) {
        auto slots = std::move(old.slots);
        old.slots = make_slots<Slot>(new_slots);
        old.mask = new_slots - 1;
        old.used_max = used_max(new_slots);
        old.used = 0;
        bytes_ += static_cast<std::int64_t>((new_slots - old_slots) * sizeof(Slot));
        for (std::size_t i = 0; i < old_slots; ++i)
            if (slots[i].entry) place(old, slots[i]);
        return;
    }
    if (old.depth == 64 - shift_) {
        std::vector<Segment*> twice(directory_.size() * 2);
        for (std::size_t i = 0; i < twice.size(); ++i) twice[i] = directory_[i / 2];
        directory_ = std::move(twice);
        --shift_;
    }
    const unsigned depth = old.depth + 1;
    Segment* high = make(old_slots, depth);  // takes the keys whose next bit is 1
    auto slots = std::move(old.slots);
    old.slots = make_slots<Slot>(old_slots);
    old.used = 0;
    old.depth = depth;
    for (std::size_t i = 0; i < old_slots; ++i)
        if (slots[i].entry) place(slots[i].hash >> (64 - depth) & 1 ? *high : old, slots[i]);
    const std::size_t span = std::size_t{1}
                             << ((64 - shift_) - depth);  // directory places per segment
    const std::size_t first = (hash >> shift_) / (2 * span) * (2 * span);
    for (std::size_t i = 0; i < span; ++i) directory_[first + span + i] = high;
}

void Slots::clear() {
    for (const auto& s : segments_) {
        clear_slots(s->slots.get(), s->mask + 1);
        s->used = 0;
    }
    size_ = 0;
}

void Slots::expect(std::size_t keys) {
    MR_CHECK(size_ == 0);
    // Segments that will be filled to a half, so that few of them have to split.
    unsigned depth = 0;
    while (depth < 24 && (keys >> depth) > kSlotsMax / 2) ++depth;
    segments_.clear();
    bytes_ = 0;
    ++layout_;
    const std::size_t slots = std::min(kSlotsMax, std::bit_ceil((keys >> depth) * 2 + 1));
    shift_ = 64 - std::max(depth, 1u);
    directory_.clear();
    for (std::size_t i = 0; i < std::size_t{1} << depth; ++i) {
        directory_.push_back(make(kSlotsMin, depth));
        directory_.back()->expected = slots;
    }
    if (depth == 0) directory_.push_back(directory_.back());
}

void Slots::erase(const Entry* entry) {
    Segment& s = segment_of(entry->hash);
    std::size_t hole = entry->hash & s.mask;
    while (s.slots[hole].entry != entry) {
        MR_DCHECK(s.slots[hole].entry);
        hole = (hole + 1) & s.mask;
    }
    // Backward shift: whoever probed past the hole moves into it.
    for (std::size_t i = (hole + 1) & s.mask; s.slots[i].entry; i = (i + 1) & s.mask) {
        const std::size_t wanted = s.slots[i].hash & s.mask;
        if (((i - wanted) & s.mask) >= ((i - hole) & s.mask)) {
            s.slots[hole] = s.slots[i];
            hole = i;
        }
    }
    s.slots[hole] = Slot{0, nullptr};
    --s.used;
    --size_;
}

void Slots::replace(const Entry* old, Entry* by) {
    Segment& s = segment_of(old->hash);
    std::size_t i = old->hash & s.mask;
    while (s.slots[i].entry != old) i = (i + 1) & s.mask;
    s.slots[i].entry = by;
}

void Slots::sweep(std::uint64_t& hand, std::size_t count, std::vector<Entry*>& into) const {
    // The hand is (place in the directory, slot): it may miss or repeat a few entries when segments
    // split; that is harmless.
    std::size_t place = static_cast<std::size_t>(hand >> 32) % directory_.size();
    std::size_t at = hand & 0xffffffffu;
    std::size_t empty_turns = 0;
    while (count > 0 && empty_turns <= directory_.size()) {
        const Segment* s = directory_[place];
        for (; at <= s->mask && count > 0; ++at, --count)
            if (s->slots[at].entry) into.push_back(s->slots[at].entry);
        if (at <= s->mask) break;
        at = 0;
        do {
            place = (place + 1) % directory_.size();
            ++empty_turns;
        } while (directory_[place] == s && place != 0 && empty_turns <= directory_.size());
    }
    hand = static_cast<std::uint64_t>(place) << 32 | at;
}

}  // namespace millrace::state
