// OffsetDelete: API key 47, version 0 (KIP-496).
//
// - Committed offsets of topics that no member of the group reads: GroupSubscribedToTopic
//   otherwise, and NonEmptyGroup while a group has members that do not say what they read. An offset
//   that is not there is deleted, too.
// - Missing: authorisation.
#include "millrace/wire/messages/offset_delete.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_offset_delete(const CoordinatorApis& apis, const Request& request, Now now) {
    apis.group.offset_delete(request.body.as<wire::OffsetDeleteRequest>(), now,
                             [&apis, token = request.token, version = request.body.version()](
                                 wire::OffsetDeleteResponse response) {
                                 apis.answer(token, version, std::move(response));
                             });
}

}  // namespace millrace::broker
