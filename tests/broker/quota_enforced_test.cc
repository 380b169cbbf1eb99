// Who is above a quota is answered at once, told for how long, and not read meanwhile (KIP-219).
#include "millrace/tests/broker/node.h"
#include "millrace/wire/messages/alter_client_quotas.h"

namespace millrace::broker {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

struct QuotaNode {
    testkit::SimDisk disk;
    Node node{disk};
    ConnectionId client = node.connect();

    void set(const std::string& key, double value, bool remove = false) {
        wire::AlterClientQuotasRequest request;
        auto& entry = request.entries.emplace_back();
        entry.entity.push_back({"client-id", std::nullopt});
        entry.ops.push_back({key, value, remove});
        const auto response =
            node.call<wire::AlterClientQuotasResponse>(node.connect(), std::move(request), 1);
        ASSERT_EQ(response.entries.at(0).error_code, ErrorCode::None);
    }
    std::optional<wire::ProduceResponse> produce(std::size_t bytes) {
        const std::int32_t id = next_++;
        node.step(RequestArrived{client, id, "test",
                                 wire::AnyRequest::of(Node::produce("t", node.batch({"v"})), 9),
                                 bytes});
        node.run();
        return take<wire::ProduceResponse>(id);
    }
    std::optional<wire::FetchResponse> fetch(std::int64_t offset) {
        const std::int32_t id = next_++;
        node.step(RequestArrived{client, id, "test",
                                 wire::AnyRequest::of(Node::fetch("t", offset), 11), 100});
        node.run();
        return take<wire::FetchResponse>(id);
    }
    template <class R>
    std::optional<R> take(std::int32_t id) {
        const auto response = node.take(client, id);
        if (!response) return std::nullopt;
        return response->as<R>();
    }
    std::int32_t last() const { return next_ - 1; }
    std::int32_t next_ = 100'000;
};

TEST(QuotasEnforced, AProducerAboveItsRateIsAnsweredAndThenNotHeard) {
    QuotaNode q;
    q.node.create_topic("t");
    q.set("producer_byte_rate", 1000);
    const auto first = q.produce(9000);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->throttle_time_ms, 0);
    const auto second = q.produce(3000);  // 12,000 in ten seconds: 200 a second too many
    ASSERT_TRUE(second);
    EXPECT_EQ(second->throttle_time_ms, 2000);
    EXPECT_EQ(second->responses.at(0).partition_responses.at(0).base_offset, 1);
    EXPECT_FALSE(q.produce(1));
    q.node.advance(milliseconds(1999));
    EXPECT_FALSE(q.take<wire::ProduceResponse>(q.last()));
    q.node.advance(milliseconds(1));
    q.node.run();
    EXPECT_TRUE(q.take<wire::ProduceResponse>(q.last()));
}

TEST(QuotasEnforced, ConnectionsOfOthersAreNotTouched) {
    QuotaNode q;
    q.node.create_topic("t");
    q.set("producer_byte_rate", 1000);
    ASSERT_GT(q.produce(100'000)->throttle_time_ms, 0);
    QuotaNode* const throttled = &q;
    EXPECT_FALSE(throttled->produce(1));
    q.client = q.node.connect();  // the same client id, another connection: it may ask, and is told
    const auto again = q.produce(1);
    ASSERT_TRUE(again);
    EXPECT_GT(again->throttle_time_ms, 0);
}

TEST(QuotasEnforced, AThrottledFetchBringsNothingAndCostsNothing) {
    QuotaNode q;
    q.node.create_topic("t");
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(q.produce(1));
    q.set("consumer_byte_rate", 12);
    const auto first = q.fetch(0);  // no more than the window of ten seconds holds: one batch
    ASSERT_TRUE(first);
    EXPECT_EQ(first->throttle_time_ms, 0);
    const std::size_t got = Node::values(*first).size();
    EXPECT_GE(got, 1u);
    EXPECT_LT(got, 4u);
    const auto second = q.fetch(static_cast<std::int64_t>(got));
    ASSERT_TRUE(second);
    EXPECT_GT(second->throttle_time_ms, 0);
    EXPECT_TRUE(Node::values(*second).empty());
    q.node.advance(milliseconds(second->throttle_time_ms));
    q.node.advance(seconds(11));
    const auto third = q.fetch(static_cast<std::int64_t>(got));
    ASSERT_TRUE(third);
    EXPECT_FALSE(Node::values(*third).empty());
}

TEST(QuotasEnforced, ARemovedQuotaIsNone) {
    QuotaNode q;
    q.node.create_topic("t");
    q.set("producer_byte_rate", 1);
    q.set("producer_byte_rate", 1, true);
    const auto response = q.produce(1'000'000);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->throttle_time_ms, 0);
}

}  // namespace
}  // namespace millrace::broker
