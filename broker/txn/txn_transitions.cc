#include "millrace/broker/txn/txn_transitions.h"

#include <algorithm>

#include "millrace/base/mutant.h"

namespace millrace::broker {

namespace {

ProducerEpoch bumped(ProducerEpoch epoch) {
    return ProducerEpoch{
        static_cast<std::int16_t>(std::min<std::int32_t>(epoch.value() + 1, INT16_MAX))};
}
ProducerEpoch before(ProducerEpoch epoch) {
    return ProducerEpoch{static_cast<std::int16_t>(epoch.value() - 1)};
}

// A next state with what every transition does.
TxnMetadata next_of(const TxnMetadata& current, TxnState state, Timestamp now) {
    TxnMetadata next = current;
    next.previous_producer_id = current.producer_id;
    next.state = state;
    next.last_update = now;
    return next;
}

TxnMetadata emptied(const TxnMetadata& current, std::int32_t timeout_ms, Timestamp now) {
    TxnMetadata next = next_of(current, TxnState::Empty, now);
    next.timeout_ms = timeout_ms;
    next.partitions.clear();
    next.start = Timestamp{-1};
    return next;
}

}  // namespace

TxnMetadata fence_and_abort(const TxnMetadata& current, Timestamp now) {
    // One bump, for clients of either version (KAFKA-19367). The client that is one epoch behind
    // may go on with the epoch after, by EndTxn under v2, by InitProducerId under v1 (KIP-588);
    // another incarnation ends that with its own InitProducerId.
    TxnMetadata next = next_of(current, TxnState::PrepareAbort, now);
    next.producer_epoch = bumped(current.producer_epoch);
    next.next_producer_id = ProducerId{-1};
    next.last_producer_epoch = current.producer_epoch;
    return next;
}

TxnMetadata new_transactional_id(ProducerId fresh, std::int32_t timeout_ms, Timestamp now) {
    TxnMetadata created;
    created.producer_id = created.previous_producer_id = fresh;
    created.producer_epoch = ProducerEpoch{0};
    created.timeout_ms = timeout_ms;
    created.last_update = now;
    return created;
}

TxnDecision decide_init_producer_id(const TxnMetadata& current, const InitProducerIdAsk& ask,
                                    std::optional<ProducerId> fresh, Timestamp now) {
    if (current.completing()) return TxnRefused{ErrorCode::ConcurrentTransactions};
    if (ask.expected && ask.expected->id != current.producer_id &&
        !(ask.expected->id == current.previous_producer_id && exhausted(ask.expected->epoch)))
        return TxnRefused{ErrorCode::ProducerFenced};

    // KIP-360: a client that was told of an error goes on from the epoch it has; one that lost the
    // answer asks again with the epoch before, and is given what it was given then. A new
    // incarnation has neither, and nobody may ask again.
    const bool goes_on = ask.expected && ask.expected->id == current.producer_id &&
                         ask.expected->epoch == current.producer_epoch;
    if (ask.expected && !goes_on) {
        if (current.last_producer_epoch.value() < 0 ||
            ask.expected->epoch != current.last_producer_epoch)
            return TxnRefused{
                ErrorCode::ProducerFenced};  // and a zombie aborts nobody's transaction
        TxnMetadata next = emptied(current, ask.timeout_ms, now);
        if (current.previous_producer_id != current.producer_id)
            next.previous_producer_id = current.previous_producer_id;  // it may ask a third time
        return TxnNext{next};
    }
    if (current.state == TxnState::Ongoing && !mutant::on(Mutant::InitLeavesTransactionOpen))
        return TxnNext{fence_and_abort(current, now)};

    TxnMetadata next = emptied(current, ask.timeout_ms, now);
    next.last_producer_epoch = ask.expected ? current.producer_epoch : ProducerEpoch{-1};
    if (exhausted(current.producer_epoch)) {
        if (!fresh) return TxnNeedsProducerId{};
        next.producer_id = *fresh;
        next.producer_epoch = ProducerEpoch{0};
        return TxnNext{next};
    }
    if (!mutant::on(Mutant::ZombieAcceptedAfterFence))
        next.producer_epoch = bumped(current.producer_epoch);
    return TxnNext{next};
}

ErrorCode verify_producer(const TxnMetadata& current, ProducerIdAndEpoch producer) {
    if (current.completing()) return ErrorCode::ConcurrentTransactions;
    if (current.producer_id != producer.id) return ErrorCode::InvalidProducerIdMapping;
    if (current.producer_epoch != producer.epoch && !mutant::on(Mutant::SkipProducerEpochCheck))
        return ErrorCode::ProducerFenced;
    return ErrorCode::None;
}

TxnDecision decide_add_partitions(const TxnMetadata& current, ProducerIdAndEpoch producer,
                                  const std::set<TopicPartition>& partitions,
                                  std::int16_t client_version, Timestamp now) {
    if (const ErrorCode code = verify_producer(current, producer); code != ErrorCode::None)
        return TxnRefused{code};
    if (current.state == TxnState::Ongoing && std::ranges::includes(current.partitions, partitions))
        return TxnRefused{ErrorCode::None};
    TxnMetadata next = next_of(current, TxnState::Ongoing, now);
    if (current.idle()) {
        next.start = now;
        next.partitions.clear();
    }
    next.partitions.insert(partitions.begin(), partitions.end());
    next.client_version = client_version;
    next.last_producer_epoch = ProducerEpoch{-1};  // whoever begins has had its answer
    return TxnNext{next};
}

TxnDecision decide_end(const TxnMetadata& current, ProducerIdAndEpoch producer, bool commit,
                       std::int16_t client_version, std::optional<ProducerId> fresh,
                       Timestamp now) {
    if (current.completing()) return TxnRefused{ErrorCode::ConcurrentTransactions};

    const bool bumping = current.bumps_epoch() && client_version >= 2;
    const bool retry_after_rotation = bumping && current.producer_id != producer.id &&
                                      current.previous_producer_id == producer.id &&
                                      producer.epoch.value() == kEpochExhausted &&
                                      current.producer_epoch.value() == 0;
    const bool retry = retry_after_rotation || (bumping && current.producer_epoch.value() > 0 &&
                                                producer.epoch == before(current.producer_epoch));
    if (current.producer_id != producer.id && !retry_after_rotation)
        return TxnRefused{ErrorCode::InvalidProducerIdMapping};
    if (producer.epoch != current.producer_epoch && !retry &&
        !mutant::on(Mutant::SkipProducerEpochCheck))
        return TxnRefused{ErrorCode::ProducerFenced};

    const auto prepare = [&](bool nothing_added) -> TxnDecision {
        TxnMetadata next =
            next_of(current, commit ? TxnState::PrepareCommit : TxnState::PrepareAbort, now);
        next.client_version = client_version;
        if (nothing_added) {
            next.start = now;
            next.partitions.clear();
        }
        next.last_producer_epoch = ProducerEpoch{-1};
        if (client_version >= 2) {  // KIP-890: every end of a transaction bumps the epoch
            if (exhausted(current.producer_epoch)) {
                if (!fresh) return TxnNeedsProducerId{};
                next.next_producer_id = *fresh;
            }
            next.producer_epoch = bumped(current.producer_epoch);
            next.last_producer_epoch = current.producer_epoch;
        }
        return TxnNext{next};
    };
    const TxnRefused invalid{ErrorCode::InvalidTxnState}, fenced{ErrorCode::ProducerFenced},
        done{ErrorCode::None};
    switch (current.state) {
        case TxnState::Ongoing:  // retry: a late end of the transaction before must not end this
                                 // one
            return retry ? TxnDecision{fenced} : prepare(false);
        case TxnState::Empty:
            if (retry) return fenced;
            return !commit && client_version >= 2 ? prepare(true) : TxnDecision{invalid};
        case TxnState::CompleteCommit:
            if (commit) return retry || !bumping ? done : invalid;
            return bumping && !retry ? prepare(true) : TxnDecision{invalid};
        case TxnState::CompleteAbort:
            if (!commit) return retry || !bumping ? TxnDecision{done} : prepare(true);
            // The commit met a timeout's abort: fenced, which Streams survives; "invalid state" it
            // does not (KAFKA-20785).
            return retry ? fenced : invalid;
        default:
            return invalid;
    }
}

TxnMetadata completed(const TxnMetadata& current, Timestamp now) {
    TxnMetadata next = next_of(current,
                               current.state == TxnState::PrepareCommit ? TxnState::CompleteCommit
                                                                        : TxnState::CompleteAbort,
                               now);
    next.partitions.clear();
    if (current.next_producer_id.value() >= 0) {
        next.producer_id = current.next_producer_id;
        next.producer_epoch = ProducerEpoch{0};
        next.next_producer_id = ProducerId{-1};
        // What the client knows is the exhausted epoch; 32767 was ours alone.
        next.last_producer_epoch = ProducerEpoch{kEpochExhausted};
    }
    return next;
}

}  // namespace millrace::broker
