// TxnOffsetCommit: API key 28, versions 0-6.
//
// - Offsets that count when the transaction is committed. The transaction coordinator is asked
// first: v5 adds the group's
//   partition to the transaction (KIP-890), before, it must have been added (AddOffsetsToTxn).
// - Answered once appended when data, offsets and coordinator share a journal: EndTxn waits for the
// sync (design 3.5).
// - v3: the member and its generation or epoch are checked (KIP-447). v6: topic ids, and the error
// codes of the new group
//   protocols (KIP-1319).
// - Missing: authorisation.
#include "millrace/wire/messages/txn_offset_commit.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {

wire::TxnOffsetCommitResponse refusal(const wire::TxnOffsetCommitRequest& asked,
                                      std::int16_t version, ErrorCode code) {
    if (code == ErrorCode::CoordinatorLoadInProgress && version < 2)
        code = ErrorCode::CoordinatorNotAvailable;
    wire::TxnOffsetCommitResponse response;
    for (const auto& topic : asked.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        answered.topic_id = topic.topic_id;
        for (const auto& partition : topic.partitions)
            answered.partitions.push_back({partition.partition_index, code});
    }
    return response;
}

}  // namespace

void handle_txn_offset_commit(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::TxnOffsetCommitRequest>();
    const std::int16_t version = request.body.version();
    if (const ErrorCode code = apis.group.serving(asked.group_id); code != ErrorCode::None)
        return apis.answer(request.token, version, refusal(asked, version, code));
    const TxnCoordinator::Verify verify{
        .transactional_id = asked.transactional_id,
        .producer = {ProducerId{asked.producer_id}, ProducerEpoch{asked.producer_epoch}},
        .partitions = {{"__consumer_offsets", apis.group.partition_of(asked.group_id)}},
        .client_version = static_cast<std::int16_t>(version >= 5 ? 2 : 0),
        .knows_abortable = version >= 4,
        .wait = apis.shared_journal ? TxnWait::Appended : TxnWait::Committed};
    apis.txn.verify_or_add(
        verify, now, [&apis, request, now, version](TxnCoordinator::Admission admission) {
            const auto& body = request.body.as<wire::TxnOffsetCommitRequest>();
            if (admission.code != ErrorCode::None)
                return apis.answer(request.token, version,
                                   refusal(body, version, translate_append_error(admission.code)));
            apis.group.txn_offset_commit(
                body, version, apis.shared_journal && !admission.began, now,
                [&apis, token = request.token, version](wire::TxnOffsetCommitResponse response) {
                    apis.answer(token, version, std::move(response));
                });
        });
}

}  // namespace millrace::broker
