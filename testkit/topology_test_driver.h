#pragma once
// Runs a topology without a broker: feed records, advance time, read outputs and stores (Kafka's
// TopologyTestDriver). Each record is processed to the end, with stream-time punctuation and a
// commit after it; what goes to a topic that the topology also reads (repartition topics too) is
// processed next. Unlike Kafka's, topics may have several partitions: one task per partition runs
// all sub-topologies over it, and repartitioning moves records between them.
//
//   TopologyTestDriver driver(builder.build());
//   auto in = driver.input_topic<std::string, Payment>("payments");
//   auto out = driver.output_topic<std::string, Alert>("alerts");
//   in.pipe("card", Payment{...}, Timestamp{1000});
//   EXPECT_EQ(out.read()->value, ...);
//
// A failing topology throws std::runtime_error with the error's text. Not thread safe.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/serde/serde.h"
#include "millrace/dsl/stores.h"
#include "millrace/engine/operators/headers.h"
#include "millrace/engine/task/settings.h"
#include "millrace/state/provider.h"

namespace millrace {

// A record of a topic, in bytes.
struct TopicRecord {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::string> key, value;
    Timestamp timestamp{};
    Headers headers;
};

template <class K, class V>
struct TestRecord {
    std::optional<K> key;
    std::optional<V> value;
    Timestamp timestamp{};
    Headers headers;
    std::int32_t partition = 0;
};

class TopologyTestDriver {
public:
    struct Options {
        engine::TaskSettings settings =
            defaults();  // no guard against the future, caches off, one task per partition
        std::int32_t partitions = 1;  // of every topic that `topic_partitions` does not name
        std::map<std::string, std::int32_t> topic_partitions;
        Timestamp wall_clock{0};
        std::size_t records_per_step =
            1;  // more: records that wait together go in runs, with one commit behind each step
        state::StoreProvider* stores = nullptr;  // null: memory

        static engine::TaskSettings defaults();
        // What Kafka Streams' settings say of these, by their names: handlers, caches (10 MiB, as
        // there), extractors. Throws std::invalid_argument for what start() of an application would
        // refuse.
        static Options with(const std::map<std::string, std::string>& settings);
    };

    explicit TopologyTestDriver(const Topology& topology);
    TopologyTestDriver(const Topology& topology, Options options);
    ~TopologyTestDriver();

    // Partition: given, else by the key as a producer would, else 0.
    void pipe_input(const std::string& topic, TopicRecord record,
                    std::optional<std::int32_t> partition = {});
    void enqueue(const std::string& topic, TopicRecord record,
                 std::optional<std::int32_t> partition = {});  // without processing
    void process();                                            // all that waits
    void advance_wall_clock_time(
        std::chrono::milliseconds by);  // wall-clock punctuation once, commit, then what came of it
    Timestamp wall_clock() const;

    // All records that were sent to a topic, outputs and internal topics alike, in order.
    const std::vector<TopicRecord>& records(const std::string& topic) const;
    std::vector<std::string> topics() const;  // those with records, sorted
    std::int64_t dropped_records() const;

    // Crash and migration: the tasks go away with their stores; new ones are restored from the
    // changelogs and the committed metadata. Stores without a changelog are lost.
    void restart();

    template <class K, class V>
    class InputTopic {
    public:
        InputTopic(TopologyTestDriver& driver, std::string topic, Serde<K> key, Serde<V> value)
            : driver_(driver),
              topic_(std::move(topic)),
              key_(std::move(key)),
              value_(std::move(value)) {}
        void pipe(const std::optional<K>& key, const std::optional<V>& value, Timestamp timestamp,
                  Headers headers = {}, std::optional<std::int32_t> partition = {}) {
            TopicRecord record;
            record.key = bytes(key_, key);
            record.value = bytes(value_, value);
            record.timestamp = timestamp;
            record.headers = std::move(headers);
            driver_.pipe_input(topic_, std::move(record), partition);
        }

    private:
        template <class T>
        static std::optional<std::string> bytes(const Serde<T>& serde,
                                                const std::optional<T>& object) {
            if (!object) return std::nullopt;
            ByteSink sink;
            serde.codec()->write(&*object, sink);
            return std::string(as_text(sink.view()));
        }
        TopologyTestDriver& driver_;
        std::string topic_;
        Serde<K> key_;
        Serde<V> value_;
    };

    template <class K, class V>
    class OutputTopic {
    public:
        OutputTopic(TopologyTestDriver& driver, std::string topic, Serde<K> key, Serde<V> value)
            : driver_(driver),
              topic_(std::move(topic)),
              key_(std::move(key)),
              value_(std::move(value)) {}
        bool empty() const { return next_ >= driver_.records(topic_).size(); }
        std::size_t size() const { return driver_.records(topic_).size() - next_; }
        std::optional<TestRecord<K, V>> read() {  // nothing: no more for now
            if (empty()) return std::nullopt;
            const TopicRecord& record = driver_.records(topic_)[next_++];
            TestRecord<K, V> typed;
            typed.key = object(key_, record.key);
            typed.value = object(value_, record.value);
            typed.timestamp = record.timestamp;
            typed.headers = record.headers;
            typed.partition = record.partition;
            return typed;
        }
        std::vector<TestRecord<K, V>> read_all() {
            std::vector<TestRecord<K, V>> all;
            while (auto record = read()) all.push_back(*std::move(record));
            return all;
        }

    private:
        template <class T>
        static std::optional<T> object(const Serde<T>& serde,
                                       const std::optional<std::string>& bytes) {
            if (!bytes) return std::nullopt;
            T into{};
            if (auto read = serde.codec()->read(as_bytes(*bytes), &into); !read)
                throw std::runtime_error(read.error().detail);
            return into;
        }
        TopologyTestDriver& driver_;
        std::string topic_;
        Serde<K> key_;
        Serde<V> value_;
        std::size_t next_ = 0;
    };

    template <class K, class V>
    InputTopic<K, V> input_topic(std::string topic, Serde<K> key = serde<K>(),
                                 Serde<V> value = serde<V>()) {
        return {*this, std::move(topic), std::move(key), std::move(value)};
    }
    template <class K, class V>
    OutputTopic<K, V> output_topic(std::string topic, Serde<K> key = serde<K>(),
                                   Serde<V> value = serde<V>()) {
        return {*this, std::move(topic), std::move(key), std::move(value)};
    }

    // The store of one partition, by the types of processors: KeyValueStore,
    // TimestampedKeyValueStore, WindowStore.
    template <class S>
    S store(const std::string& name, std::int32_t partition = 0) {
        return S::open(task_store(name, partition), name);
    }
    engine::TaskStore& task_store(const std::string& name, std::int32_t partition = 0);
    std::vector<std::string> store_names() const;

private:
    class Run;
    std::unique_ptr<Run> run_;
};

}  // namespace millrace
