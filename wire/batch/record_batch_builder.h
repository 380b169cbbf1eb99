#pragma once
// Builds record batches (Java: MemoryRecordsBuilder). Appending allocates nothing but when the
// block must grow; finish() hands the block over without a copy. One builder is used for many
// batches.
#include <cstdint>
#include <optional>
#include <span>

#include "millrace/base/bytes.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::wire {

struct Header {  // a record header to be written
    BytesView key;
    NullableView value;
};

// What finish() writes into the header. The defaults are those of a plain producer.
struct BatchSettings {
    Offset base_offset{0};  // producers write 0; a broker that builds batches, the real one
    LeaderEpoch leader_epoch{-1};
    Codec codec = Codec::None;
    std::optional<int> level;  // of the codec; nothing: Kafka's default (gzip -1, lz4 9, zstd 3)
    TimestampType timestamp_type = TimestampType::CreateTime;
    Timestamp log_append_time{-1};  // the max timestamp, with LogAppendTime
    std::optional<ProducerId> producer_id;
    ProducerEpoch producer_epoch{-1};
    std::int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;
    std::optional<std::int32_t>
        last_offset_delta;        // what cleaning kept; nothing: that of the last record
    bool delete_horizon = false;  // the base timestamp given to begin() is one (KIP-534)
};

struct QuickRecord {  // a record to append_run(): no nulls, no headers
    std::int64_t timestamp;
    const std::byte* key;
    std::size_t key_size;
    const std::byte* value;
    std::size_t value_size;
};

namespace quick {  // append_quick.h
enum class Sizes : std::uint8_t;
struct Shape;
}  // namespace quick

class RecordBatchBuilder {
public:
    explicit RecordBatchBuilder(std::size_t capacity = 16 * 1024)
        : block_(capacity), capacity_hint_(capacity) {}

    // Timestamps are ms. A null view is Kafka's null. The offset delta is the number of records
    // before it.
    void append(Timestamp timestamp, NullableView key, NullableView value,
                std::span<const Header> headers = {});
    // Headers as another batch has them: copied without a look.
    void append(Timestamp timestamp, NullableView key, NullableView value,
                const HeadersView& headers);
    // The usual record, without headers: the same bytes, inline (append_quick.h). False, and
    // nothing done, for what is out of the ordinary: the first record of a batch, one that does not
    // fit into the block or set_size_max(), kQuickBytesMax bytes, time differences over 17 minutes.
    bool append_quick(Timestamp timestamp, NullableView key, NullableView value);
    static constexpr std::size_t kQuickBytesMax = 0x1fff - 32;  // of key and value
    // The same for up to n records. get(i, QuickRecord&) gives the i-th, or false: not such a one;
    // it may be asked twice. Returns how many were appended: the one behind them needs append().
    template <class Get>
    std::size_t append_run(std::size_t n, Get&& get);
    // append_quick() takes nothing beyond this size of the batch.
    void set_size_max(std::size_t size_max) { size_max_ = size_max; }
    // With a gap before it: cleaned and snapshot batches.
    void append_at(std::int32_t offset_delta, Timestamp timestamp, NullableView key,
                   NullableView value, std::span<const Header> headers = {});
    // Sets the timestamp that deltas count from; else it is that of the first record.
    void set_base_timestamp(Timestamp base) {
        base_timestamp_ = base.value();
        has_base_ = true;
    }

    std::int32_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    bool null_keys() const { return null_keys_; }  // of at least one record
    std::size_t size() const {
        return size_;
    }  // of the batch, before compression, its header counted
    // An upper bound of what appending such a record adds.
    static std::size_t record_size_bound(std::size_t key, std::size_t value,
                                         std::size_t headers = 0) {
        return 32 + key + value + headers;
    }

    // The batch; the builder is empty afterwards. A batch without records is legal (cleaning leaves
    // such).
    Bytes finish(const BatchSettings& settings);
    void clear();

private:
    template <quick::Sizes kKey, quick::Sizes kValue, bool kWideTime, class Get>
    std::size_t append_alike(const quick::Shape& shape, std::size_t from, std::size_t stop,
                             std::size_t key_size, std::size_t value_size, Get& get);
    std::byte* reserve(std::size_t more);
    template <class WriteHeaders>
    void append_record(std::int32_t offset_delta, Timestamp timestamp, NullableView key,
                       NullableView value, std::size_t header_bytes, std::uint32_t header_count,
                       WriteHeaders&& write_headers);

    MutableBlock block_;
    std::size_t capacity_hint_;
    std::size_t size_ = kBatchHeaderBytes;
    std::int64_t base_timestamp_ = -1, max_timestamp_ = -1;
    bool has_base_ = false, null_keys_ = false;
    std::int32_t count_ = 0, last_delta_ = -1;
    std::size_t size_max_ = SIZE_MAX;
    std::size_t quick_end_ = 0;  // append_quick() may write up to here; 0: not as things are
};

// Where records to one partition go at the moment, if anywhere: what a producer shows to those who
// send much.
struct OpenBatch {
    RecordBatchBuilder* builder = nullptr;
    bool append(Timestamp timestamp, NullableView key, NullableView value) const;  // append_quick()
    template <class Get>
    std::size_t append_run(std::size_t n, Get&& get) const;
};

// A batch of one control record (markers, leader change, snapshot header and footer, ...).
Bytes control_batch(ControlType type, BytesView value, Timestamp timestamp, BatchSettings settings);
// COMMIT or ABORT; transactional, with the producer's id and epoch and no sequence.
Bytes end_transaction_marker_batch(const EndTransactionMarker& marker, ProducerId id,
                                   ProducerEpoch epoch, Timestamp timestamp,
                                   Offset base_offset = Offset{0},
                                   LeaderEpoch leader_epoch = LeaderEpoch{-1});

}  // namespace millrace::wire
