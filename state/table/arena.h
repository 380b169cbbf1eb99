#pragma once
// Memory of a table: blocks of a few sizes cut from chunks, recycled by size. A store copies keys
// and values in here, so that a 50-byte value never pins the batch it came in. In the steady state,
// when sizes repeat, nothing is allocated. Dropping the arena returns its chunks whole: nobody
// walks the blocks.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::state {

// Sizes of blocks: 16-byte steps to 256 bytes, then four steps per doubling, to 64 KiB; beyond that
// a block is its own.
using SizeClass = std::uint8_t;
inline constexpr std::size_t kBlockBytesMax = 64 * 1024;
inline constexpr SizeClass kSizeClasses = 16 + 4 * 8;  // 256 B .. 64 KiB is eight doublings
inline constexpr SizeClass kOwnAllocation = 255;

constexpr std::size_t size_of_class(SizeClass c) {
    if (c < 16) return (static_cast<std::size_t>(c) + 1) * 16;
    const std::size_t doubling = (c - 16) / 4, step = (c - 16) % 4 + 1;
    return (std::size_t{256} << doubling) + step * (std::size_t{64} << doubling);
}
constexpr SizeClass class_of_size(std::size_t bytes) {
    if (bytes <= 256) return static_cast<SizeClass>(bytes == 0 ? 0 : (bytes - 1) / 16);
    const int log = 63 - __builtin_clzll(bytes - 1);  // 2^log < bytes <= 2^(log+1)
    const std::size_t step = ((bytes - 1) >> (log - 2)) & 3;
    return static_cast<SizeClass>(16 + (log - 8) * 4 + static_cast<int>(step));
}
static_assert(size_of_class(kSizeClasses - 1) == kBlockBytesMax);
static_assert(class_of_size(kBlockBytesMax) == kSizeClasses - 1);
static_assert(size_of_class(class_of_size(257)) == 320 && size_of_class(class_of_size(320)) == 320);

class Arena {
public:
    Arena() = default;
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    void swap(Arena& other) noexcept;
    void clear();  // nothing is handed out any more; the memory stays

    struct Block {
        std::byte* at;
        std::size_t size;  // usable, at least what was asked
        SizeClass size_class;
    };
    [[gnu::always_inline]] Block allocate(std::size_t bytes) {
        if (bytes <= 256 && bytes != 0) [[likely]] {
            const auto c = static_cast<SizeClass>((bytes - 1) / 16);
            const std::size_t size = (static_cast<std::size_t>(c) + 1) * 16;
            if (free_[c].empty() && static_cast<std::size_t>(end_ - next_) >= size) {
                used_ += static_cast<std::int64_t>(size);
                std::byte* at = next_;
                next_ += size;
                return {at, size, c};
            }
        }
        return allocate_other(bytes);
    }
    void release(std::byte* at, SizeClass c) {
        if (c == kOwnAllocation) [[unlikely]]
            return release_own(at);
        used_ -= static_cast<std::int64_t>(size_of_class(c));
        free_[c].push_back(at);
    }
    static std::size_t size_of(const std::byte* at, SizeClass c) {
        if (c == kOwnAllocation) [[unlikely]]
            return size_of_own(at);
        return size_of_class(c);
    }

    std::int64_t used() const { return used_; }          // bytes in blocks that are handed out
    std::int64_t reserved() const { return reserved_; }  // bytes taken from the system

private:
    struct Chunk {
        std::unique_ptr<std::byte[]> memory;
        std::size_t size;
    };
    Block allocate_other(std::size_t bytes);
    std::byte* cut(std::size_t size);
    void open_chunk();
    Block allocate_own(std::size_t bytes);
    void release_own(std::byte* at);
    static std::size_t size_of_own(const std::byte* at);

    std::array<std::vector<std::byte*>, kSizeClasses> free_;
    std::byte* next_ = nullptr;
    std::byte* end_ = nullptr;
    std::size_t chunk_bytes_ =
        2048;  // doubles to kChunkBytesMax: a window with one key stays small
    std::int64_t used_ = 0, reserved_ = 0;
    std::vector<Chunk> chunks_;
    std::size_t in_use_ = 0;  // chunks; the last of them is the one that is cut
    struct Own;
    Own* own_ = nullptr;  // doubly linked list of blocks above kBlockBytesMax
};

}  // namespace millrace::state
