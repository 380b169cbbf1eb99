// DescribeGroups: API key 15, versions 0-6.
//
// - Classic groups: state, protocol, members; what they subscribe to only while the group is stable.
//   Groups of other kinds have calls of their own, and are not found here.
// - A group that is not there is "Dead"; since v6 that is GroupIdNotFound (KIP-1043). v4: instance
//   ids.
// - Missing: authorised operations.
#include "millrace/wire/messages/describe_groups.h"

#include <memory>

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {
struct Batch {
    wire::DescribeGroupsResponse response;
    std::size_t waiting = 1;
};
}  // namespace

void handle_describe_groups(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    const auto& asked = request.body.as<wire::DescribeGroupsRequest>();
    const auto batch = std::make_shared<Batch>();
    batch->response.groups.resize(asked.groups.size());
    const auto done = [&apis, batch, token = request.token, version] {
        if (--batch->waiting == 0) apis.answer(token, version, std::move(batch->response));
    };
    for (std::size_t i = 0; i < asked.groups.size(); ++i) {
        ++batch->waiting;
        apis.group.describe_group(
            asked.groups[i], version, now,
            [batch, done, i](wire::DescribeGroupsResponse::DescribedGroup group) {
                batch->response.groups[i] = std::move(group);
                done();
            });
    }
    done();
}

}  // namespace millrace::broker
