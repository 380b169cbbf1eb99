#pragma once
// A broker over a simulated disk, driven by hand: time stands still unless a test moves it, syncs
// are done when a test lets them.
#include <deque>
#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "millrace/broker/broker.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/batch/record_batch_builder.h"
#include "millrace/wire/messages/create_topics.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/produce.h"

namespace millrace::broker {

struct TestProducer {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::int32_t sequence = -1;
    bool transactional = false;
};

class Node {
public:
    using Producer = TestProducer;
    explicit Node(testkit::SimDisk& disk, BrokerConfig config = settings())
        : disk_(disk), config_(std::move(config)) {
        start();
    }

    static BrokerConfig settings() {
        auto parsed = parse_broker_config(
            "log.dirs=/data\nlisteners=PLAINTEXT://127.0.0.1:9092\n"
            "offsets.topic.num.partitions=2\ntransaction.state.log.num.partitions=2\n");
        return std::move(parsed)->config;
    }

    void start() {
        Effects effects;
        auto opened = Broker::open(
            {.config = config_, .advertised = config_.advertised_endpoints(), .seed = seed_++},
            disk_, log_, now_, effects);
        ASSERT_TRUE(opened) << opened.error().detail;
        broker_ = *std::move(opened);
        take(std::move(effects));
        run();
        ASSERT_TRUE(ready_);
        next_connection_ += 1000;
    }
    void stop() {
        const auto closed = broker_->close(now_);
        ASSERT_TRUE(closed) << closed.error().detail;
        forget();
    }
    void crash(std::uint64_t seed) {
        forget();
        Random random(seed);
        disk_.crash(random);
    }

    ConnectionId connect() {
        const ConnectionId id{next_connection_++};
        step(ConnectionOpened{id, "127.0.0.1", "PLAINTEXT", false});
        return id;
    }
    template <class Q>
    std::int32_t send(ConnectionId connection, Q request, std::int16_t version) {
        step(RequestArrived{connection, next_correlation_, "test",
                            wire::AnyRequest::of(std::move(request), version)});
        return next_correlation_++;
    }
    std::optional<wire::AnyResponse> take(ConnectionId connection, std::int32_t correlation) {
        const auto at = responses_.find({connection, correlation});
        if (at == responses_.end()) return std::nullopt;
        auto response = at->second;
        responses_.erase(at);
        return response;
    }
    template <class R, class Q>
    R call(ConnectionId connection, Q request, std::int16_t version) {
        const std::int32_t correlation = send(connection, std::move(request), version);
        run();
        const auto response = take(connection, correlation);
        if (!response) {
            ADD_FAILURE() << "no answer to " << Q::kName;
            return {};
        }
        return response->template as<R>();
    }

    void step(Input input) {
        Effects effects;
        broker_->step(std::move(input), now_, effects);
        take(std::move(effects));
    }
    void end_turn() {
        Effects effects;
        broker_->end_turn(now_, effects);
        take(std::move(effects));
    }
    bool sync_one() {  // false: nothing to sync
        if (syncs_.empty()) return false;
        Sync sync = std::move(syncs_.front());
        syncs_.pop_front();
        step(Synced{sync.ticket, sync.run()});
        return true;
    }
    void run() {  // until it is quiet at this time
        for (int i = 0; i < 1000; ++i) {
            end_turn();
            if (!hold_syncs && sync_one()) continue;
            if (wake_at_ > now_.time) return;
            step(Tick{});
        }
        ADD_FAILURE() << "the broker does not come to rest";
    }
    void advance(Duration by) {
        const Time target = now_.time + by;
        while (wake_at_ <= target) {
            move_to(wake_at_);
            step(Tick{});
            run();
        }
        move_to(target);
    }

    bool closed(ConnectionId connection) const { return closed_.contains(connection); }
    std::size_t syncs() const { return syncs_.size(); }
    Broker& broker() { return *broker_; }
    const std::string& fatal() const { return fatal_; }
    bool hold_syncs = false;

    // ---- the requests that most tests need ----
    void create_topic(const std::string& name, std::int32_t partitions = 1,
                      std::vector<std::pair<std::string, std::string>> configs = {}) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        for (auto& [key, value] : configs) topic.configs.push_back({key, value});
        const auto response = call<wire::CreateTopicsResponse>(connect(), std::move(request), 7);
        ASSERT_EQ(response.topics.at(0).error_code, ErrorCode::None)
            << response.topics.at(0).error_message.value_or("");
    }
    Bytes batch(const std::vector<std::string>& values, Producer producer = {}) const {
        wire::RecordBatchBuilder builder;
        for (const std::string& value : values)
            builder.append(now_.wall, as_bytes("key"), as_bytes(value));
        wire::BatchSettings settings;
        if (producer.id >= 0) settings.producer_id = ProducerId{producer.id};
        settings.producer_epoch = ProducerEpoch{producer.epoch};
        settings.base_sequence = producer.sequence;
        settings.transactional = producer.transactional;
        return builder.finish(settings);
    }
    static wire::ProduceRequest produce(const std::string& topic, Bytes batch,
                                        std::int16_t acks = -1,
                                        std::optional<std::string> transactional_id = {}) {
        wire::ProduceRequest request;
        request.acks = acks;
        request.timeout_ms = 30'000;
        request.transactional_id = std::move(transactional_id);
        request.topic_data.push_back(
            {.name = topic,
             .partition_data = {{.index = 0, .records = wire::Records(std::move(batch))}}});
        return request;
    }
    static wire::FetchRequest fetch(const std::string& topic, std::int64_t offset,
                                    std::int8_t isolation = 0, std::int32_t max_wait_ms = 0) {
        wire::FetchRequest request;
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = 1;
        request.isolation_level = isolation;
        request.topics.push_back(
            {.topic = topic,
             .partitions = {{.fetch_offset = offset, .partition_max_bytes = 1 << 20}}});
        return request;
    }
    // The values a consumer would see, markers and aborted data left out.
    static std::vector<std::string> values(const wire::FetchResponse& response) {
        std::vector<std::string> values;
        for (const auto& topic : response.responses) {
            for (const auto& partition : topic.partitions) {
                const Bytes records = partition.records.joined();
                wire::BatchWalker walker(records.view());
                std::multimap<std::int64_t, std::int64_t> aborted;  // first offset -> producer
                if (partition.aborted_transactions)
                    for (const auto& one : *partition.aborted_transactions)
                        aborted.emplace(one.first_offset, one.producer_id);
                std::set<std::int64_t> aborting;
                while (const auto batch = walker.next()) {
                    while (!aborted.empty() &&
                           aborted.begin()->first <= batch->last_offset().value())
                        aborting.insert(aborted.extract(aborted.begin()).mapped());
                    const std::int64_t producer = batch->producer_id().value();
                    if (batch->control()) {
                        const auto marker = wire::end_transaction_marker(*batch);
                        if (marker && marker->type == wire::ControlType::Abort)
                            aborting.erase(producer);
                        continue;
                    }
                    if (batch->transactional() && aborting.contains(producer)) continue;
                    wire::RecordReader reader(*batch, batch->encoded_records());
                    wire::RecordView record;
                    while (*reader.read({&record, 1}) == 1)
                        values.emplace_back(as_text(record.value.view()));
                }
            }
        }
        return values;
    }
    std::vector<std::string> read(const std::string& topic, std::int64_t offset,
                                  std::int8_t isolation = 0) {
        return values(call<wire::FetchResponse>(connect(), fetch(topic, offset, isolation), 12));
    }

private:
    void take(Effects effects) {
        for (Sync& sync : effects.sync) syncs_.push_back(std::move(sync));
        for (Respond& respond : effects.respond)
            responses_.emplace(std::pair(respond.connection, respond.correlation),
                               std::move(respond.response));
        for (CloseConnection& close : effects.close)
            closed_.emplace(close.connection, close.reason);
        wake_at_ = effects.wake_at;
        ready_ = ready_ || effects.ready;
        if (!effects.fatal.empty()) fatal_ = effects.fatal;
    }
    void move_to(Time at) {
        if (at <= now_.time) return;
        now_.wall = Timestamp{kEpoch.value() + at.value() / 1'000'000};
        now_.time = at;
    }
    void forget() {
        broker_.reset();
        syncs_.clear();
        responses_.clear();
        ready_ = false;
    }

    static constexpr Timestamp kEpoch{1'700'000'000'000};
    testkit::SimDisk& disk_;
    BrokerConfig config_;
    NullLog log_;
    Now now_{Time{1'000'000'000}, kEpoch};
    std::uint64_t seed_ = 1;
    std::unique_ptr<Broker> broker_;
    std::deque<Sync> syncs_;
    std::map<std::pair<ConnectionId, std::int32_t>, wire::AnyResponse> responses_;
    std::map<ConnectionId, std::string> closed_;
    Time wake_at_ = Time::never();
    bool ready_ = false;
    std::string fatal_;
    std::uint64_t next_connection_ = 1;
    std::int32_t next_correlation_ = 1;
};

}  // namespace millrace::broker
