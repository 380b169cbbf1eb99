#include "millrace/broker/replica/partition.h"

#include <algorithm>

#include "millrace/base/mutant.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker {

void Partition::lead(const PartitionImage& image, std::int32_t min_insync_replicas) {
    insync_ = static_cast<std::int32_t>(image.isr.size());
    // KIP-966: a topic with fewer replicas than min.insync.replicas is not refused for ever.
    min_insync_ = std::min(min_insync_replicas, static_cast<std::int32_t>(image.replicas.size()));
    leader_ = image.leader.value_or(NodeId{-1});
    if (image.leader_epoch == leader_epoch_) return;
    leader_epoch_ = image.leader_epoch;
    const auto latest = log_.latest_epoch();
    if (!latest || *latest < leader_epoch_) log_.begin_leader_epoch(leader_epoch_);
    advance();
}

Offset Partition::last_stable_offset() const {
    if (mutant::on(Mutant::LastStableOffsetIgnoresOpen)) return log_.high_watermark();
    return log_.last_stable_offset();
}

Result<AppendInfo> Partition::append_client(const Bytes& batch, const ClientAppend& options) {
    MR_TRY(const AppendInfo info,
           log_.append_as_leader(batch, {.leader_epoch = leader_epoch_,
                                         .now = now_.wall,
                                         .origin = AppendOrigin::Client,
                                         .transaction_v2 = options.transaction_v2,
                                         .built = options.built,
                                         .invalid_records = options.invalid_records}));
    if (mutant::on(Mutant::HighWatermarkBeyondDurable))
        log_.set_high_watermark(log_.log_end_offset());
    return info;
}

Result<AppendedAt> Partition::append_marker(const TxnMarker& marker) {
    const Bytes batch = wire::end_transaction_marker_batch(
        {.type = marker.commit ? wire::ControlType::Commit : wire::ControlType::Abort,
         .coordinator_epoch = marker.coordinator_epoch},
        marker.producer.id, marker.producer.epoch, now_.wall);
    MR_TRY(const AppendInfo info,
           log_.append_as_leader(batch, {.leader_epoch = leader_epoch_,
                                         .now = now_.wall,
                                         .origin = AppendOrigin::Coordinator,
                                         .transaction_v2 = marker.transaction_version >= 2}));
    return AppendedAt{info.first_offset, info.last_offset + 1};
}

Result<AppendedAt> Partition::append(Bytes batch) {
    MR_TRY(const AppendInfo info,
           log_.append_as_leader(batch, {.leader_epoch = leader_epoch_,
                                         .now = now_.wall,
                                         .origin = AppendOrigin::Coordinator}));
    return AppendedAt{info.first_offset, info.last_offset + 1};
}

Result<Bytes> Partition::read(Offset from, std::size_t bytes_max) {
    return log_.read(from, bytes_max, log_.log_end_offset());
}

void Partition::when_committed(Offset end, Waiter waiter) {
    if (end <= high_watermark() || mutant::on(Mutant::AnswerBeforeSync))
        return waiter(ErrorCode::None);
    waiters_.emplace(end, std::move(waiter));
}

bool Partition::advance() {
    const Offset before = log_.high_watermark();
    if (log_.durable_end() > before) log_.set_high_watermark(log_.durable_end());
    const Offset end = log_.high_watermark();
    while (!waiters_.empty() && waiters_.begin()->first <= end) {
        auto first = waiters_.extract(waiters_.begin());  // a waiter may append, and wait, again
        first.mapped()(ErrorCode::None);
    }
    return end > before;
}

void Partition::fail_waiters(ErrorCode code) {
    auto waiters = std::exchange(waiters_, {});
    for (auto& [end, waiter] : waiters) waiter(code);
}

}  // namespace millrace::broker
