#pragma once
// What a quota measures with. Kafka: Rate over SampledStat (quota.window.num samples of
// quota.window.size.seconds).
#include <cstdint>
#include <deque>

#include "millrace/base/clock.h"

namespace millrace::broker {

struct QuotaWindow {
    int samples = 11;                           // quota.window.num
    Duration sample = std::chrono::seconds(1);  // quota.window.size.seconds
};

// Units a second, over the samples that are kept.
class QuotaRate {
public:
    void record(double value, Time now, const QuotaWindow& window);  // negative: takes one back
    double rate(Time now, const QuotaWindow& window);
    // How long nothing may come so that the rate falls to `limit`; zero: it is not above it.
    Duration throttle(double limit, Time now, const QuotaWindow& window);

private:
    struct Sample {
        Time began;
        double value = 0;
    };
    void purge(Time now, const QuotaWindow& window);
    Duration span(Time now, const QuotaWindow& window) const;
    std::deque<Sample> samples_;  // oldest first
};

}  // namespace millrace::broker
