#include "millrace/cli/simulate/payments.h"

#include "millrace/base/hash.h"

namespace millrace::simulate {

namespace {
constexpr std::uint64_t kCards = 24, kCustomers = 18;   // 18: whole batches of the feeder, so that no payment is fed beside the last customer
constexpr const char* kCategories[] = {"grocery", "fuel", "travel", "games"};

std::string card(std::uint64_t n) { return "99990000000" + std::to_string(10000 + n); }
}  // namespace

std::optional<sim::FeedRecord> Payments::next() {
    if (customers_ < kCustomers) {
        const std::string key = card(customers_++);
        return sim::FeedRecord{"customers", partition_for_key(as_bytes(key), partitions_), key,
                               "{\"account\":\"A" + std::to_string(customers_) + "\",\"city\":\"C\",\"state\":\"S" +
                                   std::to_string(customers_ % 3) + "\",\"job_category\":\"J\",\"birth_year\":1980}",
                               1'769'900'000'000};
    }
    if (stopped_) return std::nullopt;
    if (burst_ == 0 && random_.one_in(12)) {
        burst_ = 5 + static_cast<int>(random_.below(6));
        burst_card_ = random_.below(kCards);
    }
    std::uint64_t who = random_.below(kCards);
    if (burst_ > 0) {
        --burst_;
        who = burst_card_;
        now_ += random_.between(100, 2'500);
    } else {
        now_ += random_.between(500, 6'000);
    }
    std::int64_t at = now_;
    if (random_.one_in(6)) at -= random_.between(0, 9'000);      // out of order, within the grace
    if (random_.one_in(20)) at -= random_.between(60'000, 200'000);   // late
    const std::string key = card(who);
    const std::string value = "{\"tx_id\":\"T" + std::to_string(made_++) + "\",\"merchant\":\"M" +
                              std::to_string(random_.below(50)) + "\",\"category\":\"" + kCategories[random_.below(4)] +
                              "\",\"channel\":\"net\",\"amount\":" + std::to_string(random_.between(1, 900)) +
                              ",\"country\":\"US\",\"state\":\"S" + std::to_string(random_.below(3)) + "\"}";
    return sim::FeedRecord{"payments", partition_for_key(as_bytes(key), partitions_), key, value, at};
}

}  // namespace millrace::simulate
