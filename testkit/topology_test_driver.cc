#include "millrace/testkit/topology_test_driver.h"

#include <algorithm>

#include "millrace/base/hash.h"
#include "millrace/engine/worker/task_settings.h"
#include "millrace/state/checkpoint.h"
#include "millrace/state/memory_provider.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace {

engine::TaskSettings TopologyTestDriver::Options::defaults() {
    engine::TaskSettings settings;
    settings.application_id = "test";
    settings.future_max_ms.reset();  // a test's clock stands where it likes
    settings.one_task = true;
    return settings;
}

TopologyTestDriver::Options TopologyTestDriver::Options::with(
    const std::map<std::string, std::string>& settings) {
    NullLog none;
    auto all = settings;
    all.try_emplace("application.id", "test");
    const auto config = engine::StreamsConfig::parse(all);
    if (!config) throw std::invalid_argument(config.error().detail);
    auto parsed = engine::task_settings(*config, none);
    if (!parsed) throw std::invalid_argument(parsed.error().detail);
    Options options;
    options.settings = *std::move(parsed);
    options.settings.log = nullptr;
    options.settings.future_max_ms.reset();
    options.settings.one_task = true;
    return options;
}

class TopologyTestDriver::Run final : public engine::RecordCollector {
public:
    Run(const Topology& topology, Options options)
        : options_(std::move(options)), wall_(options_.wall_clock) {
        auto compiled = compile(topology, options_.settings);
        if (!compiled) throw std::runtime_error(compiled.error().detail);
        topology_ = *std::move(compiled);
        std::int32_t tasks = 1;
        for (const auto& sub : topology_->subtopologies()) {
            for (const auto& name : sub.source_topics)
                tasks = std::max(tasks, state(topic(name)).partitions);
            for (const auto& internal : sub.repartition_sources) {
                auto& found = state(topic(internal.name));
                if (internal.partitions) found.partitions = *internal.partitions;
                tasks = std::max(tasks, found.partitions);
            }
        }
        metadata_.resize(static_cast<std::size_t>(tasks));
        make_tasks();
    }

    Topic topic(const std::string& name) override {
        const auto [it, fresh] = handles_.emplace(name, static_cast<Topic>(topics_.size()));
        if (fresh) {
            const auto partitions = options_.topic_partitions.find(name);
            topics_.push_back(std::make_unique<TopicState>());
            topics_.back()->name = name;
            topics_.back()->partitions = partitions == options_.topic_partitions.end()
                                             ? options_.partitions
                                             : partitions->second;
        }
        return it->second;
    }
    std::int32_t partition_count(Topic topic) override { return state(topic).partitions; }
    void send(Topic topic, std::int32_t partition, state::MaybeBytes key, state::MaybeBytes value,
              Timestamp timestamp, BytesView headers) override {
        TopicRecord record;
        record.partition = partition;
        if (key) record.key = std::string(as_text(*key));
        if (value) record.value = std::string(as_text(*value));
        record.timestamp = timestamp;
        record.headers = Headers::decode(headers);
        sent_.emplace_back(topic, std::move(record));
    }

    void enqueue(const std::string& name, TopicRecord record,
                 std::optional<std::int32_t> partition) {
        const Topic handle = topic(name);
        if (state(handle).inputs.empty())
            throw std::invalid_argument("topic " + name + " is no input of the topology");
        const std::int32_t count = state(handle).partitions;
        record.partition = partition ? *partition
                           : record.key && count > 1
                               ? partition_for_key(as_bytes(*record.key), count)
                               : 0;
        if (record.partition < 0 || record.partition >= count)
            throw std::invalid_argument("topic " + name + " has no partition " +
                                        std::to_string(record.partition));
        feed(handle, record);
    }

    void process() {
        for (bool more = true; more;) {
            more = false;
            for (std::size_t i = 0; i < tasks_.size(); ++i) {
                engine::Task& task = *tasks_[i];
                if (!task.processable(now())) continue;
                more = true;
                const auto outcome =
                    task.process({.records_max = options_.records_per_step}, now());
                if (!outcome) throw std::runtime_error(outcome.error().detail);
                commit(i);
                break;  // in order of partitions
            }
        }
    }

    void advance(std::chrono::milliseconds by) {
        wall_ = wall_ + by.count();
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            const auto ran = tasks_[i]->punctuate(now());
            if (!ran) throw std::runtime_error(ran.error().detail);
            commit(i);
        }
        process();
    }

    void restart() {
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            dropped_before_ += tasks_[i]->dropped_records();
            tasks_[i]->close();
        }
        tasks_.clear();
        for (auto& topic : topics_) topic->inputs.clear();
        make_tasks();
    }

    struct TopicState {
        std::string name;
        std::int32_t partitions = 1;
        std::vector<TopicRecord> records;
        std::map<std::int32_t, std::int64_t> next_offset;
        std::map<std::int32_t, std::pair<std::size_t, std::size_t>>
            inputs;  // partition -> task, its input
    };
    TopicState& state(Topic topic) { return *topics_[static_cast<std::size_t>(topic)]; }
    Now now() const { return Now{Time{wall_.value() * 1'000'000}, wall_}; }

    std::int64_t dropped() const {
        std::int64_t sum = dropped_before_;
        for (const auto& task : tasks_) sum += task->dropped_records();
        return sum;
    }

    Options options_;
    Timestamp wall_;
    std::shared_ptr<const engine::CompiledTopology> topology_;
    std::map<std::string, Topic> handles_;
    std::vector<std::unique_ptr<TopicState>> topics_;
    std::vector<std::unique_ptr<engine::Task>> tasks_;
    state::MemoryProvider memory_;

private:
    void make_tasks() {
        state::StoreProvider& provider = options_.stores ? *options_.stores : memory_;
        for (std::size_t i = 0; i < metadata_.size(); ++i) {
            tasks_.push_back(
                topology_->make_task({0, static_cast<std::int32_t>(i)}, *this, provider));
            engine::Task& task = *tasks_.back();
            for (const auto& store : task.stores()) {
                if (store.changelog_topic.empty()) continue;
                std::int64_t from = 0;
                if (store.store->durable()) {
                    if (const auto checkpoint = store.store->durable()->checkpoint())
                        from = checkpoint->next.value();
                }
                for (const TopicRecord& record : state(topic(store.changelog_topic)).records) {
                    if (record.partition != static_cast<std::int32_t>(i) || record.offset < from)
                        continue;
                    state::MaybeBytes value;
                    if (record.value) value = as_bytes(*record.value);
                    const auto restored =
                        store.store->restore(as_bytes(*record.key), value, record.timestamp);
                    if (!restored) throw std::runtime_error(restored.error().detail);
                }
            }
            if (options_.stores) maintain(i);
            std::vector<std::string> metadata;
            for (const TopicPartition& tp : task.inputs())
                metadata.push_back(metadata_[i][tp.topic]);
            if (auto initialized = task.initialize(metadata, now()); !initialized)
                throw std::runtime_error(initialized.error().detail);
            for (std::size_t input = 0; input < task.inputs().size(); ++input) {
                const TopicPartition& tp = task.inputs()[input];
                task.set_lag(input, 0);
                state(topic(tp.topic)).inputs[tp.partition] = {i, input};
            }
        }
        deliver();  // what init() sent
    }

    void feed(Topic handle, TopicRecord& record) {
        TopicState& to = state(handle);
        record.offset = to.next_offset[record.partition]++;
        const auto it = to.inputs.find(record.partition);
        if (it == to.inputs.end()) return;
        wire::NullableView key, value;
        if (record.key) key = as_bytes(*record.key);
        if (record.value) value = as_bytes(*record.value);
        std::vector<wire::Header> headers;
        for (const auto& header : record.headers)
            headers.push_back(
                {as_bytes(header.key), header.value ? wire::NullableView(as_bytes(*header.value))
                                                    : wire::NullableView()});
        builder_.append(record.timestamp, key, value, headers);
        engine::FetchedRecords fetched;
        fetched.batches = builder_.finish({.base_offset = Offset{record.offset}});
        fetched.from = Offset{record.offset};
        fetched.next = Offset{record.offset + 1};
        tasks_[it->second.first]->enqueue(it->second.second, std::move(fetched));
    }

    void deliver() {
        auto sent = std::exchange(sent_, {});
        for (auto& [handle, record] : sent) {
            feed(handle, record);
            state(handle).records.push_back(std::move(record));
        }
    }

    void commit(std::size_t i) {
        engine::Task& task = *tasks_[i];
        const auto positions = task.prepare_commit(now());
        if (!positions) throw std::runtime_error(positions.error().detail);
        for (const auto& position : *positions) metadata_[i][position.tp.topic] = position.metadata;
        task.seal();
        task.committed();
        deliver();
        if (options_.stores) maintain(i);
    }

    // What a worker does for durable stores: tells them where their changelogs stand, lets them
    // spill.
    void maintain(std::size_t i) {
        for (const auto& store : tasks_[i]->stores()) {
            if (!store.store->durable() || store.changelog_topic.empty()) continue;
            const auto& next = state(topic(store.changelog_topic)).next_offset;
            const auto it = next.find(static_cast<std::int32_t>(i));
            store.store->durable()->advance(
                {{}, Offset{it == next.end() ? 0 : it->second}, {}, wall_});
        }
        options_.stores->maintain();
        options_.stores->maintain();
    }

    std::vector<std::pair<Topic, TopicRecord>> sent_;
    std::vector<std::map<std::string, std::string>>
        metadata_;  // per task: topic -> committed metadata
    wire::RecordBatchBuilder builder_{256};
    std::int64_t dropped_before_ = 0;
};

TopologyTestDriver::TopologyTestDriver(const Topology& topology)
    : TopologyTestDriver(topology, Options{}) {}
TopologyTestDriver::TopologyTestDriver(const Topology& topology, Options options)
    : run_(std::make_unique<Run>(topology, std::move(options))) {}
TopologyTestDriver::~TopologyTestDriver() = default;

void TopologyTestDriver::enqueue(const std::string& topic, TopicRecord record,
                                 std::optional<std::int32_t> partition) {
    run_->enqueue(topic, std::move(record), partition);
}
void TopologyTestDriver::pipe_input(const std::string& topic, TopicRecord record,
                                    std::optional<std::int32_t> partition) {
    run_->enqueue(topic, std::move(record), partition);
    run_->process();
}
void TopologyTestDriver::process() {
    run_->process();
}
void TopologyTestDriver::advance_wall_clock_time(std::chrono::milliseconds by) {
    run_->advance(by);
}
Timestamp TopologyTestDriver::wall_clock() const {
    return run_->wall_;
}

const std::vector<TopicRecord>& TopologyTestDriver::records(const std::string& topic) const {
    return run_->state(run_->topic(topic)).records;
}

std::vector<std::string> TopologyTestDriver::topics() const {
    std::vector<std::string> names;
    for (const auto& topic : run_->topics_)
        if (!topic->records.empty()) names.push_back(topic->name);
    std::sort(names.begin(), names.end());
    return names;
}

std::int64_t TopologyTestDriver::dropped_records() const {
    return run_->dropped();
}
void TopologyTestDriver::restart() {
    run_->restart();
}

engine::TaskStore& TopologyTestDriver::task_store(const std::string& name, std::int32_t partition) {
    auto* task = static_cast<engine::StreamTask*>(
        run_->tasks_.at(static_cast<std::size_t>(partition)).get());
    engine::TaskStore* store = task->store(name);
    if (!store) throw std::invalid_argument("there is no StateStore " + name);
    return *store;
}

std::vector<std::string> TopologyTestDriver::store_names() const {
    std::vector<std::string> names;
    for (const auto& store : run_->tasks_.front()->stores()) names.push_back(store.name);
    return names;
}

}  // namespace millrace
