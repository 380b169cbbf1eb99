#pragma once
// Simulated client processes on the client machines: a feeder of payments, an independent read_committed reader, and a
// transactional client that writes pairs, stalls, aborts and is fenced now and then.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/log_line.h"
#include "millrace/client/cluster.h"
#include "millrace/client/fetcher.h"
#include "millrace/client/producer.h"
#include "millrace/testkit/sim/history.h"
#include "millrace/testkit/sim/network.h"
#include "millrace/testkit/sim/scheduler.h"

namespace millrace::sim {

class ClientProcess : public ClientEnd {
public:
    ClientProcess(Scheduler& scheduler, Network& network, std::string name, client::Address bootstrap, LogSink& log);
    ~ClientProcess() override;
    void link_input(client::LinkInput input) override;
    void pause(Duration how_long);   // SIGSTOP: nothing runs, links stay; what arrives waits
    std::uint64_t network_id() const { return network_id_; }
    const std::string& name() const { return name_; }

protected:
    virtual void turn() = 0;                                   // machines were told the time; act
    virtual Time next_due() const { return Time::never(); }
    void wake();   // run a turn soon
    client::Cluster& cluster() { return *cluster_; }
    Scheduler& scheduler() { return scheduler_; }
    LogSink& log() { return log_; }

private:
    void run();
    void schedule(Time at);

    Scheduler& scheduler_;
    Network& network_;
    std::string name_;
    LogSink& log_;
    std::unique_ptr<client::Cluster> cluster_;
    std::uint64_t network_id_ = 0;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
    Time scheduled_ = Time::never(), paused_until_{};
    std::vector<client::LinkInput> waiting_;
};

struct FeedRecord {
    std::string topic;
    std::int32_t partition = 0;
    std::string key, value;
    std::int64_t timestamp = 0;
    bool deletes = false;   // a tombstone: no value
};

class Feeder final : public ClientProcess {
public:
    using Source = std::function<std::optional<FeedRecord>()>;   // nothing: the feed is over
    Feeder(Scheduler&, Network&, client::Address bootstrap, LogSink& log, History& history, Source source, Duration every,
           std::size_t batch);
    void create_topic(const std::string& name) { cluster().want_topic(name, true); }   // auto-creation
    bool finished() const { return finished_ && !committing_; }
    void resume() {   // the source has more again
        finished_ = false;
        wake();
    }
    std::size_t acknowledged() const { return acknowledged_; }
    std::size_t in_doubt() const { return in_doubt_; }

private:
    void turn() override;
    Time next_due() const override;

    History& history_;
    Source source_;
    Duration every_;
    std::size_t batch_, acknowledged_ = 0, in_doubt_ = 0;
    client::Producer producer_;
    std::vector<FeedRecord> sent_;
    Time next_feed_{};
    bool committing_ = false, finished_ = false;
};

class Reader final : public ClientProcess, private client::FetchSink {
public:
    struct Options {
        bool read_committed = true;
        std::int32_t partition_bytes = 1024 * 1024;   // max.partition.fetch.bytes
        std::map<TopicPartition, Offset> from;        // others: 0
    };
    Reader(Scheduler&, Network&, std::string name, client::Address bootstrap, LogSink& log, History& history,
           std::vector<TopicPartition> partitions, Options options);
    // Every partition was read up to what a reader of this isolation may see, as of the last fetch.
    bool caught_up() const;
    std::optional<Offset> end_offset(const TopicPartition& tp) const { return fetcher_.end_offset(tp); }
    std::optional<Offset> position(const TopicPartition& tp) const { return fetcher_.position(tp); }

private:
    void turn() override;
    Time next_due() const override;
    void fetched(Tag tag, client::FetchedBatches batches) override;
    void position_reset(Tag tag, Offset position, bool truncated) override;
    void fetch_failed(Tag tag, Error error) override;

    History& history_;
    std::vector<TopicPartition> partitions_;
    Options options_;
    client::Fetcher fetcher_;
    bool assigned_ = false;
};

// Writes the same number to partitions 0 and 1 of `pairs` in each transaction. What became of each number is told to the
// checker: committed, aborted, or in doubt.
class PairWriter final : public ClientProcess {
public:
    struct Ledger {
        std::set<std::string> committed, aborted, in_doubt;
        std::string holder;         // the instance that initialised last: whoever did before is fenced
        std::uint64_t fenced = 0;   // instances that learned it, by the answer to a request of theirs
    };
    PairWriter(Scheduler&, Network&, std::string name, client::Address bootstrap, LogSink& log, std::string transactional_id,
               Duration transaction_timeout, std::shared_ptr<Ledger> ledger);
    void stop() { stopping_ = true; }
    bool stopped() const { return stopping_ && !open_; }
    bool in_transaction() const { return open_; }

private:
    void turn() override;
    Time next_due() const override;
    void settle(std::set<std::string>& where);

    std::shared_ptr<Ledger> ledger_;
    Duration transaction_timeout_;
    client::Producer producer_;
    client::Producer::Topic topic_;
    std::string number_;
    std::uint64_t next_ = 0;
    bool open_ = false, ending_ = false, abort_ = false, holds_ = false, stopping_ = false, asked_init_ = false;
    Time end_at_{}, ready_at_ = Time::never();
};

// I10: atomic over partitions; committed answers are visible, aborted ones are not.
void check_pairs(History& history, const PairWriter::Ledger& ledger);

}  // namespace millrace::sim
