#include "millrace/wire/batch/record_batch.h"

#include "millrace/base/check.h"
#include "millrace/base/hash.h"

namespace millrace::wire {

namespace {


// Magic and length, with `size` bytes at hand. Nothing wrong: the batch's size, which may be more
// than `size`.
Result<std::size_t> frame(const std::byte* at, std::size_t size) {
    const std::int32_t length = load_be<std::int32_t>(at + 8);
    if (length < 14)  // Java's least record overhead, of magic 0
        return fail(ErrorCode::CorruptMessage,
                    "batch length " + std::to_string(length) + " is too small");
    const std::size_t whole = kBatchLogOverhead + static_cast<std::size_t>(length);
    if (size <= 16) return whole;
    const int magic = static_cast<std::int8_t>(at[16]);
    if (magic == 0 || magic == 1)
        return fail(ErrorCode::UnsupportedForMessageFormat,
                    "message format " + std::to_string(magic));
    if (magic != 2)
        return fail(ErrorCode::CorruptMessage, "unknown magic " + std::to_string(magic));
    if (length < kBatchLengthMin)
        return fail(ErrorCode::CorruptMessage,
                    "batch length " + std::to_string(length) + " is below a header's");
    return whole;
}

}  // namespace

Result<RecordBatchView> RecordBatchView::of(BytesView bytes) {
    if (bytes.size() < kBatchHeaderBytes)
        return fail(ErrorCode::CorruptMessage, "batch header is cut short");
    MR_TRY(const std::size_t whole, frame(bytes.data(), bytes.size()));
    if (whole > bytes.size()) return fail(ErrorCode::CorruptMessage, "batch is cut short");
    return RecordBatchView(bytes.data());
}

Result<RecordBatchView> RecordBatchView::header_of(BytesView bytes) {
    if (bytes.size() < kBatchHeaderBytes)
        return fail(ErrorCode::CorruptMessage, "batch header is cut short");
    MR_TRY([[maybe_unused]] const std::size_t whole, frame(bytes.data(), bytes.size()));
    return RecordBatchView(bytes.data());
}

std::optional<RecordBatchView> BatchWalker::next() {
    if (error_ || left() < kBatchLogOverhead) return std::nullopt;
    const std::byte* at = bytes_.data() + position_;
    const Result<std::size_t> whole = frame(at, left());
    if (!whole) {
        error_ = whole.error();
        return std::nullopt;
    }
    if (*whole > left()) return std::nullopt;
    position_ += *whole;
    return RecordBatchView(at);
}

Result<void> BatchWalker::status() const {
    if (error_) return Failure(*error_);
    return {};
}

Result<void> RecordBatchView::check_crc() const {
    const std::uint32_t computed = crc32c({at_ + kBatchCrcFrom, size() - kBatchCrcFrom});
    if (computed != crc())
        return fail(ErrorCode::CorruptMessage, "batch at offset " +
                                                   std::to_string(base_offset().value()) +
                                                   ": its CRC does not match its bytes");
    return {};
}

Result<void> RecordBatchView::validate() const {
    MR_TRY_VOID(check_crc());
    if (codec_number() > static_cast<std::uint8_t>(Codec::Zstd))
        return fail(ErrorCode::UnsupportedCompressionType,
                    "codec " + std::to_string(codec_number()));
    if (count() < 0 || last_offset_delta() < 0)
        return fail(ErrorCode::InvalidRecord, "negative record count or last offset delta");
    return {};
}

std::int32_t RecordBatchView::last_sequence() const {
    const std::int32_t base = base_sequence();
    return base < 0 ? -1 : sequence_plus(base, last_offset_delta());
}

std::int32_t sequence_plus(std::int32_t sequence, std::int32_t delta) {
    const std::int64_t sum = std::int64_t{sequence} + delta;
    return static_cast<std::int32_t>(sum <= INT32_MAX ? sum : sum - INT32_MAX - 1);
}

void stamp_offset_and_epoch(std::byte* batch, Offset base_offset, LeaderEpoch epoch) {
    store_be(batch, base_offset.value());
    store_be(batch + 12, epoch.value());
}

void stamp_max_timestamp(std::byte* batch, TimestampType type, Timestamp max) {
    auto attributes = load_be<std::uint16_t>(batch + 21);
    attributes = static_cast<std::uint16_t>(attributes & ~8u);
    if (type == TimestampType::LogAppendTime) attributes |= 8u;
    store_be(batch + 21, attributes);
    store_be(batch + 35, max.value());
    stamp_crc(batch);
}

void stamp_crc(std::byte* batch) {
    const std::size_t size =
        kBatchLogOverhead + static_cast<std::size_t>(load_be<std::int32_t>(batch + 8));
    store_be(batch + 17, crc32c({batch + kBatchCrcFrom, size - kBatchCrcFrom}));
}

std::optional<std::int16_t> control_type(const RecordView& record) {
    if (record.key.size() < 4) return std::nullopt;  // null too
    return load_be<std::int16_t>(record.key.data() + 2);
}

Result<EndTransactionMarker> end_transaction_marker(const RecordBatchView& batch) {
    RecordView record;
    if (!batch.control() || batch.codec_number() != 0)
        return fail(ErrorCode::InvalidRecord, "not a transaction marker");
    RecordReader reader(batch, batch.encoded_records());
    MR_TRY(const std::size_t n, reader.read({&record, 1}));
    const std::optional<std::int16_t> type = n == 1 ? control_type(record) : std::nullopt;
    if (!type || (*type != 0 && *type != 1) || record.value.size() < 6)
        return fail(ErrorCode::InvalidRecord, "not a transaction marker");
    return EndTransactionMarker{static_cast<ControlType>(*type),
                                load_be<std::int32_t>(record.value.data() + 2)};
}

}  // namespace millrace::wire
