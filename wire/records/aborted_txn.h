#pragma once
// A transaction that ended in an abort: one entry of .txnindex files (no version in front here; the
// file writes one).
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AbortedTxn {
    static constexpr std::string_view kName = "AbortedTxn";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t last_stable_offset = 0;

    static constexpr void fields(auto&& f) {
        using M = AbortedTxn;
        f("producer_id", &M::producer_id, {.in = since(0)});
        f("first_offset", &M::first_offset, {.in = since(0)});
        f("last_offset", &M::last_offset, {.in = since(0)});
        f("last_stable_offset", &M::last_stable_offset, {.in = since(0)});
    }
    bool operator==(const AbortedTxn&) const = default;
};

}  // namespace millrace::wire
