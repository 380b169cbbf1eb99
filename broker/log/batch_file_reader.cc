#include "millrace/broker/log/batch_file_reader.h"

#include <algorithm>
#include <cstring>

namespace millrace::broker {

BatchFileReader::BatchFileReader(const File& file, std::int64_t from, std::int64_t end, Want want,
                                 std::size_t buffer_bytes)
    : file_(file), end_(std::min(end, file.size())), want_(want), batch_at_(from), next_at_(from) {
    make_room(std::max<std::size_t>(buffer_bytes, 2 * wire::kBatchHeaderBytes));
}

void BatchFileReader::make_room(std::size_t bytes) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(bytes + kSpareBytes);
    capacity_ = bytes;
}

Result<bool> BatchFileReader::have(std::int64_t at, std::size_t size) {
    if (at + static_cast<std::int64_t>(size) > end_) return false;
    if (at >= buffer_at_ &&
        at + static_cast<std::int64_t>(size) <= buffer_at_ + static_cast<std::int64_t>(buffered_))
        return true;
    if (capacity_ < size) make_room(size);
    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(end_ - at, static_cast<std::int64_t>(capacity_)));
    MR_TRY(buffered_, file_.read(at, {buffer_.get(), wanted}));
    buffer_at_ = at;
    return buffered_ >= size;
}

Result<std::optional<wire::RecordBatchView>> BatchFileReader::next() {
    const auto nothing = std::optional<wire::RecordBatchView>();
    MR_TRY(const bool header, have(next_at_, wire::kBatchHeaderBytes));
    if (!header) return nothing;
    const auto bytes = [this] {
        return BytesView{
            buffer_.get() + (next_at_ - buffer_at_),
            static_cast<std::size_t>(buffer_at_ + static_cast<std::int64_t>(buffered_) - next_at_)};
    };
    MR_TRY(const auto peek, wire::RecordBatchView::header_of(bytes()));
    const auto size = static_cast<std::int64_t>(peek.size());
    if (next_at_ + size > end_) return nothing;
    if (want_ == Want::Batches) {
        MR_TRY(const bool whole, have(next_at_, static_cast<std::size_t>(size)));
        if (!whole) return nothing;
    }
    MR_TRY(auto view, wire::RecordBatchView::header_of(bytes()));
    batch_at_ = next_at_;
    next_at_ += size;
    return std::optional(view);
}

}  // namespace millrace::broker
