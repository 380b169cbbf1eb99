#include <charconv>
#include <cmath>
#include <string>

#include "millrace/wire/json.h"

namespace millrace::wire {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (text[at] & 0xc0) == 0x80;
}

// Bytes of the character at `at`, or of what Java's UTF-8 decoder replaces by one U+FFFD (`good` is
// false then): the longest start of a character, but three bytes for a surrogate.
std::size_t character(std::string_view text, std::size_t at, bool& good) {
    const auto b1 = static_cast<unsigned char>(text[at]);
    good = false;
    if (b1 < 0x80) {
        good = true;
        return 1;
    }
    const std::size_t size = b1 >= 0xc2 && b1 <= 0xdf   ? 2
                             : b1 >= 0xe0 && b1 <= 0xef ? 3
                             : b1 >= 0xf0 && b1 <= 0xf4 ? 4
                                                        : 1;
    if (size == 1 || !continues(text, at + 1)) return 1;
    const auto b2 = static_cast<unsigned char>(text[at + 1]);
    if ((b1 == 0xe0 && b2 < 0xa0) || (b1 == 0xf0 && b2 < 0x90) || (b1 == 0xf4 && b2 > 0x8f))
        return 1;
    for (std::size_t i = 2; i < size; ++i) {
        if (!continues(text, at + i)) return i;
    }
    good = !(b1 == 0xed && b2 >= 0xa0);
    return size;
}

void append_escaped(char c, std::string& into) {
    constexpr char kHex[] = "0123456789ABCDEF";
    constexpr std::string_view kShort = "\b\t\n\f\r\"\\", kLetters = "btnfr\"\\";
    into += '\\';
    if (const auto at = kShort.find(c); at != std::string_view::npos) {
        into += kLetters[at];
    } else {
        into += "u00";
        into += kHex[c >> 4];
        into += kHex[c & 15];
    }
}

}  // namespace

void append_json_text(std::string_view text, std::string& into) {
    into += '"';
    for (std::size_t at = 0; at < text.size();) {
        bool good = false;
        const std::size_t n = character(text, at, good);
        if (!good)
            into += kReplacement;
        else if (n == 1 && (static_cast<unsigned char>(text[at]) < 0x20 || text[at] == '"' ||
                            text[at] == '\\'))
            append_escaped(text[at], into);
        else
            into += text.substr(at, n);
        at += n;
    }
    into += '"';
}

// The shortest digits that read back, at least one behind the point; with an exponent below 1e-3
// and from 1e7 on.
void append_java_double(double value, std::string& into) {
    if (!std::isfinite(value)) {
        into += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
        return;
    }
    if (std::signbit(value)) into += '-';
    value = std::fabs(value);
    if (value == 0) {
        into += "0.0";
        return;
    }
    char scientific[32];
    const auto end = std::to_chars(scientific, scientific + sizeof scientific, value,
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text(scientific, static_cast<std::size_t>(end - scientific));
    const std::size_t e = text.find('e');
    std::string digits;
    for (const char c : text.substr(0, e)) {
        if (c != '.') digits += c;
    }
    int exponent = 0;
    const char* from = scientific + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(from, end, exponent);
    // Of one digit Double.toString takes the nearest with two: the smallest double is 4.9E-324, not
    // 5E-324.
    if (digits.size() == 1) {
        char two[32];
        const auto two_end =
            std::to_chars(two, two + sizeof two, value, std::chars_format::scientific, 1).ptr;
        double back = 0;
        std::from_chars(two, two_end, back);
        if (back == value) {
            digits = {two[0], two[2]};
            if (digits[1] == '0') digits.pop_back();
            std::from_chars(two + (two[4] == '+' ? 5 : 4), two_end, exponent);
        }
    }
    if (value >= 1e-3 && value < 1e7) {
        if (exponent < 0) {
            digits.insert(0, static_cast<std::size_t>(-exponent), '0');
            exponent = 0;
        }
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() <= whole) digits.append(whole + 1 - digits.size(), '0');
        digits.insert(whole, ".");
        into += digits;
        return;
    }
    if (digits.size() == 1) digits += '0';
    digits.insert(1, ".");
    into += digits;
    into += 'E';
    into += std::to_string(exponent);
}

}  // namespace millrace::wire
