#pragma once
// Time as input. Machines are told `Now`; only shells own a Clock that ticks.
#include <chrono>
#include <cstdint>

#include "millrace/base/strong.h"

namespace millrace {

using Duration = std::chrono::nanoseconds;

struct Time : Strong<Time, std::int64_t> {   // monotonic, ns since some start of this process
    using Strong::Strong;
    static constexpr Time never() { return Time{INT64_MAX}; }
};
constexpr Time operator+(Time t, Duration d) {
    return t == Time::never() ? t : Time{t.value() + d.count()};
}
constexpr Duration operator-(Time a, Time b) { return Duration{a.value() - b.value()}; }

struct Now {
    Time time;        // for timers
    Timestamp wall;   // for what is written down; may jump
};

class Clock {
public:
    virtual ~Clock() = default;
    virtual Now now() = 0;
};

}  // namespace millrace
