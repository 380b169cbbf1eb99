// ConsumerGroupDescribe: API key 69, versions 0-1 (KIP-848).
//
// - State, epochs, assignor, members with what they hold and what they are to hold. Unknown group:
// GroupIdNotFound.
// - v1: whether a member speaks the classic protocol.
// - Missing: authorised operations.
#include "millrace/wire/messages/consumer_group_describe.h"

#include <memory>

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {
struct Batch {
    wire::ConsumerGroupDescribeResponse response;
    std::size_t waiting = 1;
};
}  // namespace

void handle_consumer_group_describe(const CoordinatorApis& apis, const Request& request) {
    const std::int16_t version = request.body.version();
    const auto& asked = request.body.as<wire::ConsumerGroupDescribeRequest>();
    const auto batch = std::make_shared<Batch>();
    batch->response.groups.resize(asked.group_ids.size());
    const auto done = [&apis, batch, token = request.token, version] {
        if (--batch->waiting == 0) apis.answer(token, version, std::move(batch->response));
    };
    for (std::size_t i = 0; i < asked.group_ids.size(); ++i) {
        ++batch->waiting;
        apis.group.consumer_describe(
            asked.group_ids[i],
            [batch, done, i](wire::ConsumerGroupDescribeResponse::DescribedGroup group) {
                batch->response.groups[i] = std::move(group);
                done();
            });
    }
    done();
}

}  // namespace millrace::broker
