// JoinGroup: API key 11, versions 0-9.
//
// - A member joins a classic group, or joins again; the answer comes when the generation is there.
//   The leader is told of all members, and assigns (broker/group/classic_join.cc).
// - v0: the session timeout is the rebalance timeout, too. v1: a rebalance timeout. v4: who comes
//   without an id is given one, and must come again with it (KIP-394). v5: static members
//   (KIP-345). v7: protocol type and name may be null. v8: the client's reason (KIP-800). v9: a
//   static leader that is back does not assign anew (KIP-814).
// - Versions 0 and 1 are served: old clients begin with them (KAFKA-19444).
// - Missing: authorisation.
#include "millrace/wire/messages/join_group.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_join_group(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    apis.group.join_group(
        request.body.as<wire::JoinGroupRequest>(), version, *request.context, now,
        [&apis, token = request.token, version](wire::JoinGroupResponse response) {
            if (response.error_code != ErrorCode::None) response.protocol_name.reset();
            if (version < 7 && !response.protocol_name) response.protocol_name = "";
            if (version < 9) response.skip_assignment = false;  // no place for it
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
