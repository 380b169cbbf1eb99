// The record: length varint, attributes int8, timestampDelta varlong, offsetDelta varint, keyLength
// varint (-1 null), key, valueLength varint, value, headerCount varint, headers {keyLength varint,
// key, valueLength varint (-1 null), value}. Lengths and counts are zigzag varints of at most 5
// bytes.
#include "millrace/base/check.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::wire {

namespace {

// Bytes that may be read behind a record without a check: the longest varint.
constexpr std::ptrdiff_t kSlack = 16;

// Reads a zigzag varint that starts at `at`, where kVarlongBytesMax bytes are readable; null when
// it is too long.
inline const std::byte* fast_varint(const std::byte* at, std::int32_t& into) {
    std::uint32_t v = std::to_integer<std::uint32_t>(*at);
    if (v < 0x80) [[likely]] {
        into = unzigzag(v);
        return at + 1;
    }
    const std::uint32_t second = std::to_integer<std::uint32_t>(at[1]);
    if (second < 0x80) [[likely]] {
        into = unzigzag((v & 0x7f) | second << 7);
        return at + 2;
    }
    return load_varint(at, at + kVarintBytesMax, into);
}

inline const std::byte* fast_varlong(const std::byte* at, std::int64_t& into) {
    std::uint64_t v = std::to_integer<std::uint64_t>(*at);
    if (v < 0x80) [[likely]] {
        into = unzigzag(v);
        return at + 1;
    }
    const std::uint64_t second = std::to_integer<std::uint64_t>(at[1]);
    if (second < 0x80) [[likely]] {
        into = unzigzag((v & 0x7f) | second << 7);
        return at + 2;
    }
    return load_varlong(at, at + kVarlongBytesMax, into);
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

// The common case: kSlack bytes lie behind the record, so varints are read first and checked after.
inline const std::byte* read_fast(const std::byte* at, const std::byte* end, RecordView& record,
                                  Deltas& deltas) {
    std::int32_t length, size;
    if (end - at < kSlack) [[unlikely]]
        return read_carefully(at, end, record, deltas);
    const std::byte* const start = at;
    at = fast_varint(at, length);
    if (!at || length < 1 || length > end - at - kSlack) [[unlikely]]
        return read_carefully(start, end, record, deltas);
    const std::byte* const record_end = at + length;
    // A varint begins at or before record_end (checked where it matters), and at most 10 bytes are
    // read from there.
    if (!(at = fast_varlong(at + 1, deltas.timestamp)) || at > record_end) [[unlikely]]
        return nullptr;
    if (!(at = fast_varint(at, deltas.offset)) || at > record_end) [[unlikely]]
        return nullptr;
    if (!(at = fast_varint(at, size)) || at > record_end) [[unlikely]]
        return nullptr;
    if (!(at = nullable(at, record_end, size, record.key))) [[unlikely]]
        return nullptr;
    if (!(at = fast_varint(at, size)) || at > record_end) [[unlikely]]
        return nullptr;
    if (!(at = nullable(at, record_end, size, record.value))) [[unlikely]]
        return nullptr;
    if (!(at = fast_varint(at, size)) || at > record_end) [[unlikely]]
        return nullptr;
    if (size == 0 && at == record_end) [[likely]] {
        record.headers = HeadersView();
        return at;
    }
    if (!check_headers(at, record_end, size)) return nullptr;
    record.headers = HeadersView({at, static_cast<std::size_t>(record_end - at)},
                                 static_cast<std::uint32_t>(size));
    return record_end;
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
    const std::byte* const end = end_;
    const auto base_offset =
        static_cast<std::uint64_t>(base_offset_);  // unsigned: the sum may wrap, never trap
    const auto base_timestamp = static_cast<std::uint64_t>(base_timestamp_);
    for (std::size_t i = 0; i < wanted; ++i) {
        RecordView& record = into[i];
        Deltas deltas;
        at = read_fast(at, end, record, deltas);
        if (!at) [[unlikely]]
            return fail(ErrorCode::InvalidRecord, "malformed record");
        record.offset = Offset{static_cast<std::int64_t>(
            base_offset + static_cast<std::uint64_t>(std::int64_t{deltas.offset}))};
        record.timestamp = Timestamp{static_cast<std::int64_t>(
            base_timestamp + static_cast<std::uint64_t>(deltas.timestamp))};
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
