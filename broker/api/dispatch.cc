// Which handler takes which request.
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

bool serves(wire::ApiKey key) {
    using enum wire::ApiKey;
    switch (key) {
        case Produce:
        case Fetch:
        case ListOffsets:
        case ApiVersions:
        case DeleteRecords:
        case OffsetForLeaderEpoch:
        case WriteTxnMarkers:
            return true;
        default:
            return serves_cluster(key);
    }
}

void Broker::State::dispatch(const Request& request) {
    using enum wire::ApiKey;
    if (request.body.empty()) return respond(request.token, unsupported_api_versions());
    switch (request.body.key()) {
        case Produce:
            return handle_produce(*this, request);
        case Fetch:
            return handle_fetch(*this, request);
        case ListOffsets:
            return handle_list_offsets(*this, request);
        case ApiVersions:
            return handle_api_versions(*this, request);
        case DeleteRecords:
            return handle_delete_records(*this, request);
        case OffsetForLeaderEpoch:
            return handle_offset_for_leader_epoch(*this, request);
        case WriteTxnMarkers:
            return handle_write_txn_markers(*this, request);
        default:
            if (handle_cluster(*this, request)) return;
            break;
    }
    const wire::Api* api = wire::find_api(static_cast<std::int16_t>(request.body.key()));
    log.warn("request of an API that is not served, closing the connection",
             {{"api", api ? api->name : "?"},
              {"client", request.context->client_id},
              {"address", request.context->client_host}});
    close(request.token, "API not served");
}

}  // namespace millrace::broker
