#include "millrace/state/table/undo_log.h"

#include <algorithm>

namespace millrace::state {

void UndoLog::next_chunk(std::size_t bytes) {
    constexpr std::size_t kChunkBytesMin = 1024, kChunkBytesMax = 64 * 1024;
    if (in_use_ > 0) {
        chunks_[in_use_ - 1].used = static_cast<std::size_t>(next_ - begin_);
        full_ += next_ - begin_;
    }
    while (in_use_ < chunks_.size() && chunks_[in_use_].size < bytes) {
        reserved_ -= static_cast<std::int64_t>(chunks_[in_use_].size);
        chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(in_use_));
    }
    if (in_use_ == chunks_.size()) {
        const std::size_t size =
            std::max(bytes, chunks_.empty() ? kChunkBytesMin
                                            : std::min(kChunkBytesMax, chunks_.back().size * 2));
        chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
        reserved_ += static_cast<std::int64_t>(size);
    }
    begin_ = next_ = chunks_[in_use_].memory.get();
    end_ = begin_ + chunks_[in_use_].size;
    ++in_use_;
}

void UndoLog::reset() {
    // Twice what was needed, and a little, may stay.
    while (chunks_.size() > 2 * in_use_ + 1) {
        reserved_ -= static_cast<std::int64_t>(chunks_.back().size);
        chunks_.pop_back();
    }
    in_use_ = 0;
    full_ = 0;
    begin_ = next_ = end_ = nullptr;
}

}  // namespace millrace::state
