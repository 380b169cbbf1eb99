#include "millrace/wire/records.h"

namespace millrace::wire {

Bytes Records::joined() const {
    if (parts_.empty()) return {};
    if (parts_.size() == 1) return parts_.front();
    MutableBlock block(size());
    std::byte* at = block.data();
    for (const Bytes& part : parts_) {
        std::memcpy(at, part.data(), part.size());
        at += part.size();
    }
    return Bytes(std::move(block));
}

bool operator==(const Records& a, const Records& b) {
    return a.null_ == b.null_ && a.joined() == b.joined();
}

}  // namespace millrace::wire
