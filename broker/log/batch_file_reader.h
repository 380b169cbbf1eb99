#pragma once
// Walks the batches of a file through a buffer. A batch cut short is the end; a bad length or magic
// is CorruptMessage.
#include <cstdint>
#include <memory>
#include <optional>

#include "millrace/base/disk.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

class BatchFileReader {
public:
    enum class Want : std::uint8_t {
        Headers,
        Batches
    };  // Headers: of a view only the header may be looked at

    BatchFileReader(const File& file, std::int64_t from, std::int64_t end, Want want,
                    std::size_t buffer_bytes);

    // The view is good until the next call.
    Result<std::optional<wire::RecordBatchView>> next();
    std::int64_t batch_position() const { return batch_at_; }  // of the batch given last
    std::int64_t position() const { return next_at_; }         // behind it

private:
    void make_room(std::size_t bytes);
    Result<bool> have(
        std::int64_t at,
        std::size_t size);  // bytes [at, at + size) are in the buffer; false: past the end

    const File& file_;
    std::int64_t end_;
    Want want_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t capacity_ = 0;
    std::int64_t buffer_at_ = 0;
    std::size_t buffered_ = 0;
    std::int64_t batch_at_, next_at_;
};

}  // namespace millrace::broker
