#include "millrace/broker/log/tail_cache.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

namespace {
constexpr std::size_t kMarkBytes = 4096;
}

std::byte* TailCache::prepare(std::size_t size) {
    if (chunks_.empty() || chunks_.back().fill == nullptr ||
        chunks_.back().block.size() - chunks_.back().used < size) {
        // A quiet log starts with a small chunk; a busy one gets large ones.
        const std::size_t grown = chunks_.empty() ? kChunkBytesMin : chunks_.back().used * 4;
        std::size_t capacity = std::clamp(grown, kChunkBytesMin, kChunkBytesMax);
        capacity = std::max(capacity, size);
        MutableBlock block(capacity);
        Chunk chunk;
        chunk.fill = block.data();
        chunk.block = Bytes(std::move(block));
        if (!chunks_.empty() && chunks_.back().used == 0) {  // prepared for an append that failed
            size_ -= chunks_.back().block.size();
            chunks_.pop_back();
        }
        size_ += capacity;
        chunks_.push_back(std::move(chunk));
    }
    return chunks_.back().fill + chunks_.back().used;
}

void TailCache::note(Chunk& chunk, Offset first, std::size_t at) {
    if (chunk.marks.empty() || at - chunk.marks.back().at >= kMarkBytes)
        chunk.marks.push_back({first, at});
}

Bytes TailCache::commit(Offset first, Offset next, std::size_t size) {
    Chunk& chunk = chunks_.back();
    MR_CHECK(chunk.fill != nullptr && size <= chunk.block.size() - chunk.used);
    if (chunk.used == 0) chunk.first = first;
    note(chunk, first, chunk.used);
    Bytes bytes = chunk.block.slice(chunk.used, size);
    chunk.used += size;
    chunk.next = next;
    trim();
    return bytes;
}

void TailCache::add(Bytes batches, Offset first, Offset next) {
    if (!chunks_.empty() && chunks_.back().used == 0) {
        size_ -= chunks_.back().block.size();
        chunks_.pop_back();
    }
    Chunk chunk;
    chunk.used = batches.size();
    chunk.first = first;
    chunk.next = next;
    chunk.marks.push_back({first, 0});
    size_ += batches.size();
    chunk.block = std::move(batches);
    chunks_.push_back(std::move(chunk));
    trim();
}

void TailCache::trim() {
    while (chunks_.size() > 1 && size_ > bytes_max_) {
        size_ -= chunks_.front().block.size();
        chunks_.pop_front();
    }
}

void TailCache::clear() {
    chunks_.clear();
    size_ = 0;
}

void TailCache::drop_below(Offset offset) {
    while (!chunks_.empty() && chunks_.front().used > 0 && chunks_.front().next <= offset) {
        size_ -= chunks_.front().block.size();
        chunks_.pop_front();
    }
    if (!chunks_.empty() && chunks_.front().used > 0)
        chunks_.front().first = std::max(chunks_.front().first, offset);
}

std::optional<Bytes> TailCache::read(Offset from, std::size_t bytes_max, Offset up_to,
                                     bool at_least_one) const {
    if (chunks_.empty() || chunks_.front().used == 0 || from < chunks_.front().first)
        return std::nullopt;
    auto at = std::upper_bound(chunks_.begin(), chunks_.end(), from,
                               [](Offset o, const Chunk& c) { return c.used == 0 || o < c.first; });
    const Chunk& chunk = *std::prev(at);
    if (from >= chunk.next) return std::nullopt;  // the end, or a gap
    const auto mark = std::upper_bound(chunk.marks.begin(), chunk.marks.end(), from,
                                       [](Offset o, const Mark& m) { return o < m.offset; });
    const std::size_t start = std::prev(mark)->at;
    std::size_t begin = start, end = start;
    bool found = false;
    wire::BatchWalker walker(chunk.block.view().subspan(start, chunk.used - start));
    while (const auto batch = walker.next()) {
        const std::size_t behind = start + walker.position();
        if (!found) {
            if (batch->last_offset() < from) continue;
            found = true;
            begin = end = behind - batch->size();
            if (batch->last_offset() >= up_to || (batch->size() > bytes_max && !at_least_one))
                return Bytes();
            end = behind;
            continue;
        }
        if (batch->last_offset() >= up_to || behind - begin > bytes_max) break;
        end = behind;
    }
    if (!found) return std::nullopt;
    return chunk.block.slice(begin, end - begin);
}

}  // namespace millrace::broker
