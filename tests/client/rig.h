#pragma once
// A cluster with a producer and a fetcher on a fake broker.
#include <gtest/gtest.h>

#include "millrace/client/cluster.h"
#include "millrace/client/fetcher.h"
#include "millrace/client/producer.h"
#include "millrace/tests/client/fake_broker.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::test {

struct Rig : Driven, FetchSink {
    explicit Rig(ProducerConfig p = {}, FetcherConfig f = {}, bool v2 = true)
        : broker(v2),
          cluster({.bootstrap = {{"broker", 9092}}}, log),
          producer(cluster, p, log),
          fetcher(cluster, f, *this, log),
          pump(broker, *this) {
        cluster.at(pump.now());
    }

    void input(const LinkInput& in, Now now, Effects& effects) override {
        cluster.step(in, now);
        poll(effects);
    }
    void tick(Now now, Effects& effects) override {
        cluster.tick(now);
        poll(effects);
    }
    void poll(Effects& effects) {
        producer.poll();
        while (const auto outcome = producer.take_outcome()) outcomes.push_back(*outcome);
        if (fetching) fetcher.poll();
        producer.poll();
        cluster.drain(effects);
        effects.wake(producer.next_due());
        if (fetching) effects.wake(fetcher.next_due());
    }
    void kick() {  // after calls made from the test
        Effects effects;
        tick(pump.now(), effects);
        pump.carry_out(effects);
    }
    bool until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(60)) {
        cluster.at(pump.now());
        kick();
        return pump.run_until(done, limit);
    }
    void fetched(Tag tag, FetchedBatches b) override {
        wire::BatchWalker walker(b.batches);
        while (const auto batch = walker.next()) {
            EXPECT_TRUE(batch->validate());
            wire::RecordReader reader(*batch, batch->encoded_records());
            std::vector<wire::RecordView> records(static_cast<std::size_t>(batch->count()));
            const auto n = reader.read(records);
            ASSERT_TRUE(n);
            for (std::size_t i = 0; i < *n; ++i)
                if (records[i].offset >= b.from)
                    read[tag].push_back(std::string(as_text(*records[i].key)) + '=' +
                                        std::string(as_text(*records[i].value)));
        }
        next[tag] = b.next;
        ++chunks;
    }
    void position_reset(Tag tag, Offset position, bool) override {
        resets.push_back({tag, position.value()});
    }
    void fetch_failed(Tag tag, Error error) override { failures.push_back({tag, error}); }

    void send(const std::string& topic, std::int32_t partition, const std::string& key,
              const std::string& value) {
        producer.send(producer.topic(topic), partition, as_bytes(key), as_bytes(value),
                      Timestamp{1}, {});
    }
    GroupMetadata group() const { return {"group", "", -1, std::nullopt}; }
    void commit(std::vector<OffsetToCommit> offsets = {}) {
        producer.commit(std::move(offsets), [this] { return group(); });
    }
    bool commit_and_wait(std::vector<OffsetToCommit> offsets = {}) {
        const std::size_t before = outcomes.size();
        commit(std::move(offsets));
        return until([&] { return outcomes.size() > before; }) &&
               outcomes.back() == Outcome::Committed;
    }

    NullLog log;
    FakeBroker broker;
    Cluster cluster;
    Producer producer;
    Fetcher fetcher;
    Pump pump;
    bool fetching = false;
    std::vector<Outcome> outcomes;
    std::map<Tag, std::vector<std::string>> read;
    std::map<Tag, Offset> next;
    std::vector<std::pair<Tag, std::int64_t>> resets;
    std::vector<std::pair<Tag, Error>> failures;
    int chunks = 0;
};

inline ProducerConfig transactional(const std::string& id = "app-1") {
    ProducerConfig config;
    config.transactional_id = id;
    return config;
}

}  // namespace millrace::test
