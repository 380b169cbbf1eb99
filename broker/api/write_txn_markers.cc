// WriteTxnMarkers: API key 27, versions 1-2.
//
// - COMMIT or ABORT of a producer's open transaction in each partition; partitions of
//   __consumer_offsets go through the group coordinator, so that its state and its log agree.
// - Answered when every marker is committed. v2: the transaction version (KIP-890).
// - For admins (a hanging transaction) and coordinators of other nodes; our own coordinator writes
//   its markers without a request.
#include "millrace/wire/messages/write_txn_markers.h"

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
struct Writing {
    Request request;
    wire::WriteTxnMarkersResponse response;
    std::size_t waiting = 1;
};

void done(Broker::State& broker, Writing& writing) {
    if (--writing.waiting == 0) broker.answer(writing.request, std::move(writing.response));
}
}  // namespace

void handle_write_txn_markers(Broker::State& broker, const Request& request) {
    const auto writing = std::make_shared<Writing>();
    writing->request = request;
    const auto& markers = request.body.as<wire::WriteTxnMarkersRequest>().markers;
    for (const auto& asked : markers) {
        auto& result = writing->response.markers.emplace_back();
        result.producer_id = asked.producer_id;
        for (const auto& topic : asked.topics) {
            auto& answered = result.topics.emplace_back();
            answered.name = topic.name;
            for (const std::int32_t index : topic.partition_indexes)
                answered.partitions.push_back({.partition_index = index});
        }
    }
    for (std::size_t m = 0; m < markers.size(); ++m) {
        const TxnMarker marker{.producer = {ProducerId{markers[m].producer_id},
                                            ProducerEpoch{markers[m].producer_epoch}},
                               .coordinator_epoch = markers[m].coordinator_epoch,
                               .commit = markers[m].transaction_result,
                               .transaction_version = markers[m].transaction_version};
        for (std::size_t t = 0; t < markers[m].topics.size(); ++t) {
            const auto& topic = markers[m].topics[t];
            for (std::size_t p = 0; p < topic.partition_indexes.size(); ++p) {
                ++writing->waiting;
                broker.write_marker(
                    {topic.name, topic.partition_indexes[p]}, marker,
                    [&broker, writing, m, t, p](ErrorCode code) {
                        writing->response.markers[m].topics[t].partitions[p].error_code = code;
                        done(broker, *writing);
                    });
            }
        }
    }
    done(broker, *writing);
}

}  // namespace millrace::broker
