#include "millrace/io/system_clock.h"

#include <sys/random.h>

#include "millrace/base/check.h"

namespace millrace::io {

Time monotonic_now() {
    return Time{
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())
            .count()};
}

Now SystemClock::now() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {monotonic_now(),
            Timestamp{std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()}};
}

std::uint64_t entropy() {
    std::uint64_t bits = 0;
    MR_CHECK(::getrandom(&bits, sizeof bits, 0) ==
             sizeof bits);  // 8 bytes come at once (getrandom(2))
    return bits;
}

Uuid random_uuid() {
    return Uuid::from_random(entropy(), entropy());
}

}  // namespace millrace::io
