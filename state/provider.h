#pragma once
// Makes stores. The worker's provider puts the process's sorted runs behind the persistent ones;
// tests and the test driver use memory alone. Owned by the caller of make_task; a store outlives
// neither.
#include <memory>

#include "millrace/state/cache/cache.h"
#include "millrace/state/store.h"

namespace millrace::state {

struct KeyValueSpec {
    std::string name;
    bool timestamped = true;
    bool persistent = true;   // in_memory DSL store: false
    std::string fingerprint;  // serdes and format; a mismatch with what the directory holds is
                              // refused (design §5)
};

struct WindowSpec {
    std::string name;
    std::int64_t window_size_ms = 0;
    std::int64_t retention_ms = 0;
    bool retain_duplicates = false;
    bool persistent = true;  // rocksDB semantics (segments of max(retention/2, 60 s)) or in-memory
                             // semantics of expiry
    bool time_ordered = false;  // rocksDB, for emit on close: scans in the order start, key;
                                // nothing older than retention hidden
    std::string fingerprint;
};

struct SessionSpec {
    std::string name;
    std::int64_t retention_ms = 0;
    bool persistent = true;  // as in WindowSpec
    bool time_ordered = false;
    std::string fingerprint;
};

class StoreProvider {
public:
    virtual ~StoreProvider() = default;
    // `task` is "<subtopology>_<partition>". An error names the cause and the remedy (changed
    // types, a foreign directory).
    virtual Result<std::unique_ptr<KeyValueStore>> key_value(const std::string& task,
                                                             const KeyValueSpec&) = 0;
    virtual Result<std::unique_ptr<WindowStore>> window(const std::string& task,
                                                        const WindowSpec&) = 0;
    virtual Result<std::unique_ptr<SessionStore>> session(const std::string& task,
                                                          const SessionSpec& spec) {
        (void)task;
        return fail(ErrorCode::UnsupportedVersion,
                    "session store " + spec.name + ": this provider makes none");
    }
    // Called by the worker after a commit and when idle: the place to start a spill or to take in
    // one that is done.
    virtual void maintain() {}
    // One for all tasks of the worker (Kafka's ThreadCache).
    CacheBudget& cache_budget() { return cache_budget_; }

private:
    CacheBudget cache_budget_;
};

}  // namespace millrace::state
