// OffsetFetch: API key 9, versions 1-10.
//
// - Committed offsets; -1 where there is none, which is no error, not even for an unknown group.
// - v2: null asks for all topics; errors of the group. v5: leader epoch. v7: RequireStable:
// partitions with an open
//   transactional commit are told UnstableOffsetCommit (KIP-447). v8: many groups. v9: member id
//   and epoch. v10: topic ids.
// - Missing: authorisation.
#include "millrace/wire/messages/offset_fetch.h"

#include <memory>

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {

using wire::OffsetFetchRequest;
using wire::OffsetFetchResponse;

void fetch_one(const CoordinatorApis& apis, const Request& request) {
    const auto& asked = request.body.as<OffsetFetchRequest>();
    const std::int16_t version = request.body.version();
    OffsetFetchRequest::Group group;
    group.group_id = asked.group_id;
    if (asked.topics) {
        for (const auto& topic : *asked.topics) {
            auto& one = group.topics->emplace_back();
            one.name = topic.name;
            one.partition_indexes = topic.partition_indexes;
        }
    } else {
        group.topics = std::nullopt;
    }
    apis.group.offset_fetch(
        group, asked.require_stable, false,
        [&apis, token = request.token, version,
         topics = group.topics](OffsetFetchResponse::Group fetched) {
            OffsetFetchResponse response;
            if (version >= 2) response.error_code = fetched.error_code;
            for (const auto& topic : fetched.topics) {
                auto& one = response.topics.emplace_back();
                one.name = topic.name;
                for (const auto& p : topic.partitions)
                    one.partitions.push_back({p.partition_index, p.committed_offset,
                                              p.committed_leader_epoch, p.metadata, p.error_code});
            }
            if (fetched.error_code != ErrorCode::None && version < 2 &&
                topics)  // no place for it but the partitions
                for (const auto& topic : *topics) {
                    auto& one = response.topics.emplace_back();
                    one.name = topic.name;
                    for (const std::int32_t index : topic.partition_indexes)
                        one.partitions.push_back({index, -1, -1, "", fetched.error_code});
                }
            apis.answer(token, version, std::move(response));
        });
}

struct Batch {
    OffsetFetchResponse response;
    std::size_t waiting = 1;
};

}  // namespace

void handle_offset_fetch(const CoordinatorApis& apis, const Request& request) {
    const std::int16_t version = request.body.version();
    if (version < 8) return fetch_one(apis, request);
    const auto& asked = request.body.as<OffsetFetchRequest>();
    const auto batch = std::make_shared<Batch>();
    batch->response.groups.resize(asked.groups.size());
    const auto done = [&apis, batch, token = request.token, version] {
        if (--batch->waiting == 0) apis.answer(token, version, std::move(batch->response));
    };
    for (std::size_t i = 0; i < asked.groups.size(); ++i) {
        ++batch->waiting;
        apis.group.offset_fetch(asked.groups[i], asked.require_stable, version >= 10,
                                [batch, done, i](OffsetFetchResponse::Group fetched) {
                                    batch->response.groups[i] = std::move(fetched);
                                    done();
                                });
    }
    done();
}

}  // namespace millrace::broker
