// What must be true at the end of a seed, whatever befell it.
#include "millrace/base/check.h"
#include "millrace/cli/simulate/model.h"
#include "millrace/cli/simulate/simulation_state.h"

namespace millrace::simulate {

using namespace std::chrono_literals;

namespace {
constexpr int kSettleHalfSeconds = 240;
// Whoever was cut off inside a transaction leaves it to the coordinator: 4 s at most, looked at
// every 200 ms, and its markers.
constexpr Duration kTransactionsEnd = 5s;
// Sessions of 5 s, a rebalance of 2 s, and again when somebody comes late.
constexpr Duration kGroupRests = 30s;

std::string tasks_of(const engine::Worker& worker) {
    static constexpr const char* kStates[] = {"created", "restoring", "running", "suspended",
                                              "closed"};
    std::string text;
    for (const engine::TaskStatus& task : worker.tasks())
        text += ' ' + task.id.to_string() + ' ' + kStates[static_cast<std::size_t>(task.state)];
    return text;
}
}  // namespace

bool Simulation::quiet() const {
    return broker_->running() && feeder_->finished() && reader_->caught_up();
}

std::optional<std::string> Simulation::difference() const {
    return exactly_once_ ? output_difference(history_, kPartitions, swept_)
                         : at_least_once_difference(history_, kPartitions);
}

bool Simulation::settle(const std::string& when) {
    std::optional<std::string> found = "nothing";
    std::size_t seen = 0;
    for (int half_seconds = 0; half_seconds < kSettleHalfSeconds && !scheduler_.stopped();
         ++half_seconds) {
        scheduler_.run_until(scheduler_.now().time + 500ms);
        const std::size_t now = history_.total_seen();
        if (std::exchange(seen, now) != now && half_seconds + 1 < kSettleHalfSeconds)
            continue;  // it still flows
        if (!quiet()) {
            found = std::string("the end was never quiet: ") +
                    (broker_->running() ? "" : "no broker; ") +
                    (feeder_->finished() ? "" : "the feeder is not done; ") +
                    (reader_->caught_up() ? "" : "the reader is not at the end");
            continue;
        }
        found = difference();
        if (!found && all_stable()) break;
    }
    if (scheduler_.stopped()) return false;
    if (!found && all_stable()) return true;
    history_.violation(!found ? "I16: the workers are not running in peace, " + when +
                                    describe_workers()
                              : (exactly_once_ ? "I21: committed output is not the model's, "
                                               : "I22: output is less than the model's, ") +
                                    when + ": " + *found + describe_workers());
    return false;
}

// Stores go away and come back, from a checkpoint and the tail or from nothing; then every key is
// used once more, so that what they came back with shows.
void Simulation::move_state() {
    const std::uint64_t which = random().below(4);
    note("the last move: " + std::to_string(which));
    for (auto& worker : workers_) {
        if (which == 3 && worker == workers_.front()) {  // for good: the other one takes over
            stays_down_ = worker.get();
            worker_down(*worker, false);
        } else if (which == 0) {
            worker_down(*worker, true);
        } else if (which == 1) {
            worker_down(*worker, false);
        } else if (which == 2) {
            worker->close();
        }
    }
    payments_.sweep();
    swept_ = true;
    feeder_->resume();
}

void Simulation::check() {
    const bool settled = settle("after the faults");
    if (settled) {
        check_group();
        move_state();
        settle("after the last move");
    }
    if (!scheduler_.stopped()) check_ends();
    happened(Event::TimeoutAbort, watch_.timeout_aborts());
    happened(Event::RebalanceWithOpenTransaction, watch_.rebalances_in_transaction());
    happened(Event::AbortAfterOffsets, watch_.aborts_after_offsets());
    happened(Event::FencedProducer, ledger_->fenced);
    happened(Event::GroupGeneration, group_ledger_->generations);
    happened(Event::GroupCommit, group_ledger_->commits);
    happened(Event::GroupMemberRejected, group_ledger_->rejected);
    happened(Event::MachineOutlivesFailedSync, broker_->kept_machine());
}

// One generation, in which every partition has an owner; and once more, of a member that is alone,
// when the broker has read its log again.
void Simulation::check_group() {
    std::set<TopicPartition> owned;
    const auto rests = [&] {
        owned.clear();
        for (const auto& member : members_) {
            if (!member->settled() || member->generation() != members_.front()->generation())
                return false;
            owned.insert(member->owned().begin(), member->owned().end());
        }
        return owned.size() == group_partitions().size();
    };
    const Time until = scheduler_.now().time + kGroupRests;
    while (scheduler_.now().time < until && !rests())
        scheduler_.run_until(scheduler_.now().time + 100ms);
    if (!rests())
        history_.violation("I33: the classic group does not come to rest: " +
                           std::to_string(owned.size()) + " partitions have an owner");
}

// A reader that begins again after a clean stop and start sees the same (I3, I7, I29), and nothing
// is open (I12).
void Simulation::check_ends() {
    if (broker_->running() && !broker_->stop())
        history_.violation("I29: the broker does not stop: " + broker_->last_error());
    for (const auto& worker : workers_) {
        worker->kill();
        happened(Event::RestoreFromCheckpointAndTail, worker->counts().restores_from_checkpoint);
    }
    over_ = true;
    if (!broker_->start())
        return history_.violation("I29: the broker does not start after a clean stop: " +
                                  broker_->last_error());
    const auto partitions = read_partitions();
    sim::Reader again(scheduler_, network_, "second reader", {"broker", 9092}, log_, history_,
                      partitions, {});
    sim::Reader raw(scheduler_, network_, "second uncommitted reader", {"broker", 9092}, log_,
                    uncommitted_, partitions,
                    {.read_committed = false, .partition_bytes = 1024 * 1024, .from = {}});
    const auto stable = [&](const TopicPartition& tp) {
        return again.end_offset(tp) == raw.end_offset(tp);
    };
    const auto done = [&] {
        return again.caught_up() && raw.caught_up() &&
               std::all_of(partitions.begin(), partitions.end(), stable);
    };
    const Time until = scheduler_.now().time + kTransactionsEnd;
    while (scheduler_.now().time < until && !done())
        scheduler_.run_until(scheduler_.now().time + 100ms);
    if (!again.caught_up() || !raw.caught_up())
        history_.violation("a second reader cannot read to the end");
    for (const TopicPartition& tp : partitions) {
        if (!stable(tp))
            history_.violation(
                "I12: " + tp.to_string() +
                " has an open transaction: the last stable offset stays below the high watermark");
    }
    start_member(1);
    members_.erase(members_.begin() + 2, members_.end());
    members_.erase(members_.begin());
    check_group();
    members_.clear();
    history_.check_complete("second reader");
    uncommitted_.check_complete("second uncommitted reader");
    history_.check_compacted();
    uncommitted_.check_compacted(&history_);
    history_.check_acknowledged();
    sim::check_pairs(history_, *ledger_);
    runs_check_.check(history_, kApplication);
}

bool Simulation::all_stable() const {
    for (const auto& worker : workers_) {
        if (worker.get() == stays_down_) continue;
        if (!worker->running() || worker->machine()->state() != engine::WorkerState::Running)
            return false;
    }
    return true;
}

std::string Simulation::describe_workers() const {
    std::string text;
    for (const auto& worker : workers_) {
        text += worker->running()
                    ? " [" + std::to_string(static_cast<int>(worker->machine()->state())) +
                          " lag " + std::to_string(worker->machine()->metrics().lag) +
                          tasks_of(*worker->machine()) + ']'
                    : " [down]";
        if (!worker->last_error().empty()) text += " last error: " + worker->last_error();
    }
    return text;
}

}  // namespace millrace::simulate
