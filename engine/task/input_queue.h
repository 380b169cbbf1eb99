#pragma once
// The records of one input partition that wait for their turn (Kafka's RecordQueue): fetched
// batches, parsed a chunk at a time. Only the head has a timestamp: it is checked and extracted
// when the record becomes the head.
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
    bool parse(TaskContext& context);
    bool accept(TaskContext& context, const wire::RecordView& record, Row row);
    bool readable(TaskContext& context, const wire::RecordView& record, Row row);
    bool plain(const wire::RecordView& record, std::int64_t latest) const;
    void reject_origin(const wire::RecordView& record);
    BytesView raw_headers(const wire::RecordView& record, Arena& arena);

    TopicPartition tp_;
    const NodeSpec& spec_;
    Node* node_;
    TimestampPolicy timestamps_;

    std::deque<FetchedRecords> fetched_;
    std::size_t buffered_ = 0;
    std::optional<wire::BatchWalker> walker_;  // over fetched_.front()
    std::optional<wire::RecordReader> reader_;
    Bytes uncompressed_;
    std::vector<wire::RecordView> records_;
    std::size_t head_ = 0, parsed_ = 0;
    bool has_head_ = false;
    std::int64_t head_timestamp_ = -1;
    std::optional<Offset> position_;
    std::optional<LeaderEpoch> epoch_;

    std::size_t size_ = 0;  // rows of the run being made
    Rows rows_;
    Origin origin_;
    Column keys_, values_;
    Arena headers_;
    Origin reject_;  // one row: the head under examination
    Rows reject_rows_;
    Column reject_keys_, reject_values_;
    // Of codecs and extractor, so that a usual record needs no call to be accepted; 0: any size.
    bool fast_ = false;
    // Read at the source: what is asked for further on, and may not parse. The head's cells are
    // then filled already, in head_row_.
    bool read_key_ = false, read_value_ = false;
    Row head_row_ = 0;
    std::size_t key_bytes_ = 0, value_bytes_ = 0;
};

}  // namespace millrace::engine
