#pragma once
// What a partition knows of its producers (Java: ProducerStateManager; KIP-98, KIP-360, KIP-890):
// the last five batches of each, for sequence checks and duplicates; its epoch, for fencing; and
// where its open transaction begins.
//
// Admission reads, application writes: admit(batch) tells what to do with a batch and changes
// nothing; applied(...) is called with every batch that is in the log: at the append, on a
// follower, and again when the log is loaded.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

struct Accepted {  // go on
    friend bool operator==(const Accepted&, const Accepted&) = default;
};
struct Duplicate {  // it is in the log already
    Offset first_offset, last_offset;
    Timestamp timestamp;
    friend bool operator==(const Duplicate&, const Duplicate&) = default;
};
using Admission = std::variant<Accepted, Duplicate>;

struct AbortedTransaction {  // an entry of .txnindex
    ProducerId producer_id;
    Offset first_offset, last_offset;  // last: its marker
    Offset last_stable_offset;         // of the log when it ended
    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

struct ProducerBatch {
    std::int32_t first_sequence = -1, last_sequence = -1;
    Offset first_offset, last_offset;
    Timestamp timestamp{-1};
    friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

struct ProducerState {
    static constexpr std::size_t kBatchesMax = 5;
    ProducerEpoch epoch{-1};
    std::int32_t coordinator_epoch = -1;
    std::optional<Offset> transaction_start;  // first offset of the open transaction
    Timestamp last_timestamp{-1};
    std::array<ProducerBatch, kBatchesMax> batches;  // oldest first
    std::size_t batch_count = 0;
    std::int32_t last_sequence() const {
        return batch_count == 0 ? -1 : batches[batch_count - 1].last_sequence;
    }
    friend bool operator==(const ProducerState&, const ProducerState&) = default;
};

struct AdmitOptions {
    bool transaction_v2 = false;
};

class ProducerStateTable {
public:
    // A data batch with a producer id. InvalidProducerEpoch; OutOfOrderSequenceNumber.
    Result<Admission> admit(const wire::RecordBatchView& batch, AdmitOptions options = {}) const;
    // A transaction marker. InvalidProducerEpoch; TransactionCoordinatorFenced.
    Result<void> admit_marker(ProducerId id, ProducerEpoch epoch, std::int32_t coordinator_epoch,
                              AdmitOptions options = {}) const;

    // The batch, with its final offsets, is in the log. An abort marker that ends a transaction
    // gives its entry for .txnindex (its last_stable_offset is filled in by the log).
    std::optional<AbortedTransaction> applied(const wire::RecordBatchView& batch);

    // The first offset of the oldest transaction that is open, or that ended at or past the high
    // watermark.
    std::optional<Offset> first_unstable_offset(Offset high_watermark) const;
    std::optional<Offset> first_open_offset() const;
    void forget_completed_below(Offset high_watermark);

    const ProducerState* find(ProducerId id) const;
    std::vector<ProducerId> producer_ids() const;  // ascending
    std::size_t size() const { return producers_.size(); }
    // Producers idle for so long, but not those with an open transaction.
    void remove_expired(Timestamp now, std::int64_t expiration_ms);
    void clear();

    // .snapshot: version int16 1, CRC-32C of the rest, producers in ascending id (Java: hash
    // order).
    Bytes encode_snapshot() const;
    static Result<ProducerStateTable> decode_snapshot(BytesView bytes);
    // Everything, the last five batches of each included: what a recovery mark holds. A client that
    // outlived the broker repeats up to five batches, and none of them may be new to us.
    Bytes encode_whole() const;
    static Result<ProducerStateTable> decode_whole(BytesView bytes);
    bool empty() const { return producers_.empty() && completed_.empty(); }

private:
    struct Completed {
        Offset first_offset, last_offset;
    };
    ProducerState& state_of(ProducerId id);
    std::unordered_map<ProducerId, ProducerState>
        producers_;                      // never iterated into an output: producer_ids() sorts
    std::map<Offset, ProducerId> open_;  // by first offset
    std::map<Offset, Offset>
        completed_;  // first offset -> marker, not yet below the high watermark
};

}  // namespace millrace::broker
