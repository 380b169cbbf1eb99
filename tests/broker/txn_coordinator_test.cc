// The transaction coordinator: scripts (tests/scripts/txn), each also with every append failing
// once, and with the log read again after every command.
#include <gtest/gtest.h>

#include "millrace/base/mutant.h"
#include "millrace/tests/broker/script.h"
#include "millrace/tests/broker/txn_runner.h"
#include "millrace/tests/wire/golden_file.h"

namespace millrace::broker {
namespace {

TxnFold loaded(VectorLog& log) {
    TxnFold fold;
    Shard shard(fold, ShardSettings{.load_bytes_per_step = 1});
    shard.lead(log);
    while (shard.state() == ShardState::Loading) shard.load();
    return fold;
}

void expect_fold_is_the_log(TxnRunner& runner, const std::string& after) {
    if (runner.txn->serving("x") != ErrorCode::None) return;
    EXPECT_TRUE(loaded(runner.log) == *runner.txn->fold(0)) << after;
}

TEST(TxnCoordinator, Scripts) {
    for (const auto& path : scripts("txn")) {
        TxnRunner runner;
        check_script(path, [&](const auto& words) { return runner.run(words); });
    }
}

TEST(TxnCoordinator, TheFoldIsTheLogAfterEveryCommand) {
    for (const auto& path : scripts("txn")) {
        TxnRunner runner;
        run_script(script_lines(path), [&](const auto& words) {
            auto trace = runner.run(words);
            expect_fold_is_the_log(runner, path.filename().string() + ": " + words[0]);
            return trace;
        });
    }
}

// I13: only these; and under v2 the epoch grows with every transaction, whatever fails.
void expect_transition(const TxnMetadata& before, const TxnMetadata& after) {
    using enum TxnState;
    const std::set<std::pair<TxnState, TxnState>> allowed{{Empty, Empty},
                                                          {Empty, Ongoing},
                                                          {Empty, PrepareAbort},
                                                          {Ongoing, Ongoing},
                                                          {Ongoing, PrepareCommit},
                                                          {Ongoing, PrepareAbort},
                                                          {PrepareCommit, CompleteCommit},
                                                          {PrepareAbort, CompleteAbort},
                                                          {CompleteCommit, Empty},
                                                          {CompleteCommit, Ongoing},
                                                          {CompleteCommit, PrepareAbort},
                                                          {CompleteAbort, Empty},
                                                          {CompleteAbort, Ongoing},
                                                          {CompleteAbort, PrepareAbort}};
    EXPECT_TRUE(allowed.contains({before.state, after.state}))
        << name(before.state) << " -> " << name(after.state);
    if (before.producer_id == after.producer_id) {
        EXPECT_GE(after.producer_epoch, before.producer_epoch);
    }
}

TEST(TxnCoordinator, EveryAppendMayFail) {
    for (const auto& path : scripts("txn")) {
        TxnRunner whole;
        run_script(script_lines(path), [&](const auto& words) { return whole.run(words); });
        for (std::size_t at = 0; at < whole.log.appends; ++at) {
            TxnRunner runner;
            runner.log.fail_at = at;
            run_script(script_lines(path), [&](const auto& words) {
                auto trace = runner.run(words);
                expect_fold_is_the_log(runner,
                                       path.filename().string() + " append " + std::to_string(at));
                return trace;
            });
            // Whatever happened: markers are written in the end, and nothing hangs (I12).
            runner.run({"commits", "on"});
            for (int round = 0; round < 3; ++round) {  // a failing append may be still to come
                for (int i = 0; i < 3; ++i) runner.run({"written"});
                runner.run({"tick", "60000"});
            }
            EXPECT_EQ(runner.txn->open_transactions(), 0u) << path << " append " << at;
            std::map<std::string, TxnMetadata> last;
            for (const Bytes& batch : runner.log.batches()) {
                const auto view = wire::RecordBatchView::of(batch.view());
                wire::RecordReader reader(*view, view->encoded_records());
                std::array<wire::RecordView, 64> records;
                for (auto n = reader.read(records); n && *n > 0; n = reader.read(records))
                    for (std::size_t i = 0; i < *n; ++i) {
                        const std::string id = *read_transaction_key(records[i].key.view());
                        const auto next = read_transaction_value(records[i].value.view());
                        ASSERT_TRUE(next);
                        if (last.contains(id)) expect_transition(last[id], *next);
                        last[id] = *next;
                    }
            }
        }
    }
}

TEST(TxnCoordinator, OverflowOfTheEpochIsCrossedByALiveClient) {  // T3
    TxnRunner runner;
    runner.run({"init", "app"});
    ProducerIdAndEpoch producer{ProducerId{1000}, ProducerEpoch{32760}};
    // As if it had committed for long: a record says so.
    TxnMetadata m = runner.txn->fold(0)->find("app")->metadata;
    m.producer_epoch = producer.epoch;
    {
        TxnFold fold;
        Shard shard(fold);
        shard.lead(runner.log);
        while (shard.state() == ShardState::Loading) shard.load();
        shard.write({transaction_record("app", m)}, Timestamp{0});
        shard.flush();
    }
    runner.run({"restart"});
    std::set<std::int64_t> ids;
    for (int i = 0; i < 20; ++i) {
        const std::string text = TxnRunner::producer(producer);
        ASSERT_EQ(runner.run({"produce", "app", text, "t-0"}).front(), "app: NONE") << text;
        const std::string told = runner.run({i % 3 == 0 ? "abort" : "commit", "app", text}).front();
        ASSERT_TRUE(told.starts_with("app: NONE ")) << told;
        // The retry of a lost answer, before and after the markers.
        EXPECT_EQ(runner.run({i % 3 == 0 ? "abort" : "commit", "app", text}).front(),
                  "app: CONCURRENT_TRANSACTIONS");
        runner.run({"written"});
        EXPECT_EQ(runner.run({i % 3 == 0 ? "abort" : "commit", "app", text}).front(), told);
        producer = TxnRunner::parse(told.substr(10));
        EXPECT_LT(producer.epoch.value(), 32767);
        ids.insert(producer.id.value());
        if (i % 5 == 0) runner.run({"restart"});
    }
    EXPECT_EQ(ids.size(), 2u);
}

// The partition of the coordinator got a new epoch while its markers were on their way, and the same node kept it.
TEST(TxnCoordinator, MarkersThatAreFencedGoAgainUnderTheNewEpoch) {
    TxnRunner runner;
    runner.run({"init", "app"});
    runner.run({"produce", "app", "1000/0", "t-0"});
    runner.run({"commit", "app", "1000/0"});
    runner.log.epoch = LeaderEpoch{3};
    runner.run({"written", "TRANSACTION_COORDINATOR_FENCED"});
    runner.run({"tick", "1000"});
    ASSERT_EQ(runner.markers.size(), 1u);
    EXPECT_EQ(runner.markers[0].marker.coordinator_epoch, 3);
    runner.run({"written"});
    EXPECT_EQ(runner.txn->fold(0)->find("app")->metadata.state, TxnState::CompleteCommit);
}

TEST(TxnCoordinator, IdsExpireWhenIdle) {
    TxnRunner runner;
    runner.run({"init", "idle"});
    runner.run({"init", "busy"});
    runner.run({"produce", "busy", "1001/0", "t-0"});
    runner.run({"tick", "1000"});
    runner.now.wall =
        runner.now.wall + 7LL * 24 * 3600 * 1000;  // and the timeout of `busy` is not wall time
    runner.run({"tick", "3600000"});
    EXPECT_EQ(runner.txn->fold(0)->find("idle"), nullptr);
    EXPECT_NE(runner.txn->fold(0)->find("busy"), nullptr);
    EXPECT_TRUE(loaded(runner.log) == *runner.txn->fold(0));
    // KAFKA-18019: the one that comes back is given a new producer.
    EXPECT_EQ(runner.run({"produce", "idle", "1000/0", "t-0"}).front(),
              "idle: INVALID_PRODUCER_ID_MAPPING");
    EXPECT_EQ(runner.run({"init", "idle", "1000/0"}).front(), "idle: NONE 1002/0");
}

TEST(TxnCoordinator, TellsWhenToWake) {
    TxnRunner runner;
    runner.run({"init", "app"});
    runner.run({"produce", "app", "1000/0", "t-0"});
    runner.txn->tick(runner.now);
    EXPECT_EQ(runner.txn->take_effects().wake_at, runner.now.time + std::chrono::seconds(60));
}

TEST(TxnCoordinator, KnowsWhoseOpenTransactionAPartitionHolds) {
    TxnRunner runner;
    runner.run({"init", "app"});
    runner.run({"produce", "app", "1000/0", "t-0"});
    EXPECT_TRUE(runner.txn->is_open(ProducerId{1000}, {"t", 0}));
    EXPECT_FALSE(runner.txn->is_open(ProducerId{1000}, {"t", 1}));
    EXPECT_FALSE(runner.txn->is_open(ProducerId{1001}, {"t", 0}));
    runner.run({"commit", "app", "1000/0"});
    EXPECT_TRUE(runner.txn->is_open(ProducerId{1000}, {"t", 0}));
    runner.run({"written"});
    EXPECT_FALSE(runner.txn->is_open(ProducerId{1000}, {"t", 0}));
}

TEST(TxnCoordinator, Mutants) {  // each is a bug that these scripts notice
    const auto changes = [](Mutant m) {
        mutant::active = m;
        bool changed = false;
        for (const auto& path : scripts("txn")) {
            TxnRunner runner;
            std::string expected;
            for (const std::string& line : script_lines(path)) expected += line + '\n';
            changed |= run_script(script_lines(path),
                                  [&](const auto& words) { return runner.run(words); }) != expected;
        }
        mutant::active = Mutant::None;
        return changed;
    };
    EXPECT_FALSE(changes(Mutant::None));
    for (const Mutant m : {Mutant::SkipProducerEpochCheck, Mutant::ReplayMarkerTwice,
                           Mutant::ZombieAcceptedAfterFence, Mutant::MarkerLostOnRecovery})
        EXPECT_TRUE(changes(m)) << mutant::name(m);
}

TEST(TxnGolden, RecordsOfKafkaAreReadAndWrittenAlike) {
    std::size_t equal_bytes = 0;
    for (const auto& row : golden::read_rows(golden::golden("records/transaction-log.tsv.gz"))) {
        const Bytes key = golden::bytes_of(row[2]), value = golden::bytes_of(row[3]);
        const auto id = read_transaction_key(key);
        const auto metadata = read_transaction_value(value);
        ASSERT_TRUE(id && metadata) << row[0];
        const std::int16_t version = load_be<std::int16_t>(value.data());
        const CoordinatorRecord ours = transaction_record(*id, *metadata, version);
        EXPECT_EQ(ours.key, key);
        EXPECT_EQ(read_transaction_value(*ours.value), metadata);
        // Partitions stand in Java's hash order there, in ours sorted; a fence is not written by
        // us.
        if (metadata->partitions.size() <= 1 && metadata->state != TxnState::PrepareEpochFence &&
            row[0].find("FENCE") == std::string::npos) {
            EXPECT_EQ(*ours.value, value) << row[0];
            ++equal_bytes;
        }
    }
    EXPECT_GE(equal_bytes, 4u);
}

TEST(TxnGolden, TheLogOfABrokerOfKafkaLoads) {  // its story: tests/golden/broker-data
    VectorLog log;
    log.load_file(
        golden::golden("broker-data/__transaction_state-0/00000000000000000000.log").string());
    ASSERT_EQ(log.log_end(), Offset{21});
    const TxnFold fold = loaded(log);
    EXPECT_EQ(fold.skipped(), 0u);
    ASSERT_EQ(fold.entries().size(), 3u);
    EXPECT_EQ(fold.find("txn-a")->metadata.state, TxnState::CompleteCommit);
    EXPECT_EQ(fold.find("txn-left-open")->metadata.state, TxnState::Ongoing);
    EXPECT_EQ(fold.find("txn-left-open")->metadata.partitions,
              (std::set<TopicPartition>{{"txn", 0}}));
    EXPECT_EQ(fold.find("txn-compacted")->metadata.state, TxnState::CompleteAbort);
    // Every record of it, written by us, is the same bytes.
    for (const Bytes& batch : log.batches()) {
        const auto view = wire::RecordBatchView::of(batch.view());
        wire::RecordReader reader(*view, view->encoded_records());
        std::array<wire::RecordView, 4> records;
        const auto count = reader.read(records);
        for (std::size_t i = 0; i < *count; ++i) {
            const auto metadata = read_transaction_value(records[i].value.view());
            if (metadata->partitions.size() > 1) continue;
            const auto ours =
                transaction_record(*read_transaction_key(records[i].key.view()), *metadata);
            EXPECT_EQ(to_hex(ours.value->view()), to_hex(records[i].value.view()));
        }
    }
}

}  // namespace
}  // namespace millrace::broker
