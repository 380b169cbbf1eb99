// The shard that groups and transactions share: one append a turn, answers after the commit, no
// rollback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millrace/broker/coordinator/runtime.h"
#include "millrace/tests/broker/vector_log.h"

namespace millrace::broker {
namespace {

using testing::ElementsAre;

class ListFold final : public Fold {  // remembers what it was told
public:
    void clear() override { seen.clear(); }
    void replay(const ReplayedRecord& record) override {
        seen.push_back(
            std::to_string(record.offset.value()) + ":" + std::string(as_text(record.key)) +
            (record.value ? "=" + std::string(as_text(*record.value)) : "-") +
            (record.transaction ? "@" + std::to_string(record.transaction->id.value()) : ""));
    }
    void replay(const TxnMarker& marker, Offset at) override {
        seen.push_back(std::to_string(at.value()) + (marker.commit ? ":COMMIT@" : ":ABORT@") +
                       std::to_string(marker.producer.id.value()));
    }
    std::vector<std::string> seen;
};

struct ShardTest : testing::Test {
    VectorLog log;
    ListFold fold;
    Shard shard{fold};
    std::vector<std::string> told;

    void SetUp() override {
        shard.lead(log);
        while (shard.state() == ShardState::Loading) shard.load();
    }
    void write(const char* key, const char* value = "v") {
        shard.write({{Bytes::copy(key), Bytes::copy(value)}}, Timestamp{1});
    }
    Completion tell(std::string who) {
        return [this, who](ErrorCode code) { told.push_back(who + " " + std::string(name(code))); };
    }
    std::vector<std::string> reloaded() {
        ListFold other;
        Shard again(other, ShardSettings{.load_bytes_per_step = 1});  // a batch a step
        again.lead(log);
        while (again.state() == ShardState::Loading) again.load();
        return other.seen;
    }
};

TEST_F(ShardTest, AllDecisionsOfATurnShareOneAppend) {
    write("a");
    write("b");
    shard.write({{Bytes::copy("c"), std::nullopt}}, Timestamp{1});
    EXPECT_THAT(fold.seen, ElementsAre("0:a=v", "1:b=v", "2:c-"));  // visible at once
    EXPECT_EQ(log.appends, 0u);
    EXPECT_TRUE(shard.flush());
    EXPECT_EQ(log.appends, 1u);
    EXPECT_EQ(reloaded(), fold.seen);
}

TEST_F(ShardTest, TransactionalRecordsAndMarkersStandInTheirOrder) {
    const ProducerIdAndEpoch producer{ProducerId{7}, ProducerEpoch{1}};
    write("a");
    shard.write({{Bytes::copy("t"), Bytes::copy("v")}}, producer, Timestamp{1});
    shard.write(TxnMarker{.producer = producer, .coordinator_epoch = 3, .commit = true},
                Timestamp{1});
    write("b");
    shard.flush();
    EXPECT_EQ(log.appends, 4u);
    EXPECT_THAT(fold.seen, ElementsAre("0:a=v", "1:t=v@7", "2:COMMIT@7", "3:b=v"));
    EXPECT_EQ(reloaded(), fold.seen);
}

TEST_F(ShardTest, AnswersWaitForTheCommitOfWhatTheySaw) {
    log.commits = false;
    write("a");
    shard.when_committed(shard.next_offset(), tell("a"));
    shard.when_appended(tell("appended"));
    shard.flush();
    EXPECT_THAT(told, ElementsAre("appended NONE"));
    shard.when_committed(shard.next_offset(), tell("reader"));
    shard.flush();
    EXPECT_THAT(told, ElementsAre("appended NONE"));
    log.commit();
    shard.release();
    EXPECT_THAT(told, ElementsAre("appended NONE", "a NONE", "reader NONE"));
}

TEST_F(ShardTest, AFailedAppendMeansReadingTheLogAgain) {
    log.commits = false;
    write("a");
    shard.when_committed(shard.next_offset(), tell("a"));
    shard.flush();
    write("b");
    shard.when_committed(shard.next_offset(), tell("b"));
    shard.when_appended(tell("b appended"));
    log.fail_next = ErrorCode::NotEnoughReplicas;
    EXPECT_FALSE(shard.flush());
    EXPECT_EQ(shard.serving(), ErrorCode::CoordinatorLoadInProgress);
    EXPECT_THAT(told,
                ElementsAre("b appended COORDINATOR_NOT_AVAILABLE", "b COORDINATOR_NOT_AVAILABLE"));
    EXPECT_TRUE(shard.load());
    EXPECT_THAT(fold.seen, ElementsAre("0:a=v"));
    log.commit();
    shard.release();
    EXPECT_EQ(told.back(), "a NONE");  // it is in the log, and waits for its commit as before
}

TEST_F(ShardTest, AFailureIsTheFaultOfTheRunThatFailed) {
    const ProducerIdAndEpoch zombie{ProducerId{7}, ProducerEpoch{0}};
    write("a");
    shard.when_appended(tell("a appended"));
    shard.when_committed(shard.next_offset(), tell("a"));
    shard.write({{Bytes::copy("t"), Bytes::copy("v")}}, zombie, Timestamp{1});
    shard.when_committed(shard.next_offset(), tell("zombie"));
    write("b");
    shard.when_committed(shard.next_offset(), tell("b"));
    log.fail_at = 1;
    log.fail_with = ErrorCode::InvalidProducerEpoch;
    EXPECT_FALSE(shard.flush());
    EXPECT_THAT(told, testing::UnorderedElementsAre("a appended NONE", "a NONE",
                                                    "zombie INVALID_PRODUCER_EPOCH",
                                                    "b COORDINATOR_NOT_AVAILABLE"));
}

TEST_F(ShardTest, ResigningTellsEverybody) {
    log.commits = false;
    write("a");
    shard.when_committed(shard.next_offset(), tell("a"));
    shard.flush();
    write("b");
    shard.when_committed(shard.next_offset(), tell("b"));
    shard.resign();
    EXPECT_THAT(told, ElementsAre("a NOT_COORDINATOR", "b NOT_COORDINATOR"));
    EXPECT_EQ(shard.serving(), ErrorCode::NotCoordinator);
    EXPECT_TRUE(fold.seen.empty());
}

TEST_F(ShardTest, ACompletionMayWriteMoreInTheSameFlush) {
    write("a");
    shard.when_committed(shard.next_offset(), [&](ErrorCode) {
        write("b");
        shard.when_committed(shard.next_offset(), tell("b"));
    });
    shard.flush();
    EXPECT_THAT(told, ElementsAre("b NONE"));
    EXPECT_EQ(log.appends, 2u);
}

TEST(CoordinatorRuntime, TranslatesAppendErrors) {  // semantics, section 6
    EXPECT_EQ(translate_append_error(ErrorCode::UnknownTopicOrPartition),
              ErrorCode::CoordinatorNotAvailable);
    EXPECT_EQ(translate_append_error(ErrorCode::NotEnoughReplicas),
              ErrorCode::CoordinatorNotAvailable);
    EXPECT_EQ(translate_append_error(ErrorCode::RequestTimedOut),
              ErrorCode::CoordinatorNotAvailable);
    EXPECT_EQ(translate_append_error(ErrorCode::NotLeaderOrFollower), ErrorCode::NotCoordinator);
    EXPECT_EQ(translate_append_error(ErrorCode::KafkaStorageError), ErrorCode::NotCoordinator);
    EXPECT_EQ(translate_append_error(ErrorCode::MessageTooLarge), ErrorCode::UnknownServerError);
    EXPECT_EQ(translate_append_error(ErrorCode::InvalidFetchSize), ErrorCode::UnknownServerError);
    EXPECT_EQ(translate_append_error(ErrorCode::InvalidProducerEpoch),
              ErrorCode::InvalidProducerEpoch);
}

TEST(CoordinatorRuntime, PartitionIsJavasHash) {
    EXPECT_EQ(coordinator_partition("", 50), 0);
    EXPECT_EQ(coordinator_partition("a", 50), 97 % 50);
    EXPECT_EQ(coordinator_partition("polygenelubricants", 50),
              0);  // its hashCode is Integer.MIN_VALUE
}

}  // namespace
}  // namespace millrace::broker
