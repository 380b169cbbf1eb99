#pragma once
// The decisions of the transaction coordinator as pure functions: metadata and request in; the next
// metadata, an answer without a write, or an error out. The order of checks is Kafka's: completing
// (51), producer id, epoch, state.
#include <variant>

#include "millrace/base/clock.h"
#include "millrace/base/error_code.h"
#include "millrace/broker/txn/txn_metadata.h"

namespace millrace::broker {

struct TxnRefused {
    ErrorCode code;
};  // None: nothing to write, and that is fine (a retry)
struct TxnNext {
    TxnMetadata metadata;
};                             // to be written
struct TxnNeedsProducerId {};  // ask again with a fresh id
using TxnDecision = std::variant<TxnRefused, TxnNext, TxnNeedsProducerId>;

// Ongoing -> PrepareAbort under the next epoch, which no client ever gets to know (timeouts, a new
// incarnation).
TxnMetadata fence_and_abort(const TxnMetadata& current, Timestamp now);

struct InitProducerIdAsk {
    std::int32_t timeout_ms = 0;
    std::optional<ProducerIdAndEpoch> expected;  // KIP-360: the client goes on after an error
};
// Ongoing: TxnNext is the fence; its answer is ConcurrentTransactions.
TxnDecision decide_init_producer_id(const TxnMetadata& current, const InitProducerIdAsk& ask,
                                    std::optional<ProducerId> fresh, Timestamp now);
TxnMetadata new_transactional_id(ProducerId fresh, std::int32_t timeout_ms, Timestamp now);

TxnDecision decide_add_partitions(const TxnMetadata& current, ProducerIdAndEpoch producer,
                                  const std::set<TopicPartition>& partitions,
                                  std::int16_t client_version, Timestamp now);
// VerifyOnly: what holds for all partitions; None: TransactionAbortable for those that are not in
// the transaction.
ErrorCode verify_producer(const TxnMetadata& current, ProducerIdAndEpoch producer);

TxnDecision decide_end(const TxnMetadata& current, ProducerIdAndEpoch producer, bool commit,
                       std::int16_t client_version, std::optional<ProducerId> fresh, Timestamp now);
// Prepare* -> Complete*, when every marker is written.
TxnMetadata completed(const TxnMetadata& current, Timestamp now);

}  // namespace millrace::broker
