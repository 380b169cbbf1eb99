#pragma once
// A thread for what blocks, that is for syncs: it runs them one after another in the order they
// were asked, and posts each outcome back to the loop.
#include <cstdint>
#include <functional>
#include <memory>

#include "millrace/base/result.h"
#include "millrace/io/event_loop.h"

namespace millrace::io {

class SyncThread {
public:
    using Work = std::function<Result<std::int64_t>()>;
    using Done = std::function<void(Result<std::int64_t>)>;

    explicit SyncThread(EventLoop& loop);
    ~SyncThread();  // waits for the work under way; what had not begun is dropped, and so are
                    // completions

    void run(Work work, Done done);  // `done` runs on the loop

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace millrace::io
