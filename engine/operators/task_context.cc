#include "millrace/engine/operators/task_context.h"

#include <algorithm>

#include "millrace/base/hash.h"
#include "millrace/engine/operators/headers.h"

namespace millrace::engine {
namespace {

std::string describe_origin(const Origin* origin, Row row) {
    if (!origin || !origin->topic) return "a punctuation";
    return "record " + *origin->topic + '-' + std::to_string(origin->partition) + " offset " +
           std::to_string(origin->offset[row]);
}

}  // namespace

std::int64_t TaskStore::write_timestamp() const {
    return context->record_time;
}

TaskStore* TaskContext::store(const std::string& name) {
    const auto it = stores_.find(name);
    return it == stores_.end() ? nullptr : &it->second;
}

void TaskContext::processing_exception(const Node& node, const Run* run, Row row,
                                       const char* what) {
    const Origin* origin = run ? run->origin : nullptr;
    const Row source_row = run ? run->rows->origin[row] : Row{0};
    const std::string where = describe_origin(origin, source_row);
    if (settings_.log)
        settings_.log->warn("exception while processing", {{"task", id_.to_string()},
                                                           {"node", node.place()},
                                                           {"record", where},
                                                           {"exception", what}});
    dead_letter(origin, source_row, run ? run->rows->timestamp[row] : record_time,
                run ? run->rows->headers[row] : BytesView{}, "ProcessingException", what);
    if (settings_.processing == OnError::Continue) {
        drop();
        return;
    }
    fail(Error{ErrorCode::UnknownServerError, "task " + id_.to_string() + ": " + node.place() +
                                                  " failed at " + where + ": " + what +
                                                  "; set processing.exception.handler to continue "
                                                  "(or a dead-letter topic) to skip such records"});
}

void TaskContext::bad_cell(const Node& node, const Run& run, Row row) {
    // Both branches of a fork may look at the same bad bytes: told once.
    bool told = false;
    for (Column* column : {run.keys, run.values}) {
        Cell& cell = (*column)[row];
        if (!cell.is_bad()) continue;
        const bool key = column == run.keys;
        constexpr std::uint8_t kTold = 0x80;
        if (cell.state & kTold) return;
        cell.state |= kTold;
        told = true;
        const std::string what = std::string(key ? "the key" : "the value") + " is no " +
                                 std::string(column->type()->name) + ": " + column->bad_detail() +
                                 " (needed by " + node.place() + ')';
        if (run.origin && run.origin->topic) {
            deserialization_error(*run.origin, run.rows->origin[row], what);
        } else {
            processing_exception(node, &run, row, what.c_str());
        }
        return;
    }
    if (!told) processing_exception(node, &run, row, "stored bytes do not deserialise");
}

bool TaskContext::deserialization_error(const Origin& origin, Row row, const std::string& what) {
    const std::string where = describe_origin(&origin, row);
    if (settings_.log)
        settings_.log->warn("a record does not deserialise",
                            {{"task", id_.to_string()}, {"record", where}});
    dead_letter(&origin, row, origin.rows->timestamp[row], origin.rows->headers[row],
                "DeserializationException", what);
    if (settings_.deserialization == OnError::Continue) {
        drop();
        return true;
    }
    fail(Error{ErrorCode::InvalidRecord, "task " + id_.to_string() + ": " + where +
                                             " does not deserialise: " + what +
                                             "; set deserialization.exception.handler to continue "
                                             "(or a dead-letter topic) to skip such records"});
    return false;
}

// KIP-1034: the bytes as they came in, with the time and headers of what failed (ProcessorNode
// gives its context's); then what went wrong. A punctuation has no bytes and no source.
void TaskContext::dead_letter(const Origin* origin, Row row, std::int64_t timestamp,
                              BytesView raw_headers, const char* exception,
                              const std::string& message) {
    if (settings_.dead_letter_topic.empty()) return;
    const bool source = origin && origin->topic && origin->keys;
    const auto topic = collector_.topic(settings_.dead_letter_topic);
    const std::int32_t partitions = collector_.partition_count(topic);
    if (partitions <= 0) {
        fail(Error{ErrorCode::UnknownTopicOrPartition, "the dead-letter topic " +
                                                           settings_.dead_letter_topic +
                                                           " does not exist; create it, or unset "
                                                           "errors.dead.letter.queue.topic.name"});
        return;
    }
    Headers headers = Headers::decode(raw_headers);
    headers.add("__streams.errors.exception", exception);
    headers.add("__streams.errors.message", message);
    headers.add("__streams.errors.stacktrace", "");
    headers.add("__streams.errors.topic", source ? std::optional(*origin->topic) : std::nullopt);
    headers.add("__streams.errors.partition", std::to_string(source ? origin->partition : -1));
    headers.add("__streams.errors.offset", std::to_string(source ? origin->offset[row] : -1));
    ByteSink encoded;
    headers.encode(encoded);
    const auto bytes_of = [&](Column& column) -> state::MaybeBytes {
        const Cell& cell = column[row];
        if (!(cell.state & Cell::HasBytes)) return std::nullopt;
        return cell.bytes();
    };
    const auto key = source ? bytes_of(*origin->keys) : std::nullopt;
    const auto value = source ? bytes_of(*origin->values) : std::nullopt;
    collector_.send(topic, key && partitions > 1 ? partition_for_key(*key, partitions) : 0, key,
                    value, Timestamp{timestamp}, encoded.view());
}

Schedule* TaskContext::schedule(Node& node, PunctuationType type, std::optional<std::int64_t> start,
                                std::int64_t interval, std::function<void(Timestamp)> callback) {
    auto schedule = std::make_unique<Schedule>();
    schedule->type = type;
    schedule->interval = interval;
    schedule->sequence = next_sequence_++;
    schedule->node = &node;
    schedule->callback = std::move(callback);
    const std::int64_t clock = type == PunctuationType::StreamTime ? stream_time : now.wall.value();
    if (start) {  // KIP-1146: a start in the past means the next point of its grid
        schedule->next =
            *start >= clock ? *start : *start + ((clock - *start) / interval + 1) * interval;
    } else {
        schedule->next = type == PunctuationType::StreamTime ? 0 : clock + interval;
    }
    schedules_.push_back(std::move(schedule));
    Schedule* made = schedules_.back().get();
    find_next();
    return made;
}

void TaskContext::find_next() {
    next_stream_punctuation_ = next_wall_punctuation_ = INT64_MAX;
    for (const auto& schedule : schedules_) {
        if (schedule->cancelled) continue;
        auto& next = schedule->type == PunctuationType::StreamTime ? next_stream_punctuation_
                                                                   : next_wall_punctuation_;
        next = std::min(next, schedule->next);
    }
}

bool TaskContext::punctuate(PunctuationType type, std::int64_t time) {
    if (type == PunctuationType::StreamTime && time < 0) return false;
    bool ran = false;
    while (!failed()) {
        Schedule* due = nullptr;
        for (const auto& schedule : schedules_) {
            if (schedule->cancelled || schedule->type != type || schedule->next > time) continue;
            if (!due || schedule->next < due->next ||
                (schedule->next == due->next && schedule->sequence < due->sequence))
                due = schedule.get();
        }
        if (!due) break;
        ran = true;
        record_time = time;
        try {
            due->callback(Timestamp{time});
        } catch (const std::exception& e) {
            processing_exception(*due->node, nullptr, 0, e.what());
        }
        // What was missed collapses into one.
        due->next +=
            due->interval * std::max<std::int64_t>(1, (time - due->next) / due->interval + 1);
    }
    // A cancelled schedule stays until now: its owner may still hold the handle inside a callback.
    find_next();
    return ran;
}

void TaskContext::clear_schedules() {
    schedules_.clear();
    find_next();
}

}  // namespace millrace::engine
