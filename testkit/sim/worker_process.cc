#include "millrace/testkit/sim/worker_process.h"

#include <utility>

namespace millrace::sim {

WorkerProcess::WorkerProcess(Scheduler& scheduler, Network& network, testkit::SimDisk& disk, LogSink& log,
                             const engine::TaskTopology& topology, Options options)
    : scheduler_(scheduler), network_(network), disk_(disk), log_(log), topology_(topology), options_(std::move(options)) {}

WorkerProcess::~WorkerProcess() { gone(); }

bool WorkerProcess::start() {
    if (running()) return true;
    ++incarnation_;
    ++counts_.starts;
    if (auto opened = open_stores(); !opened) {
        last_error_ = opened.error().detail;
        gone();
        disk_.kill_process_after_failed_sync(scheduler_.random());
        return false;
    }
    engine::WorkerConfig config;
    config.streams = options_.streams;
    config.bootstrap = {options_.bootstrap};
    config.process_id = directory_->process_id().to_text();
    config.member_id = Uuid::from_random(scheduler_.random().next(), scheduler_.random().next()).to_string();
    config.seed = scheduler_.random().next();
    network_id_ = network_.attach(this, options_.name, false);
    worker_ = std::make_unique<engine::Worker>(config, topology_, *provider_, *this, log_);
    slice_scheduled_ = closing_ = false;
    spilling_ = 0;
    paused_until_ = Time{};
    tick_scheduled_ = Time::never();
    waiting_.clear();
    act([this](client::Effects& effects) { worker_->start(scheduler_.now(), effects); });
    return true;
}

void WorkerProcess::gone() {
    ++incarnation_;
    if (network_id_ != 0) network_.detach(network_id_);
    network_id_ = 0;
    worker_.reset();
    provider_.reset();
    runs_.reset();
    directory_.reset();
    spilling_ = 0;
}

Result<void> WorkerProcess::open_stores() {
    MR_TRY(directory_, state::StateDirectory::open(disk_, options_.streams.state_dir, options_.streams.application_id,
                                                   Uuid::from_random(scheduler_.random().next(), scheduler_.random().next())));
    MR_TRY(runs_, state::ModelRuns::open(disk_, directory_->runs_path()));
    if (options_.runs_opened) options_.runs_opened(*runs_);
    provider_ = std::make_unique<state::DirectoryProvider>(*runs_, spills_, options_.budget);
    return {};
}

void WorkerProcess::DelayedSpills::start(std::shared_ptr<state::SpillJob> job) {
    WorkerProcess& p = process_;
    ++p.spilling_;
    ++p.counts_.spills;
    p.scheduler_.after(p.scheduler_.between(p.options_.spill_min, p.options_.spill_max),
                       [&p, job, incarnation = p.incarnation_] {
                           if (incarnation != p.incarnation_) return;
                           p.scheduler_.trace().note("spill");
                           job->run();
                           --p.spilling_;
                       });
    if (p.options_.spill_began) p.options_.spill_began();
}

void WorkerProcess::crash() {
    if (spilling_) ++counts_.lost_in_spill;
    gone();
    disk_.crash(scheduler_.random());
}

void WorkerProcess::kill() {
    if (spilling_) ++counts_.lost_in_spill;
    gone();
    disk_.kill_process_after_failed_sync(scheduler_.random());
}

void WorkerProcess::close() {
    if (!worker_ || closing_) return;
    closing_ = true;
    act([this](client::Effects& effects) { worker_->close(scheduler_.now(), effects); });
}

void WorkerProcess::pause(Duration how_long) {
    paused_until_ = scheduler_.now().time + how_long;
    tick_scheduled_ = Time::never();
    tick_at(paused_until_);
}

template <class F>
void WorkerProcess::act(F f) {
    if (!worker_) return;
    client::Effects effects;
    const std::uint64_t incarnation = incarnation_;
    for (client::LinkInput& input : std::exchange(waiting_, {})) worker_->step(input, scheduler_.now(), effects);
    f(effects);
    scheduler_.trace().note(effects.wake_at.value());
    network_.carry_out(network_id_, effects.links);
    if (worker_->closed()) {
        if (!closing_) {
            ++counts_.failures;
            last_error_ = worker_->failure() ? worker_->failure()->detail : "closed by itself";
        }
        scheduler_.after(Duration{}, [this, incarnation] {
            if (incarnation != incarnation_) return;
            gone();
            disk_.kill_process_after_failed_sync(scheduler_.random());
        });
        return;
    }
    if (effects.wake_at != Time::never()) tick_at(effects.wake_at);
    if (!slice_scheduled_ && worker_->runnable(scheduler_.now())) {
        slice_scheduled_ = true;
        scheduler_.after(options_.slice, [this, incarnation] {
            if (incarnation == incarnation_) slice();
        });
    }
}

void WorkerProcess::slice() {
    slice_scheduled_ = false;
    if (scheduler_.now().time < paused_until_ || !worker_ || !worker_->runnable(scheduler_.now())) return;
    scheduler_.trace().note("slice");
    act([this](client::Effects& effects) { worker_->run(scheduler_.now(), effects); });
}

void WorkerProcess::link_input(client::LinkInput input) {
    if (scheduler_.now().time < paused_until_) {
        waiting_.push_back(std::move(input));
        return;
    }
    act([&](client::Effects& effects) { worker_->step(input, scheduler_.now(), effects); });
}

void WorkerProcess::tick_at(Time at) {
    const Time now = scheduler_.now().time;
    if (at < paused_until_) at = paused_until_;
    if (at <= now) at = now + Duration{1000};
    if (tick_scheduled_ <= at && tick_scheduled_ > now) return;
    tick_scheduled_ = at;
    scheduler_.at(at, [this, incarnation = incarnation_, at] {
        if (incarnation != incarnation_) return;
        if (tick_scheduled_ == at) tick_scheduled_ = Time::never();
        if (scheduler_.now().time < paused_until_) return;
        scheduler_.trace().note("tick");
        act([this](client::Effects& effects) { worker_->tick(scheduler_.now(), effects); });
    });
}

void WorkerProcess::restore_progress(const engine::RestoreProgress& progress) {
    if (!progress.done) return;
    ++counts_.restores;
    if (progress.from_checkpoint && progress.records > 0) ++counts_.restores_from_checkpoint;
}

void WorkerProcess::task_failed(engine::TaskId task, const Error& error, bool) {
    last_error_ = "task " + task.to_string() + ": " + error.detail;
}

void WorkerProcess::committed(std::int64_t, Duration) { ++counts_.commits; }

bool WorkerProcess::in_transaction() const {
    if (!worker_) return false;
    const engine::WorkerMetrics m = worker_->metrics();
    return m.uncommitted_bytes > 0 || m.buffered_bytes > 0;
}

}  // namespace millrace::sim
