// EndTxn, markers and Complete*, and what time does: timeouts, retries, expiry.
#include <algorithm>
#include <utility>

#include "millrace/base/mutant.h"
#include "millrace/broker/txn/txn_coordinator.h"

namespace millrace::broker {

void TxnCoordinator::end(const std::string& transactional_id, ProducerIdAndEpoch producer,
                         bool commit, std::int16_t client_version, Now now, ProducerAnswer answer) {
    now_ = now;
    if (transactional_id.empty()) return answer({ErrorCode::InvalidRequest, {}});
    ErrorCode code;
    TxnShard* shard = active(transactional_id, code);
    if (!shard) return answer({code, {}});
    const TxnFold::Entry* entry = shard->fold.find(transactional_id);
    TxnDecision decision = TxnRefused{ErrorCode::InvalidProducerIdMapping};
    if (entry)
        decision =
            decide_end(entry->metadata, producer, commit, client_version, std::nullopt, now.wall);
    if (std::holds_alternative<TxnNeedsProducerId>(decision)) {
        const auto fresh = take_producer_id();
        if (!fresh)
            return await_producer_id([=, this](ErrorCode failed) {
                if (failed != ErrorCode::None) return answer({failed, {}});
                end(transactional_id, producer, commit, client_version, now_, answer);
            });
        decision = decide_end(entry->metadata, producer, commit, client_version, fresh, now.wall);
    }
    Producer told;
    const auto* next = std::get_if<TxnNext>(&decision);
    if (next) {
        const TxnMetadata& metadata = next->metadata;
        told.producer = metadata.next_producer_id.value() >= 0
                            ? ProducerIdAndEpoch{metadata.next_producer_id, ProducerEpoch{0}}
                            : ProducerIdAndEpoch{metadata.producer_id, metadata.producer_epoch};
        write(*shard, transactional_id, metadata, now);
    } else {
        told.code = std::get<TxnRefused>(decision).code;
        if (told.code == ErrorCode::None)
            told.producer = {entry->metadata.producer_id, entry->metadata.producer_epoch};
    }
    answer_after(*shard, transactional_id, [answer, told](ErrorCode failed) {
        if (failed != ErrorCode::None) return answer({failed, {}});
        answer(told);
    });
    if (next) send_markers_when_committed(partition_of(transactional_id), *shard, transactional_id);
}

// Nobody sees a marker of a decision that may still be lost.
void TxnCoordinator::send_markers_when_committed(std::int32_t partition, TxnShard& shard,
                                                 const std::string& transactional_id) {
    const TxnFold::Entry* entry = shard.fold.find(transactional_id);
    shard.shard.when_committed(entry->end, [this, partition, transactional_id](ErrorCode code) {
        if (code == ErrorCode::None) send_markers(partition, transactional_id);
    });
}

void TxnCoordinator::send_markers(std::int32_t partition, const std::string& transactional_id) {
    TxnShard* shard = find(partition);
    if (!shard || shard->shard.serving() != ErrorCode::None)
        return;  // once loaded, it is sent from there
    const TxnFold::Entry* entry = shard->fold.find(transactional_id);
    if (!entry || !entry->metadata.completing() || shard->completing.contains(transactional_id))
        return;
    const TxnMetadata& metadata = entry->metadata;
    Completing& completing = shard->completing[transactional_id];
    completing.id = next_marker_id_++;
    completing.marker = {.producer = {metadata.producer_id, metadata.producer_epoch},
                         .coordinator_epoch = shard->shard.leader_epoch().value(),
                         .commit = metadata.state == TxnState::PrepareCommit,
                         .transaction_version = metadata.client_version};
    completing.in_flight = metadata.partitions;
    marker_owner_[completing.id] = {partition, transactional_id};
    if (!completing.in_flight.empty())
        effects_.markers.push_back({completing.id,
                                    transactional_id,
                                    completing.marker,
                                    {completing.in_flight.begin(), completing.in_flight.end()}});
    complete_if_done(*shard, transactional_id);
}

void TxnCoordinator::marker_written(std::uint64_t id, const TopicPartition& partition,
                                    ErrorCode code, Now now) {
    now_ = now;
    const auto owner = marker_owner_.find(id);
    if (owner == marker_owner_.end()) return;  // of a coordinator that was loaded again since
    const auto [index, transactional_id] = owner->second;
    TxnShard* shard = find(index);
    if (shard->shard.serving() != ErrorCode::None) return;
    Completing& completing = shard->completing.at(transactional_id);
    if (completing.in_flight.erase(partition) == 0) return;
    switch (code) {
        case ErrorCode::None:
        case ErrorCode::UnknownTopicOrPartition:  // deleted: nothing is left to be ended
        case ErrorCode::UnknownTopicId:
        case ErrorCode::InvalidProducerEpoch:  // a later epoch stands there: this transaction is
                                               // not open
        case ErrorCode::UnsupportedForMessageFormat:
            break;
        default:
            // TransactionCoordinatorFenced as well: whoever leads this partition under a later epoch completes the transaction,
            // and that may be ourselves. If it is somebody else we are told, and forget it.
            if (code == ErrorCode::TransactionCoordinatorFenced)
                log_.warn("markers were refused: the coordinator is fenced",
                          {{"transactional_id", transactional_id}});
            completing.retry_at[partition] = now.time + config_.marker_retry;
            timers_changed_ = true;
            return;
    }
    complete_if_done(*shard, transactional_id);
}

void TxnCoordinator::complete_if_done(TxnShard& shard, const std::string& transactional_id) {
    const auto it = shard.completing.find(transactional_id);
    if (!it->second.in_flight.empty() || !it->second.retry_at.empty()) return;
    const TxnMetadata current = shard.fold.find(transactional_id)->metadata;
    if (mutant::on(Mutant::ReplayMarkerTwice)) {  // comes again in the next transaction, as an old
                                                  // broker sends it
        WriteTxnMarkers again{0,
                              transactional_id,
                              it->second.marker,
                              {current.partitions.begin(), current.partitions.end()}};
        again.marker.transaction_version = 0;
        stale_markers_[transactional_id] = std::move(again);
    }
    marker_owner_.erase(it->second.id);
    shard.completing.erase(it);
    write(shard, transactional_id, completed(current, now_.wall), now_);
    run_held(shard, transactional_id);
}

void TxnCoordinator::retry_markers(Now now) {
    for (auto& [partition, shard] : shards_)
        for (auto& [id, completing] : shard->completing) {
            if (!completing.retry_at.empty())
                completing.marker.coordinator_epoch = shard->shard.leader_epoch().value();
            WriteTxnMarkers again{completing.id, id, completing.marker, {}};
            for (auto it = completing.retry_at.begin(); it != completing.retry_at.end();) {
                if (it->second > now.time) {
                    ++it;
                    continue;
                }
                again.partitions.push_back(it->first);
                completing.in_flight.insert(it->first);
                it = completing.retry_at.erase(it);
            }
            if (!again.partitions.empty()) effects_.markers.push_back(std::move(again));
        }
}

void TxnCoordinator::note_deadline(TxnShard& shard, const std::string& transactional_id,
                                   const TxnMetadata& metadata, Now now) {
    timers_changed_ = true;
    const auto it = shard.deadlines.find(transactional_id);
    if (metadata.state != TxnState::Ongoing) {
        if (it == shard.deadlines.end()) return;
        shard.deadline_order.erase({it->second, transactional_id});
        shard.deadlines.erase(it);
        return;
    }
    if (it != shard.deadlines.end()) return;
    // The start is wall time, which may have jumped since it was written: never wait longer than
    // the whole timeout.
    const std::int64_t timeout = std::max<std::int64_t>(metadata.timeout_ms, 0);
    const std::int64_t left =
        std::clamp<std::int64_t>(metadata.start - now.wall + timeout, 0, timeout);
    const Time at = now.time + std::chrono::milliseconds(left);
    shard.deadlines[transactional_id] = at;
    shard.deadline_order.insert({at, transactional_id});
}

void TxnCoordinator::abort_timed_out(Now now) {
    if (now.time < next_timeout_scan_ || mutant::on(Mutant::TimeoutNeverAborts)) return;
    bool scanned = false;
    for (auto& [partition, shard] : shards_) {
        if (shard->shard.serving() != ErrorCode::None) continue;
        while (!shard->deadline_order.empty() && shard->deadline_order.begin()->first <= now.time) {
            const std::string id = shard->deadline_order.begin()->second;
            const TxnMetadata current = shard->fold.find(id)->metadata;
            log_.info("a transaction timed out",
                      {{"transactional_id", id}, {"timeout_ms", current.timeout_ms}});
            write(*shard, id, fence_and_abort(current, now.wall), now);  // takes the deadline away
            send_markers_when_committed(partition, *shard, id);
            scanned = true;
        }
    }
    if (scanned) next_timeout_scan_ = now.time + config_.timed_out_interval;
}

void TxnCoordinator::expire_ids(Now now) {
    if (now.time < next_expiry_scan_) return;
    const bool first = next_expiry_scan_ == Time{0};
    next_expiry_scan_ = now.time + config_.expired_id_interval;
    if (first) return;
    for (auto& [partition, shard] : shards_) {
        if (shard->shard.serving() != ErrorCode::None) continue;
        std::vector<std::string> expired;
        for (const auto& [id, entry] : shard->fold.entries())
            if (entry.metadata.idle() &&
                now.wall - entry.metadata.last_update >= config_.id_expiration_ms)
                expired.push_back(id);
        for (const std::string& id : expired) {
            log_.info("a transactional id expired", {{"transactional_id", id}});
            shard->shard.write({transaction_tombstone(id)}, now.wall);
        }
    }
}

}  // namespace millrace::broker
