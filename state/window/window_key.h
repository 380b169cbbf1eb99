#pragma once
// The key of a window store and of its changelog (WindowKeySchema): key || i64 start || i32 seq,
// big endian.
#include "millrace/base/byte_order.h"
#include "millrace/base/bytes.h"

namespace millrace::state {

inline constexpr std::size_t kWindowSuffixBytes = 12;

inline void write_window_key(ByteSink& into, BytesView key, std::int64_t start, std::int32_t seq) {
    into.clear();
    std::byte* at = into.grow(key.size() + kWindowSuffixBytes);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    store_be(at + key.size(), start);
    store_be(at + key.size() + 8, seq);
}
inline BytesView key_of_window_key(BytesView k) {
    return k.first(k.size() - kWindowSuffixBytes);
}
inline std::int64_t start_of_window_key(BytesView k) {
    return load_be<std::int64_t>(k.data() + k.size() - kWindowSuffixBytes);
}
inline std::int32_t seq_of_window_key(BytesView k) {
    return load_be<std::int32_t>(k.data() + k.size() - 4);
}

}  // namespace millrace::state
