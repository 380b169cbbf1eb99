#pragma once
// Made-up payments of a few cards: bursts for velocity, out-of-order and late rows, cards that are no customers.
#include <cstdint>
#include <optional>

#include "millrace/base/random.h"
#include "millrace/testkit/sim/client_process.h"

namespace millrace::simulate {

class Payments {
public:
    Payments(std::uint64_t seed, std::int32_t partitions) : random_(seed), partitions_(partitions) {}
    std::optional<sim::FeedRecord> next();   // the customers first; endless until stop()
    void stop() { stopped_ = true; }
    std::uint64_t made() const { return made_; }

private:
    Random random_;
    std::int32_t partitions_;
    std::int64_t now_ = 1'770'000'000'000;
    std::uint64_t made_ = 0, customers_ = 0;
    int burst_ = 0;
    std::uint64_t burst_card_ = 0;
    bool stopped_ = false;
};

}  // namespace millrace::simulate
