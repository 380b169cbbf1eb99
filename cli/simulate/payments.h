#pragma once
// Made-up payments of a few cards, and news of their holders. Event time runs in moods: fast, so
// slow that a minute lasts through crashes and restarts, late records for windows just closed,
// records on the very borders of window and grace, jumps. What an operator's clock or a store
// forgot shows in what is late and what is counted.
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "millrace/base/random.h"
#include "millrace/testkit/sim/client_process.h"

namespace millrace::simulate {

class Payments {
public:
    Payments(std::uint64_t seed, std::int32_t partitions)
        : random_(seed),
          partitions_(partitions),
          observed_(static_cast<std::size_t>(partitions), 0) {}
    std::optional<sim::FeedRecord> next();  // the customers first; endless until stop()
    void stop() { stopped_ = true; }
    // Once more a payment of each card, merchant and a good part of the minutes there were: what
    // the stores hold shows.
    void sweep();
    std::uint64_t made() const { return made_; }
    static bool constant_customer(
        const std::string& card);  // there from the beginning, and never deleted

private:
    enum class Mood : std::uint8_t { Fast, Slow, Late, Border };
    struct Made {
        std::uint64_t card;
        std::int64_t at;
    };
    sim::FeedRecord customer(std::uint64_t who, bool deleted);
    sim::FeedRecord payment(std::uint64_t who, std::int64_t at, std::uint64_t merchant);
    void next_mood();
    sim::FeedRecord in_mood();
    sim::FeedRecord late();
    sim::FeedRecord border();

    Random random_;
    std::int32_t partitions_;
    std::vector<std::int64_t> observed_;  // per partition
    std::int64_t now_ = 1'770'000'000'000;
    std::uint64_t made_ = 0, customers_ = 0, versions_ = 0;
    Mood mood_ = Mood::Fast;
    std::uint64_t mood_left_ = 60;
    std::int64_t pace_ms_ = 30;  // of the slow mood
    int burst_ = 0;
    std::uint64_t burst_card_ = 0;
    std::deque<Made> recent_;
    std::deque<sim::FeedRecord> queued_;
    bool stopped_ = false;
};

}  // namespace millrace::simulate
