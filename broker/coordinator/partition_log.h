#pragma once
// A partition led here, as a coordinator or the controller sees it: a log to append to and to load
// from, and the offset below which records are committed (replicated, and in the durable mode
// synced). The broker implements it over its partitions; tests over a vector.
#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

struct AppendedAt {
    Offset first{}, end{};  // end is exclusive
};

class PartitionLog {
public:
    virtual ~PartitionLog() = default;
    virtual Result<AppendedAt> append(
        Bytes batch) = 0;  // one v2 batch; base offset and leader epoch are stamped here
    virtual Result<Bytes> read(Offset from,
                               std::size_t bytes_max) = 0;  // whole batches from the one that holds
                                                            // `from`; empty at the end
    virtual Offset log_start() const = 0;
    virtual Offset log_end() const = 0;
    virtual Offset committed_end() const = 0;  // the high watermark
    virtual LeaderEpoch leader_epoch() const = 0;
};

}  // namespace millrace::broker
