#include "millrace/base/hash.h"

#include <isa-l/crc.h>

namespace millrace {

std::uint32_t crc32c(BytesView bytes, std::uint32_t seed) {
    return ~crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes.data())),
                        static_cast<int>(bytes.size()), ~seed);
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
