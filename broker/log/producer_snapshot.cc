// <20-digit offset>.snapshot, the producers as of that offset (Java:
// ProducerStateManager.writeSnapshot):
//   version int16 = 1 | crc uint32, CRC-32C of what follows | count int32 | producers of 46 bytes:
//   producer id 8, epoch 2, last sequence 4, last offset 8, offset delta 4, timestamp 8,
//   coordinator epoch 4, first offset of the open transaction 8 (-1: none)
// Java keeps only the last batch of each producer here, and so do we.
#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/hash.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/log/producer_state.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kCrcAt = 2, kBodyAt = 6, kEntryBytes = 46;

std::int32_t sequence_minus(std::int32_t sequence, std::int32_t delta) {  // back over the wrap at 0
    const std::int64_t first = std::int64_t{sequence} - delta;
    return static_cast<std::int32_t>(first >= 0 ? first : first + INT32_MAX + 1);
}

}  // namespace

Bytes ProducerStateTable::encode_snapshot() const {
    ByteSink sink;
    append_be<std::int16_t>(sink, kSnapshotVersion);
    append_be<std::uint32_t>(sink, 0);
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(producers_.size()));
    for (ProducerId id : producer_ids()) {
        const ProducerState& state = *find(id);
        const bool has_batch = state.batch_count > 0;
        const ProducerBatch last =
            has_batch ? state.batches[state.batch_count - 1] : ProducerBatch{};
        append_be<std::int64_t>(sink, id.value());
        append_be<std::int16_t>(sink, state.epoch.value());
        append_be<std::int32_t>(sink, last.last_sequence);
        append_be<std::int64_t>(sink, has_batch ? last.last_offset.value() : -1);
        append_be<std::int32_t>(
            sink, has_batch ? static_cast<std::int32_t>(last.last_offset - last.first_offset) : 0);
        append_be<std::int64_t>(sink, state.last_timestamp.value());
        append_be<std::int32_t>(sink, state.coordinator_epoch);
        append_be<std::int64_t>(sink,
                                state.transaction_start && !mutant::on(Mutant::SnapshotDropsOpenTransaction)
                                    ? state.transaction_start->value()
                                    : -1);
    }
    store_be(sink.data() + kCrcAt, crc32c(sink.view().subspan(kBodyAt)));
    return sink.to_bytes();
}

Result<ProducerStateTable> ProducerStateTable::decode_snapshot(BytesView bytes) {
    const auto corrupt = [](const char* what) {
        return fail(ErrorCode::CorruptMessage, std::string("producer snapshot: ") + what);
    };
    ByteReader reader(bytes);
    const auto version = reader.be<std::int16_t>();
    const auto crc = reader.be<std::uint32_t>();
    const auto count = reader.be<std::int32_t>();
    if (!reader.ok()) return corrupt("cut short");
    if (version != kSnapshotVersion) return corrupt("unknown version");
    if (crc != crc32c(bytes.subspan(kBodyAt))) return corrupt("its CRC does not match");
    if (count < 0 || reader.left() != static_cast<std::size_t>(count) * kEntryBytes)
        return corrupt("wrong size");
    ProducerStateTable table;
    for (std::int32_t i = 0; i < count; ++i) {
        const ProducerId id{reader.be<std::int64_t>()};
        ProducerState state;
        state.epoch = ProducerEpoch{reader.be<std::int16_t>()};
        const auto last_sequence = reader.be<std::int32_t>();
        const Offset last_offset{reader.be<std::int64_t>()};
        const auto delta = reader.be<std::int32_t>();
        state.last_timestamp = Timestamp{reader.be<std::int64_t>()};
        state.coordinator_epoch = reader.be<std::int32_t>();
        const auto start = reader.be<std::int64_t>();
        if (last_offset.value() >= 0) {
            const std::int32_t first =
                last_sequence < 0 ? -1 : sequence_minus(last_sequence, delta);
            state.batches[0] = {first, last_sequence, last_offset - delta, last_offset,
                                state.last_timestamp};
            state.batch_count = 1;
        }
        if (start >= 0) {
            state.transaction_start = Offset{start};
            table.open_.emplace(Offset{start}, id);
        }
        table.producers_.insert_or_assign(id, state);
    }
    return table;
}

// crc uint32 of what follows | count int32 | producers: id 8, epoch 2, coordinator epoch 4, first
// offset of the open transaction 8 (-1: none), timestamp 8, batches int8, each 4 + 4 + 8 + 8 + 8 |
// count int32 | transactions that ended at or past the high watermark: first offset 8, marker 8
Bytes ProducerStateTable::encode_whole() const {
    ByteSink sink;
    append_be<std::uint32_t>(sink, 0);
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(producers_.size()));
    for (ProducerId id : producer_ids()) {
        const ProducerState& state = *find(id);
        append_be<std::int64_t>(sink, id.value());
        append_be<std::int16_t>(sink, state.epoch.value());
        append_be<std::int32_t>(sink, state.coordinator_epoch);
        append_be<std::int64_t>(sink,
                                state.transaction_start ? state.transaction_start->value() : -1);
        append_be<std::int64_t>(sink, state.last_timestamp.value());
        append_be<std::int8_t>(sink, static_cast<std::int8_t>(state.batch_count));
        for (std::size_t i = 0; i < state.batch_count; ++i) {
            const ProducerBatch& b = state.batches[i];
            append_be<std::int32_t>(sink, b.first_sequence);
            append_be<std::int32_t>(sink, b.last_sequence);
            append_be<std::int64_t>(sink, b.first_offset.value());
            append_be<std::int64_t>(sink, b.last_offset.value());
            append_be<std::int64_t>(sink, b.timestamp.value());
        }
    }
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(completed_.size()));
    for (const auto& [first, marker] : completed_) {
        append_be<std::int64_t>(sink, first.value());
        append_be<std::int64_t>(sink, marker.value());
    }
    store_be(sink.data(), crc32c(sink.view().subspan(4)));
    return sink.to_bytes();
}

Result<ProducerStateTable> ProducerStateTable::decode_whole(BytesView bytes) {
    const auto corrupt = [] {
        return fail(ErrorCode::CorruptMessage, "the producers of a recovery mark are damaged");
    };
    ByteReader reader(bytes);
    const auto crc = reader.be<std::uint32_t>();
    if (!reader.ok() || crc != crc32c(bytes.subspan(4))) return corrupt();
    ProducerStateTable table;
    for (auto left = reader.be<std::int32_t>(); left > 0 && reader.ok(); --left) {
        const ProducerId id{reader.be<std::int64_t>()};
        ProducerState state;
        state.epoch = ProducerEpoch{reader.be<std::int16_t>()};
        state.coordinator_epoch = reader.be<std::int32_t>();
        if (const auto start = reader.be<std::int64_t>(); start >= 0) {
            state.transaction_start = Offset{start};
            table.open_.emplace(Offset{start}, id);
        }
        state.last_timestamp = Timestamp{reader.be<std::int64_t>()};
        const auto batches = reader.be<std::int8_t>();
        if (batches < 0 || static_cast<std::size_t>(batches) > ProducerState::kBatchesMax)
            return corrupt();
        state.batch_count = static_cast<std::size_t>(batches);
        for (std::size_t i = 0; i < state.batch_count; ++i) {
            ProducerBatch& b = state.batches[i];
            b.first_sequence = reader.be<std::int32_t>();
            b.last_sequence = reader.be<std::int32_t>();
            b.first_offset = Offset{reader.be<std::int64_t>()};
            b.last_offset = Offset{reader.be<std::int64_t>()};
            b.timestamp = Timestamp{reader.be<std::int64_t>()};
        }
        table.producers_.insert_or_assign(id, state);
    }
    for (auto left = reader.be<std::int32_t>(); left > 0 && reader.ok(); --left) {
        const Offset first{reader.be<std::int64_t>()};
        table.completed_.insert_or_assign(first, Offset{reader.be<std::int64_t>()});
    }
    if (!reader.ok() || reader.left() != 0) return corrupt();
    return table;
}

}  // namespace millrace::broker
