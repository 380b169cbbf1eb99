#pragma once
// The idempotent and transactional producer (KIP-98, KIP-360, KIP-890). Kafka: KafkaProducer,
// RecordAccumulator, Sender, TransactionManager. A machine on a Cluster: send() only fills a batch;
// poll() hands batches to the cluster.
//
// A *generation* is what lies between two calls of commit(). With transactions it is the
// transaction: sends that follow commit() already fill the next generation, whose batches wait
// until the EndTxn of this one is answered. Without, it is what must be acknowledged before the
// offsets are committed.
//
//   init() ... initialized()      send()* commit() ... outcome(Committed)      abort() ...
//   outcome(Aborted)
//
// An EndTxn without an answer is asked again until the coordinator says what became of it; nothing
// is ever assumed. Steady state: no allocation per record; a batch is one block, which the broker
// of the same process may keep.
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/result.h"
#include "millrace/client/cluster.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::wire {
struct ProduceResponse;
}

namespace millrace::client {

struct ProducerConfig {
    std::string transactional_id;  // empty: idempotent, without transactions
    Duration transaction_timeout = std::chrono::seconds(10);
    std::size_t batch_size = 64 * 1024;            // bytes; one larger record is a batch of its own
    std::size_t max_request_size = 1024 * 1024;    // bytes; a record above it is an error
    std::size_t buffer_memory = 32 * 1024 * 1024;  // bytes; full() above it
    Duration linger = std::chrono::milliseconds(100);
    Duration delivery_timeout = std::chrono::minutes(5);  // of one batch
    std::size_t max_in_flight = 5;                        // requests per node, at most 5 (KIP-98)
    wire::Codec codec = wire::Codec::None;
};

struct OffsetToCommit {
    TopicPartition tp;
    Offset offset{};
    std::optional<LeaderEpoch> epoch;
    std::string metadata;
};
struct GroupMetadata {  // of the member whose offsets are committed; fences zombies (KIP-447)
    std::string group_id;
    std::string member_id;
    std::int32_t epoch = -1;
    std::optional<std::string> instance_id;
};

// What the owner must do. Abortable: abort() and go on from the last commit. Lost: the producer was
// fenced or its state at the broker is gone; whatever was not known to be committed is in doubt:
// drop it and init() again. Fatal: stop.
enum class Trouble : std::uint8_t { None, Abortable, Lost, Fatal };

enum class Outcome : std::uint8_t { Committed, Aborted };

class Producer {
public:
    using Topic = std::int32_t;

    Producer(Cluster& cluster, ProducerConfig config, LogSink& log);
    ~Producer();
    Producer(const Producer&) = delete;

    // Asks for a producer id. With a transactional id this fences who used it before and finishes
    // its transaction. Also the way out of Trouble::Lost: everything buffered is dropped.
    // initialized() says when it is done.
    void init();
    bool initialized() const { return state_ >= State::Ready && state_ <= State::Aborting; }

    // Registers interest in its metadata; a missing topic is created if the broker does that on
    // request.
    Topic topic(const std::string& name, bool create_if_missing = true);
    const std::string& topic_name(Topic topic) const;
    std::int32_t partition_count(Topic topic);  // 0: not known (yet)
    bool topics_known() const;  // every registered topic has metadata, or is known not to exist

    // `headers`: as in a record (varint count, then the headers); empty: none. Allowed in any
    // state: it only buffers.
    void send(Topic topic, std::int32_t partition, std::optional<BytesView> key,
              std::optional<BytesView> value, Timestamp timestamp, BytesView headers);
    // What takes records to this partition right now: sends that fit need not come here. Stays
    // where it is while the producer lives; look into it anew for each record.
    const wire::OpenBatch& open_batch(Topic topic, std::int32_t partition) {
        return this->partition(topic, partition).taking;
    }
    bool full() const { return buffered_bytes_ > config_.buffer_memory; }

    // Ends the generation. One commit at a time; `group` is asked each time the offsets are
    // (re)sent.
    void commit(std::vector<OffsetToCommit> offsets, std::function<GroupMetadata()> group);
    // Transactions only; drops every buffered record, of the next generation too. While an
    // EndTxn(commit) is unanswered its outcome comes first: Committed, then Aborted for what
    // followed.
    void abort();
    bool ending() const { return state_ == State::Committing || state_ == State::Aborting; }
    bool outcome_waiting() const { return !outcomes_.empty(); }
    std::optional<Outcome> take_outcome();  // once per commit() and abort()

    Trouble trouble() const { return trouble_; }
    const Error& error() const { return error_; }  // names topic and partition; of trouble()

    void poll();            // sends what is due; cheap when nothing is
    Time next_due() const;  // poll() no later than this

    bool transactional() const { return !config_.transactional_id.empty(); }
    const ProducerConfig& config() const { return config_; }
    ProducerId id() const { return id_; }
    ProducerEpoch epoch() const { return epoch_; }
    std::size_t buffered_bytes() const { return buffered_bytes_; }
    std::int64_t records_sent() const { return records_acknowledged_; }
    std::int64_t bytes_sent() const { return bytes_acknowledged_; }
    std::int64_t commits() const { return commits_; }
    // Behind the last acknowledged record of the generations that are over, as this producer wrote
    // them; nothing: none.
    std::optional<Offset> acknowledged_end(Topic topic, std::int32_t partition) const;
    bool flushed() const { return active_.empty(); }  // nothing buffered, nothing in flight

private:
    enum class State : std::uint8_t {
        Uninitialized,
        Initializing,
        Ready,
        Committing,
        Aborting,
        Broken
    };

    struct Batch {
        std::unique_ptr<wire::RecordBatchBuilder> builder;  // until it is sent first
        Bytes bytes;                                        // then
        std::uint64_t serial = 0;
        std::uint64_t generation = 0;
        Time created;
        std::size_t accounted = 0;
        std::int32_t base_sequence = -1, count = 0;
        bool null_keys = false;
        std::uint32_t epoch_serial = 0;
        int failures = 0;
        bool in_flight = false, sealed = false;
    };
    struct Partition {
        Topic topic = 0;
        std::int32_t index = 0;
        Batch* open = nullptr;   // the last of `queue`, while it takes records
        wire::OpenBatch taking;  // its builder
        std::deque<std::unique_ptr<Batch>>
            queue;  // in order of sequence; those in flight are a prefix, but after a failure
        std::size_t in_flight = 0;
        std::int32_t next_sequence = 0;
        std::uint32_t epoch_serial = 0;  // of next_sequence
        std::uint64_t added_to = 0;  // TV1: generation + 1 whose transaction holds this partition
        bool active = false;         // listed in active_
        std::optional<Offset> end,
            end_next;  // behind what was acknowledged: of the generations before `generation_`; of
                       // it
        Time retry_at{INT64_MIN};
    };
    struct TopicEntry {
        std::string name;
        std::vector<std::unique_ptr<Partition>> partitions;
    };
    struct Sent {
        Partition* partition;
        std::uint64_t serial;
    };

    Partition& partition(Topic topic, std::int32_t index);
    Batch& open_batch(Partition& partition, std::size_t bytes);
    void seal(Partition& partition);
    Time due(const Partition& partition, const Batch& batch) const;
    std::optional<std::size_t> next_to_send(const Partition& partition) const;
    void send_due();
    void finish(Partition& partition, Batch& batch);
    void transmit(NodeId node, std::vector<Sent> sent);
    void arrived(NodeId node, std::vector<Sent>& sent, Answer& answer);
    void batch_done(Partition& partition, std::uint64_t serial, ErrorCode error,
                    const std::string& detail, std::int64_t base_offset = -1);
    void retire(Partition& partition, std::size_t position);
    void drop_unsent();
    void drop_all();
    void raise(Trouble trouble, ErrorCode code, std::string detail);
    void advance();
    void add_partitions();
    void commit_offsets();
    void send_offsets();
    void offsets_arrived(ErrorCode error, const std::string& detail);
    void end_transaction(bool commit);
    void ended(bool commit, const Answer& answer);
    void generation_over(Outcome outcome);
    void request_id();
    void adopt(ProducerId id, ProducerEpoch epoch);
    bool generation_flushed() const;
    bool may_send(const Batch& batch) const;
    bool two() const { return transaction_version_ >= 2; }
    std::string place(const Partition& partition) const;

    Cluster& cluster_;
    ProducerConfig config_;
    LogSink& log_;
    Scope scope_,
        commit_scope_;  // commit_scope_: partitions and offsets of the current transaction
    State state_ = State::Uninitialized;
    Trouble trouble_ = Trouble::None;
    Error error_;
    ProducerId id_{-1};
    ProducerEpoch epoch_{-1};
    std::uint32_t epoch_serial_ = 1;  // grows with each new id or epoch: sequences restart at 0
    bool bump_epoch_ = false;         // idempotent only: as soon as nothing is in flight
    int transaction_version_ = 0;

    std::vector<TopicEntry> topics_;
    std::vector<Partition*> active_;  // with a queue; in order of their first batch
    std::vector<std::unique_ptr<wire::RecordBatchBuilder>> spare_builders_;
    std::size_t rotation_ = 0;
    std::map<NodeId, std::size_t> requests_in_flight_;
    std::size_t buffered_bytes_ = 0, in_flight_ = 0;  // in_flight_: requests
    std::uint64_t next_serial_ = 1;
    bool check_due_ = false;  // something was sealed, acknowledged or failed since the last poll
    Time due_at_ = Time::never();

    std::uint64_t generation_ = 0;  // that send() fills
    std::uint64_t current_ = 0;     // the oldest that is not over; generation_ or one less
    bool reached_broker_ = false;   // something of the current transaction was sent
    bool offsets_done_ = true, offsets_sent_ = false, offsets_added_ = false, ending_sent_ = false,
         adding_ = false;
    int stale_epochs_ = 0;
    std::vector<OffsetToCommit> offsets_;
    std::function<GroupMetadata()> group_;
    bool abort_wanted_ = false;  // once the outcome of the EndTxn under way is known
    std::deque<Outcome> outcomes_;
    std::int64_t records_acknowledged_ = 0, bytes_acknowledged_ = 0, commits_ = 0;
};

}  // namespace millrace::client
