// ListGroups: API key 16, versions 0-5.
//
// - The groups of all kinds that this node coordinates. v4: with their states, and filtered by them
//   (KIP-518). v5: with their types, and filtered by them (KIP-848). Names in filters are compared
//   without case; an unknown one fits nothing.
// - Missing: authorisation.
#include "millrace/wire/messages/list_groups.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_list_groups(const CoordinatorApis& apis, const Request& request, Now now) {
    apis.group.list_groups(request.body.as<wire::ListGroupsRequest>(), now,
                           [&apis, token = request.token, version = request.body.version()](
                               wire::ListGroupsResponse response) {
                               apis.answer(token, version, std::move(response));
                           });
}

}  // namespace millrace::broker
