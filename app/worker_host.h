#pragma once
// Drives one worker machine on an event loop: its links, its timer, and slices of processing between I/O. The loop may be
// the broker's (the worker then costs no hand-off at all) or a thread of the worker's own; a slice that holds a shared loop
// too long moves the worker to a thread of its own, for good, with one warning.
#include <functional>
#include <memory>
#include <string>

#include "millrace/app/links.h"
#include "millrace/engine/worker/worker.h"

namespace millrace::app {

class WorkerHost {
public:
    struct Setup {
        engine::WorkerConfig config;
        const engine::TaskTopology* topology = nullptr;
        state::StoreProvider* stores = nullptr;
        engine::WorkerListener* listener = nullptr;
        LogSink* log = nullptr;
        broker::BrokerHost* broker = nullptr;   // null: TCP
        io::EventLoop* loop = nullptr;  // null: a thread of its own from the start
        io::EventLoop* heartbeats = nullptr;   // another loop, which speaks for the worker while user code holds its thread
        std::string client_id;
        std::function<void()> on_closed;   // on the worker's thread
    };
    explicit WorkerHost(Setup setup);
    ~WorkerHost();   // joins its thread; what was not closed ends as in a crash
    WorkerHost(const WorkerHost&) = delete;

    // Any thread:
    void start();
    void close();   // commit, close the tasks, leave; on_closed follows
    // Runs `look` on the worker's thread and waits for it; false: the worker is closed.
    bool ask(const std::function<void(engine::Worker&)>& look);
    bool on_own_thread() const;
    std::optional<Error> failure() const;   // why the worker stopped by itself

private:
    class Speaker;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace millrace::app
