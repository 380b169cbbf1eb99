#include "millrace/broker/log/producer_state.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"

namespace millrace::broker {

namespace {

std::string about(ProducerId id) {
    return "producer " + std::to_string(id.value());
}

bool in_sequence(std::int32_t last, std::int32_t next) {
    return next == std::int64_t{last} + 1 || (next == 0 && last == INT32_MAX);
}

}  // namespace

Result<Admission> ProducerStateTable::admit(const wire::RecordBatchView& batch,
                                            AdmitOptions options) const {
    const ProducerId id = batch.producer_id();
    const ProducerEpoch epoch = batch.producer_epoch();
    const std::int32_t first = batch.base_sequence(), last = batch.last_sequence();
    const ProducerState* state = find(id);
    if (state == nullptr || state->epoch.value() < 0) {
        // Any start is accepted: an idempotent producer outlives the retention of its data. Not so
        // inside a transaction under KIP-890, where a lost first batch would go unnoticed.
        if (options.transaction_v2 && batch.transactional() && first > 0)
            return fail(ErrorCode::OutOfOrderSequenceNumber,
                        about(id) + " is unknown and begins at sequence " + std::to_string(first));
        return Admission{Accepted{}};
    }
    if (state->epoch == epoch && !mutant::on(Mutant::SkipSequenceCheck)) {
        for (std::size_t i = 0; i < state->batch_count; ++i) {
            const ProducerBatch& seen = state->batches[i];
            if (seen.first_sequence == first && seen.last_sequence == last)
                return Admission{Duplicate{seen.first_offset, seen.last_offset, seen.timestamp}};
        }
    }
    if (epoch < state->epoch && !mutant::on(Mutant::SkipProducerEpochCheck))
        return fail(ErrorCode::InvalidProducerEpoch,
                    about(id) + " has epoch " + std::to_string(state->epoch.value()) +
                        ", the batch has " + std::to_string(epoch.value()));
    if (mutant::on(Mutant::SkipSequenceCheck)) return Admission{Accepted{}};
    if (epoch != state->epoch) {  // KIP-360: a bumped epoch restarts sequences at 0
        if (first != 0 && epoch > state->epoch)
            return fail(ErrorCode::OutOfOrderSequenceNumber,
                        about(id) + " begins its new epoch at sequence " + std::to_string(first));
    } else if (!in_sequence(state->last_sequence(), first)) {
        return fail(ErrorCode::OutOfOrderSequenceNumber,
                    about(id) + " sent sequence " + std::to_string(first) + " after " +
                        std::to_string(state->last_sequence()));
    }
    if (state->transaction_start && !batch.transactional())
        return fail(ErrorCode::InvalidTxnState,
                    about(id) + " has an open transaction, the batch is outside of it");
    return Admission{Accepted{}};
}

Result<void> ProducerStateTable::admit_marker(ProducerId id, ProducerEpoch epoch,
                                              std::int32_t coordinator_epoch,
                                              AdmitOptions options) const {
    const ProducerState* state = find(id);
    if (state == nullptr) return {};
    // KIP-890: the marker carries the bumped epoch. An equal one is a repeated marker when nothing
    // is open (KAFKA-19999).
    const bool stale = options.transaction_v2 ? epoch < state->epoch || (epoch == state->epoch &&
                                                                         state->transaction_start)
                                              : epoch < state->epoch;
    if (stale)
        return fail(ErrorCode::InvalidProducerEpoch,
                    about(id) + " has epoch " + std::to_string(state->epoch.value()) +
                        ", the marker has " + std::to_string(epoch.value()));
    if (coordinator_epoch < state->coordinator_epoch)
        return fail(ErrorCode::TransactionCoordinatorFenced,
                    "the marker of " + about(id) + " is of coordinator epoch " +
                        std::to_string(coordinator_epoch) + ", seen was " +
                        std::to_string(state->coordinator_epoch));
    return {};
}

ProducerState& ProducerStateTable::state_of(ProducerId id) {
    return producers_[id];
}

std::optional<AbortedTransaction> ProducerStateTable::applied(const wire::RecordBatchView& batch) {
    if (!batch.has_producer_id()) return std::nullopt;
    const ProducerId id = batch.producer_id();
    const auto take_epoch = [&batch](ProducerState& state) {
        if (state.epoch == batch.producer_epoch()) return;
        state.epoch = batch.producer_epoch();
        state.batch_count = 0;
    };
    if (batch.control()) {
        const auto marker = wire::end_transaction_marker(batch);
        if (!marker) return std::nullopt;  // cleaned away, or another control type
        ProducerState& state = state_of(id);
        take_epoch(state);
        state.coordinator_epoch = marker->coordinator_epoch;
        state.last_timestamp = batch.max_timestamp();
        if (!state.transaction_start) return std::nullopt;  // no data of it here
        const Offset first = *state.transaction_start, last = batch.last_offset();
        state.transaction_start.reset();
        open_.erase(first);
        completed_.insert_or_assign(first, last);
        if (marker->type == wire::ControlType::Commit) return std::nullopt;
        return AbortedTransaction{id, first, last, first_open_offset().value_or(last + 1)};
    }
    ProducerState& state = state_of(id);
    take_epoch(state);
    if (state.batch_count == ProducerState::kBatchesMax) {
        std::move(state.batches.begin() + 1, state.batches.end(), state.batches.begin());
        --state.batch_count;
    }
    state.batches[state.batch_count++] = {batch.base_sequence(), batch.last_sequence(),
                                          batch.base_offset(), batch.last_offset(),
                                          batch.max_timestamp()};
    state.last_timestamp = batch.max_timestamp();
    if (batch.transactional() && !state.transaction_start) {
        state.transaction_start = batch.base_offset();
        open_.emplace(batch.base_offset(), id);
    }
    return std::nullopt;
}

std::optional<Offset> ProducerStateTable::first_open_offset() const {
    if (open_.empty()) return std::nullopt;
    return open_.begin()->first;
}

std::optional<Offset> ProducerStateTable::first_unstable_offset(Offset high_watermark) const {
    std::optional<Offset> first = first_open_offset();
    for (const auto& [begin, marker] : completed_) {
        if (first && begin >= *first) break;
        if (marker >= high_watermark) return begin;
    }
    return first;
}

void ProducerStateTable::forget_completed_below(Offset high_watermark) {
    std::erase_if(completed_,
                  [high_watermark](const auto& txn) { return txn.second < high_watermark; });
}

const ProducerState* ProducerStateTable::find(ProducerId id) const {
    const auto at = producers_.find(id);
    return at == producers_.end() ? nullptr : &at->second;
}

std::vector<ProducerId> ProducerStateTable::producer_ids() const {
    std::vector<ProducerId> ids;
    ids.reserve(producers_.size());
    for (const auto& [id, state] : producers_) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

void ProducerStateTable::remove_expired(Timestamp now, std::int64_t expiration_ms) {
    std::erase_if(producers_, [&](const auto& producer) {
        const ProducerState& state = producer.second;
        return !state.transaction_start && now - state.last_timestamp >= expiration_ms;
    });
}

void ProducerStateTable::clear() {
    producers_.clear();
    open_.clear();
    completed_.clear();
}

}  // namespace millrace::broker
