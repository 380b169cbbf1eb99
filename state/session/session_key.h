#pragma once
// The key of a session store and of its changelog (SessionKeySchema): key || i64 end || i64 start,
// big endian.
#include "millrace/base/byte_order.h"
#include "millrace/base/bytes.h"

namespace millrace::state {

inline constexpr std::size_t kSessionSuffixBytes = 16;

inline void write_session_key(ByteSink& into, BytesView key, std::int64_t start, std::int64_t end) {
    into.clear();
    std::byte* at = into.grow(key.size() + kSessionSuffixBytes);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    store_be(at + key.size(), end);
    store_be(at + key.size() + 8, start);
}
inline BytesView key_of_session_key(BytesView k) {
    return k.first(k.size() - kSessionSuffixBytes);
}
inline std::int64_t end_of_session_key(BytesView k) {
    return load_be<std::int64_t>(k.data() + k.size() - kSessionSuffixBytes);
}
inline std::int64_t start_of_session_key(BytesView k) {
    return load_be<std::int64_t>(k.data() + k.size() - 8);
}

}  // namespace millrace::state
