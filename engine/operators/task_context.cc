#include "millrace/engine/operators/task_context.h"

#include <algorithm>
#include <stdexcept>

#include "millrace/base/hash.h"
#include "millrace/engine/operators/headers.h"

namespace millrace::engine {
namespace {

std::string describe_origin(const Origin* origin, Row row) {
    if (!origin || !origin->topic) return "a punctuation";
    return "record " + *origin->topic + '-' + std::to_string(origin->partition) + " offset " +
           std::to_string(origin->offset[row]);
}

std::optional<std::string> raw_bytes(const Column* column, Row row) {
    if (!column || !((*column)[row].state & Cell::HasBytes)) return std::nullopt;
    return std::string(as_text((*column)[row].bytes()));
}

}  // namespace

std::int64_t TaskStore::write_timestamp() const {
    return context->record_time;
}

TaskStore* TaskContext::store(const std::string& name) {
    const auto it = stores_.find(name);
    return it == stores_.end() ? nullptr : &it->second;
}

ErrorHandlerContext TaskContext::handler_context(const Node& node, const Origin* origin,
                                                 Row source_row, std::int64_t timestamp,
                                                 BytesView raw_headers) const {
    ErrorHandlerContext about;
    about.timestamp = Timestamp{timestamp};
    about.headers = Headers::decode(raw_headers);
    about.task_id = id_.to_string();
    about.processor_node_id = node.name();
    if (!origin || !origin->topic) return about;
    about.topic = *origin->topic;
    about.partition = origin->partition;
    about.offset = origin->offset[source_row];
    about.source_raw_key = raw_bytes(origin->keys, source_row);
    about.source_raw_value = raw_bytes(origin->values, source_row);
    return about;
}

std::optional<bool> TaskContext::resumes(const ErrorHandlerContext& about, const char* handler,
                                         const Ask& ask) {
    try {
        const ErrorHandlerResponse response = ask(about);
        for (const DeadLetterRecord& record : response.dead_letters) send_dead_letter(record);
        return response.result == ErrorHandlerResponse::Result::Resume;
    } catch (const std::exception& e) {
        fail(Error{ErrorCode::UnknownServerError,
                   "task " + id_.to_string() + ": the " + handler +
                       " exception handler itself failed: " + e.what()});
        return std::nullopt;
    }
}

void TaskContext::processing_exception(const Node& node, const Run* run, Row row,
                                       const std::exception& exception) {
    const Origin* origin = run ? run->origin : nullptr;
    const Row source_row = run ? run->rows->origin[row] : Row{0};
    const std::int64_t timestamp = run ? run->rows->timestamp[row] : record_time;
    const BytesView headers = run ? run->rows->headers[row] : BytesView{};
    const std::string where = describe_origin(origin, source_row);
    const char* what = exception.what();
    if (settings_.log)
        settings_.log->warn("exception while processing", {{"task", id_.to_string()},
                                                           {"node", node.place()},
                                                           {"record", where},
                                                           {"exception", what}});
    bool go_on = settings_.processing == OnError::Continue;
    if (node.is_source()) {  // a sink directly below it could not serialise: nobody is asked
        go_on = false;
    } else if (const auto& handler = settings_.handlers.processing) {
        const auto resume = resumes(handler_context(node, origin, source_row, timestamp, headers),
                                    "processing", [&](const ErrorHandlerContext& about) {
                                        return handler->handle_error(about, exception);
                                    });
        if (!resume) return;
        go_on = *resume;
    } else {
        dead_letter(origin, source_row, timestamp, headers, "ProcessingException", what);
    }
    if (go_on) return drop();
    fail(Error{ErrorCode::UnknownServerError, "task " + id_.to_string() + ": " + node.place() +
                                                  " failed at " + where + ": " + what +
                                                  "; set processing.exception.handler to continue "
                                                  "(or a dead-letter topic) to skip such records"});
}

bool TaskContext::may_skip_unserializable(const Node& node, const Run& run, Row row,
                                          const std::string& topic, bool key,
                                          const std::exception& exception) {
    const auto& handler = settings_.handlers.production;
    if (!handler) return false;
    using Origin = ProductionExceptionHandler::Origin;
    const auto resume = resumes(handler_context(node, run.origin, run.rows->origin[row],
                                                run.rows->timestamp[row], run.rows->headers[row]),
                                "production", [&](const ErrorHandlerContext& about) {
                                    return handler->handle_serialization_error(
                                        about, topic, key ? Origin::Key : Origin::Value, exception);
                                });
    if (resume && *resume) drop();
    return !resume || *resume;
}

bool TaskContext::may_skip_too_large(const Node& node, const Run& run, Row row,
                                     DeadLetterRecord record) {
    const auto& handler = settings_.handlers.production;
    if (!handler) return false;
    record.timestamp = Timestamp{run.rows->timestamp[row]};
    record.headers = Headers::decode(run.rows->headers[row]);
    const std::runtime_error exception("the record for " + record.topic +
                                       " is larger than max.request.size");
    const auto resume = resumes(handler_context(node, run.origin, run.rows->origin[row],
                                                run.rows->timestamp[row], run.rows->headers[row]),
                                "production", [&](const ErrorHandlerContext& about) {
                                    return handler->handle_error(about, record, exception);
                                });
    if (resume && *resume) drop();
    return !resume || *resume;
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
            deserialization_error(node, *run.origin, run.rows->origin[row], what);
        } else {
            processing_exception(node, &run, row, std::runtime_error(what));
        }
        return;
    }
    if (!told)
        processing_exception(node, &run, row,
                             std::runtime_error("stored bytes do not deserialise"));
}

bool TaskContext::deserialization_error(const Node& node, const Origin& origin, Row row,
                                        const std::string& what) {
    const std::string where = describe_origin(&origin, row);
    if (settings_.log)
        settings_.log->warn("a record does not deserialise",
                            {{"task", id_.to_string()}, {"record", where}});
    bool go_on = settings_.deserialization == OnError::Continue;
    if (const auto& handler = settings_.handlers.deserialization) {
        const auto resume =
            resumes(handler_context(node, &origin, row, origin.rows->timestamp[row],
                                    origin.rows->headers[row]),
                    "deserialization", [&](const ErrorHandlerContext& about) {
                        return handler->handle_error(about, std::runtime_error(what));
                    });
        if (!resume) return false;
        go_on = *resume;
    } else {
        dead_letter(&origin, row, origin.rows->timestamp[row], origin.rows->headers[row],
                    "DeserializationException", what);
    }
    if (go_on) {
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
    DeadLetterRecord record;
    record.topic = settings_.dead_letter_topic;
    record.timestamp = Timestamp{timestamp};
    record.headers = Headers::decode(raw_headers);
    record.headers.add("__streams.errors.exception", exception);
    record.headers.add("__streams.errors.message", message);
    record.headers.add("__streams.errors.stacktrace", "");
    record.headers.add("__streams.errors.topic",
                       source ? std::optional(*origin->topic) : std::nullopt);
    record.headers.add("__streams.errors.partition",
                       std::to_string(source ? origin->partition : -1));
    record.headers.add("__streams.errors.offset",
                       std::to_string(source ? origin->offset[row] : -1));
    if (source) {
        record.key = raw_bytes(origin->keys, row);
        record.value = raw_bytes(origin->values, row);
    }
    send_dead_letter(record);
}

void TaskContext::send_dead_letter(const DeadLetterRecord& record) {
    const auto topic = collector_.topic(record.topic);
    const std::int32_t partitions = collector_.partition_count(topic);
    if (partitions <= 0) {
        fail(Error{ErrorCode::UnknownTopicOrPartition,
                   "the dead-letter topic " + record.topic +
                       " does not exist; create it, or unset errors.dead.letter.queue.topic.name"});
        return;
    }
    ByteSink encoded;
    record.headers.encode(encoded);
    state::MaybeBytes key, value;
    if (record.key) key = as_bytes(*record.key);
    if (record.value) value = as_bytes(*record.value);
    collector_.send(topic, key && partitions > 1 ? partition_for_key(*key, partitions) : 0, key,
                    value, record.timestamp, encoded.view());
}

Schedule* TaskContext::schedule(Node& node, PunctuationType type, std::optional<std::int64_t> start,
                                std::int64_t interval, std::function<void(Timestamp)> callback) {
    auto schedule = std::make_unique<Schedule>();
    schedule->type = type;
    schedule->interval = interval;
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
    heap(type).add(made);
    find_next();
    return made;
}

void TaskContext::Heap::add(Schedule* schedule) {
    std::size_t at = all_.size();
    all_.push_back(schedule);
    for (; at > 0; at = (at - 1) / 2) {
        Schedule* parent = all_[(at - 1) / 2];
        if (schedule->next >= parent->next) break;
        all_[at] = parent;
    }
    all_[at] = schedule;
}

Schedule* TaskContext::Heap::poll() {
    Schedule* first = all_.front();
    Schedule* moved = all_.back();
    all_.pop_back();
    const std::size_t size = all_.size();
    if (size == 0) return first;
    std::size_t at = 0;
    while (at < size / 2) {
        std::size_t child = 2 * at + 1;
        if (child + 1 < size && all_[child]->next > all_[child + 1]->next) ++child;
        if (moved->next <= all_[child]->next) break;
        all_[at] = all_[child];
        at = child;
    }
    all_[at] = moved;
    return first;
}

// A cancelled schedule stays until its time comes, as in Kafka, and then runs nothing.
void TaskContext::find_next() {
    const auto next = [](const Heap& heap) { return heap.peek() ? heap.peek()->next : INT64_MAX; };
    next_stream_punctuation_ = next(by_stream_time_);
    next_wall_punctuation_ = next(by_wall_clock_);
}

bool TaskContext::punctuate(PunctuationType type, std::int64_t time) {
    if (type == PunctuationType::StreamTime && time < 0) return false;
    bool ran = false;
    Heap& schedules = heap(type);
    while (!failed() && schedules.peek() && schedules.peek()->next <= time) {
        Schedule* due = schedules.poll();
        if (due->cancelled) continue;
        ran = true;
        record_time = time;
        try {
            due->callback(Timestamp{time});
        } catch (const std::exception& e) {
            processing_exception(*due->node, nullptr, 0, e);
        }
        if (due->cancelled) continue;
        // What was missed collapses into one.
        due->next +=
            due->interval * std::max<std::int64_t>(1, (time - due->next) / due->interval + 1);
        schedules.add(due);
    }
    find_next();
    return ran;
}

void TaskContext::clear_schedules() {
    by_stream_time_.clear();
    by_wall_clock_.clear();
    schedules_.clear();
    find_next();
}

}  // namespace millrace::engine
