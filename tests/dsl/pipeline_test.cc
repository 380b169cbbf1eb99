// The example of the design page, end to end in the topology test driver.
#include <gtest/gtest.h>

#include "millrace/dsl/streams.h"
#include "millrace/testkit/topology_test_driver.h"

namespace millrace {
namespace {

struct Payment {
    std::string merchant;
    double amount = 0;
    std::string country;
};
struct Alert {
    std::string rule;
    std::int64_t payments = 0;
};

TEST(Pipeline, CountsPaymentsPerMinuteAndAlerts) {
    using namespace std::chrono_literals;
    StreamsBuilder builder;
    auto payments = builder.stream<std::string, Payment>("payments");
    payments.filter([](const Payment& p) { return p.amount > 0; })
        .group_by_key()
        .windowed_by(TimeWindows::of_size_and_grace(1min, 10s))
        .count(Materialized::as("payments-per-minute"))
        .to_stream()
        .filter([](std::int64_t n) { return n > 5; })
        .map([](const Windowed<std::string>& card, std::int64_t n) {
            return std::pair{card.key(), Alert{"velocity", n}};
        })
        .to("alerts");
    TopologyTestDriver driver(builder.build());
    auto in = driver.input_topic<std::string, Payment>("payments");
    auto out = driver.output_topic<std::string, Alert>("alerts");

    for (int i = 0; i < 5; ++i) in.pipe("card", Payment{"m", 1.5, "NL"}, Timestamp{1000 + i});
    in.pipe("card", Payment{"m", -1, "NL"}, Timestamp{1010});
    EXPECT_TRUE(out.empty());
    in.pipe("card", Payment{"m", 2, "NL"}, Timestamp{1020});

    const auto alert = out.read();
    ASSERT_TRUE(alert);
    EXPECT_EQ(alert->key, "card");
    EXPECT_EQ(alert->value->payments, 6);
    EXPECT_EQ(alert->timestamp, Timestamp{1020});
    EXPECT_EQ(driver.records("alerts").front().value, R"({"rule":"velocity","payments":6})");
    EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace millrace
