#pragma once
// What compaction keeps of a batch (Kafka: Cleaner, CleanedTransactionMetadata,
// MemoryRecords.filterTo; KIP-534). Bytes in, bytes out: files, time and choice are
// log_cleaner.h's.
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/broker/log/offset_map.h"
#include "millrace/broker/log/producer_state.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker {

// Goes over the batches of a log from its start, once, and knows of each whether it was aborted,
// and of each marker whether anything of its transaction is left. One object for all segments of a
// cleaning: a transaction does not end with a segment (KAFKA-8351).
class CleanedTransactions {
public:
    // All that overlap with the range, in the uncleaned part of its last segment too (KAFKA-13727).
    explicit CleanedTransactions(std::vector<AbortedTransaction> aborted);

    bool aborted(const wire::RecordBatchView& data);  // its records are nobody's
    // True: nothing of the transaction is left before it. An ABORT of which something is left gives
    // its entry for the segment's .txnindex.
    bool needless(const wire::RecordBatchView& marker, std::vector<AbortedTransaction>& index);

private:
    struct Ongoing {
        AbortedTransaction transaction;
        bool observed = false;
    };
    void begin_up_to(Offset offset);

    std::vector<AbortedTransaction> aborted_;  // by first offset
    std::size_t next_ = 0;
    std::unordered_map<ProducerId, Ongoing> ongoing_aborted_;  // looked up only
    std::set<ProducerId> ongoing_committed_;
};

// The keys of a batch that decide: null keys, markers and aborted data have no say. False: the map
// is full; `mapped_below` is where it ends.
Result<bool> map_keys(const wire::RecordBatchView& batch, Offset from, CleanedTransactions& txns,
                      OffsetMap& map, Offset& mapped_below);

class BatchFilter {
public:
    struct LastOfProducer {
        std::optional<Offset> data;  // where its last data batch ends; nothing: markers only
        ProducerEpoch epoch;
    };
    struct Settings {
        Offset mapped_below;  // what is not before it is not in the map
        // The batch that ends here stays, if only as a header: the log's end must not be lost
        // (KAFKA-17076).
        Offset end;
        Timestamp now;
        std::int64_t delete_retention_ms = 0;
        // Their sequences must be known after the log is loaded again.
        std::unordered_map<ProducerId, LastOfProducer> last_of_producers;
    };
    BatchFilter(const OffsetMap& map, Settings settings)
        : map_(map), settings_(std::move(settings)) {}

    // Appends what stays of the batch, and to `index` what it adds to the .txnindex.
    Result<void> filter(const wire::RecordBatchView& batch, CleanedTransactions& txns,
                        ByteSink& into, std::vector<AbortedTransaction>& index);
    std::int64_t records_read() const { return records_read_; }
    std::int64_t records_kept() const { return records_kept_; }
    std::int64_t keyless() const { return keyless_; }  // dropped: they should not be there

private:
    bool last_of_producer(const wire::RecordBatchView& batch) const;
    bool keep(const wire::RecordBatchView& batch, const wire::RecordView& record);
    void append_kept(const wire::RecordBatchView& batch, std::optional<Timestamp> horizon,
                     ByteSink& into);

    const OffsetMap& map_;
    Settings settings_;
    std::vector<wire::RecordView> kept_;  // scratch
    std::vector<wire::Header> headers_;   // scratch
    wire::RecordBatchBuilder builder_{4096};
    std::int64_t records_read_ = 0, records_kept_ = 0, keyless_ = 0;
};

}  // namespace millrace::broker
