// LeaveGroup: API key 13, versions 0-5.
//
// - Members leave at once, all of a request with one rebalance. v0-2: one member, whose error is the
//   response's. v3: several, each with its own error (KIP-345); an administrator may name a static
//   member by its instance id alone. v5: the client's reason (KIP-800).
// - Missing: authorisation.
#include "millrace/wire/messages/leave_group.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_leave_group(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    wire::LeaveGroupRequest body = request.body.as<wire::LeaveGroupRequest>();
    if (version < 3) body.members = {{.member_id = body.member_id}};
    apis.group.leave_group(
        body, now, [&apis, token = request.token, version](wire::LeaveGroupResponse response) {
            if (version < 3) {
                if (response.error_code == ErrorCode::None && !response.members.empty())
                    response.error_code = response.members.front().error_code;
                response.members.clear();
            }
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
