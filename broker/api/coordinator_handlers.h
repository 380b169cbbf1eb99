#pragma once
// The requests that coordinators answer, one file each. Handlers answer now, or when what they
// wrote is committed.
#include <functional>
#include <string>

#include "millrace/broker/group/group_coordinator.h"
#include "millrace/broker/request.h"
#include "millrace/broker/txn/txn_coordinator.h"

namespace millrace::broker {

struct CoordinatorApis {  // what the handlers need of the broker; outlives every answer
    TxnCoordinator& txn;
    GroupCoordinator& group;
    const TopicLookup& topics;
    Responder& responder;
    bool shared_journal = true;  // of data, offsets and the transaction coordinator (design 3.5)

    template <class M>
    void answer(RequestToken token, std::int16_t version, M response) const {
        responder.respond(token, wire::AnyResponse::of(std::move(response), version));
    }
};

enum class CoordinatorKeyType : std::int8_t { Group = 0, Transaction = 1, Share = 2 };
struct CoordinatorNode {  // where a coordinator is, on the listener that the request came in on
    ErrorCode code = ErrorCode::None;  // CoordinatorNotAvailable: its topic is being made, or its
                                       // partition has no leader
    std::int32_t node = -1;
    std::string host;
    std::int32_t port = -1;
};
using LocateCoordinator =
    std::function<CoordinatorNode(CoordinatorKeyType, const std::string& key)>;

void handle_find_coordinator(const CoordinatorApis& apis, const Request& request,
                             const LocateCoordinator& locate);
void handle_init_producer_id(const CoordinatorApis& apis, const Request& request, Now now);
void handle_add_partitions_to_txn(const CoordinatorApis& apis, const Request& request, Now now);
void handle_add_offsets_to_txn(const CoordinatorApis& apis, const Request& request, Now now);
void handle_end_txn(const CoordinatorApis& apis, const Request& request, Now now);
void handle_txn_offset_commit(const CoordinatorApis& apis, const Request& request, Now now);
void handle_offset_commit(const CoordinatorApis& apis, const Request& request, Now now);
void handle_offset_fetch(const CoordinatorApis& apis, const Request& request);
void handle_join_group(const CoordinatorApis& apis, const Request& request, Now now);
void handle_sync_group(const CoordinatorApis& apis, const Request& request, Now now);
void handle_heartbeat(const CoordinatorApis& apis, const Request& request, Now now);
void handle_leave_group(const CoordinatorApis& apis, const Request& request, Now now);
void handle_list_groups(const CoordinatorApis& apis, const Request& request, Now now);
void handle_describe_groups(const CoordinatorApis& apis, const Request& request, Now now);
void handle_delete_groups(const CoordinatorApis& apis, const Request& request, Now now);
void handle_offset_delete(const CoordinatorApis& apis, const Request& request, Now now);
void handle_consumer_group_heartbeat(const CoordinatorApis& apis, const Request& request, Now now);
void handle_consumer_group_describe(const CoordinatorApis& apis, const Request& request);
void handle_streams_group_heartbeat(const CoordinatorApis& apis, const Request& request, Now now);
void handle_streams_group_describe(const CoordinatorApis& apis, const Request& request);

}  // namespace millrace::broker
