#pragma once
// The newest bytes of a log, contiguous, so that a fetch is one slice without a copy. Small batches
// are copied into a chunk that is being filled (their bytes may belong to a large request that must
// not be kept alive); large ones are kept as they came. Bounded; the oldest chunk goes first.
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

class TailCache {
public:
    static constexpr std::size_t kChunkBytesMax = 1 << 20, kChunkBytesMin = 16 << 10;
    static constexpr std::size_t kOwnChunkBytes = 64 << 10;  // a batch of this size is not copied

    explicit TailCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Room for `size` bytes of the batches that come next. Filled by the caller before the next
    // call.
    std::byte* prepare(std::size_t size);
    // The prepared bytes hold whole batches from `first` to before `next`.
    Bytes commit(Offset first, Offset next, std::size_t size);
    // Keeps whole batches as they are.
    void add(Bytes batches, Offset first, Offset next);

    struct Slice {
        Bytes bytes;  // whole batches; the first holds the offset asked for
    };
    // Nothing: the offset is not in memory.
    std::optional<Bytes> read(Offset from, std::size_t bytes_max, Offset up_to,
                              bool at_least_one) const;

    void clear();
    void drop_below(Offset offset);  // where a batch begins
    void set_limit(std::size_t bytes_max) {
        bytes_max_ = bytes_max;
        trim();
    }
    std::size_t size() const { return size_; }

private:
    struct Mark {  // a batch begins here; one for about 4 KiB
        Offset offset;
        std::size_t at;
    };
    struct Chunk {
        Bytes block;                // whole; [0, used) is filled
        std::byte* fill = nullptr;  // null: not ours to fill
        std::size_t used = 0;
        Offset first, next;
        std::vector<Mark> marks;
    };
    void note(Chunk& chunk, Offset first, std::size_t at);
    void trim();

    std::size_t bytes_max_, size_ = 0;
    std::deque<Chunk> chunks_;
};

}  // namespace millrace::broker
