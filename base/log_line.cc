#include "millrace/base/log_line.h"

namespace millrace {

std::string format_line(std::string_view event, std::initializer_list<LogField> fields) {
    static constexpr std::size_t kValueBytesMax = 512;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string line(event);
    for (const LogField& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        std::size_t n = 0;
        for (const char c : field.value) {
            if (++n > kValueBytesMax) {
                line += "...";
                break;
            }
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                line += "\\x";
                line += kDigits[static_cast<unsigned char>(c) >> 4];
                line += kDigits[static_cast<unsigned char>(c) & 15];
            } else {
                line += c;
            }
        }
    }
    return line;
}

}  // namespace millrace
