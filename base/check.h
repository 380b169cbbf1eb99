#pragma once
// MR_CHECK stays on in release: our own bugs crash with the place and the condition. Bytes from outside never trip one.
// MR_DCHECK is for checks that cost more than O(1).
#include <source_location>

namespace millrace {
[[noreturn]] void check_failed(const char* condition, std::source_location at = std::source_location::current());
}

#define MR_CHECK(condition) \
    do { if (!(condition)) [[unlikely]] ::millrace::check_failed(#condition); } while (false)

#ifdef NDEBUG
#define MR_DCHECK(condition) do { } while (false)
#else
#define MR_DCHECK(condition) MR_CHECK(condition)
#endif
