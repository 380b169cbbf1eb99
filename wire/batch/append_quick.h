#pragma once
// RecordBatchBuilder::append_quick, for those who send much: the usual record in one pass, inline.
// Apart from the class because few need it.
#include <cstdint>
#include <cstring>

#include "millrace/base/byte_order.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::wire {

namespace quick {

// A varint of at most three bytes; four may be written.
[[gnu::always_inline]] inline std::byte* store(std::byte* at, std::uint32_t v) {
    if (v < 0x80) [[likely]] {
        *at = static_cast<std::byte>(v);
        return at + 1;
    }
    // v + (v & ~0x7f) moves all but the low seven bits up by one.
    std::uint32_t w = v + (v & ~0x7fu) + 0x80;
    if (v < 0x4000) [[likely]] {
        const auto two = static_cast<std::uint16_t>(w);
        std::memcpy(at, &two, sizeof two);
        return at + 2;
    }
    w += (w & ~0x7fffu) + 0x8000;
    std::memcpy(at, &w, sizeof w);
    return at + 3;
}

template <std::size_t N>
[[gnu::always_inline]] inline void move(std::byte* to, const std::byte* from) {
    struct Block {
        std::byte bytes[N];
    } block;
    std::memcpy(&block, from, N);
    std::memcpy(to, &block, N);
}

[[gnu::noinline]] inline std::byte* copy_long(std::byte* to, const std::byte* from, std::size_t n) {
    std::memcpy(to, from, n);
    return to + n;
}

// Exactly n bytes, in moves of one size of which the last two may overlap.
[[gnu::always_inline]] inline std::byte* copy(std::byte* to, const std::byte* from, std::size_t n) {
    std::byte* const end = to + n;
    const std::byte* const from_end = from + n;
    if (n >= 16) [[likely]] {
        if (n > 256) [[unlikely]]
            return copy_long(to, from, n);
        for (; end - to > 32; to += 32, from += 32) {
            move<16>(to, from);
            move<16>(to + 16, from + 16);
        }
        if (end - to > 16) move<16>(to, from);
        move<16>(end - 16, from_end - 16);
    } else if (n >= 8) {
        move<8>(to, from);
        move<8>(end - 8, from_end - 8);
    } else if (n >= 4) {
        move<4>(to, from);
        move<4>(end - 4, from_end - 4);
    } else {
        while (to != end) *to++ = *from++;
    }
    return end;
}

inline std::uint32_t length_of(const NullableView& bytes) {
    return bytes.is_null() ? 1 : static_cast<std::uint32_t>(bytes.size()) << 1;
}

inline std::uint32_t size_of(std::uint32_t v) {
    return 1u + (v >= 0x80) + (v >= 0x4000);
}

}  // namespace quick

inline bool RecordBatchBuilder::append_quick(Timestamp timestamp, NullableView key,
                                             NullableView value) {
    const std::size_t bytes = key.size() + value.size();
    if (size_ + record_size_bound(0, bytes) > quick_end_ || bytes > kQuickBytesMax) [[unlikely]]
        return false;
    const std::uint64_t time =
        zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp.value()) -
                                         static_cast<std::uint64_t>(base_timestamp_)));
    if (time >= 1 << 21) [[unlikely]]
        return false;
    const auto delta = static_cast<std::uint32_t>(last_delta_ + 1) << 1;
    // The length of the record takes one byte or two, known before it is written: the four fields
    // around the two deltas take a byte each when it is that close.
    const bool two =
        bytes >= 58 || (bytes >= 50 && 4 + quick::size_of(static_cast<std::uint32_t>(time)) +
                                               quick::size_of(delta) + bytes >=
                                           64);
    std::byte* const start = block_.data() + size_;
    std::byte* const body = start + 1 + two;
    *body = std::byte{0};  // attributes
    std::byte* at = quick::store(body + 1, static_cast<std::uint32_t>(time));
    at = quick::store(at, delta);
    at = quick::store(at, quick::length_of(key));
    at = quick::copy(at, key.data(), key.size());
    at = quick::store(at, quick::length_of(value));
    at = quick::copy(at, value.data(), value.size());
    *at++ = std::byte{0};  // no headers
    const auto length = static_cast<std::uint32_t>(at - body) << 1;
    if (two) {
        const auto written = static_cast<std::uint16_t>(length + (length & ~0x7fu) + 0x80);
        std::memcpy(start, &written, sizeof written);
    } else {
        *start = static_cast<std::byte>(length);
    }
    if (timestamp.value() > max_timestamp_) max_timestamp_ = timestamp.value();
    size_ = static_cast<std::size_t>(at - block_.data());
    ++last_delta_;
    ++count_;
    return true;
}

inline bool OpenBatch::append(Timestamp timestamp, NullableView key, NullableView value) const {
    return builder && builder->append_quick(timestamp, key, value);
}

}  // namespace millrace::wire
