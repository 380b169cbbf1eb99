#pragma once
// Repeats what the journal knows in the segments' files, before the logs are opened: writes that a
// crash took back, and nothing else. Works on files by place; decides nothing that the journal does
// not say.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/disk.h"
#include "millrace/broker/log/journal.h"

namespace millrace::broker {

struct ReplayedLog {
    Uuid topic_id;
    std::optional<Offset> end;    // where it ends; nothing: the journal says nothing of it
    std::optional<Offset> start;  // the greatest log start it knows
    // Below this, what was known of the log before the journal holds: it was not cut, emptied or
    // made anew.
    Offset unchanged_below{INT64_MAX};
};

struct Replay {
    std::map<std::string, ReplayedLog> logs;  // by directory name
    std::size_t groups = 0;                   // that were applied
    std::size_t writes = 0;                   // that the files did not hold
};

// `groups` are cut at the first that refers to bytes that its segment does not hold.
Result<Replay> replay_journal(Disk& disk, const std::string& directory,
                              std::vector<JournalGroup>& groups);

}  // namespace millrace::broker
