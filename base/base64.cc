#include "millrace/base/base64.h"

#include <cstdint>

namespace millrace {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

void append_base64(BytesView bytes, std::string& into) {
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t n = bytes.size() - at < 3 ? bytes.size() - at : 3;
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < n ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            into += i <= n ? kDigits[group >> (18 - 6 * i) & 63] : '=';
        }
    }
}

bool from_base64(std::string_view text, std::vector<std::byte>& into) {
    into.clear();
    if (text.size() % 4 != 0) return false;
    for (std::size_t at = 0; at < text.size(); at += 4) {
        const bool last = at + 4 == text.size();
        std::size_t digits = 4;
        while (last && digits > 2 && text[at + digits - 1] == '=') --digits;
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const int value = i < digits ? digit(text[at + i]) : 0;
            if (value < 0) return false;
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        for (std::size_t i = 0; i + 1 < digits; ++i)
            into.push_back(static_cast<std::byte>(group >> (16 - 8 * i)));
    }
    return true;
}

}  // namespace millrace
