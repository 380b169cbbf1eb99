#include "millrace/tests/fuzz/fuzz.h"

namespace millrace::fuzz {

std::span<const Target> targets() {
    static constexpr Target kTargets[] = {
        {"record_batch", fuzz_record_batch, 4096, 20'000},
        {"compression", fuzz_compression, 4096, 20'000},
        {"request_frame", fuzz_request_frame, 4096, 20'000},
        {"response_frame", fuzz_response_frame, 4096, 20'000},
        {"record", fuzz_record, 2048, 20'000},
        {"log_recovery", fuzz_log_recovery, 66, 500},
    };
    return kTargets;
}

}  // namespace millrace::fuzz
