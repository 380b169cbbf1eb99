// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/alter_partition_reassignments.h"
#include "millrace/wire/messages/alter_replica_log_dirs.h"
#include "millrace/wire/messages/assign_replicas_to_dirs.h"
#include "millrace/wire/messages/create_partitions.h"
#include "millrace/wire/messages/create_topics.h"
#include "millrace/wire/messages/delete_topics.h"
#include "millrace/wire/messages/describe_log_dirs.h"
#include "millrace/wire/messages/describe_topic_partitions.h"
#include "millrace/wire/messages/elect_leaders.h"
#include "millrace/wire/messages/list_partition_reassignments.h"

namespace millrace::wire {

template Api describe_api<CreateTopicsRequest, CreateTopicsResponse>(std::string_view);
template Api describe_api<DeleteTopicsRequest, DeleteTopicsResponse>(std::string_view);
template Api describe_api<CreatePartitionsRequest, CreatePartitionsResponse>(std::string_view);
template Api describe_api<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(
    std::string_view);
template Api describe_api<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
    std::string_view);
template Api describe_api<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(
    std::string_view);
template Api describe_api<ElectLeadersRequest, ElectLeadersResponse>(std::string_view);
template Api describe_api<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>(
    std::string_view);
template Api describe_api<DescribeLogDirsRequest, DescribeLogDirsResponse>(std::string_view);
template Api describe_api<AssignReplicasToDirsRequest, AssignReplicasToDirsResponse>(
    std::string_view);

}  // namespace millrace::wire
