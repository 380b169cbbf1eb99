// AllocateProducerIds, key 67, version 0 (KIP-730; Java: ProducerIdControlManager).
// - A block of 1000 ids for one broker (millrace.producer.id.block.size). The record is committed
// before the answer leaves, so
//   no id is ever given twice.
// - Unknown broker: 102. Another epoch than the registered one: 77.
#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {

Decision allocate_producer_ids(ControllerState& state,
                               const wire::AllocateProducerIdsRequest& request,
                               std::int16_t version) {
    const auto refused = [&](ErrorCode code) {
        return Decision{{},
                        wire::AnyResponse::of(allocate_producer_ids_error(request, code), version)};
    };
    const BrokerImage* broker = state.image.broker(NodeId{request.broker_id});
    if (!broker) return refused(ErrorCode::BrokerIdNotRegistered);
    if (broker->epoch != request.broker_epoch) return refused(ErrorCode::StaleBrokerEpoch);
    const std::int64_t first = state.image.next_producer_id();
    const std::int32_t count = state.config->producer_id_block_size;
    if (first > INT64_MAX - count) return refused(ErrorCode::UnknownServerError);
    Decision decision;
    wire::ProducerIdsRecord record;
    record.broker_id = request.broker_id;
    record.broker_epoch = request.broker_epoch;
    record.next_producer_id = first + count;
    decision.records.emplace_back(std::move(record));
    wire::AllocateProducerIdsResponse response;
    response.producer_id_start = first;
    response.producer_id_len = count;
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::AllocateProducerIdsResponse allocate_producer_ids_error(
    const wire::AllocateProducerIdsRequest&, ErrorCode code) {
    wire::AllocateProducerIdsResponse response;
    response.error_code = code;
    return response;
}

}  // namespace millrace::broker
