// AddOffsetsToTxn: API key 25, versions 0-4.
//
// - Adds the partition of __consumer_offsets that keeps a group's offsets to a transaction. Clients
// of transactions v2 do
//   without it: TxnOffsetCommit v5 adds it.
// - v2: ProducerFenced; before, InvalidProducerEpoch. v4: retriable errors (KIP-890).
// - Missing: authorisation.
#include "millrace/wire/messages/add_offsets_to_txn.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_add_offsets_to_txn(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::AddOffsetsToTxnRequest>();
    const std::int16_t version = request.body.version();
    apis.txn.add_partitions(asked.transactional_id,
                            {ProducerId{asked.producer_id}, ProducerEpoch{asked.producer_epoch}},
                            {{"__consumer_offsets", apis.group.partition_of(asked.group_id)}}, 0,
                            now, [&apis, token = request.token, version](ErrorCode code) {
                                wire::AddOffsetsToTxnResponse response;
                                response.error_code =
                                    code == ErrorCode::ProducerFenced && version < 2
                                        ? ErrorCode::InvalidProducerEpoch
                                        : code;
                                apis.answer(token, version, std::move(response));
                            });
}

}  // namespace millrace::broker
