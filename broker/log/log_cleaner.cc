#include "millrace/broker/log/log_cleaner.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"

namespace millrace::broker {

namespace {
constexpr Duration kPause = std::chrono::milliseconds(1);  // between slices: others have their turn
constexpr Duration kLookAgain = std::chrono::milliseconds(20);
constexpr Duration kAfterFailure = std::chrono::minutes(5);
constexpr std::size_t kReadBytes = 256 << 10;
}  // namespace

struct LogCleaner::Job {
    Log* log;
    TopicPartition tp;
    std::uint64_t removals, cuts;  // of the log, as we know them
    Offset from, end;              // dirty
    Phase phase = Phase::Map;
    std::vector<Offset> bases;  // of the segments that may be cleaned, from the log's start
    OffsetMap map;
    Offset mapped_below;
    std::optional<CleanedTransactions> txns;
    std::optional<BatchFilter> filter;
    Timestamp wall;

    // The segment that is read
    std::size_t at = 0;  // in `bases`
    std::shared_ptr<File> file;
    std::optional<BatchFileReader> reader;

    struct Group {
        std::size_t first, count;  // in `bases`
    };
    std::vector<Group> groups;
    std::size_t group = 0;
    std::unique_ptr<Segment> cleaned;
    std::vector<AbortedTransaction> index;  // of the group
    ByteSink out;
    std::int64_t bytes_before = 0, bytes_after = 0;

    Segment& segment(std::size_t i) { return *log->segment_at(bases[i]); }
    bool stands() const { return log->removals() == removals && log->cuts() == cuts; }
    void close() {
        reader.reset();
        file.reset();
    }
};

LogCleaner::LogCleaner(Disk& disk, CleanerHost& host, CleanerConfig config, LogSink& log)
    : disk_(disk), host_(host), config_(config), sink_(log) {}
LogCleaner::~LogCleaner() = default;

void LogCleaner::forget(const Log& log) {
    if (job_ && job_->log == &log) cancel();
    uncleanable_.erase(log.topic_partition());
    later_.erase(log.topic_partition());
}

void LogCleaner::cancel() {
    if (!job_) return;
    const std::unique_ptr<Job> job = std::move(job_);
    host_.forget_cleaner_sync();
    if (job->cleaned) {
        job->cleaned->release();
        for (const char* stage : {".cleaned", ".swap"})
            for (const char* suffix : {".log", ".index", ".timeindex", ".txnindex"}) {
                const std::string path = join(
                    job->log->path(),
                    Segment::name_of(job->cleaned->base_offset(), std::string(suffix) + stage));
                if (disk_.exists(path)) (void)disk_.remove(path);  // else at the next start
            }
    }
    ++stats_.given_up;
}

void LogCleaner::give_up(const Error& error, Now now) {
    const TopicPartition tp = job_->tp;
    const bool disk = error.code == ErrorCode::KafkaStorageError;
    if (disk)
        later_.insert_or_assign(tp, now.time + kAfterFailure);
    else
        uncleanable_.insert(tp);
    sink_.error(disk ? "compaction failed, it is tried again later"
                     : "a log cannot be compacted, it is left alone until the next start",
                {{"partition", tp.to_string()}, {"why", error.detail}});
    cancel();
    next_ = now.time + std::chrono::milliseconds(config_.backoff_ms);
}

// ---- choice

std::optional<LogCleaner::Candidate> LogCleaner::candidate(Log& log, Now now) {
    const LogConfig& config = log.config();
    const auto segments = log.segments();
    const Offset stable = log.last_stable_offset();
    Offset from = host_.first_dirty(log).value_or(log.log_start_offset());
    if (from < log.log_start_offset() || from > log.log_end_offset()) from = log.log_start_offset();
    Candidate found{.log = &log, .from = from, .end = from};
    std::int64_t clean = 0, dirty = 0;
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        Segment& segment = *segments[i];
        const Offset end = segments[i + 1]->base_offset();
        if (end > stable || !host_.behind_the_journal(log, segment)) break;
        if (end > from) {
            if (config.min_compaction_lag_ms > 0) {
                const auto largest = segment.largest_timestamp();
                if (!largest || now.wall - largest->timestamp <= config.min_compaction_lag_ms)
                    break;
            }
            if (config.max_compaction_lag_ms != INT64_MAX && !segment.empty()) {
                const auto first = segment.first_batch_timestamp();
                if (first && *first && first->value().value() >= 0)
                    found.overdue |= now.wall - **first > config.max_compaction_lag_ms;
            }
            dirty += segment.size();
            found.end = end;
        } else {
            clean += segment.size();
        }
        found.segments = i + 1;
    }
    if (found.end <= from || dirty == 0) return std::nullopt;
    found.ratio = static_cast<double>(dirty) / static_cast<double>(clean + dirty);
    if (!found.overdue && !(found.ratio > config.min_cleanable_dirty_ratio)) return std::nullopt;
    return found;
}

void LogCleaner::choose(Now now) {
    next_ = now.time + std::chrono::milliseconds(config_.backoff_ms);
    std::optional<Candidate> best;
    for (Log* log : host_.compacted_logs()) {
        const TopicPartition& tp = log->topic_partition();
        if (uncleanable_.contains(tp)) continue;
        if (const auto at = later_.find(tp); at != later_.end() && at->second > now.time) continue;
        // Whoever loads this log from its start should find little that is not compacted.
        const std::int64_t early = log->config().early_roll_bytes;
        if (early > 0 && log->segments().back()->size() >= early) (void)log->roll(now.wall);
        auto one = candidate(*log, now);
        if (one && (!best || one->ratio > best->ratio)) best = std::move(one);
    }
    if (!best) return;
    Log& log = *best->log;
    const auto aborted = log.aborted_transactions(best->from, best->end);
    if (!aborted) {
        uncleanable_.insert(log.topic_partition());
        return;
    }
    job_.reset(new Job{.log = &log,
                       .tp = log.topic_partition(),
                       .removals = log.removals(),
                       .cuts = log.cuts(),
                       .from = best->from,
                       .end = best->end,
                       .map = OffsetMap(static_cast<std::size_t>(config_.dedupe_bytes),
                                        best->end - best->from, config_.secret),
                       .mapped_below = best->from,
                       .txns = CleanedTransactions(*aborted),
                       .wall = now.wall});
    for (std::size_t i = 0; i < best->segments; ++i)
        job_->bases.push_back(log.segments()[i]->base_offset());
    const auto behind = std::upper_bound(job_->bases.begin(), job_->bases.end(), best->from);
    job_->at = behind == job_->bases.begin()
                   ? 0
                   : static_cast<std::size_t>(behind - job_->bases.begin() - 1);
    next_ = now.time;
}

// ---- slices

Result<bool> LogCleaner::map_slice() {
    Job& job = *job_;
    for (std::int64_t bytes = 0; bytes < config_.slice_bytes;) {
        if (!job.reader) {
            if (job.at >= job.bases.size()) {
                job.mapped_below = job.end;  // of a hole there, too
                return true;
            }
            Segment& segment = job.segment(job.at);
            if (segment.empty()) {
                ++job.at;
                continue;
            }
            MR_TRY(job.file, disk_.open(segment.path(".log"), OpenMode::Read));
            job.reader.emplace(*job.file, 0, segment.size(), BatchFileReader::Want::Batches,
                               kReadBytes);
        }
        MR_TRY(const auto batch, job.reader->next());
        if (!batch) {
            if (job.reader->position() != job.segment(job.at).size())
                return fail(ErrorCode::CorruptMessage,
                            job.segment(job.at).path(".log") + " is cut short");
            job.close();
            ++job.at;
            continue;
        }
        bytes += static_cast<std::int64_t>(batch->size());
        stats_.bytes_read += static_cast<std::int64_t>(batch->size());
        if (batch->next_offset() <= job.from) continue;
        MR_TRY_VOID(batch->check_crc());
        MR_TRY(const bool fits, map_keys(*batch, job.from, *job.txns, job.map, job.mapped_below));
        if (!fits) {
            if (job.mapped_below <= job.from)
                return fail(ErrorCode::InvalidConfig,
                            "log.cleaner.dedupe.buffer.size holds no key at all");
            job.close();
            return true;
        }
    }
    return false;
}

// Neighbours that fit into one segment become one, so that small ones do not pile up.
void LogCleaner::make_groups() {
    Job& job = *job_;
    const LogConfig& config = job.log->config();
    for (std::size_t i = 0; i < job.bases.size();) {
        Job::Group group{i, 1};
        std::int64_t size = job.segment(i).size();
        for (std::size_t next = i + 1; next < job.bases.size(); ++next) {
            Segment& more = job.segment(next);
            const Offset end = job.log->end_of(job.bases[next]);
            size += more.size();
            const std::int64_t entries =  // at most
                size / std::max<std::int64_t>(config.index_interval_bytes, wire::kBatchHeaderBytes);
            if (size > config.segment_bytes || entries * 12 > config.segment_index_bytes ||
                end - 1 - job.bases[i] > INT32_MAX)
                break;
            ++group.count;
        }
        job.groups.push_back(group);
        i += group.count;
    }
}

Result<void> LogCleaner::begin_group() {
    Job& job = *job_;
    const Job::Group& group = job.groups[job.group];
    std::int64_t size = 0;
    for (std::size_t i = 0; i < group.count; ++i) size += job.segment(group.first + i).size();
    if (!host_.has_room(size))
        return fail(ErrorCode::KafkaStorageError,
                    "the disk has no room for a second copy of " + std::to_string(size) + " bytes");
    job.bytes_before += size;
    job.at = group.first;
    job.cleaned =
        std::make_unique<Segment>(disk_, job.log->path(), job.bases[group.first], 0, ".cleaned");
    job.index.clear();
    MR_TRY_VOID(job.cleaned->remove_files());
    return disk_.open(job.cleaned->path(".log"), OpenMode::Create).map([](const auto&) {});
}

Result<bool> LogCleaner::clean_slice() {
    Job& job = *job_;
    const Job::Group& group = job.groups[job.group];
    bool done = false;
    job.out.clear();
    for (std::int64_t bytes = 0; bytes < config_.slice_bytes;) {
        if (!job.reader) {
            if (job.at >= group.first + group.count) {
                done = true;
                break;
            }
            Segment& segment = job.segment(job.at);
            if (segment.empty()) {
                ++job.at;
                continue;
            }
            MR_TRY(job.file, disk_.open(segment.path(".log"), OpenMode::Read));
            job.reader.emplace(*job.file, 0, segment.size(), BatchFileReader::Want::Batches,
                               kReadBytes);
        }
        MR_TRY(const auto batch, job.reader->next());
        if (!batch) {
            if (job.reader->position() != job.segment(job.at).size())
                return fail(ErrorCode::CorruptMessage,
                            job.segment(job.at).path(".log") + " is cut short");
            job.close();
            ++job.at;
            continue;
        }
        MR_TRY_VOID(batch->check_crc());
        bytes += static_cast<std::int64_t>(batch->size());
        stats_.bytes_read += static_cast<std::int64_t>(batch->size());
        MR_TRY_VOID(job.filter->filter(*batch, *job.txns, job.out, job.index));
    }
    if (job.out.size() > 0)
        MR_TRY_VOID(job.cleaned->append(job.out.view(), job.log->config().index_interval_bytes));
    stats_.bytes_written += static_cast<std::int64_t>(job.out.size());
    return done;
}

Result<void> LogCleaner::end_group() {
    Job& job = *job_;
    Segment& cleaned = *job.cleaned;
    for (const AbortedTransaction& one : job.index) MR_TRY_VOID(cleaned.transactions().add(one));
    MR_TRY_VOID(cleaned.write_indexes(true));
    // Renaming it replaces the old one, which a file that is not there would leave.
    if (!disk_.exists(cleaned.path(".txnindex")) &&
        disk_.exists(job.segment(job.groups[job.group].first).path(".txnindex")))
        MR_TRY_VOID(
            disk_.open(cleaned.path(".txnindex"), OpenMode::Create).map([](const auto&) {}));
    SyncFiles sync;
    MR_TRY(auto file, cleaned.file_for_sync());
    sync.files.push_back(std::move(file));
    MR_TRY(auto indexes, cleaned.index_files_for_sync());
    for (auto& one : indexes) sync.files.push_back(std::move(one));
    job.bytes_after += cleaned.size();
    job.phase = Phase::SyncContent;
    host_.request_cleaner_sync(std::move(sync));
    return {};
}

Result<void> LogCleaner::to_swap_names() {
    Job& job = *job_;
    job.cleaned->release();
    for (const char* suffix : {".index", ".timeindex", ".txnindex", ".log"}) {
        const std::string from = job.cleaned->path(suffix);
        if (!disk_.exists(from)) continue;
        MR_TRY_VOID(disk_.rename(
            from, join(job.log->path(), Segment::name_of(job.cleaned->base_offset(),
                                                         std::string(suffix) + ".swap"))));
    }
    job.phase = Phase::SyncNames;
    host_.request_cleaner_sync({{}, {job.log->path()}});
    return {};
}

Result<void> LogCleaner::swap() {
    Job& job = *job_;
    const Job::Group group = job.groups[job.group];
    std::vector<std::string> doomed;
    const auto swapped =
        job.log->replace_segments(job.bases[group.first], group.count, job.cleaned->size(), doomed);
    job.cleaned.reset();
    if (!swapped) {  // the next start ends it; what is served meanwhile cannot be known
        host_.fail_directory(swapped.error().detail);
        return swapped;
    }
    job.removals = job.log->removals();
    ++stats_.groups;
    host_.swapped(*job.log, std::move(doomed));
    ++job.group;
    job.phase = Phase::Clean;
    return {};
}

void LogCleaner::finish(Now now) {
    Job& job = *job_;
    host_.cleaned(*job.log, job.mapped_below);
    ++stats_.cleanings;
    sink_.info("compacted", {{"partition", job.tp.to_string()},
                             {"from", job.from.value()},
                             {"to", job.mapped_below.value()},
                             {"bytes", job.bytes_before},
                             {"left", job.bytes_after},
                             {"keys", std::uint64_t{job.map.size()}}});
    if (job.filter && job.filter->keyless() > 0)
        sink_.warn("records without a key were dropped from a compacted log",
                   {{"partition", job.tp.to_string()}, {"records", job.filter->keyless()}});
    job_.reset();
    next_ = now.time;  // perhaps there is more to do
}

void LogCleaner::synced() {
    MR_CHECK(job_ == nullptr || job_->phase == Phase::SyncContent ||
             job_->phase == Phase::SyncNames);
    if (!job_) return;
    next_ = Time{0};
    job_->phase = job_->phase == Phase::SyncContent ? Phase::SyncNames : Phase::Swap;
    if (job_->phase == Phase::SyncNames) {
        if (!job_->stands()) return;  // step() gives up
        if (const auto renamed = to_swap_names(); !renamed)
            host_.fail_directory(renamed.error().detail);
    }
}

void LogCleaner::step(Now now) {
    if (!config_.enabled) {
        next_ = Time::never();
        return;
    }
    if (!begun_) {
        begun_ = true;
        next_ = now.time + std::chrono::milliseconds(config_.backoff_ms);
        return;
    }
    if (now.time < next_) return;
    if (!job_) {
        choose(now);
        if (!job_) return;
    }
    Job& job = *job_;
    if (!job.stands()) {  // retention or a cut took what we read
        cancel();
        next_ = now.time + kLookAgain;
        return;
    }
    ++stats_.slices;
    const std::int64_t before = stats_.bytes_read + stats_.bytes_written;
    next_ = now.time + kPause;
    switch (job.phase) {
        case Phase::Map: {
            const auto done = map_slice();
            if (!done) return give_up(done.error(), now);
            if (!*done) break;
            std::erase_if(job.bases, [&job](Offset base) { return base >= job.mapped_below; });
            const auto aborted =
                job.log->aborted_transactions(job.bases.front(), job.log->end_of(job.bases.back()));
            if (!aborted) return give_up(aborted.error(), now);
            job.txns.emplace(*aborted);
            BatchFilter::Settings settings{
                .mapped_below = job.mapped_below,
                .end = job.mapped_below,
                .now = job.wall,
                .delete_retention_ms = job.log->config().delete_retention_ms,
                .last_of_producers = {}};
            for (const ProducerId id : job.log->producers().producer_ids()) {
                const ProducerState& state = *job.log->producers().find(id);
                settings.last_of_producers[id] = {
                    state.batch_count > 0
                        ? std::optional(state.batches[state.batch_count - 1].last_offset)
                        : std::nullopt,
                    state.epoch};
            }
            job.filter.emplace(job.map, std::move(settings));
            make_groups();
            job.phase = Phase::Clean;
            break;
        }
        case Phase::Clean: {
            if (job.group >= job.groups.size()) return finish(now);
            if (!job.cleaned)
                if (const auto begun = begin_group(); !begun) return give_up(begun.error(), now);
            const auto done = clean_slice();
            if (!done) return give_up(done.error(), now);
            if (!*done) break;
            if (const auto ended = end_group(); !ended) return give_up(ended.error(), now);
            next_ = Time::never();
            break;
        }
        case Phase::SyncContent:
        case Phase::SyncNames:
            next_ = Time::never();
            return;
        case Phase::Swap: {
            if (!host_.may_swap()) {
                next_ = now.time + kLookAgain;
                return;
            }
            if (!swap()) return;
            break;
        }
    }
    const auto moved = static_cast<double>(stats_.bytes_read + stats_.bytes_written - before);
    if (next_ != Time::never() && config_.io_bytes_per_second < 1e15)
        next_ = std::max(next_, now.time + Duration(static_cast<std::int64_t>(
                                               moved / config_.io_bytes_per_second * 1e9)));
}

}  // namespace millrace::broker
