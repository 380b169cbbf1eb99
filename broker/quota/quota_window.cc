#include "millrace/broker/quota/quota_window.h"

#include <algorithm>

namespace millrace::broker {
namespace {
double seconds(Duration d) {
    return static_cast<double>(d.count()) * 1e-9;
}
constexpr double kLongest =
    2'000'000;  // seconds: fits the int32 of milliseconds that a response has
Duration of_seconds(double s) {
    return Duration{static_cast<Duration::rep>(std::min(s, kLongest) * 1e9)};
}
}  // namespace

void QuotaRate::purge(Time now, const QuotaWindow& window) {
    while (!samples_.empty() && now - samples_.front().began >= window.sample * window.samples)
        samples_.pop_front();
}

// From the oldest sample on, but never less than all samples but one: a first record is no burst.
Duration QuotaRate::span(Time now, const QuotaWindow& window) const {
    const Duration elapsed = samples_.empty() ? Duration{} : now - samples_.front().began;
    const auto full = elapsed / window.sample;
    const Duration missing = window.sample * std::max<std::int64_t>(0, window.samples - 1 - full);
    return std::max<Duration>(elapsed + missing, window.sample);
}

void QuotaRate::record(double value, Time now, const QuotaWindow& window) {
    purge(now, window);
    if (samples_.empty() || now - samples_.back().began >= window.sample) samples_.push_back({now});
    samples_.back().value += value;
}

double QuotaRate::rate(Time now, const QuotaWindow& window) {
    purge(now, window);
    double sum = 0;
    for (const Sample& sample : samples_) sum += sample.value;
    return sum / seconds(span(now, window));
}

Duration QuotaRate::throttle(double limit, Time now, const QuotaWindow& window) {
    const double above = rate(now, window) - limit;
    if (above <= 0) return {};
    return of_seconds(above / limit * seconds(span(now, window)));
}

}  // namespace millrace::broker
