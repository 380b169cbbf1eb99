// Commit, abort and what goes wrong (semantics §6.5, §6.6).
#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/client/admin.h"
#include "millrace/engine/worker/collector.h"
#include "millrace/engine/worker/worker.h"
#include "millrace/state/checkpoint.h"

namespace millrace::engine {

namespace {
constexpr Duration kEmptyIsFinal = std::chrono::seconds(5);
constexpr int kOtherFailures = 5;  // so many times as often may other records fail, or texts that change
}

bool Worker::any_commit_needed() const {
    for (const auto& [id, slot] : slots_)
        if (slot.state == TaskState::Running && slot.task->commit_needed()) return true;
    return false;
}

bool Worker::commit_due() const {
    if (committing_ || phase_ != Phase::Active || !producer_.initialized() || producer_.ending() ||
        producer_.trouble() != client::Trouble::None || failure_)
        return false;
    bool now = commit_requested_ || closing_ ||
               cluster_.now().time - last_commit_ >=
                   std::chrono::milliseconds(config_.streams.commit_interval_ms());
    std::int64_t uncommitted = 0;
    for (const auto& [id, slot] : slots_) {
        if (slot.state != TaskState::Running) continue;
        now |= slot.revoking;
        uncommitted += slot.task->uncommitted_bytes();
    }
    if (const std::int64_t limit = config_.streams.statestore_uncommitted_max_bytes;
        limit >= 0 && uncommitted > limit)
        now = true;
    return now && any_commit_needed();
}

// From here on what tasks write and send belongs to the next transaction.
void Worker::begin_commit() {
    commit_requested_ = false;
    last_commit_ = commit_began_ = cluster_.now().time;
    std::vector<client::OffsetToCommit> offsets;
    for (auto& [id, slot] : slots_) {
        if (slot.state != TaskState::Running || !slot.task->commit_needed()) continue;
        Result<std::vector<CommittedPosition>> positions =
            slot.task->prepare_commit(cluster_.now());
        if (positions) {  // sorted runs that could not be read: what was answered since is not to
                          // be committed
            for (const StoreDescription& store : slot.task->stores())
                if (store.store && store.store->failure())
                    positions = tl::make_unexpected(*store.store->failure());
        }
        if (!positions) {
            for (auto& [other, s] : slots_) {
                s.sealed = false;
                s.positions.clear();
            }
            return task_error(id, positions.error());
        }
        for (const CommittedPosition& p : *positions) {
            offsets.push_back({p.tp, p.offset, p.epoch, p.metadata});
        }
        slot.positions = *std::move(positions);
        slot.sealed = true;
    }
    for (auto& [id, slot] : slots_) {
        if (!slot.sealed) continue;
        slot.task->seal();
    }
    committing_ = changed_ = true;
    producer_.commit(std::move(offsets), [this] { return member_.group(); });
}

void Worker::commit_known(client::Outcome outcome) {
    changed_ = reconcile_ = true;
    at_end_ = AtEnd::No;
    if (outcome == client::Outcome::Aborted) {
        ++metrics_.aborts;
        roll_back();
        return;
    }
    committing_ = false;
    for (auto& [id, slot] : slots_) {
        if (!slot.sealed) continue;
        slot.sealed = false;
        slot.task->committed();
        for (const CommittedPosition& p : slot.positions)
            for (Input& input : slot.inputs) {
                if (input.tp != p.tp) continue;
                input.committed = p.offset;
                input.committed_epoch = p.epoch;
                input.metadata = p.metadata;
            }
        if (!slot.positions.empty()) failures_.erase(id);
        slot.positions.clear();
        advance_checkpoints(slot);
    }
    stores_.maintain();
    const Duration latency = cluster_.now().time - commit_began_;
    ++metrics_.commits;
    metrics_.commit_latency_last = latency;
    metrics_.commit_latency_max = std::max(metrics_.commit_latency_max, latency);
    metrics_.commit_latency_total += latency;
    listener_.committed(std::exchange(processed_since_commit_, 0), latency);
    purge();
}

void Worker::advance_checkpoints(Slot& slot) {
    for (const StoreDescription& store : slot.task->stores()) {
        state::DurableState* durable = store.store ? store.store->durable() : nullptr;
        if (!durable || store.changelog_topic.empty()) continue;
        const TopicPartition changelog{store.changelog_topic, slot.id.partition};
        std::optional<Offset> next;
        if (store.source_is_changelog) {
            for (const Input& input : slot.inputs)
                if (input.tp == changelog) next = input.committed;
        } else {
            next = producer_.acknowledged_end(producer_.topic(changelog.topic, false),
                                              changelog.partition);
        }
        if (!next) continue;  // this worker wrote nothing yet
        state::Checkpoint checkpoint;
        if (const client::TopicMetadata* topic = cluster_.topic(changelog.topic))
            checkpoint.topic_id = topic->id;
        if (const client::PartitionMetadata* p = cluster_.partition(changelog))
            checkpoint.epoch = p->epoch;
        checkpoint.next = *next;
        checkpoint.written = cluster_.now().wall;
        durable->advance(checkpoint);
    }
}

// The transaction was aborted, at our wish: state falls back to the last commit in memory, inputs
// are read again from there.
void Worker::roll_back() {
    committing_ = commit_requested_ = false;
    processed_since_commit_ = 0;
    phase_ = Phase::Active;
    last_commit_ = cluster_.now().time;
    if (failure_) return;  // advance_closing() drops the tasks
    std::vector<std::pair<TaskId, Error>> failed;
    for (auto& [id, slot] : slots_) {
        slot.sealed = false;
        slot.positions.clear();
        if (slot.state == TaskState::Suspended) slot.task->aborted();
        if (slot.state != TaskState::Running) continue;
        slot.task->aborted();
        std::vector<std::string> metadata;
        for (const Input& input : slot.inputs) metadata.push_back(input.metadata);
        if (const Result<void> ready = slot.task->initialize(metadata, cluster_.now()); !ready) {
            failed.push_back({id, ready.error()});
            continue;
        }
        for (std::size_t i = 0; i < slot.inputs.size(); ++i) {
            Input& input = slot.inputs[i];
            if (input.exists) fetch_from_last_commit(input);
            if (!input.exists) slot.task->set_lag(i, 0);
        }
        update_flow(slot);
    }
    for (auto& [id, error] : failed) task_error(id, std::move(error));
}

void Worker::producer_trouble() {
    if (phase_ == Phase::Leaving || phase_ == Phase::Over) return;
    const Error error = producer_.error();
    switch (producer_.trouble()) {
        case client::Trouble::None:
            return;
        case client::Trouble::Fatal:
            stop(error);
            if (phase_ == Phase::Aborting || phase_ == Phase::Recovering)
                phase_ = Phase::Active;  // there is nothing left to abort with
            return;
        case client::Trouble::Abortable:
            if (producer_.transactional()) {
                if (phase_ == Phase::Aborting) return;
                log_.warn("transaction aborted",
                          {{"worker", std::int64_t{config_.number}}, {"why", error.detail}});
                phase_ = Phase::Aborting;
                producer_.abort();
                changed_ = true;
                return;
            }
            [[fallthrough]];
        case client::Trouble::Lost:
            if (failure_) {  // closing anyway
                phase_ = Phase::Active;
                return;
            }
            if (producer_.transactional()) return recover(error.detail);
            reset_everything(error.detail);
            return;
    }
}

// The transaction under way is over, only how is not known: a broker that came back after a crash aborts what it
// finds open. Nothing was committed but perhaps what was sealed, and the committed offsets tell that. State stays in
// memory: it falls back to the commit that turns out to be the last one.
void Worker::recover(const std::string& why) {
    log_.warn("transaction lost", {{"worker", std::int64_t{config_.number}}, {"why", why}});
    phase_ = Phase::Recovering;
    outcome_asked_ = false;
    producer_.init();  // ends the transaction, if it is not over: the offsets read then are final
    changed_ = true;
}

void Worker::find_outcome() {
    if (!producer_.initialized() || outcome_asked_) return;
    std::vector<TopicPartition> partitions;
    for (const auto& [id, slot] : slots_)
        for (const CommittedPosition& p : slot.positions) partitions.push_back(p.tp);
    if (partitions.empty()) return commit_known(client::Outcome::Aborted);
    outcome_asked_ = true;
    client::fetch_committed(
        cluster_, scope_, [this] { return member_.group(); }, std::move(partitions),
        [this](Result<std::map<TopicPartition, client::CommittedOffset>> committed) {
            outcome_found(std::move(committed));
        });
}

void Worker::outcome_found(Result<std::map<TopicPartition, client::CommittedOffset>> committed) {
    if (phase_ != Phase::Recovering) return;
    if (!committed) return reset_everything(committed.error().detail);
    bool all_new = true, all_old = true;
    for (const auto& [id, slot] : slots_)
        for (const CommittedPosition& p : slot.positions) {
            const auto found = committed->find(p.tp);
            const std::optional<Offset> now =
                found == committed->end() ? std::nullopt : std::optional(found->second.offset);
            all_new &= now == p.offset;
            for (const Input& input : slot.inputs)
                if (input.tp == p.tp) all_old &= now == input.committed;
        }
    // Neither, or no position moved and both look alike: not to be told.
    if (all_new == all_old) return reset_everything("the outcome of a commit is not known");
    if (all_new) commit_known(client::Outcome::Committed);
    commit_known(client::Outcome::Aborted);  // what followed, or all of it
}

// A record that fails, fails again after a restart: after task_failures_max times in a row its task
// is parked, named, and the others go on (design §5).
void Worker::task_error(TaskId id, Error error) {
    Slot& slot = slots_.at(id);
    Failures& failures = failures_[id];
    failures.same = error.detail == failures.last ? failures.same + 1 : 1;
    failures.last = error.detail;
    ++failures.all;
    const bool park = failures.same >= config_.task_failures_max ||
                      failures.all >= kOtherFailures * config_.task_failures_max;
    log_.error(
        park ? "task parked: it keeps failing" : "task failed, starting it again",
        {{"task", id.to_string()}, {"failures", failures.all}, {"error", error.detail}});
    changed_ = reconcile_ = true;
    const bool last = std::none_of(slots_.begin(), slots_.end(), [&](const auto& other) {
        return other.first != id && other.second.state != TaskState::Suspended;
    });
    const bool stops = park && (last || config_.until_end);
    listener_.task_failed(id, error, park && !stops);
    if (stops) return stop(std::move(error));
    if (park) {
        slot.error = error.detail;
        set_task_state(slot, TaskState::Suspended);
        for (const Input& input : slot.inputs)
            if (fetcher_.assigned(input.tp)) fetcher_.remove(input.tp);
    } else {
        slot.resume_at = cluster_.now().time + cluster_.backoff(failures.all);
    }
    if (producer_.transactional()) {
        if (phase_ == Phase::Active) {
            phase_ = Phase::Aborting;
            producer_.abort();
        }
        return;
    }
    // At least once: what it sent stays sent. Its state comes from the changelog again.
    if (committing_ && slot.sealed) return reset_everything(error.detail);
    if (!park) drop_slot(id);
}

void Worker::purge() {
    if (purging_ || cluster_.now().time < next_purge_) return;
    next_purge_ = cluster_.now().time +
                  std::chrono::milliseconds(config_.streams.repartition_purge_interval_ms);
    std::map<TopicPartition, Offset> before;  // never beyond what is committed (E7)
    for (auto& [id, slot] : slots_)
        for (Input& input : slot.inputs)
            if (input.repartition && input.exists && input.committed &&
                *input.committed > input.purged) {
                before[input.tp] = mutant::on(Mutant::PurgePastCommitted)
                                       ? fetcher_.position(input.tp).value_or(*input.committed)
                                       : *input.committed;
                input.purged = *input.committed;
            }
    if (before.empty()) return;
    purging_ = true;
    client::delete_records(
        cluster_, scope_, std::move(before),
        [this](Result<void> done) {
            purging_ = false;
            if (!done) log_.warn("repartition topics not purged", {{"error", done.error().detail}});
        },
        cluster_.now().time + std::chrono::minutes(1));
}

// ---- the end of the input
// -------------------------------------------------------------------------------------------

bool Worker::consumed_to_end(bool committed) const {
    if (phase_ != Phase::Active || !member_.joined() || committing_ || !producer_.initialized() ||
        (committed && !producer_.flushed()) || member_.assignment_version() != seen_assignment_)
        return false;
    std::size_t assigned = 0;
    for (const auto& [subtopology, partitions] : member_.assigned()) assigned += partitions.size();
    if (assigned != slots_.size()) return false;
    // Nothing to do for us, or just not yet?
    if (slots_.empty() &&
        (!member_.status().empty() || cluster_.now().time - started_ < kEmptyIsFinal))
        return false;
    for (const auto& [id, slot] : slots_) {
        if (slot.state == TaskState::Suspended) continue;
        if (slot.state != TaskState::Running || slot.revoking ||
            (committed && slot.task->commit_needed()) || slot.task->processable(cluster_.now()))
            return false;
        for (const Input& input : slot.inputs) {
            if (!input.exists) continue;
            const auto position = fetcher_.position(input.tp);
            if (!position) return false;
            if (!input.repartition && (!input.end_at_start || *position < *input.end_at_start))
                return false;
        }
    }
    return true;
}

void Worker::check_end() {
    if (at_end_ == AtEnd::Asking || at_end_ == AtEnd::Yes || cluster_.now().time < next_end_check_)
        return;
    if (!consumed_to_end()) {
        // Only the commit is missing: nobody waits for its interval.
        if (!committing_ && !commit_requested_ && any_commit_needed() && consumed_to_end(false))
            commit_requested_ = changed_ = true;
        return;
    }
    next_end_check_ = cluster_.now().time + std::chrono::milliseconds(10);
    std::vector<TopicPartition> repartition;
    for (const auto& [id, slot] : slots_)
        for (const Input& input : slot.inputs)
            if (input.repartition && input.exists && slot.state == TaskState::Running)
                repartition.push_back(input.tp);
    if (repartition.empty()) {
        at_end_ = AtEnd::Yes;
        return;
    }
    at_end_ = AtEnd::Asking;
    // The high watermark, not the last stable offset: EndTxn is answered before the markers are
    // there, and until then what was just committed to a repartition topic lies above the last
    // stable offset.
    constexpr bool kReadCommitted = false;
    client::list_offsets(
        cluster_, scope_, repartition, client::kLatest, kReadCommitted,
        [this](Result<std::map<TopicPartition, client::ListedOffset>> found) {
            const bool still = at_end_ == AtEnd::Asking && found && consumed_to_end();
            at_end_ = AtEnd::No;
            cluster_.after(scope_, std::chrono::milliseconds(10), [] {});  // look again then
            if (!still) return;
            for (const auto& [tp, end] : *found) {
                const auto position = fetcher_.position(tp);
                if (!position || *position < end.offset) return;  // more is on its way
            }
            at_end_ = AtEnd::Yes;
        });
}

}  // namespace millrace::engine
