#include "millrace/engine/restore/restorer.h"

#include <algorithm>
#include <array>

#include "millrace/base/mutant.h"
#include "millrace/client/admin.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::engine {

namespace {
constexpr Duration kReportEvery = std::chrono::seconds(1);
}

Restorer::Restorer(client::Cluster& cluster, client::FetcherConfig fetcher, LogSink& log)
    : cluster_(cluster), log_(log), fetcher_(cluster, std::move(fetcher), *this, log) {}

void Restorer::add(RestoreJob what) {
    const JobKey key{what.task, what.name};
    Job& job = jobs_[key];
    job = Job{};
    job.what = std::move(what);
    job.serial = next_serial_++;
    job.began = cluster_.now().time;
    job.progress.task = job.what.task;
    job.progress.store = job.what.name;
    job.progress.changelog = job.what.changelog;
    cluster_.want_topic(job.what.changelog.topic);
    poll();
}

Restorer::Job* Restorer::find(const JobKey& key, std::uint64_t serial) {
    const auto it = jobs_.find(key);
    return it == jobs_.end() || it->second.serial != serial ? nullptr : &it->second;
}

void Restorer::remove(TaskId task) {
    for (auto it = jobs_.begin(); it != jobs_.end();) {
        if (it->first.first == task) {
            fetcher_.remove(it->second.what.changelog);
            it = jobs_.erase(it);
        } else {
            ++it;
        }
    }
    std::erase_if(tags_, [&](const auto& entry) { return entry.second.first == task; });
}

void Restorer::clear() {
    jobs_.clear();
    tags_.clear();
    fetcher_.clear();
    scope_.reset();
}

bool Restorer::done(TaskId task) const {
    return std::none_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
        return entry.first.first == task && entry.second.step != Step::Done;
    });
}

std::optional<Error> Restorer::failure(TaskId task) const {
    for (const auto& [key, job] : jobs_)
        if (key.first == task && job.error) return job.error;
    return std::nullopt;
}

std::vector<RestoreProgress> Restorer::take_progress() {
    return std::exchange(news_, {});
}

Time Restorer::next_due() const {
    return fetcher_.next_due();
}

void Restorer::poll() {
    for (auto& [key, job] : jobs_) {
        if (job.step != Step::Metadata) continue;
        const client::TopicMetadata* topic = cluster_.topic(job.what.changelog.topic);
        if (!topic || topic->error != ErrorCode::None)
            continue;  // the group creates it; metadata are asked for again
        if (!cluster_.partition(job.what.changelog)) {
            give_up(job, {ErrorCode::InvalidPartitions,
                          "changelog " + job.what.changelog.topic + " has " +
                              std::to_string(topic->partitions.size()) + " partitions, task " +
                              job.what.task.to_string() +
                              " needs one more: the number of source partitions was changed; reset "
                              "the application"});
            continue;
        }
        job.step = Step::End;
        ask_end(job);
    }
    fetcher_.poll();
}

void Restorer::ask_end(Job& job) {
    const JobKey key{job.what.task, job.what.name};
    // read_uncommitted on purpose: what an open transaction holds now may become committed, and is
    // waited for.
    client::list_offsets(cluster_, scope_, {job.what.changelog}, client::kLatest, false,
                         [this, key, serial = job.serial](
                             Result<std::map<TopicPartition, client::ListedOffset>> found) {
                             Job* job = find(key, serial);
                             if (!job) return;
                             if (!found) return give_up(*job, found.error());
                             end_known(*job, found->begin()->second.offset);
                         });
}

// Every case of design §3.10. A log that was cut below the checkpoint under a later epoch is found
// by the fetcher, which validates the epoch of its first position.
std::optional<std::string> Restorer::why_void(const Job& job, const state::Checkpoint& checkpoint,
                                              Offset end) const {
    const client::TopicMetadata* topic = cluster_.topic(job.what.changelog.topic);
    if (!checkpoint.topic_id.is_zero() && topic && !topic->id.is_zero() &&
        checkpoint.topic_id != topic->id)
        return "the changelog topic was made anew";
    if (checkpoint.next > end) return "the changelog ends below the checkpoint";
    const std::int64_t age = cluster_.now().wall - checkpoint.written;
    if (age > job.what.delete_retention / std::chrono::milliseconds(1))
        return "it is older than delete.retention.ms: deletions since may be gone from the "
               "changelog";
    return std::nullopt;
}

void Restorer::end_known(Job& job, Offset end) {
    if (mutant::on(Mutant::RestoreStopsEarly) && end > Offset{1}) end = end - 2;  // a marker and a record
    if (job.what.limit) end = std::min(end, *job.what.limit);
    job.progress.end = end;
    state::DurableState* durable = job.what.store->durable();
    const std::optional<state::Checkpoint> checkpoint =
        durable ? durable->checkpoint() : std::nullopt;
    if (!checkpoint) return from_beginning(job, "");
    if (const auto why = why_void(job, *checkpoint, end)) return from_beginning(job, *why);
    job.progress.from_checkpoint = true;
    read(job, checkpoint->next, checkpoint->epoch);
}

void Restorer::from_beginning(Job& job, const std::string& why) {
    if (!why.empty())
        log_.warn("checkpoint discarded",
                  {{"task", job.what.task.to_string()}, {"store", job.what.name}, {"why", why}});
    if (state::DurableState* durable = job.what.store->durable()) durable->discard();
    fetcher_.remove(job.what.changelog);
    job.progress.from_checkpoint = false;
    job.progress.records = 0;
    job.step = Step::Begin;
    const JobKey key{job.what.task, job.what.name};
    client::list_offsets(cluster_, scope_, {job.what.changelog}, client::kEarliest, false,
                         [this, key, serial = job.serial](
                             Result<std::map<TopicPartition, client::ListedOffset>> found) {
                             Job* job = find(key, serial);
                             if (!job) return;
                             if (!found) return give_up(*job, found.error());
                             read(*job, found->begin()->second.offset, std::nullopt);
                         });
}

void Restorer::read(Job& job, Offset from, std::optional<LeaderEpoch> epoch) {
    job.step = Step::Reading;
    job.progress.begin = job.progress.position = from;
    job.began = cluster_.now().time;
    if (from >= job.progress.end) {
        moved(job, from, epoch);
        return finish(job);
    }
    report(job, true);
    const Tag tag = next_tag_++;
    std::erase_if(tags_, [&](const auto& entry) {
        return entry.second == JobKey{job.what.task, job.what.name};
    });
    tags_[tag] = {job.what.task, job.what.name};
    fetcher_.assign(job.what.changelog, tag, from, epoch);
}

void Restorer::fetched(Tag tag, client::FetchedBatches batches) {
    const auto it = tags_.find(tag);
    if (it == tags_.end()) return;
    Job& job = jobs_.at(it->second);
    if (job.step != Step::Reading) return;
    if (const Result<void> applied = apply(job, batches); !applied)
        return give_up(job, applied.error());
    job.progress.position = batches.next;
    moved(job, batches.next, batches.epoch);
    if (batches.next >= job.progress.end) {
        finish(job);
    } else {
        report(job, false);
    }
}

Result<void> Restorer::apply(Job& job, const client::FetchedBatches& fetched) {
    std::array<wire::RecordView, 128> records;
    wire::BatchWalker walker(fetched.batches);
    std::int64_t null_keys = 0;
    while (const auto batch = walker.next()) {
        wire::RecordReader reader(*batch, batch->encoded_records());
        for (;;) {
            MR_TRY(const std::size_t n, reader.read(records));
            if (n == 0) break;
            for (const wire::RecordView& record : std::span(records).first(n)) {
                if (record.offset < fetched.from) continue;
                if (record.offset >= job.progress.end)
                    break;  // a source topic goes on past the committed offset
                if (record.key.is_null()) {
                    ++null_keys;
                    continue;
                }
                MR_TRY_VOID(job.what.store->restore(
                    record.key.view(),
                    record.value.is_null() ? std::nullopt : std::optional(record.value.view()),
                    record.timestamp));
                ++job.progress.records;
            }
        }
    }
    if (null_keys > 0)
        log_.warn("changelog records without key skipped",
                  {{"partition", job.what.changelog.to_string()}, {"records", null_keys}});
    return walker.status();
}

void Restorer::moved(Job& job, Offset position, std::optional<LeaderEpoch> epoch) {
    state::DurableState* durable = job.what.store->durable();
    if (!durable) return;
    state::Checkpoint checkpoint;
    if (const client::TopicMetadata* topic = cluster_.topic(job.what.changelog.topic))
        checkpoint.topic_id = topic->id;
    checkpoint.next = std::min(position, std::max(job.progress.end, job.progress.begin));
    checkpoint.epoch = epoch;
    checkpoint.written = cluster_.now().wall;
    durable->advance(checkpoint);
}

void Restorer::position_reset(Tag, Offset, bool) {}  // no policy: never

void Restorer::fetch_failed(Tag tag, Error error) {
    const auto it = tags_.find(tag);
    if (it == tags_.end()) return;
    Job& job = jobs_.at(it->second);
    if (error.code == ErrorCode::OffsetOutOfRange) return from_beginning(job, error.detail);
    give_up(job, std::move(error));
}

void Restorer::report(Job& job, bool always) {
    const Time now = cluster_.now().time;
    if (!always && now - job.reported < kReportEvery) return;
    job.reported = now;
    RestoreProgress& p = job.progress;
    const double seconds = static_cast<double>((now - job.began).count()) / 1e9;
    if (seconds > 0) {
        p.records_per_second = static_cast<double>(p.records) / seconds;
        const auto did = static_cast<double>(p.position - p.begin),
                   left = static_cast<double>(p.end - p.position);
        p.time_left.reset();
        if (did > 0)
            p.time_left =
                Duration{static_cast<std::int64_t>(seconds / did * std::max(left, 0.0) * 1e9)};
    }
    p.done = job.step == Step::Done;
    news_.push_back(p);
}

void Restorer::finish(Job& job) {
    fetcher_.remove(job.what.changelog);
    job.step = Step::Done;
    report(job, true);
    if (job.progress.records > 0)
        log_.info("store restored",
                  {{"task", job.what.task.to_string()},
                   {"store", job.what.name},
                   {"records", job.progress.records},
                   {"ms", (cluster_.now().time - job.began) / std::chrono::milliseconds(1)}});
}

void Restorer::give_up(Job& job, Error error) {
    fetcher_.remove(job.what.changelog);
    job.step = Step::Failed;
    error.detail = "restoring store " + job.what.name + " of task " + job.what.task.to_string() +
                   " from " + job.what.changelog.to_string() + ": " + error.detail;
    job.error = std::move(error);
}

}  // namespace millrace::engine
