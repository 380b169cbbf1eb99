#pragma once
// RFC 4648 base64 with padding: bytes in JSON.
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"

namespace millrace {

void append_base64(BytesView bytes, std::string& into);
bool from_base64(std::string_view text, std::vector<std::byte>& into);  // false: not such text

}  // namespace millrace
