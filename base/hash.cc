#include "millrace/base/hash.h"

#include <array>

#include <isa-l/crc.h>

namespace millrace {

namespace {

// Polynomials over GF(2) modulo Castagnoli's, bits reversed as in the CRC: the highest bit is x^0.
constexpr std::uint32_t kOne = 0x80000000, kX8 = 0x00800000;
constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
    std::uint32_t p = 0;
    for (; a != 0; a <<= 1) {
        p ^= b & (0u - (a >> 31));
        b = (b >> 1) ^ (0x82f63b78 & (0u - (b & 1)));
    }
    return p;
}

// [k][n]: x^(8 n 256^k), what n 256^k bytes of zeros do to a CRC.
constexpr auto kShifts = [] {
    std::array<std::array<std::uint32_t, 256>, 4> shifts{};
    std::uint32_t step = kX8;
    for (auto& row : shifts) {
        row[0] = kOne;
        for (std::size_t n = 1; n < row.size(); ++n) row[n] = product(row[n - 1], step);
        step = product(row.back(), step);
    }
    return shifts;
}();

}  // namespace

std::uint32_t crc32c(BytesView bytes, std::uint32_t seed) {
    return ~crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data())),
                        static_cast<int>(bytes.size()), ~seed);
}

std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second, std::uint32_t second_size) {
    for (const auto& row : kShifts) {
        if ((second_size & 0xff) != 0) first = product(row[second_size & 0xff], first);
        second_size >>= 8;
    }
    return first ^ second;
}

std::int32_t murmur2(BytesView bytes) {
    constexpr std::uint32_t m = 0x5bd1e995;
    const std::byte* at = bytes.data();
    std::size_t n = bytes.size();
    std::uint32_t h = 0x9747b28c ^ static_cast<std::uint32_t>(n);
    for (; n >= 4; n -= 4, at += 4) {
        std::uint32_t k;
        std::memcpy(&k, at, 4);
        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
    }
    switch (n) {
        case 3: h ^= std::to_integer<std::uint32_t>(at[2]) << 16; [[fallthrough]];
        case 2: h ^= std::to_integer<std::uint32_t>(at[1]) << 8; [[fallthrough]];
        case 1: h ^= std::to_integer<std::uint32_t>(at[0]); h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return static_cast<std::int32_t>(h);
}

std::int32_t partition_for_key(BytesView key, std::int32_t partitions) {
    return (murmur2(key) & 0x7fffffff) % partitions;
}

std::int32_t java_string_hash(std::string_view text) {
    std::uint32_t h = 0;
    const auto unit = [&h](std::uint32_t u) { h = h * 31 + u; };
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (i + length > text.size()) break;
        std::uint32_t point = length == 1 ? lead : lead & (0xff >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 63);
        i += length;
        if (point < 0x10000) {
            unit(point);
        } else {
            unit(0xd800 + ((point - 0x10000) >> 10));
            unit(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
    }
    return static_cast<std::int32_t>(h);
}

}  // namespace millrace
