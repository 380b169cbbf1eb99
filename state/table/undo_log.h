#pragma once
// What a transaction overwrote in place, one version behind the other. Nobody frees one of them:
// they go together, when the transaction has ended.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::state {

class UndoLog {
public:
    std::byte* take(std::size_t bytes) {
        bytes = (bytes + 7) & ~std::size_t{7};
        if (static_cast<std::size_t>(end_ - next_) < bytes) [[unlikely]]
            next_chunk(bytes);
        std::byte* at = next_;
        next_ += bytes;
        return at;
    }
    void reset();  // keeps what a transaction like the last one needs
    std::int64_t used() const { return full_ + (next_ - begin_); }
    std::int64_t reserved() const { return reserved_; }

private:
    void next_chunk(std::size_t bytes);
    struct Chunk {
        std::unique_ptr<std::byte[]> memory;
        std::size_t size;
    };
    std::vector<Chunk> chunks_;
    std::size_t in_use_ = 0;  // chunks; the last of them is being filled
    std::byte *begin_ = nullptr, *next_ = nullptr, *end_ = nullptr;
    std::int64_t full_ = 0, reserved_ = 0;
};

}  // namespace millrace::state
