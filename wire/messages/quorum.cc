// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/add_raft_voter.h"
#include "millrace/wire/messages/alter_partition.h"
#include "millrace/wire/messages/begin_quorum_epoch.h"
#include "millrace/wire/messages/broker_heartbeat.h"
#include "millrace/wire/messages/broker_registration.h"
#include "millrace/wire/messages/controller_registration.h"
#include "millrace/wire/messages/describe_quorum.h"
#include "millrace/wire/messages/end_quorum_epoch.h"
#include "millrace/wire/messages/envelope.h"
#include "millrace/wire/messages/fetch_snapshot.h"
#include "millrace/wire/messages/remove_raft_voter.h"
#include "millrace/wire/messages/unregister_broker.h"
#include "millrace/wire/messages/unregister_controller.h"
#include "millrace/wire/messages/update_raft_voter.h"
#include "millrace/wire/messages/vote.h"

namespace millrace::wire {

template Api describe_api<VoteRequest, VoteResponse>(std::string_view);
template Api describe_api<BeginQuorumEpochRequest, BeginQuorumEpochResponse>(std::string_view);
template Api describe_api<EndQuorumEpochRequest, EndQuorumEpochResponse>(std::string_view);
template Api describe_api<DescribeQuorumRequest, DescribeQuorumResponse>(std::string_view);
template Api describe_api<FetchSnapshotRequest, FetchSnapshotResponse>(std::string_view);
template Api describe_api<AlterPartitionRequest, AlterPartitionResponse>(std::string_view);
template Api describe_api<AddRaftVoterRequest, AddRaftVoterResponse>(std::string_view);
template Api describe_api<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(std::string_view);
template Api describe_api<UpdateRaftVoterRequest, UpdateRaftVoterResponse>(std::string_view);
template Api describe_api<BrokerRegistrationRequest, BrokerRegistrationResponse>(std::string_view);
template Api describe_api<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(std::string_view);
template Api describe_api<UnregisterBrokerRequest, UnregisterBrokerResponse>(std::string_view);
template Api describe_api<ControllerRegistrationRequest, ControllerRegistrationResponse>(
    std::string_view);
template Api describe_api<UnregisterControllerRequest, UnregisterControllerResponse>(
    std::string_view);
template Api describe_api<EnvelopeRequest, EnvelopeResponse>(std::string_view);

}  // namespace millrace::wire
