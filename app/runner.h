#pragma once
// What run() does, in parts, for programs that do more: the embedded broker, the application, and an end by signal, by
// failure, or by reaching the end of the input.
#include <functional>
#include <memory>
#include <string>

#include "millrace/app/client_host.h"
#include "millrace/app/command_line.h"
#include "millrace/app/embedded_broker.h"
#include "millrace/app/kafka_streams.h"

namespace millrace::app {

class Runner {
public:
    // Starts the broker when there is one to start, and prepares the application; go() starts it.
    static Result<std::unique_ptr<Runner>> prepare(const Topology& topology, const CommandLine& line,
                                                   const ErrorHandlers& handlers = {});
    static Result<std::unique_ptr<Runner>> start(const Topology& topology, const CommandLine& line,
                                                 const ErrorHandlers& handlers = {});   // prepare and go
    ~Runner();

    Result<void> go();
    // Blocks until the application ends; closes it and the broker. 0: clean; 1: it failed, or a task was parked: the reason
    // is on stderr.
    int wait();
    void end();   // any thread: as SIGTERM

    KafkaStreams& streams();
    EmbeddedBroker* broker();   // null: none in this process
    // Clients of this process live on this loop, which is not the broker's and not a worker's.
    io::EventLoop& client_loop();
    std::unique_ptr<ClientHost> make_client(const std::string& client_id);   // call on the client loop
    LogSink& log();
    // Called about once a second on the client loop while it runs.
    void every_second(std::function<void()> look);
    // With until_end: asked once the application is at its end; false: not yet (readers of its output lag behind).
    void hold_end(std::function<bool()> may_end);

private:
    struct State;
    explicit Runner(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace::app
