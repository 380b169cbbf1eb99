#pragma once
// One mechanism for every coordinator: a shard per partition of an internal topic. (Kafka:
// CoordinatorRuntime.)
//
//   not ours --lead()--> loading --load()...--> active --resign()--> not ours
//                           ^--- an append failed ---'
//
// write() replays records into the fold at once and buffers them; flush(), at the end of a turn of
// the loop, appends what the turn decided: one batch, or one more wherever transactional records or
// markers stand between. An answer waits with when_committed() until the partition's committed end
// passes what it wrote or saw. If an append fails, the fold is thrown away and loaded from the log:
// whoever waited for what is not in the log gets the error, the others still wait for their commit.
// No rollback anywhere. A shard draws no time: callers hand it in.
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/error_code.h"
#include "millrace/broker/coordinator/fold.h"
#include "millrace/broker/coordinator/partition_log.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker {

enum class ShardState : std::uint8_t { NotOurs, Loading, Active };

// Told once: None, or why not (already a code that a client may see).
using Completion = std::function<void(ErrorCode)>;

// What a client is told about a failed append (CoordinatorOperationExceptionHelper, semantics §6).
ErrorCode translate_append_error(ErrorCode code);

// The partition of an internal topic that coordinates `key`: Utils.abs(String.hashCode) mod
// partitions; MIN_INT is 0.
std::int32_t coordinator_partition(std::string_view key, std::int32_t partitions);

struct ShardSettings {
    std::int32_t base_sequence =
        -1;  // Kafka writes 0 into __consumer_offsets, -1 into __transaction_state
    std::size_t batch_bytes_max = 512 * 1024;  // a turn's records are cut here, between decisions
    std::size_t load_bytes_per_step = 1024 * 1024;
};

// What one decision may write: below max.message.bytes of the internal topics. Handlers refuse what
// is larger; an append that the log refuses would cost everybody a reload.
inline constexpr std::size_t kDecisionBytesMax = 1'000'000;
std::size_t encoded_bytes(const CoordinatorRecords& records);  // at most

// Flushes the shards of a busy list; those that are idle afterwards leave it. `failed` is told of
// each whose append failed: it is loading again.
class Shard;
void flush_busy(std::vector<Shard*>& busy, const std::function<void(Shard&)>& failed);

class Shard {
public:
    // `busy`: a coordinator's list of shards with something to append or somebody who waits; they
    // enter it by themselves, and leave it with forget(). An idle shard costs a turn nothing.
    explicit Shard(Fold& fold, ShardSettings settings = {}, std::vector<Shard*>* busy = nullptr)
        : fold_(fold), settings_(settings), busy_(busy) {}
    Shard(const Shard&) = delete;

    void lead(PartitionLog& log);  // `log` outlives the leadership
    void resign();                 // waiting answers get NotCoordinator
    ShardState state() const { return state_; }
    ErrorCode serving() const;  // None, CoordinatorLoadInProgress, NotCoordinator
    // Replays the next slice of the log. True when this step made the shard active. Unreadable log:
    // stays loading, and load_error() says why; the next call tries again from the start.
    bool load();
    const std::optional<Error>& load_error() const { return load_error_; }
    LeaderEpoch leader_epoch() const { return log_->leader_epoch(); }

    // Only while active. One call is one decision: its records share a batch.
    void write(const CoordinatorRecords& records, Timestamp now);
    void write(const CoordinatorRecords& records, ProducerIdAndEpoch transaction, Timestamp now);
    void write(const TxnMarker& marker, Timestamp now);
    // Where the next record will stand: an answer that saw everything waits until this is
    // committed.
    Offset next_offset() const { return next_; }

    bool committed(Offset end) const { return log_ && end <= log_->committed_end(); }
    void when_committed(Offset end,
                        Completion completion);  // runs inside flush() or release(), never at once
    void when_appended(Completion completion);   // runs inside flush()
    // Appends, then release(). False: an append failed and the shard is loading again.
    bool flush();
    // Lets go whoever waits for an offset below the committed end. Call it when that has moved.
    void release();
    bool unflushed() const { return !appended_.empty() || !runs_.empty(); }
    bool idle() const { return !unflushed() && committed_.empty(); }
    void left_busy() { listed_ = false; }  // the coordinator took it off its list

private:
    struct Run {  // becomes one batch
        std::optional<ProducerIdAndEpoch> transaction;
        std::optional<TxnMarker> marker;
        Timestamp time;
        std::size_t bytes = 0;
        CoordinatorRecords records;
    };
    void write_run(const CoordinatorRecords& records, std::optional<ProducerIdAndEpoch> transaction,
                   Timestamp now);
    Bytes build(const Run& run);
    void replay_batch(const wire::RecordBatchView& batch);
    void start_loading();
    void enter_busy();
    bool append_runs();
    // An append failed: the fold is read again from the log. `code` is for those who wait for the
    // run that ends before `run_end`; what stood behind it was only unlucky.
    void lose(ErrorCode code, Offset run_end);
    void tell_appended();

    Fold& fold_;
    ShardSettings settings_;
    std::vector<Shard*>* busy_;
    bool listed_ = false;
    PartitionLog* log_ = nullptr;
    ShardState state_ = ShardState::NotOurs;
    Offset next_{
        0};  // expected offset of the next written record; while loading: of the next read one
    std::optional<Error> load_error_;
    std::vector<Run> runs_;
    std::multimap<Offset, Completion>
        committed_;  // by the end they wait for; equal ones in the order they came
    std::vector<std::pair<Offset, Completion>> appended_;  // with the end that they wait for
    wire::RecordBatchBuilder builder_{1024};  // most turns write little, and there are many shards
};

}  // namespace millrace::broker
