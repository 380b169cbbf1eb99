// Heartbeat: API key 12, versions 0-4.
//
// - A member of a classic group is still there; RebalanceInProgress tells it to join again.
// - While the coordinator loads its log the answer is None: the session begins anew anyway.
// - v3: instance id (KIP-345).
// - Missing: authorisation.
#include "millrace/wire/messages/heartbeat.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_heartbeat(const CoordinatorApis& apis, const Request& request, Now now) {
    wire::HeartbeatResponse response;
    response.error_code =
        apis.group.classic_heartbeat(request.body.as<wire::HeartbeatRequest>(), now);
    apis.answer(request.token, request.body.version(), std::move(response));
}

}  // namespace millrace::broker
