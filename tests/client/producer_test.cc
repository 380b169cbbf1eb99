#include "millrace/tests/client/rig.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/produce.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::test {

using wire::ApiKey;
using Records = std::vector<std::string>;
const TopicPartition kT0{"t", 0}, kT1{"t", 1};

struct Started : Rig {
    explicit Started(ProducerConfig p = transactional(), bool v2 = true)
        : Rig(std::move(p), {}, v2) {
        broker.create_topic("t", 2);
        broker.create_topic("in", 1);
        producer.topic("t");
        producer.init();
        EXPECT_TRUE(until([&] { return producer.initialized() && producer.topics_known(); }));
    }
    void fail_once(ApiKey key, Fate fate, int nth = 1) {
        broker.intercept = [this, key, fate, nth, count = 0](const wire::AnyRequest& r,
                                                             auto&) mutable {
            return r.key() == key && ++count == nth ? fate : Fate::Serve;
        };
    }
    template <class Response>
    void answer_once(ApiKey key, std::function<void(const wire::AnyRequest&, Response&)> fill,
                     int times = 1) {
        broker.intercept = [key, fill, times](const wire::AnyRequest& r,
                                              std::optional<wire::AnyResponse>& a) mutable {
            if (r.key() != key || times-- <= 0) return Fate::Serve;
            Response response;
            fill(r, response);
            a = wire::AnyResponse::of(std::move(response), r.version());
            return Fate::Answered;
        };
    }
};

TEST(Producer, CommitsRecordsAndOffsetsTogether) {
    Started rig;
    rig.send("t", 0, "a", "1");
    rig.send("t", 1, "b", "2");
    rig.send("t", 0, "c", "3");
    ASSERT_TRUE(rig.commit_and_wait({{{"in", 0}, Offset{5}, LeaderEpoch{1}, "meta"}}));

    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1", "c=3"}));
    EXPECT_EQ(rig.broker.committed_records(kT1), (Records{"b=2"}));
    EXPECT_EQ(rig.broker.committed_offset({"in", 0}), 5);
    EXPECT_EQ(rig.broker.committed_metadata({"in", 0}), "meta");
    EXPECT_EQ(rig.broker.seen[ApiKey::AddPartitionsToTxn], 0) << "transactions of version 2";
    EXPECT_EQ(rig.producer.acknowledged_end(rig.producer.topic("t"), 0), Offset{2});
}

TEST(Producer, AddsPartitionsAndOffsetsForOlderBrokers) {
    Started rig(transactional(), false);
    for (int i = 0; i < 3; ++i) {
        rig.send("t", 0, "a", std::to_string(i));
        ASSERT_TRUE(rig.commit_and_wait({{{"in", 0}, Offset{i + 1}, {}, ""}}));
    }
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=0", "a=1", "a=2"}));
    EXPECT_EQ(rig.broker.committed_offset({"in", 0}), 3);
    EXPECT_EQ(rig.broker.seen[ApiKey::AddPartitionsToTxn], 3);
    EXPECT_EQ(rig.broker.seen[ApiKey::AddOffsetsToTxn], 3);
}

TEST(Producer, AnEmptyCommitAsksNobody) {
    Started rig;
    ASSERT_TRUE(rig.commit_and_wait());
    EXPECT_EQ(rig.broker.seen[ApiKey::EndTxn], 0);
}

TEST(Producer, AbortedRecordsAreNeverSeen) {
    for (const bool v2 : {true, false}) {
        Started rig(transactional(), v2);
        rig.send("t", 0, "a", "1");
        ASSERT_TRUE(
            rig.until([&] { return rig.broker.partition(kT0).end == 1; }));  // linger passed
        rig.send("t", 0, "b", "2");
        rig.producer.abort();
        ASSERT_TRUE(rig.until([&] { return rig.outcomes == std::vector{Outcome::Aborted}; }));
        rig.send("t", 0, "c", "3");
        ASSERT_TRUE(rig.commit_and_wait());
        EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"c=3"})) << v2;
    }
}

TEST(Producer, WhatIsSentAfterTheSealWaitsForTheNextTransaction) {
    Started rig;
    rig.send("t", 0, "a", "1");
    rig.commit();
    rig.send("t", 0, "b", "2");  // while the commit is under way
    ASSERT_TRUE(rig.until([&] { return rig.outcomes.size() == 1; }));
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition(kT0).open.size() == 1; }));
    rig.producer.abort();
    ASSERT_TRUE(rig.until([&] { return rig.outcomes.size() == 2; }));
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
}

TEST(Producer, AnUnknownOutcomeIsAskedAgainUntilItIsKnown) {  // T2: never guessed
    for (const bool v2 : {true, false})
        for (const Fate fate : {Fate::DropRequest, Fate::ServeAndDrop}) {
            Started rig(transactional(), v2);
            rig.send("t", 0, "a", "1");
            rig.fail_once(ApiKey::EndTxn, fate);
            ASSERT_TRUE(rig.commit_and_wait({{{"in", 0}, Offset{1}, {}, ""}}));
            EXPECT_EQ(rig.broker.seen[ApiKey::EndTxn], 2);
            EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
            rig.send("t", 0, "b", "2");
            ASSERT_TRUE(rig.commit_and_wait());
            EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1", "b=2"}));
        }
}

TEST(Producer, ALostProduceGoesAgainWithoutADuplicate) {
    for (const Fate fate : {Fate::DropRequest, Fate::ServeAndDrop}) {
        Started rig;
        rig.send("t", 0, "a", "1");
        rig.fail_once(ApiKey::Produce, fate);
        ASSERT_TRUE(rig.commit_and_wait());
        EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
    }
}

TEST(Producer, FiveInFlightKeepTheirOrderAcrossAFailure) {
    auto config = transactional();
    config.batch_size = 1;  // a batch per record
    config.linger = Duration{};
    Started rig(config);
    Records expected;
    for (int i = 0; i < 20; ++i) {
        rig.send("t", 0, "k", std::to_string(i));
        expected.push_back("k=" + std::to_string(i));
    }
    // The second of five in flight fails; those behind it come out of order.
    rig.broker.intercept = [n = 0](const wire::AnyRequest& r,
                                   std::optional<wire::AnyResponse>& a) mutable {
        if (r.key() != ApiKey::Produce || ++n != 2) return Fate::Serve;
        wire::ProduceResponse response;
        auto& topic = response.responses.emplace_back();
        topic.topic_id = r.as<wire::ProduceRequest>().topic_data[0].topic_id;
        auto& p = topic.partition_responses.emplace_back();
        p.error_code = ErrorCode::NotEnoughReplicas;
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    ASSERT_TRUE(rig.commit_and_wait());
    EXPECT_EQ(rig.broker.committed_records(kT0), expected);
}

TEST(Producer, IdempotentWithoutTransactions) {
    ProducerConfig config;
    config.batch_size = 1;
    config.linger = Duration{};
    Started rig(config);
    Records expected;
    for (int i = 0; i < 20; ++i) {
        rig.send("t", 0, "k", std::to_string(i));
        expected.push_back("k=" + std::to_string(i));
    }
    rig.fail_once(ApiKey::Produce, Fate::ServeAndDrop, 3);
    ASSERT_TRUE(rig.until([&] { return rig.producer.flushed(); }));
    EXPECT_EQ(rig.broker.committed_records(kT0), expected);
}

// A checkpoint is taken from it: what was sent behind the seal is no part of the committed state.
TEST(Producer, TheAcknowledgedEndIsThatOfTheCommitEvenIfMoreWasAcknowledgedSince) {
    ProducerConfig config;
    config.linger = Duration{};
    Started rig(config);
    bool commits_get_through = false;
    rig.broker.intercept = [&](const wire::AnyRequest& r, auto&) {
        return r.key() == ApiKey::OffsetCommit && !commits_get_through ? Fate::DropRequest
                                                                       : Fate::Serve;
    };
    rig.send("t", 0, "a", "1");
    rig.commit({{{"in", 0}, Offset{1}, {}, ""}});
    rig.send("t", 0, "b", "2");
    ASSERT_TRUE(rig.until([&] { return rig.producer.flushed(); }));
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1", "b=2"}));
    ASSERT_TRUE(rig.outcomes.empty());
    commits_get_through = true;
    ASSERT_TRUE(rig.until([&] { return rig.outcomes.size() == 1; }));
    const auto t = rig.producer.topic("t");
    EXPECT_EQ(rig.producer.acknowledged_end(t, 0), Offset{1});
    ASSERT_TRUE(rig.commit_and_wait({{{"in", 0}, Offset{2}, {}, ""}}));
    EXPECT_EQ(rig.producer.acknowledged_end(t, 0), Offset{2});
}

// An owner that looks at outcomes and trouble before it polls must be called once more.
TEST(Producer, WhatOnlyPollFindsWakesItsOwnerOnce) {
    Started rig(ProducerConfig{.delivery_timeout = Duration{}});
    rig.send("t", 0, "a", "1");
    ASSERT_TRUE(rig.until([&] { return rig.producer.flushed(); }));
    const Time now = rig.cluster.now().time;
    rig.producer.commit({}, {});  // all of it is acknowledged: over at once
    rig.producer.poll();
    EXPECT_TRUE(rig.producer.outcome_waiting());
    EXPECT_LE(rig.producer.next_due(), now);
    rig.producer.poll();
    EXPECT_GT(rig.producer.next_due(), now) << "once";

    rig.send("unknown", 0, "a", "1");
    rig.producer.take_outcome();
    rig.producer.commit({}, {});
    rig.producer.poll();  // no leader, and no time to wait for one
    EXPECT_EQ(rig.producer.trouble(), Trouble::Abortable);
    EXPECT_LE(rig.producer.next_due(), now);
    rig.producer.poll();
    EXPECT_GT(rig.producer.next_due(), now) << "once";
}

TEST(Producer, AnUnknownProducerIdBumpsTheEpochWithoutTransactions) {  // KIP-360, T15
    ProducerConfig config;
    config.linger = Duration{};
    Started rig(config);
    rig.send("t", 0, "k", "1");
    ASSERT_TRUE(rig.until([&] { return rig.producer.flushed(); }));
    rig.answer_once<wire::ProduceResponse>(
        ApiKey::Produce, [](const wire::AnyRequest& r, wire::ProduceResponse& a) {
            auto& topic = a.responses.emplace_back();
            topic.topic_id = r.as<wire::ProduceRequest>().topic_data[0].topic_id;
            topic.partition_responses.emplace_back().error_code = ErrorCode::UnknownProducerId;
        });
    const ProducerEpoch before = rig.producer.epoch();
    rig.send("t", 0, "k", "2");
    ASSERT_TRUE(rig.until([&] { return rig.producer.flushed(); }));
    EXPECT_GT(rig.producer.epoch(), before);
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"k=1", "k=2"}));
}

struct ErrorCase {
    ApiKey api;
    ErrorCode error;
    Trouble trouble;
};
TEST(Producer, ErrorsHaveTheirClass) {  // T5, E10
    const ErrorCase cases[] = {
        {ApiKey::Produce, ErrorCode::ProducerFenced, Trouble::Lost},
        {ApiKey::Produce, ErrorCode::InvalidProducerEpoch, Trouble::Lost},
        {ApiKey::Produce, ErrorCode::InvalidProducerIdMapping, Trouble::Lost},
        {ApiKey::Produce, ErrorCode::OutOfOrderSequenceNumber, Trouble::Lost},
        {ApiKey::Produce, ErrorCode::InvalidTxnState, Trouble::Lost},
        {ApiKey::Produce, ErrorCode::TransactionAbortable, Trouble::Abortable},
        {ApiKey::Produce, ErrorCode::TopicAuthorizationFailed, Trouble::Fatal},
        {ApiKey::Produce, ErrorCode::RecordListTooLarge, Trouble::Fatal},
        {ApiKey::Produce, ErrorCode::NotLeaderOrFollower, Trouble::None},
        {ApiKey::Produce, ErrorCode::ConcurrentTransactions, Trouble::None},
        {ApiKey::TxnOffsetCommit, ErrorCode::UnknownMemberId, Trouble::Lost},
        {ApiKey::TxnOffsetCommit, ErrorCode::FencedInstanceId, Trouble::Lost},
        {ApiKey::TxnOffsetCommit, ErrorCode::InvalidProducerEpoch, Trouble::Lost},
        {ApiKey::TxnOffsetCommit, ErrorCode::TransactionAbortable, Trouble::Abortable},
        {ApiKey::TxnOffsetCommit, ErrorCode::GroupAuthorizationFailed, Trouble::Fatal},
        {ApiKey::TxnOffsetCommit, ErrorCode::NotCoordinator, Trouble::None},
        {ApiKey::TxnOffsetCommit, ErrorCode::CoordinatorLoadInProgress, Trouble::None},
        {ApiKey::EndTxn, ErrorCode::ProducerFenced, Trouble::Lost},
        {ApiKey::EndTxn, ErrorCode::InvalidProducerEpoch, Trouble::Lost},
        {ApiKey::EndTxn, ErrorCode::InvalidTxnState, Trouble::Lost},
        {ApiKey::EndTxn, ErrorCode::UnknownServerError, Trouble::Lost},
        {ApiKey::EndTxn, ErrorCode::TransactionAbortable, Trouble::Abortable},
        {ApiKey::EndTxn, ErrorCode::TransactionalIdAuthorizationFailed, Trouble::Fatal},
        {ApiKey::EndTxn, ErrorCode::ConcurrentTransactions, Trouble::None},
        {ApiKey::EndTxn, ErrorCode::CoordinatorNotAvailable, Trouble::None},
    };
    for (const ErrorCase& c : cases) {
        SCOPED_TRACE(std::string(name(c.error)) + " for " + std::to_string(int(c.api)));
        Started rig;
        rig.broker.intercept = [&c, done = false](const wire::AnyRequest& r,
                                                  std::optional<wire::AnyResponse>& a) mutable {
            if (r.key() != c.api || std::exchange(done, true)) return Fate::Serve;
            if (c.api == ApiKey::Produce) {
                wire::ProduceResponse response;
                auto& topic = response.responses.emplace_back();
                topic.topic_id = r.as<wire::ProduceRequest>().topic_data[0].topic_id;
                topic.partition_responses.emplace_back().error_code = c.error;
                a = wire::AnyResponse::of(std::move(response), r.version());
            } else if (c.api == ApiKey::TxnOffsetCommit) {
                wire::TxnOffsetCommitResponse response;
                auto& topic = response.topics.emplace_back();
                topic.name = "in";
                topic.partitions.emplace_back().error_code = c.error;
                a = wire::AnyResponse::of(std::move(response), r.version());
            } else {
                wire::EndTxnResponse response;
                response.error_code = c.error;
                a = wire::AnyResponse::of(std::move(response), r.version());
            }
            return r.key() == c.api ? Fate::Answered : Fate::Serve;
        };
        rig.send("t", 0, "a", "1");
        rig.commit({{{"in", 0}, Offset{1}, {}, ""}});
        ASSERT_TRUE(rig.until(
            [&] { return !rig.outcomes.empty() || rig.producer.trouble() != Trouble::None; }));
        EXPECT_EQ(rig.producer.trouble(), c.trouble);
        if (c.trouble == Trouble::None) {
            EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
            continue;
        }
        if (c.trouble == Trouble::Fatal) continue;
        EXPECT_TRUE(rig.broker.committed_records(kT0).empty());
        if (c.trouble == Trouble::Abortable) {
            rig.producer.abort();
            ASSERT_TRUE(rig.until([&] { return rig.outcomes == std::vector{Outcome::Aborted}; }));
        } else {
            rig.producer.init();
            ASSERT_TRUE(rig.until([&] { return rig.producer.initialized(); }));
        }
        rig.send("t", 0, "b", "2");
        ASSERT_TRUE(rig.commit_and_wait());
        EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"b=2"}));
    }
}

TEST(Producer, AnAbortWaitsForTheOutcomeThatIsUnderWay) {
    Started rig;
    rig.send("t", 0, "a", "1");
    rig.commit();
    ASSERT_TRUE(rig.until([&] { return rig.broker.seen[ApiKey::EndTxn] == 1; }));
    rig.send("t", 0, "b", "2");
    rig.producer.abort();
    ASSERT_TRUE(rig.until([&] { return rig.outcomes.size() == 2; }));
    EXPECT_EQ(rig.outcomes, (std::vector{Outcome::Committed, Outcome::Aborted}));
    EXPECT_EQ(rig.broker.committed_records(kT0), (Records{"a=1"}));
}

TEST(Producer, FencesWhoHadTheIdBefore) {  // E5, T7
    Started rig;
    rig.send("t", 0, "a", "1");
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition(kT0).end == 1; }));
    Started* zombie = &rig;
    // The same transactional id initialises again through the broker, as another process would.
    wire::AnyRequest init = wire::AnyRequest::of(
        [] {
            wire::InitProducerIdRequest r;
            r.transactional_id = "app-1";
            return r;
        }(),
        5);
    (void)rig.broker.serve(init, {}, {});
    zombie->send("t", 0, "b", "2");
    zombie->commit();
    ASSERT_TRUE(zombie->until([&] { return zombie->producer.trouble() != Trouble::None; }));
    EXPECT_EQ(zombie->producer.trouble(), Trouble::Lost);
    EXPECT_TRUE(rig.broker.committed_records(kT0).empty());
}

TEST(Producer, IsFullAboveItsMemoryAndEmptiesAgain) {
    auto config = transactional();
    config.batch_size = 1000;
    config.buffer_memory = 10'000;
    Started rig(config);
    int sent = 0;
    while (!rig.producer.full()) {
        rig.send("t", sent % 2, "key", std::string(100, 'x'));
        ASSERT_LT(++sent, 1000);
    }
    ASSERT_TRUE(rig.until([&] { return !rig.producer.full(); }));
    ASSERT_TRUE(rig.commit_and_wait());
    EXPECT_EQ(rig.producer.buffered_bytes(), 0u);
    EXPECT_EQ(rig.broker.committed_records(kT0).size() + rig.broker.committed_records(kT1).size(),
              std::size_t(sent));
}

TEST(Producer, ATooLargeRecordIsNamed) {
    auto config = transactional();
    config.max_request_size = 1000;
    Started rig(config);
    rig.send("t", 1, "key", std::string(2000, 'x'));
    EXPECT_EQ(rig.producer.trouble(), Trouble::Fatal);
    EXPECT_NE(rig.producer.error().detail.find("t-1"), std::string::npos);
}

TEST(Producer, KeepsHeadersAndNulls) {
    Started rig;
    const std::byte headers[] = {std::byte{2}, std::byte{2}, std::byte{'h'}, std::byte{2},
                                 std::byte{'v'}};
    rig.producer.send(rig.producer.topic("t"), 0, std::nullopt, std::nullopt, Timestamp{77},
                      headers);
    ASSERT_TRUE(rig.commit_and_wait());
    const auto view = *wire::RecordBatchView::of(rig.broker.partition(kT0).log[0].bytes);
    wire::RecordReader reader(view, view.encoded_records());
    wire::RecordView record[1];
    ASSERT_EQ(reader.read(record).value(), 1u);
    EXPECT_TRUE(record[0].key.is_null());
    EXPECT_TRUE(record[0].value.is_null());
    EXPECT_EQ(record[0].timestamp, Timestamp{77});
    ASSERT_EQ(record[0].headers.count(), 1u);
    EXPECT_EQ(as_text((*record[0].headers.begin()).key), "h");
}

TEST(Producer, RandomFaultsNeverDuplicateLoseOrReorder) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        auto config = transactional();
        config.batch_size = 60;
        config.linger = Duration{};
        Started rig(config, seed % 3 != 0);
        rig.broker.intercept = [&](const wire::AnyRequest& r, auto&) {
            if (r.key() == ApiKey::ApiVersions || !random.one_in(6)) return Fate::Serve;
            return random.one_in(2) ? Fate::DropRequest : Fate::ServeAndDrop;
        };
        Records expected;
        for (int txn = 0; txn < 10; ++txn) {
            Records now;
            for (int i = 0; i < 10; ++i) {
                now.push_back("k=" + std::to_string(txn) + "." + std::to_string(i));
                rig.send("t", 0, "k", now.back().substr(2));
                if (random.one_in(4)) rig.kick();
            }
            const std::size_t before = rig.outcomes.size();
            const bool commit = !random.one_in(3);
            if (commit) {
                rig.commit({{{"in", 0}, Offset{txn}, {}, ""}});
            } else {
                rig.producer.abort();
            }
            ASSERT_TRUE(rig.until(
                [&] {
                    return rig.outcomes.size() > before || rig.producer.trouble() == Trouble::Lost;
                },
                std::chrono::minutes(10)));
            ASSERT_EQ(rig.producer.trouble(), Trouble::None) << rig.producer.error().detail;
            if (commit) expected.insert(expected.end(), now.begin(), now.end());
        }
        EXPECT_EQ(rig.broker.committed_records(kT0), expected);
        EXPECT_TRUE(rig.broker.partition(kT0).open.empty());
    }
}

}  // namespace millrace::test
