#include "millrace/broker/log/segment_times.h"

#include "millrace/broker/log/checkpoint_file.h"

namespace millrace::broker {

std::string to_text(const std::map<TopicPartition, SegmentTimes>& times) {
    std::string rows;
    std::size_t count = 0;
    for (const auto& [tp, of_log] : times) {
        for (const auto& [base, at] : of_log) {
            rows += tp.topic + ' ' + std::to_string(tp.partition) + ' ' +
                    std::to_string(base.value()) + ' ' + std::to_string(at.value()) + '\n';
            ++count;
        }
    }
    return "1\n" + std::to_string(count) + '\n' + rows;
}

Result<std::map<TopicPartition, SegmentTimes>> parse_segment_times(std::string_view text) {
    std::map<TopicPartition, SegmentTimes> times;
    const std::size_t head = text.find('\n');
    if (head == std::string_view::npos || text.substr(0, head) != "1")
        return fail(ErrorCode::CorruptMessage, "not of format 1");
    const std::string like_kafkas = "0" + std::string(text.substr(head));
    MR_TRY(const auto rows, parse_checkpoint(like_kafkas, 4));
    for (const auto& row : rows) {
        std::int64_t partition, base, at;
        if (!parse_number(row[1], partition) || !parse_number(row[2], base) ||
            !parse_number(row[3], at) || partition < 0 || partition > INT32_MAX || base < 0)
            return fail(ErrorCode::CorruptMessage, "a row is damaged");
        times[{std::string(row[0]), static_cast<std::int32_t>(partition)}].insert_or_assign(
            Offset{base}, Timestamp{at});
    }
    return times;
}

Timestamp RetentionClock::at(Now now) {
    if (!begun_) {
        begun_ = true;
        time_ = now.time;
        wall_ = now.wall;
        return wall_;
    }
    wall_ = Timestamp{wall_.value() + (now.time - time_).count() / 1'000'000};
    time_ = now.time;
    const std::int64_t off = now.wall - wall_;
    jumped_ = off > kJumpMs || off < -kJumpMs;
    if (!jumped_) wall_ = now.wall;
    return wall_;
}

}  // namespace millrace::broker
