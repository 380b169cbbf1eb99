// The entry of clang's libFuzzer: built by `./dev fuzz TARGET` only, once per target, with
// MILLRACE_FUZZ_TARGET.
#ifdef MILLRACE_FUZZ_TARGET
#include "millrace/tests/fuzz/fuzz.h"

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(
    const unsigned char* data, std::size_t size) {
    return millrace::fuzz::MILLRACE_FUZZ_TARGET({reinterpret_cast<const std::byte*>(data), size});
}
#endif
