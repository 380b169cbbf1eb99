// The broker and its coordinators: what they ask for is carried out, and they are told.
#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/allocate_producer_ids.h"

namespace millrace::broker {

void Broker::State::carry_out_coordinators() {
    TxnEffects from_txn = txn->take_effects();
    txn_wake = from_txn.wake_at;
    for (const WriteTxnMarkers& markers : from_txn.markers) {
        for (const TopicPartition& tp : markers.partitions)
            write_marker(tp, markers.marker, [this, id = markers.id, tp](ErrorCode code) {
                txn->marker_written(id, tp, code, now);
            });
    }
    if (from_txn.allocate_producer_ids) {
        wire::AllocateProducerIdsRequest request{.broker_id = node.value(),
                                                 .broker_epoch = broker_epoch};
        ask_controller(wire::AnyRequest::of(std::move(request), 0),
                       [this](const wire::AnyResponse& any) {
                           const auto& response = any.as<wire::AllocateProducerIdsResponse>();
                           if (response.error_code == ErrorCode::None)
                               txn->producer_ids(ProducerId{response.producer_id_start},
                                                 response.producer_id_len, now);
                           else
                               txn->producer_ids_failed(response.error_code, now);
                       });
    }
    GroupEffects from_group = group->take_effects();
    group_wake = from_group.wake_at;
    for (CreateInternalTopic& topic : from_group.create_topics) {
        create_topic(topic.name, topic.partitions, topic.replication_factor,
                     std::move(topic.configs),
                     [this, group_id = topic.group_id, name = topic.name](
                         ErrorCode code, const std::string& detail) {
                         group->internal_topic_created(group_id, name, code, detail, now);
                     });
    }
}

void Broker::State::write_marker(const TopicPartition& tp, const TxnMarker& marker,
                                 Completion written) {
    ErrorCode code = ErrorCode::None;
    Partition* partition = led_partition(tp.topic, tp.partition, code);
    if (!partition) return written(code);
    if (tp.topic == kOffsetsTopic)
        return group->write_marker(tp.partition, marker, now, std::move(written));
    const auto at = partition->append_marker(marker);
    if (!at) return written(at.error().code);
    partition->when_committed(at->end, std::move(written));
}

}  // namespace millrace::broker
