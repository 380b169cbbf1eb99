// FindCoordinator: API key 10, versions 0-6.
//
// - Where the coordinator of a group or a transactional id is: the leader of the partition its name
// hashes to.
// - The internal topic is made on first use; meanwhile CoordinatorNotAvailable (15), which every
// client retries.
// - v1: key types (KIP-98). v4: many keys (KIP-699). v5: retriable errors of transactions
// (KIP-890). v6: share groups.
// - Missing: share groups (InvalidRequest), authorisation.
#include "millrace/wire/messages/find_coordinator.h"

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

void handle_find_coordinator(const CoordinatorApis& apis, const Request& request,
                             const LocateCoordinator& locate) {
    const auto& asked = request.body.as<wire::FindCoordinatorRequest>();
    const auto type = static_cast<CoordinatorKeyType>(asked.key_type);
    const bool served =
        type == CoordinatorKeyType::Group || type == CoordinatorKeyType::Transaction;
    const auto find = [&](const std::string& key) {
        return served ? locate(type, key) : CoordinatorNode{.code = ErrorCode::InvalidRequest};
    };
    const auto message = [](ErrorCode code) {
        return code == ErrorCode::None ? std::nullopt : std::optional(std::string(name(code)));
    };
    wire::FindCoordinatorResponse response;
    if (request.body.version() >= 4) {
        for (const std::string& key : asked.coordinator_keys) {
            CoordinatorNode found = find(key);
            response.coordinators.push_back({key, found.node, std::move(found.host), found.port,
                                             found.code, message(found.code)});
        }
    } else {
        CoordinatorNode found = find(asked.key);
        response.error_code = found.code;
        response.error_message = message(found.code);
        response.node_id = found.node;
        response.host = std::move(found.host);
        response.port = found.port;
    }
    apis.answer(request.token, request.body.version(), std::move(response));
}

}  // namespace millrace::broker
