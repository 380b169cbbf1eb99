// EndTxn: API key 26, versions 0-5.
//
// - Answered when PrepareCommit or PrepareAbort is committed; the markers follow.
// - v2: ProducerFenced; before, InvalidProducerEpoch. v5: transactions v2, each end bumps the
// epoch, and the answer holds
//   the producer id and epoch to go on with (KIP-890).
// - Missing: authorisation.
#include "millrace/wire/messages/end_txn.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_end_txn(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::EndTxnRequest>();
    const std::int16_t version = request.body.version();
    apis.txn.end(asked.transactional_id,
                 {ProducerId{asked.producer_id}, ProducerEpoch{asked.producer_epoch}},
                 asked.committed, version >= 5 ? 2 : 0, now,
                 [&apis, token = request.token, version](TxnCoordinator::Producer ended) {
                     wire::EndTxnResponse response;
                     response.error_code = ended.code == ErrorCode::ProducerFenced && version < 2
                                               ? ErrorCode::InvalidProducerEpoch
                                               : ended.code;
                     response.producer_id = ended.producer.id.value();
                     response.producer_epoch = ended.producer.epoch.value();
                     apis.answer(token, version, std::move(response));
                 });
}

}  // namespace millrace::broker
