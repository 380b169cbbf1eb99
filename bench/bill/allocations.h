#pragma once
// Every operator new of this program is counted.
#include <cstdint>

namespace millrace::bench {

std::int64_t allocations();

}  // namespace millrace::bench
