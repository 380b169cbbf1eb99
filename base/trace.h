#pragma once
// What a machine took in and gave out, hashed: two runs of one seed must give the same hash at every step.
#include <cstdint>

#include "millrace/base/hash.h"

namespace millrace {

class Trace {
public:
    virtual ~Trace() = default;
    void note(std::string_view what) { note(as_bytes(what)); }
    void note(std::int64_t number) {
        hash_ = (hash_ ^ static_cast<std::uint64_t>(number)) * 0x9e3779b97f4a7c15ULL;
        hash_ ^= hash_ >> 29;
    }
    void note(BytesView bytes) { note(static_cast<std::int64_t>(hash_bytes(bytes))); }
    std::uint64_t hash() const { return hash_; }

private:
    std::uint64_t hash_ = 0x2545f4914f6cdd1dULL;
};

}  // namespace millrace
