// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/delete_records.h"
#include "millrace/wire/messages/describe_cluster.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/list_offsets.h"
#include "millrace/wire/messages/metadata.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"
#include "millrace/wire/messages/produce.h"

namespace millrace::wire {

template Api describe_api<ProduceRequest, ProduceResponse>(std::string_view);
template Api describe_api<FetchRequest, FetchResponse>(std::string_view);
template Api describe_api<ListOffsetsRequest, ListOffsetsResponse>(std::string_view);
template Api describe_api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(
    std::string_view);
template Api describe_api<DeleteRecordsRequest, DeleteRecordsResponse>(std::string_view);
template Api describe_api<MetadataRequest, MetadataResponse>(std::string_view);
template Api describe_api<ApiVersionsRequest, ApiVersionsResponse>(std::string_view);
template Api describe_api<DescribeClusterRequest, DescribeClusterResponse>(std::string_view);

}  // namespace millrace::wire
