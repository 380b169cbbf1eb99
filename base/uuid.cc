#include "millrace/base/uuid.h"

namespace millrace {

namespace {
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-') return 62;
    if (c == '_') return 63;
    return -1;
}
}  // namespace

std::string Uuid::to_string() const {
    std::array<std::uint8_t, 18> bytes{};
    for (int i = 0; i < 8; ++i) {
        bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    std::string text;
    for (int i = 0; i < 18; i += 3) {
        const unsigned group = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) text += kAlphabet[group >> shift & 63];
    }
    text.resize(22);
    return text;
}

std::string Uuid::to_text() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
        const std::uint64_t half = i < 16 ? high : low;
        text += kDigits[half >> (60 - 4 * (i % 16)) & 15];
    }
    return text;
}

bool Uuid::parse(std::string_view text, Uuid& into) {
    if (text.size() != 22) return false;
    Uuid id;
    for (int i = 0; i < 22; ++i) {
        const int v = value_of(text[i]);
        if (v < 0) return false;
        for (int b = 5; b >= 0; --b) {
            const int bit = i * 6 + (5 - b);
            if (bit >= 128) break;
            auto& half = bit < 64 ? id.high : id.low;
            half |= static_cast<std::uint64_t>(v >> b & 1) << (63 - bit % 64);
        }
    }
    into = id;
    return true;
}

Uuid Uuid::from_random(std::uint64_t high, std::uint64_t low) {
    Uuid id;
    id.high = (high & ~0xf000ULL) | 0x4000ULL;
    id.low = (low & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
    if (id.high >> 58 == 62) id.high ^= 1ULL << 63;   // the first character would be '-'
    return id;
}

}  // namespace millrace
