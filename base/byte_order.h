#pragma once
// Big-endian integers and Kafka's varints (ByteUtils): the primitives of every format.
#include <bit>
#include <cstdint>
#include <cstring>

#include "millrace/base/bytes.h"

namespace millrace {

template <class T>
inline T load_be(const std::byte* at) {
    static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
    using U = std::conditional_t<sizeof(T) == 1, std::uint8_t,
              std::conditional_t<sizeof(T) == 2, std::uint16_t,
              std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
    U v;
    std::memcpy(&v, at, sizeof v);
    if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
    if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
    if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
    return std::bit_cast<T>(v);
}

template <class T>
inline void store_be(std::byte* at, T value) {
    T v = value;
    if constexpr (sizeof(T) == 2) v = std::bit_cast<T>(__builtin_bswap16(std::bit_cast<std::uint16_t>(value)));
    if constexpr (sizeof(T) == 4) v = std::bit_cast<T>(__builtin_bswap32(std::bit_cast<std::uint32_t>(value)));
    if constexpr (sizeof(T) == 8) v = std::bit_cast<T>(__builtin_bswap64(std::bit_cast<std::uint64_t>(value)));
    std::memcpy(at, &v, sizeof v);
}

template <class T>
inline void append_be(ByteSink& sink, T value) { store_be(sink.grow(sizeof value), value); }

inline constexpr std::size_t kVarintBytesMax = 5, kVarlongBytesMax = 10;

constexpr std::uint32_t zigzag(std::int32_t v) { return (static_cast<std::uint32_t>(v) << 1) ^ static_cast<std::uint32_t>(v >> 31); }
constexpr std::uint64_t zigzag(std::int64_t v) { return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63); }
constexpr std::int32_t unzigzag(std::uint32_t v) { return static_cast<std::int32_t>(v >> 1) ^ -static_cast<std::int32_t>(v & 1); }
constexpr std::int64_t unzigzag(std::uint64_t v) { return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1); }

constexpr std::size_t unsigned_varint_size(std::uint64_t v) {
    return static_cast<std::size_t>((70 - std::countl_zero(v | 1)) / 7);
}
constexpr std::size_t varint_size(std::int32_t v) { return unsigned_varint_size(zigzag(v)); }
constexpr std::size_t varlong_size(std::int64_t v) { return unsigned_varint_size(zigzag(v)); }

// Writes at `at`, returns the end. The caller has kVarlongBytesMax bytes of room.
inline std::byte* store_unsigned_varint(std::byte* at, std::uint64_t v) {
    while (v >= 0x80) {
        *at++ = static_cast<std::byte>(v | 0x80);
        v >>= 7;
    }
    *at++ = static_cast<std::byte>(v);
    return at;
}
inline std::byte* store_varint(std::byte* at, std::int32_t v) { return store_unsigned_varint(at, zigzag(v)); }
inline std::byte* store_varlong(std::byte* at, std::int64_t v) { return store_unsigned_varint(at, zigzag(v)); }

inline void append_unsigned_varint(ByteSink& sink, std::uint64_t v) {
    store_unsigned_varint(sink.grow(unsigned_varint_size(v)), v);
}
inline void append_varint(ByteSink& sink, std::int32_t v) { append_unsigned_varint(sink, zigzag(v)); }
inline void append_varlong(ByteSink& sink, std::int64_t v) { append_unsigned_varint(sink, zigzag(v)); }

// Reads an unsigned varint of at most `bytes_max` bytes from [at, end); null when it is cut or too long.
inline const std::byte* load_unsigned_varint(const std::byte* at, const std::byte* end, std::uint64_t& into,
                                             std::size_t bytes_max = kVarlongBytesMax) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < bytes_max && at != end; ++i) {
        const auto b = std::to_integer<std::uint64_t>(*at++);
        v |= (b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            into = v;
            return at;
        }
    }
    return nullptr;
}
inline const std::byte* load_varint(const std::byte* at, const std::byte* end, std::int32_t& into) {
    std::uint64_t v;
    at = load_unsigned_varint(at, end, v, kVarintBytesMax);
    if (at) into = unzigzag(static_cast<std::uint32_t>(v));
    return at;
}
inline const std::byte* load_varlong(const std::byte* at, const std::byte* end, std::int64_t& into) {
    std::uint64_t v;
    at = load_unsigned_varint(at, end, v);
    if (at) into = unzigzag(v);
    return at;
}

// A cursor over bytes from outside. After the first failure ok() is false and every read gives zero.
class ByteReader {
public:
    explicit ByteReader(BytesView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
    bool ok() const { return ok_; }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    template <class T>
    T be() {
        if (left() < sizeof(T)) return fail<T>();
        const T v = load_be<T>(at_);
        at_ += sizeof(T);
        return v;
    }
    std::uint64_t unsigned_varint(std::size_t bytes_max = kVarintBytesMax) {
        std::uint64_t v = 0;
        const std::byte* next = load_unsigned_varint(at_, end_, v, bytes_max);
        if (!next) return fail<std::uint64_t>();
        at_ = next;
        return v;
    }
    std::int32_t varint() { return unzigzag(static_cast<std::uint32_t>(unsigned_varint())); }
    std::int64_t varlong() { return unzigzag(unsigned_varint(kVarlongBytesMax)); }
    BytesView bytes(std::size_t n) {
        if (left() < n) {
            ok_ = false;
            at_ = end_;
            return {};
        }
        const BytesView view{at_, n};
        at_ += n;
        return view;
    }

private:
    template <class T>
    T fail() {
        ok_ = false;
        at_ = end_;
        return T{};
    }
    const std::byte* at_;
    const std::byte* end_;
    bool ok_ = true;
};

}  // namespace millrace
