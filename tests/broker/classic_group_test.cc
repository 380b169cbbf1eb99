// Classic groups as clients see them, on simulated time: a whole broker, one consumer a connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millrace/broker/broker_state.h"
#include "millrace/tests/broker/node.h"
#include "millrace/wire/messages/delete_groups.h"
#include "millrace/wire/messages/describe_groups.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/join_group.h"
#include "millrace/wire/messages/leave_group.h"
#include "millrace/wire/messages/list_groups.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_delete.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "millrace/wire/messages/sync_group.h"

namespace millrace::broker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Bytes subscription(const std::vector<std::string>& topics) {  // ConsumerProtocolSubscription v0
    ByteSink sink;
    append_be<std::int16_t>(sink, 0);
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(topics.size()));
    for (const std::string& topic : topics) {
        append_be<std::int16_t>(sink, static_cast<std::int16_t>(topic.size()));
        sink.append(topic);
    }
    append_be<std::int32_t>(sink, -1);
    return sink.to_bytes();
}

struct Client {
    ConnectionId connection{};
    std::string id;
    std::optional<std::string> instance;
    std::int32_t generation = -1;
    std::vector<std::string> protocols{"range"};
    std::vector<std::string> topics{"t"};
    std::int32_t session_ms = 10'000, rebalance_ms = 60'000;
    std::int32_t waiting = 0;  // correlation
};

struct ClassicGroupTest : testing::Test {
    static BrokerConfig config(const std::string& more = {}) {
        auto parsed = parse_broker_config(
            "log.dirs=/data\nlisteners=PLAINTEXT://127.0.0.1:9092\n"
            "offsets.topic.num.partitions=2\ntransaction.state.log.num.partitions=2\n"
            "offsets.retention.minutes=60\noffsets.retention.check.interval.ms=60000\n" +
            more);
        return std::move(parsed)->config;
    }
    testkit::SimDisk disk;
    Node node{disk, config()};

    void SetUp() override {
        node.create_topic("t", 4);
        wire::FindCoordinatorRequest find;
        find.coordinator_keys = {"g"};
        (void)node.call<wire::FindCoordinatorResponse>(node.connect(), find, 6);
    }
    Client client() { return {.connection = node.connect()}; }

    wire::JoinGroupRequest join_request(const Client& who) const {
        wire::JoinGroupRequest request;
        request.group_id = "g";
        request.member_id = who.id;
        request.group_instance_id = who.instance;
        request.session_timeout_ms = who.session_ms;
        request.rebalance_timeout_ms = who.rebalance_ms;
        request.protocol_type = "consumer";
        for (const std::string& protocol : who.protocols)
            request.protocols.push_back({protocol, subscription(who.topics)});
        return request;
    }
    wire::JoinGroupResponse join_now(const Client& who, std::int16_t version = 9) {
        return node.call<wire::JoinGroupResponse>(who.connection, join_request(who), version);
    }
    // The first half of a join: an id.
    void get_id(Client& who) {
        const auto response = join_now(who);
        EXPECT_EQ(response.error_code, ErrorCode::MemberIdRequired);
        who.id = response.member_id;
    }
    void ask(Client& who, std::int16_t version = 9) {
        if (who.id.empty() && !who.instance && version >= 4) get_id(who);
        who.waiting = node.send(who.connection, join_request(who), version);
        node.run();
    }
    std::optional<wire::JoinGroupResponse> joined(Client& who) {
        node.run();
        const auto response = node.take(who.connection, who.waiting);
        if (!response) return std::nullopt;
        auto result = response->as<wire::JoinGroupResponse>();
        who.id = result.member_id;
        if (result.error_code == ErrorCode::None) who.generation = result.generation_id;
        return result;
    }
    wire::SyncGroupRequest sync_request(const Client& who,
                                        const std::map<std::string, std::string>& assign) const {
        wire::SyncGroupRequest request;
        request.group_id = "g";
        request.member_id = who.id;
        request.group_instance_id = who.instance;
        request.generation_id = who.generation;
        request.protocol_type = "consumer";
        request.protocol_name = "range";
        for (const auto& [id, what] : assign)
            request.assignments.push_back({id, Bytes::copy(what)});
        return request;
    }
    wire::SyncGroupResponse sync(const Client& who,
                                 const std::map<std::string, std::string>& assign = {}) {
        return node.call<wire::SyncGroupResponse>(who.connection, sync_request(who, assign), 5);
    }
    ErrorCode beat(const Client& who) {
        wire::HeartbeatRequest request;
        request.group_id = "g";
        request.member_id = who.id;
        request.group_instance_id = who.instance;
        request.generation_id = who.generation;
        return node.call<wire::HeartbeatResponse>(who.connection, request, 4).error_code;
    }
    ErrorCode commit(const Client& who, std::int64_t offset) {
        wire::OffsetCommitRequest request;
        request.group_id = "g";
        request.member_id = who.id;
        request.group_instance_id = who.instance;
        request.generation_id_or_member_epoch = who.generation;
        request.topics.push_back(
            {.name = "t", .partitions = {{.partition_index = 0, .committed_offset = offset}}});
        return node.call<wire::OffsetCommitResponse>(who.connection, request, 9)
            .topics.at(0)
            .partitions.at(0)
            .error_code;
    }
    std::int64_t committed() {
        wire::OffsetFetchRequest request;
        request.groups = {{.group_id = "g"}};
        request.groups[0].topics->push_back({.name = "t", .partition_indexes = {0}});
        return node.call<wire::OffsetFetchResponse>(node.connect(), request, 9)
            .groups.at(0)
            .topics.at(0)
            .partitions.at(0)
            .committed_offset;
    }
    wire::DescribeGroupsResponse::DescribedGroup describe(std::int16_t version = 6) {
        wire::DescribeGroupsRequest request;
        request.groups = {"g"};
        return node.call<wire::DescribeGroupsResponse>(node.connect(), request, version)
            .groups.at(0);
    }
    std::string state() { return describe().group_state; }
    ErrorCode leave(const Client& who) {
        wire::LeaveGroupRequest request;
        request.group_id = "g";
        request.members = {{.member_id = who.id}};
        return node.call<wire::LeaveGroupResponse>(who.connection, request, 5)
            .members.at(0)
            .error_code;
    }
    // Both in one stable generation; `a` leads.
    void stable(Client& a, Client& b) {
        ask(a);
        ask(b);
        node.advance(6s);
        ASSERT_EQ(joined(a)->error_code, ErrorCode::None);
        ASSERT_EQ(joined(b)->error_code, ErrorCode::None);
        ASSERT_EQ(sync(a, {{a.id, "A"}, {b.id, "B"}}).error_code, ErrorCode::None);
        ASSERT_EQ(sync(b).error_code, ErrorCode::None);
        ASSERT_EQ(state(), "Stable");
    }
};

TEST_F(ClassicGroupTest, AnIdIsGivenFirst) {  // KIP-394
    Client a = client();
    get_id(a);
    EXPECT_THAT(a.id, testing::StartsWith("test-"));
    EXPECT_THAT(a.id, SizeIs(5 + 36));
    EXPECT_EQ(state(), "Empty");  // it takes no part yet
    // It must come back within its session.
    node.advance(11s);
    EXPECT_EQ(join_now(a).error_code, ErrorCode::UnknownMemberId);
    // Old clients, and static members, go straight in.
    Client old = client();
    ask(old, 3);
    node.advance(3s);
    EXPECT_EQ(joined(old)->generation_id, 1);
}

TEST_F(ClassicGroupTest, AnEmptyGroupWaitsForMore) {
    Client a = client(), b = client();
    ask(a);
    node.advance(2s);
    EXPECT_FALSE(joined(a));
    ask(b);            // prolongs the delay by 3 s
    node.advance(2s);  // past the first 3 s
    EXPECT_FALSE(joined(a));
    node.advance(2s);
    const auto leader = joined(a), follower = joined(b);
    ASSERT_TRUE(leader && follower);
    EXPECT_EQ(leader->leader, a.id);
    EXPECT_THAT(leader->members, SizeIs(2));
    EXPECT_THAT(follower->members, IsEmpty());
    EXPECT_EQ(follower->generation_id, 1);
    EXPECT_EQ(follower->protocol_name, "range");
    EXPECT_EQ(state(), "CompletingRebalance");
    EXPECT_EQ(beat(a), ErrorCode::None);

    // The follower waits for the leader's word.
    const std::int32_t waits = node.send(b.connection, sync_request(b, {}), 5);
    node.run();
    EXPECT_FALSE(node.take(b.connection, waits));
    EXPECT_EQ(commit(a, 1), ErrorCode::RebalanceInProgress);
    EXPECT_EQ(sync(a, {{a.id, "A"}, {b.id, "B"}}).assignment, Bytes::copy("A"));
    EXPECT_EQ(node.take(b.connection, waits)->as<wire::SyncGroupResponse>().assignment,
              Bytes::copy("B"));
    const auto described = describe();
    EXPECT_EQ(described.group_state, "Stable");
    EXPECT_EQ(described.protocol_data, "range");
    ASSERT_THAT(described.members, SizeIs(2));
    EXPECT_EQ(described.members[0].client_host, "/127.0.0.1");
    EXPECT_EQ(described.members[0].member_metadata, subscription({"t"}));
}

TEST_F(ClassicGroupTest, AnswersWaitForTheLog) {
    Client a = client();
    ask(a);
    node.advance(3s);
    ASSERT_TRUE(joined(a));
    node.hold_syncs = true;
    const std::int32_t waits = node.send(a.connection, sync_request(a, {{a.id, "A"}}), 5);
    node.run();
    EXPECT_FALSE(node.take(a.connection, waits));
    node.hold_syncs = false;
    node.run();
    EXPECT_EQ(node.take(a.connection, waits)->as<wire::SyncGroupResponse>().assignment,
              Bytes::copy("A"));
}

TEST_F(ClassicGroupTest, ANewMemberRebalances) {
    Client a = client(), b = client(), c = client();
    stable(a, b);
    ask(c);
    EXPECT_EQ(state(), "PreparingRebalance");
    EXPECT_EQ(beat(a), ErrorCode::RebalanceInProgress);
    EXPECT_EQ(sync(a).error_code, ErrorCode::RebalanceInProgress);
    EXPECT_EQ(commit(a, 7), ErrorCode::None);  // before it gives its partitions up
    ask(a);
    EXPECT_FALSE(joined(a));
    ask(b);
    EXPECT_THAT(joined(a)->members, SizeIs(3));
    EXPECT_EQ(joined(b)->generation_id, 2);
    EXPECT_EQ(joined(c)->generation_id, 2);
    Client zombie = a;
    zombie.generation = 1;
    EXPECT_EQ(commit(zombie, 8), ErrorCode::IllegalGeneration);
    EXPECT_EQ(beat(zombie), ErrorCode::IllegalGeneration);
    EXPECT_EQ(committed(), 7);
}

TEST_F(ClassicGroupTest, WhoDoesNotJoinAgainIsDropped) {
    Client a = client(), b = client(), c = client();
    a.rebalance_ms = b.rebalance_ms = c.rebalance_ms = 5'000;
    stable(a, b);
    ask(c);
    ask(b);
    node.advance(4s);
    EXPECT_FALSE(joined(b));
    node.advance(1s);
    EXPECT_EQ(joined(b)->error_code, ErrorCode::None);
    EXPECT_EQ(joined(c)->error_code, ErrorCode::None);
    EXPECT_EQ(beat(a), ErrorCode::UnknownMemberId);
    const auto described = describe();
    EXPECT_THAT(described.members, SizeIs(2));
}

TEST_F(ClassicGroupTest, WhoDoesNotSyncIsDropped) {
    Client a = client(), b = client();
    a.rebalance_ms = b.rebalance_ms = 5'000;
    ask(a);
    ask(b);
    node.advance(5s);
    ASSERT_TRUE(joined(a) && joined(b));
    ASSERT_EQ(sync(a, {{a.id, "A"}, {b.id, "B"}}).error_code, ErrorCode::None);
    node.advance(4s);
    EXPECT_EQ(beat(b), ErrorCode::None);  // it is there, it just does not ask
    node.advance(1s);
    EXPECT_EQ(beat(b), ErrorCode::UnknownMemberId);
    EXPECT_EQ(beat(a), ErrorCode::RebalanceInProgress);
}

TEST_F(ClassicGroupTest, ASessionThatEndsRebalances) {
    Client a = client(), b = client();
    stable(a, b);
    for (int i = 0; i < 3; ++i) {
        node.advance(4s);
        if (beat(a) == ErrorCode::RebalanceInProgress) break;
    }
    EXPECT_EQ(state(), "PreparingRebalance");
    ask(a);
    EXPECT_THAT(joined(a)->members, SizeIs(1));
    EXPECT_EQ(beat(b), ErrorCode::UnknownMemberId);
    // A member that waits for the end of a join needs no heartbeats.
    Client c = client();
    ask(c);
    node.advance(60s);
    EXPECT_EQ(joined(c)->error_code, ErrorCode::None);
}

TEST_F(ClassicGroupTest, LeavingIsAtOnce) {
    Client a = client(), b = client();
    stable(a, b);
    EXPECT_EQ(leave(b), ErrorCode::None);
    EXPECT_EQ(leave(b), ErrorCode::UnknownMemberId);  // of one member, not of the request
    EXPECT_EQ(beat(a), ErrorCode::RebalanceInProgress);
    EXPECT_EQ(leave(a), ErrorCode::None);
    EXPECT_EQ(state(), "Empty");
    EXPECT_EQ(commit({.connection = a.connection}, 5), ErrorCode::None);  // an administrator's
    wire::LeaveGroupRequest old;
    old.group_id = "g";
    old.member_id = "nobody";
    EXPECT_EQ(node.call<wire::LeaveGroupResponse>(a.connection, old, 1).error_code,
              ErrorCode::UnknownMemberId);
}

TEST_F(ClassicGroupTest, AStaticMemberComesBackWithoutARebalance) {  // KIP-345, KIP-814
    Client a = client(), b = client();
    a.instance = "one";
    b.instance = "two";
    stable(a, b);
    const std::string old_a = a.id, old_b = b.id;
    Client again = client();
    again.instance = "two";
    ask(again);
    const auto follower = joined(again);
    ASSERT_TRUE(follower);
    EXPECT_NE(again.id, old_b);
    EXPECT_EQ(follower->generation_id, 1);
    EXPECT_FALSE(follower->skip_assignment);
    EXPECT_EQ(sync(again).assignment, Bytes::copy("B"));
    EXPECT_EQ(beat(b), ErrorCode::FencedInstanceId);
    EXPECT_EQ(commit(b, 1), ErrorCode::FencedInstanceId);
    EXPECT_EQ(commit(again, 2), ErrorCode::None);
    // The leader, too: it is told to leave the assignment alone.
    Client leader = client();
    leader.instance = "one";
    ask(leader);
    const auto leads = joined(leader);
    ASSERT_TRUE(leads);
    EXPECT_TRUE(leads->skip_assignment);
    EXPECT_EQ(leads->leader, leader.id);
    EXPECT_THAT(leads->members, SizeIs(2));
    EXPECT_EQ(sync(leader).assignment, Bytes::copy("A"));
    // Before version 9 it is told that its former self leads, and so follows.
    Client older = client();
    older.instance = "one";
    ask(older, 8);
    const auto follows = joined(older);
    ASSERT_TRUE(follows);
    EXPECT_EQ(follows->leader, leader.id);
    EXPECT_THAT(follows->members, IsEmpty());
    EXPECT_EQ(state(), "Stable");
    // What they hold outlives the broker's restart.
    node.stop();
    node.start();
    older.connection = node.connect();
    EXPECT_EQ(sync(older).assignment, Bytes::copy("A"));
    // A change of what it speaks is a change for the group.
    Client other = client();
    other.instance = "two";
    other.protocols = {"range", "sticky"};
    ask(other);
    EXPECT_EQ(joined(other)->generation_id, 1);
    EXPECT_EQ(state(), "Stable");
}

TEST_F(ClassicGroupTest, AStaticMemberKeepsItsPlaceWhileItsSessionLasts) {
    Client a = client(), b = client(), c = client();
    a.instance = "one";
    a.session_ms = 30'000;
    a.rebalance_ms = b.rebalance_ms = c.rebalance_ms = 5'000;
    stable(a, b);
    ask(c);
    ask(b);
    node.advance(5s);
    EXPECT_EQ(joined(b)->generation_id, 2);
    EXPECT_THAT(joined(c)->leader, testing::AnyOf(b.id, c.id));  // `a` did not come
    EXPECT_THAT(describe().members, SizeIs(3));
    a.generation = 2;
    EXPECT_EQ(beat(a), ErrorCode::None);
}

TEST_F(ClassicGroupTest, TheProtocolIsWhatMostWant) {
    Client a = client(), b = client(), c = client(), d = client();
    a.protocols = {"range", "sticky"};
    b.protocols = c.protocols = {"sticky", "range"};
    d.protocols = {"roundrobin"};
    ask(a);
    ask(b);
    ask(c);
    EXPECT_EQ(join_now(d).error_code, ErrorCode::InconsistentGroupProtocol);
    node.advance(10s);
    EXPECT_EQ(joined(a)->protocol_name, "sticky");
    Client other = client();
    auto request = join_request(other);
    request.protocol_type = "connect";
    EXPECT_EQ(node.call<wire::JoinGroupResponse>(other.connection, request, 9).error_code,
              ErrorCode::InconsistentGroupProtocol);
    request.session_timeout_ms = 100;
    EXPECT_EQ(node.call<wire::JoinGroupResponse>(other.connection, request, 9).error_code,
              ErrorCode::InvalidSessionTimeout);
    request.group_id = "";
    EXPECT_EQ(node.call<wire::JoinGroupResponse>(other.connection, request, 9).error_code,
              ErrorCode::InvalidGroupId);
}

TEST_F(ClassicGroupTest, ARepeatedJoinGivesTheGenerationAgain) {
    Client a = client(), b = client();
    stable(a, b);
    ask(b);  // a follower that says nothing new
    EXPECT_EQ(joined(b)->generation_id, 1);
    EXPECT_EQ(state(), "Stable");
    EXPECT_EQ(sync(b).assignment, Bytes::copy("B"));
    ask(a);  // a leader wants another assignment
    EXPECT_EQ(state(), "PreparingRebalance");
    ask(b);
    EXPECT_EQ(joined(a)->generation_id, 2);
    EXPECT_EQ(joined(b)->generation_id, 2);
    ask(a);  // the answer was lost
    EXPECT_THAT(joined(a)->members, SizeIs(2));
    EXPECT_EQ(a.generation, 2);
    b.topics = {"t", "u"};  // another subscription
    ask(b);
    EXPECT_EQ(state(), "PreparingRebalance");
}

TEST_F(ClassicGroupTest, ARestartKeepsTheLastGeneration) {
    Client a = client(), b = client();
    stable(a, b);
    ASSERT_EQ(commit(a, 42), ErrorCode::None);
    node.crash(1);
    node.start();
    a.connection = node.connect();
    EXPECT_EQ(state(), "Stable");
    EXPECT_EQ(beat(a), ErrorCode::None);
    EXPECT_EQ(sync(a).assignment, Bytes::copy("A"));
    EXPECT_EQ(commit(a, 43), ErrorCode::None);
    node.advance(9s);
    EXPECT_EQ(beat(a), ErrorCode::None);
    node.advance(2s);  // `b` had a whole session from the start
    EXPECT_EQ(beat(a), ErrorCode::RebalanceInProgress);
    EXPECT_EQ(committed(), 43);
}

TEST_F(ClassicGroupTest, AGenerationThatWasNotWrittenIsForgotten) {
    Client a = client(), b = client(), c = client();
    stable(a, b);
    ask(c);
    ask(a);
    ask(b);
    ASSERT_EQ(joined(a)->generation_id, 2);
    node.crash(2);
    node.start();
    a.connection = node.connect();
    EXPECT_EQ(sync(a, {{a.id, "A"}}).error_code, ErrorCode::IllegalGeneration);
    a.generation = 1;
    EXPECT_EQ(beat(a), ErrorCode::None);
}

TEST_F(ClassicGroupTest, ListAndDescribe) {
    Client a = client(), b = client();
    stable(a, b);
    wire::OffsetCommitRequest simple;
    simple.group_id = "simple";
    simple.generation_id_or_member_epoch = -1;
    simple.topics.push_back(
        {.name = "t", .partitions = {{.partition_index = 0, .committed_offset = 5}}});
    (void)node.call<wire::OffsetCommitResponse>(a.connection, simple, 9);
    const auto list = [&](std::vector<std::string> states, std::vector<std::string> types) {
        wire::ListGroupsRequest request;
        request.states_filter = std::move(states);
        request.types_filter = std::move(types);
        std::vector<std::string> lines;
        for (const auto& group :
             node.call<wire::ListGroupsResponse>(a.connection, request, 5).groups)
            lines.push_back(group.group_id + " " + group.protocol_type + " " + group.group_state +
                            " " + group.group_type);
        std::ranges::sort(lines);
        return lines;
    };
    EXPECT_THAT(list({}, {}), ElementsAre("g consumer Stable classic", "simple  Empty classic"));
    EXPECT_THAT(list({"stable"}, {}), ElementsAre("g consumer Stable classic"));
    EXPECT_THAT(list({}, {"Classic"}), SizeIs(2));
    EXPECT_THAT(list({}, {"streams"}), IsEmpty());
    EXPECT_THAT(list({}, {"nonsense"}), IsEmpty());
    wire::DescribeGroupsRequest unknown;
    unknown.groups = {"no", "simple"};
    auto described = node.call<wire::DescribeGroupsResponse>(a.connection, unknown, 6).groups;
    EXPECT_EQ(described[0].error_code, ErrorCode::GroupIdNotFound);
    EXPECT_EQ(described[0].group_state, "Dead");
    EXPECT_EQ(described[1].group_state, "Empty");
    described = node.call<wire::DescribeGroupsResponse>(a.connection, unknown, 5).groups;
    EXPECT_EQ(described[0].error_code, ErrorCode::None);
    EXPECT_EQ(described[0].group_state, "Dead");
}

TEST_F(ClassicGroupTest, DeleteGroupsAndOffsets) {
    Client a = client(), b = client();
    stable(a, b);
    ASSERT_EQ(commit(a, 42), ErrorCode::None);
    const auto remove = [&] {
        wire::DeleteGroupsRequest request;
        request.groups_names = {"g"};
        return node.call<wire::DeleteGroupsResponse>(a.connection, request, 3)
            .results.at(0)
            .error_code;
    };
    const auto remove_offset = [&](const std::string& topic) {
        wire::OffsetDeleteRequest request;
        request.group_id = "g";
        request.topics = {{topic, {{0}}}};
        const auto response = node.call<wire::OffsetDeleteResponse>(a.connection, request, 0);
        return response.error_code != ErrorCode::None
                   ? response.error_code
                   : response.topics.at(0).partitions.at(0).error_code;
    };
    EXPECT_EQ(remove(), ErrorCode::NonEmptyGroup);
    EXPECT_EQ(remove_offset("t"), ErrorCode::GroupSubscribedToTopic);
    EXPECT_EQ(remove_offset("nowhere"), ErrorCode::UnknownTopicOrPartition);
    (void)leave(a);
    (void)leave(b);
    EXPECT_EQ(remove_offset("t"), ErrorCode::None);
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(commit({.connection = a.connection}, 5), ErrorCode::None);
    EXPECT_EQ(remove(), ErrorCode::None);
    EXPECT_EQ(remove(), ErrorCode::GroupIdNotFound);
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(remove_offset("t"), ErrorCode::GroupIdNotFound);
    node.crash(3);
    node.start();
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(describe().error_code, ErrorCode::GroupIdNotFound);
}

TEST_F(ClassicGroupTest, OffsetsExpireByTheStateOfTheirGroup) {
    Client a = client();
    a.session_ms = 1'800'000;
    ask(a);
    node.advance(3s);
    ASSERT_TRUE(joined(a));
    ASSERT_EQ(sync(a, {{a.id, "A"}}).error_code, ErrorCode::None);
    ASSERT_EQ(commit(a, 42), ErrorCode::None);
    for (int beats = 0; beats < 9; ++beats) {  // three hours of a group that reads the topic
        node.advance(20min);
        a.connection = node.connect();  // idle ones are closed
        ASSERT_EQ(beat(a), ErrorCode::None) << beats;
    }
    EXPECT_EQ(committed(), 42);
    (void)leave(a);
    node.advance(50min);
    EXPECT_EQ(committed(), 42);  // since the group is empty, not since the commit
    node.advance(12min);
    EXPECT_EQ(committed(), -1);
    EXPECT_EQ(describe().error_code, ErrorCode::GroupIdNotFound);
}

TEST(ClassicGroup, AFullGroupTakesNobody) {
    testkit::SimDisk disk;
    Node node{disk, ClassicGroupTest::config("group.max.size=1\n"
                                             "group.initial.rebalance.delay.ms=0\n")};
    wire::FindCoordinatorRequest find;
    find.coordinator_keys = {"g"};
    (void)node.call<wire::FindCoordinatorResponse>(node.connect(), find, 6);
    wire::JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 10'000;
    request.protocol_type = "consumer";
    request.protocols = {{"range", subscription({"t"})}};
    const auto first = node.call<wire::JoinGroupResponse>(node.connect(), request, 3);
    EXPECT_EQ(first.error_code, ErrorCode::None);  // at once: there is no initial delay
    EXPECT_EQ(first.generation_id, 1);
    const auto second = node.call<wire::JoinGroupResponse>(node.connect(), request, 3);
    EXPECT_EQ(second.error_code, ErrorCode::GroupMaxSizeReached);
}

}  // namespace
}  // namespace millrace::broker
