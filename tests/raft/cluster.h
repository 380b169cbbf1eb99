#pragma once
// A quorum on simulated time, network and disk, all from one seed: messages are lost, delayed and
// overtaken, links are cut one way, nodes crash and lose what was not synced. The invariants are
// checked after every event.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/random.h"
#include "millrace/broker/raft/quorum.h"

namespace millrace::broker::raft::test {

struct Entry {
    std::int32_t epoch = 0;
    std::int64_t value = 0;  // -1: a LeaderChange
    friend bool operator==(const Entry&, const Entry&) = default;
};

class VectorLog final : public RaftLog {
public:
    std::vector<Entry> entries;

    Offset start() const override { return Offset{0}; }
    Offset end() const override { return Offset{static_cast<std::int64_t>(entries.size())}; }
    LeaderEpoch last_epoch() const override {
        return LeaderEpoch{entries.empty() ? 0 : entries.back().epoch};
    }
    EpochEnd end_of(LeaderEpoch epoch) const override;
    Result<AppendedAt> append(Bytes batch, LeaderEpoch epoch) override;
    Result<AppendedAt> append_leader_change(const LeaderChange& change, LeaderEpoch epoch,
                                            Timestamp now) override;
    Result<void> append_fetched(Bytes batches) override;
    Result<Bytes> read(Offset from, std::size_t bytes_max) override;
    Result<void> truncate(Offset to) override;
};

Bytes value_batch(std::int64_t value);  // what a client appends

struct Faults {
    double loss = 0;  // of messages
    std::int64_t delay_ms_max = 5;
    double sync_delay_ms_max = 3;
    std::int64_t cut_every_ms = 0;  // about; 0: never
    std::int64_t crash_every_ms = 0;
};

class Cluster {
public:
    Cluster(int voters, std::uint64_t seed, Faults faults, int observers = 0);
    ~Cluster();

    void run_for(std::int64_t ms);  // with a client that appends at whoever leads
    void heal();                    // ends all faults and starts all nodes
    void crash(int node);
    void restart(int node);
    void cut(int from, int to) { cut_.insert({from, to}); }
    void isolate(int node);
    void join(int node);

    std::optional<int> leader() const;  // alive, of the highest epoch
    const Quorum& quorum(int node) const {
        return *nodes_.at(static_cast<std::size_t>(node)).quorum;
    }
    const VectorLog& log(int node) const { return nodes_.at(static_cast<std::size_t>(node)).log; }
    bool alive(int node) const {
        return nodes_.at(static_cast<std::size_t>(node)).quorum != nullptr;
    }
    std::size_t committed() const { return committed_.size(); }
    std::string failure() const { return failure_; }  // empty: every invariant held
    void expect_converged();
    std::int64_t append(int node);  // its offset; -1: it does not lead
    std::int64_t now_ms() const { return now_ / 1'000'000; }
    void set_client(bool on) { client_ = on; }
    std::uint64_t events() const { return order_; }
    std::string trace() const;  // who is what, for scripts

private:
    struct Node {
        std::unique_ptr<Quorum> quorum;
        VectorLog log;
        std::vector<Entry> durable;
        ElectionState election;  // durable
        std::uint64_t incarnation = 0;
        std::int64_t wake_at = INT64_MAX;
        bool syncing = false;
        Offset high_watermark{};
        std::map<std::int32_t, ReplicaKey> votes;  // for ever
    };
    struct Event {
        std::int64_t at;
        std::uint64_t order;
        enum Kind { Deliver, Synced, Wake, Client, Fault } kind;
        int node = 0;
        std::uint64_t incarnation = 0;
        Envelope envelope;
        std::vector<Entry> snapshot;  // Synced: what became durable
        std::uint64_t generation = 0;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    Now now() const { return {Time{now_}, Timestamp{1'700'000'000'000 + now_ / 1'000'000}}; }
    void push(Event event, std::int64_t delay_ns);
    void step(int node, const Input& input);
    void carry_out(int node, Effects& effects);
    void start_sync(int node);
    void check(int node);
    void check_log_matching();
    void fail_with(std::string what);
    int id_of(NodeId id) const { return id.value() - 1; }

    Random random_;
    std::uint64_t seed_;
    Faults faults_;
    int voters_;
    std::vector<Node> nodes_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t order_ = 0;
    std::int64_t now_ = 0;
    std::set<std::pair<int, int>> cut_;
    std::vector<Entry> committed_;           // what anyone ever called committed
    std::map<std::int32_t, int> leader_of_;  // by epoch
    std::int64_t next_value_ = 1;
    bool client_ = true;
    std::string failure_;
};

}  // namespace millrace::broker::raft::test
