#include "millrace/state/table/arena.h"

#include <new>
#include <utility>

namespace millrace::state {
namespace {
constexpr std::size_t kChunkBytesMax = 256 * 1024;
constexpr std::size_t kLine = 64;
}  // namespace

struct Arena::Own {
    Own* previous;
    Own* next;
    std::size_t size;   // usable bytes behind this header
    std::size_t spare;  // keeps what follows aligned to 16
};

Arena::~Arena() {
    while (own_) release_own(reinterpret_cast<std::byte*>(own_ + 1));
}

void Arena::swap(Arena& other) noexcept {
    free_.swap(other.free_);
    chunks_.swap(other.chunks_);
    std::swap(in_use_, other.in_use_);
    std::swap(next_, other.next_);
    std::swap(end_, other.end_);
    std::swap(chunk_bytes_, other.chunk_bytes_);
    std::swap(used_, other.used_);
    std::swap(reserved_, other.reserved_);
    std::swap(own_, other.own_);
}

void Arena::clear() {
    while (own_) release_own(reinterpret_cast<std::byte*>(own_ + 1));
    for (auto& free : free_) free.clear();
    in_use_ = 0;
    next_ = end_ = nullptr;
    used_ = 0;
}

// Begins to cut the next chunk that there is.
void Arena::open_chunk() {
    const Chunk& chunk = chunks_[in_use_++];
    const auto address = reinterpret_cast<std::uintptr_t>(chunk.memory.get());
    next_ = chunk.memory.get() + (kLine - address % kLine) % kLine;
    end_ = chunk.memory.get() + chunk.size;
}

std::byte* Arena::cut(std::size_t size) {
    while (static_cast<std::size_t>(end_ - next_) < size) {
        // What is left of the old chunk is cut into the free lists, the largest first.
        while (static_cast<std::size_t>(end_ - next_) >= 16) {
            const auto left = static_cast<std::size_t>(end_ - next_);
            SizeClass c = class_of_size(left < kBlockBytesMax ? left : kBlockBytesMax);
            if (size_of_class(c) > left) --c;
            free_[c].push_back(next_);
            next_ += size_of_class(c);
        }
        if (in_use_ == chunks_.size()) {
            while (chunk_bytes_ < size + kLine) chunk_bytes_ *= 2;
            chunks_.push_back(
                {std::unique_ptr<std::byte[]>(new std::byte[chunk_bytes_]), chunk_bytes_});
            reserved_ += static_cast<std::int64_t>(chunk_bytes_);
            if (chunk_bytes_ < kChunkBytesMax) chunk_bytes_ *= 2;
        }
        open_chunk();
    }
    std::byte* at = next_;
    next_ += size;
    return at;
}

Arena::Block Arena::allocate_other(std::size_t bytes) {
    if (bytes > kBlockBytesMax) return allocate_own(bytes);
    const SizeClass c = class_of_size(bytes);
    const std::size_t size = size_of_class(c);
    used_ += static_cast<std::int64_t>(size);
    auto& free = free_[c];
    if (free.empty()) return {cut(size), size, c};
    std::byte* at = free.back();
    free.pop_back();
    // Blocks freed by a commit have left the near caches: the next ones are fetched ahead.
    if (free.size() >= 8) __builtin_prefetch(free[free.size() - 8], 1);
    return {at, size, c};
}

Arena::Block Arena::allocate_own(std::size_t bytes) {
    const std::size_t size = (bytes + 4095) / 4096 * 4096;
    auto* own = static_cast<Own*>(::operator new(sizeof(Own) + size));
    *own = Own{nullptr, own_, size, 0};
    if (own_) own_->previous = own;
    own_ = own;
    used_ += static_cast<std::int64_t>(size);
    reserved_ += static_cast<std::int64_t>(size);
    return {reinterpret_cast<std::byte*>(own + 1), size, kOwnAllocation};
}

void Arena::release_own(std::byte* at) {
    auto* own = reinterpret_cast<Own*>(at) - 1;
    used_ -= static_cast<std::int64_t>(own->size);
    reserved_ -= static_cast<std::int64_t>(own->size);
    if (own->previous) own->previous->next = own->next;
    if (own->next) own->next->previous = own->previous;
    if (own_ == own) own_ = own->next;
    ::operator delete(own);
}

std::size_t Arena::size_of_own(const std::byte* at) {
    return (reinterpret_cast<const Own*>(at) - 1)->size;
}

}  // namespace millrace::state
