#pragma once
// What retention by time goes by, when a record's own time cannot be believed.
//   millrace-segment-times, text: "1" (format) | count | topic partition base-offset ms ...
// One line for each segment whose largest timestamp is none, or lay in the future when retention
// looked: since when it counts.
#include <map>
#include <string>
#include <string_view>

#include "millrace/base/clock.h"
#include "millrace/base/result.h"
#include "millrace/base/topic_partition.h"

namespace millrace::broker {

using SegmentTimes = std::map<Offset, Timestamp>;  // by base offset
inline constexpr std::string_view kSegmentTimesFile = "millrace-segment-times";
std::string to_text(const std::map<TopicPartition, SegmentTimes>& times);
Result<std::map<TopicPartition, SegmentTimes>> parse_segment_times(std::string_view text);

// The wall clock for retention. It goes with the monotonic one and follows small corrections of the
// wall; a jump is not followed until the process starts again, since it would delete at once what
// was appended an hour ago, or nothing for years.
class RetentionClock {
public:
    static constexpr std::int64_t kJumpMs = 3600 * 1000;
    Timestamp at(Now now);
    // Whether the wall is further away than that, as of the last look.
    bool jumped() const { return jumped_; }

private:
    bool begun_ = false, jumped_ = false;
    Time time_{};
    Timestamp wall_{};
};

}  // namespace millrace::broker
