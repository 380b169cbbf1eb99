#pragma once
// The way from a task's sinks and changelogs into the worker's producer.
#include <algorithm>
#include <set>
#include <string>

#include "millrace/engine/worker/worker.h"

namespace millrace::engine {

class Worker::Collector final : public RecordCollector {
public:
    Collector(client::Producer& producer, const std::set<std::string>& internal_topics)
        : producer_(producer), internal_topics_(internal_topics) {}

    // Internal topics are made by the group with the right partitions: never by a broker's
    // auto-creation.
    Topic topic(const std::string& name) override {
        const Topic handle = producer_.topic(name, !internal_topics_.contains(name));
        handles_.insert(handle);
        return handle;
    }
    // A topic that the broker creates on request is not there at once.
    bool all_exist() {
        return std::all_of(handles_.begin(), handles_.end(),
                           [&](Topic t) { return producer_.partition_count(t) > 0; });
    }
    std::size_t record_bytes_max() const override {
        return producer_.config().max_request_size - wire::RecordBatchBuilder::record_size_bound(0, 0);
    }
    std::int32_t partition_count(Topic topic) override { return producer_.partition_count(topic); }
    void send(Topic topic, std::int32_t partition, state::MaybeBytes key, state::MaybeBytes value,
              Timestamp timestamp, BytesView headers) override {
        producer_.send(topic, partition, key, value, timestamp, headers);
    }
    const wire::OpenBatch& open_batch(Topic topic, std::int32_t partition) override {
        return producer_.open_batch(topic, partition);
    }

private:
    std::set<Topic> handles_;
    client::Producer& producer_;
    const std::set<std::string>& internal_topics_;
};

}  // namespace millrace::engine
