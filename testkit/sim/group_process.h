#pragma once
// Members of a classic group on the client machines: they join, the leader shares the partitions
// out, each commits rising offsets for what it has. What they are told is held against what they
// were told before.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/testkit/sim/client_process.h"

namespace millrace::sim {

class GroupMember final : public ClientProcess {
public:
    struct Ledger {                                           // of all members of the group
        std::map<TopicPartition, std::int64_t> acknowledged;  // the highest commit
        std::map<std::pair<std::int32_t, TopicPartition>, std::string> owners;  // by generation
        std::int32_t generation = 0;  // the highest that somebody was told to be complete
        std::uint64_t commits = 0, generations = 0, rejected = 0;
    };
    struct Options {
        std::string group = "shared";
        std::optional<std::string> instance;  // static membership
        std::vector<TopicPartition> partitions;
    };
    GroupMember(Scheduler&, Network&, std::string name, client::Address bootstrap, LogSink& log,
                History& history, std::shared_ptr<Ledger> ledger, Options options);
    void leave();                              // and joins no more
    bool settled() const { return working_; }  // has its partitions and knows their offsets
    std::int32_t generation() const { return generation_; }
    const std::set<TopicPartition>& owned() const { return owned_; }

private:
    void turn() override {}
    void join();
    void joined(const wire::AnyResponse& response);
    void sync(const std::map<std::string, std::string>& assignments);
    void synced(const wire::AnyResponse& response, std::int32_t generation);
    void fetch_offsets();
    void heartbeat();
    void commit();
    void again(ErrorCode why);  // joins again, as what went wrong wants it
    client::Call call(wire::ApiKey api, std::int16_t version, wire::AnyRequest request,
                      std::function<void(client::Answer)> done);

    History& history_;
    std::shared_ptr<Ledger> ledger_;
    Options options_;
    client::Coordinator coordinator_;
    std::unique_ptr<client::Scope> scope_;  // of one attempt to be a member
    std::string id_;
    std::int32_t generation_ = -1;
    std::set<TopicPartition> owned_;
    std::map<TopicPartition, std::int64_t> positions_;
    bool working_ = false, leaving_ = false;
    bool commit_open_ = false;  // sent, not answered: it may still come to pass
};

}  // namespace millrace::sim
