#include "millrace/broker/log/log_directory.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/log_directory_state.h"

namespace millrace::broker {

namespace {
constexpr std::int64_t kLookAgainMs = 50;
}

Result<void> SyncRequest::run(Disk& disk) const {
    for (const auto& file : files) MR_TRY_VOID(file->sync());
    for (const std::string& directory : directories) {
        auto done = disk.sync_directory(directory);
        if (!done && disk.exists(directory)) return done;  // else its log was deleted meanwhile
    }
    return {};
}

// ---- what logs ask
// -------------------------------------------------------------------------------------------------

void LogDirectoryState::go_offline(const std::string& why) {
    if (offline_) return;
    offline_ = true;
    (void)disk_.open(path_of(kSyncFailedFile), OpenMode::Create);
    log_.error("data directory is offline", {{"directory", config_.path}, {"why", why}});
}

Result<void> LogDirectoryState::may_read() const {
    if (offline_)
        return fail(
            ErrorCode::KafkaStorageError,
            config_.path + " is offline: a sync failed. Restart after the disk is repaired");
    return {};
}

// Free space is looked at once for a quarter of the reserve, and at every append while there is too
// little.
Result<void> LogDirectoryState::may_append(std::int64_t bytes) {
    MR_TRY_VOID(may_read());
    since_space_check_ += bytes;
    if (since_space_check_ >= config_.reserve_bytes / 4 || space_left_ < config_.reserve_bytes) {
        space_left_ = disk_.free_bytes(config_.path);
        since_space_check_ = bytes;
    }
    if (space_left_ - since_space_check_ < config_.reserve_bytes && !doomed_.empty()) {
        remove_doomed(Time::never());
        space_left_ = disk_.free_bytes(config_.path);
        since_space_check_ = bytes;
    }
    if (space_left_ - since_space_check_ < config_.reserve_bytes)
        return fail(ErrorCode::KafkaStorageError, config_.path +
                                                      ": the disk is full but for its reserve of " +
                                                      std::to_string(config_.reserve_bytes) +
                                                      " bytes. Delete topics or free space");
    return {};
}

void LogDirectoryState::appended(Log& log, JournalItem item) {
    const TopicPartition& tp = log.topic_partition();
    if (unsynced_.insert_or_assign(tp, &log).second && ticked_ && journals(log) &&
        !recovery_points_.contains(tp)) {
        // The first of a new log: until a checkpoint knows it, a recovery reads and syncs all of
        // it.
        next_checkpoint_ = std::min(
            next_checkpoint_, last_tick_ + std::chrono::milliseconds(config_.new_log_interval_ms));
        next_tick_ = std::min(next_tick_, next_checkpoint_);
    }
    if (!journals(log)) {
        log.durable_end_ = log.log_end_offset_;
        return;
    }
    waiting_.insert_or_assign(log.topic_partition(), Mark{&log, log.log_end_offset_, log.cuts_});
    since_checkpoint_ += static_cast<std::int64_t>(item.bytes.size());
    if (Segment* segment = log.segment_at(item.segment))
        segment->journaled(journal_.last_sequence() + 1);
    journal_.add(&log.name_, std::move(item));
}

void LogDirectoryState::start_moved(Log& log, JournalItem item,
                                    std::vector<std::unique_ptr<Segment>> segments) {
    if (journals(log)) {
        journal_.add(&log.name_, std::move(item));
        for (auto& segment : segments) removals_.push_back(std::move(segment));
        return;
    }
    remove_now(segments);
}

void LogDirectoryState::remove_now(std::vector<std::unique_ptr<Segment>>& segments) {
    const auto warn = [this](const Segment& segment, const Error& error) {  // found again at the next start
        log_.warn("could not remove a segment",
                  {{"path", segment.path(".log")}, {"why", error.detail}});
    };
    for (const auto& segment : segments) {
        if (ticked_ && segment->delete_delay_ms() > 0) {
            auto names = segment->doom_files();
            if (!names) warn(*segment, names.error());
            else doom(*std::move(names), segment->delete_delay_ms());
        } else if (const auto removed = segment->remove_files(); !removed) {
            warn(*segment, removed.error());
        }
    }
    segments.clear();
    since_space_check_ = INT64_MAX / 2;
}

void LogDirectoryState::doom(std::vector<std::string> paths, std::int64_t delay_ms) {
    const Time at = last_tick_ + std::chrono::milliseconds(delay_ms);
    for (std::string& path : paths) doomed_.emplace(at, std::move(path));
    next_tick_ = std::min(next_tick_, at);
}

void LogDirectoryState::remove_doomed(Time until) {
    while (!doomed_.empty() && doomed_.begin()->first <= until) {
        const std::string path = std::move(doomed_.begin()->second);
        doomed_.erase(doomed_.begin());
        if (!disk_.exists(path)) continue;  // its log was deleted meanwhile
        if (const auto removed = disk_.remove_all(path); !removed)
            log_.warn("could not remove what was deleted",
                      {{"path", path}, {"why", removed.error().detail}});
        since_space_check_ = INT64_MAX / 2;
    }
}

Result<void> LogDirectoryState::commit_now(Log& log, JournalItem item) {
    MR_TRY_VOID(may_read());
    // A checkpoint may not pass this before what follows it is synced.
    unsynced_.insert_or_assign(log.topic_partition(), &log);
    log.names_changed_ = true;
    auto point = recovery_points_.find(log.topic_partition());
    if (point != recovery_points_.end()) {
        const bool reset = item.kind == JournalItem::Kind::Reset;
        point->second = reset ? item.offset : std::min(point->second, item.end);
    }
    if (const auto mark = marks_.find(log.topic_partition());
        mark != marks_.end() &&
        (item.kind == JournalItem::Kind::Reset || mark->second.offset > item.end))
        marks_.erase(mark);
    if (const auto clean = cleaner_offsets_.find(log.topic_partition());
        clean != cleaner_offsets_.end() && clean->second > item.end) {
        clean->second = item.end;
        cleaner_offsets_changed_ = true;
    }
    if (Segment* segment = log.segment_at(item.segment);
        segment && item.kind == JournalItem::Kind::Truncate)
        segment->journaled(journal_.last_sequence() + 1);
    if (!journals(log)) return {};
    return commit_now(log.name_, std::move(item));
}

Result<void> LogDirectoryState::commit_now(const LogName& log, JournalItem item) {
    journal_.add(&log, std::move(item));
    while (cycle_ || !journal_.empty()) {
        if (!cycle_) {
            start_cycle();
            if (!cycle_)
                return fail(ErrorCode::KafkaStorageError,
                            config_.path + ": the journal cannot be written");
        }
        const SyncId id = cycle_->request.id;
        std::erase_if(to_send_, [id](const SyncRequest& r) {
            return r.id == id;
        });  // if it is out already, its outcome is ignored
        if (const auto done = cycle_->request.run(disk_); !done) {
            go_offline(done.error().detail);
            return done;
        }
        end_cycle();
    }
    return {};
}

// ---- cycles
// --------------------------------------------------------------------------------------------------------

void LogDirectoryState::flush(LogEffects& effects) {
    if (!offline_ && !cycle_ && (!journal_.empty() || !removals_.empty())) start_cycle();
    if (!offline_ && !checkpoint_ &&
        (journal_.live_bytes() > config_.journal_file_bytes ||
         since_checkpoint_ > config_.recovery_bytes))
        start_checkpoint(false);
    if (!offline_)
        for (SyncRequest& request : to_send_) effects.syncs.push_back(std::move(request));
    to_send_.clear();
    for (Log* log : moved_) effects.durable_moved.push_back(log);
    moved_.clear();
}

// Large appends leave the journal: what is left of them there is where they are.
void LogDirectoryState::make_references() {
    std::map<const LogName*, std::int64_t> sizes;
    for (const Journal::Pending& p : journal_.pending()) {
        std::int64_t& size = sizes[p.log];  // an order by address: nothing is walked in it
        if (p.item.kind == JournalItem::Kind::Append) {
            if (size >= 0) size += static_cast<std::int64_t>(p.item.bytes.size());
        } else if (p.item.kind != JournalItem::Kind::StartOffset) {
            size =
                INT64_MIN;  // bytes that a later item of the same group cuts could not be checked
        }
    }
    for (Journal::Pending& p : journal_.pending()) {
        if (p.item.kind != JournalItem::Kind::Append || sizes[p.log] < config_.large_append_bytes)
            continue;
        p.item.kind = JournalItem::Kind::Reference;
        p.item.size = static_cast<std::int64_t>(p.item.bytes.size());
        p.item.fingerprint = fingerprint_of(p.item.bytes);
        p.item.bytes = Bytes();
    }
}

void LogDirectoryState::add_segment(Log& log, Segment& segment, SyncRequest& request,
                                    std::vector<SyncedSegment>& segments,
                                    std::set<Log*>& new_names) {
    for (const SyncedSegment& s : segments) {
        if (s.log == &log && s.base == segment.base_offset()) return;
    }
    auto file = segment.file_for_sync();
    if (!file) return go_offline(file.error().detail);
    request.files.push_back(*std::move(file));
    segments.push_back({&log, segment.base_offset(), segment.version(), log.cuts_});
    if (segment.is_new()) log.names_changed_ = true;
    add_names(log, request, new_names);
}

// The directories of names that a crash could take back.
void LogDirectoryState::add_names(Log& log, SyncRequest& request, std::set<Log*>& new_names) {
    const auto add_directory = [&request](const std::string& path) {
        if (std::find(request.directories.begin(), request.directories.end(), path) ==
            request.directories.end())
            request.directories.push_back(path);
    };
    if (!(log.names_changed_ || log.directory_new_) || !new_names.insert(&log).second) return;
    add_directory(log.path());
    if (!log.directory_new_) return;
    if (auto metadata = disk_.open(join(log.path(), "partition.metadata"), OpenMode::Write))
        request.files.push_back(*metadata);
    add_directory(config_.path);
}

void LogDirectoryState::start_cycle() {
    Cycle cycle;
    cycle.request.id = next_sync_++;
    if (!journal_.empty()) {
        make_references();
        for (const Journal::Pending& p : journal_.pending()) {
            if (p.item.kind != JournalItem::Kind::Reference) continue;
            for (const auto& [tp, mark] : waiting_) {
                if (&mark.log->name_ != p.log) continue;
                Segment& segment = *mark.log->segments_[mark.log->segment_index(p.item.offset)];
                if (segment.base_offset() == p.item.segment)  // else retention took it already
                    add_segment(*mark.log, segment, cycle.request, cycle.segments, cycle.new_names);
            }
        }
        const auto written = journal_.write_group();
        if (!written) {
            // A full disk may yet get room, and nothing was promised. Anything else is not to be
            // trusted again.
            if (disk_.free_bytes(config_.path) >= config_.reserve_bytes)
                go_offline(written.error().detail);
            if (!journal_failing_)
                log_.warn("the journal cannot be written", {{"why", written.error().detail}});
            journal_failing_ = true;
            return;
        }
        journal_failing_ = false;
        cycle.sequence = written->sequence;
        cycle.request.files.push_back(written->file);
        if (written->new_name) cycle.request.directories.push_back(config_.path);
    }
    for (const auto& [tp, mark] : waiting_) cycle.marks.push_back(mark);
    waiting_.clear();
    cycle.removals = std::move(removals_);
    removals_.clear();
    to_send_.push_back(cycle.request);
    cycle_ = std::move(cycle);
}

void LogDirectoryState::apply(const std::vector<SyncedSegment>& segments,
                              const std::set<Log*>& new_names) {
    for (const SyncedSegment& s : segments) {
        for (const auto& segment : s.log->segments_) {
            if (segment->base_offset() != s.base || s.log->cuts_ != s.cuts) continue;
            segment->synced(s.version);
            segment->name_synced();
            if (s.indexes) segment->indexes_synced(*s.indexes);
        }
    }
    for (Log* log : new_names) log->directory_new_ = false;
}

void LogDirectoryState::end_cycle() {
    Cycle cycle = *std::move(cycle_);
    cycle_.reset();
    apply(cycle.segments, cycle.new_names);
    for (const Mark& mark : cycle.marks) {
        if (mark.cuts != mark.log->cuts_ || mark.end <= mark.log->durable_end_) continue;
        mark.log->durable_end_ = mark.end;
        moved_.push_back(mark.log);
    }
    remove_now(cycle.removals);
}

void LogDirectoryState::synced(SyncId id, const Result<void>& outcome, LogEffects& effects) {
    const bool of_cycle = cycle_ && cycle_->request.id == id,
               of_checkpoint = checkpoint_ && checkpoint_->request.id == id,
               of_cleaner = cleaner_sync_ == id;
    if (of_cleaner) {
        cleaner_sync_.reset();
        if (!outcome) {
            go_offline(outcome.error().detail);
            return;
        }
        if (!offline_) cleaner_.synced();
        next_tick_ = std::min(next_tick_, cleaner_.next());
    }
    if (of_cycle || of_checkpoint) {
        if (!outcome) {
            go_offline(outcome.error().detail);
            return;
        }
        if (of_cycle)
            end_cycle();
        else
            go_on_with_checkpoint();
    }
    flush(effects);
}

// ---- checkpoints
// ---------------------------------------------------------------------------------------------------

void LogDirectoryState::start_checkpoint(bool high_watermarks_only) {
    Checkpoint checkpoint;
    checkpoint.high_watermarks_only = high_watermarks_only;
    checkpoint.request.id = next_sync_++;
    checkpoint.sequence = journal_.last_sequence();
    collect_offsets();  // now: a start that moves later is in a later group
    if (!high_watermarks_only) {
        since_checkpoint_ = 0;
        // What is appended but in no group yet is synced with the rest, and stays in the group that
        // comes: recovery finds it done.
        for (const auto& [tp, log] : unsynced_) {
            checkpoint.ends.push_back({log, log->log_end_offset_, log->cuts_});
            // A full disk: no mark, no harm.
            if (auto mark = log->recovery_mark(); mark && *mark)
                checkpoint.marks.insert_or_assign(tp, **std::move(mark));
            for (const auto& segment : log->segments_) {
                if (!segment->transactions().unsynced()) continue;
                auto file = disk_.open(segment->transactions().path(), OpenMode::Write);
                if (!file) return go_offline(file.error().detail);
                checkpoint.request.files.push_back(*std::move(file));
                segment->transactions().sync_begun();
                log->names_changed_ = true;
            }
            log->names_changed_ |= std::any_of(log->segments_.begin(), log->segments_.end(),
                                               [](const auto& s) { return s->indexes_unsynced(); });
            add_names(*log, checkpoint.request, checkpoint.new_names);
            log->names_changed_ = false;
            for (const auto& segment : log->segments_) {
                if (segment->dirty() || segment->indexes_unsynced())
                    add_segment(*log, *segment, checkpoint.request, checkpoint.segments,
                                checkpoint.new_names);
                if (segment->indexes_unsynced() && !mutant::on(Mutant::IndexesNotSynced)) add_indexes(*segment, checkpoint);
            }
        }
        unsynced_.clear();
    }
    to_send_.push_back(checkpoint.request);
    checkpoint_ = std::move(checkpoint);
    if (high_watermarks_only) {  // nothing to wait for
        to_send_.pop_back();
        go_on_with_checkpoint();
    }
}

// Recovery reads only what lies behind the recovery point. Indexes below it are believed: of what was aborted there, nobody
// else tells.
void LogDirectoryState::add_indexes(Segment& segment, Checkpoint& checkpoint) {
    auto files = segment.index_files_for_sync();
    if (!files) return go_offline(files.error().detail);
    for (auto& file : *files) checkpoint.request.files.push_back(std::move(file));
    for (SyncedSegment& s : checkpoint.segments)
        if (s.base == segment.base_offset() && s.log == checkpoint.ends.back().log)
            s.indexes = segment.indexes_version();
}

void LogDirectoryState::collect_offsets() {
    for (const auto& [tp, log] : logs_) {
        high_watermarks_.insert_or_assign(tp, log->high_watermark_);
        log_starts_.insert_or_assign(tp, log->log_start_offset_);
    }
}

bool LogDirectoryState::collect_segment_times() {
    auto now = segment_times_;
    for (const auto& [tp, log] : logs_) {
        if (log->segment_times().empty())
            now.erase(tp);
        else
            now.insert_or_assign(tp, log->segment_times());
    }
    if (now == segment_times_) return false;
    segment_times_ = std::move(now);
    return true;
}

Result<void> LogDirectoryState::write_checkpoint_content() {
    Checkpoint& checkpoint = *checkpoint_;
    const auto write = [this, &checkpoint](std::string_view name,
                                           const std::string& text) -> Result<void> {
        MR_TRY(auto file, disk_.open(path_of(std::string(name) + ".tmp"), OpenMode::Create));
        MR_TRY_VOID(file->truncate(0));
        MR_TRY_VOID(file->write(0, as_bytes(text)));
        checkpoint.request.files.push_back(std::move(file));
        checkpoint.renames.emplace_back(name);
        return {};
    };
    MR_TRY_VOID(write(kHighWatermarkFile, to_text(high_watermarks_)));
    if (collect_segment_times()) MR_TRY_VOID(write(kSegmentTimesFile, to_text(segment_times_)));
    if (checkpoint.high_watermarks_only) return {};
    MR_TRY_VOID(write(kLogStartFile, to_text(log_starts_)));
    MR_TRY_VOID(write(kRecoveryPointFile, to_text(recovery_points_)));
    if (std::exchange(cleaner_offsets_changed_, false))
        MR_TRY_VOID(write(kCleanerFile, to_text(cleaner_offsets_)));
    for (const Mark& end : checkpoint.ends) {
        const TopicPartition& tp = end.log->topic_partition();
        const auto mark = marks_.find(tp);
        checkpoint.marked.insert_or_assign(
            tp, mark == marks_.end() ? std::nullopt : std::optional(mark->second.segment.base));
    }
    JournalCheckpoint journal{true, config_.durability == LogDurability::PageCache,
                              checkpoint.sequence, recovery_points_, marks_};
    return write(kJournalCheckpointName, to_text(journal));
}

// The request of the step that `checkpoint_` is in is done.
void LogDirectoryState::go_on_with_checkpoint() {
    Checkpoint& checkpoint = *checkpoint_;
    const auto give_up =
        [this](
            const Error& error) {  // a full disk: the old checkpoints stay, and so does the journal
            log_.warn("checkpoint was not written",
                      {{"directory", config_.path}, {"why", error.detail}});
            for (const Mark& mark : checkpoint_->ends) {
                unsynced_.insert_or_assign(mark.log->topic_partition(), mark.log);
                mark.log->names_changed_ = true;
            }
            cleaner_offsets_changed_ = true;
            checkpoint_.reset();
        };
    checkpoint.request = {next_sync_++, {}, {}};
    switch (checkpoint.step) {
        case Checkpoint::Step::Segments: {
            apply(checkpoint.segments, checkpoint.new_names);
            for (const Mark& mark : checkpoint.ends) {
                if (mark.cuts != mark.log->cuts_) continue;
                const TopicPartition& tp = mark.log->topic_partition();
                recovery_points_.insert_or_assign(tp, mark.end);
                marks_.erase(tp);
                if (auto taken = checkpoint.marks.extract(tp); !taken.empty())
                    marks_.insert(std::move(taken));
            }
            checkpoint.step = Checkpoint::Step::Content;
            if (const auto written = write_checkpoint_content(); !written)
                return give_up(written.error());
            break;
        }
        case Checkpoint::Step::Content:
            for (const std::string& name : checkpoint.renames) {
                if (const auto renamed = disk_.rename(path_of(name + ".tmp"), path_of(name));
                    !renamed)
                    return give_up(renamed.error());
            }
            checkpoint.step = Checkpoint::Step::Names;
            checkpoint.request.directories.push_back(config_.path);
            break;
        case Checkpoint::Step::Names:
            if (!checkpoint.high_watermarks_only) {
                journal_.forget_through(checkpoint.sequence);
                forgotten_through_ = checkpoint.sequence;
            }
            for (const auto& [tp, base] : checkpoint.marked) {
                if (base)
                    marked_segments_.insert_or_assign(tp, *base);
                else
                    marked_segments_.erase(tp);
            }
            checkpoint_.reset();
            return;
    }
    to_send_.push_back(checkpoint.request);
}

void LogDirectoryState::tick(Now now, LogEffects& effects) {
    const auto in = [&now](std::int64_t ms) { return now.time + std::chrono::milliseconds(ms); };
    const std::int64_t interval_ms = config_.durability == LogDurability::PageCache
                                         ? config_.page_cache_checkpoint_interval_ms
                                         : config_.checkpoint_interval_ms;
    last_tick_ = now.time;
    if (!ticked_) {
        ticked_ = true;
        next_high_watermarks_ = in(config_.high_watermark_interval_ms);
        next_checkpoint_ = in(interval_ms);
        next_idle_ = in(config_.idle_interval_ms);
    }
    if (!offline_ && !checkpoint_ && now.time >= next_checkpoint_) {
        next_checkpoint_ = in(interval_ms);
        if (!unsynced_.empty() || journal_.live_bytes() > 0) {
            next_high_watermarks_ = in(config_.high_watermark_interval_ms);
            start_checkpoint(false);
        }
    } else if (!offline_ && !checkpoint_ && now.time >= next_high_watermarks_) {
        next_high_watermarks_ = in(config_.high_watermark_interval_ms);
        bool moved = false;
        for (const auto& [tp, log] : logs_) {
            const auto known = high_watermarks_.find(tp);
            moved |= known == high_watermarks_.end() || known->second != log->high_watermark_;
            const auto times = segment_times_.find(tp);
            moved |= times == segment_times_.end() ? !log->segment_times().empty()
                                                   : times->second != log->segment_times();
        }
        if (moved) start_checkpoint(true);
    }
    if (now.time >= next_idle_) {
        next_idle_ = in(config_.idle_interval_ms);
        for (const auto& [tp, log] : logs_) {
            if (!log->used_) log->release_memory();
            log->used_ = false;
        }
    }
    if (checkpoint_) {  // what was due meanwhile is looked at again soon
        next_checkpoint_ = std::max(next_checkpoint_, in(kLookAgainMs));
        next_high_watermarks_ = std::max(next_high_watermarks_, in(kLookAgainMs));
    }
    if (!offline_) {
        remove_doomed(now.time);
        cleaner_.step(now);
    }
    next_tick_ = std::min({next_high_watermarks_, next_checkpoint_, next_idle_, cleaner_.next(),
                           doomed_.empty() ? Time::never() : doomed_.begin()->first});
    flush(effects);
}

// ---- deletion
// ------------------------------------------------------------------------------------------------------

void LogDirectoryState::forget(Log* log) {
    const auto of = [log](const auto& x) { return x.log == log; };
    const TopicPartition& tp = log->topic_partition();
    waiting_.erase(tp);
    unsynced_.erase(tp);
    std::erase(moved_, log);
    cleaner_.forget(*log);
    if (cycle_) {
        std::erase_if(cycle_->marks, of);
        std::erase_if(cycle_->segments, of);
        cycle_->new_names.erase(log);
    }
    if (checkpoint_) {
        std::erase_if(checkpoint_->ends, of);
        std::erase_if(checkpoint_->segments, of);
        checkpoint_->marks.erase(tp);
        checkpoint_->marked.erase(tp);
        checkpoint_->new_names.erase(log);
    }
}

void LogDirectoryState::forget_offsets(const TopicPartition& tp) {
    recovery_points_.erase(tp);
    high_watermarks_.erase(tp);
    log_starts_.erase(tp);
    marks_.erase(tp);
    passed_over_.erase(tp);
    unnamed_.erase(tp);
    segment_times_.erase(tp);
    marked_segments_.erase(tp);
    if (cleaner_offsets_.erase(tp) != 0) cleaner_offsets_changed_ = true;
}

Result<void> LogDirectoryState::delete_log(const TopicPartition& tp) {
    MR_TRY_VOID(may_read());
    const auto at = logs_.find(tp);
    const std::string path = path_of(tp.to_string());
    if (at == logs_.end() && !on_disk_.contains(tp)) return {};
    LogName name{tp.to_string(), {}};
    std::int64_t delay_ms = config_.log_defaults.file_delete_delay_ms;
    if (at != logs_.end()) {
        name = at->second->name_;
        delay_ms = at->second->config().file_delete_delay_ms;
    } else {
        MR_TRY(name.topic_id, topic_id_of(tp));
    }
    // In both modes: in the other one, too, recovery must not find the log again by way of the
    // journal.
    MR_TRY_VOID(commit_now(name, {.kind = JournalItem::Kind::Delete}));
    if (at != logs_.end()) {
        std::erase_if(removals_, [&path](const auto& segment) {
            return segment->path("").starts_with(path + '/');
        });
        forget(at->second.get());
        logs_.erase(at);
    }
    forget_offsets(tp);
    broken_.erase(tp);
    on_disk_.erase(tp);
    if (!disk_.exists(path)) return {};
    // Kafka's form of the name. What is left of it, the next start removes.
    char unique[48];
    std::snprintf(unique, sizeof unique, ".%016llx%016llx-delete",
                  static_cast<unsigned long long>(name.topic_id.high),
                  static_cast<unsigned long long>(name.topic_id.low));
    const std::string doomed =
        path.substr(0, config_.path.size() + 1 + std::min<std::size_t>(name.directory.size(), 200)) + unique;
    if (disk_.exists(doomed)) MR_TRY_VOID(disk_.remove_all(doomed));
    MR_TRY_VOID(disk_.rename(path, doomed));
    since_space_check_ = INT64_MAX / 2;
    if (!ticked_ || delay_ms <= 0) return disk_.remove_all(doomed);
    doom({doomed}, delay_ms);
    return {};
}

// ---- LogDirectory
// --------------------------------------------------------------------------------------------------

LogDirectory::LogDirectory(std::unique_ptr<LogDirectoryState> state) : state_(std::move(state)) {}
LogDirectory::~LogDirectory() = default;

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(Disk& disk, LogDirectoryConfig config,
                                                         LogSink& log) {
    auto state = std::make_unique<LogDirectoryState>(disk, std::move(config), log);
    MR_TRY_VOID(state->open());
    return std::unique_ptr<LogDirectory>(new LogDirectory(std::move(state)));
}

const std::string& LogDirectory::cluster_id() const {
    return state_->meta_.cluster_id;
}
const Uuid& LogDirectory::directory_id() const {
    return *state_->meta_.directory_id;
}
bool LogDirectory::was_clean() const {
    return state_->was_clean_;
}
std::optional<std::int64_t> LogDirectory::clean_broker_epoch() const {
    return state_->clean_broker_epoch_;
}
bool LogDirectory::offline() const {
    return state_->offline_;
}
const CleanerStats& LogDirectory::cleaner_stats() const {
    return state_->cleaner_.stats();
}
std::int64_t LogDirectory::free_bytes() const {
    return state_->disk_.free_bytes(state_->config_.path);
}

std::vector<TopicPartition> LogDirectory::topic_partitions() const {
    return {state_->on_disk_.begin(), state_->on_disk_.end()};
}

Log* LogDirectory::find(const TopicPartition& tp) {
    const auto at = state_->logs_.find(tp);
    return at == state_->logs_.end() ? nullptr : at->second.get();
}

Result<Log*> LogDirectory::open_log(const TopicPartition& tp, const Uuid& topic_id,
                                    const LogConfig& config) {
    return state_->open_log(tp, topic_id, config);
}
Result<void> LogDirectory::delete_log(const TopicPartition& tp) {
    return state_->delete_log(tp);
}
void LogDirectory::flush(LogEffects& effects) {
    state_->flush(effects);
}
void LogDirectory::synced(SyncId id, Result<void> outcome, LogEffects& effects) {
    state_->synced(id, outcome, effects);
}
void LogDirectory::tick(Now now, LogEffects& effects) {
    state_->tick(now, effects);
}
Time LogDirectory::next_tick() const {
    return state_->next_tick();
}
Result<void> LogDirectory::close(std::int64_t broker_epoch) {
    return state_->close(broker_epoch);
}

}  // namespace millrace::broker
