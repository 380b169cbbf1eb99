// The transaction of a Producer: ids and epochs, offsets, the end. Kafka: TransactionManager.
// Transactions of version 2 (KIP-890) need no AddPartitionsToTxn and AddOffsetsToTxn, and each end
// gives a new epoch; version 1 is for older brokers.
#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/client/producer.h"
#include "millrace/wire/messages/add_offsets_to_txn.h"
#include "millrace/wire/messages/add_partitions_to_txn.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::client {

namespace {
constexpr std::int16_t kEpochMax = INT16_MAX - 1;
constexpr int kStaleEpochsMax = 30;  // about 20 s: the next heartbeat tells the member's epoch

Trouble trouble_of(ErrorCode error) {
    switch (error) {
        case ErrorCode::TransactionAbortable:
        case ErrorCode::RequestTimedOut:
            return Trouble::Abortable;
        case ErrorCode::TransactionalIdAuthorizationFailed:
        case ErrorCode::GroupAuthorizationFailed:
        case ErrorCode::TopicAuthorizationFailed:
        case ErrorCode::ClusterAuthorizationFailed:
        case ErrorCode::UnsupportedVersion:
        case ErrorCode::InvalidTransactionTimeout:
        case ErrorCode::OffsetMetadataTooLarge:
        case ErrorCode::InvalidGroupId:
        case ErrorCode::SaslAuthenticationFailed:
            return Trouble::Fatal;
        // Fenced, aborted by the coordinator's timeout, unknown: whatever it was, a new epoch and
        // the committed offsets decide (E10: a worker survives what can be survived).
        default:
            return Trouble::Lost;
    }
}

std::int16_t int16_version(bool condition, std::int16_t yes, std::int16_t no) {
    return condition ? yes : no;
}
}  // namespace

void Producer::raise(Trouble trouble, ErrorCode code, std::string detail) {
    if (trouble <= trouble_) return;
    trouble_ = trouble;
    error_ = {code, std::move(detail)};
    if (trouble >= Trouble::Lost) state_ = State::Broken;
    log_.warn(trouble == Trouble::Abortable ? "transaction must be aborted"
              : trouble == Trouble::Lost    ? "producer lost its state"
                                            : "producer failed",
              {{"transactional_id", config_.transactional_id}, {"error", error_.detail}});
}

// ---- ids
// ------------------------------------------------------------------------------------------------------------

void Producer::init() {
    commit_scope_.reset();
    scope_.reset();  // answers to what was sent before are not ours any more
    drop_all();
    trouble_ = Trouble::None;
    error_ = {};
    state_ = State::Initializing;
    outcomes_.clear();
    offsets_.clear();
    group_ = nullptr;
    bump_epoch_ = abort_wanted_ = reached_broker_ = adding_ = false;
    current_ = ++generation_;
    request_id();
}

void Producer::request_id() {
    Call call;
    if (transactional()) {
        call.target = Coordinator{CoordinatorType::Transaction, config_.transactional_id};
    } else {
        call.target = AnyNode{};
    }
    call.lane = Lane::Control;
    call.api = wire::ApiKey::InitProducerId;
    call.version_max = 5;
    call.build = [this](std::int16_t version) {
        wire::InitProducerIdRequest request;
        request.transactional_id =
            transactional() ? std::optional(config_.transactional_id) : std::nullopt;
        request.transaction_timeout_ms = static_cast<std::int32_t>(
            transactional() ? config_.transaction_timeout / std::chrono::milliseconds(1)
                            : INT32_MAX);
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this](Answer answer) {
        ErrorCode error = answer.error;
        if (answer.ok()) {
            const auto& response = answer.response.as<wire::InitProducerIdResponse>();
            error = response.error_code;
            if (error == ErrorCode::None) {
                adopt(ProducerId{response.producer_id}, ProducerEpoch{response.producer_epoch});
                transaction_version_ = cluster_.finalized_feature("transaction.version");
                const bool aborting = state_ == State::Aborting;
                state_ = State::Ready;
                check_due_ = true;
                if (aborting) generation_over(Outcome::Aborted);
                return;
            }
        }
        const Trouble trouble = trouble_of(error);
        if (trouble == Trouble::Fatal)
            return raise(Trouble::Fatal, error,
                         "InitProducerId for " + config_.transactional_id + ": " +
                             std::string(name(error)) + ' ' + answer.detail);
        log_.warn("InitProducerId failed, trying again",
                  {{"transactional_id", config_.transactional_id}, {"error", name(error)}});
        cluster_.after(scope_, cluster_.config().retry_backoff_max, [this] { request_id(); });
    };
    cluster_.call_until_final(scope_, std::move(call), [](const wire::AnyResponse& response) {
        return response.as<wire::InitProducerIdResponse>().error_code;
    });
}

void Producer::adopt(ProducerId id, ProducerEpoch epoch) {
    if (id == id_ && epoch == epoch_) return;
    id_ = id;
    epoch_ = epoch;
    ++epoch_serial_;
}

// ---- the generation
// -------------------------------------------------------------------------------------------------

void Producer::commit(std::vector<OffsetToCommit> offsets, std::function<GroupMetadata()> group) {
    MR_CHECK(state_ == State::Ready && current_ == generation_);
    offsets_ = std::move(offsets);
    group_ = std::move(group);
    const std::vector<Partition*> active = active_;
    for (Partition* p : active) seal(*p);
    // Not when the commit is known: without transactions the next generation is acknowledged, too,
    // by then.
    for (TopicEntry& topic : topics_)
        for (auto& p : topic.partitions)
            if (p && p->end_next) p->end = std::exchange(p->end_next, std::nullopt);
    ++generation_;
    state_ = State::Committing;
    ending_sent_ = offsets_sent_ = offsets_added_ = false;
    offsets_done_ = offsets_.empty();
    stale_epochs_ = 0;
    check_due_ = true;
}

void Producer::abort() {
    MR_CHECK(transactional());
    if (state_ == State::Aborting || state_ == State::Broken) return;
    if (state_ == State::Committing && ending_sent_) {
        abort_wanted_ = true;
        return;
    }
    if (state_ != State::Ready && state_ != State::Committing) return;
    // Offsets or partitions still on their way carry an epoch that the abort makes old: their
    // answers do not matter.
    commit_scope_.reset();
    adding_ = false;
    offsets_done_ = true;
    state_ = State::Aborting;
    ending_sent_ = false;
    drop_unsent();
    check_due_ = true;
}

std::optional<Outcome> Producer::take_outcome() {
    if (outcomes_.empty()) return std::nullopt;
    const Outcome first = outcomes_.front();
    outcomes_.pop_front();
    return first;
}

bool Producer::generation_flushed() const {
    return std::none_of(active_.begin(), active_.end(), [&](const Partition* p) {
        return p->queue.front()->generation <= current_;
    });
}

void Producer::advance() {
    if (bump_epoch_ && in_flight_ == 0 && state_ != State::Initializing &&
        trouble_ == Trouble::None) {
        bump_epoch_ = false;
        check_due_ = true;
        if (epoch_.value() >= kEpochMax) {
            state_ = State::Initializing;  // what is queued stays and goes under the new id
            request_id();
        } else {
            adopt(id_, ProducerEpoch{static_cast<std::int16_t>(epoch_.value() + 1)});
        }
    }
    if (state_ == State::Committing && trouble_ == Trouble::None) {
        if (!offsets_done_ && !offsets_sent_ && (transactional() || generation_flushed()))
            commit_offsets();
        if (offsets_done_ && !ending_sent_ && generation_flushed()) {
            if (transactional() && reached_broker_) {
                end_transaction(true);
            } else {
                generation_over(Outcome::Committed);
            }
        }
    } else if (state_ == State::Aborting && !ending_sent_ && in_flight_ == 0) {
        if (reached_broker_) {
            end_transaction(false);
        } else {
            generation_over(Outcome::Aborted);
        }
    }
}

void Producer::generation_over(Outcome outcome) {
    reached_broker_ = false;
    offsets_.clear();
    group_ = nullptr;
    offsets_sent_ = false;
    offsets_done_ = true;
    ending_sent_ = false;
    check_due_ = true;
    if (outcome == Outcome::Committed) {
        ++commits_;
        current_ = generation_;
    } else {
        drop_all();  // of the partitions that an abort left nothing is in flight
        current_ = ++generation_;
        trouble_ = Trouble::None;
        error_ = {};
    }
    state_ = State::Ready;
    outcomes_.push_back(outcome);
    if (transactional()) transaction_version_ = cluster_.finalized_feature("transaction.version");
    if (abort_wanted_) {
        abort_wanted_ = false;
        abort();
    }
}

void Producer::end_transaction(bool commit) {
    ending_sent_ = true;
    Call call;
    call.target = Coordinator{CoordinatorType::Transaction, config_.transactional_id};
    call.lane = Lane::Control;
    call.api = wire::ApiKey::EndTxn;
    call.version_min = int16_version(two(), 5, 0);
    call.version_max = int16_version(two(), 5, 4);
    call.build = [this, commit](std::int16_t version) {
        wire::EndTxnRequest request;
        request.transactional_id = config_.transactional_id;
        request.producer_id = id_.value();
        request.producer_epoch = epoch_.value();
        request.committed = commit;
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this, commit](Answer answer) { ended(commit, answer); };
    cluster_.call_until_final(scope_, std::move(call), [](const wire::AnyResponse& response) {
        return response.as<wire::EndTxnResponse>().error_code;
    });
}

void Producer::ended(bool commit, const Answer& answer) {
    ErrorCode error = answer.error;
    if (answer.ok()) {
        const auto& response = answer.response.as<wire::EndTxnResponse>();
        error = response.error_code;
        // Version 1: nothing of it had reached the coordinator. The new epoch sees to what is still
        // on its way.
        if (!commit && !two() && error == ErrorCode::InvalidTxnState) error = ErrorCode::None;
        if (error == ErrorCode::None) {
            if (two() && response.producer_id >= 0)
                adopt(ProducerId{response.producer_id}, ProducerEpoch{response.producer_epoch});
            if (!commit && !two()) {
                request_id();  // version 1: sequences of what was dropped are in doubt, a new epoch
                               // starts at 0
                return;
            }
            generation_over(commit ? Outcome::Committed : Outcome::Aborted);
            return;
        }
    }
    const std::string what = std::string("EndTxn(") + (commit ? "commit" : "abort") + ") of " +
                             config_.transactional_id + ": " + std::string(name(error)) + ' ' +
                             answer.detail;
    const Trouble trouble = trouble_of(error);
    if (commit && trouble == Trouble::Abortable) {
        ending_sent_ = false;
        abort_wanted_ = false;
        return raise(Trouble::Abortable, error, what);
    }
    raise(trouble == Trouble::Fatal ? Trouble::Fatal : Trouble::Lost, error, what);
}

// ---- version 1
// ------------------------------------------------------------------------------------------------------

void Producer::add_partitions() {
    if (adding_ || trouble_ != Trouble::None) return;
    const Time now = cluster_.now().time;
    std::map<std::string, std::vector<std::int32_t>> topics;
    std::vector<Partition*> partitions;
    for (Partition* p : active_) {
        const auto position = next_to_send(*p);
        if (!position || p->added_to == current_ + 1 || !may_send(*p->queue[*position])) continue;
        if (due(*p, *p->queue[*position]) > now) continue;
        topics[topic_name(p->topic)].push_back(p->index);
        partitions.push_back(p);
    }
    if (partitions.empty()) return;
    adding_ = reached_broker_ = true;
    Call call;
    call.target = Coordinator{CoordinatorType::Transaction, config_.transactional_id};
    call.lane = Lane::Control;
    call.api = wire::ApiKey::AddPartitionsToTxn;
    call.version_max = 3;  // later ones are for brokers
    call.build = [this, topics](std::int16_t version) {
        wire::AddPartitionsToTxnRequest request;
        request.v3_and_below_transactional_id = config_.transactional_id;
        request.v3_and_below_producer_id = id_.value();
        request.v3_and_below_producer_epoch = epoch_.value();
        for (const auto& [topic, indexes] : topics) {
            auto& t = request.v3_and_below_topics.emplace_back();
            t.name = topic;
            t.partitions = indexes;
        }
        return wire::AnyRequest::of(std::move(request), version);
    };
    const auto error_of = [](const wire::AnyResponse& any) {
        const auto& response = any.as<wire::AddPartitionsToTxnResponse>();
        ErrorCode worst = ErrorCode::None;
        for (const auto& topic : response.results_by_topic_v3_and_below)
            for (const auto& p : topic.results_by_partition) {
                if (p.partition_error_code == ErrorCode::None) continue;
                if (worst == ErrorCode::None || worst == ErrorCode::OperationNotAttempted ||
                    retriable(worst))
                    worst = p.partition_error_code;
            }
        return worst;
    };
    call.done = [this, partitions, error_of](Answer answer) {
        adding_ = false;
        check_due_ = true;
        const ErrorCode error = answer.ok() ? error_of(answer.response) : answer.error;
        if (error == ErrorCode::None) {
            for (Partition* p : partitions) p->added_to = current_ + 1;
            return;
        }
        raise(trouble_of(error), error,
              "AddPartitionsToTxn: " + std::string(name(error)) + ' ' + answer.detail);
    };
    cluster_.call_until_final(commit_scope_, std::move(call), error_of,
                              now + config_.delivery_timeout);
}

// ---- offsets
// --------------------------------------------------------------------------------------------------------

void Producer::commit_offsets() {
    offsets_sent_ = true;
    if (!transactional() || two()) return send_offsets();
    reached_broker_ = true;
    Call call;
    call.target = Coordinator{CoordinatorType::Transaction, config_.transactional_id};
    call.lane = Lane::Control;
    call.api = wire::ApiKey::AddOffsetsToTxn;
    call.version_max = 3;
    call.build = [this](std::int16_t version) {
        wire::AddOffsetsToTxnRequest request;
        request.transactional_id = config_.transactional_id;
        request.producer_id = id_.value();
        request.producer_epoch = epoch_.value();
        request.group_id = group_().group_id;
        return wire::AnyRequest::of(std::move(request), version);
    };
    const auto error_of = [](const wire::AnyResponse& any) {
        return any.as<wire::AddOffsetsToTxnResponse>().error_code;
    };
    call.done = [this, error_of](Answer answer) {
        const ErrorCode error = answer.ok() ? error_of(answer.response) : answer.error;
        if (error == ErrorCode::None && state_ == State::Committing) return send_offsets();
        offsets_arrived(error, "AddOffsetsToTxn: " + answer.detail);
    };
    cluster_.call_until_final(commit_scope_, std::move(call), error_of,
                              cluster_.now().time + config_.delivery_timeout);
}

namespace {
// Topics of a request from offsets sorted by topic.
template <class Request>
void fill(Request& request, const std::vector<OffsetToCommit>& offsets) {
    for (const OffsetToCommit& offset : offsets) {
        if (request.topics.empty() || request.topics.back().name != offset.tp.topic)
            request.topics.emplace_back().name = offset.tp.topic;
        auto& partition = request.topics.back().partitions.emplace_back();
        partition.partition_index = offset.tp.partition;
        partition.committed_offset = offset.offset.value();
        partition.committed_leader_epoch = offset.epoch ? offset.epoch->value() : -1;
        partition.committed_metadata = offset.metadata;
    }
}
// The error that decides: one that is final before one that can be tried again.
template <class Response>
ErrorCode worst_of(const Response& response) {
    ErrorCode worst = ErrorCode::None;
    for (const auto& topic : response.topics)
        for (const auto& p : topic.partitions)
            if (p.error_code != ErrorCode::None && (worst == ErrorCode::None || retriable(worst)))
                worst = p.error_code;
    return worst;
}
}  // namespace

void Producer::send_offsets() {
    std::sort(offsets_.begin(), offsets_.end(),
              [](const OffsetToCommit& a, const OffsetToCommit& b) { return a.tp < b.tp; });
    const GroupMetadata group = group_();
    Call call;
    call.target = Coordinator{CoordinatorType::Group, group.group_id};
    call.lane = Lane::Group;
    const auto epoch_sent = std::make_shared<std::int32_t>(group.epoch);
    if (transactional()) {
        reached_broker_ = true;
        call.api = wire::ApiKey::TxnOffsetCommit;
        call.version_min = int16_version(two(), 5, 3);
        call.version_max = int16_version(two(), 5, 4);  // 6 names topics by id
        call.build = [this, epoch_sent](std::int16_t version) {
            const GroupMetadata now = group_();
            *epoch_sent = now.epoch;
            wire::TxnOffsetCommitRequest request;
            request.transactional_id = config_.transactional_id;
            request.group_id = now.group_id;
            request.producer_id = id_.value();
            request.producer_epoch = epoch_.value();
            request.generation_id_or_member_epoch = now.epoch;
            request.member_id = now.member_id;
            request.group_instance_id = now.instance_id;
            fill(request, offsets_);
            return wire::AnyRequest::of(std::move(request), version);
        };
    } else {
        call.api = wire::ApiKey::OffsetCommit;
        call.version_min = 7;
        call.version_max = 9;  // 10 names topics by id
        call.build = [this, epoch_sent](std::int16_t version) {
            const GroupMetadata now = group_();
            *epoch_sent = now.epoch;
            wire::OffsetCommitRequest request;
            request.group_id = now.group_id;
            request.generation_id_or_member_epoch = now.epoch;
            request.member_id = now.member_id;
            request.group_instance_id = now.instance_id;
            fill(request, offsets_);
            return wire::AnyRequest::of(std::move(request), version);
        };
    }
    // A member's epoch may move on while its commit is under way. It still owns its tasks then (the
    // broker gives none away before we confirm), so the offsets go again under the new epoch.
    // ILLEGAL_GENERATION is the older name of it.
    const auto error_of = [this, epoch_sent](const wire::AnyResponse& any) {
        const ErrorCode error = any.is<wire::TxnOffsetCommitResponse>()
                                    ? worst_of(any.as<wire::TxnOffsetCommitResponse>())
                                    : worst_of(any.as<wire::OffsetCommitResponse>());
        const bool stale =
            error == ErrorCode::StaleMemberEpoch || error == ErrorCode::IllegalGeneration;
        if (!stale || !group_) return error;
        const GroupMetadata now = group_();
        if (now.epoch < 0 || (now.epoch == *epoch_sent && ++stale_epochs_ > kStaleEpochsMax))
            return error;
        return ErrorCode::CoordinatorLoadInProgress;
    };
    call.done = [this, error_of](Answer answer) {
        offsets_arrived(answer.ok() ? error_of(answer.response) : answer.error, answer.detail);
    };
    cluster_.call_until_final(commit_scope_, std::move(call), error_of,
                              cluster_.now().time + config_.delivery_timeout);
}

void Producer::offsets_arrived(ErrorCode error, const std::string& detail) {
    offsets_done_ = true;
    check_due_ = true;
    if (error == ErrorCode::None) return;
    const std::string what = "offsets not committed: " + std::string(name(error)) + ' ' + detail;
    const bool tried_long_enough = error == ErrorCode::NetworkException || retriable(error);
    raise(tried_long_enough ? Trouble::Abortable : trouble_of(error), error, what);
}

}  // namespace millrace::client
