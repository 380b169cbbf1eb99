// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/alter_share_group_offsets.h"
#include "millrace/wire/messages/delete_share_group_offsets.h"
#include "millrace/wire/messages/delete_share_group_state.h"
#include "millrace/wire/messages/describe_share_group_offsets.h"
#include "millrace/wire/messages/initialize_share_group_state.h"
#include "millrace/wire/messages/read_share_group_state.h"
#include "millrace/wire/messages/read_share_group_state_summary.h"
#include "millrace/wire/messages/share_acknowledge.h"
#include "millrace/wire/messages/share_fetch.h"
#include "millrace/wire/messages/share_group_describe.h"
#include "millrace/wire/messages/share_group_heartbeat.h"
#include "millrace/wire/messages/write_share_group_state.h"

namespace millrace::wire {

template Api describe_api<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(
    std::string_view);
template Api describe_api<ShareGroupDescribeRequest, ShareGroupDescribeResponse>(std::string_view);
template Api describe_api<ShareFetchRequest, ShareFetchResponse>(std::string_view);
template Api describe_api<ShareAcknowledgeRequest, ShareAcknowledgeResponse>(std::string_view);
template Api describe_api<InitializeShareGroupStateRequest, InitializeShareGroupStateResponse>(
    std::string_view);
template Api describe_api<ReadShareGroupStateRequest, ReadShareGroupStateResponse>(
    std::string_view);
template Api describe_api<WriteShareGroupStateRequest, WriteShareGroupStateResponse>(
    std::string_view);
template Api describe_api<DeleteShareGroupStateRequest, DeleteShareGroupStateResponse>(
    std::string_view);
template Api describe_api<ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse>(
    std::string_view);
template Api describe_api<DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse>(
    std::string_view);
template Api describe_api<AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse>(
    std::string_view);
template Api describe_api<DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse>(
    std::string_view);

}  // namespace millrace::wire
