#include "millrace/wire/batch/record_batch_builder.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/wire/batch/compression.h"

namespace millrace::wire {

namespace {

// Short copies without a call: two overlapping moves.
inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t n) {
    if (n <= 32) {
        if (n >= 16) {
            std::uint64_t a[2], b[2];
            std::memcpy(a, from, 16);
            std::memcpy(b, from + n - 16, 16);
            std::memcpy(to, a, 16);
            std::memcpy(to + n - 16, b, 16);
        } else if (n >= 8) {
            std::uint64_t a, b;
            std::memcpy(&a, from, 8);
            std::memcpy(&b, from + n - 8, 8);
            std::memcpy(to, &a, 8);
            std::memcpy(to + n - 8, &b, 8);
        } else if (n >= 4) {
            std::uint32_t a, b;
            std::memcpy(&a, from, 4);
            std::memcpy(&b, from + n - 4, 4);
            std::memcpy(to, &a, 4);
            std::memcpy(to + n - 4, &b, 4);
        } else {
            for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
        }
        return;
    }
    std::memcpy(to, from, n);
}

inline std::byte* store_fast(std::byte* at, std::uint64_t v) {
    if (v < 0x80) [[likely]] {
        *at = static_cast<std::byte>(v);
        return at + 1;
    }
    if (v < 0x4000) [[likely]] {
        at[0] = static_cast<std::byte>(v | 0x80);
        at[1] = static_cast<std::byte>(v >> 7);
        return at + 2;
    }
    return store_unsigned_varint(at, v);
}

inline std::size_t size_fast(std::uint64_t v) {
    if (v < 0x80) [[likely]]
        return 1;
    return unsigned_varint_size(v);
}

inline std::uint32_t length_of(const NullableView& bytes) {
    return bytes.is_null() ? zigzag(std::int32_t{-1})
                           : static_cast<std::uint32_t>(bytes.size()) << 1;
}

}  // namespace

namespace {
// What a record adds to its key, value and headers at most: six varints and a byte, and room to
// spare.
constexpr std::size_t kRecordOverheadMax = 40;
// Offset deltas of append_quick() fit into three bytes: a record has at least seven.
constexpr std::int32_t kQuickDeltaEnd = 1 << 19;
constexpr std::size_t kQuickEnd = 7 << 19;
}  // namespace

// Out of line: it happens a few times in the life of a builder.
std::byte* RecordBatchBuilder::reserve(std::size_t more) {
    MutableBlock grown(std::max(block_.size() * 2, size_ + more));
    std::memcpy(grown.data(), block_.data(), size_);
    block_ = std::move(grown);
    return block_.data() + size_;
}

// The record is written where it stands when its length takes two bytes, the common case; else it
// is moved.
template <class WriteHeaders>
[[gnu::always_inline]] inline void RecordBatchBuilder::append_record(
    std::int32_t offset_delta, Timestamp timestamp, NullableView key, NullableView value,
    std::size_t header_bytes, std::uint32_t header_count, WriteHeaders&& write_headers) {
    MR_DCHECK(offset_delta > last_delta_);
    const std::size_t bound = kRecordOverheadMax + key.size() + value.size() + header_bytes;
    if (size_ + bound > block_.size()) [[unlikely]]
        reserve(bound);
    const std::int64_t time = timestamp.value();
    if (!has_base_) [[unlikely]] {
        base_timestamp_ = time;
        has_base_ = true;
    }
    if (count_ == 0 || time > max_timestamp_) max_timestamp_ = time;
    null_keys_ |= key.is_null();
    std::byte* const start = block_.data() + size_;
    std::byte* const body = start + 2;
    std::byte* at = body;
    *at++ = std::byte{0};
    at = store_fast(at,
                    zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(time) -
                                                     static_cast<std::uint64_t>(base_timestamp_))));
    at = store_fast(at, zigzag(offset_delta));
    at = store_fast(at, length_of(key));
    copy_bytes(at, key.data(), key.size());
    at = store_fast(at + key.size(), length_of(value));
    copy_bytes(at, value.data(), value.size());
    at = store_fast(at + value.size(), std::uint64_t{header_count} << 1);
    at = write_headers(at);
    const std::size_t size = static_cast<std::size_t>(at - body);
    if (size - 64 < 8192 - 64) [[likely]] {  // 64 <= size < 8192: two bytes
        start[0] = static_cast<std::byte>(size << 1 | 0x80);
        start[1] = static_cast<std::byte>(size >> 6);
    } else {
        const std::size_t length_size = unsigned_varint_size(std::uint64_t{size} << 1);
        std::memmove(start + length_size, body, size);
        store_unsigned_varint(start, std::uint64_t{size} << 1);
        at = start + length_size + size;
    }
    size_ = static_cast<std::size_t>(at - block_.data());
    last_delta_ = offset_delta;
    ++count_;
    quick_end_ = offset_delta < kQuickDeltaEnd ? std::min({block_.size(), size_max_, kQuickEnd}) : 0;
}

void RecordBatchBuilder::append_at(std::int32_t offset_delta, Timestamp timestamp, NullableView key,
                                   NullableView value, std::span<const Header> headers) {
    std::size_t header_bytes = 0;
    for (const Header& header : headers)
        header_bytes += size_fast(std::uint64_t{header.key.size()} << 1) + header.key.size() +
                        size_fast(length_of(header.value)) + header.value.size();
    append_record(offset_delta, timestamp, key, value, header_bytes,
                  static_cast<std::uint32_t>(headers.size()), [headers](std::byte* at) {
                      for (const Header& header : headers) {
                          at = store_fast(at, std::uint64_t{header.key.size()} << 1);
                          copy_bytes(at, header.key.data(), header.key.size());
                          at = store_fast(at + header.key.size(), length_of(header.value));
                          copy_bytes(at, header.value.data(), header.value.size());
                          at += header.value.size();
                      }
                      return at;
                  });
}

void RecordBatchBuilder::append(Timestamp timestamp, NullableView key, NullableView value,
                                std::span<const Header> headers) {
    if (headers.empty()) {
        append_record(last_delta_ + 1, timestamp, key, value, 0, 0,
                      [](std::byte* at) { return at; });
    } else {
        append_at(last_delta_ + 1, timestamp, key, value, headers);
    }
}

void RecordBatchBuilder::append(Timestamp timestamp, NullableView key, NullableView value,
                                const HeadersView& headers) {
    const BytesView encoded = headers.encoded();
    append_record(last_delta_ + 1, timestamp, key, value, encoded.size(), headers.count(),
                  [encoded](std::byte* at) {
                      copy_bytes(at, encoded.data(), encoded.size());
                      return at + encoded.size();
                  });
}

Bytes RecordBatchBuilder::finish(const BatchSettings& s) {
    MutableBlock block = std::move(block_);
    std::size_t size = size_;
    if (s.codec != Codec::None && count_ > 0) {
        ByteSink compressed;
        compress(s.codec, s.level, {block.data() + kBatchHeaderBytes, size - kBatchHeaderBytes},
                 compressed);
        MutableBlock packed(kBatchHeaderBytes + compressed.size());
        std::memcpy(packed.data() + kBatchHeaderBytes, compressed.view().data(), compressed.size());
        size = packed.size();
        block_ = std::move(block);  // the raw block serves again
        block = std::move(packed);
    } else if (size < block.size() / 2) {
        MutableBlock fit(size);  // do not let a small batch hold a large block
        std::memcpy(fit.data() + kBatchHeaderBytes, block.data() + kBatchHeaderBytes,
                    size - kBatchHeaderBytes);
        block_ = std::move(block);
        block = std::move(fit);
    } else {
        capacity_hint_ = std::max(capacity_hint_, size);
        block_ = MutableBlock(capacity_hint_);
    }
    const std::uint16_t attributes = static_cast<std::uint16_t>(
        static_cast<unsigned>(s.codec) | static_cast<unsigned>(s.timestamp_type) << 3 |
        (s.transactional ? 0x10u : 0u) | (s.control ? 0x20u : 0u) |
        (s.delete_horizon ? 0x40u : 0u));
    std::byte* at = block.data();
    store_be<std::int64_t>(at, s.base_offset.value());
    store_be<std::int32_t>(at + 8, static_cast<std::int32_t>(size - kBatchLogOverhead));
    store_be<std::int32_t>(at + 12, s.leader_epoch.value());
    at[16] = std::byte{2};
    store_be<std::uint16_t>(at + 21, attributes);
    store_be<std::int32_t>(at + 23, s.last_offset_delta ? *s.last_offset_delta
                                    : last_delta_ < 0   ? 0
                                                        : last_delta_);
    store_be<std::int64_t>(at + 27, base_timestamp_);
    store_be<std::int64_t>(at + 35, s.timestamp_type == TimestampType::LogAppendTime
                                        ? s.log_append_time.value()
                                        : max_timestamp_);
    store_be<std::int64_t>(at + 43, s.producer_id ? s.producer_id->value() : -1);
    store_be<std::int16_t>(at + 51, s.producer_epoch.value());
    store_be<std::int32_t>(at + 53, s.base_sequence);
    store_be<std::int32_t>(at + 57, count_);
    stamp_crc(at);
    clear();
    return Bytes(std::move(block)).slice(0, size);
}

void RecordBatchBuilder::clear() {
    size_ = kBatchHeaderBytes;
    base_timestamp_ = max_timestamp_ = -1;
    has_base_ = null_keys_ = false;
    quick_end_ = 0;
    count_ = 0;
    last_delta_ = -1;
}

Bytes control_batch(ControlType type, BytesView value, Timestamp timestamp,
                    BatchSettings settings) {
    std::byte key[4];
    store_be<std::int16_t>(key, 0);
    store_be<std::int16_t>(key + 2, static_cast<std::int16_t>(type));
    RecordBatchBuilder builder(kBatchHeaderBytes +
                               RecordBatchBuilder::record_size_bound(sizeof key, value.size()));
    builder.append(timestamp, BytesView(key), value);
    settings.control = true;
    return builder.finish(settings);
}

Bytes end_transaction_marker_batch(const EndTransactionMarker& marker, ProducerId id,
                                   ProducerEpoch epoch, Timestamp timestamp, Offset base_offset,
                                   LeaderEpoch leader_epoch) {
    std::byte value[6];
    store_be<std::int16_t>(value, 0);
    store_be<std::int32_t>(value + 2, marker.coordinator_epoch);
    return control_batch(marker.type, value, timestamp,
                         {.base_offset = base_offset,
                          .leader_epoch = leader_epoch,
                          .producer_id = id,
                          .producer_epoch = epoch,
                          .transactional = true});
}

}  // namespace millrace::wire
