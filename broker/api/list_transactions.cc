// DescribeTransactions, key 65, version 0, and ListTransactions, key 66, versions 0-2 (KIP-664,
// KIP-994, KIP-1152; Java: TransactionCoordinator).
// - Describe: unknown id 105, empty id 42, coordinator not here or loading 14-16.
// - List: filters by state (those that are no state are named), by producer id, v1 by duration in
//   milliseconds, v2 by a regular expression over the whole id (128: it is none). A partition that
//   is still loading: 14.
#include "millrace/wire/messages/list_transactions.h"

#include <algorithm>
#include <array>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/broker/pattern.h"
#include "millrace/wire/messages/describe_transactions.h"

namespace millrace::broker {
namespace {

constexpr std::array<std::string_view, 8> kStates = {
    "Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
    "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};

using Described = wire::DescribeTransactionsResponse::TransactionState;

void describe(const TxnCoordinator& txn, Described& into) {
    if (into.transactional_id.empty()) {
        into.error_code = ErrorCode::InvalidRequest;
        return;
    }
    into.error_code = txn.serving(into.transactional_id);
    if (into.error_code != ErrorCode::None) return;
    const TxnFold* fold = txn.fold(txn.partition_of(into.transactional_id));
    const TxnFold::Entry* entry = fold ? fold->find(into.transactional_id) : nullptr;
    if (!entry || entry->metadata.state == TxnState::Dead) {
        into.error_code = ErrorCode::TransactionalIdNotFound;
        return;
    }
    const TxnMetadata& metadata = entry->metadata;
    into.transaction_state = std::string(name(metadata.state));
    into.transaction_timeout_ms = metadata.timeout_ms;
    into.transaction_start_time_ms = metadata.start.value();
    into.producer_id = metadata.producer_id.value();
    into.producer_epoch = metadata.producer_epoch.value();
    for (const TopicPartition& tp : metadata.partitions) {
        if (into.topics.empty() || into.topics.back().topic != tp.topic)
            into.topics.push_back({tp.topic, {}});
        into.topics.back().partitions.push_back(tp.partition);
    }
}

}  // namespace

void handle_describe_transactions(Broker::State& broker, const Request& request) {
    wire::DescribeTransactionsResponse response;
    for (const std::string& id :
         request.body.as<wire::DescribeTransactionsRequest>().transactional_ids) {
        Described& one = response.transaction_states.emplace_back();
        one.transactional_id = id;
        describe(*broker.txn, one);
    }
    broker.answer(request, std::move(response));
}

void handle_list_transactions(Broker::State& broker, const Request& request) {
    const auto& asked = request.body.as<wire::ListTransactionsRequest>();
    wire::ListTransactionsResponse response;
    std::optional<Pattern> pattern;
    if (asked.transactional_id_pattern && !asked.transactional_id_pattern->empty()) {
        auto compiled = Pattern::compile(*asked.transactional_id_pattern);
        if (!compiled) {
            response.error_code = ErrorCode::InvalidRegularExpression;
            return broker.answer(request, std::move(response));
        }
        pattern = *std::move(compiled);
    }
    std::vector<std::string_view> states;
    for (const std::string& state : asked.state_filters) {
        const bool known = std::find(kStates.begin(), kStates.end(), state) != kStates.end();
        if (known)
            states.push_back(state);
        else
            response.unknown_state_filters.push_back(state);
    }
    const bool no_state = !asked.state_filters.empty() && states.empty();
    if (!broker.txn->loaded()) {
        response.error_code = ErrorCode::CoordinatorLoadInProgress;
        return broker.answer(request, std::move(response));
    }
    for (std::int32_t index = 0; index < broker.txn_config.partitions && !no_state; ++index) {
        const TxnFold* fold = broker.txn->fold(index);
        if (!fold) continue;
        for (const auto& [id, entry] : fold->entries()) {
            const TxnMetadata& metadata = entry.metadata;
            const std::int64_t producer = metadata.producer_id.value();
            const auto& producers = asked.producer_id_filters;
            if (metadata.state == TxnState::Dead) continue;
            if (!producers.empty() &&
                std::find(producers.begin(), producers.end(), producer) == producers.end())
                continue;
            if (!states.empty() &&
                std::find(states.begin(), states.end(), name(metadata.state)) == states.end())
                continue;
            if (asked.duration_filter >= 0 &&
                broker.now.wall.value() - metadata.start.value() <= asked.duration_filter)
                continue;
            if (pattern && !pattern->matches(id)) continue;
            response.transaction_states.push_back(
                {id, producer, std::string(name(metadata.state))});
        }
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
