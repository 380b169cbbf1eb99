#pragma once
// Key -> its last offset, for compaction (Kafka: SkimpyOffsetMap): 24 bytes a key, whatever its
// length. Keys are known by a keyed 128-bit hash (SipHash-1-3): nobody who does not know the
// process's secret can make two keys that meet. Never grows: what does not fit waits for the next
// cleaning.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

struct HashSecret {
    std::uint64_t high = 0, low = 0;
};
struct Hash128 {
    std::uint64_t high = 0, low = 0;
    friend bool operator==(const Hash128&, const Hash128&) = default;
};
Hash128 siphash128(BytesView bytes, const HashSecret& secret);

class OffsetMap {
public:
    static constexpr std::size_t kSlotBytes = 24;
    static constexpr double kLoad = 0.9;  // log.cleaner.io.buffer.load.factor

    // As many keys as fit into `bytes_max`, or `keys`, whichever is less. Pages that are never
    // touched cost nothing.
    OffsetMap(std::size_t bytes_max, std::int64_t keys, HashSecret secret);

    // False: the key is new, and the map full. Offsets come in ascending order.
    bool put(BytesView key, Offset offset);
    std::optional<Offset> get(BytesView key) const;
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return keys_max_; }

private:
    struct Slot {
        Hash128 hash;
        std::int64_t next_offset;  // 0: free
    };
    static_assert(sizeof(Slot) == kSlotBytes);
    std::size_t find(const Hash128& hash) const;  // its slot, or the free one where it belongs

    struct Free {
        void operator()(Slot* slots) const { std::free(slots); }
    };
    HashSecret secret_;
    std::size_t slots_count_, keys_max_, size_ = 0;
    std::unique_ptr<Slot[], Free> slots_;
};

}  // namespace millrace::broker
