#include "millrace/engine/operators/run.h"

#include <algorithm>

#include "millrace/base/check.h"

namespace millrace::engine {

void Arena::next_chunk(std::size_t n) {
    constexpr std::size_t kChunkBytes = 16 * 1024;
    if (!chunks_.empty()) ++chunk_;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size < n) ++chunk_;
    if (chunk_ >= chunks_.size()) {
        const std::size_t size = std::max(n, kChunkBytes);
        chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size + kSpareBytes]), size});
        chunk_ = chunks_.size() - 1;
    }
    used_ = 0;
}

Column::~Column() {
    if (objects_) type_->destroy(objects_);
}

void Column::create_objects() {
    MR_CHECK(type_ != nullptr);
    objects_ = type_->create(kRunMax);
}

bool Column::decode(Row row) {
    Cell& cell = cells_[row];
    if (cell.state != Cell::HasBytes) return false;  // null, or known to be bad
    MR_CHECK(codec_ != nullptr);
    if (!objects_) create_objects();
    auto read = codec_->read(cell.bytes(), static_cast<std::byte*>(objects_) + row * type_->size);
    if (!read) [[unlikely]] {
        cell.state |= Cell::Bad;
        bad_detail_ = std::move(read.error().detail);
        return false;
    }
    cell.state |= Cell::HasObject;
    return true;
}

void Column::encode(Row row) {
    Cell& cell = cells_[row];
    MR_CHECK(codec_ != nullptr && (cell.state & Cell::HasObject));
    scratch_.clear();
    codec_->write(static_cast<const std::byte*>(objects_) + row * type_->size, scratch_);
    const BytesView kept = arena_.copy(scratch_.view());
    cell.data = kept.data();
    cell.size = static_cast<std::uint32_t>(kept.size());
    cell.state |= Cell::HasBytes;
}

void Column::encode(const Row* rows, std::size_t n) {
    if (!codec_ || !objects_) return;
    std::array<std::uint32_t, kRunMax> ends;
    std::size_t done = 0;
    scratch_.clear();
    try {
        for (; done < n; ++done) {
            const Row row = rows[done];
            if (cells_[row].state == Cell::HasObject)
                codec_->write(static_cast<const std::byte*>(objects_) + row * type_->size,
                              scratch_);
            ends[done] = static_cast<std::uint32_t>(scratch_.size());
        }
    } catch (...) {  // whoever asks for that one alone is told
    }
    if (done == 0) return;
    const std::byte* at = arena_.copy(scratch_.view().first(ends[done - 1])).data();
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < done; ++i) {
        Cell& cell = cells_[rows[i]];
        const std::uint32_t size = ends[i] - begin;
        if (cell.state == Cell::HasObject) {
            cell.data = at + begin;
            cell.size = size;
            cell.state |= Cell::HasBytes;
        }
        begin = ends[i];
    }
}

std::optional<BytesView> Column::encode_as(const Codec& codec, bool same, Row row,
                                           ByteSink& scratch) {
    const Cell& cell = cells_[row];
    if (same && !cell.is_bad()) return bytes(row);
    if (!(cell.state & Cell::HasObject) && !decode(row)) return std::nullopt;
    scratch.clear();
    codec.write(static_cast<const std::byte*>(objects_) + row * type_->size, scratch);
    return scratch.view();
}

void Column::copy_cell(Row to, Column& from, Row row) {
    const Cell& cell = from.cells_[row];
    if (cell.is_null() || cell.is_bad()) {
        cells_[to] = cell;
    } else if ((cell.state & Cell::HasBytes) && same_format(codec_, from.codec_)) {
        cells_[to].set_bytes(cell.bytes());
    } else {
        if (!(cell.state & Cell::HasObject) && !from.decode(row)) {
            cells_[to] = cell;
            return;
        }
        type_->copy(static_cast<const std::byte*>(from.objects_) + row * type_->size,
                    object_at(to));
    }
}

}  // namespace millrace::engine
