#include "millrace/broker/log/producer_state.h"

#include "log_fixture.h"
#include "millrace/base/mutant.h"

namespace millrace::broker::log_test {
namespace {

// A batch of `count` records of producer 1, stamped with its place in the log.
Bytes stamped(std::int64_t offset, std::int32_t sequence, int count = 1, std::int16_t epoch = 0,
              bool transactional = false, std::int64_t producer = 1) {
    BatchOf b;
    b.values.assign(static_cast<std::size_t>(count), "v");
    b.producer = producer;
    b.epoch = epoch;
    b.sequence = sequence;
    b.transactional = transactional;
    const Bytes built = batch(b);
    MutableBlock block(built.size());
    std::memcpy(block.data(), built.data(), built.size());
    wire::stamp_offset_and_epoch(block.data(), Offset{offset}, LeaderEpoch{0});
    return Bytes(std::move(block));
}
wire::RecordBatchView view(const Bytes& bytes) {
    return *wire::RecordBatchView::of(bytes);
}

class ProducerStateTest : public ::testing::Test {
protected:
    ProducerStateTable producers;
    void applied(const Bytes& bytes) { producers.applied(view(bytes)); }
    std::optional<AbortedTransaction> applied_marker(wire::ControlType type, std::int64_t offset,
                                                     std::int16_t epoch = 0,
                                                     std::int64_t producer = 1) {
        const Bytes bytes = wire::end_transaction_marker_batch({type, 3}, ProducerId{producer},
                                                               ProducerEpoch{epoch}, Timestamp{5},
                                                               Offset{offset}, LeaderEpoch{0});
        return producers.applied(view(bytes));
    }
    ErrorCode code(const Bytes& bytes, AdmitOptions options = {}) {
        const auto admission = producers.admit(view(bytes), options);
        return admission ? ErrorCode::None : admission.error().code;
    }
};

TEST_F(ProducerStateTest, AnswersARepeatedBatchWithItsFirstOffset) {  // KIP-98
    applied(stamped(100, 0, 10));
    const auto admission = producers.admit(view(stamped(0, 0, 10)));
    EXPECT_EQ(*admission, (Admission{Duplicate{Offset{100}, Offset{109}, Timestamp{1009}}}));
}

TEST_F(ProducerStateTest, RemembersFiveBatches) {
    for (int i = 0; i < 6; ++i) applied(stamped(100 + i, i));
    EXPECT_EQ(code(stamped(0, 0)), ErrorCode::OutOfOrderSequenceNumber)
        << "the sixth last is forgotten";
    for (int i = 1; i < 6; ++i)
        EXPECT_TRUE(std::holds_alternative<Duplicate>(*producers.admit(view(stamped(0, i))))) << i;
    EXPECT_EQ(*producers.admit(view(stamped(0, 6))), Admission{Accepted{}});
    EXPECT_EQ(code(stamped(0, 7)), ErrorCode::OutOfOrderSequenceNumber);
}

TEST_F(ProducerStateTest, AnUnknownProducerMayBeginAnywhereButNotInATransactionOfV2) {  // KIP-890
    EXPECT_EQ(code(stamped(0, 77)), ErrorCode::None);
    EXPECT_EQ(code(stamped(0, 77, 1, 0, true)), ErrorCode::None);
    EXPECT_EQ(code(stamped(0, 77, 1, 0, true), {.transaction_v2 = true}),
              ErrorCode::OutOfOrderSequenceNumber);
    EXPECT_EQ(code(stamped(0, 0, 1, 0, true), {.transaction_v2 = true}), ErrorCode::None);
}

TEST_F(ProducerStateTest, ABumpedEpochRestartsAtZeroAndFencesTheOldOne) {  // KIP-360
    applied(stamped(100, 0, 5));
    EXPECT_EQ(code(stamped(0, 5, 1, 1)), ErrorCode::OutOfOrderSequenceNumber);
    EXPECT_EQ(code(stamped(0, 0, 1, 1)), ErrorCode::None);
    applied(stamped(105, 0, 1, 1));
    EXPECT_EQ(code(stamped(0, 5, 1, 0)), ErrorCode::InvalidProducerEpoch);
    EXPECT_EQ(code(stamped(0, 0, 5, 0)), ErrorCode::InvalidProducerEpoch)
        << "not even as a duplicate";
}

TEST_F(ProducerStateTest, SequencesWrap) {  // hard-bugs T16
    applied(stamped(100, INT32_MAX - 1, 2));
    EXPECT_EQ(code(stamped(0, 0)), ErrorCode::None);
    EXPECT_EQ(code(stamped(0, 1)), ErrorCode::OutOfOrderSequenceNumber);
    applied(stamped(102, 0, 1));
    applied(stamped(103, INT32_MAX, 3));  // as a follower: whatever is in the log
    EXPECT_EQ(producers.find(ProducerId{1})->last_sequence(), 1);
}

TEST_F(ProducerStateTest, InsideATransactionEverythingIsTransactional) {
    applied(stamped(100, 0, 1, 0, true));
    EXPECT_EQ(code(stamped(0, 1)), ErrorCode::InvalidTxnState);
    EXPECT_EQ(code(stamped(0, 1, 1, 0, true)), ErrorCode::None);
}

TEST_F(ProducerStateTest, MarkersAreFencedByEpochAndByCoordinator) {
    applied(stamped(100, 0, 1, 4, true));
    const auto code_of = [this](std::int16_t epoch, std::int32_t coordinator, bool v2) {
        const auto admitted = producers.admit_marker(ProducerId{1}, ProducerEpoch{epoch},
                                                     coordinator, {.transaction_v2 = v2});
        return admitted ? ErrorCode::None : admitted.error().code;
    };
    EXPECT_EQ(code_of(3, 0, false), ErrorCode::InvalidProducerEpoch);
    EXPECT_EQ(code_of(4, 0, false), ErrorCode::None);
    EXPECT_EQ(code_of(4, 0, true), ErrorCode::InvalidProducerEpoch) << "v2 bumps at every end";
    EXPECT_EQ(code_of(5, 0, true), ErrorCode::None);
    applied_marker(wire::ControlType::Commit, 101, 5);
    EXPECT_EQ(code_of(5, 3, true), ErrorCode::None) << "the marker again (KAFKA-19999)";
    EXPECT_EQ(code_of(6, 2, true), ErrorCode::TransactionCoordinatorFenced);
}

TEST_F(ProducerStateTest, EpochsOfOneProducerAreDifferentTransactions) {  // hard-bugs T12
    applied(stamped(100, 0, 1, 0, true));
    const auto first = applied_marker(wire::ControlType::Abort, 101, 0);
    EXPECT_EQ(first, (AbortedTransaction{ProducerId{1}, Offset{100}, Offset{101}, Offset{102}}));
    applied(stamped(102, 0, 1, 1, true));
    EXPECT_EQ(applied_marker(wire::ControlType::Commit, 103, 1), std::nullopt);
    EXPECT_EQ(applied_marker(wire::ControlType::Abort, 104, 2), std::nullopt) << "nothing was open";
}

TEST_F(ProducerStateTest,
       TheSnapshotKeepsOpenTransactionsAndMarkerOnlyProducers) {  // hard-bugs T10
    applied(stamped(100, 0, 3, 0, true));
    applied(stamped(103, 7, 2, 2, false, 9));
    applied_marker(wire::ControlType::Abort, 105, 6, 11);
    const auto again = ProducerStateTable::decode_snapshot(producers.encode_snapshot());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->producer_ids(), producers.producer_ids());
    for (ProducerId id : producers.producer_ids())
        EXPECT_EQ(*again->find(id), *producers.find(id)) << id.value();
    EXPECT_EQ(again->first_open_offset(), Offset{100});
}

TEST_F(ProducerStateTest, ExpiryLeavesOpenTransactions) {
    applied(stamped(100, 0, 1, 0, true));
    applied(stamped(101, 0, 1, 0, false, 2));
    producers.remove_expired(Timestamp{1'000'000}, 1000);
    EXPECT_NE(producers.find(ProducerId{1}), nullptr);
    EXPECT_EQ(producers.find(ProducerId{2}), nullptr);
}

TEST_F(ProducerStateTest, MutantsBreakWhatTheyName) {
    applied(stamped(100, 0, 1, 3));
    mutant::active = Mutant::SkipProducerEpochCheck;
    EXPECT_EQ(code(stamped(0, 1, 1, 2)), ErrorCode::None);
    mutant::active = Mutant::SkipSequenceCheck;
    EXPECT_EQ(*producers.admit(view(stamped(0, 0, 1, 3))), Admission{Accepted{}});
    mutant::active = Mutant::None;
    EXPECT_TRUE(std::holds_alternative<Duplicate>(*producers.admit(view(stamped(0, 0, 1, 3)))));
}

}  // namespace
}  // namespace millrace::broker::log_test
