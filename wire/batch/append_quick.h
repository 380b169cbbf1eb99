#pragma once
// RecordBatchBuilder::append_quick, for those who send much: the usual record in one pass, inline.
// Apart from the class because few need it.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "millrace/base/byte_order.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::wire {

static_assert(std::endian::native == std::endian::little);

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

[[gnu::noinline]] inline void copy_long(std::byte* to, const std::byte* from, std::size_t n) {
    std::memcpy(to, from, n);
}

// Exactly n bytes, in moves of one size of which the last may overlap those before.
[[gnu::always_inline]] inline void copy(std::byte* to, const std::byte* from, std::size_t n) {
    if (n >= 16) [[likely]] {
        if (n > 32) {
            if (n > 256) [[unlikely]]
                return copy_long(to, from, n);
            std::size_t i = 0;
            for (; i + 64 <= n; i += 64) {
                move<16>(to + i, from + i);
                move<16>(to + i + 16, from + i + 16);
                move<16>(to + i + 32, from + i + 32);
                move<16>(to + i + 48, from + i + 48);
            }
            if (i + 32 < n) {
                move<16>(to + i, from + i);
                move<16>(to + i + 16, from + i + 16);
            }
            move<16>(to + n - 32, from + n - 32);
        } else {
            move<16>(to, from);
        }
        move<16>(to + n - 16, from + n - 16);
    } else if (n >= 8) {
        move<8>(to, from);
        move<8>(to + n - 8, from + n - 8);
    } else if (n >= 4) {
        move<4>(to, from);
        move<4>(to + n - 4, from + n - 4);
    } else {
        for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
    }
}

// What is known of all sizes of a run, so that its loop does not ask for each.
enum class Sizes : std::uint8_t { Any, Eight, From16To32 };
constexpr Sizes sizes_of(std::size_t n) {
    return n == 8 ? Sizes::Eight : n >= 16 && n <= 32 ? Sizes::From16To32 : Sizes::Any;
}
template <Sizes kSizes>
[[gnu::always_inline]] inline void copy_of(std::byte* to, const std::byte* from, std::size_t n) {
    if constexpr (kSizes == Sizes::Eight) {
        move<8>(to, from);
    } else if constexpr (kSizes == Sizes::From16To32) {
        move<16>(to, from);
        move<16>(to + n - 16, from + n - 16);
    } else {
        copy(to, from, n);
    }
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
    quick::copy(at, key.data(), key.size());
    at = quick::store(at + key.size(), quick::length_of(value));
    quick::copy(at, value.data(), value.size());
    at += value.size();
    *at++ = std::byte{0};  // no headers
    const auto length = static_cast<std::uint32_t>(at - body) << 1;
    if (two) {
        const auto written = static_cast<std::uint16_t>(length + (length & ~0x7fu) + 0x80);
        std::memcpy(start, &written, sizeof written);
    } else {
        *start = static_cast<std::byte>(length);
    }
    if (timestamp.value() > max_timestamp_) max_timestamp_ = timestamp.value();
    null_keys_ |= key.is_null();
    size_ = static_cast<std::size_t>(at - block_.data());
    ++last_delta_;
    ++count_;
    return true;
}

namespace quick {

// What a record that is written behind another looks like, if it is as that one but for its
// timestamp, its offset and the contents of key and value. Compare plain_records.h.
struct Shape {
    std::uint64_t first;        // the first eight bytes, without the timestamp's bits
    std::uint64_t step, flags;  // how the offset counts up
    bool wide_time;             // the timestamp takes two bytes
    unsigned time_shift;
    std::uint32_t value_length;
    std::size_t size, key_at, value_length_at, value_at;
    std::int32_t left;  // records until the offset takes more bytes

    // Of the record behind one with this offset delta. False: too wide.
    bool of(std::uint64_t time, std::int32_t delta, std::size_t key_size, std::size_t value_size) {
        if (time >= 0x4000 || delta >= 8191) return false;
        const auto width = [](std::uint64_t v) { return v < 0x80 ? 1u : 2u; };
        const auto varint = [](std::uint64_t v) {
            return v < 0x80 ? v : v + (v & ~std::uint64_t{0x7f}) + 0x80;
        };
        const std::uint64_t next = static_cast<std::uint64_t>(delta + 1) << 1;
        const unsigned key_width = width(key_size << 1), value_width = width(value_size << 1);
        const std::size_t body =
            1 + width(time) + width(next) + key_width + key_size + value_width + value_size + 1;
        const unsigned length_width = width(body << 1);
        key_at = length_width + 1 + width(time) + width(next) + key_width;
        if (key_at > 8) return false;
        value_length_at = key_at + key_size;
        value_at = value_length_at + value_width;
        size = value_at + value_size + 1;
        time_shift = (length_width + 1) * 8;
        const unsigned offset_bit = time_shift + width(time) * 8;
        wide_time = time >= 0x80;
        first = varint(body << 1) | varint(next) << offset_bit |
                varint(key_size << 1) << (offset_bit + width(next) * 8);
        if (time >= 0x80) first |= std::uint64_t{0x80} << time_shift;
        step = std::uint64_t{2} << offset_bit;
        flags = next < 0x80 ? 0 : std::uint64_t{0x80} << offset_bit;
        left = (next < 0x80 ? 64 : 8192) - (delta + 1);
        value_length = static_cast<std::uint32_t>(varint(value_size << 1));
        return true;
    }
};

}  // namespace quick

template <class Get>
[[gnu::always_inline]] inline std::size_t RecordBatchBuilder::append_run(std::size_t n, Get&& get) {
    std::size_t done = 0, key_size = SIZE_MAX, value_size = SIZE_MAX;
    QuickRecord r;
    while (done < n && get(done, r)) {
        if (!append_quick(Timestamp{r.timestamp}, BytesView{r.key, r.key_size},
                          BytesView{r.value, r.value_size}))
            break;
        ++done;
        if (r.key_size != key_size || r.value_size != value_size) {
            key_size = r.key_size;
            value_size = r.value_size;
            continue;
        }
        const auto base = static_cast<std::uint64_t>(base_timestamp_);
        const auto time_of = [base](std::int64_t timestamp) {
            return zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) - base));
        };
        quick::Shape shape;
        if (!shape.of(time_of(r.timestamp), last_delta_, key_size, value_size)) continue;
        const std::size_t bound = record_size_bound(key_size, value_size);
        if (size_ + bound > quick_end_) continue;
        const std::size_t most = std::min({n - done, static_cast<std::size_t>(shape.left),
                                           (quick_end_ - bound - size_) / shape.size + 1});
        using quick::Sizes;
        const auto take = [&]<Sizes kKey, Sizes kValue>() __attribute__((always_inline)) {
            return shape.wide_time ? append_alike<kKey, kValue, true>(shape, done, done + most,
                                                                      key_size, value_size, get)
                                   : append_alike<kKey, kValue, false>(shape, done, done + most,
                                                                       key_size, value_size, get);
        };
        const bool short_value = quick::sizes_of(value_size) == Sizes::Eight;
        if (quick::sizes_of(key_size) == Sizes::From16To32)
            done = short_value ? take.template operator()<Sizes::From16To32, Sizes::Eight>()
                               : take.template operator()<Sizes::From16To32, Sizes::Any>();
        else
            done = short_value ? take.template operator()<Sizes::Any, Sizes::Eight>()
                               : take.template operator()<Sizes::Any, Sizes::Any>();
    }
    return done;
}

// Those from `from` on that are like the shape, up to `stop`; where it stopped. There is room.
template <quick::Sizes kKey, quick::Sizes kValue, bool kWideTime, class Get>
[[gnu::always_inline]] inline std::size_t RecordBatchBuilder::append_alike(
    const quick::Shape& shape, std::size_t from, std::size_t stop, std::size_t key_size,
    std::size_t value_size, Get& get) {
    const auto base = static_cast<std::uint64_t>(base_timestamp_);
    std::byte* const block = block_.data();
    std::byte* at = block + size_;
    std::int64_t newest = max_timestamp_;
    std::uint64_t first = shape.first;
    std::size_t done = from;
    QuickRecord r;
    for (; done < stop && get(done, r) && r.key_size == key_size && r.value_size == value_size;
         ++done) {
        const std::uint64_t time =
            zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(r.timestamp) - base));
        std::uint64_t bits = time;
        if constexpr (kWideTime) {
            if (time - 0x80 >= 0x4000 - 0x80) break;
            bits = (time & 0x7f) + ((time & 0x3f80) << 1);
        } else if (time >= 0x80) {
            break;
        }
        const std::uint64_t begin = first | bits << shape.time_shift;
        std::memcpy(at, &begin, sizeof begin);
        quick::copy_of<kKey>(at + shape.key_at, r.key, key_size);
        std::memcpy(at + shape.value_length_at, &shape.value_length, sizeof shape.value_length);
        quick::copy_of<kValue>(at + shape.value_at, r.value, value_size);
        at[shape.size - 1] = std::byte{0};
        newest = std::max(newest, r.timestamp);
        first = (first + shape.step) | shape.flags;
        at += shape.size;
    }
    size_ = static_cast<std::size_t>(at - block);
    max_timestamp_ = newest;
    last_delta_ += static_cast<std::int32_t>(done - from);
    count_ += static_cast<std::int32_t>(done - from);
    return done;
}

inline bool OpenBatch::append(Timestamp timestamp, NullableView key, NullableView value) const {
    return builder && builder->append_quick(timestamp, key, value);
}

template <class Get>
[[gnu::always_inline]] inline std::size_t OpenBatch::append_run(std::size_t n, Get&& get) const {
    return builder ? builder->append_run(n, std::forward<Get>(get)) : 0;
}

}  // namespace millrace::wire
