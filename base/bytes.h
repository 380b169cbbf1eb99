#pragma once
// BytesView borrows (a parameter, or a local within one step; never a member). Bytes owns a share of an immutable block.
// Blocks carry kSpareBytes readable bytes behind the last one, so that parsers may read in wide steps.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

using BytesView = std::span<const std::byte>;
inline constexpr std::size_t kSpareBytes = 64;

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline bool equal(BytesView a, BytesView b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}
// Unsigned byte order, the order of Kafka's stores: <0, 0, >0.
inline int compare(BytesView a, BytesView b) {
    const std::size_t n = a.size() < b.size() ? a.size() : b.size();
    const int order = n == 0 ? 0 : std::memcmp(a.data(), b.data(), n);
    if (order != 0) return order;
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

// A block being filled; afterwards it becomes immutable Bytes. One allocation, holding count and bytes.
class MutableBlock {
public:
    explicit MutableBlock(std::size_t size);   // uninitialised, but for the spare bytes
    std::byte* data() { return block_.get(); }
    std::size_t size() const { return size_; }

private:
    friend class Bytes;
    std::shared_ptr<std::byte[]> block_;
    std::size_t size_;
};

class Bytes {
public:
    Bytes() = default;
    explicit Bytes(MutableBlock&& block) : block_(std::move(block.block_)), size_(block.size_) {}
    static Bytes copy(BytesView bytes);
    static Bytes copy(std::string_view text) { return copy(as_bytes(text)); }

    BytesView view() const { return {block_.get() + begin_, size_}; }
    operator BytesView() const { return view(); }   // NOLINT: owning to borrowed is safe
    const std::byte* data() const { return block_.get() + begin_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Bytes slice(std::size_t at, std::size_t n) const;   // same block, no copy; checks the bounds
    friend bool operator==(const Bytes& a, const Bytes& b) { return equal(a.view(), b.view()); }

private:
    std::shared_ptr<const std::byte[]> block_;
    std::size_t begin_ = 0, size_ = 0;
};

// Where serdes and encoders write. Grows; clear() keeps the capacity, so a recycled sink allocates nothing.
class ByteSink {
public:
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    BytesView view() const { return {data_.get(), size_}; }
    std::byte* data() { return data_.get(); }

    // n bytes at the end, uninitialised; valid until the next call.
    std::byte* grow(std::size_t n) {
        if (size_ + n > capacity_) [[unlikely]] reserve(size_ + n);
        std::byte* at = data_.get() + size_;
        size_ += n;
        return at;
    }
    void shrink_to(std::size_t size) { size_ = size; }
    void append(BytesView bytes) {
        if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }
    void append(std::string_view text) { append(as_bytes(text)); }
    void push(std::byte b) { *grow(1) = b; }
    void reserve(std::size_t capacity);
    Bytes to_bytes() const { return Bytes::copy(view()); }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0, capacity_ = 0;
};

std::string to_hex(BytesView bytes);
// Nothing when the text is not an even number of hex digits.
bool from_hex(std::string_view text, std::vector<std::byte>& into);

}  // namespace millrace
