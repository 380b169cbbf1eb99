// StreamsGroupHeartbeat: API key 88, versions 0-1 (KIP-1071).
//
// - Join (epoch 0), report, leave (-1; -2: a static member for a while). The broker assigns the
// tasks.
// - v1: the acceptable lag as int64, topology descriptions (never asked for: no plugin).
// - A member that joins waits a moment for its internal topics, instead of coming back for them.
// - Missing, as in Kafka 4.4: topology updates of a group with members, regular expressions,
// warm-up tasks. Also missing:
//   assignors but "sticky", rack-aware standbys, authorisation.
#include "millrace/wire/messages/streams_group_heartbeat.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_streams_group_heartbeat(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    apis.group.streams_heartbeat(
        request.body.as<wire::StreamsGroupHeartbeatRequest>(), *request.context, now,
        [&apis, token = request.token, version](wire::StreamsGroupHeartbeatResponse response) {
            if (version >= 1) response.acceptable_recovery_lag_legacy = 0;  // its place in v0 only
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
