#pragma once
// Runs client machines (a cluster and what is built on it) on an event loop. What lives on it is touched from the loop's
// thread alone.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "millrace/app/links.h"
#include "millrace/client/cluster.h"

namespace millrace::app {

// "host:port,host:port". InvalidConfig names the part that is wrong.
Result<std::vector<client::Address>> parse_bootstrap(const std::string& servers);

class ClientHost {
public:
    ClientHost(io::EventLoop& loop, client::ClusterConfig config, std::string client_id, broker::BrokerHost* broker, LogSink& log);
    ~ClientHost();
    ClientHost(const ClientHost&) = delete;

    client::Cluster& cluster() { return cluster_; }
    io::EventLoop& loop() { return loop_; }
    LogSink& log() { return log_; }
    Now now();
    // `poll` runs in every turn, after the cluster was told what came in; `next_due` says when it wants one.
    void add(std::function<void()> poll, std::function<Time()> next_due);
    void turn();   // run one now: something outside changed

private:
    struct Machine {
        std::function<void()> poll;
        std::function<Time()> next_due;
    };
    io::EventLoop& loop_;
    LogSink& log_;
    client::Cluster cluster_;
    std::unique_ptr<Links> links_;
    std::unique_ptr<io::Timer> timer_;
    std::vector<Machine> machines_;
    bool in_turn_ = false, again_ = false;
};

}  // namespace millrace::app
