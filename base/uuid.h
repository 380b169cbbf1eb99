#pragma once
// Kafka's Uuid: 16 bytes, printed as 22 characters of unpadded base64url. Zero means "none".
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace millrace {

struct Uuid {
    std::uint64_t high = 0, low = 0;
    bool is_zero() const { return high == 0 && low == 0; }
    std::string to_string() const;                             // base64url
    std::string to_text() const;                               // 36 characters, java.util.UUID
    static bool parse(std::string_view text, Uuid& into);      // base64url, 22 characters
    // Version 4 from 128 random bits; never one whose text starts with '-' (Kafka's rule).
    static Uuid from_random(std::uint64_t high, std::uint64_t low);
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace millrace

template <>
struct std::hash<millrace::Uuid> {
    std::size_t operator()(const millrace::Uuid& id) const { return id.high * 0x9e3779b97f4a7c15ULL ^ id.low; }
};
