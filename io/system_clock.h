#pragma once
// The clock that ticks, and entropy for seeds: only shells and programs use them.
#include <cstdint>

#include "millrace/base/clock.h"
#include "millrace/base/uuid.h"

namespace millrace::io {

Time monotonic_now();

class SystemClock final : public Clock {
public:
    Now now() override;
};

std::uint64_t entropy();  // 64 bits from the kernel
Uuid random_uuid();

}  // namespace millrace::io
