#include "millrace/engine/operators/headers.h"

#include <algorithm>

#include "millrace/base/byte_order.h"

namespace millrace {

Headers Headers::decode(BytesView encoded) {
    Headers headers;
    if (encoded.empty()) return headers;
    ByteReader in(encoded);
    const std::int32_t count = in.varint();
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
        const std::int32_t key_size = in.varint();
        if (key_size < 0) break;
        const std::string_view key = as_text(in.bytes(static_cast<std::size_t>(key_size)));
        const std::int32_t value_size = in.varint();
        if (!in.ok()) break;
        if (value_size < 0) {
            headers.add(std::string(key), std::nullopt);
        } else {
            const std::string_view value = as_text(in.bytes(static_cast<std::size_t>(value_size)));
            if (in.ok()) headers.add(std::string(key), std::string(value));
        }
    }
    return headers;
}

void Headers::encode(ByteSink& into) const {
    if (headers_.empty()) return;
    append_varint(into, static_cast<std::int32_t>(headers_.size()));
    for (const Header& header : headers_) {
        append_varint(into, static_cast<std::int32_t>(header.key.size()));
        into.append(std::string_view(header.key));
        append_varint(into, header.value ? static_cast<std::int32_t>(header.value->size()) : -1);
        if (header.value) into.append(std::string_view(*header.value));
    }
}

Headers& Headers::remove(std::string_view key) {
    std::erase_if(headers_, [&](const Header& h) { return h.key == key; });
    return *this;
}

const Headers::Header* Headers::last(std::string_view key) const {
    for (auto it = headers_.rbegin(); it != headers_.rend(); ++it)
        if (it->key == key) return &*it;
    return nullptr;
}

}  // namespace millrace
