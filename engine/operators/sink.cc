#include "millrace/engine/operators/sink.h"

#include "millrace/base/hash.h"
#include "millrace/engine/operators/task_context.h"
#include "millrace/wire/batch/append_quick.h"

namespace millrace::engine {
namespace {

BytesView encoded(Column& column, const Codec& codec, bool same, Row row, ByteSink& scratch) {
    const auto bytes = column.bytes_as(codec, same, row, scratch);
    if (!bytes) throw CellIsBad{};
    return *bytes;
}

}  // namespace

SinkNode::SinkNode(std::string name, std::source_location at, std::string topic, CodecPtr key,
                   CodecPtr value, Partitioner partitioner)
    : Node(std::move(name), at),
      topic_(std::move(topic)),
      key_(std::move(key)),
      value_(std::move(value)),
      partitioner_(std::move(partitioner)) {}

Result<void> SinkNode::init(TaskContext& context) {
    handle_ = context.collector().topic(topic_);
    return Node::init(context);
}

// Semantics §7.1. A null key goes round the partitions: Kafka's choice there is not reproducible.
std::optional<std::int32_t> SinkNode::choose_partition(const Run& run, Row row,
                                                       state::MaybeBytes key) {
    const std::int32_t partitions = context().collector().partition_count(handle_);
    if (partitions <= 0) [[unlikely]] {
        context().fail(Error{
            ErrorCode::UnknownTopicOrPartition,
            "output topic " + topic_ + " of " + place() + " does not exist; create it first"});
        return std::nullopt;
    }
    if (partitioner_) {
        if (const auto chosen = partitioner_(topic_, *run.keys, *run.values, row, partitions)) {
            if (*chosen >= 0 && *chosen < partitions) return *chosen;
            context().fail(Error{ErrorCode::InvalidPartitions,
                                 "the partitioner of " + place() + " chose partition " +
                                     std::to_string(*chosen) + " of " + topic_ + ", which has " +
                                     std::to_string(partitions)});
            return std::nullopt;
        }
    }
    if (partitions == 1) return 0;
    if (key) return partition_for_key(key_->partition_bytes(*key), partitions);
    return next_null_key_partition_ = (next_null_key_partition_ + 1) % partitions;
}

// With a production handler of the user's: it is asked about what cannot be serialised or is too
// large.
void SinkNode::process_asking(const Run& run) {
    RecordCollector& collector = context().collector();
    const auto bytes = [&](Column& column, const Codec& codec, Row row, ByteSink& scratch, bool key,
                           state::MaybeBytes& into) {
        if (column[row].is_null()) return true;
        try {
            into = encoded(column, codec, same_format(&codec, column.codec()), row, scratch);
            return true;
        } catch (const std::exception& e) {
            if (!context().may_skip_unserializable(*this, run, row, topic_, key, e)) throw;
            return false;
        }
    };
    const auto text = [](const state::MaybeBytes& b) {
        return b ? std::optional(std::string(as_text(*b))) : std::nullopt;
    };
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            if (context().failed()) return;
            const Row row = run.selected[at];
            state::MaybeBytes key, value;
            if (!bytes(*run.keys, *key_, row, key_scratch_, true, key) ||
                !bytes(*run.values, *value_, row, value_scratch_, false, value))
                continue;
            const BytesView headers = run.rows->headers[row];
            const std::size_t size =
                (key ? key->size() : 0) + (value ? value->size() : 0) + headers.size();
            if (size > collector.record_bytes_max() &&
                context().may_skip_too_large(*this, run, row,
                                             {topic_, text(key), text(value), {}, {}}))
                continue;
            const auto chosen = choose_partition(run, row, key);
            if (!chosen) return;
            collector.send(handle_, *chosen, key, value, Timestamp{run.rows->timestamp[row]},
                           headers);
        }
    });
}

const wire::OpenBatch& SinkNode::open_batch(std::int32_t partition) {
    const auto at = static_cast<std::size_t>(partition);
    if (at >= batches_.size()) batches_.resize(at + 1);
    if (!batches_[at]) batches_[at] = &context().collector().open_batch(handle_, partition);
    return *batches_[at];
}

// Bytes as they are, one partition, no headers: straight into the open batch. Up to the first
// record that is not so; true: there was none. No record of the run has headers.
bool SinkNode::send_plain(const Run& run, std::size_t& at) {
    const Cell* const keys = &(*run.keys)[0];
    const Cell* const values = &(*run.values)[0];
    const std::int64_t* const timestamps = run.rows->timestamp.data();
    const Row* const rows = run.selected + at;
    at += open_batch(0).append_run(run.size - at, [&](std::size_t i, wire::QuickRecord& record) {
        const Row row = rows[i];
        const Cell& key = keys[row];
        const Cell& value = values[row];
        record = {timestamps[row], key.data, key.size, value.data, value.size};
        return (key.state & value.state & Cell::HasBytes) != 0;
    });
    return at == run.size;
}

void SinkNode::process(const Run& run) {
    if (context().forwarding) caller_ = context().forwarding;
    if (context().settings().handlers.production) return process_asking(run);
    const bool same_key = same_format(key_.get(), run.keys->codec());
    const bool same_value = same_format(value_.get(), run.values->codec());
    RecordCollector& collector = context().collector();
    // The usual topic of one partition, or the usual partitioner, is settled once for a run.
    const bool only_one = !partitioner_ && collector.partition_count(handle_) == 1;
    const bool plain = only_one && same_key && same_value && !run.rows->any_headers;
    const Column& keys = *run.keys;
    const Column& values = *run.values;
    if (same_value && run.size > 0 && values[run.selected[0]].state == Cell::HasObject)
        run.values->encode(run.selected, run.size);
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            if (plain && send_plain(run, at)) return;
            const Row row = run.selected[at];
            state::MaybeBytes key, value;
            if (const Cell& cell = keys[row]; same_key && cell.state & Cell::HasBytes) [[likely]]
                key = cell.bytes();
            else if (!cell.is_null())
                key = encoded(*run.keys, *key_, same_key, row, key_scratch_);
            if (const Cell& cell = values[row]; same_value && cell.state & Cell::HasBytes)
                [[likely]]
                value = cell.bytes();
            else if (!cell.is_null())
                value = encoded(*run.values, *value_, same_value, row, value_scratch_);
            std::int32_t partition = 0;
            if (!only_one) {
                const auto chosen = choose_partition(run, row, key);
                if (!chosen) [[unlikely]]
                    return;
                partition = *chosen;
            }
            const Timestamp timestamp{run.rows->timestamp[row]};
            const BytesView headers = run.rows->headers[row];
            if (headers.empty() && open_batch(partition).append(timestamp, key, value)) [[likely]]
                continue;
            collector.send(handle_, partition, key, value, timestamp, headers);
        }
    });
}

}  // namespace millrace::engine
