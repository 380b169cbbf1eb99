#pragma once
// What recovery has to know to begin in the middle of a segment: at an offset up to which a
// checkpoint synced a log, where its bytes lie and what reading everything before them would have
// told. So a restart after a crash reads what came since the last checkpoint, however large the
// segment is, and does not look at a log to which nothing came.
//
// A mark lies in millrace-checkpoint beside the recovery points, so that both change at once. It is
// a shortcut, never the truth: index files are written without a sync, so their lengths and CRCs
// stand in the mark, and where anything does not fit the segment is scanned from its beginning.
//   text, one line: topic partition offset topic-id segment position index-entries crc time-entries
//   crc aborted-entries crc largest-timestamp its-offset epoch:start,... producers
// (the producers, ProducerStateTable::encode_whole(), in hexadecimal; "-": none).
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/log/segment_index.h"

namespace millrace::broker {

struct IndexMark {  // the first entries of an index file
    std::int64_t entries = 0;
    std::uint32_t crc = 0;  // CRC-32C of them
    friend bool operator==(const IndexMark&, const IndexMark&) = default;
};

struct SegmentMark {
    Offset base;
    std::int64_t position = 0;  // where the next batch begins
    IndexMark offsets, times, aborted;
    TimeIndexEntry largest;
    friend bool operator==(const SegmentMark&, const SegmentMark&) = default;
};

struct RecoveryMark {
    Offset offset;
    Uuid topic_id;
    SegmentMark segment;
    std::string epochs;  // "epoch:start,..."
    Bytes producers;     // ProducerStateTable::encode_whole(); empty: none
    friend bool operator==(const RecoveryMark& a, const RecoveryMark& b) {
        return a.offset == b.offset && a.topic_id == b.topic_id && a.segment == b.segment &&
               a.epochs == b.epochs && equal(a.producers, b.producers);
    }
};

// A log with more producers than fit has no mark: its last segment is scanned whole.
inline constexpr std::size_t kMarkProducersBytesMax = 64 << 10;

using RecoveryMarks = std::map<TopicPartition, RecoveryMark>;
std::string to_text(const RecoveryMarks& marks);
Result<RecoveryMarks> parse_recovery_marks(std::string_view text);

}  // namespace millrace::broker
