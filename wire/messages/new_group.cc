// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/consumer_group_describe.h"
#include "millrace/wire/messages/consumer_group_heartbeat.h"
#include "millrace/wire/messages/streams_group_describe.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"
#include "millrace/wire/messages/streams_group_topology_description_update.h"

namespace millrace::wire {

template Api describe_api<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
    std::string_view);
template Api describe_api<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(
    std::string_view);
template Api describe_api<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(
    std::string_view);
template Api describe_api<StreamsGroupDescribeRequest, StreamsGroupDescribeResponse>(
    std::string_view);
template Api describe_api<StreamsGroupTopologyDescriptionUpdateRequest,
                          StreamsGroupTopologyDescriptionUpdateResponse>(std::string_view);

}  // namespace millrace::wire
