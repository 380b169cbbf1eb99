#pragma once
// What the journal remembers of one change of one log. Places are physical (segment and position in
// its file), so that recovery repeats writes instead of decisions.
#include <cstdint>
#include <string>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"
#include "millrace/base/uuid.h"

namespace millrace::broker {

struct LogName {
    std::string directory;  // "topic-0", below the data directory
    Uuid topic_id;
};

struct JournalItem {
    enum class Kind : std::uint8_t {
        Append = 1,       // `bytes` at the place; the log then ends at `end`
        Reference = 2,    // as Append, but the bytes are only in the segment: it was synced before
                          // this counts
        Truncate = 3,     // everything from the place on goes; the log then ends at `end`
        StartOffset = 4,  // the log starts at `offset`
        Reset = 5,        // the log is empty and starts and ends at `offset`
        Delete = 6,
    };
    Kind kind = Kind::Append;
    Offset offset, end;
    Offset segment;             // base offset
    std::int64_t position = 0;  // in its file
    Bytes bytes;                // Append
    std::int64_t size = 0;      // Reference
    std::uint32_t fingerprint =
        0;  // Reference: CRC-32C over the batches' headers, which hold the CRCs of the rest
};

}  // namespace millrace::broker
