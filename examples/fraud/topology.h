#pragma once
// Card payments in, alerts out. Three questions about one stream:
//   velocity     more than five payments of a card in one minute            -> alerts
//   enrichment   every payment with what is known of the card's holder      -> enriched
//   categories   payments per merchant category and minute (a repartition)  -> category-counts
#include <chrono>
#include <cstdint>
#include <string>

#include "millrace/dsl/streams.h"

namespace fraud {

struct Payment {   // key: card number
    std::string tx_id, merchant, category, channel;
    double amount = 0;
    std::string country, state;
};
struct Customer {   // key: card number
    std::string account, city, state, job_category;
    std::int64_t birth_year = 0;
};
struct Alert {
    std::string rule;
    std::int64_t payments = 0, window_start = 0;
};
struct Enriched {
    std::string tx_id, account, merchant;
    double amount = 0;
    std::string home_state;
    bool away = false;
};

inline auto add_to(millrace::StreamsBuilder& builder) {
    using namespace millrace;
    using namespace std::chrono_literals;

    auto payments = builder.stream<std::string, Payment>("payments");
    auto customers = builder.table<std::string, Customer>("customers");

    payments.group_by_key()
        .windowed_by(TimeWindows::of_size_and_grace(1min, 10s))
        .count(Materialized::as("payments-per-minute"))
        .to_stream()
        .filter([](std::int64_t n) { return n > 5; })
        .map([](const Windowed<std::string>& card, std::int64_t n) {
            return std::pair{card.key(), Alert{"velocity", n, card.window().start}};
        })
        .to("alerts");

    payments
        .join(customers, [](const Payment& p, const Customer& c) {
            return Enriched{p.tx_id, c.account, p.merchant, p.amount, c.state, p.state != c.state};
        })
        .to("enriched");

    // A replay reads the partitions at different speeds, so no minute of a category may close early: a long grace.
    payments.group_by([](const Payment& p) { return p.category; }, Grouped::as("by-category"))
        .windowed_by(TimeWindows::of_size_and_grace(1min, 24h * 30))
        .count(Materialized::as("category-per-minute"))
        .to_stream()
        .to("category-counts");

    return payments;
}

inline millrace::Topology topology() {
    millrace::StreamsBuilder builder;
    add_to(builder);
    return builder.build();
}

}  // namespace fraud
