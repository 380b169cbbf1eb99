// DeleteGroups: API key 42, versions 0-3.
//
// - Groups of any kind without members, with their offsets. NonEmptyGroup, GroupIdNotFound. v3:
//   error messages, which Kafka 4.4 leaves out of these.
// - Missing: share groups, authorisation.
#include "millrace/wire/messages/delete_groups.h"

#include <memory>

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {
struct Batch {
    wire::DeleteGroupsResponse response;
    std::size_t waiting = 1;
};
}  // namespace

void handle_delete_groups(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    const auto& asked = request.body.as<wire::DeleteGroupsRequest>();
    const auto batch = std::make_shared<Batch>();
    batch->response.results.resize(asked.groups_names.size());
    const auto done = [&apis, batch, token = request.token, version] {
        if (--batch->waiting == 0) apis.answer(token, version, std::move(batch->response));
    };
    for (std::size_t i = 0; i < asked.groups_names.size(); ++i) {
        ++batch->waiting;
        apis.group.delete_group(
            asked.groups_names[i], now,
            [batch, done, i, version](wire::DeleteGroupsResponse::DeletableGroupResult result) {
                if (version < 3) result.error_message.reset();
                batch->response.results[i] = std::move(result);
                done();
            });
    }
    done();
}

}  // namespace millrace::broker
