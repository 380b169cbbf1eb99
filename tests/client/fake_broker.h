#pragma once
// A broker for client tests: one node behind the channel seam, typed messages, simulated time. It
// keeps logs, producer sequences, transactions with markers, offsets and one streams group member
// list; just enough to hold a client to the protocol. `intercept` sees each request first and may
// answer, swallow or break the link instead.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/client/channel.h"
#include "millrace/wire/messages/metadata.h"

namespace millrace::test {

using namespace millrace::client;

enum class Fate : std::uint8_t {
    Serve,
    Answered,      // `response` was set by the hook
    DropRequest,   // the link breaks before the broker saw the request
    Hang,          // no answer ever, to this or what follows on the link
    ServeAndDrop,  // the broker does it, then the link breaks: the client cannot know
};

struct FakePartition {
    struct Batch {
        std::int64_t base, next;
        Bytes bytes;
        std::int64_t producer;
        bool control;
    };
    struct ProducerState {
        std::int16_t epoch = -1;
        std::int32_t last_sequence = -1;
        std::map<std::int32_t, std::int64_t> recent;  // first sequence -> base offset
    };
    std::vector<Batch> log;
    std::int64_t start = 0, end = 0;
    std::map<std::int64_t, ProducerState> producers;
    std::map<std::int64_t, std::int64_t> open;  // producer -> first offset of its transaction
    std::vector<std::pair<std::int64_t, std::pair<std::int64_t, std::int64_t>>>
        aborted;  // producer, [first, marker]
    std::int64_t last_stable() const {
        std::int64_t lso = end;
        for (const auto& [p, first] : open) lso = std::min(lso, first);
        return lso;
    }
};

class FakeBroker {
public:
    explicit FakeBroker(bool transactions_v2 = true) : v2_(transactions_v2) {}

    void create_topic(const std::string& name, std::int32_t partitions);
    FakePartition& partition(const TopicPartition& tp) {
        return topics_.at(tp.topic).second.at(std::size_t(tp.partition));
    }
    // Plain (not transactional) records: key, value, timestamp.
    void append(const TopicPartition& tp,
                const std::vector<std::tuple<std::string, std::string, std::int64_t>>& records);
    // What a read_committed reader sees: "key=value", in order.
    std::vector<std::string> committed_records(const TopicPartition& tp);
    std::optional<std::int64_t> committed_offset(const TopicPartition& tp) const;
    std::string committed_metadata(const TopicPartition& tp) const;

    // What the group assigns: member id -> tasks "0_1". Takes effect at the next heartbeat.
    void assign(const std::string& member, std::set<std::string> tasks);
    void fence(const std::string& member) { members_.erase(member); }
    std::set<std::string> owned(const std::string& member) const;

    std::function<Fate(const wire::AnyRequest&, std::optional<wire::AnyResponse>& response)>
        intercept;
    std::map<wire::ApiKey, int> seen;  // requests served or swallowed

    // The pump's side.
    std::optional<wire::AnyResponse> serve(const wire::AnyRequest& request, Time now,
                                           Time first_tried);  // nothing: later
    bool v2() const { return v2_; }

private:
    struct Transaction {
        std::int64_t producer = -1;
        std::int16_t epoch = -1;
        bool ongoing = false;
        std::optional<bool> last_end;  // committed?
        std::set<TopicPartition> partitions;
        std::map<TopicPartition, std::pair<std::int64_t, std::string>> offsets;
    };
    struct Member {
        std::int32_t epoch = 0;
        std::set<std::string> assigned, told, owned;
    };
    wire::AnyResponse produce(const wire::AnyRequest& request);
    ErrorCode append_produced(const std::string& transactional_id, const TopicPartition& tp,
                              const Bytes& bytes, std::int64_t& base);
    void end(Transaction& transaction, bool commit);
    std::optional<wire::AnyResponse> fetch(const wire::AnyRequest& request, Time now,
                                           Time first_tried);
    wire::AnyResponse metadata(const wire::AnyRequest& request);
    wire::AnyResponse heartbeat(const wire::AnyRequest& request);

    bool v2_;
    std::map<std::string, std::pair<Uuid, std::vector<FakePartition>>> topics_;
    std::map<std::string, Transaction> transactions_;
    std::map<TopicPartition, std::pair<std::int64_t, std::string>> offsets_;
    std::map<std::string, Member> members_;
    std::map<std::string, std::set<std::string>> wanted_;
    std::int64_t next_producer_ = 1000;
    std::uint64_t next_id_ = 1;
    std::int32_t next_session_ = 1;
    std::map<std::int32_t, std::map<TopicPartition, std::pair<std::int64_t, std::int32_t>>>
        sessions_;
    std::map<std::int32_t, std::int32_t> session_epochs_;
};

// Who is driven: a machine behind a link.
class Driven {
public:
    virtual ~Driven() = default;
    virtual void input(const LinkInput& input, Now now, Effects& effects) = 0;
    virtual void tick(Now now, Effects& effects) = 0;
    virtual bool work(Now, Effects&) { return false; }  // a slice; false: nothing to do
};

// Simulated time and one FIFO per link; 1 ms each way. Drives any number of machines on one broker.
class Pump {
public:
    explicit Pump(FakeBroker& broker) : broker_(broker) {}
    Pump(FakeBroker& broker, Driven& driven) : Pump(broker) { add(driven); }
    std::size_t add(Driven& driven);
    void crash(std::size_t who);  // it is never called again; its links are gone
    Now now() const { return {Time{now_}, Timestamp{1'700'000'000'000 + now_ / 1'000'000}}; }
    void carry_out(Effects& effects, std::size_t who = 0);
    // Until `done`, or `limit` of simulated time has passed (false).
    bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(60));
    void run_for(Duration span) {
        const std::int64_t end = now_ + span.count();
        run_until([&] { return now_ >= end; }, span + std::chrono::milliseconds(1));
    }
    void break_links(const std::string& reason = "broken by the test");

private:
    using LinkKey = std::pair<std::size_t, LinkId>;
    struct Link {
        bool hangs = false;
        std::deque<std::pair<CorrelationId, wire::AnyRequest>> requests;
        std::optional<std::int64_t> head_since;
    };
    struct Machine {
        Driven* driven;
        std::int64_t wake = INT64_MAX;
    };
    bool step();
    void deliver(std::size_t who, LinkInput input, std::int64_t delay);
    FakeBroker& broker_;
    std::vector<Machine> machines_;
    std::size_t turn_ = 0;
    std::int64_t now_ = 1'000'000'000;
    std::map<LinkKey, Link> links_;
    std::multimap<std::int64_t, std::pair<std::size_t, LinkInput>> inputs_;
    std::multimap<std::int64_t, LinkKey> served_;  // when a link's head is looked at
};

}  // namespace millrace::test
