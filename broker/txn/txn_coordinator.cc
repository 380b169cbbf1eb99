#include "millrace/broker/txn/txn_coordinator.h"

#include <algorithm>
#include <utility>

#include "millrace/base/mutant.h"

namespace millrace::broker {

TxnCoordinator::TxnCoordinator(TxnConfig config, LogSink& log) : config_(config), log_(log) {}

TxnCoordinator::TxnShard* TxnCoordinator::find(std::int32_t partition) {
    const auto it = shards_.find(partition);
    return it == shards_.end() ? nullptr : it->second.get();
}

TxnCoordinator::TxnShard* TxnCoordinator::active(const std::string& transactional_id,
                                                 ErrorCode& code) {
    TxnShard* shard = find(partition_of(transactional_id));
    code = shard ? shard->shard.serving() : ErrorCode::NotCoordinator;
    return code == ErrorCode::None ? shard : nullptr;
}

ErrorCode TxnCoordinator::serving(const std::string& transactional_id) const {
    const auto it = shards_.find(partition_of(transactional_id));
    return it == shards_.end() ? ErrorCode::NotCoordinator : it->second->shard.serving();
}

bool TxnCoordinator::loaded() const {
    return std::all_of(shards_.begin(), shards_.end(), [](const auto& entry) {
        return entry.second->shard.state() != ShardState::Loading;
    });
}

const TxnFold* TxnCoordinator::fold(std::int32_t partition) const {
    const auto it = shards_.find(partition);
    return it == shards_.end() ? nullptr : &it->second->fold;
}

bool TxnCoordinator::unflushed() const {
    return std::ranges::any_of(busy_, [](const Shard* shard) { return shard->unflushed(); });
}

void TxnCoordinator::lead(std::int32_t partition, PartitionLog& log, bool unclean_stop) {
    timers_changed_ = true;
    auto& shard = shards_[partition];
    if (shard) {
        shard->shard.resign();
        forget_work(*shard);
    } else {
        shard = std::make_unique<TxnShard>(busy_);
    }
    shard->abort_ongoing = unclean_stop;
    shard->shard.lead(log);
}

void TxnCoordinator::resign(std::int32_t partition) {
    TxnShard* shard = find(partition);
    if (!shard) return;
    shard->shard.resign();
    forget_work(*shard);
}

// What stands beside the fold; it is made again from the log.
void TxnCoordinator::forget_work(TxnShard& shard) {
    timers_changed_ = true;
    for (const auto& [id, completing] : shard.completing) marker_owner_.erase(completing.id);
    shard.completing.clear();
    shard.deadlines.clear();
    shard.deadline_order.clear();
    shard.began.clear();
    auto held = std::exchange(shard.held, {});
    for (auto& [id, waiting] : held)
        for (Held& one : waiting) one.run(true);
}

void TxnCoordinator::became_active(std::int32_t partition, TxnShard& shard, Now now) {
    std::vector<std::string> ongoing, completing;
    for (const auto& [id, entry] : shard.fold.entries()) {
        if (entry.metadata.state == TxnState::Ongoing) ongoing.push_back(id);
        if (entry.metadata.completing()) completing.push_back(id);
    }
    for (const std::string& id : ongoing) {
        const TxnMetadata current = shard.fold.find(id)->metadata;
        if (shard.abort_ongoing) {
            // Its producer may hold answers for data that is gone (design 3.5): nothing of it may
            // be committed.
            write(shard, id, fence_and_abort(current, now.wall), now);
            send_markers_when_committed(partition, shard, id);
        } else {
            note_deadline(shard, id, current, now);
            shard.began[id] = shard.fold.find(id)->end;  // perhaps: better an answer too late
        }
    }
    if (shard.abort_ongoing) {
        if (!ongoing.empty())
            log_.warn("aborting transactions after an unclean stop",
                      {{"partition", partition}, {"transactions", std::uint64_t{ongoing.size()}}});
        shard.shard.when_appended([&shard](ErrorCode code) {  // a failed append loads the log again
            if (code == ErrorCode::None) shard.abort_ongoing = false;
        });
    }
    for (const std::string& id : completing)
        if (!mutant::on(Mutant::MarkerLostOnRecovery))
            send_markers_when_committed(partition, shard, id);
}

void TxnCoordinator::write(TxnShard& shard, const std::string& transactional_id,
                           const TxnMetadata& metadata, Now now) {
    const TxnFold::Entry* before = shard.fold.find(transactional_id);
    const bool begins = metadata.state == TxnState::Ongoing &&
                        (!before || before->metadata.state != TxnState::Ongoing);
    shard.shard.write({transaction_record(transactional_id, metadata)}, now.wall);
    if (begins) shard.began[transactional_id] = shard.shard.next_offset();
    if (metadata.state != TxnState::Ongoing) shard.began.erase(transactional_id);
    note_deadline(shard, transactional_id, metadata, now);
    if (begins && mutant::on(Mutant::ReplayMarkerTwice))
        if (const auto stale = stale_markers_.extract(transactional_id))
            effects_.markers.push_back(stale.mapped());
}

// The answer saw the entry as it is now.
void TxnCoordinator::answer_after(TxnShard& shard, const std::string& transactional_id,
                                  Answer answer) {
    const TxnFold::Entry* entry = shard.fold.find(transactional_id);
    const Offset end = entry ? entry->end : shard.shard.next_offset();
    if (shard.shard.committed(end)) return answer(ErrorCode::None);
    shard.shard.when_committed(end, std::move(answer));
}

bool TxnCoordinator::hold(TxnShard& shard, const std::string& transactional_id, Now now,
                          std::function<void(bool)> run) {
    std::size_t count = 0;
    for (const auto& [id, waiting] : shard.held) count += waiting.size();
    if (config_.hold_concurrent <= Duration::zero() || count >= config_.held_requests_max)
        return false;
    timers_changed_ = true;
    shard.held[transactional_id].push_back({now.time + config_.hold_concurrent, std::move(run)});
    return true;
}

void TxnCoordinator::run_held(TxnShard& shard, const std::string& transactional_id) {
    auto waiting = shard.held.extract(transactional_id);
    if (!waiting) return;
    for (Held& one : waiting.mapped()) one.run(false);
}

void TxnCoordinator::flush(Now now) {
    now_ = now;
    if (busy_.empty()) return;
    flush_busy(busy_, [this](Shard& failed) {
        for (auto& [partition, shard] : shards_) {
            if (&shard->shard != &failed) continue;
            log_.warn("append to the transaction log failed, loading it again",
                      {{"partition", partition}});
            forget_work(*shard);
        }
    });
}

void TxnCoordinator::tick(Now now) {
    now_ = now;
    timers_changed_ = true;
    for (auto& [partition, shard] : shards_) {
        if (shard->shard.state() == ShardState::Loading) {
            if (shard->shard.load()) became_active(partition, *shard, now);
            const bool unreadable = shard->shard.load_error().has_value();
            if (unreadable && !std::exchange(shard->told_load_error, true))
                log_.error(
                    "the transaction log cannot be read",
                    {{"partition", partition}, {"detail", shard->shard.load_error()->detail}});
        }
        std::vector<Held> expired;
        for (auto it = shard->held.begin(); it != shard->held.end();) {
            auto& waiting = it->second;
            while (!waiting.empty() &&
                   waiting.front().until <= now.time) {  // in the order of `until`
                expired.push_back(std::move(waiting.front()));
                waiting.erase(waiting.begin());
            }
            it = waiting.empty() ? shard->held.erase(it) : std::next(it);
        }
        for (Held& one : expired) one.run(true);
    }
    retry_markers(now);
    abort_timed_out(now);
    expire_ids(now);
    flush(now);
}

TxnEffects TxnCoordinator::take_effects() {
    if (std::exchange(timers_changed_, false)) wake_at_ = next_wake();
    TxnEffects effects = std::exchange(effects_, {});
    effects.wake_at = wake_at_;
    return effects;
}

Time TxnCoordinator::next_wake() const {
    Time wake_at = Time::never();
    const auto wake = [&](Time at) { wake_at = std::min(wake_at, at); };
    for (const auto& [partition, shard] : shards_) {
        if (shard->shard.state() == ShardState::Loading)
            wake(shard->shard.load_error() ? now_.time + config_.marker_retry : now_.time);
        for (const auto& [id, waiting] : shard->held) wake(waiting.front().until);
        if (!shard->deadline_order.empty())
            wake(std::max(shard->deadline_order.begin()->first, next_timeout_scan_));
        for (const auto& [id, completing] : shard->completing)
            for (const auto& [tp, at] : completing.retry_at) wake(at);
        if (!shard->fold.entries().empty()) wake(next_expiry_scan_);
    }
    return wake_at;
}

// ---- producer ids

std::optional<ProducerId> TxnCoordinator::take_producer_id() {
    if (producer_ids_.empty()) return std::nullopt;
    auto& [first, left] = producer_ids_.front();
    const ProducerId taken = first;
    first = ProducerId{first.value() + 1};
    if (--left == 0) producer_ids_.pop_front();
    if (producer_ids_.empty()) ask_for_producer_ids();  // so that the next one need not wait
    return taken;
}

void TxnCoordinator::ask_for_producer_ids() {
    if (!std::exchange(allocating_, true)) effects_.allocate_producer_ids = true;
}

void TxnCoordinator::await_producer_id(std::function<void(ErrorCode)> run) {
    awaiting_producer_id_.push_back(std::move(run));
    ask_for_producer_ids();
}

void TxnCoordinator::producer_ids(ProducerId first, std::int32_t count, Now now) {
    now_ = now;
    allocating_ = false;
    if (count > 0) producer_ids_.emplace_back(first, count);
    for (auto& run : std::exchange(awaiting_producer_id_, {})) run(ErrorCode::None);
}

void TxnCoordinator::producer_ids_failed(ErrorCode code, Now now) {
    now_ = now;
    allocating_ = false;
    // Every client asks again at these (RPCProducerIdManager).
    const ErrorCode told = retriable(code) && code != ErrorCode::NotController
                               ? code
                               : ErrorCode::CoordinatorLoadInProgress;
    for (auto& run : std::exchange(awaiting_producer_id_, {})) run(told);
}

// ---- InitProducerId

void TxnCoordinator::init_producer_id(const std::optional<std::string>& transactional_id,
                                      const InitProducerIdAsk& ask, Now now,
                                      ProducerAnswer answer) {
    now_ = now;
    if (!transactional_id) {
        if (const auto fresh = take_producer_id())
            return answer({ErrorCode::None, {*fresh, ProducerEpoch{0}}});
        return await_producer_id([this, ask, answer](ErrorCode code) {
            if (code != ErrorCode::None) return answer({code, {}});
            init_producer_id(std::nullopt, ask, now_, answer);
        });
    }
    if (transactional_id->empty()) return answer({ErrorCode::InvalidRequest, {}});
    if (ask.timeout_ms <= 0 || ask.timeout_ms > config_.max_timeout_ms)
        return answer({ErrorCode::InvalidTransactionTimeout, {}});
    init_transactional(*transactional_id, ask, false, std::move(answer));
}

void TxnCoordinator::init_transactional(const std::string& id, const InitProducerIdAsk& ask,
                                        bool hold_expired, ProducerAnswer answer) {
    ErrorCode code;
    TxnShard* shard = active(id, code);
    if (!shard) return answer({code, {}});
    const auto refuse = [&](ErrorCode why) {
        answer_after(*shard, id, [answer, why](ErrorCode failed) {
            answer({failed != ErrorCode::None ? failed : why, {}});
        });
    };
    const auto once_complete =
        [&] {  // hold it until the abort is done, else let the client come back
            if (hold_expired || !hold(*shard, id, now_, [this, id, ask, answer](bool expired) {
                    init_transactional(id, ask, expired, answer);
                }))
                refuse(ErrorCode::ConcurrentTransactions);
        };
    const auto needs_id = [&] {
        await_producer_id([this, id, ask, hold_expired, answer](ErrorCode failed) {
            if (failed != ErrorCode::None) return answer({failed, {}});
            init_transactional(id, ask, hold_expired, answer);
        });
    };

    const TxnFold::Entry* entry = shard->fold.find(id);
    TxnMetadata next;
    if (!entry) {
        const auto fresh = take_producer_id();
        if (!fresh) return needs_id();
        next = new_transactional_id(*fresh, ask.timeout_ms, now_.wall);
    } else {
        auto decision = decide_init_producer_id(entry->metadata, ask, std::nullopt, now_.wall);
        if (std::holds_alternative<TxnNeedsProducerId>(decision)) {
            const auto fresh = take_producer_id();
            if (!fresh) return needs_id();
            decision = decide_init_producer_id(entry->metadata, ask, fresh, now_.wall);
        }
        if (const auto* refused = std::get_if<TxnRefused>(&decision)) {
            if (refused->code == ErrorCode::ConcurrentTransactions) return once_complete();
            return refuse(refused->code);
        }
        next = std::get<TxnNext>(decision).metadata;
    }
    write(*shard, id, next, now_);
    if (next.completing()) {
        log_.info("a new incarnation fences the producer",
                  {{"transactional_id", id}, {"epoch", std::int64_t{next.producer_epoch.value()}}});
        send_markers_when_committed(partition_of(id), *shard, id);
        return once_complete();
    }
    const ProducerIdAndEpoch producer{next.producer_id, next.producer_epoch};
    answer_after(*shard, id, [answer, producer](ErrorCode failed) {
        if (failed != ErrorCode::None) return answer({failed, {}});
        answer({ErrorCode::None, producer});
    });
}

// ---- partitions

void TxnCoordinator::add_partitions(const std::string& transactional_id,
                                    ProducerIdAndEpoch producer,
                                    const std::set<TopicPartition>& partitions,
                                    std::int16_t client_version, Now now, Answer answer) {
    now_ = now;
    if (transactional_id.empty()) return answer(ErrorCode::InvalidRequest);
    add({.transactional_id = transactional_id,
         .producer = producer,
         .partitions = partitions,
         .client_version = client_version},
        false, [answer](Admission admission) { answer(admission.code); });
}

void TxnCoordinator::add(const Verify& verify, bool hold_expired,
                         std::function<void(Admission)> answer) {
    ErrorCode code;
    const std::string& id = verify.transactional_id;
    TxnShard* shard = active(id, code);
    if (!shard) return answer({code});
    const TxnFold::Entry* entry = shard->fold.find(id);
    const auto decision =
        entry ? decide_add_partitions(entry->metadata, verify.producer, verify.partitions,
                                      verify.client_version, now_.wall)
              : TxnRefused{ErrorCode::InvalidProducerIdMapping};
    const auto* refused = std::get_if<TxnRefused>(&decision);
    if (refused && refused->code == ErrorCode::ConcurrentTransactions && !hold_expired &&
        hold(*shard, id, now_,
             [this, verify, answer](bool expired) { add(verify, expired, answer); }))
        return;
    if (!refused) {
        const TxnMetadata& next = std::get<TxnNext>(decision).metadata;
        if (encoded_bytes({transaction_record(id, next)}) > kDecisionBytesMax)
            return answer({ErrorCode::InvalidRequest});  // more partitions than a record can name
        write(*shard, id, next, now_);
    }

    const bool admitted = !refused || refused->code == ErrorCode::None;
    if (verify.wait == TxnWait::Appended && admitted) {
        const auto began = shard->began.find(id);
        const Admission admission{
            ErrorCode::None, began != shard->began.end() && !shard->shard.committed(began->second)};
        if (refused) return answer(admission);  // nothing was written
        return shard->shard.when_appended([answer, admission](ErrorCode failed) {
            answer(failed != ErrorCode::None ? Admission{failed} : admission);
        });
    }
    const ErrorCode told = refused ? refused->code : ErrorCode::None;
    answer_after(*shard, id, [answer, told](ErrorCode failed) {
        answer({failed != ErrorCode::None ? failed : told});
    });
}

void TxnCoordinator::verify_partitions(const std::string& transactional_id,
                                       ProducerIdAndEpoch producer,
                                       const std::set<TopicPartition>& partitions, Now now,
                                       VerifyAnswer answer) {
    now_ = now;
    std::map<TopicPartition, ErrorCode> codes;
    const auto all = [&](ErrorCode code) {
        for (const TopicPartition& tp : partitions) codes[tp] = code;
    };
    ErrorCode code;
    TxnShard* shard = active(transactional_id, code);
    if (transactional_id.empty() || !shard) {
        all(transactional_id.empty() ? ErrorCode::InvalidRequest : code);
        return answer(codes);
    }
    const TxnFold::Entry* entry = shard->fold.find(transactional_id);
    all(entry ? verify_producer(entry->metadata, producer) : ErrorCode::InvalidProducerIdMapping);
    for (auto& [tp, told] : codes)
        if (told == ErrorCode::None && (entry->metadata.state != TxnState::Ongoing ||
                                        !entry->metadata.partitions.contains(tp)))
            told = ErrorCode::TransactionAbortable;
    answer_after(*shard, transactional_id,
                 [answer, codes = std::move(codes)](ErrorCode failed) mutable {
                     if (failed != ErrorCode::None)
                         for (auto& [tp, told] : codes) told = failed;
                     answer(codes);
                 });
}

void TxnCoordinator::verify_or_add(const Verify& verify, Now now,
                                   std::function<void(Admission)> answer) {
    now_ = now;
    verify_held(verify, false, std::move(answer));
}

void TxnCoordinator::verify_held(const Verify& verify, bool hold_expired,
                                 std::function<void(Admission)> answer) {
    const bool bumping = verify.client_version >= 2;
    const auto told = [answer = std::move(answer), bumping,
                       abortable = verify.knows_abortable](Admission admission) {
        switch (admission.code) {  // what every client retries, or understands
            case ErrorCode::NetworkException:
            case ErrorCode::CoordinatorLoadInProgress:
            case ErrorCode::CoordinatorNotAvailable:
            case ErrorCode::NotCoordinator:
                admission.code = ErrorCode::NotEnoughReplicas;
                break;
            case ErrorCode::ConcurrentTransactions:
                if (!bumping) admission.code = ErrorCode::NotEnoughReplicas;
                break;
            case ErrorCode::ProducerFenced:
                admission.code = ErrorCode::InvalidProducerEpoch;
                break;
            case ErrorCode::TransactionAbortable:
                if (!abortable) admission.code = ErrorCode::InvalidTxnState;
                break;
            default:
                break;
        }
        answer(admission);
    };
    if (bumping) return add(verify, hold_expired, told);

    ErrorCode code;
    TxnShard* shard = active(verify.transactional_id, code);
    if (shard && !hold_expired) {
        const TxnFold::Entry* entry = shard->fold.find(verify.transactional_id);
        if (entry && entry->metadata.completing() &&
            hold(*shard, verify.transactional_id, now_,
                 [this, verify, told](bool expired) { verify_held(verify, expired, told); }))
            return;
    }
    verify_partitions(verify.transactional_id, verify.producer, verify.partitions, now_,
                      [told](const std::map<TopicPartition, ErrorCode>& codes) {
                          for (const auto& [tp, one] : codes)
                              if (one != ErrorCode::None) return told({one});
                          told({ErrorCode::None});
                      });
}

bool TxnCoordinator::is_open(ProducerId producer, const TopicPartition& partition) const {
    for (const auto& [index, shard] : shards_)
        for (const auto& [id, entry] : shard->fold.entries())
            if (entry.metadata.producer_id == producer &&
                entry.metadata.partitions.contains(partition))
                return true;
    return false;
}

std::size_t TxnCoordinator::open_transactions() const {
    std::size_t open = 0;
    for (const auto& [index, shard] : shards_)
        for (const auto& [id, entry] : shard->fold.entries()) open += !entry.metadata.idle();
    return open;
}

}  // namespace millrace::broker
