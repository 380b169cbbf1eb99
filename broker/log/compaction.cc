#include "millrace/broker/log/compaction.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "millrace/wire/batch/compression.h"

namespace millrace::broker {

using wire::RecordBatchView;
using wire::RecordView;

namespace {
constexpr std::size_t kAtOnce = 64;
}

// ---- transactions

CleanedTransactions::CleanedTransactions(std::vector<AbortedTransaction> aborted)
    : aborted_(std::move(aborted)) {
    std::stable_sort(aborted_.begin(), aborted_.end(),
                     [](const AbortedTransaction& a, const AbortedTransaction& b) {
                         return a.first_offset < b.first_offset;
                     });
}

void CleanedTransactions::begin_up_to(Offset offset) {
    for (; next_ < aborted_.size() && aborted_[next_].first_offset <= offset; ++next_)
        ongoing_aborted_.insert_or_assign(aborted_[next_].producer_id, Ongoing{aborted_[next_]});
}

bool CleanedTransactions::aborted(const RecordBatchView& data) {
    begin_up_to(data.last_offset());
    if (!data.transactional()) return false;
    const auto at = ongoing_aborted_.find(data.producer_id());
    if (at == ongoing_aborted_.end()) {
        ongoing_committed_.insert(data.producer_id());
        return false;
    }
    at->second.observed = true;
    return true;
}

bool CleanedTransactions::needless(const RecordBatchView& marker,
                                   std::vector<AbortedTransaction>& index) {
    begin_up_to(marker.last_offset());
    if (marker.count() == 0) return true;  // only its header was left, for the producer's sake
    const auto what = wire::end_transaction_marker(marker);
    if (!what) return false;  // another control record
    if (what->type == wire::ControlType::Commit)
        return ongoing_committed_.erase(marker.producer_id()) == 0;
    const auto at = ongoing_aborted_.extract(marker.producer_id());
    if (at.empty() || !at.mapped().observed) return true;
    index.push_back(at.mapped().transaction);
    return false;
}

// ---- keys

Result<bool> map_keys(const RecordBatchView& batch, Offset from, CleanedTransactions& txns,
                      OffsetMap& map, Offset& mapped_below) {
    if (batch.control()) {
        std::vector<AbortedTransaction> nowhere;
        (void)txns.needless(batch, nowhere);
        mapped_below = std::max(mapped_below, batch.next_offset());
        return true;
    }
    if (!txns.aborted(batch) && batch.count() > 0) {
        MR_TRY(const Bytes records, wire::uncompressed_records(batch));
        wire::RecordReader reader(batch, records);
        std::array<RecordView, kAtOnce> some;
        for (;;) {
            MR_TRY(const std::size_t n, reader.read(some));
            if (n == 0) break;
            for (std::size_t i = 0; i < n; ++i) {
                if (some[i].offset < from) continue;
                if (!some[i].key.is_null() && !map.put(some[i].key.view(), some[i].offset))
                    return false;
                mapped_below = some[i].offset + 1;
            }
        }
    }
    mapped_below = std::max(mapped_below, batch.next_offset());
    return true;
}

// ---- filter

bool BatchFilter::last_of_producer(const RecordBatchView& batch) const {
    if (!batch.has_producer_id()) return false;
    const auto at = settings_.last_of_producers.find(batch.producer_id());
    if (at == settings_.last_of_producers.end()) return false;
    if (at->second.data) return *at->second.data == batch.last_offset();
    return batch.control() && batch.producer_epoch() == at->second.epoch;
}

bool BatchFilter::keep(const RecordBatchView& batch, const RecordView& record) {
    if (record.offset >= settings_.mapped_below) return true;
    if (record.key.is_null()) {
        ++keyless_;
        return false;
    }
    const auto last = map_.get(record.key.view());
    if (last && record.offset < *last) return false;
    if (!record.value.is_null()) return true;
    const auto horizon = batch.delete_horizon();
    return !horizon || settings_.now < *horizon;
}

Result<void> BatchFilter::filter(const RecordBatchView& batch, CleanedTransactions& txns,
                                 ByteSink& into, std::vector<AbortedTransaction>& index) {
    bool discard = false, empty_marker = false;
    if (batch.control()) {
        empty_marker = txns.needless(batch, index);
        discard =
            empty_marker && batch.delete_horizon() && *batch.delete_horizon() <= settings_.now;
    } else {
        discard = txns.aborted(batch);
    }
    const bool keep_header = last_of_producer(batch) || batch.next_offset() == settings_.end;
    if (discard && !keep_header) return {};

    kept_.clear();
    bool all = true, tombstones = false;
    Bytes records;
    if (!discard && batch.count() > 0) {
        MR_TRY(records, wire::uncompressed_records(batch));
        wire::RecordReader reader(batch, records);
        std::array<RecordView, kAtOnce> some;
        for (;;) {
            MR_TRY(const std::size_t n, reader.read(some));
            if (n == 0) break;
            records_read_ += static_cast<std::int64_t>(n);
            for (std::size_t i = 0; i < n; ++i) {
                if (!batch.control() && !keep(batch, some[i])) {
                    all = false;
                    continue;
                }
                tombstones = tombstones || (some[i].value.is_null() && !batch.control());
                kept_.push_back(some[i]);
            }
        }
    }
    records_kept_ += static_cast<std::int64_t>(kept_.size());
    if (kept_.empty()) {
        if (!keep_header) return {};
        std::byte header[wire::kBatchHeaderBytes];
        std::memcpy(header, batch.bytes().data(), sizeof header);
        store_be<std::int32_t>(header + 8, wire::kBatchLengthMin);
        store_be<std::uint16_t>(header + 21,
                                static_cast<std::uint16_t>(batch.attributes() & ~0x47u));
        store_be<std::int64_t>(header + 27, -1);
        store_be<std::int32_t>(header + 57, 0);
        wire::stamp_crc(header);
        into.append({header, sizeof header});
        return {};
    }
    const bool new_horizon = (tombstones || empty_marker) && !batch.delete_horizon();
    if (all && !new_horizon) {
        into.append(batch.bytes());
        return {};
    }
    append_kept(batch,
                new_horizon ? std::optional(settings_.now + settings_.delete_retention_ms)
                            : batch.delete_horizon(),
                into);
    return {};
}

void BatchFilter::append_kept(const RecordBatchView& batch, std::optional<Timestamp> horizon,
                              ByteSink& into) {
    builder_.clear();
    if (horizon) builder_.set_base_timestamp(*horizon);
    for (const RecordView& record : kept_) {
        headers_.clear();
        for (const wire::HeaderView header : record.headers)
            headers_.push_back({header.key, header.value});
        builder_.append_at(static_cast<std::int32_t>(record.offset - batch.base_offset()),
                           record.timestamp, record.key, record.value, headers_);
    }
    wire::BatchSettings settings;
    settings.base_offset = batch.base_offset();
    settings.leader_epoch = batch.leader_epoch();
    settings.codec = batch.codec();
    settings.timestamp_type = batch.timestamp_type();
    settings.log_append_time = batch.max_timestamp();
    if (batch.has_producer_id()) settings.producer_id = batch.producer_id();
    settings.producer_epoch = batch.producer_epoch();
    settings.base_sequence = batch.base_sequence();
    settings.transactional = batch.transactional();
    settings.control = batch.control();
    settings.last_offset_delta = batch.last_offset_delta();
    settings.delete_horizon = horizon.has_value();
    into.append(builder_.finish(settings));
}

}  // namespace millrace::broker
