#pragma once
// The key of a window store and of its changelog (WindowKeySchema): key || i64 start || i32 seq,
// big endian.
#include "millrace/base/byte_order.h"
#include "millrace/base/bytes.h"
#include "millrace/state/table/slots.h"

namespace millrace::state {

inline constexpr std::size_t kWindowSuffixBytes = 12;

inline void write_window_key(ByteSink& into, BytesView key, std::int64_t start, std::int32_t seq) {
    into.clear();
    std::byte* at = into.grow(key.size() + kWindowSuffixBytes);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    store_be(at + key.size(), start);
    store_be(at + key.size() + 8, seq);
}
struct WindowSuffix {
    std::byte bytes[kWindowSuffixBytes];

    WindowSuffix(std::int64_t start, std::int32_t seq) {
        store_be(bytes, start);
        store_be(bytes + 8, seq);
    }
};
// A window key in its two pieces, as Slots and Table look for keys; it borrows both.
struct WindowKey {
    BytesView key;
    const WindowSuffix& suffix;

    std::size_t size() const { return key.size() + kWindowSuffixBytes; }
    bool equals(const std::byte* stored) const {
        return same_bytes(stored + key.size(), suffix.bytes, kWindowSuffixBytes) &&
               same_bytes(stored, key.data(), key.size());
    }
    void write(std::byte* to) const {
        if (key.size() == 16)
            std::memcpy(to, key.data(), 16);
        else if (!key.empty())
            std::memcpy(to, key.data(), key.size());
        std::memcpy(to + key.size(), suffix.bytes, kWindowSuffixBytes);
    }
};
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
