// InitProducerId: API key 22, versions 0-5.
//
// - Without a transactional id: a fresh producer id, epoch 0. With one: the id's producer under the
// next epoch; an open
//   transaction is aborted first, and the old producer is fenced.
// - v3: goes on after an error with the id and epoch it has (KIP-360). v4: ProducerFenced; before,
// InvalidProducerEpoch.
// - Missing: two-phase commit (v6, unstable), authorisation.
#include "millrace/wire/messages/init_producer_id.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_init_producer_id(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::InitProducerIdRequest>();
    const std::int16_t version = request.body.version();
    const auto answer = [&apis, token = request.token, version](TxnCoordinator::Producer producer) {
        wire::InitProducerIdResponse response;
        response.error_code = producer.code == ErrorCode::ProducerFenced && version < 4
                                  ? ErrorCode::InvalidProducerEpoch
                                  : producer.code;
        response.producer_id = producer.producer.id.value();
        response.producer_epoch = producer.producer.epoch.value();
        apis.answer(token, version, std::move(response));
    };
    if ((asked.producer_id == -1) != (asked.producer_epoch == -1))
        return answer({ErrorCode::InvalidRequest, {}});
    InitProducerIdAsk ask{.timeout_ms = asked.transaction_timeout_ms};
    if (asked.producer_id != -1)
        ask.expected = {ProducerId{asked.producer_id}, ProducerEpoch{asked.producer_epoch}};
    apis.txn.init_producer_id(asked.transactional_id, ask, now, answer);
}

}  // namespace millrace::broker
