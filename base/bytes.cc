#include "millrace/base/bytes.h"

#include "millrace/base/check.h"

namespace millrace {

MutableBlock::MutableBlock(std::size_t size)
    : block_(std::make_shared_for_overwrite<std::byte[]>(size + kSpareBytes)), size_(size) {
    std::memset(block_.get() + size, 0, kSpareBytes);
}

Bytes Bytes::copy(BytesView bytes) {
    MutableBlock block(bytes.size());
    if (!bytes.empty()) std::memcpy(block.data(), bytes.data(), bytes.size());
    return Bytes(std::move(block));
}

Bytes Bytes::slice(std::size_t at, std::size_t n) const {
    MR_CHECK(at <= size_ && n <= size_ - at);
    Bytes part = *this;
    part.begin_ += at;
    part.size_ = n;
    return part;
}

void ByteSink::reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    std::size_t wanted = capacity_ < 64 ? 64 : capacity_ * 2;
    if (wanted < capacity) wanted = capacity;
    auto data = std::make_unique_for_overwrite<std::byte[]>(wanted + kSpareBytes);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = wanted;
}

std::string to_hex(BytesView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::byte b : bytes) {
        text += kDigits[std::to_integer<unsigned>(b) >> 4];
        text += kDigits[std::to_integer<unsigned>(b) & 15];
    }
    return text;
}

namespace {
int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

bool from_hex(std::string_view text, std::vector<std::byte>& into) {
    into.clear();
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        into.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return true;
}

}  // namespace millrace
