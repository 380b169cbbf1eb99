#pragma once
// Hashes whose values are part of a format (murmur2, CRC-32C) or only of memory (hash_bytes, never written down).
#include <cstdint>
#include <cstring>
#include <string_view>

#include "millrace/base/bytes.h"

namespace millrace {

std::uint32_t crc32c(BytesView bytes, std::uint32_t seed = 0);   // Castagnoli, as in record batches

// Of two pieces, one behind the other, whose own CRCs (of seed 0) are known: nothing is read again.
std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second, std::uint32_t second_size);

std::int32_t murmur2(BytesView bytes);   // Kafka's Utils.murmur2, the default partitioner
// toPositive(murmur2(key)) mod partitions
std::int32_t partition_for_key(BytesView key, std::int32_t partitions);

std::int32_t java_string_hash(std::string_view utf8);   // String.hashCode of the same text

// For tables in memory: fast, seedless, the same in every process.
inline std::uint64_t hash_bytes(BytesView bytes) {
    constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15ULL, k1 = 0xd6e8feb86659fd93ULL;
    const std::byte* at = bytes.data();
    std::size_t n = bytes.size();
    std::uint64_t h = n * k0;
    const auto mix = [](std::uint64_t a, std::uint64_t b) {
        const unsigned __int128 p = static_cast<unsigned __int128>(a) * b;
        return static_cast<std::uint64_t>(p) ^ static_cast<std::uint64_t>(p >> 64);
    };
    for (; n > 16; n -= 16, at += 16) {
        std::uint64_t a, b;
        std::memcpy(&a, at, 8);
        std::memcpy(&b, at + 8, 8);
        h = mix(h ^ a ^ k1, b ^ k0);
    }
    std::uint64_t a = 0, b = 0;
    if (n >= 8) {
        std::memcpy(&a, at, 8);
        std::memcpy(&b, at + n - 8, 8);
    } else if (n >= 4) {
        std::uint32_t x, y;
        std::memcpy(&x, at, 4);
        std::memcpy(&y, at + n - 4, 4);
        a = x;
        b = y;
    } else if (n > 0) {
        a = std::to_integer<std::uint64_t>(at[0]) | std::to_integer<std::uint64_t>(at[n / 2]) << 8 |
            std::to_integer<std::uint64_t>(at[n - 1]) << 16;
    }
    return mix(h ^ a ^ k1, b ^ k0);
}

}  // namespace millrace
