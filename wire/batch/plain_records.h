#pragma once
// The usual record, read fast: no headers, no varint over three bytes, kPlainSlack bytes of the
// batch behind its value's length. Everything is checked: what is odd, or does not fit, is left to
// the careful reader (record_reader.cc). For wire/ alone.
//
// Records of a stream are often alike: where two in a row have the same size, those that follow are
// held against the last one as bytes. Only what may differ (attributes, timestamp, the contents of
// key and value) is masked out, and the offset is expected to count up.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "millrace/base/byte_order.h"

namespace millrace::wire {

static_assert(std::endian::native == std::endian::little);

// Bytes that may be read behind a place without a check: three varints, of which one is read four
// bytes at once, and what stands before the key.
inline constexpr std::ptrdiff_t kPlainSlack = 32;

struct PlainField {  // key or value; no data: null
    const std::byte* data;
    std::uint32_t size;
};
struct PlainRecord {
    std::uint32_t timestamp_delta;  // zigzag
    std::int32_t offset_delta;
    PlainField key, value;
};

namespace plain {

template <class T>
[[gnu::always_inline]] inline T load(const std::byte* at) {
    T v;
    std::memcpy(&v, at, sizeof v);
    return v;
}

// An unsigned varint of at most three bytes, which are readable. False: it is longer.
[[gnu::always_inline]] inline bool varint(const std::byte*& at, std::uint32_t& v) {
    v = std::to_integer<std::uint32_t>(at[0]);
    if (v < 0x80) [[likely]] {
        at += 1;
        return true;
    }
    const std::uint32_t second = std::to_integer<std::uint32_t>(at[1]);
    v += (second << 7) - 0x80;
    if (second < 0x80) [[likely]] {
        at += 2;
        return true;
    }
    const std::uint32_t third = std::to_integer<std::uint32_t>(at[2]);
    v += (third << 14) - 0x4000;
    at += 3;
    return third < 0x80;
}

[[gnu::always_inline]] inline bool field(const std::byte*& at, PlainField& into) {
    std::uint32_t length;
    if (!varint(at, length)) [[unlikely]]
        return false;
    if ((length & 1) != 0) [[unlikely]] {  // every negative length is null, as in Java
        into = {nullptr, 0};
    } else {
        into = {at, length >> 1};
        at += into.size;
    }
    return true;
}

// One record from `at`, which is not behind `safe_end`: the end of the batch less kPlainSlack.
[[gnu::always_inline]] inline bool read_one(const std::byte*& at, const std::byte* safe_end,
                                            PlainRecord& record) {
    const std::byte* next = at;
    std::uint32_t length, offset;
    if (!varint(next, length)) [[unlikely]]
        return false;
    const std::byte* const body = next;
    next += 1;  // attributes: none are defined
    if (!varint(next, record.timestamp_delta) || !varint(next, offset) || (offset & 1) != 0)
        [[unlikely]]
        return false;
    record.offset_delta = static_cast<std::int32_t>(offset >> 1);
    if (!field(next, record.key) || next > safe_end) [[unlikely]]
        return false;
    if (!field(next, record.value) || next >= safe_end + kPlainSlack) [[unlikely]]
        return false;
    // The lengths fill the record exactly, and no header follows.
    if (static_cast<std::uint64_t>(next + 1 - body) * 2 != length || *next != std::byte{0})
        [[unlikely]]
        return false;
    at = next + 1;
    return true;
}

// What the records behind one look like, if they are like it.
struct Shape {
    std::uint64_t mask, written;  // of the first eight bytes of the next: lengths and offset
    std::uint64_t step, flags;    // how the offset counts up: see below
    std::uint64_t time_bits;      // where in them the timestamp's delta stands
    std::uint32_t value_mask, value_written;  // of the four where the value's length stands
    std::uint32_t time_mask;                  // of the second byte of the timestamp, if it has one
    unsigned time_shift;
    std::ptrdiff_t size, key_at, value_length_at, value_at;
    std::uint32_t key_size, value_size;
    std::int32_t left;  // records until the offset takes more bytes

    // False: a null, or too wide to be looked at in one go.
    bool of(const std::byte* begin, const std::byte* end, const PlainRecord& record) {
        if (!record.key.data || !record.value.data) return false;
        const auto width = [](std::uint64_t v) { return v < 0x80 ? 1u : v < 0x4000 ? 2u : 3u; };
        size = end - begin;
        key_at = record.key.data - begin;
        value_at = record.value.data - begin;
        key_size = record.key.size;
        value_size = record.value.size;
        if (key_at > 8) return false;
        value_length_at = key_at + static_cast<std::ptrdiff_t>(key_size);
        const unsigned value_width = static_cast<unsigned>(value_at - value_length_at);
        const unsigned time_width = width(record.timestamp_delta);
        const auto offset = static_cast<std::uint32_t>(record.offset_delta);
        const unsigned offset_width = width(std::uint64_t{offset} << 1);
        const unsigned key_width = width(std::uint64_t{key_size} << 1);
        // All varints are as short as they can be, or the widths do not add up.
        const unsigned length_width = width(static_cast<std::uint64_t>(size - 1) << 1) == 1 ? 1 : 2;
        if (value_width != width(std::uint64_t{value_size} << 1) || time_width > 2 ||
            offset_width > 2 || key_at != length_width + 1 + time_width + offset_width + key_width)
            return false;
        const std::uint64_t first = load<std::uint64_t>(begin);
        const unsigned time_bit = (length_width + 1) * 8, offset_bit = time_bit + time_width * 8;
        const std::uint64_t ones = ~std::uint64_t{0};
        mask = key_at == 8 ? ones : ~(ones << (8 * key_at));
        mask &= ~(std::uint64_t{0xff} << (8 * length_width));  // attributes
        time_bits = std::uint64_t{time_width == 1 ? 0x7fu : 0x7f7fu} << time_bit;
        mask &= ~time_bits;
        step = std::uint64_t{2} << offset_bit;
        flags = offset_width == 1 ? 0 : std::uint64_t{0x80} << offset_bit;
        left = (offset_width == 1 ? 64 : 8192) - record.offset_delta - 1;
        written = ((first & mask) + step) | flags;
        time_shift = time_bit;
        time_mask = time_width == 1 ? 0 : 0x3f80;
        value_mask = value_width == 1 ? 0xff : value_width == 2 ? 0xffff : 0xffffff;
        value_written = load<std::uint32_t>(begin + value_length_at) & value_mask;
        return true;
    }

    // The timestamp's delta out of the first eight bytes. Two that are not negative compare as
    // their bits do where they stand: first & time_bits.
    std::int64_t time_delta(std::uint64_t first) const {
        const std::uint64_t time = first >> time_shift;
        if ((time & 1) == 0) [[likely]]
            return static_cast<std::int64_t>(((time & 0x7e) >> 1) |
                                             ((time >> 2) & (time_mask >> 1)));
        return unzigzag(static_cast<std::uint32_t>((time & 0x7f) | ((time >> 1) & time_mask)));
    }
    bool negative_time(std::uint64_t first) const { return ((first >> time_shift) & 1) != 0; }
};

// Gives the first eight bytes of each record of [at, stop) that is like the shape to `each`, up to
// the first that is not; where that begins. [at, stop) has room for at least one of this size, and
// for a whole number of them.
template <class Each>
[[gnu::always_inline]] inline const std::byte* each_alike(const Shape& shape, const std::byte* at,
                                                          const std::byte* stop, Each&& each) {
    std::uint64_t written = shape.written;
    do {
        const std::uint64_t first = load<std::uint64_t>(at);
        if ((first & shape.mask) != written ||
            (load<std::uint32_t>(at + shape.value_length_at) & shape.value_mask) !=
                shape.value_written ||
            at[shape.size - 1] != std::byte{0})
            break;
        each(at, first);
        // Adding 2 to the zigzag offset carries into its second byte when the first byte's
        // continuation bit is set again.
        written = (written + shape.step) | shape.flags;
        at += shape.size;
    } while (at != stop);
    return at;
}

}  // namespace plain

// Gives at most `wanted` plain records of [at, end) to `to`, whose offset deltas are expected to
// count up from `delta`; moves `at` and `delta` behind them. How many: fewer when the next one is
// not plain or does not fit.
//   to.one(i, record)                        the i-th
//   to.alike(i, delta, shape, at, stop)      the i-th and those behind it, with offset deltas from
//                                            `delta` on, as each_alike() gives them; where it
//                                            stopped
template <class To>
[[gnu::always_inline]] inline std::size_t read_plain(const std::byte*& at_, const std::byte* end,
                                                     std::int32_t& delta, std::size_t wanted,
                                                     To&& to) {
    if (end - at_ <= kPlainSlack) return 0;
    const std::byte* const safe_end = end - kPlainSlack;
    const std::byte* at = at_;
    std::size_t done = 0;
    std::ptrdiff_t last_size = 0;
    while (done < wanted && at <= safe_end) {
        const std::byte* const begin = at;
        PlainRecord record;
        if (!plain::read_one(at, safe_end, record)) break;
        to.one(done, record);
        ++done;
        delta = record.offset_delta + 1;
        if (std::exchange(last_size, at - begin) != at - begin) continue;
        plain::Shape shape;
        if (safe_end - at < last_size || !shape.of(begin, at, record)) continue;
        const std::size_t most = std::min({wanted - done, static_cast<std::size_t>(shape.left),
                                           static_cast<std::size_t>((safe_end - at) / shape.size)});
        if (most == 0) continue;
        const std::byte* const stop = at + static_cast<std::ptrdiff_t>(most) * shape.size;
        const std::byte* const from = std::exchange(at, to.alike(done, delta, shape, at, stop));
        const auto n = static_cast<std::size_t>((at - from) / shape.size);
        done += n;
        delta += static_cast<std::int32_t>(n);
    }
    at_ = at;
    return done;
}

}  // namespace millrace::wire
