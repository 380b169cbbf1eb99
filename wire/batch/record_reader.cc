// The record: length varint, attributes int8, timestampDelta varlong, offsetDelta varint, keyLength
// varint (-1 null), key, valueLength varint, value, headerCount varint, headers {keyLength varint,
// key, valueLength varint (-1 null), value}. Lengths and counts are zigzag varints of at most 5
// bytes.
#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/wire/batch/read_run.h"

namespace millrace::wire {

namespace {

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

// The last record of a batch, or an odd one (plain_records.h): every byte checked. Null when it is
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

// Sums of the fast path stay in range when the bases do; others take the path where they may wrap.
bool RecordReader::plain_bases() const {
    return base_offset_ >= 0 && base_offset_ < INT64_MAX / 2 && base_timestamp_ > -INT64_MAX / 2 &&
           base_timestamp_ < INT64_MAX / 2;
}

// One record with every byte checked.
bool RecordReader::read_odd(RecordView& record) {
    Deltas deltas;
    const std::byte* const after = read_carefully(at_, end_, record, deltas);
    if (!after) return false;
    at_ = after;
    record.offset = Offset{wrapping_sum(base_offset_, deltas.offset)};
    record.timestamp = Timestamp{wrapping_sum(base_timestamp_, deltas.timestamp)};
    // Behind the last possible one nothing counts up.
    next_delta_ = deltas.offset == INT32_MAX ? INT32_MIN : deltas.offset + 1;
    return true;
}

Failure RecordReader::malformed() {
    left_ = -1;  // nothing more is read
    return fail(ErrorCode::InvalidRecord, "malformed record");
}

// Behind `n` more records: is it the end, and as it must be?
Result<void> RecordReader::took(std::size_t n) {
    left_ -= static_cast<std::int32_t>(n);
    if (left_ == 0 && at_ != end_ && !empty_)  // Java lets a count of 0 over a full batch pass
        return fail(ErrorCode::InvalidRecord, "bytes left behind the last record");
    return {};
}

Failure RecordReader::negative_count() {
    return fail(ErrorCode::InvalidRecord, "negative record count");
}

namespace {

struct RecordViews {
    RecordView* records;

    void one(std::size_t i, const RecordView& record) { records[i] = record; }
    auto alike(std::size_t i, std::uint32_t key_size, std::uint32_t value_size) {
        return [key_size, value_size, to = records + i](std::int64_t offset, std::int64_t timestamp,
                                                        const std::byte* key,
                                                        const std::byte* value) mutable {
            *to++ = {Offset{offset}, Timestamp{timestamp}, BytesView{key, key_size},
                     BytesView{value, value_size}, HeadersView()};
        };
    }
    void all_at(std::size_t n, Timestamp timestamp) {
        for (std::size_t i = 0; i < n; ++i) records[i].timestamp = timestamp;
    }
};

// What plain records are like, for read_over().
struct Summing {
    std::int32_t before;  // the offset delta of the first, if they count up
    std::int64_t first = INT64_MAX, last = INT64_MIN;  // deltas of timestamps
    bool null_key = false;
    std::int32_t gap = 0;

    void one(std::size_t i, const PlainRecord& r) {
        gap |= (r.offset_delta - static_cast<std::int32_t>(i)) ^ before;
        null_key |= r.key.data == nullptr;
        see(unzigzag(r.timestamp_delta));
    }
    void see(std::int64_t time) {
        first = std::min(first, time);
        last = std::max(last, time);
    }
    const std::byte* alike(std::size_t, std::int32_t, const plain::Shape& shape,
                           const std::byte* from, const std::byte* stop) {
        std::uint64_t any = 0, least = UINT64_MAX, most = 0;
        const std::byte* const at =
            plain::each_alike(shape, from, stop, [&](const std::byte*, std::uint64_t bytes) {
                bytes &= shape.time_bits;
                any |= bytes;
                least = std::min(least, bytes);
                most = std::max(most, bytes);
            });
        if (at == from) return at;
        if (!shape.negative_time(any)) {
            see(shape.time_delta(least));
            see(shape.time_delta(most));
        } else {
            for (const std::byte* record = from; record != at; record += shape.size)
                see(shape.time_delta(plain::load<std::uint64_t>(record)));
        }
        return at;
    }
};

}  // namespace

Result<std::size_t> RecordReader::read(std::span<RecordView> into) {
    return read_run(into.size(), RecordViews{into.data()});
}

Result<RecordsSummary> RecordReader::read_over() {
    if (left_ < 0) return negative_count();
    RecordsSummary seen;
    const bool plain = plain_bases();
    const auto wanted = static_cast<std::size_t>(left_);
    std::int64_t low = INT64_MAX, high = INT64_MIN;
    for (std::size_t done = 0; done < wanted; ++done) {
        if (plain) {
            Summing sum{next_delta_};
            const std::byte* at = at_;
            std::int32_t delta = next_delta_;
            const std::size_t n = read_plain(at, end_, delta, wanted - done, sum);
            at_ = at;
            next_delta_ = delta;
            done += n;
            if (n > 0) {
                low = std::min(low, base_timestamp_ + sum.first);
                high = std::max(high, base_timestamp_ + sum.last);
                seen.null_key |= sum.null_key;
                seen.gap |= sum.gap != 0;
            }
            if (done == wanted) break;
        }
        const std::int32_t expected = next_delta_;
        RecordView record;
        if (!read_odd(record)) return malformed();
        low = std::min(low, record.timestamp.value());
        high = std::max(high, record.timestamp.value());
        seen.null_key |= record.key.is_null();
        seen.gap |=
            expected == INT32_MIN || record.offset.value() != wrapping_sum(base_offset_, expected);
    }
    if (wanted > 0) {
        seen.timestamp_min = log_append_time_ ? Timestamp{max_timestamp_} : Timestamp{low};
        seen.timestamp_max = log_append_time_ ? Timestamp{max_timestamp_} : Timestamp{high};
    }
    MR_TRY_VOID(took(wanted));
    return seen;
}

}  // namespace millrace::wire
