#pragma once
// The records of one input partition that wait for their turn (Kafka's RecordQueue): fetched
// batches, parsed a chunk at a time, straight into the columns that operators see; a run is a
// selection of a chunk's rows. Only the head is checked and has its timestamp extracted, when it
// becomes the head.
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "millrace/engine/operators/run.h"
#include "millrace/engine/operators/task_context.h"
#include "millrace/engine/topology/topology.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::engine {

class InputQueue {
public:
    InputQueue(TopicPartition tp, const NodeSpec& source, Node* node, SidesAsked asked,
               TimestampPolicy default_timestamps);

    const TopicPartition& tp() const { return tp_; }
    Node& source() { return *node_; }
    void enqueue(FetchedRecords records);
    void clear();
    std::size_t buffered() const {
        return buffered_;
    }  // records, about: what a fetch skipped counts until it is met

    // Makes the next good record the head. Bad ones go to the handler and are skipped. False: no
    // head (empty, or it failed). `in_run`: only from the chunk at hand, whose bytes the run under
    // way borrows.
    bool load_head(TaskContext& context, bool in_run = false);
    bool has_head() const { return has_head_; }
    std::int64_t head_timestamp() const { return head_timestamp_; }

    // Takes the head and what follows it in the chunk at hand into a run: at most `records_max`,
    // while timestamps are below `until` (or at it), up to the record that makes a punctuation due.
    // The one after is then the head, when it is in the chunk.
    std::size_t take(TaskContext& context, std::int64_t until, bool until_inclusive,
                     std::size_t records_max);
    Run run() const;

    std::optional<Offset> position() const {
        return position_;
    }  // of the next record; nothing: never told
    std::optional<LeaderEpoch> epoch() const {
        return fetched_.empty() ? epoch_ : fetched_.front().epoch;
    }
    std::int64_t partition_time = -1;  // ms, highest timestamp taken
    bool progressed = false;           // since the last commit
    std::optional<std::int64_t> lag;
    std::optional<std::int64_t> idle_since;  // wall clock ms

private:
    struct Chunk;
    bool parse(TaskContext& context);
    bool accept(TaskContext& context, Row row);
    bool readable(TaskContext& context, Row row);
    bool plain(Row row, std::int64_t latest) const;
    void reject_origin(Row row);

    TopicPartition tp_;
    const NodeSpec& spec_;
    Node* node_;
    TimestampPolicy timestamps_;

    std::deque<FetchedRecords> fetched_;
    std::size_t buffered_ = 0;
    std::optional<wire::BatchWalker> walker_;  // over fetched_.front()
    std::optional<wire::RecordReader> reader_;
    Bytes uncompressed_;
    // The chunk at hand: rows [head_, parsed_) are still to be taken.
    Rows rows_;
    Origin origin_;
    Column keys_, values_;
    Arena headers_;
    // Its timestamps, as the records have them, lie in between; a low of -1: look at each.
    std::int64_t chunk_low_ = 0, chunk_high_ = 0;
    std::size_t head_ = 0, parsed_ = 0;
    bool has_head_ = false;
    std::int64_t head_timestamp_ = -1;
    std::optional<Offset> position_;
    std::optional<LeaderEpoch> epoch_;

    // The run taken last: consecutive rows, or, where some in between were skipped, chosen_.
    const Row* selected_ = nullptr;
    std::size_t size_ = 0;
    std::array<Row, kRunMax> chosen_;
    Origin reject_;  // one row: the head under examination
    Rows reject_rows_;
    Column reject_keys_, reject_values_;
    // Of codecs and extractor, so that a usual record needs no call to be accepted; 0: any size.
    bool fast_ = false;
    // Read at the source: what is asked for further on, and may not parse.
    bool read_key_ = false, read_value_ = false;
    std::size_t key_bytes_ = 0, value_bytes_ = 0;
};

}  // namespace millrace::engine
