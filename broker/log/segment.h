#pragma once
// A segment: <20-digit base offset>.log and its indexes (Java: LogSegment). Descriptors are opened
// when needed and closed by release(); the indexes of the active segment grow in memory and are
// written at roll and close, since after an unclean stop they are built anew.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/disk.h"
#include "millrace/base/strong.h"
#include "millrace/broker/log/producer_state.h"
#include "millrace/broker/log/segment_index.h"

namespace millrace::broker {

struct SegmentPosition {
    Offset offset;  // of the batch's first record
    std::int64_t position = 0;
};

class Segment {
public:
    // Nothing is opened. `size`: of the .log file.
    Segment(Disk& disk, std::string directory, Offset base, std::int64_t size);

    Offset base_offset() const { return base_; }
    std::int64_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::string path(std::string_view suffix) const;

    // Writes whole batches at the end. A failed write is cut off again; if that fails too, the
    // segment is broken().
    Result<void> append(BytesView batches);
    bool broken() const { return broken_; }

    // The batch that holds `offset` or the first past it; nothing: the end.
    Result<std::optional<SegmentPosition>> find(Offset offset);
    // Whole batches, each with its CRC checked. See Log::read.
    Result<Bytes> read(Offset from, std::size_t bytes_max, Offset up_to, bool at_least_one);
    // Walks all batches from a position: visit(batch, position) -> false stops.
    template <class Visit>
    Result<std::int64_t> walk(std::int64_t position, Visit&& visit);

    Result<Timestamp> largest_timestamp();
    Result<std::optional<std::pair<Timestamp, Offset>>> first_at_or_after(Timestamp at,
                                                                          Offset from);

    Result<void> truncate(std::int64_t position);
    Result<void> write_indexes();
    void release();

private:
    Disk& disk_;
    std::string directory_;
    Offset base_;
    std::int64_t size_;
    bool broken_ = false;
    std::shared_ptr<File> log_;
    OffsetIndex offsets_;
    TimeIndex times_;
    TransactionIndex transactions_;
};

}  // namespace millrace::broker
