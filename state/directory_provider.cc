#include "millrace/state/directory_provider.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/state/kv/table_key_value_store.h"
#include "millrace/state/session/segmented_session_store.h"
#include "millrace/state/window/segmented_window_store.h"

namespace millrace::state {
namespace {
constexpr std::int64_t kWaitMax =
    1024;  // calls of maintain() between two tries of a spill that keeps failing
}

DirectoryProvider::~DirectoryProvider() {
    MR_CHECK(stores_.empty());
    if (job_) job_->cancel();
}

Result<std::unique_ptr<KeyValueStore>> DirectoryProvider::key_value(const std::string& task,
                                                                    const KeyValueSpec& spec) {
    if (!spec.persistent) return std::make_unique<TableKeyValueStore>(spec);
    MR_TRY(auto disk, StoreDisk::open(runs_, *this, spec.name, task, "kv/1", spec.fingerprint,
                                      false, StoredOrder::AsIs));
    return std::make_unique<TableKeyValueStore>(spec, std::move(disk));
}

Result<std::unique_ptr<WindowStore>> DirectoryProvider::window(const std::string& task,
                                                               const WindowSpec& spec) {
    if (!spec.persistent) return std::make_unique<SegmentedWindowStore>(spec);
    // The segments' ids are in the keys on disk: their length is part of the format.
    const std::string format = std::string(spec.time_ordered ? "window-by-time/1 " : "window/1 ") +
                               std::to_string(WindowOrder(spec).segment_interval) + "ms";
    MR_TRY(auto disk,
           StoreDisk::open(runs_, *this, spec.name, task, format, spec.fingerprint, true,
                           spec.time_ordered ? StoredOrder::WindowTimeFirst : StoredOrder::AsIs));
    auto store = std::make_unique<SegmentedWindowStore>(spec, std::move(disk));
    if (store->failure()) return Failure(*store->failure());
    return store;
}

Result<std::unique_ptr<SessionStore>> DirectoryProvider::session(const std::string& task,
                                                                 const SessionSpec& spec) {
    if (!spec.persistent) return std::make_unique<SegmentedSessionStore>(spec);
    const std::string format =
        std::string(spec.time_ordered ? "session-by-time/1 " : "session/1 ") +
        std::to_string(segment_interval_ms(spec.retention_ms)) + "ms";
    MR_TRY(auto disk,
           StoreDisk::open(runs_, *this, spec.name, task, format, spec.fingerprint, true,
                           spec.time_ordered ? StoredOrder::SessionTimeFirst : StoredOrder::AsIs));
    auto store = std::make_unique<SegmentedSessionStore>(spec, std::move(disk));
    if (store->failure()) return Failure(*store->failure());
    return store;
}

void DirectoryProvider::closing(SpillingStore& store) {
    std::erase(stores_, &store);
    if (std::erase(in_job_, &store) > 0) job_->cancel();
}

MemoryUse DirectoryProvider::memory() const {
    MemoryUse sum;
    for (const SpillingStore* store : stores_) {
        const MemoryUse use = store->memory_use();
        sum.uncommitted += use.uncommitted;
        sum.committed += use.committed;
        sum.clean += use.clean;
    }
    return sum;
}

bool DirectoryProvider::due() const {
    const MemoryUse use = memory();
    if (use.committed > budget_.bytes_max / 2) return true;
    if (use.committed > budget_.bytes_max / 16 &&
        use.uncommitted + use.committed > budget_.bytes_max)
        return true;
    std::int64_t tail = 0;
    for (SpillingStore* store : stores_)
        if (store->disk().can_spill()) tail += store->disk().tail();
    return tail > budget_.tail_records_max;
}

void DirectoryProvider::take_in() {
    if (!job_ || !job_->finished()) return;
    const bool spilled = job_->outcome().has_value();
    if (spilled) {
        failures_ = 0;
    } else {
        last_failure_ = job_->outcome().error();
        wait_ = std::min(kWaitMax, std::int64_t{1} << std::min<std::int64_t>(failures_++, 10));
    }
    for (SpillingStore* store : in_job_) store->thaw(spilled);
    in_job_.clear();
    job_.reset();
}

void DirectoryProvider::maintain() {
    take_in();
    if (wait_ > 0) {
        --wait_;
    } else if (!job_ && due()) {
        spill();
    }
    const MemoryUse use = memory();
    std::int64_t excess = use.uncommitted + use.committed + use.clean - budget_.bytes_max;
    for (SpillingStore* store : stores_) {
        if (excess <= 0) break;
        excess -= store->evict(excess);
    }
}

void DirectoryProvider::advanced() {
    const MemoryUse use = memory();
    if (use.uncommitted + use.committed + use.clean > budget_.bytes_max) maintain();
}

bool DirectoryProvider::spill() {
    take_in();
    if (job_) return false;
    std::vector<SpillPart> parts;
    for (SpillingStore* store : stores_) {
        if (!store->disk().can_spill()) continue;
        store->freeze(parts.emplace_back());
        in_job_.push_back(store);
    }
    if (parts.empty()) return false;
    job_ = std::make_shared<SpillJob>(runs_, std::move(parts));
    runner_.start(job_);
    take_in();  // a runner may have done it at once
    return true;
}

}  // namespace millrace::state
