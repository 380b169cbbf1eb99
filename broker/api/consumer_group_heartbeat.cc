// ConsumerGroupHeartbeat: API key 68, versions 0-1 (KIP-848).
//
// - Join (epoch 0), report, leave (-1; -2: a static member for a while). The broker assigns the
// partitions; null fields are
//   unchanged. The interval to the next heartbeat is ours to say: short while partitions move.
// - v1: the member makes its id itself; a regular expression may be subscribed to (bad:
// INVALID_REGULAR_EXPRESSION).
// - An empty classic group makes way for a consumer group; one with members is converted, if the
//   migration policy allows (consumer_migration.cc).
// - Missing: authorisation.
#include "millrace/wire/messages/consumer_group_heartbeat.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_consumer_group_heartbeat(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    apis.group.consumer_heartbeat(
        request.body.as<wire::ConsumerGroupHeartbeatRequest>(), version, *request.context, now,
        [&apis, token = request.token, version](wire::ConsumerGroupHeartbeatResponse response) {
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
