#include "millrace/client/admin.h"
#include "millrace/client/streams_keep_alive.h"
#include "millrace/client/streams_member.h"
#include "millrace/tests/client/rig.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/metadata.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"

namespace millrace::test {

using wire::ApiKey;

TEST(Cluster, NegotiatesDownWithAnOldBroker) {
    Rig rig;
    rig.broker.create_topic("t", 1);
    std::vector<std::int16_t> tried;
    rig.broker.intercept = [&](const wire::AnyRequest& r, std::optional<wire::AnyResponse>& a) {
        if (r.key() != ApiKey::ApiVersions) return Fate::Serve;
        tried.push_back(r.version());
        if (r.version() <= 2) return Fate::Serve;
        wire::ApiVersionsResponse response;  // as version 0, with the range of ApiVersions itself
        response.error_code = ErrorCode::UnsupportedVersion;
        response.api_keys.push_back({18, 0, 2});
        a = wire::AnyResponse::of(std::move(response), 0);
        return Fate::Answered;
    };
    rig.cluster.want_topic("t");
    ASSERT_TRUE(rig.until([&] { return rig.cluster.topic("t") != nullptr; }));
    EXPECT_EQ(tried, (std::vector<std::int16_t>{4, 2}));
}

TEST(Cluster, NamesTheApiThatABrokerLacks) {
    Rig rig;
    rig.broker.create_topic("t", 1);
    rig.broker.intercept = [&](const wire::AnyRequest& r, std::optional<wire::AnyResponse>& a) {
        if (r.key() != ApiKey::ApiVersions) return Fate::Serve;
        wire::ApiVersionsResponse response;
        for (const wire::Api& api : wire::apis())
            if (api.key != ApiKey::StreamsGroupHeartbeat)
                response.api_keys.push_back(
                    {static_cast<std::int16_t>(api.key), api.version_min, api.version_max});
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    StreamsMember member(rig.cluster, {.group_id = "g", .member_id = "m"}, rig.log);
    member.join();
    rig.cluster.want_topic("t");
    ASSERT_TRUE(rig.until([&] {
        member.poll();
        return member.fatal().has_value();
    }));
    EXPECT_NE(member.fatal()->detail.find("StreamsGroupHeartbeat"), std::string::npos)
        << member.fatal()->detail;
}

TEST(Cluster, TriesTheBootstrapListInTurn) {
    NullLog log;
    Cluster cluster({.bootstrap = {{"dead", 1}, {"alive", 2}}}, log);
    Now now{Time{1}, Timestamp{1}};
    cluster.at(now);
    cluster.want_topic("t");
    std::set<std::string> tried;
    for (int i = 0; i < 6; ++i) {
        cluster.tick(now);
        Effects effects;
        cluster.drain(effects);
        for (const LinkEffect& effect : effects.links)
            if (const OpenLink* open = std::get_if<OpenLink>(&effect)) {
                tried.insert(open->address.host);
                cluster.step(LinkClosed{open->link, "refused"}, now);
            }
        now.time = now.time + std::chrono::seconds(2);
    }
    EXPECT_EQ(tried, (std::set<std::string>{"dead", "alive"}));
    EXPECT_NE(cluster.describe_trouble().find("refused"), std::string::npos);
}

TEST(Cluster, FindsTheCoordinatorAgainAfterItMoved) {
    Rig rig;
    rig.broker.create_topic("t", 1);
    rig.producer.topic("t");
    int finds = 0;
    rig.broker.intercept = [&](const wire::AnyRequest& r, std::optional<wire::AnyResponse>& a) {
        if (r.key() != ApiKey::FindCoordinator) return Fate::Serve;
        if (++finds > 3) return Fate::Serve;
        wire::FindCoordinatorResponse response;
        auto& c = response.coordinators.emplace_back();
        c.key = r.as<wire::FindCoordinatorRequest>().coordinator_keys[0];
        c.node_id = -1;
        c.error_code = ErrorCode::CoordinatorNotAvailable;
        a = wire::AnyResponse::of(std::move(response), r.version());
        return Fate::Answered;
    };
    bool known = false;
    Scope scope;
    fetch_committed(
        rig.cluster, scope,
        [] {
            return GroupMetadata{"g", "", -1, {}};
        },
        {{"t", 0}},
        [&](Result<std::map<TopicPartition, CommittedOffset>> r) {
            known = r.has_value() && r->empty();
        });
    ASSERT_TRUE(rig.until([&] { return known; }));
    EXPECT_EQ(finds, 4);
}

TEST(Cluster, AnUnansweredRequestClosesTheLinkAndGoesAgain) {
    Rig rig;
    rig.broker.create_topic("t", 1);
    int n = 0;
    rig.broker.intercept = [&](const wire::AnyRequest& r, auto&) {
        return r.key() == ApiKey::Metadata && ++n == 1 ? Fate::Hang : Fate::Serve;
    };
    rig.cluster.want_topic("t");
    ASSERT_TRUE(
        rig.until([&] { return rig.cluster.topic("t") != nullptr; }, std::chrono::minutes(2)));
    EXPECT_GT(rig.pump.now().time.value(), 30'000'000'000);
}

TEST(Cluster, AScopeThatEndedHearsNothing) {
    Rig rig;
    rig.broker.create_topic("t", 1);
    rig.cluster.want_topic("t");
    ASSERT_TRUE(rig.until([&] { return rig.cluster.topic("t") != nullptr; }));
    int heard = 0;
    {
        Scope scope;
        list_offsets(rig.cluster, scope, {{"t", 0}}, kLatest, true, [&](auto) { ++heard; });
    }
    rig.until([] { return false; }, std::chrono::seconds(1));
    EXPECT_EQ(heard, 0);
}

struct MemberRig : Rig {
    StreamsMember member{cluster, {.group_id = "g", .member_id = "m1", .process_id = "p"}, log};
    MemberRig() { member.join(); }
    bool wait(const std::function<bool()>& done, Duration limit = std::chrono::seconds(30)) {
        return until(
            [&] {
                member.poll();
                Effects effects;
                cluster.drain(effects);
                effects.wake(member.next_due());
                pump.carry_out(effects);
                return done();
            },
            limit);
    }
};

TEST(StreamsMember, TakesAndReportsTasks) {
    MemberRig rig;
    rig.broker.assign("m1", {"0_0", "0_1"});
    ASSERT_TRUE(rig.wait([&] { return rig.member.assigned().size() == 1; }));
    EXPECT_EQ(rig.member.assigned(), (TaskSet{{"0", {0, 1}}}));
    rig.member.set_owned(rig.member.assigned());
    ASSERT_TRUE(rig.wait([&] { return rig.broker.owned("m1").size() == 2; }));
    rig.broker.assign("m1", {"0_1"});
    ASSERT_TRUE(rig.wait([&] { return rig.member.assigned() == TaskSet{{"0", {1}}}; }));
    EXPECT_GT(rig.member.group().epoch, 1);
}

TEST(StreamsMember, IsToldOnceThatItWasFencedAndJoinsAgain) {
    MemberRig rig;
    rig.broker.assign("m1", {"0_0"});
    ASSERT_TRUE(rig.wait([&] { return rig.member.joined(); }));
    rig.broker.fence("m1");
    ASSERT_TRUE(rig.wait([&] { return rig.member.take_fenced(); }));
    EXPECT_FALSE(rig.member.take_fenced());
    EXPECT_TRUE(rig.member.assigned().empty());
    EXPECT_EQ(rig.member.group().epoch, -1);
    rig.member.join();
    ASSERT_TRUE(rig.wait([&] { return rig.member.assigned().size() == 1; }));
}

TEST(StreamsMember, LeavesOnceAndSurvivesLostHeartbeats) {
    MemberRig rig;
    Random random(3);
    rig.broker.assign("m1", {"0_0"});
    rig.broker.intercept = [&](const wire::AnyRequest& r, auto&) {
        if (r.key() != ApiKey::StreamsGroupHeartbeat || !random.one_in(3)) return Fate::Serve;
        return random.one_in(2) ? Fate::DropRequest : Fate::ServeAndDrop;
    };
    ASSERT_TRUE(rig.wait([&] { return rig.member.assigned().size() == 1; }));
    rig.member.set_owned(rig.member.assigned());
    ASSERT_TRUE(rig.wait([&] { return rig.broker.owned("m1").size() == 1; }));
    rig.broker.intercept = nullptr;
    rig.member.leave();
    ASSERT_TRUE(rig.wait([&] { return rig.member.left(); }));
    EXPECT_TRUE(rig.broker.owned("m1").empty());
}

// The member is not polled: its thread is inside user code.
TEST(StreamsKeepAlive, SpeaksForAMemberThatIsHeldUntilPatienceEnds) {
    MemberRig rig;
    rig.broker.assign("m1", {"0_0", "0_1"});
    ASSERT_TRUE(rig.wait([&] { return rig.member.assigned().size() == 1; }));
    rig.member.set_owned(rig.member.assigned());
    ASSERT_TRUE(rig.wait([&] { return rig.broker.owned("m1").size() == 2 && rig.member.joined(); }));
    const Time held_at = rig.pump.now().time;
    const MemberPulse pulse = rig.member.pulse();
    const std::int32_t epoch = rig.member.group().epoch;
    StreamsKeepAlive keep_alive(rig.cluster, "g", std::chrono::seconds(60));
    const auto held_until = [&](Duration end) {
        rig.until([&] {
            keep_alive.watch(pulse, held_at);
            keep_alive.poll();
            Effects effects;
            rig.cluster.drain(effects);
            effects.wake(std::min(keep_alive.next_due(), held_at + end));
            rig.pump.carry_out(effects);
            return rig.pump.now().time >= held_at + end;
        }, std::chrono::minutes(10));
    };

    held_until(pulse.interval);
    EXPECT_EQ(keep_alive.sent(), 0u) << "the member itself is not yet late";
    held_until(std::chrono::seconds(20));
    EXPECT_GE(keep_alive.sent(), 2u);
    rig.broker.assign("m1", {"0_1"});
    held_until(std::chrono::seconds(120));
    const std::uint64_t sent = keep_alive.sent();
    EXPECT_LE(sent, std::chrono::seconds(60) / pulse.interval);
    held_until(std::chrono::seconds(300));
    EXPECT_EQ(keep_alive.sent(), sent) << "patience has ended: it does not hide from max.poll.interval.ms";

    const auto answer = keep_alive.take_answer();
    ASSERT_TRUE(answer.has_value());
    rig.member.kept_alive(*answer);
    EXPECT_EQ(rig.member.assigned(), (TaskSet{{"0", {1}}}));
    EXPECT_GE(rig.member.group().epoch, epoch);
    rig.member.set_owned(rig.member.assigned());
    ASSERT_TRUE(rig.wait([&] { return rig.broker.owned("m1").size() == 1; }));
    EXPECT_FALSE(rig.member.take_fenced());
}

}  // namespace millrace::test
