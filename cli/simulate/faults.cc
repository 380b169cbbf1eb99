// What befalls those who take part in a seed.
#include "millrace/cli/simulate/simulation_state.h"
#include "millrace/cli/simulate/topology.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::simulate {

using namespace std::chrono_literals;
using sim::WorkerProcess;
using testkit::DiskOp;

void Simulation::next_fault() {
    if (peace_) return;
    fault();
    scheduler_.after(scheduler_.between(100ms, 2500ms), [this] { next_fault(); });
}

void Simulation::fault() {
    WorkerProcess& worker = *workers_[random().below(2)];
    const std::uint64_t some_client = pick_client();
    const std::uint64_t which = random().below(24);
    if (which < 8) return broker_fault(which);
    if (which < 18) return worker_fault(worker, which - 8);
    switch (which) {
        case 18:
        case 19:
            happened(Event::CutLinks);
            note("fault: links are cut");
            network_.cut(some_client,
                         random().one_in(2) ? Duration{} : scheduler_.between(1ms, 2s));
            break;
        case 20:
        case 21:
            network_.hold_next(some_client,
                               random().one_in(2) ? wire::ApiKey::Produce : wire::ApiKey::EndTxn,
                               scheduler_.between(50ms, 6s));
            break;
        case 22:
            happened(Event::Pause);
            note("fault: the feeder pauses");
            feeder_->pause(scheduler_.between(5ms, random().one_in(4) ? 6s : 600ms));
            break;
        default:  // another instance with the same transactional id: the older one is fenced
            start_pair_writer();
            break;
    }
}

void Simulation::broker_fault(std::uint64_t which) {
    switch (which) {
        case 0:
            return broker_down(true);
        case 1:
            return broker_down(false);
        case 2:
            if (!broker_->running()) return;
            happened(Event::BrokerStop);
            note("fault: the broker is stopped");
            if (!broker_->stop()) note("it did not stop cleanly: " + broker_->last_error());
            return;
        case 3:
        case 4:
            return arm_commit_crash();
        case 5:
            happened(Event::Pause);
            note("fault: the broker pauses");
            return broker_->pause(scheduler_.between(5ms, 800ms));
        case 6:
            happened(Event::DiskFull);
            note("fault: the disk is full");
            broker_disk_.set_capacity(broker_disk_.used_bytes() + random().between(0, 20'000));
            scheduler_.after(scheduler_.between(50ms, 1500ms),
                             [this] { broker_disk_.set_capacity(std::nullopt); });
            return;
        default:
            happened(Event::SyncFailed);
            note("fault: a sync fails");
            return broker_disk_.fail_operation(random().below(3), DiskOp::Sync,
                                               "injected: the device failed");
    }
}

void Simulation::worker_fault(WorkerProcess& worker, std::uint64_t which) {
    switch (which) {
        case 0:
            return worker_down(worker, true);
        case 1:
            return worker_down(worker, false);
        case 2:
            crash_in_spill_ = &worker;
            return;  // in a spill, when there is one
        case 3:
            if (!worker.running()) return;
            happened(Event::WorkerStop);
            note("fault: a worker leaves");
            return worker.close();
        case 4: {
            happened(Event::Pause);
            note("fault: a worker pauses");
            return worker.pause(scheduler_.between(5ms, random().one_in(4) ? longest_pause() : 600ms));
        }
        case 5:
        case 6:
            happened(Event::UserCodeFails);
            note("fault: user code fails");
            user_code_fails_in = random().below(60) + 1;
            return;
        case 7:
        case 8:
            commit_fault_armed_ = true;
            return;
        default: {
            testkit::SimDisk& disk = worker_disks_[&worker == workers_[0].get() ? 0 : 1];
            happened(Event::WorkerDiskFault);
            note("fault: a worker's disk fails");
            if (random().one_in(2)) {
                disk.fail_operation(random().below(4),
                                    random().one_in(2) ? DiskOp::Sync : DiskOp::Write,
                                    "injected: the device failed");
            } else {
                disk.set_capacity(disk.used_bytes() + random().between(0, 5'000));
                scheduler_.after(scheduler_.between(50ms, 3s),
                                 [&disk] { disk.set_capacity(std::nullopt); });
            }
        }
    }
}

void Simulation::broker_down(bool power) {
    if (!broker_->running()) return;
    if (watch_.any_open()) happened(Event::ClientOutlivesBrokerInTransaction);
    happened(power ? Event::BrokerCrash : Event::BrokerKill);
    note(power ? "fault: the broker's power fails" : "fault: the broker is killed");
    if (power)
        broker_->crash();
    else
        broker_->kill();
}

void Simulation::worker_down(WorkerProcess& worker, bool power) {
    if (!worker.running()) return;
    happened(power ? Event::WorkerCrash : Event::WorkerKill);
    note(power ? "fault: a worker's power fails" : "fault: a worker is killed");
    if (power)
        worker.crash();
    else
        worker.kill();
}

std::uint64_t Simulation::pick_client() {
    std::vector<std::uint64_t> ids = {feeder_->network_id(), reader_->network_id(),
                                      uncommitted_reader_->network_id()};
    if (walker_) ids.push_back(walker_->network_id());
    for (const auto& member : members_) ids.push_back(member->network_id());
    for (const auto& worker : workers_)
        if (worker->running()) ids.insert(ids.end(), 4, worker->network_id());
    for (std::size_t i = pair_writers_.size() < 2 ? 0 : pair_writers_.size() - 2;
         i < pair_writers_.size(); ++i)
        ids.push_back(pair_writers_[i]->network_id());
    return ids[random().below(ids.size())];
}

// ---- crashes between the durable steps of a commit ----

void Simulation::arm_commit_crash() {
    static constexpr Event kTargets[] = {Event::CrashDataOffsets,    Event::CrashOffsetsPrepare,
                                         Event::CrashPrepareSync,    Event::CrashSyncMarker,
                                         Event::CrashBetweenMarkers, Event::CrashMarkerComplete,
                                         Event::CrashMarkerComplete, Event::CrashCompleteSync};
    armed_ = kTargets[random().below(std::size(kTargets))];
    last_step_ = Step::None;
    if (armed_ != Event::CrashMarkerComplete) return;
    broker_disk_.set_fault([this](DiskOp op, std::string_view path) -> std::optional<std::string> {
        if (op != DiskOp::Write || last_step_ != Step::Marker ||
            path.find("__transaction_state-") == std::string_view::npos || !path.ends_with(".log"))
            return std::nullopt;
        power_fails_now();
        return "injected: power failed";
    });
}

void Simulation::observe(DiskOp op, std::string_view path, BytesView bytes) {
    if (starting_) return;
    const Step step = op == DiskOp::Sync    ? Step::Sync
                      : op == DiskOp::Write ? watch_.wrote(path, bytes, scheduler_.now().wall)
                                            : Step::None;
    if (!armed_ || step == Step::None) return;
    const Step before = last_step_;
    last_step_ = step;
    switch (*armed_) {
        case Event::CrashDataOffsets:
            if (step == Step::Data && random().one_in(4)) power_fails_now();
            break;
        case Event::CrashOffsetsPrepare:
            if (step == Step::Offsets) power_fails_now();
            break;
        case Event::CrashPrepareSync:
            if (step == Step::Prepare) power_fails_now();
            break;
        case Event::CrashSyncMarker:
            if (step == Step::Sync && before == Step::Prepare) power_fails_now();
            break;
        case Event::CrashBetweenMarkers:
            if (step == Step::Marker && before != Step::Marker) power_fails_now();
            break;
        case Event::CrashCompleteSync:
            if (step == Step::Complete) power_fails_now();
            break;
        default:
            break;
    }
}

// Nothing reaches the platter any more; the process is gone a moment later.
void Simulation::power_fails_now() {
    const Event event = *armed_;
    armed_.reset();
    broker_disk_.freeze_after(0);
    scheduler_.after(Duration{0}, [this, event] {
        broker_disk_.set_fault(nullptr);
        happened(event);
        note("fault: " + std::string(name(event)));
        broker_disk_.freeze_after(std::nullopt);
        broker_down(true);
    });
}

// ---- faults of a worker in the midst of its commit: state is sealed, the offsets are on their way
// ----

void Simulation::request_seen(const wire::AnyRequest& request) {
    watch_.asked(request);
    if (!commit_fault_armed_ || !request.is<wire::TxnOffsetCommitRequest>()) return;
    commit_fault_armed_ = false;
    scheduler_.after(scheduler_.between(Duration{0}, 300us), [this] { in_a_commit(); });
}

void Simulation::in_a_commit() {
    WorkerProcess& worker = *workers_[random().below(2)];
    switch (random().below(6)) {
        case 0:
            return worker_down(worker, random().one_in(2));
        case 1:
            if (worker.running())
                network_.cut(worker.network_id(),
                             random().one_in(2) ? Duration{} : scheduler_.between(1ms, 2s));
            return;
        case 2:
            return worker.pause(scheduler_.between(1s, longest_pause()));
        default:
            note("fault: user code fails during a commit");
            happened(Event::UserCodeFails);
            user_code_fails_in = 1;
    }
}

void Simulation::peace() {
    peace_ = true;
    armed_.reset();
    commit_fault_armed_ = false;
    crash_in_spill_ = nullptr;
    user_code_fails_in = 0;
    broker_disk_.set_fault(nullptr);
    broker_disk_.set_capacity(std::nullopt);
    broker_disk_.clear_planned();
    for (testkit::SimDisk& disk : worker_disks_) {
        disk.clear_planned();
        disk.set_capacity(std::nullopt);
    }
    payments_.stop();
    for (auto& writer : pair_writers_) writer->stop();
    note("peace");
}

}  // namespace millrace::simulate
