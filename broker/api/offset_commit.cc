// OffsetCommit: API key 8, versions 2-10.
//
// - Offsets of a group, with metadata, per partition. Unknown topics and metadata that is too long
// fail alone; who may
//   commit at all is the group's to say (semantics 6.5).
// - v2-4: a retention of its own. v6: leader epoch. v7: instance id (KIP-345). v9: members of the
// new protocols, and
//   GroupIdNotFound. v10: topic ids.
// - A commit of a classic member counts as a heartbeat.
// - Missing: authorisation.
#include "millrace/wire/messages/offset_commit.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_offset_commit(const CoordinatorApis& apis, const Request& request, Now now) {
    const std::int16_t version = request.body.version();
    apis.group.offset_commit(
        request.body.as<wire::OffsetCommitRequest>(), version, now,
        [&apis, token = request.token, version](wire::OffsetCommitResponse response) {
            apis.answer(token, version, std::move(response));
        });
}

}  // namespace millrace::broker
