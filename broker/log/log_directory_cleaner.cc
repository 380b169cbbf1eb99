// What compaction may know of a data directory, and what it changes in it.
#include "millrace/broker/log/log_directory_state.h"

namespace millrace::broker {

std::vector<Log*> LogDirectoryState::compacted_logs() {
    std::vector<Log*> logs;
    for (const auto& [tp, log] : logs_)
        if (log->config().cleanup_compact) logs.push_back(log.get());
    return logs;
}

// Recovery repeats, by place, what the journal holds behind the last checkpoint, and begins to read
// a log at its mark. A segment with other bytes than it expects there would be cut, or overwritten.
bool LogDirectoryState::behind_the_journal(const Log& log, const Segment& segment) const {
    if (segment.journaled_through() > forgotten_through_) return false;
    const auto marked = marked_segments_.find(log.topic_partition());
    return marked == marked_segments_.end() || segment.base_offset() < marked->second;
}

bool LogDirectoryState::has_room(std::int64_t bytes) {
    if (disk_.free_bytes(config_.path) - bytes < 2 * config_.reserve_bytes)
        remove_doomed(Time::never());
    return disk_.free_bytes(config_.path) - bytes >= 2 * config_.reserve_bytes;
}

void LogDirectoryState::request_cleaner_sync(SyncFiles files) {
    cleaner_sync_ = next_sync_++;
    to_send_.push_back({*cleaner_sync_, std::move(files.files), std::move(files.directories)});
}

std::optional<Offset> LogDirectoryState::first_dirty(const Log& log) const {
    const auto at = cleaner_offsets_.find(log.topic_partition());
    return at == cleaner_offsets_.end() ? std::nullopt : std::optional(at->second);
}

void LogDirectoryState::cleaned(Log& log, Offset first_dirty) {
    cleaner_offsets_.insert_or_assign(log.topic_partition(), first_dirty);
    cleaner_offsets_changed_ = true;
    unsynced_.insert_or_assign(log.topic_partition(), &log);  // the next checkpoint writes it
}

void LogDirectoryState::swapped(Log& log, std::vector<std::string> doomed) {
    unsynced_.insert_or_assign(log.topic_partition(), &log);
    if (ticked_ && log.config().file_delete_delay_ms > 0)
        return doom(std::move(doomed), log.config().file_delete_delay_ms);
    for (const std::string& path : doomed)
        if (const auto removed = disk_.remove(path); !removed)
            log_.warn("could not remove what was compacted",
                      {{"path", path}, {"why", removed.error().detail}});
}

}  // namespace millrace::broker
