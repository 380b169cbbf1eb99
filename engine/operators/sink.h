#pragma once
// Where records leave the task: bytes to the collector. An unchanged key or value goes out as the
// bytes it came in.
#include "millrace/engine/operators/node.h"
#include "millrace/engine/task/task.h"

namespace millrace::engine {

// Picks the partition of a record (Kafka's StreamPartitioner); nothing: the default partitioner.
using Partitioner = std::function<std::optional<std::int32_t>(
    const std::string& topic, Column& keys, Column& values, Row row, std::int32_t partitions)>;

class SinkNode final : public Node {
public:
    SinkNode(std::string name, std::source_location at, std::string topic, CodecPtr key,
             CodecPtr value, Partitioner partitioner);
    Result<void> init(TaskContext& context) override;
    void process(const Run& run) override;

private:
    const Node& blamed() const override { return *caller_; }
    void process_asking(const Run& run);
    std::optional<std::int32_t> choose_partition(const Run& run, Row row, state::MaybeBytes key);

    std::string topic_;
    CodecPtr key_, value_;
    Partitioner partitioner_;
    RecordCollector::Topic handle_ = 0;
    const Node* caller_ = this;  // the parent that forwarded last
    const wire::OpenBatch& open_batch(std::int32_t partition);
    bool send_plain(const Run& run, std::size_t& at);

    std::vector<const wire::OpenBatch*> batches_;  // by partition, as asked for
    std::int32_t next_null_key_partition_ = 0;
    ByteSink key_scratch_, value_scratch_;
};

}  // namespace millrace::engine
