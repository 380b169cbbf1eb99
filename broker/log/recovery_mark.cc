#include "millrace/broker/log/recovery_mark.h"

#include <algorithm>

#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/broker/log/log.h"

namespace millrace::broker {

namespace {

constexpr std::size_t kWords = 16;

std::string epochs_text(const LeaderEpochCache& epochs) {
    std::string text;
    for (const EpochEntry& entry : epochs.entries()) {
        if (!text.empty()) text += ',';
        text +=
            std::to_string(entry.epoch.value()) + ':' + std::to_string(entry.start_offset.value());
    }
    return text;
}

bool parse_epochs(std::string_view text, LeaderEpochCache& into) {
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const std::size_t colon = one.find(':');
        std::int64_t epoch, start;
        if (colon == std::string_view::npos || !parse_number(one.substr(0, colon), epoch) ||
            !parse_number(one.substr(colon + 1), start) || epoch < 0 || epoch > INT32_MAX ||
            start < 0)
            return false;
        into.assign(LeaderEpoch{static_cast<std::int32_t>(epoch)}, Offset{start});
    }
    return true;
}

void write(std::string& text, const IndexMark& mark) {
    text += std::to_string(mark.entries) + ' ' + std::to_string(mark.crc) + ' ';
}

}  // namespace

std::string to_text(const RecoveryMarks& marks) {
    std::string text;
    for (const auto& [tp, mark] : marks) {
        text += tp.topic + ' ' + std::to_string(tp.partition) + ' ' +
                std::to_string(mark.offset.value()) + ' ' + mark.topic_id.to_string() + ' ' +
                std::to_string(mark.segment.base.value()) + ' ' +
                std::to_string(mark.segment.position) + ' ';
        write(text, mark.segment.offsets);
        write(text, mark.segment.times);
        write(text, mark.segment.aborted);
        text += std::to_string(mark.segment.largest.timestamp.value()) + ' ' +
                std::to_string(mark.segment.largest.offset.value()) + ' ';
        text += mark.epochs.empty() ? "-" : mark.epochs;
        text += ' ';
        text += mark.producers.empty() ? "-" : to_hex(mark.producers);
        text += '\n';
    }
    return text;
}

Result<RecoveryMarks> parse_recovery_marks(std::string_view text) {
    const auto bad = [] { return fail(ErrorCode::CorruptMessage, "a recovery mark is damaged"); };
    RecoveryMarks marks;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return bad();
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        std::string_view words[kWords];
        std::int64_t numbers[kWords] = {};
        for (std::size_t i = 0; i < kWords; ++i) {
            words[i] = line.substr(0, line.find(' '));
            line.remove_prefix(std::min(words[i].size() + 1, line.size()));
            const bool number = (i >= 1 && i <= 13 && i != 3);
            if (number && (!parse_number(words[i], numbers[i]) || (numbers[i] < 0 && i != 12)))
                return bad();
        }
        if (!line.empty() || words[0].empty() || numbers[1] > INT32_MAX) return bad();
        RecoveryMark mark;
        mark.offset = Offset{numbers[2]};
        if (!Uuid::parse(words[3], mark.topic_id)) return bad();
        mark.segment.base = Offset{numbers[4]};
        mark.segment.position = numbers[5];
        IndexMark* indexes[] = {&mark.segment.offsets, &mark.segment.times, &mark.segment.aborted};
        for (std::size_t i = 0; i < 3; ++i) {
            if (numbers[7 + 2 * i] > UINT32_MAX) return bad();
            *indexes[i] = {numbers[6 + 2 * i], static_cast<std::uint32_t>(numbers[7 + 2 * i])};
        }
        mark.segment.largest = {Timestamp{numbers[12]}, Offset{numbers[13]}};
        LeaderEpochCache epochs;
        if (words[14] != "-") {
            if (!parse_epochs(words[14], epochs)) return bad();
            mark.epochs = words[14];
        }
        if (words[15] != "-") {
            std::vector<std::byte> producers;
            if (!from_hex(words[15], producers) || producers.empty()) return bad();
            mark.producers = Bytes::copy(producers);
        }
        marks.insert_or_assign({std::string(words[0]), static_cast<std::int32_t>(numbers[1])},
                               std::move(mark));
    }
    return marks;
}

// ---- a log's own

Result<std::optional<RecoveryMark>> Log::recovery_mark() {
    std::optional<RecoveryMark> mark(RecoveryMark{.offset = log_end_offset_});
    mark->topic_id = name_.topic_id;
    if (!producers_.empty()) {
        mark->producers = producers_.encode_whole();
        if (mark->producers.size() > kMarkProducersBytesMax) return std::optional<RecoveryMark>();
    }
    mark->epochs = epochs_text(epochs_);
    MR_TRY(mark->segment, active().mark());
    return mark;
}

// True: segment, epochs and producers are as they were at the mark. False: it does not fit what is
// there; segments and indexes may be read from the beginning as if nothing had been tried.
Result<bool> Log::resume(const RecoveryMark& mark) {
    const std::size_t at = segment_index(mark.segment.base);
    Segment& segment = *segments_[at];
    if (segment.base_offset() != mark.segment.base || mark.offset < mark.segment.base) return false;
    LeaderEpochCache epochs;
    if (!parse_epochs(mark.epochs, epochs)) return false;
    ProducerStateTable producers;
    if (!mark.producers.empty()) {
        auto decoded = ProducerStateTable::decode_whole(mark.producers);
        if (!decoded) return false;
        producers = *std::move(decoded);
    }
    MR_TRY(const bool fits, segment.resume(mark.segment));
    if (!fits) return false;
    epochs_ = std::move(epochs);
    producers_ = std::move(producers);
    return true;
}

}  // namespace millrace::broker
