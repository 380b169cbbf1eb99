#include "millrace/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void check_failed(const char* condition, std::source_location at) {
    std::fprintf(stderr, "%s:%u: check failed in %s: %s\n", at.file_name(), at.line(), at.function_name(), condition);
    std::fflush(stderr);
    std::abort();
}

}  // namespace millrace
