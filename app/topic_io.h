#pragma once
// Two small clients for programs around an application: a writer that feeds topics, and a read_committed reader that follows
// one. Both live on a ClientHost.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "millrace/app/client_host.h"
#include "millrace/client/fetcher.h"
#include "millrace/client/producer.h"

namespace millrace::app {

struct TopicRecord {
    std::string topic;
    std::int32_t partition = 0;
    Offset offset{};
    std::optional<std::string> key, value;
    Timestamp timestamp;
};

// Produces what `pull` gives, idempotently, partitioned as Kafka does; nothing pulled: the feed is over.
class TopicWriter {
public:
    using Pull = std::function<std::optional<TopicRecord>()>;
    TopicWriter(ClientHost& host, std::vector<std::string> topics, Pull pull, std::int64_t records_per_second /* 0: all at once */);
    bool finished() const { return finished_; }   // everything is acknowledged
    const std::optional<Error>& failure() const { return failure_; }
    std::int64_t sent() const { return sent_; }

private:
    void poll();
    Time next_due() const;

    ClientHost& host_;
    client::Producer producer_;
    Pull pull_;
    std::map<std::string, client::Producer::Topic> topics_;
    std::optional<TopicRecord> held_;
    std::int64_t rate_, sent_ = 0;
    std::optional<Time> began_;
    bool over_ = false, committing_ = false, finished_ = false;
    std::optional<Error> failure_;
};

// Follows all partitions of the topics from their beginning.
class TopicReader final : private client::FetchSink {
public:
    using Take = std::function<void(const TopicRecord&)>;
    TopicReader(ClientHost& host, std::vector<std::string> topics, Take take);
    std::int64_t records() const { return records_; }
    // Every partition is read up to its end (last stable offset) as of the last fetch.
    bool at_end() const;

private:
    void poll();
    void fetched(Tag tag, client::FetchedBatches batches) override;
    void position_reset(Tag, Offset, bool) override {}
    void fetch_failed(Tag tag, Error error) override;

    ClientHost& host_;
    std::vector<std::string> topics_;
    Take take_;
    client::Fetcher fetcher_;
    std::vector<TopicPartition> partitions_;   // index: tag
    std::int64_t records_ = 0;
};

}  // namespace millrace::app
