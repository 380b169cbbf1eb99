#include "millrace/tests/engine/worker_rig.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/produce.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::test {

using engine::TaskState;
using engine::WorkerState;
using wire::ApiKey;
using Records = std::vector<std::string>;
const TopicPartition kIn{"in", 0}, kOut{"out", 0};

Topology upper() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .map_values([](const std::string& v) { return v + "!"; })
        .to("out");
    return builder.build();
}

Topology counts() {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .group_by_key()
        .count(Materialized::as("counts"))
        .to_stream()
        .map_values([](std::int64_t n) { return std::to_string(n); })
        .to("out");
    return builder.build();
}

TEST(Worker, ProcessesAndCommitsExactlyOnce) {
    WorkerRig rig(upper());
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 10}, {"b", "2", 20}});
    OneWorker& w = rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 2));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1!", "b=2!"}));
    EXPECT_EQ(w.worker.state(), WorkerState::Running);
    EXPECT_FALSE(rig.broker.committed_metadata(kIn).empty())
        << "partition time travels with the offset";
    rig.close(w);
    ASSERT_TRUE(rig.until([&] { return w.worker.closed(); }));
    EXPECT_EQ(w.worker.state(), WorkerState::Closed);
    EXPECT_TRUE(rig.broker.owned("m").empty());
}

TEST(Worker, AtLeastOnceToo) {
    WorkerRig rig(counts(), false);
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 10}, {"a", "2", 20}});
    rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 2));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "a=2"}));
    EXPECT_EQ(rig.broker.seen[ApiKey::EndTxn], 0);
}

TEST(Worker, ProcessingGoesOnWhileTheCommitIsUnderWay) {
    WorkerRig rig(counts());
    rig.make_topics(1);
    OneWorker& w = rig.start("m", {"0_0"});
    rig.broker.append(kIn, {{"a", "1", 10}});
    bool hold = true;
    rig.broker.intercept = [&](const wire::AnyRequest& r, std::optional<wire::AnyResponse>& a) {
        if (r.key() != ApiKey::EndTxn || !hold) return Fate::Serve;
        wire::EndTxnResponse response;  // not now
        response.error_code = ErrorCode::ConcurrentTransactions;
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    ASSERT_TRUE(rig.until([&] { return rig.broker.seen[ApiKey::EndTxn] > 0; }));
    rig.broker.append(kIn, {{"a", "2", 20}, {"a", "3", 30}});
    ASSERT_TRUE(rig.until([&] { return w.worker.metrics().records_processed == 3; }));
    EXPECT_TRUE(rig.broker.committed_records(kOut).empty());
    EXPECT_EQ(rig.broker.partition(kOut).end, 1) << "what follows waits for the next transaction";
    hold = false;
    ASSERT_TRUE(rig.consumed(kIn, 3));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "a=2", "a=3"}));
}

TEST(Worker, RestoresItsStoreAfterACrash) {
    WorkerRig rig(counts());
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 10}, {"b", "1", 20}, {"a", "1", 30}});
    OneWorker& first = rig.start("m1", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 3));
    rig.crash(first);
    rig.broker.fence("m1");
    rig.broker.append(kIn, {{"a", "1", 40}});
    OneWorker& second = rig.start("m2", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 4));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "b=1", "a=2", "a=3"}));
    ASSERT_FALSE(second.listener.restores.empty());
    EXPECT_TRUE(second.listener.restores.back().done);
    EXPECT_EQ(second.listener.restores.back().records, 3);
}

TEST(Worker, AnUnknownOutcomeNeitherLosesNorRepeats) {
    for (const Fate fate : {Fate::DropRequest, Fate::ServeAndDrop})
        for (const ApiKey api : {ApiKey::EndTxn, ApiKey::TxnOffsetCommit, ApiKey::Produce}) {
            WorkerRig rig(counts());
            rig.make_topics(1);
            rig.broker.intercept = [&, n = 0](const wire::AnyRequest& r, auto&) mutable {
                return r.key() == api && ++n % 2 == 1 ? fate : Fate::Serve;
            };
            rig.start("m", {"0_0"});
            Records expected;
            for (int i = 1; i <= 5; ++i) {
                rig.broker.append(kIn, {{"a", "x", 10 * i}});
                expected.push_back("a=" + std::to_string(i));
                ASSERT_TRUE(rig.consumed(kIn, i));
            }
            EXPECT_EQ(rig.broker.committed_records(kOut), expected);
        }
}

TEST(Worker, AnAbortedTransactionIsProcessedAgain) {
    WorkerRig rig(counts());
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 10}});
    OneWorker& w = rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 1));
    rig.broker.append(kIn, {{"a", "2", 20}, {"b", "1", 30}});
    rig.broker.intercept = [n = 0](const wire::AnyRequest& r,
                                   std::optional<wire::AnyResponse>& a) mutable {
        if (r.key() != ApiKey::TxnOffsetCommit || ++n > 1) return Fate::Serve;
        wire::TxnOffsetCommitResponse response;
        auto& topic = response.topics.emplace_back();
        topic.name = "in";
        topic.partitions.push_back({0, ErrorCode::TransactionAbortable});
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    ASSERT_TRUE(rig.consumed(kIn, 3));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "a=2", "b=1"}));
    EXPECT_EQ(w.worker.metrics().aborts, 1);
    EXPECT_EQ(w.listener.restores.size(), 1u) << "the store falls back in memory: no restore";
}

TEST(Worker, AnAbortBeforeTheFirstCommitDoesNotPassOverRecords) {  // auto.offset.reset=latest
    WorkerRig rig(counts());
    rig.config.streams.auto_offset_reset = "latest";
    rig.make_topics(1);
    rig.broker.append(kIn, {{"old", "1", 10}});
    rig.broker.intercept = [n = 0](const wire::AnyRequest& r,
                                   std::optional<wire::AnyResponse>& a) mutable {
        if (r.key() != ApiKey::TxnOffsetCommit || ++n > 1) return Fate::Serve;
        wire::TxnOffsetCommitResponse response;
        auto& topic = response.topics.emplace_back();
        topic.name = "in";
        topic.partitions.push_back({0, ErrorCode::TransactionAbortable});
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    OneWorker& w = rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.until([&] { return w.worker.state() == WorkerState::Running; }));
    rig.pump.run_for(std::chrono::milliseconds(100));
    rig.broker.append(kIn, {{"a", "1", 20}});
    ASSERT_TRUE(rig.consumed(kIn, 2));
    EXPECT_EQ(w.worker.metrics().aborts, 1);
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1"}));
}

// E5, E10. The answer to a commit is lost with the producer: the committed offsets tell what became of it, and the state
// in memory goes on from there.
TEST(Worker, AFencedProducerFindsOutWhatBecameOfItsCommit) {
    for (const bool was_committed : {false, true}) {
        WorkerRig rig(counts());
        rig.make_topics(1);
        rig.broker.append(kIn, {{"a", "1", 10}});
        OneWorker& w = rig.start("m", {"0_0"});
        ASSERT_TRUE(rig.consumed(kIn, 1));
        const std::size_t restores = w.listener.restores.size();
        rig.broker.intercept = [was_committed, n = 0](const wire::AnyRequest& r,
                                                      std::optional<wire::AnyResponse>& a) mutable {
            if (r.key() != ApiKey::EndTxn) return Fate::Serve;
            ++n;
            if (was_committed && n == 1) return Fate::ServeAndDrop;
            if (n != (was_committed ? 2 : 1)) return Fate::Serve;
            wire::EndTxnResponse response;
            response.error_code = ErrorCode::ProducerFenced;
            a = wire::AnyResponse::of(std::move(response), r.version());
            return Fate::Answered;
        };
        rig.broker.append(kIn, {{"a", "2", 20}});
        ASSERT_TRUE(rig.consumed(kIn, 2));
        rig.broker.append(kIn, {{"a", "3", 30}});
        ASSERT_TRUE(rig.consumed(kIn, 3));
        EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "a=2", "a=3"}));
        EXPECT_FALSE(w.worker.closed());
        EXPECT_EQ(w.listener.restores.size(), restores);
        EXPECT_EQ(w.worker.metrics().aborts, 1);
    }
}

TEST(Worker, AMemberTheGroupForgotJoinsAgain) {  // T17
    WorkerRig rig(counts());
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 10}});
    rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 1));
    rig.broker.fence("m");
    rig.broker.append(kIn, {{"a", "2", 20}});
    ASSERT_TRUE(rig.consumed(kIn, 2));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=1", "a=2"}));
}

TEST(Worker, ARebalanceCommitsBeforeItGivesAway) {
    WorkerRig rig(counts());
    rig.make_topics(2);
    const TopicPartition in1{"in", 1};
    OneWorker& first = rig.start("m1", {"0_0", "0_1"});
    ASSERT_TRUE(rig.until([&] { return rig.broker.owned("m1").size() == 2; }));
    for (int i = 0; i < 10; ++i) {
        rig.broker.append(kIn, {{"a", "x", i}});
        rig.broker.append(in1, {{"b", "x", i}});
    }
    ASSERT_TRUE(rig.until([&] { return first.worker.metrics().records_processed > 0; }));
    rig.broker.assign("m1", {"0_0"});
    rig.start("m2", {"0_1"});
    for (int i = 10; i < 30; ++i) {
        rig.broker.append(kIn, {{"a", "x", i}});
        rig.broker.append(in1, {{"b", "x", i}});
        rig.pump.run_for(std::chrono::milliseconds(100));
    }
    ASSERT_TRUE(rig.consumed(kIn, 30));
    ASSERT_TRUE(rig.consumed(in1, 30));
    EXPECT_EQ(rig.broker.owned("m1"), (std::set<std::string>{"0_0"}));
    EXPECT_EQ(rig.broker.owned("m2"), (std::set<std::string>{"0_1"}));
    Records a, b;
    for (int i = 1; i <= 30; ++i) {
        a.push_back("a=" + std::to_string(i));
        b.push_back("b=" + std::to_string(i));
    }
    const auto sort = [](Records r) {
        std::sort(r.begin(), r.end());
        return r;
    };
    Records all = rig.broker.committed_records(kOut),
            other = rig.broker.committed_records({"out", 1});
    all.insert(all.end(), other.begin(), other.end());
    Records expected = a;
    expected.insert(expected.end(), b.begin(), b.end());
    EXPECT_EQ(sort(all), sort(expected));
}

TEST(Worker, RepartitionsAndPurgesOnlyWhatIsCommitted) {  // E7
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .map([](const std::string& k, const std::string& v) {
            return std::pair{v, k};
        })
        .group_by_key()
        .count(Materialized::as("counts"))
        .to_stream()
        .map_values([](std::int64_t n) { return std::to_string(n); })
        .to("out");
    WorkerRig rig(builder.build());
    rig.config.streams.repartition_purge_interval_ms = 200;
    rig.make_topics(1);
    rig.config.until_end = true;
    std::string repartition;
    for (const auto& sub : rig.compiled->subtopologies())
        for (const auto& t : sub.repartition_sources) repartition = t.name;
    ASSERT_FALSE(repartition.empty());
    for (int i = 0; i < 20; ++i)
        rig.broker.append(kIn, {{"k" + std::to_string(i), i % 2 ? "x" : "y", i}});
    OneWorker& w = rig.start("m", {"0_0", "1_0"});
    ASSERT_TRUE(rig.until([&] { return w.worker.caught_up(); }));
    EXPECT_EQ(rig.broker.committed_records(kOut).size(), 20u);
    EXPECT_EQ(rig.broker.committed_records(kOut).back(), "x=10");
    rig.broker.append(kIn, {{"k", "x", 21}});
    rig.pump.run_for(std::chrono::seconds(1));
    rig.broker.append(kIn, {{"k", "x", 22}});
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition({repartition, 0}).start > 0; }));
    EXPECT_LE(rig.broker.partition({repartition, 0}).start,
              *rig.broker.committed_offset({repartition, 0}));
}

TEST(Worker, AtTheEndNobodyWaitsForTheCommitInterval) {
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in").to("out");
    WorkerRig rig(builder.build());
    rig.config.streams.processing_guarantee = engine::ProcessingGuarantee::AtLeastOnce;
    rig.config.streams.commit_interval = 3'600'000;
    rig.config.until_end = true;
    rig.make_topics(1);
    rig.broker.append(kIn, {{"a", "1", 1}, {"b", "2", 2}});
    OneWorker& w = rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.until([&] { return w.worker.caught_up(); }));
    EXPECT_EQ(rig.broker.committed_records(kOut).size(), 2u);
    EXPECT_EQ(rig.broker.committed_offset(kIn), 2);
}

TEST(Worker, APoisonedRecordParksItsTaskAndTheOthersGoOn) {  // design §5
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .map_values([](const std::string& v) {
            if (v == "poison") throw std::runtime_error("boom");
            return v;
        })
        .to("out");
    WorkerRig rig(builder.build());
    rig.make_topics(2);
    rig.broker.append(kIn, {{"a", "1", 1}, {"a", "poison", 2}, {"a", "3", 3}});
    OneWorker& w = rig.start("m", {"0_0", "0_1"});
    ASSERT_TRUE(rig.until([&] { return w.listener.parked; }));
    EXPECT_EQ(w.listener.failures.size(), 3u);
    EXPECT_NE(w.listener.failures[0].find("in-0"), std::string::npos) << w.listener.failures[0];
    rig.broker.append({"in", 1}, {{"b", "1", 1}});
    ASSERT_TRUE(rig.consumed({"in", 1}, 1));
    EXPECT_FALSE(w.worker.closed());
    EXPECT_EQ(w.worker.metrics().tasks_suspended, 1u);
    rig.close(w);
    ASSERT_TRUE(rig.until([&] { return w.worker.closed(); }));
}

// No commit lies between, and yet it is never the same record: the task gets on.
TEST(Worker, RecordsThatFailOnceEachDoNotParkTheirTask) {
    std::set<std::string> failed;
    StreamsBuilder builder;
    builder.stream<std::string, std::string>("in")
        .peek([&failed](const std::string&, const std::string& v) {
            if (failed.insert(v).second) throw std::runtime_error("boom");
        })
        .to("out");
    WorkerRig rig(builder.build());
    rig.make_topics(1);
    std::vector<std::tuple<std::string, std::string, std::int64_t>> records;
    for (int i = 0; i < 5; ++i) records.push_back({"a", "once" + std::to_string(i), 10 + i});
    rig.broker.append(kIn, records);
    OneWorker& w = rig.start("m", {"0_0"});
    ASSERT_TRUE(rig.consumed(kIn, 5));
    EXPECT_EQ(rig.broker.committed_records(kOut), (Records{"a=once0", "a=once1", "a=once2", "a=once3", "a=once4"}));
    EXPECT_EQ(failed.size(), 5u);
    EXPECT_FALSE(w.worker.closed());
}

TEST(Worker, IsNotScheduledWhileItsProducerIsFull) {
    WorkerRig rig(upper());
    rig.config.streams.buffer_memory = 200'000;
    rig.config.streams.batch_size = 1000;
    rig.make_topics(1);
    for (int i = 0; i < 50; ++i) {
        std::vector<std::tuple<std::string, std::string, std::int64_t>> records;
        for (int j = 0; j < 100; ++j)
            records.emplace_back("key", std::string(500, 'x'), i * 100 + j);
        rig.broker.append(kIn, records);
    }
    OneWorker& w = rig.start("m", {"0_0"});
    std::int64_t most = 0;
    ASSERT_TRUE(rig.until([&] {
        most = std::max(most, w.worker.metrics().buffered_bytes);
        return rig.broker.committed_offset(kIn) >= 5000;
    }));
    EXPECT_EQ(rig.broker.committed_records(kOut).size(), 5000u);
    EXPECT_LT(most, 200'000 + 256 * 1000 + 1000);  // one slice of batches above at most
}

TEST(Worker, TwoCrashesAndRandomFaultsStillCountExactlyOnce) {  // E6
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        WorkerRig rig(counts(), true, seed % 4 != 0);
        rig.make_topics(1);
        bool faults = true;
        rig.broker.intercept = [&](const wire::AnyRequest& r, auto&) {
            if (!faults || r.key() == ApiKey::ApiVersions || !random.one_in(15)) return Fate::Serve;
            return random.one_in(2) ? Fate::DropRequest : Fate::ServeAndDrop;
        };
        OneWorker* w = &rig.start("m0", {"0_0"}, "p");  // the process id survives
        Records expected;
        for (int i = 1; i <= 60; ++i) {
            rig.broker.append(kIn, {{"a", "x", i}});
            expected.push_back("a=" + std::to_string(i));
            rig.pump.run_for(std::chrono::milliseconds(random.between(1, 60)));
            if (i % 20 == 0) {
                rig.crash(*w);
                rig.broker.fence("m" + std::to_string(i / 20 - 1));
                w = &rig.start("m" + std::to_string(i / 20), {"0_0"}, "p");
            }
        }
        faults = seed % 2 == 0;
        ASSERT_TRUE(rig.until([&] { return rig.broker.committed_offset(kIn) >= 60; },
                              std::chrono::minutes(5)));
        EXPECT_EQ(rig.broker.committed_records(kOut), expected);
        EXPECT_FALSE(w->worker.closed());
    }
}

}  // namespace millrace::test
