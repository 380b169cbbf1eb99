#pragma once
// What the coordinator knows of one transactional id (Kafka: TransactionMetadata), and its record
// in __transaction_state. There is no "pending" state: a transition is replayed when it is written,
// and answers wait for its commit. What Kafka calls pending while markers are under way is
// PrepareCommit and PrepareAbort here.
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "millrace/base/result.h"
#include "millrace/base/topic_partition.h"
#include "millrace/broker/coordinator/fold.h"

namespace millrace::broker {

enum class TxnState : std::int8_t {  // numbers of the record
    Empty = 0,
    Ongoing = 1,
    PrepareCommit = 2,
    PrepareAbort = 3,
    CompleteCommit = 4,
    CompleteAbort = 5,
    Dead = 6,
    PrepareEpochFence = 7,  // Kafka's memory only; a record that says so is read as PrepareAbort
};
std::string_view name(TxnState state);  // "PrepareCommit"

// The last epoch a client may hold is 32766; 32767 is for fencing only. At 32766 the producer id
// rotates.
inline constexpr std::int16_t kEpochExhausted = INT16_MAX - 1;
inline bool exhausted(ProducerEpoch epoch) {
    return epoch.value() >= kEpochExhausted;
}

struct TxnMetadata {
    ProducerId producer_id{-1};
    ProducerId previous_producer_id{-1};  // of the previous record: for retries across a rotation
    ProducerId next_producer_id{-1};  // taken when this transaction completes (rotation at EndTxn)
    ProducerEpoch producer_epoch{-1};
    ProducerEpoch last_producer_epoch{
        -1};  // what a client may still hold that lost the answer with the new epoch
    std::int32_t timeout_ms = 0;
    TxnState state = TxnState::Empty;
    std::set<TopicPartition> partitions;
    Timestamp start{-1};  // ms; -1: no transaction yet
    Timestamp last_update{-1};
    std::int16_t client_version =
        0;  // of transactions, as the client spoke last: 2 from KIP-890 on

    bool completing() const {
        return state == TxnState::PrepareCommit || state == TxnState::PrepareAbort;
    }
    bool idle() const {
        return state == TxnState::Empty || state == TxnState::CompleteCommit ||
               state == TxnState::CompleteAbort;
    }
    bool bumps_epoch() const { return client_version >= 2; }
    friend bool operator==(const TxnMetadata&, const TxnMetadata&) = default;
};

// `value_version` is 1 from transaction.version 1 on, which is what we finalize.
CoordinatorRecord transaction_record(const std::string& transactional_id,
                                     const TxnMetadata& metadata, std::int16_t value_version = 1);
CoordinatorRecord transaction_tombstone(const std::string& transactional_id);
Result<std::string> read_transaction_key(BytesView key);  // UnsupportedVersion: another key type
Result<TxnMetadata> read_transaction_value(BytesView value);

}  // namespace millrace::broker
