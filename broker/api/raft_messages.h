#pragma once
// The quorum's messages as Kafka's: Vote (52, v2), BeginQuorumEpoch (53, v1), EndQuorumEpoch (54,
// v1), Fetch (1, v17) and FetchSnapshot (59, v1) of __cluster_metadata-0. Requests are sent at
// these versions and taken at any.
#include <optional>
#include <string>

#include "millrace/broker/raft/message.h"
#include "millrace/wire/api.h"

namespace millrace::broker {

bool is_raft_request(
    const wire::AnyRequest& request);  // a Fetch only when it asks for the metadata log

wire::AnyRequest to_wire(const raft::Envelope& request, const std::string& cluster_id);
// InconsistentClusterId, InvalidRequest: `raft_error` answers it.
Result<raft::Envelope> from_wire(const wire::AnyRequest& request, NodeId self,
                                 const std::string& cluster_id);

wire::AnyResponse to_wire_response(const raft::Message& reply, const wire::AnyRequest& request);
wire::AnyResponse raft_error(const wire::AnyRequest& request, ErrorCode code);
// Nothing: it is no answer of these, or lacks the partition. A top-level error becomes that of the
// message.
std::optional<raft::Message> from_wire_response(const wire::AnyResponse& response);

}  // namespace millrace::broker
