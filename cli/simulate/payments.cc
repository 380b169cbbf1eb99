#include "millrace/cli/simulate/payments.h"

#include <algorithm>

#include "millrace/base/hash.h"

namespace millrace::simulate {

namespace {
constexpr std::uint64_t kCards = 24, kMerchants = 40;
constexpr std::uint64_t kCustomers =
    18;  // whole batches of the feeder: no payment is fed beside the last customer
constexpr std::uint64_t kConstant = 16;  // of them are never deleted
constexpr std::int64_t kWindow = 60'000, kGrace = 10'000;
constexpr const char* kCategories[] = {"grocery", "fuel", "travel", "games"};

std::string card(std::uint64_t n) {
    return "99990000000" + std::to_string(10000 + n);
}
}  // namespace

bool Payments::constant_customer(const std::string& key) {
    return key < card(kConstant);
}

sim::FeedRecord Payments::customer(std::uint64_t who, bool deleted) {
    const std::string key = card(who), version = std::to_string(++versions_);
    sim::FeedRecord record{
        "customers", partition_for_key(as_bytes(key), partitions_), key, {}, 1'769'900'000'000};
    record.deletes = deleted;
    if (!deleted)
        record.value = "{\"account\":\"A" + std::to_string(who) + 'v' + version +
                       "\",\"city\":\"C\",\"state\":\"S" + std::to_string(who % 3) +
                       "\",\"job_category\":\"J\",\"birth_year\":1980}";
    return record;
}

sim::FeedRecord Payments::payment(std::uint64_t who, std::int64_t at, std::uint64_t merchant) {
    const std::string key = card(who);
    const std::string value =
        "{\"tx_id\":\"T" + std::to_string(made_++) + "\",\"merchant\":\"M" +
        std::to_string(merchant) + "\",\"category\":\"" + kCategories[random_.below(4)] +
        "\",\"channel\":\"net\",\"amount\":" + std::to_string(random_.between(1, 900)) +
        ",\"country\":\"US\",\"state\":\"S" + std::to_string(random_.below(3)) + "\"}";
    const std::int32_t partition = partition_for_key(as_bytes(key), partitions_);
    std::int64_t& observed = observed_[static_cast<std::size_t>(partition)];
    observed = std::max(observed, at);
    recent_.push_back({who, at});
    if (recent_.size() > 400) recent_.pop_front();
    return sim::FeedRecord{"payments", partition, key, value, at};
}

std::optional<sim::FeedRecord> Payments::next() {
    if (customers_ < kCustomers) return customer(customers_++, false);
    if (!queued_.empty()) {
        sim::FeedRecord first = std::move(queued_.front());
        queued_.pop_front();
        return first;
    }
    if (stopped_) return std::nullopt;
    if (random_.one_in(60)) {
        const std::uint64_t who = random_.below(kCards);
        return customer(who, who >= kConstant && random_.one_in(2));
    }
    if (mood_left_-- == 0) next_mood();
    return in_mood();
}

void Payments::next_mood() {
    static constexpr Mood kMoods[] = {Mood::Fast, Mood::Fast, Mood::Slow,  Mood::Slow,
                                      Mood::Slow, Mood::Late, Mood::Border};
    mood_ = kMoods[random_.below(std::size(kMoods))];
    mood_left_ = mood_ == Mood::Slow   ? random_.below(900) + 100
                 : mood_ == Mood::Late ? random_.below(250) + 20
                                       : random_.below(120) + 10;
    pace_ms_ = random_.between(2, 120);
    if (random_.one_in(6)) now_ += random_.between(60'000, 900'000);
}

sim::FeedRecord Payments::in_mood() {
    if (mood_ == Mood::Late && !random_.one_in(5)) return late();
    if (mood_ == Mood::Border && random_.one_in(2)) return border();
    if (burst_ == 0 && random_.one_in(12)) {
        burst_ = 5 + static_cast<int>(random_.below(6));
        burst_card_ = random_.below(kCards);
    }
    const bool slow = mood_ == Mood::Slow || mood_ == Mood::Late;
    std::uint64_t who = random_.below(kCards);
    if (burst_ > 0) {
        --burst_;
        who = burst_card_;
    }
    now_ += slow         ? random_.between(0, 2 * pace_ms_)
            : burst_ > 0 ? random_.between(100, 2'500)
                         : random_.between(500, 6'000);
    std::int64_t at = now_;
    if (random_.one_in(6)) at -= random_.between(0, 9'000);  // out of order, within the grace
    if (random_.one_in(20)) at -= random_.between(60'000, 200'000);  // late, or nearly
    if (random_.one_in(40)) at -= random_.between(0, 7'200'000);     // of a minute long past
    return payment(who, at, random_.below(kMerchants));
}

// Into a window that is closed and not yet forgotten, of a card that has payments there.
sim::FeedRecord Payments::late() {
    for (int tries = 0; tries < 20 && !recent_.empty(); ++tries) {
        const Made made = recent_[random_.below(recent_.size())];
        const std::int32_t partition = partition_for_key(as_bytes(card(made.card)), partitions_);
        const std::int64_t end = made.at / kWindow * kWindow + kWindow;
        const std::int64_t closed_since =
            observed_[static_cast<std::size_t>(partition)] - kGrace - end;
        if (closed_since >= 0 && closed_since < kWindow)
            return payment(made.card, made.at, random_.below(kMerchants));
    }
    return payment(random_.below(kCards), now_ - random_.between(70'000, 130'000),
                   random_.below(kMerchants));
}

// The partition's clock is moved to where a window's grace ends, or a millisecond beside it; then
// come records at both ends of that window and the next.
sim::FeedRecord Payments::border() {
    const std::uint64_t who = random_.below(kCards);
    const std::int64_t end = (now_ / kWindow + 1) * kWindow;  // of the window that now_ is in
    now_ = end + kGrace + random_.between(-1, 1);
    sim::FeedRecord first = payment(who, now_, random_.below(kMerchants));
    for (const std::int64_t at : {end - 1, end, end - kWindow, end - kWindow - 1})
        queued_.push_back(payment(who, at, random_.below(kMerchants)));
    return first;
}

void Payments::sweep() {
    for (std::uint64_t who = 0; who < kCards; ++who)
        for (const std::int64_t back : {0, 60'000, 120'000})
            queued_.push_back(payment(who, now_ - back, who));
    for (std::uint64_t merchant = 0; merchant < kMerchants; ++merchant)
        queued_.push_back(
            payment(random_.below(kCards), now_ - random_.between(0, 3'600'000), merchant));
}

}  // namespace millrace::simulate
