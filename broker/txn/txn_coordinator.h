#pragma once
// The transaction coordinator (KIP-98, KIP-890, KIP-360): shards of __transaction_state, one per
// partition led here.
//
// Inputs are the calls below; effects are taken with take_effects() after any call; answers come
// through callbacks, when what they saw is committed. At the end of each turn of the loop:
// flush(now). When a committed end moved: flush(now), too. Callbacks may run inside flush(), tick()
// and the inputs; they may call back in.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/topic_partition.h"
#include "millrace/broker/coordinator/runtime.h"
#include "millrace/broker/txn/txn_fold.h"
#include "millrace/broker/txn/txn_transitions.h"

namespace millrace::broker {

struct TxnConfig {                                           // Kafka's names and defaults
    std::int32_t partitions = 50;                            // transaction.state.log.num.partitions
    std::int32_t max_timeout_ms = 15 * 60 * 1000;            // transaction.max.timeout.ms
    std::int64_t id_expiration_ms = 7LL * 24 * 3600 * 1000;  // transactional.id.expiration.ms
    Duration expired_id_interval =
        std::chrono::hours(1);  // transaction.remove.expired...interval.ms
    Duration timed_out_interval =
        std::chrono::seconds(10);  // transaction.abort.timed.out...interval.ms; 0: exact
    Duration marker_retry = std::chrono::milliseconds(100);
    // A request that meets a completing transaction is held this long before it is told
    // ConcurrentTransactions: the markers of one node are written in well under a millisecond, a
    // client's back-off is 100 ms and more.
    Duration hold_concurrent = std::chrono::milliseconds(50);
    std::size_t held_requests_max = 10'000;
};

// Write these markers; tell each partition's outcome with marker_written(id, ...). Partitions of
// __consumer_offsets go through the group coordinator.
struct WriteTxnMarkers {
    std::uint64_t id = 0;
    std::string transactional_id;
    TxnMarker marker;
    std::vector<TopicPartition> partitions;
};

struct TxnEffects {
    std::vector<WriteTxnMarkers> markers;
    bool allocate_producer_ids =
        false;                     // ask the controller for a block; answer with producer_ids(...)
    Time wake_at = Time::never();  // tick(now) no later than this
};

enum class TxnWait : std::uint8_t {
    Committed,  // until the coordinator's record is committed
    Appended,   // data, offsets and coordinator share a journal: design 3.5
};

class TxnCoordinator {
public:
    using Answer = std::function<void(ErrorCode)>;
    struct Producer {  // InitProducerId's and EndTxn's answer
        ErrorCode code = ErrorCode::None;
        ProducerIdAndEpoch producer;
    };
    using ProducerAnswer = std::function<void(Producer)>;

    explicit TxnCoordinator(TxnConfig config, LogSink& log);

    // Leadership of a partition of __transaction_state. After an unclean stop every ongoing
    // transaction is aborted under a new epoch before the first request is served.
    void lead(std::int32_t partition, PartitionLog& log, bool unclean_stop);
    void resign(std::int32_t partition);
    std::int32_t partition_of(const std::string& transactional_id) const {
        return coordinator_partition(transactional_id, config_.partitions);
    }
    ErrorCode serving(const std::string& transactional_id) const;
    // The number of partitions of the internal topic, once it is known. Not while partitions are
    // led.
    void set_partitions(std::int32_t partitions) { config_.partitions = partitions; }

    void flush(Now now);
    bool unflushed() const;  // something was written since: flush() again in this turn
    void tick(Now now);      // loading, timeouts, retries
    TxnEffects take_effects();

    // Producer ids from the controller: [first, first + count). Or why there are none; who waits
    // for one is told.
    void producer_ids(ProducerId first, std::int32_t count, Now now);
    void producer_ids_failed(ErrorCode code, Now now);

    void init_producer_id(const std::optional<std::string>& transactional_id,
                          const InitProducerIdAsk& ask, Now now, ProducerAnswer answer);
    // For old clients (AddPartitionsToTxn 0-3, AddOffsetsToTxn) and, with client_version 2, for
    // brokers.
    void add_partitions(const std::string& transactional_id, ProducerIdAndEpoch producer,
                        const std::set<TopicPartition>& partitions, std::int16_t client_version,
                        Now now, Answer answer);
    // AddPartitionsToTxn v4+ with VerifyOnly: one code per partition, in their order.
    using VerifyAnswer = std::function<void(const std::map<TopicPartition, ErrorCode>&)>;
    void verify_partitions(const std::string& transactional_id, ProducerIdAndEpoch producer,
                           const std::set<TopicPartition>& partitions, Now now,
                           VerifyAnswer answer);
    // client_version: 2 for EndTxn v5+, else 0.
    void end(const std::string& transactional_id, ProducerIdAndEpoch producer, bool commit,
             std::int16_t client_version, Now now, ProducerAnswer answer);

    // For Produce and TxnOffsetCommit. Before transactional data is appended to `partitions`:
    // - client_version 2 (Produce v12+, TxnOffsetCommit v5+): adds them to the transaction;
    // - else: they must have been added.
    // The code is the one that the producer is told: 13-16 have become NotEnoughReplicas,
    // ProducerFenced InvalidProducerEpoch (as AddPartitionsToTxnManager does). With
    // TxnWait::Appended the answer comes once the coordinator's record is appended; if `began` is
    // set, this call began the transaction and the *client's* answer must still wait for a commit
    // that covers that record: a journal's sync does, when it covers the data. Why: an answer given
    // before the transaction's first record is durable would let a client that outlives the broker
    // go on in a transaction of which the coordinator remembers nothing.
    struct Admission {
        ErrorCode code = ErrorCode::None;
        bool began = false;
    };
    struct Verify {
        std::string transactional_id;
        ProducerIdAndEpoch producer;
        std::set<TopicPartition> partitions;
        std::int16_t client_version = 2;
        bool knows_abortable =
            true;  // Produce v11+: TransactionAbortable (120), else InvalidTxnState (48)
        TxnWait wait = TxnWait::Committed;
    };
    void verify_or_add(const Verify& verify, Now now, std::function<void(Admission)> answer);

    void marker_written(std::uint64_t id, const TopicPartition& partition, ErrorCode code, Now now);

    // Whether a transaction of this producer with this partition is open or completing: else data
    // of an open transaction that recovery found in a partition belongs to nobody (a hanging
    // transaction) and may be aborted there.
    bool is_open(ProducerId producer, const TopicPartition& partition) const;
    const TxnFold* fold(std::int32_t partition) const;  // for tests and describe
    std::size_t open_transactions() const;
    bool loaded() const;  // every partition that is led here

private:
    struct Completing {  // markers under way for one id; not part of the fold
        std::uint64_t id = 0;
        TxnMarker marker;
        std::set<TopicPartition> in_flight;
        std::map<TopicPartition, Time> retry_at;
    };
    struct Held {  // a request that waits for Complete*
        Time until;
        std::function<void(bool expired)> run;
    };
    struct TxnShard {  // a shard, and what stands beside its fold
        explicit TxnShard(std::vector<Shard*>& busy)
            : shard(fold, ShardSettings{.base_sequence = -1}, &busy) {}
        TxnFold fold;
        Shard shard;
        bool abort_ongoing = false;  // still to be done after an unclean stop
        bool told_load_error = false;
        std::map<std::string, Completing> completing;  // all by transactional id
        std::map<std::string, std::vector<Held>> held;
        std::map<std::string, Offset> began;  // behind the record that began the open transaction
        std::map<std::string, Time> deadlines;
        std::set<std::pair<Time, std::string>> deadline_order;
    };

    TxnShard* find(std::int32_t partition);
    TxnShard* active(const std::string& transactional_id, ErrorCode& code);
    void became_active(std::int32_t partition, TxnShard& shard, Now now);
    void forget_work(TxnShard& shard);
    void write(TxnShard& shard, const std::string& transactional_id, const TxnMetadata& metadata,
               Now now);
    void answer_after(TxnShard& shard, const std::string& transactional_id, Answer answer);
    bool hold(TxnShard& shard, const std::string& transactional_id, Now now,
              std::function<void(bool)> run);
    void run_held(TxnShard& shard, const std::string& transactional_id);

    std::optional<ProducerId> take_producer_id();
    void ask_for_producer_ids();
    void await_producer_id(std::function<void(ErrorCode)> run);

    void init_transactional(const std::string& id, const InitProducerIdAsk& ask, bool hold_expired,
                            ProducerAnswer answer);
    void add(const Verify& verify, bool hold_expired, std::function<void(Admission)> answer);
    void verify_held(const Verify& verify, bool hold_expired,
                     std::function<void(Admission)> answer);

    void send_markers_when_committed(std::int32_t partition, TxnShard& shard,
                                     const std::string& transactional_id);
    void send_markers(std::int32_t partition, const std::string& transactional_id);
    void complete_if_done(TxnShard& shard, const std::string& transactional_id);
    void retry_markers(Now now);
    void note_deadline(TxnShard& shard, const std::string& transactional_id,
                       const TxnMetadata& metadata, Now now);
    void abort_timed_out(Now now);
    void expire_ids(Now now);
    Time next_wake() const;

    TxnConfig config_;
    LogSink& log_;
    std::vector<Shard*> busy_;  // of these
    std::map<std::int32_t, std::unique_ptr<TxnShard>> shards_;
    TxnEffects effects_;
    bool timers_changed_ = true;
    Time wake_at_ = Time::never();
    Now now_;  // of the input that is being handled: completions act at that time
    std::uint64_t next_marker_id_ = 1;
    std::map<std::uint64_t, std::pair<std::int32_t, std::string>>
        marker_owner_;                                      // -> partition, transactional id
    std::map<std::string, WriteTxnMarkers> stale_markers_;  // of a mutant only
    std::deque<std::pair<ProducerId, std::int32_t>> producer_ids_;  // blocks: next, left
    bool allocating_ = false;
    std::vector<std::function<void(ErrorCode)>> awaiting_producer_id_;
    Time next_timeout_scan_{0}, next_expiry_scan_{0};
};

}  // namespace millrace::broker
