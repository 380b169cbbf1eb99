// The table of transaction decisions: state x epoch relation x request -> answer
// (semantics 7.1, 7.3; hard bugs T3-T5, T7).
#include "millrace/broker/txn/txn_transitions.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

constexpr ProducerId kPid{7}, kOther{8}, kFresh{100};
constexpr Timestamp kNow{1'000};

TxnMetadata in(TxnState state, std::int16_t client_version, std::int16_t epoch = 5) {
    TxnMetadata m;
    m.producer_id = m.previous_producer_id = kPid;
    m.producer_epoch = ProducerEpoch{epoch};
    m.timeout_ms = 60'000;
    m.state = state;
    m.client_version = client_version;
    if (!m.idle()) m.partitions = {{"t", 0}};
    return m;
}

// "NONE", an error's name, "-> State pid/epoch (answer pid/epoch)" or "needs a producer id".
std::string text(const TxnDecision& decision) {
    if (const auto* refused = std::get_if<TxnRefused>(&decision))
        return std::string(name(refused->code));
    if (std::holds_alternative<TxnNeedsProducerId>(decision)) return "needs a producer id";
    const TxnMetadata& m = std::get<TxnNext>(decision).metadata;
    return "-> " + std::string(name(m.state)) + " " + std::to_string(m.producer_id.value()) + "/" +
           std::to_string(m.producer_epoch.value());
}

enum class Epoch { Current, Before, Older, Later };
ProducerIdAndEpoch at(Epoch relation, std::int16_t current = 5) {
    const int by = relation == Epoch::Current  ? 0
                   : relation == Epoch::Before ? -1
                   : relation == Epoch::Older  ? -2
                                               : 1;
    return {kPid, ProducerEpoch{static_cast<std::int16_t>(current + by)}};
}

struct EndRow {
    TxnState state;
    Epoch epoch;
    bool commit;
    const char* expected;
};

TEST(TxnTransitions, EndOfTransactionsV2) {
    using enum TxnState;
    using enum Epoch;
    const EndRow rows[] = {
        {Empty, Current, true, "INVALID_TXN_STATE"},
        {Empty, Current, false, "-> PrepareAbort 7/6"},
        {Empty, Before, true, "PRODUCER_FENCED"},
        {Empty, Before, false, "PRODUCER_FENCED"},
        {Empty, Older, false, "PRODUCER_FENCED"},
        {Empty, Later, false, "PRODUCER_FENCED"},
        {Ongoing, Current, true, "-> PrepareCommit 7/6"},
        {Ongoing, Current, false, "-> PrepareAbort 7/6"},
        {Ongoing, Before, true,
         "PRODUCER_FENCED"},  // T2: a late EndTxn must not end the next transaction
        {Ongoing, Before, false, "PRODUCER_FENCED"},
        {Ongoing, Later, true, "PRODUCER_FENCED"},
        {PrepareCommit, Current, true, "CONCURRENT_TRANSACTIONS"},
        {PrepareCommit, Before, true, "CONCURRENT_TRANSACTIONS"},
        {PrepareAbort, Before, false, "CONCURRENT_TRANSACTIONS"},
        {PrepareAbort, Older, true, "CONCURRENT_TRANSACTIONS"},  // completing is looked at first
        {CompleteCommit, Before, true, "NONE"},
        {CompleteCommit, Before, false, "INVALID_TXN_STATE"},
        {CompleteCommit, Current, true, "INVALID_TXN_STATE"},
        {CompleteCommit, Current, false, "-> PrepareAbort 7/6"},
        {CompleteCommit, Older, true, "PRODUCER_FENCED"},
        {CompleteAbort, Before, false, "NONE"},
        {CompleteAbort, Before, true, "PRODUCER_FENCED"},  // KAFKA-20785
        {CompleteAbort, Current, true, "INVALID_TXN_STATE"},
        {CompleteAbort, Current, false, "-> PrepareAbort 7/6"},
        {CompleteAbort, Older, false, "PRODUCER_FENCED"},
    };
    for (const EndRow& row : rows) {
        const auto decision =
            decide_end(in(row.state, 2), at(row.epoch), row.commit, 2, std::nullopt, kNow);
        // Empty was never under version 2 unless a transaction was: "before" is only told apart
        // then, as here.
        EXPECT_EQ(text(decision), row.expected)
            << name(row.state) << " epoch " << static_cast<int>(row.epoch)
            << (row.commit ? " commit" : " abort");
    }
}

TEST(TxnTransitions, EndOfTransactionsV1) {
    using enum TxnState;
    using enum Epoch;
    const EndRow rows[] = {
        {Empty, Current, true, "INVALID_TXN_STATE"},
        {Empty, Current, false, "INVALID_TXN_STATE"},
        {Ongoing, Current, true, "-> PrepareCommit 7/5"},
        {Ongoing, Current, false, "-> PrepareAbort 7/5"},
        {Ongoing, Before, true, "PRODUCER_FENCED"},
        {Ongoing, Later, true, "PRODUCER_FENCED"},  // KAFKA-9600
        {PrepareCommit, Current, true, "CONCURRENT_TRANSACTIONS"},
        {PrepareAbort, Current, false, "CONCURRENT_TRANSACTIONS"},
        {CompleteCommit, Current, true, "NONE"},
        {CompleteCommit, Current, false, "INVALID_TXN_STATE"},
        {CompleteCommit, Before, true, "PRODUCER_FENCED"},
        {CompleteAbort, Current, false, "NONE"},
        {CompleteAbort, Current, true, "INVALID_TXN_STATE"},
        {CompleteAbort, Before, true, "PRODUCER_FENCED"},
    };
    for (const EndRow& row : rows)
        EXPECT_EQ(
            text(decide_end(in(row.state, 0), at(row.epoch), row.commit, 0, std::nullopt, kNow)),
            row.expected)
            << name(row.state) << " epoch " << static_cast<int>(row.epoch)
            << (row.commit ? " commit" : " abort");
}

TEST(TxnTransitions, EndLooksAtTheProducerIdBeforeTheEpoch) {
    const ProducerIdAndEpoch other{kOther, ProducerEpoch{4}};
    EXPECT_EQ(text(decide_end(in(TxnState::Ongoing, 2), other, true, 2, std::nullopt, kNow)),
              "INVALID_PRODUCER_ID_MAPPING");
}

TEST(TxnTransitions, EndAtTheLastEpochRotatesTheProducerId) {  // KAFKA-18660
    const TxnMetadata ongoing = in(TxnState::Ongoing, 2, 32766);
    const ProducerIdAndEpoch producer{kPid, ProducerEpoch{32766}};
    EXPECT_EQ(text(decide_end(ongoing, producer, true, 2, std::nullopt, kNow)),
              "needs a producer id");
    const auto prepared =
        std::get<TxnNext>(decide_end(ongoing, producer, true, 2, kFresh, kNow)).metadata;
    EXPECT_EQ(prepared.producer_epoch, ProducerEpoch{32767});  // for the markers, never told
    EXPECT_EQ(prepared.next_producer_id, kFresh);
    const TxnMetadata done = completed(prepared, kNow);
    EXPECT_EQ(done.producer_id, kFresh);
    EXPECT_EQ(done.producer_epoch, ProducerEpoch{0});
    EXPECT_EQ(done.previous_producer_id, kPid);
    EXPECT_EQ(text(decide_end(done, producer, true, 2, std::nullopt, kNow)),
              "NONE");  // asked again
    EXPECT_EQ(text(decide_end(done, producer, false, 2, std::nullopt, kNow)), "INVALID_TXN_STATE");
    // And the client goes on under the new id.
    EXPECT_EQ(text(decide_add_partitions(done, {kFresh, ProducerEpoch{0}}, {{"t", 1}}, 2, kNow)),
              "-> Ongoing 100/0");
}

TEST(TxnTransitions, FencingNeverRunsOverTheLastEpoch) {  // KAFKA-19367
    const TxnMetadata fenced = fence_and_abort(in(TxnState::Ongoing, 2, 32766), kNow);
    EXPECT_EQ(fenced.producer_epoch, ProducerEpoch{32767});
    const TxnMetadata done = completed(fenced, kNow);
    EXPECT_EQ(done.producer_id, kPid);
    EXPECT_EQ(text(decide_init_producer_id(done, {.timeout_ms = 1}, std::nullopt, kNow)),
              "needs a producer id");
    EXPECT_EQ(text(decide_init_producer_id(done, {.timeout_ms = 1}, kFresh, kNow)),
              "-> Empty 100/0");
}

TEST(TxnTransitions, AddPartitions) {
    using enum TxnState;
    const std::set<TopicPartition> there{{"t", 0}}, more{{"t", 1}};
    for (const TxnState state : {Empty, CompleteCommit, CompleteAbort}) {
        EXPECT_EQ(text(decide_add_partitions(in(state, 2), at(Epoch::Current), there, 2, kNow)),
                  "-> Ongoing 7/5");
        EXPECT_EQ(text(decide_add_partitions(in(state, 2), at(Epoch::Before), there, 2, kNow)),
                  "PRODUCER_FENCED");
        EXPECT_EQ(text(decide_add_partitions(in(state, 2), at(Epoch::Later), there, 2, kNow)),
                  "PRODUCER_FENCED");
    }
    EXPECT_EQ(text(decide_add_partitions(in(Ongoing, 2), at(Epoch::Current), there, 2, kNow)),
              "NONE");
    EXPECT_EQ(text(decide_add_partitions(in(Ongoing, 2), at(Epoch::Current), more, 2, kNow)),
              "-> Ongoing 7/5");
    EXPECT_EQ(
        text(decide_add_partitions(in(Ongoing, 2), {kOther, ProducerEpoch{5}}, more, 2, kNow)),
        "INVALID_PRODUCER_ID_MAPPING");
    for (const TxnState state :
         {PrepareCommit, PrepareAbort})  // KAFKA-18575: not before the markers are written
        for (const Epoch epoch : {Epoch::Current, Epoch::Before, Epoch::Later})
            EXPECT_EQ(text(decide_add_partitions(in(state, 2), at(epoch), there, 2, kNow)),
                      "CONCURRENT_TRANSACTIONS");
}

TEST(TxnTransitions, ATransactionKeepsItsStartAndANewOneDoesNot) {
    TxnMetadata ongoing = in(TxnState::Ongoing, 2);
    ongoing.start = Timestamp{10};
    const auto more =
        std::get<TxnNext>(decide_add_partitions(ongoing, at(Epoch::Current), {{"t", 1}}, 2, kNow))
            .metadata;
    EXPECT_EQ(more.start, Timestamp{10});
    EXPECT_EQ(more.partitions.size(), 2u);
    const auto fresh =
        std::get<TxnNext>(decide_add_partitions(in(TxnState::CompleteCommit, 2), at(Epoch::Current),
                                                {{"t", 1}}, 2, kNow))
            .metadata;
    EXPECT_EQ(fresh.start, kNow);
}

TEST(TxnTransitions, InitProducerId) {
    using enum TxnState;
    const auto init = [](const TxnMetadata& m, std::optional<ProducerIdAndEpoch> expected,
                         std::optional<ProducerId> fresh = std::nullopt) {
        return text(
            decide_init_producer_id(m, {.timeout_ms = 5, .expected = expected}, fresh, kNow));
    };
    for (const TxnState state : {Empty, CompleteCommit, CompleteAbort}) {
        EXPECT_EQ(init(in(state, 2), std::nullopt), "-> Empty 7/6");
        EXPECT_EQ(init(in(state, 2), at(Epoch::Current)), "-> Empty 7/6");
        EXPECT_EQ(init(in(state, 2), at(Epoch::Older)), "PRODUCER_FENCED");
        EXPECT_EQ(init(in(state, 2), at(Epoch::Later)), "PRODUCER_FENCED");
        EXPECT_EQ(init(in(state, 2), ProducerIdAndEpoch{kOther, ProducerEpoch{5}}),
                  "PRODUCER_FENCED");
        EXPECT_EQ(init(in(state, 2, 32766), std::nullopt), "needs a producer id");
        EXPECT_EQ(init(in(state, 2, 32766), std::nullopt, kFresh), "-> Empty 100/0");
    }
    EXPECT_EQ(init(in(Ongoing, 2), std::nullopt), "-> PrepareAbort 7/6");
    EXPECT_EQ(init(in(Ongoing, 0), std::nullopt), "-> PrepareAbort 7/6");
    EXPECT_EQ(init(in(Ongoing, 2), at(Epoch::Current)), "-> PrepareAbort 7/6");
    EXPECT_EQ(init(in(Ongoing, 2), at(Epoch::Before)),
              "PRODUCER_FENCED");  // a zombie aborts nobody
    EXPECT_EQ(init(in(PrepareCommit, 2), std::nullopt), "CONCURRENT_TRANSACTIONS");
    EXPECT_EQ(init(in(PrepareAbort, 2), at(Epoch::Older)), "CONCURRENT_TRANSACTIONS");
}

TEST(TxnTransitions, InitAskedAgainIsAnsweredAgain) {  // KIP-360
    const auto bumped =
        std::get<TxnNext>(decide_init_producer_id(in(TxnState::Empty, 0),
                                                  {.timeout_ms = 5, .expected = at(Epoch::Current)},
                                                  std::nullopt, kNow))
            .metadata;
    EXPECT_EQ(bumped.producer_epoch, ProducerEpoch{6});
    EXPECT_EQ(text(decide_init_producer_id(
                  bumped, {.timeout_ms = 5, .expected = at(Epoch::Current)}, std::nullopt, kNow)),
              "-> Empty 7/6");
    // A new incarnation in between ends that.
    const auto other =
        std::get<TxnNext>(decide_init_producer_id(bumped, {.timeout_ms = 5}, std::nullopt, kNow))
            .metadata;
    EXPECT_EQ(text(decide_init_producer_id(other, {.timeout_ms = 5, .expected = at(Epoch::Later)},
                                           std::nullopt, kNow)),
              "PRODUCER_FENCED");
    // Across a rotation.
    const ProducerIdAndEpoch last{kPid, ProducerEpoch{32766}};
    const auto rotated = std::get<TxnNext>(decide_init_producer_id(
                                               in(TxnState::Empty, 0, 32766),
                                               {.timeout_ms = 5, .expected = last}, kFresh, kNow))
                             .metadata;
    EXPECT_EQ(rotated.producer_id, kFresh);
    EXPECT_EQ(text(decide_init_producer_id(rotated, {.timeout_ms = 5, .expected = last},
                                           std::nullopt, kNow)),
              "-> Empty 100/0");
}

TEST(TxnTransitions, RecordsCarryEverything) {
    for (const TxnState state :
         {TxnState::Empty, TxnState::Ongoing, TxnState::PrepareCommit, TxnState::PrepareAbort,
          TxnState::CompleteCommit, TxnState::CompleteAbort})
        for (const std::int16_t version : {0, 2})
            for (const std::int16_t last : {-1, 3, 4, 32766}) {
                TxnMetadata m = in(state, version);
                m.last_producer_epoch = ProducerEpoch{last};
                m.start = Timestamp{17};
                m.last_update = Timestamp{18};
                if (!m.idle()) m.partitions.insert({{"t", 3}, {"__consumer_offsets", 49}});
                const CoordinatorRecord record = transaction_record("id", m);
                EXPECT_EQ(*read_transaction_key(record.key), "id");
                EXPECT_EQ(*read_transaction_value(*record.value), m)
                    << name(state) << version << " " << last;
            }
}

}  // namespace
}  // namespace millrace::broker
