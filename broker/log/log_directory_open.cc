// Opening and closing a data directory. After a clean stop nothing is read but small files, and
// logs are opened when they are asked for. Otherwise: repeat the journal's writes, open every log
// and cut it where the journal's knowledge ends, sync all of that (what is served must not be lost
// by a second crash), write new checkpoints, begin the journal anew.
#include <algorithm>
#include <charconv>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/journal_replay.h"
#include "millrace/broker/log/log_directory_state.h"

namespace millrace::broker {

namespace {

constexpr std::string_view kMetaFile = "meta.properties", kCleanFile = ".kafka_cleanshutdown";
constexpr Offset kNoEnd{INT64_MAX};
constexpr std::uint64_t kSequenceJump = 1 << 20;  // more groups than the journal can hold

constexpr std::string_view kMetadataTopic =
    "__cluster_metadata";  // the quorum's, which recovers it

// "topic-0"; nothing for what is no log's directory, or not ours to touch.
std::optional<TopicPartition> parse_directory(std::string_view name) {
    const std::size_t dash = name.rfind('-');
    std::int64_t partition;
    if (dash == std::string_view::npos || dash == 0 ||
        !parse_number(name.substr(dash + 1), partition) || partition < 0 || partition > INT32_MAX ||
        name[0] == '.')
        return std::nullopt;
    TopicPartition tp{std::string(name.substr(0, dash)), static_cast<std::int32_t>(partition)};
    return tp.to_string() == name && tp.topic != kMetadataTopic ? std::optional(tp) : std::nullopt;
}

}  // namespace

Result<void> LogDirectoryState::open() {
    MR_TRY_VOID(disk_.make_directories(config_.path));
    MR_TRY(lock_, disk_.lock(config_.path));
    MR_TRY_VOID(check_meta_properties());
    if (disk_.exists(path_of(kCleanFile))) {
        was_clean_ = true;
        MR_TRY(const Bytes text, read_file(disk_, path_of(kCleanFile)));
        if (const auto marker = parse_clean_shutdown(as_text(text));
            marker && marker->broker_epoch >= 0)
            clean_broker_epoch_ = marker->broker_epoch;
        MR_TRY_VOID(disk_.remove(path_of(kCleanFile)));
        MR_TRY_VOID(disk_.sync_directory(config_.path));
    }
    MR_TRY_VOID(read_checkpoints());
    std::uint64_t last_sequence = journal_checkpoint_ ? journal_checkpoint_->sequence : 0;
    if (journal_checkpoint_) marks_ = std::move(journal_checkpoint_->marks);
    if (was_clean_) {
        MR_TRY_VOID(list_logs());
        MR_TRY_VOID(know_all_ends());
        if (!journal_checkpoint_) {
            MR_TRY(const auto contents, journal_.read(std::nullopt));
            last_sequence = contents.last_sequence;
        }
    } else {
        distrusted_ = disk_.exists(path_of(kSyncFailedFile)) && !mutant::on(Mutant::FailedSyncTrusted);
        if (auto recovered = recover(last_sequence); !recovered) {
            (void)disk_.open(path_of(kSyncFailedFile), OpenMode::Create);
            return recovered;
        }
    }
    if (disk_.exists(path_of(kSyncFailedFile))) MR_TRY_VOID(disk_.remove(path_of(kSyncFailedFile)));
    for (OffsetCheckpoint* offsets :
         {&recovery_points_, &high_watermarks_, &log_starts_, &cleaner_offsets_})
        std::erase_if(*offsets,
                      [this](const auto& entry) { return !on_disk_.contains(entry.first); });
    std::erase_if(marks_, [this](const auto& mark) { return !on_disk_.contains(mark.first); });
    std::erase_if(segment_times_, [this](const auto& of) { return !on_disk_.contains(of.first); });
    collect_offsets();
    // Behind a torn group there may be whole ones that were not seen: a jump, so that none of them
    // ever continues ours.
    last_sequence += kSequenceJump;
    journal_checkpoint_ = JournalCheckpoint{.sequence = last_sequence};
    MR_TRY_VOID(replace_checkpoints(true));
    for (const auto& [tp, mark] : marks_)
        marked_segments_.insert_or_assign(tp, mark.segment.base);
    forgotten_through_ = last_sequence;
    return journal_.start(last_sequence + 1);
}

Result<void> LogDirectoryState::check_meta_properties() {
    if (disk_.exists(path_of(kMetaFile))) {
        MR_TRY(const Bytes text, read_file(disk_, path_of(kMetaFile)));
        auto parsed = parse_meta_properties(as_text(text));
        if (!parsed)
            return fail(ErrorCode::KafkaStorageError,
                        config_.path + "/" + parsed.error().detail +
                            ". Repair it, or format the directory anew");
        meta_ = *std::move(parsed);
        if (!config_.cluster_id.empty() && !meta_.cluster_id.empty() &&
            meta_.cluster_id != config_.cluster_id)
            return fail(ErrorCode::InconsistentClusterId,
                        config_.path + " belongs to cluster " + meta_.cluster_id + ", this is " +
                            config_.cluster_id +
                            ". Use another directory, or set millrace.cluster.id to " +
                            meta_.cluster_id);
        if (meta_.node_id && *meta_.node_id != config_.node_id)
            return fail(ErrorCode::InvalidConfig,
                        config_.path + " belongs to node " + std::to_string(*meta_.node_id) +
                            ", this is node " + std::to_string(config_.node_id) +
                            ". Set node.id or log.dirs right");
        if (meta_.directory_id && !meta_.cluster_id.empty() && meta_.node_id) return {};
    } else {
        MR_TRY(const auto entries, disk_.list(config_.path));
        for (const DiskEntry& entry : entries) {
            if (entry.directory && (parse_directory(entry.name) ||
                                    entry.name.starts_with(std::string(kMetadataTopic) + '-')))
                return fail(ErrorCode::KafkaStorageError,
                            config_.path +
                                " has logs but no meta.properties. Restore that file, or use an "
                                "empty directory");
        }
    }
    // The directory itself may be new; what lies above it is not ours to judge.
    for (std::string_view up = config_.path; !up.empty();) {
        const std::size_t slash = up.rfind('/');
        up = slash == std::string_view::npos ? std::string_view() : up.substr(0, slash);
        (void)disk_.sync_directory(up.empty() ? std::string_view(config_.path[0] == '/' ? "/" : ".")
                                              : up);
    }
    if (meta_.cluster_id.empty()) meta_.cluster_id = config_.cluster_id;
    if (meta_.cluster_id.empty())
        return fail(ErrorCode::InvalidConfig,
                    config_.path + ": an empty directory needs a cluster id");
    meta_.node_id = config_.node_id;
    if (!meta_.directory_id) meta_.directory_id = config_.directory_id;
    return replace_file(disk_, path_of(kMetaFile), as_bytes(to_text(meta_)));
}

// A checkpoint that cannot be read says nothing: recovery then looks at more, and high watermarks
// begin at the log start.
Result<void> LogDirectoryState::read_checkpoints() {
    const auto read = [this](std::string_view name, OffsetCheckpoint& into) -> Result<void> {
        if (!disk_.exists(path_of(name))) return {};
        MR_TRY(const Bytes text, read_file(disk_, path_of(name)));
        if (auto parsed = parse_offset_checkpoint(as_text(text)))
            into = *std::move(parsed);
        else
            log_.warn("checkpoint is ignored",
                      {{"file", path_of(name)}, {"why", parsed.error().detail}});
        return {};
    };
    MR_TRY_VOID(read(kHighWatermarkFile, high_watermarks_));
    MR_TRY_VOID(read(kRecoveryPointFile, recovery_points_));
    MR_TRY_VOID(read(kLogStartFile, log_starts_));
    MR_TRY_VOID(read(kCleanerFile, cleaner_offsets_));
    if (disk_.exists(path_of(kSegmentTimesFile))) {
        MR_TRY(const Bytes text, read_file(disk_, path_of(kSegmentTimesFile)));
        if (auto parsed = parse_segment_times(as_text(text)))
            segment_times_ = *std::move(parsed);
        else
            log_.warn("segment times are ignored", {{"why", parsed.error().detail}});
    }
    if (!disk_.exists(path_of(kJournalCheckpointName))) return {};
    MR_TRY(const Bytes text, read_file(disk_, path_of(kJournalCheckpointName)));
    auto parsed = parse_journal_checkpoint(as_text(text));
    if (parsed)
        journal_checkpoint_ = *std::move(parsed);
    else if (parsed.error().code == ErrorCode::UnsupportedVersion)
        return tl::make_unexpected(parsed.error());
    else
        log_.warn("checkpoint is ignored",
                  {{"file", path_of(kJournalCheckpointName)}, {"why", parsed.error().detail}});
    return {};
}

Result<void> LogDirectoryState::list_logs() {
    MR_TRY(const auto entries, disk_.list(config_.path));
    for (const DiskEntry& entry : entries) {
        // The metadata log is its quorum's (Kafka: UnifiedLog's loader leaves it alone, too).
        if (!entry.directory || entry.name == "__cluster_metadata-0") continue;
        if (entry.name.ends_with("-delete")) {
            MR_TRY_VOID(disk_.remove_all(path_of(entry.name)));
        } else if (const auto tp = parse_directory(entry.name)) {
            on_disk_.insert(*tp);
        }
    }
    return {};
}

Result<Uuid> LogDirectoryState::topic_id_of(const TopicPartition& tp) const {
    const std::string path = join(path_of(tp.to_string()), "partition.metadata");
    if (!disk_.exists(path)) return Uuid();
    MR_TRY(const Bytes text, read_file(disk_, path));
    const auto id = parse_partition_metadata(as_text(text));
    return id ? *id : Uuid();  // as if it were missing: whoever knows the topic writes it again
}

// The journal's checkpoint must name the end of every log that is there, since after a crash what
// lies past it is not believed. Ours does, unless Kafka had the directory meanwhile.
Result<void> LogDirectoryState::know_all_ends() {
    const bool ours = journal_checkpoint_ && !journal_checkpoint_->open &&
                      journal_checkpoint_->recovery_points == recovery_points_;
    if (!ours) marks_.clear();
    for (const TopicPartition& tp : on_disk_) {
        if (ours && recovery_points_.contains(tp)) continue;
        MR_TRY(const Uuid id, topic_id_of(tp));
        auto log = load_log(tp, id, config_.log_defaults, clean_open(tp));
        if (!log) {
            if (log.error().code == ErrorCode::KafkaStorageError)
                return tl::make_unexpected(log.error());
            broken_.insert_or_assign(tp, log.error());
            continue;
        }
        if ((*log)->unsynced_) MR_TRY_VOID(sync_recovered(**log));
        recovery_points_.insert_or_assign(tp, (*log)->log_end_offset_);
    }
    return {};
}

Result<void> LogDirectoryState::recover(std::uint64_t& last_sequence) {
    const bool known = journal_checkpoint_.has_value();
    const bool open = known && journal_checkpoint_->open;
    Replay replay;
    if (open || !known) {  // closed: we stopped cleanly, and Kafka used the directory since
        MR_TRY(auto contents,
               journal_.read(open ? std::optional(journal_checkpoint_->sequence) : std::nullopt));
        last_sequence = std::max(last_sequence, contents.last_sequence);
        MR_TRY(replay, replay_journal(disk_, config_.path, contents.groups));
        if (contents.last_sequence != 0)
            log_.info("journal was replayed", {{"directory", config_.path},
                                               {"groups", std::uint64_t{replay.groups}},
                                               {"writes", std::uint64_t{replay.writes}}});
    }
    // Only with the journal's checkpoint is it known of every log where it ended; else each is
    // believed as far as it is sound.
    const bool strict = open && !journal_checkpoint_->page_cache;
    if (open)
        recovery_points_ = journal_checkpoint_->recovery_points;
    else
        marks_.clear();  // Kafka had the directory since
    MR_TRY_VOID(list_logs());
    const std::set<TopicPartition> found = on_disk_;
    bool names = !strict;  // of directories, that may not be durable
    for (const TopicPartition& tp : found) {
        const std::string name = tp.to_string();
        const auto replayed = replay.logs.find(name);
        const bool in_journal = replayed != replay.logs.end();
        const auto point = recovery_points_.find(tp);
        MR_TRY(const Uuid id, topic_id_of(tp));
        if (strict && !in_journal && point == recovery_points_.end() &&
            id.is_zero()) {  // made, and lost before anything was durable
            MR_TRY_VOID(disk_.remove_all(path_of(name)));
            on_disk_.erase(tp);
            names = true;
            continue;
        }
        if (strict && !in_journal && point == recovery_points_.end()) {
            // Made, and nothing came to it: there is nothing to lose but its name.
            MR_TRY(const bool empty, holds_no_batches(name));
            if (empty) {
                unnamed_.insert(tp);
                continue;
            }
        }
        Log::Open how = clean_open(tp);
        how.clean = false;
        how.recovery_point = point == recovery_points_.end() ? Offset{0} : point->second;
        how.end = strict ? how.recovery_point : kNoEnd;
        how.gaps = !strict;
        if (in_journal) {
            const ReplayedLog& there = replayed->second;
            how.recovery_point = std::min(how.recovery_point, there.unchanged_below);
            if (there.end && !(open && journal_checkpoint_->page_cache)) how.end = *there.end;
            if (const auto clean = cleaner_offsets_.find(tp); clean != cleaner_offsets_.end())
                clean->second = std::min(clean->second, there.unchanged_below);
            if (there.unchanged_below == Offset{0}) how.start = how.high_watermark = std::nullopt;
            if (there.start) how.start = std::max(how.start.value_or(Offset{0}), *there.start);
        }
        if (const auto mark = marks_.find(tp); mark != marks_.end()) {
            const bool usable = mark->second.topic_id == id &&
                                mark->second.offset <= std::min(how.recovery_point, how.end);
            if (usable && !in_journal && mark->second.offset == how.recovery_point) {
                MR_TRY(const bool as_it_was, nothing_behind(tp, mark->second));
                if (as_it_was) {
                    passed_over_.insert(tp);
                    continue;
                }
            }
            if (usable)
                how.mark = &mark->second;
            else
                marks_.erase(mark);
        }
        auto log = load_log(tp, id, config_.log_defaults, how);
        if (!log) {
            if (log.error().code == ErrorCode::KafkaStorageError)
                return tl::make_unexpected(log.error());
            marks_.erase(tp);
            log_.error("a log cannot be opened", {{"log", name}, {"why", log.error().detail}});
            broken_.insert_or_assign(tp, log.error());
            continue;
        }
        // A cut that was repeated from the journal removed files.
        if (in_journal && replayed->second.unchanged_below < kNoEnd)
            (*log)->unsynced_ = (*log)->names_changed_ = true;
        names = names || !(*log)->resumed_;
        set_mark(**log);
        logs_.insert_or_assign(tp, *std::move(log));
    }
    // All writes before the first sync: the file system commits them together.
    for (const auto& [tp, log] : logs_) {
        if (log->unsynced_) MR_TRY_VOID(sync_recovered(*log));
        recovery_points_.insert_or_assign(tp, log->log_end_offset_);
    }
    return names ? disk_.sync_directory(config_.path) : Result<void>();
}

Result<bool> LogDirectoryState::holds_no_batches(const std::string& log) const {
    MR_TRY(const auto entries, disk_.list(path_of(log)));
    return std::all_of(entries.begin(), entries.end(), [](const DiskEntry& entry) {
        return entry.name == "partition.metadata" || entry.size == 0;
    });
}

// Whether the log's last bytes are those before the mark, as the checkpoint synced them.
Result<bool> LogDirectoryState::nothing_behind(const TopicPartition& tp,
                                               const RecoveryMark& mark) const {
    MR_TRY(const auto entries, disk_.list(path_of(tp.to_string())));
    std::int64_t last = -1, size = 0;
    for (const DiskEntry& entry : entries) {
        if (entry.name.ends_with(".deleted") || entry.name.ends_with(".cleaned") ||
            entry.name.ends_with(".swap"))
            return false;
        std::int64_t base;
        if (entry.name.size() != 24 || !entry.name.ends_with(".log") ||
            !parse_number(std::string_view(entry.name).substr(0, 20), base))
            continue;
        last = base;
        size = entry.size;
    }
    if (last < 0) return mark.offset == Offset{0} && mark.segment.position == 0;
    return last == mark.segment.base.value() && size == mark.segment.position;
}

void LogDirectoryState::set_mark(Log& log) {
    marks_.erase(log.topic_partition());
    if (auto mark = log.recovery_mark(); mark && *mark)
        marks_.insert_or_assign(log.topic_partition(), **std::move(mark));
}

// What recovery read from the page cache, or wrote, is made durable before anybody is told of it.
Result<void> LogDirectoryState::sync_recovered(Log& log) {
    if (mutant::on(Mutant::RecoveryNotSynced)) return {};
    bool names = !log.resumed_ || log.names_changed_;
    for (const auto& segment : log.segments_) {
        if (distrusted_ && segment->dirty() && disk_.exists(segment->path(".log")))
            MR_TRY_VOID(write_again(disk_, segment->path(".log")));
        MR_TRY_VOID(segment->write_indexes(segment != log.segments_.back()));
        MR_TRY(const bool new_file, segment->sync_data());
        names = names || segment->is_new() || new_file;
        // Nobody reads a rolled segment again: its indexes are believed from now on.
        if (segment != log.segments_.back() && segment->indexes_unsynced()) {
            MR_TRY_VOID(segment->sync_files());
            names = true;
        }
        segment->name_synced();
        segment->release();
    }
    log.unsynced_ = log.names_changed_ = false;
    if (log.resumed_) return names ? disk_.sync_directory(log.path_) : Result<void>();
    if (const std::string metadata = join(log.path_, "partition.metadata");
        disk_.exists(metadata)) {
        if (distrusted_) MR_TRY_VOID(write_again(disk_, metadata));
        MR_TRY(const auto file, disk_.open(metadata, OpenMode::Write));
        MR_TRY_VOID(file->sync());
    }
    return disk_.sync_directory(log.path_);
}

Log::Open LogDirectoryState::clean_open(const TopicPartition& tp) const {
    const auto of = [&tp](const OffsetCheckpoint& offsets) {
        const auto at = offsets.find(tp);
        return at == offsets.end() || at->second < Offset{0} ? std::optional<Offset>()
                                                             : std::optional(at->second);
    };
    Log::Open how;
    how.clean = true;
    how.recovery_point = of(recovery_points_).value_or(Offset{0});
    how.start = of(log_starts_);
    how.high_watermark = of(high_watermarks_);
    return how;
}

// A log that recovery passed over is what its mark says; the others were closed cleanly.
Log::Open LogDirectoryState::open_now(const TopicPartition& tp) const {
    Log::Open how = clean_open(tp);
    if (!passed_over_.contains(tp)) return how;
    how.clean = false;
    how.end = how.recovery_point;
    if (const auto mark = marks_.find(tp); mark != marks_.end()) how.mark = &mark->second;
    return how;
}

Result<std::unique_ptr<Log>> LogDirectoryState::load_log(const TopicPartition& tp, const Uuid& id,
                                                         const LogConfig& config,
                                                         const Log::Open& how) {
    auto log = std::make_unique<Log>(*this, path_of(tp.to_string()), tp,
                                     LogName{tp.to_string(), id}, config);
    MR_TRY_VOID(log->load(how));
    if (const auto times = segment_times_.find(tp); times != segment_times_.end())
        log->set_segment_times(times->second);
    return log;
}

Result<Log*> LogDirectoryState::open_log(const TopicPartition& tp, const Uuid& topic_id,
                                         const LogConfig& config) {
    MR_TRY_VOID(may_read());
    if (const auto bad = broken_.find(tp); bad != broken_.end())
        return fail(ErrorCode::KafkaStorageError,
                    path_of(tp.to_string()) + " cannot be opened: " + bad->second.detail);
    const std::string path = path_of(tp.to_string());
    const std::string metadata = join(path, "partition.metadata");
    auto at = logs_.find(tp);
    const bool there = at != logs_.end() || on_disk_.contains(tp);
    if (at == logs_.end()) {
        Uuid id = topic_id;
        if (there) {
            MR_TRY(id, topic_id_of(tp));
        } else {
            MR_TRY_VOID(may_append(0));
            forget_offsets(tp);  // of a log of this name that is gone
            // What a deletion left behind that failed half-way is not the new log's.
            MR_TRY(const Uuid left_behind, topic_id_of(tp));
            if (!left_behind.is_zero() && left_behind != topic_id)
                MR_TRY_VOID(disk_.remove_all(path));
            MR_TRY_VOID(disk_.make_directories(path));
        }
        if (!there || id.is_zero()) {
            id = topic_id;
            MR_TRY(const auto file, disk_.open(metadata, OpenMode::Create));
            MR_TRY_VOID(file->truncate(0));
            MR_TRY_VOID(file->write(0, as_bytes(partition_metadata_text(topic_id))));
        }
        MR_TRY(auto log, load_log(tp, id, config, open_now(tp)));
        log->directory_new_ = !there || unnamed_.erase(tp) != 0;
        if (log->unsynced_) MR_TRY_VOID(sync_recovered(*log));
        passed_over_.erase(tp);
        at = logs_.emplace(tp, std::move(log)).first;
        on_disk_.insert(tp);
    }
    Log& log = *at->second;
    if (log.name_.topic_id.is_zero()) {
        MR_TRY_VOID(replace_file(disk_, metadata, as_bytes(partition_metadata_text(topic_id))));
        log.name_.topic_id = topic_id;
    }
    if (log.topic_id() != topic_id)
        return fail(ErrorCode::InconsistentTopicId,
                    path + " holds topic id " + log.topic_id().to_string() + ", asked was " +
                        topic_id.to_string() + ". Delete the log that is there first");
    log.set_config(config);
    return &log;
}

Result<void> LogDirectoryState::replace_checkpoints(bool open) {
    const auto replace = [this](std::string_view name, const std::string& text) -> Result<void> {
        const std::string temporary = path_of(std::string(name) + ".tmp");
        MR_TRY(const auto file, disk_.open(temporary, OpenMode::Create));
        MR_TRY_VOID(file->truncate(0));
        MR_TRY_VOID(file->write(0, as_bytes(text)));
        MR_TRY_VOID(file->sync());
        return disk_.rename(temporary, path_of(name));
    };
    // What the journal knew of log starts has to stand elsewhere before it begins anew; the high
    // watermarks and Kafka's recovery points may be as old as they are until the next checkpoint.
    MR_TRY_VOID(replace(kLogStartFile, to_text(log_starts_)));
    if (!open) {
        MR_TRY_VOID(replace(kHighWatermarkFile, to_text(high_watermarks_)));
        if (!cleaner_offsets_.empty() || disk_.exists(path_of(kCleanerFile)))
            MR_TRY_VOID(replace(kCleanerFile, to_text(cleaner_offsets_)));
        if (collect_segment_times())
            MR_TRY_VOID(replace(kSegmentTimesFile, to_text(segment_times_)));
        MR_TRY_VOID(replace(kRecoveryPointFile, to_text(recovery_points_)));
    }
    journal_checkpoint_->open = open;
    journal_checkpoint_->page_cache = config_.durability == LogDurability::PageCache;
    journal_checkpoint_->recovery_points = recovery_points_;
    journal_checkpoint_->marks = marks_;
    MR_TRY_VOID(replace(kJournalCheckpointName, to_text(*journal_checkpoint_)));
    return disk_.sync_directory(config_.path);
}

Result<void> LogDirectoryState::close(std::int64_t broker_epoch) {
    MR_TRY_VOID(may_read());
    MR_CHECK(!closed_);
    while (cycle_ || !journal_.empty() || !removals_.empty()) {
        if (!cycle_) start_cycle();
        if (!cycle_)
            return fail(ErrorCode::KafkaStorageError,
                        config_.path + ": the journal cannot be written");
        MR_TRY_VOID(cycle_->request.run(disk_));
        end_cycle();
    }
    cleaner_.cancel();
    checkpoint_.reset();
    to_send_.clear();
    remove_doomed(Time::never());
    while (!passed_over_.empty()) {  // they have what a clean stop leaves behind, too
        const TopicPartition tp = *passed_over_.begin();
        MR_TRY(const Uuid id, topic_id_of(tp));
        MR_TRY(auto log, load_log(tp, id, config_.log_defaults, open_now(tp)));
        logs_.insert_or_assign(tp, std::move(log));
        passed_over_.erase(tp);
    }
    for (const auto& [tp, log] : logs_) {
        MR_TRY_VOID(log->close());
        recovery_points_.insert_or_assign(tp, log->log_end_offset_);
        const auto known = marks_.find(tp);
        if (known == marks_.end() || known->second.offset != log->log_end_offset_) set_mark(*log);
        log->active().release();
    }
    MR_TRY_VOID(disk_.sync_directory(config_.path));
    collect_offsets();
    journal_checkpoint_->sequence = journal_.last_sequence();
    MR_TRY_VOID(replace_checkpoints(false));
    MR_TRY_VOID(
        replace_file(disk_, path_of(kCleanFile), as_bytes(to_text(CleanShutdown{broker_epoch}))));
    closed_ = true;
    lock_.reset();
    return {};
}

}  // namespace millrace::broker
