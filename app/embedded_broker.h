#pragma once
// A broker inside this process (design §2): the same machine, on a loop and thread of its own or shared with the workers,
// reached by typed requests, and over TCP by others when it has listeners.
#include <map>
#include <memory>
#include <string>

#include "millrace/app/links.h"
#include "millrace/base/result.h"

namespace millrace {

class EmbeddedBroker {
public:
    struct Options {
        std::string directory;                          // made when missing
        std::map<std::string, std::string> settings;    // Kafka's names; without `listeners` nobody reaches it over TCP
        LogSink* log = nullptr;                         // outlives the broker
    };
    // Starts it and waits until it serves. Errors name cause and remedy: directory in use, port in use, bad setting.
    static Result<std::unique_ptr<EmbeddedBroker>> start(Options options);
    ~EmbeddedBroker();   // a clean stop
    Result<void> stop();

    broker::BrokerHost& host();
    io::EventLoop& loop();
    std::string address() const;   // host:port of the first listener; empty: none

private:
    struct State;
    explicit EmbeddedBroker(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace
