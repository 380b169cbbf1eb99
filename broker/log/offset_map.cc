#include "millrace/broker/log/offset_map.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "millrace/base/check.h"

namespace millrace::broker {

namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;
    void round() {
        v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
        v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
};

}  // namespace

Hash128 siphash128(BytesView bytes, const HashSecret& secret) {
    SipState s{secret.high ^ 0x736f6d6570736575ULL, secret.low ^ 0x646f72616e646f6dULL ^ 0xee,
               secret.high ^ 0x6c7967656e657261ULL, secret.low ^ 0x7465646279746573ULL};
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        s.v3 ^= word;
        s.round();
        s.v0 ^= word;
    }
    std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56, tail = 0;
    if (left > 0) std::memcpy(&tail, at, left);
    last |= tail;
    s.v3 ^= last;
    s.round();
    s.v0 ^= last;
    s.v2 ^= 0xee;
    for (int i = 0; i < 3; ++i) s.round();
    const std::uint64_t high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= 0xdd;
    for (int i = 0; i < 3; ++i) s.round();
    return {high, s.v0 ^ s.v1 ^ s.v2 ^ s.v3};
}

OffsetMap::OffsetMap(std::size_t bytes_max, std::int64_t keys, HashSecret secret)
    : secret_(secret) {
    const auto wanted =
        static_cast<std::size_t>(static_cast<double>(std::max<std::int64_t>(keys, 1)) / kLoad) + 2;
    slots_count_ = std::max<std::size_t>(2, std::min(bytes_max / kSlotBytes, wanted));
    keys_max_ = std::max<std::size_t>(
        1, static_cast<std::size_t>(static_cast<double>(slots_count_) * kLoad));
    slots_.reset(static_cast<Slot*>(std::calloc(slots_count_, sizeof(Slot))));
    MR_CHECK(slots_ != nullptr);
}

std::size_t OffsetMap::find(const Hash128& hash) const {
    std::size_t at =
        static_cast<std::size_t>((static_cast<unsigned __int128>(hash.high) * slots_count_) >> 64);
    while (slots_[at].next_offset != 0 && !(slots_[at].hash == hash))
        at = at + 1 == slots_count_ ? 0 : at + 1;
    return at;
}

bool OffsetMap::put(BytesView key, Offset offset) {
    const Hash128 hash = siphash128(key, secret_);
    Slot& slot = slots_[find(hash)];
    if (slot.next_offset == 0) {
        if (size_ >= keys_max_) return false;
        ++size_;
        slot.hash = hash;
    }
    slot.next_offset = offset.value() + 1;
    return true;
}

std::optional<Offset> OffsetMap::get(BytesView key) const {
    const Slot& slot = slots_[find(siphash128(key, secret_))];
    if (slot.next_offset == 0) return std::nullopt;
    return Offset{slot.next_offset - 1};
}

}  // namespace millrace::broker
