// SyncGroup: API key 14, versions 0-5.
//
// - The leader hands in the assignments, everybody gets its own: when the generation is committed
//   (broker/group/classic_sync.cc).
// - v3: instance id (KIP-345). v5: protocol type and name must be there, and be the group's.
// - Missing: authorisation.
#include "millrace/wire/messages/sync_group.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_sync_group(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    apis.group.sync_group(
        request.body.as<wire::SyncGroupRequest>(), version, now,
        [&apis, token = request.token, version](wire::SyncGroupResponse response) {
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
