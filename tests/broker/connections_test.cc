#include "millrace/broker/connections.h"

#include <gtest/gtest.h>

#include "millrace/wire/messages/heartbeat.h"

namespace millrace::broker {
namespace {

constexpr ConnectionId kOne{1};

wire::AnyRequest body() {
    return wire::AnyRequest::of(wire::HeartbeatRequest{}, 0);
}
wire::AnyResponse response() {
    return wire::AnyResponse::of(wire::HeartbeatResponse{}, 0);
}

struct ConnectionsTest : testing::Test {
    Connections connections;
    ConnectionsTest() { connections.opened({kOne, "/127.0.0.1", "PLAINTEXT", false}, {}); }
    void arrive(std::int32_t correlation) {
        connections.arrived(kOne, {correlation, "client", body()}, {});
    }
    std::vector<std::int32_t> answered() {
        std::vector<std::int32_t> correlations;
        for (const Respond& respond : connections.take_effects().respond)
            correlations.push_back(respond.correlation);
        return correlations;
    }
};

TEST_F(ConnectionsTest, TheNextRequestWaitsForTheAnswerBefore) {
    arrive(1);
    arrive(2);
    const auto first = connections.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->context->client_id, "client");
    EXPECT_FALSE(connections.next());
    connections.respond(first->token, response());
    EXPECT_TRUE(connections.next());
    EXPECT_EQ(answered(), std::vector{1});
}

TEST_F(ConnectionsTest, AnswersLeaveInTheOrderOfTheRequests) {
    arrive(1);
    arrive(2);
    arrive(3);
    const auto first = *connections.next();
    connections.release(first.token);
    const auto second = *connections.next();
    connections.release(second.token);
    const auto third = *connections.next();
    connections.respond(third.token, response());
    connections.respond(second.token, {});  // acks=0: no answer
    EXPECT_EQ(answered(), std::vector<std::int32_t>{});
    connections.respond(first.token, response());
    EXPECT_EQ(answered(), (std::vector{1, 3}));
}

TEST_F(ConnectionsTest, AnAnswerAfterTheEndGoesNowhere) {
    arrive(1);
    arrive(2);
    const auto first = *connections.next();
    connections.closed(kOne);
    EXPECT_TRUE(connections.knows(first.token));
    EXPECT_EQ(first.context->client_id, "client");  // lives until the answer
    connections.respond(first.token, response());
    EXPECT_FALSE(connections.next());
    EXPECT_TRUE(connections.take_effects().respond.empty());
    EXPECT_EQ(connections.open_count(), 0u);
}

TEST_F(ConnectionsTest, ManyUnansweredRequestsStopTheReading) {
    for (std::size_t i = 0; i < Connections::kQueuedMax; ++i) arrive(static_cast<std::int32_t>(i));
    auto mute = connections.take_effects().mute;
    ASSERT_EQ(mute.size(), 1u);
    EXPECT_TRUE(mute[0].muted);
    while (const auto request = connections.next()) connections.respond(request->token, response());
    mute = connections.take_effects().mute;
    ASSERT_EQ(mute.size(), 1u);
    EXPECT_FALSE(mute[0].muted);
}

TEST_F(ConnectionsTest, TheIdleAreClosedAndTheBusyAreNot) {
    const auto idle_max = std::chrono::seconds(10);
    EXPECT_EQ(connections.close_idle({Time{0} + std::chrono::seconds(9)}, idle_max),
              Time{0} + idle_max);
    connections.arrived(kOne, {1, "", body()}, {Time{0} + std::chrono::seconds(9)});
    const auto request = *connections.next();
    EXPECT_EQ(connections.close_idle({Time{0} + std::chrono::seconds(60)}, idle_max),
              Time::never());
    connections.respond(request.token, response());
    connections.close_idle({Time{0} + std::chrono::seconds(60)}, idle_max);
    EXPECT_EQ(connections.take_effects().close.size(), 1u);
    EXPECT_EQ(connections.open_from("/127.0.0.1"), 0u);
}

}  // namespace
}  // namespace millrace::broker
