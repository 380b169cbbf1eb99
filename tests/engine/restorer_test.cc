// Which checkpoints are valid, and where restore starts (design §3.10, E1).
#include "millrace/engine/restore/restorer.h"

#include "millrace/tests/client/rig.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"

namespace millrace::test {

using engine::RestoreJob;
using engine::Restorer;
using engine::TaskId;
using wire::ApiKey;

class FakeStore final : public state::StateStore, public state::DurableState {
public:
    const std::string& name() const override { return name_; }
    bool persistent() const override { return true; }
    void set_changelog(state::ChangeLog*) override {}
    void seal() override {}
    void committed() override {}
    void aborted() override {}
    Result<void> restore(BytesView key, state::MaybeBytes value, Timestamp) override {
        if (fail_at >= 0 && restored.size() == std::size_t(fail_at))
            return fail(ErrorCode::InvalidRecord, "not a key of ours");
        restored.push_back(std::string(as_text(key)) + '=' +
                           (value ? std::string(as_text(*value)) : "null"));
        return {};
    }
    state::MemoryUse memory() const override { return {}; }
    std::int64_t expired_puts() const override { return 0; }
    state::DurableState* durable() override { return durable_store ? this : nullptr; }

    std::optional<state::Checkpoint> checkpoint() const override { return held; }
    void advance(const state::Checkpoint& c) override { advanced = c; }
    void discard() override {
        held.reset();
        restored.clear();
        ++discards;
    }

    std::string name_ = "store";
    bool durable_store = true;
    std::optional<state::Checkpoint> held, advanced;
    std::vector<std::string> restored;
    int discards = 0, fail_at = -1;
};

struct RestoreRig : Driven {
    RestoreRig()
        : cluster({.bootstrap = {{"broker", 9092}}}, log),
          restorer(cluster,
                   {.lane = Lane::Restore, .second_lane = std::nullopt, .reset = OffsetReset::None},
                   log),
          pump(broker, *this) {
        broker.create_topic("changelog", 1);
        cluster.at(pump.now());
        for (int i = 0; i < 10; ++i)
            broker.append(kLog, {{"k" + std::to_string(i % 3), std::to_string(i), i}});
        cluster.want_topic("changelog");
        EXPECT_TRUE(until([&] { return cluster.topic("changelog") != nullptr; }));
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
        restorer.poll();
        for (auto& p : restorer.take_progress()) progress.push_back(p);
        cluster.drain(effects);
        effects.wake(restorer.next_due());
    }
    bool until(const std::function<bool()>& done) {
        Effects effects;
        tick(pump.now(), effects);
        pump.carry_out(effects);
        return pump.run_until(done, std::chrono::seconds(30));
    }
    state::Checkpoint valid(std::int64_t next) {
        return {cluster.topic("changelog")->id, Offset{next}, LeaderEpoch{1}, pump.now().wall};
    }
    RestoreJob job() { return {TaskId{0, 0}, "store", kLog, &store, std::nullopt}; }
    bool restore(RestoreJob what) {
        restorer.add(std::move(what));
        return until([&] {
                   return restorer.done({0, 0}) || restorer.failure({0, 0});
               }) &&
               restorer.done({0, 0});
    }

    static inline const TopicPartition kLog{"changelog", 0};
    NullLog log;
    FakeBroker broker;
    Cluster cluster;
    Restorer restorer;
    Pump pump;
    FakeStore store;
    std::vector<engine::RestoreProgress> progress;
};

TEST(Restorer, ReadsTheWholeLogWithoutACheckpoint) {
    RestoreRig rig;
    ASSERT_TRUE(rig.restore(rig.job()));
    EXPECT_EQ(rig.store.restored.size(), 10u);
    EXPECT_EQ(rig.store.advanced->next, Offset{10});
    EXPECT_EQ(rig.store.advanced->topic_id, rig.cluster.topic("changelog")->id);
    ASSERT_GE(rig.progress.size(), 2u);
    EXPECT_EQ(rig.progress.front().end, Offset{10});
    EXPECT_TRUE(rig.progress.back().done);
    EXPECT_EQ(rig.progress.back().records, 10);
}

TEST(Restorer, ReadsTheTailBehindAValidCheckpoint) {
    RestoreRig rig;
    rig.store.held = rig.valid(7);
    ASSERT_TRUE(rig.restore(rig.job()));
    EXPECT_EQ(rig.store.restored, (std::vector<std::string>{"k1=7", "k2=8", "k0=9"}));
    EXPECT_EQ(rig.store.discards, 0);
}

TEST(Restorer, VoidCheckpointsAreDiscarded) {
    for (const std::string why : {"topic", "end", "age", "epoch", "start"}) {
        SCOPED_TRACE(why);
        RestoreRig rig;
        state::Checkpoint c = rig.valid(7);
        if (why == "topic") c.topic_id = Uuid{1, 1};
        if (why == "end") c.next = Offset{11};
        if (why == "age") c.written = rig.pump.now().wall - 86'400'001;
        if (why == "epoch") {  // epoch 0 ended below the checkpoint: the log was cut
            c.epoch = LeaderEpoch{0};
            rig.broker.intercept = [](const wire::AnyRequest& r,
                                      std::optional<wire::AnyResponse>& a) {
                if (r.key() != ApiKey::OffsetForLeaderEpoch) return Fate::Serve;
                wire::OffsetForLeaderEpochResponse response;
                auto& topic = response.topics.emplace_back();
                topic.topic = "changelog";
                topic.partitions.push_back({ErrorCode::None, 0, 0, 5});
                a = wire::AnyResponse::of(std::move(response), r.version());
                return Fate::Answered;
            };
        }
        if (why == "start") {  // retention took what follows the checkpoint
            c.next = Offset{2};
            rig.broker.partition(RestoreRig::kLog).start = 4;
        }
        rig.store.held = c;
        ASSERT_TRUE(rig.restore(rig.job()));
        EXPECT_EQ(rig.store.discards, 1);
        EXPECT_EQ(rig.store.restored.size(), why == "start" ? 6u : 10u);
        EXPECT_EQ(rig.store.advanced->next, Offset{10});
    }
}

TEST(Restorer, ASourceTopicIsReadUpToTheCommittedOffset) {
    RestoreRig rig;
    RestoreJob job = rig.job();
    job.limit = Offset{4};
    ASSERT_TRUE(rig.restore(job));
    EXPECT_EQ(rig.store.restored.size(), 4u);
    EXPECT_EQ(rig.store.advanced->next, Offset{4});

    RestoreRig fresh;  // nothing committed: nothing to restore
    RestoreJob none = fresh.job();
    none.limit = Offset{0};
    ASSERT_TRUE(fresh.restore(none));
    EXPECT_TRUE(fresh.store.restored.empty());
}

TEST(Restorer, WaitsForAnOpenTransactionAndLeavesOutAnAbortedOne) {  // E2
    RestoreRig rig;
    // Somebody's transaction over the changelog is open when restoring begins.
    struct Writer : Driven {
        Writer(LogSink& log)
            : cluster({.bootstrap = {{"broker", 9092}}}, log),
              producer(cluster, transactional("zombie"), log) {}
        void input(const LinkInput& in, Now now, Effects& e) override {
            cluster.step(in, now), poll(e);
        }
        void tick(Now now, Effects& e) override { cluster.tick(now), poll(e); }
        void poll(Effects& e) {
            producer.poll();
            if (producer.initialized() && producer.topics_known() && !std::exchange(sent, true))
                producer.send(producer.topic("changelog"), 0, as_bytes("open"), as_bytes("x"),
                              Timestamp{1}, {});
            producer.poll();
            cluster.drain(e);
            e.wake(producer.next_due());
        }
        Cluster cluster;
        Producer producer;
        bool sent = false;
    } writer(rig.log);
    const std::size_t who = rig.pump.add(writer);
    writer.cluster.at(rig.pump.now());
    writer.producer.topic("changelog");
    writer.producer.init();
    Effects effects;
    writer.tick(rig.pump.now(), effects);
    rig.pump.carry_out(effects, who);
    ASSERT_TRUE(rig.until([&] { return rig.broker.partition(RestoreRig::kLog).open.size() == 1; }));
    rig.restorer.add(rig.job());
    rig.until([] { return false; });
    EXPECT_FALSE(rig.restorer.done({0, 0})) << "its outcome is not known";
    writer.producer.abort();
    writer.tick(rig.pump.now(), effects);
    rig.pump.carry_out(effects, who);
    ASSERT_TRUE(rig.until([&] { return rig.restorer.done({0, 0}); }));
    EXPECT_EQ(rig.store.restored.size(), 10u);
}

TEST(Restorer, ARecordThatIsNotTheStoresIsAnErrorThatNamesTheStore) {
    RestoreRig rig;
    rig.store.fail_at = 3;
    EXPECT_FALSE(rig.restore(rig.job()));
    ASSERT_TRUE(rig.restorer.failure({0, 0}));
    EXPECT_NE(rig.restorer.failure({0, 0})->detail.find("store of task 0_0"), std::string::npos);
}

TEST(Restorer, GoesOnThroughLostLinks) {
    RestoreRig rig;
    Random random(5);
    rig.broker.intercept = [&](const wire::AnyRequest&, auto&) {
        return random.one_in(3) ? (random.one_in(2) ? Fate::DropRequest : Fate::ServeAndDrop)
                                : Fate::Serve;
    };
    ASSERT_TRUE(rig.restore(rig.job()));
    EXPECT_EQ(rig.store.restored.size(), 10u);
}

}  // namespace millrace::test
