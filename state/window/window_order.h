#pragma once
// The order of a scan over a window store (streams-semantics §5.3).
#include "millrace/state/provider.h"
#include "millrace/state/table/sorted_index.h"
#include "millrace/state/window/window_key.h"

namespace millrace::state {

inline constexpr std::int64_t kSegmentIntervalMin =
    60'000;  // ms; as the suppliers of Stores choose it

constexpr std::int64_t segment_interval_ms(std::int64_t retention_ms) {
    return retention_ms / 2 > kSegmentIntervalMin ? retention_ms / 2 : kSegmentIntervalMin;
}

struct WindowOrder {
    explicit WindowOrder(const WindowSpec& spec)
        : segment_interval(segment_interval_ms(spec.retention_ms)),
          within(spec.persistent && !spec.time_ordered ? KeyOrder::Bytes : KeyOrder::TimeFirst) {}

    std::int64_t segment_interval;  // ms
    KeyOrder within;                // a segment

    std::int64_t segment_id(std::int64_t start) const {
        return start / segment_interval;
    }  // rounds as Java does
    int compare_window_keys(BytesView a, BytesView b) const {
        const std::int64_t ia = segment_id(start_of_window_key(a)),
                           ib = segment_id(start_of_window_key(b));
        if (ia != ib) return ia < ib ? -1 : 1;
        return compare_keys(a, b, within);
    }
};

}  // namespace millrace::state
