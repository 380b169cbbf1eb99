#include <gtest/gtest.h>

#include "millrace/broker/quota/quotas.h"

namespace millrace::broker {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

wire::ClientQuotaRecord quota(std::vector<wire::ClientQuotaRecord::EntityData> entity,
                              const std::string& key, double value) {
    return {.entity = std::move(entity), .key = key, .value = value};
}

struct Rig {
    Quotas quotas{QuotaWindow{}};
    std::vector<wire::ClientQuotaRecord> records;
    Time at(Duration since_start) { return Time{} + since_start; }
    void set(wire::ClientQuotaRecord record) {
        records.push_back(std::move(record));
        std::vector<const wire::ClientQuotaRecord*> all;
        for (const auto& r : records) all.push_back(&r);
        quotas.replace(all);
    }
};

TEST(QuotaRate, IsOverTenSecondsAtLeastAndElevenAtMost) {
    QuotaRate rate;
    const QuotaWindow window;
    rate.record(20'000, Time{}, window);
    EXPECT_DOUBLE_EQ(rate.rate(Time{}, window), 2000);
    EXPECT_EQ(rate.throttle(1000, Time{}, window), seconds(10));
    EXPECT_EQ(rate.throttle(2000, Time{}, window), Duration{});
    EXPECT_DOUBLE_EQ(rate.rate(Time{} + milliseconds(10'500), window), 20'000 / 10.5);
    EXPECT_DOUBLE_EQ(rate.rate(Time{} + seconds(11), window), 0);
}

TEST(QuotaRate, SilenceForTheThrottleTimeBringsItBelow) {
    QuotaRate rate;
    const QuotaWindow window;
    Time now{};
    for (int i = 0; i < 40; ++i) {
        rate.record(700, now, window);
        now = now + milliseconds(250);
    }
    const Duration throttle = rate.throttle(1000, now, window);
    ASSERT_GT(throttle, Duration{});
    EXPECT_LE(rate.rate(now + throttle, window), 1000 * 1.2);
}

TEST(Quotas, TheMostExactEntityDecides) {
    const std::string key = "producer_byte_rate";
    Rig rig;
    const auto limit = [&](const char* client) {
        return rig.quotas.limit(QuotaKind::Produce, client).value_or(0);
    };
    EXPECT_FALSE(rig.quotas.any(QuotaKind::Produce));
    rig.set(quota({{"client-id", std::nullopt}}, key, 1));
    EXPECT_EQ(limit("a"), 1);
    rig.set(quota({{"client-id", "a"}}, key, 2));
    EXPECT_EQ(limit("a"), 2);
    rig.set(quota({{"user", std::nullopt}}, key, 3));
    rig.set(quota({{"user", std::nullopt}, {"client-id", std::nullopt}}, key, 4));
    EXPECT_EQ(limit("a"), 4);
    rig.set(quota({{"user", std::nullopt}, {"client-id", "a"}}, key, 5));
    EXPECT_EQ(limit("a"), 5);
    EXPECT_EQ(limit("b"), 4);
    rig.set(quota({{"user", "ANONYMOUS"}}, key, 6));
    EXPECT_EQ(limit("a"), 6);
    rig.set(quota({{"user", "ANONYMOUS"}, {"client-id", std::nullopt}}, key, 7));
    rig.set(quota({{"user", "ANONYMOUS"}, {"client-id", "a"}}, key, 8));
    EXPECT_EQ(limit("a"), 8);
    EXPECT_EQ(limit("b"), 7);
    EXPECT_EQ(rig.quotas.limit(QuotaKind::Fetch, "a"), std::nullopt);
    rig.set(quota({{"user", "else"}}, "consumer_byte_rate", 9));
    EXPECT_EQ(rig.quotas.limit(QuotaKind::Fetch, "a"), std::nullopt);
}

TEST(Quotas, ClientsOfAUserQuotaShareIt) {
    Rig rig;
    rig.set(quota({{"user", "ANONYMOUS"}}, "consumer_byte_rate", 1000));
    EXPECT_EQ(rig.quotas.record(QuotaKind::Fetch, "a", 8000, rig.at({})), Duration{});
    EXPECT_EQ(rig.quotas.record(QuotaKind::Fetch, "b", 4000, rig.at({})), seconds(2));
    rig.quotas.take_back(QuotaKind::Fetch, "b", 4000, rig.at({}));
    EXPECT_EQ(rig.quotas.record(QuotaKind::Fetch, "b", 2000, rig.at({})), Duration{});
    EXPECT_EQ(rig.quotas.window_bytes(QuotaKind::Fetch, "a"), 10'000u);
}

TEST(Quotas, ClientsOfAClientQuotaDoNot) {
    Rig rig;
    rig.set(quota({{"client-id", std::nullopt}}, "producer_byte_rate", 1000));
    EXPECT_EQ(rig.quotas.record(QuotaKind::Produce, "a", 10'000, rig.at({})), Duration{});
    EXPECT_EQ(rig.quotas.record(QuotaKind::Produce, "b", 10'000, rig.at({})), Duration{});
    EXPECT_EQ(rig.quotas.record(QuotaKind::Produce, "b", 1000, rig.at({})), seconds(1));
}

}  // namespace
}  // namespace millrace::broker
