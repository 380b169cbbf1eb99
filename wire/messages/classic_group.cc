// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/delete_groups.h"
#include "millrace/wire/messages/describe_groups.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/join_group.h"
#include "millrace/wire/messages/leave_group.h"
#include "millrace/wire/messages/list_groups.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_delete.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "millrace/wire/messages/sync_group.h"

namespace millrace::wire {

template Api describe_api<OffsetCommitRequest, OffsetCommitResponse>(std::string_view);
template Api describe_api<OffsetFetchRequest, OffsetFetchResponse>(std::string_view);
template Api describe_api<FindCoordinatorRequest, FindCoordinatorResponse>(std::string_view);
template Api describe_api<JoinGroupRequest, JoinGroupResponse>(std::string_view);
template Api describe_api<HeartbeatRequest, HeartbeatResponse>(std::string_view);
template Api describe_api<LeaveGroupRequest, LeaveGroupResponse>(std::string_view);
template Api describe_api<SyncGroupRequest, SyncGroupResponse>(std::string_view);
template Api describe_api<DescribeGroupsRequest, DescribeGroupsResponse>(std::string_view);
template Api describe_api<ListGroupsRequest, ListGroupsResponse>(std::string_view);
template Api describe_api<DeleteGroupsRequest, DeleteGroupsResponse>(std::string_view);
template Api describe_api<OffsetDeleteRequest, OffsetDeleteResponse>(std::string_view);

}  // namespace millrace::wire
