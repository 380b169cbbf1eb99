#pragma once
// Kafka's record batch v2 as views over its bytes (Java: DefaultRecordBatch). Nothing is copied and
// nothing is owned.
//
//   0 baseOffset 8 | 8 batchLength 4 (bytes after this field) | 12 partitionLeaderEpoch 4 | 16
//   magic 1 (= 2)
//  17 crc 4 (CRC-32C from 21 to the end) | 21 attributes 2 | 23 lastOffsetDelta 4 | 27
//  baseTimestamp 8 35 maxTimestamp 8 | 43 producerId 8 | 51 producerEpoch 2 | 53 baseSequence 4 |
//  57 recordCount 4 | 61 records attributes: bits 0-2 codec, 3 timestamp type, 4 transactional, 5
//  control, 6 delete horizon (then baseTimestamp is it)
//
// Base offset and leader epoch lie outside the CRC: a broker stamps them without a new checksum.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "millrace/base/byte_order.h"
#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"

namespace millrace::wire {

enum class Codec : std::uint8_t { None = 0, Gzip = 1, Snappy = 2, Lz4 = 3, Zstd = 4 };
enum class TimestampType : std::uint8_t { CreateTime = 0, LogAppendTime = 1 };

inline constexpr std::size_t kBatchHeaderBytes = 61;
inline constexpr std::size_t kBatchCrcFrom = 21;  // of what lies behind it
inline constexpr std::size_t kBatchLogOverhead =
    12;  // base offset and length: what stands before batchLength counts
inline constexpr std::int32_t kBatchLengthMin =
    static_cast<std::int32_t>(kBatchHeaderBytes - kBatchLogOverhead);

// Bytes that may be null. From a BytesView it is never null, not even when empty.
class NullableView {
public:
    constexpr NullableView() = default;        // null
    constexpr NullableView(std::nullopt_t) {}  // NOLINT: reads as what it is
    NullableView(BytesView v) : data_(v.data() ? v.data() : &kEmpty), size_(v.size()) {}  // NOLINT
    NullableView(const Bytes& b) : NullableView(b.view()) {}                              // NOLINT
    NullableView(const std::optional<BytesView>& v)
        : NullableView(v ? NullableView(*v) : NullableView()) {}  // NOLINT
    bool is_null() const { return data_ == nullptr; }
    explicit operator bool() const { return data_ != nullptr; }
    const std::byte* data() const { return data_; }
    std::size_t size() const { return size_; }
    BytesView view() const { return {data_, size_}; }  // empty when null
    BytesView operator*() const { return view(); }
    friend bool operator==(const NullableView& a, const NullableView& b) {
        return a.is_null() == b.is_null() && equal(a.view(), b.view());
    }

private:
    static constexpr std::byte kEmpty{};
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

struct HeaderView {
    BytesView key;  // UTF-8
    NullableView value;
};

// The headers of a record, still encoded; checked when the record was read.
class HeadersView {
public:
    HeadersView() = default;
    HeadersView(BytesView encoded, std::uint32_t count)
        : at_(encoded.data()), size_(static_cast<std::uint32_t>(encoded.size())), count_(count) {}
    std::uint32_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    BytesView encoded() const {
        return {at_, size_};
    }  // after the count; may be handed to a builder as it is

    class Iterator {
    public:
        HeaderView operator*() const { return header_; }
        Iterator& operator++() {
            --left_;
            read();
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

    private:
        friend class HeadersView;
        Iterator(const std::byte* at, const std::byte* end, std::uint32_t left)
            : at_(at), end_(end), left_(left) {
            read();
        }
        void read();
        const std::byte* at_;
        const std::byte* end_;
        std::uint32_t left_;
        HeaderView header_;
    };
    Iterator begin() const { return {at_, at_ + size_, count_}; }
    Iterator end() const { return {at_ + size_, at_ + size_, 0}; }

private:
    const std::byte* at_ = nullptr;
    std::uint32_t size_ = 0, count_ = 0;
};

struct RecordView {  // borrows from the batch's (uncompressed) bytes
    Offset offset;
    Timestamp timestamp;
    NullableView key, value;
    HeadersView headers;
};
static_assert(sizeof(RecordView) == 64);  // one cache line

// One whole batch. Made by BatchWalker or `of`, which check magic and lengths; CRC and counts are
// checked by validate().
class RecordBatchView {
public:
    // The bytes are exactly one batch, or begin with one. CorruptMessage;
    // UnsupportedForMessageFormat for magic 0 and 1.
    static Result<RecordBatchView> of(BytesView bytes);
    // The bytes begin with a batch's header; the rest may be elsewhere. Only the header may be
    // looked at.
    static Result<RecordBatchView> header_of(BytesView bytes);

    BytesView bytes() const { return {at_, size()}; }
    std::size_t size() const {
        return kBatchLogOverhead + static_cast<std::size_t>(load_be<std::int32_t>(at_ + 8));
    }
    Offset base_offset() const { return Offset{load_be<std::int64_t>(at_)}; }
    std::int32_t last_offset_delta() const { return load_be<std::int32_t>(at_ + 23); }
    Offset last_offset() const { return after_base(last_offset_delta()); }
    Offset next_offset() const { return after_base(std::int64_t{last_offset_delta()} + 1); }
    LeaderEpoch leader_epoch() const {
        return LeaderEpoch{load_be<std::int32_t>(at_ + 12)};
    }  // -1: not appended yet
    std::uint32_t crc() const { return load_be<std::uint32_t>(at_ + 17); }
    std::uint16_t attributes() const { return load_be<std::uint16_t>(at_ + 21); }
    std::uint8_t codec_number() const { return attributes() & 7; }  // 5 to 7 are no codec
    Codec codec() const { return static_cast<Codec>(codec_number()); }
    TimestampType timestamp_type() const {
        return static_cast<TimestampType>((attributes() >> 3) & 1);
    }
    bool transactional() const { return (attributes() & 0x10) != 0; }
    bool control() const { return (attributes() & 0x20) != 0; }
    Timestamp base_timestamp() const { return Timestamp{load_be<std::int64_t>(at_ + 27)}; }
    Timestamp max_timestamp() const {
        return Timestamp{load_be<std::int64_t>(at_ + 35)};
    }                                                  // -1: none
    std::optional<Timestamp> delete_horizon() const {  // KIP-534
        return (attributes() & 0x40) != 0 ? std::optional(base_timestamp()) : std::nullopt;
    }
    bool has_producer_id() const { return load_be<std::int64_t>(at_ + 43) >= 0; }
    ProducerId producer_id() const {
        return ProducerId{load_be<std::int64_t>(at_ + 43)};
    }  // -1: none
    ProducerEpoch producer_epoch() const {
        return ProducerEpoch{load_be<std::int16_t>(at_ + 51)};
    }                                                                               // -1: none
    std::int32_t base_sequence() const { return load_be<std::int32_t>(at_ + 53); }  // -1: none
    std::int32_t last_sequence() const;  // wraps from 2^31-1 to 0; -1: none
    std::int32_t count() const { return load_be<std::int32_t>(at_ + 57); }
    BytesView encoded_records() const {
        return {at_ + kBatchHeaderBytes, size() - kBatchHeaderBytes};
    }  // compressed

    Result<void> check_crc() const;  // CorruptMessage
    // CRC and header sanity: codec, count, last offset delta. Not the records. CorruptMessage,
    // InvalidRecord, UnsupportedCompressionType.
    Result<void> validate() const;

private:
    friend class BatchWalker;
    Offset after_base(std::int64_t n) const {  // a damaged offset may wrap, never trap
        return Offset{
            static_cast<std::int64_t>(load_be<std::uint64_t>(at_) + static_cast<std::uint64_t>(n))};
    }
    explicit RecordBatchView(const std::byte* at) : at_(at) {}
    const std::byte* at_;
};

// Walks concatenated batches. Like Java, a batch cut short at the end is silently not there.
//   BatchWalker walker(bytes);
//   while (auto batch = walker.next()) ...
//   MR_TRY_VOID(walker.status());
class BatchWalker {
public:
    explicit BatchWalker(BytesView bytes) : bytes_(bytes) {}
    std::optional<RecordBatchView> next();
    std::size_t position() const {
        return position_;
    }  // behind the batch given last: bytes that hold whole batches
    std::size_t left() const { return bytes_.size() - position_; }
    Result<void> status() const;  // why it stopped, when that was not the end

private:
    BytesView bytes_;
    std::size_t position_ = 0;
    std::optional<Error> error_;
};

struct RecordsSummary {  // of records that need not be seen one by one
    Timestamp timestamp_min{-1}, timestamp_max{-1};
    bool null_key = false;  // at least one
    bool gap = false;       // offsets do not count up by one from the first that was left
};

// Reads the records of a batch, a chunk at a time: about 10 ns a record, every length checked. The
// errors are InvalidRecord; records given before stay good.
class RecordReader {
public:
    // `records` are uncompressed: batch.encoded_records() when there is no codec, else
    // uncompressed_records() of compression.h. Both outlive the reader and the views.
    RecordReader(const RecordBatchView& batch, BytesView records);
    // How many were read, at most into.size(); 0 at the end.
    Result<std::size_t> read(std::span<RecordView> into);
    template <class Columns>
    Result<std::size_t> read_run(std::size_t wanted, Columns&& into);  // read_run.h
    // Reads all that are left with the same checks, and says what they are like.
    Result<RecordsSummary> read_over();
    std::int32_t left() const { return left_; }  // as the header says

private:
    bool plain_bases() const;
    bool read_odd(RecordView& record);
    Failure malformed();
    static Failure negative_count();
    Result<void> took(std::size_t n);

    const std::byte* at_;
    const std::byte* end_;
    std::int64_t base_offset_;
    std::int64_t base_timestamp_;
    bool log_append_time_;
    std::int64_t max_timestamp_;
    std::int32_t left_;
    std::int32_t next_delta_ = 0;  // of offsets, if they count up
    bool empty_;
};

// What a broker writes into a batch that it owns.
void stamp_offset_and_epoch(std::byte* batch, Offset base_offset,
                            LeaderEpoch epoch);                                 // needs no new CRC
void stamp_max_timestamp(std::byte* batch, TimestampType type, Timestamp max);  // sets the CRC anew
void stamp_crc(std::byte* batch);

// The sequence `delta` after `sequence`; 2^31-1 is followed by 0.
std::int32_t sequence_plus(std::int32_t sequence, std::int32_t delta);

// Control batches: the key of their records is int16 version 0, int16 type.
enum class ControlType : std::int16_t {
    Abort = 0,
    Commit = 1,
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
};
std::optional<std::int16_t> control_type(
    const RecordView& record);  // nothing: the key is no control key
struct EndTransactionMarker {   // int16 version 0, int32 coordinator epoch
    ControlType type = ControlType::Abort;
    std::int32_t coordinator_epoch = 0;
    friend bool operator==(const EndTransactionMarker&, const EndTransactionMarker&) = default;
};
// The marker in a control batch; InvalidRecord when it is none (other control types too).
Result<EndTransactionMarker> end_transaction_marker(const RecordBatchView& batch);

}  // namespace millrace::wire
