#pragma once
// What a log asks of the data directory it lies in.
#include <cstdint>
#include <memory>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/base/result.h"
#include "millrace/broker/log/journal_item.h"
#include "millrace/broker/log/segment.h"

namespace millrace::broker {

class Log;

class LogHost {
public:
    virtual ~LogHost() = default;
    virtual Disk& disk() = 0;
    // KafkaStorageError when the directory is offline, or full but for its reserve.
    virtual Result<void> may_append(std::int64_t bytes) = 0;
    virtual Result<void> may_read() const = 0;
    // It is in the segment's file; from here on it is the journal's to make it durable.
    virtual void appended(Log& log, JournalItem item) = 0;
    // Before the log does what cannot be undone: the item, and everything before it, is made
    // durable now. Blocks.
    virtual Result<void> commit_now(Log& log, JournalItem item) = 0;
    // A log start moved; these segments' files go when that is durable.
    virtual void start_moved(Log& log, JournalItem item,
                             std::vector<std::unique_ptr<Segment>> segments) = 0;
};

}  // namespace millrace::broker
