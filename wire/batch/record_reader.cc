// The record: length varint, attributes int8, timestampDelta varlong, offsetDelta varint, keyLength
// varint (-1 null), key, valueLength varint, value, headerCount varint, headers {keyLength varint,
// key, valueLength varint (-1 null), value}. Lengths and counts are zigzag varints of at most 5
// bytes.
#include "millrace/base/check.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::wire {

namespace {

// Bytes that may be read behind a record without a check: four varints of three bytes.
constexpr std::ptrdiff_t kSlack = 32;

struct Raw {
    const std::byte* at;  // behind it; null: longer than three bytes
    std::uint32_t value;
};

// An unsigned varint of at most three bytes, which are readable.
[[gnu::always_inline]] inline Raw short_varint(const std::byte* at) {
    const std::uint32_t first = std::to_integer<std::uint32_t>(at[0]);
    if (first < 0x80) [[likely]]
        return {at + 1, first};
    const std::uint32_t second = std::to_integer<std::uint32_t>(at[1]);
    if (second < 0x80) [[likely]]
        return {at + 2, (first & 0x7f) | second << 7};
    const std::uint32_t third = std::to_integer<std::uint32_t>(at[2]);
    if (third < 0x80) return {at + 3, (first & 0x7f) | (second & 0x7f) << 7 | third << 14};
    return {nullptr, 0};
}

// The same with an end, for the last record.
inline const std::byte* careful_varint(const std::byte* at, const std::byte* end,
                                       std::int32_t& into) {
    return load_varint(at, end, into);
}

// Key or value: -1 and every other negative length is null, as in Java.
inline const std::byte* nullable(const std::byte* at, const std::byte* end, std::int32_t length,
                                 NullableView& into) {
    if (length < 0) {
        into = NullableView();
        return at;
    }
    if (length > end - at) [[unlikely]]
        return nullptr;
    into = NullableView(BytesView{at, static_cast<std::size_t>(length)});
    return at + length;
}

// Checks `count` headers; null unless they end exactly at `end`.
const std::byte* check_headers(const std::byte* at, const std::byte* end, std::int32_t count) {
    if (count < 0 || count > end - at) return nullptr;
    for (std::int32_t i = 0; i < count; ++i) {
        std::int32_t length;
        at = load_varint(at, end, length);
        if (!at || length < 0 || length > end - at) return nullptr;
        at = load_varint(at + length, end, length);
        if (!at || length > end - at) return nullptr;
        if (length > 0) at += length;
    }
    return at == end ? at : nullptr;
}

struct Deltas {
    std::int64_t timestamp;
    std::int32_t offset;
};

// The last records of a batch, or odd ones: the same with every byte checked. Null when it is
// malformed.
const std::byte* read_carefully(const std::byte* at, const std::byte* end, RecordView& record,
                                Deltas& deltas) {
    std::int32_t length, size;
    at = careful_varint(at, end, length);
    if (!at || length < 1 || length > end - at) return nullptr;
    const std::byte* const record_end = at + length;
    if (!(at = load_varlong(at + 1, record_end, deltas.timestamp))) return nullptr;
    if (!(at = careful_varint(at, record_end, deltas.offset))) return nullptr;
    if (!(at = careful_varint(at, record_end, size))) return nullptr;
    if (!(at = nullable(at, record_end, size, record.key))) return nullptr;
    if (!(at = careful_varint(at, record_end, size))) return nullptr;
    if (!(at = nullable(at, record_end, size, record.value))) return nullptr;
    if (!(at = careful_varint(at, record_end, size))) return nullptr;
    if (!check_headers(at, record_end, size)) return nullptr;
    record.headers = HeadersView({at, static_cast<std::size_t>(record_end - at)},
                                 static_cast<std::uint32_t>(size));
    return record_end;
}

// The common case: kSlack bytes lie behind the record, no header, no varint over three bytes. Null:
// it is not that. Varints are read first and checked after: one may begin behind the record's end,
// but the length that follows it does not fit then, and the last must end exactly there.
[[gnu::always_inline]] inline const std::byte* read_fast(const std::byte* at,
                                                         const std::byte* safe_end,
                                                         RecordView& record,
                                                         std::int64_t base_offset,
                                                         std::int64_t base_timestamp) {
    if (at >= safe_end) [[unlikely]]
        return nullptr;
    const Raw length = short_varint(at);
    if (!length.at) [[unlikely]]
        return nullptr;
    const std::ptrdiff_t size = length.value >> 1;
    if ((length.value & 1) != 0 || size > safe_end - length.at) [[unlikely]]
        return nullptr;
    const std::byte* const end = length.at + size;
    const Raw time = short_varint(length.at + 1);
    if (!time.at) [[unlikely]]
        return nullptr;
    const Raw offset = short_varint(time.at);
    if (!offset.at) [[unlikely]]
        return nullptr;
    const Raw key = short_varint(offset.at);
    const std::ptrdiff_t key_size = key.value >> 1;
    if (!key.at || key_size > end - key.at) [[unlikely]]
        return nullptr;
    at = key.at + key_size;
    record.key = NullableView(BytesView{key.at, static_cast<std::size_t>(key_size)});
    if ((key.value & 1) != 0) [[unlikely]] {  // null
        at = key.at;
        record.key = NullableView();
    }
    const Raw value = short_varint(at);
    const std::ptrdiff_t value_size = value.value >> 1;
    if (!value.at || value_size > end - value.at) [[unlikely]]
        return nullptr;
    at = value.at + value_size;
    record.value = NullableView(BytesView{value.at, static_cast<std::size_t>(value_size)});
    if ((value.value & 1) != 0) [[unlikely]] {
        at = value.at;
        record.value = NullableView();
    }
    if (at + 1 != end || *at != std::byte{0}) [[unlikely]]
        return nullptr;
    record.headers = HeadersView();
    record.offset = Offset{base_offset + unzigzag(offset.value)};
    record.timestamp = Timestamp{base_timestamp + unzigzag(time.value)};
    return end;
}

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

void HeadersView::Iterator::read() {
    if (left_ == 0) {
        at_ = end_;
        return;
    }
    std::int32_t length;
    at_ = load_varint(at_, end_, length);
    MR_CHECK(at_ && length >= 0 && length <= end_ - at_);  // read() of the record has checked them
    header_.key = {at_, static_cast<std::size_t>(length)};
    at_ = load_varint(at_ + length, end_, length);
    MR_CHECK(at_ && length <= end_ - at_);
    header_.value = length < 0 ? NullableView()
                               : NullableView(BytesView{at_, static_cast<std::size_t>(length)});
    if (length > 0) at_ += length;
}

RecordReader::RecordReader(const RecordBatchView& batch, BytesView records)
    : at_(records.data()),
      end_(records.data() + records.size()),
      base_offset_(batch.base_offset().value()),
      base_timestamp_(batch.base_timestamp().value()),
      log_append_time_(batch.timestamp_type() == TimestampType::LogAppendTime),
      max_timestamp_(batch.max_timestamp().value()),
      left_(batch.count()),
      empty_(batch.count() == 0) {}

Result<std::size_t> RecordReader::read(std::span<RecordView> into) {
    if (left_ < 0) return fail(ErrorCode::InvalidRecord, "negative record count");
    const std::size_t wanted = into.size() < static_cast<std::size_t>(left_)
                                   ? into.size()
                                   : static_cast<std::size_t>(left_);
    const std::byte* at = at_;
    // Sums of the fast path stay in range when the bases do; others take the path where they may
    // wrap.
    const bool plain = base_offset_ >= 0 && base_offset_ < INT64_MAX / 2 &&
                       base_timestamp_ > -INT64_MAX / 2 && base_timestamp_ < INT64_MAX / 2;
    const std::byte* const safe_end = plain && end_ - at_ > kSlack ? end_ - kSlack : at_;
    for (std::size_t i = 0; i < wanted; ++i) {
        RecordView& record = into[i];
        if (const std::byte* next = read_fast(at, safe_end, record, base_offset_, base_timestamp_))
            [[likely]] {
            at = next;
            continue;
        }
        Deltas deltas;
        at = read_carefully(at, end_, record, deltas);
        if (!at) return fail(ErrorCode::InvalidRecord, "malformed record");
        record.offset = Offset{wrapping_sum(base_offset_, deltas.offset)};
        record.timestamp = Timestamp{wrapping_sum(base_timestamp_, deltas.timestamp)};
    }
    if (log_append_time_)
        for (std::size_t i = 0; i < wanted; ++i) into[i].timestamp = Timestamp{max_timestamp_};
    at_ = at;
    left_ -= static_cast<std::int32_t>(wanted);
    if (left_ == 0 && at_ != end_ && !empty_)  // Java lets a count of 0 over a full batch pass
        return fail(ErrorCode::InvalidRecord, "bytes left behind the last record");
    return wanted;
}

}  // namespace millrace::wire
