// The schemas of records are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/records/consumer_group.h"
#include "millrace/wire/records/consumer_protocol.h"
#include "millrace/wire/records/offsets.h"
#include "millrace/wire/records/streams_group.h"
#include "millrace/wire/records/subscription_info.h"
#include "millrace/wire/records/transaction_log.h"

namespace millrace::wire {

template const Schema& schema_of<ConsumerProtocolAssignment>();
template const Schema& schema_of<ConsumerProtocolSubscription>();
template const Schema& schema_of<SubscriptionInfoData>();
template const Schema& schema_of<LegacyOffsetCommitKey>();
template const Schema& schema_of<LegacyOffsetCommitValue>();
template const Schema& schema_of<OffsetCommitKey>();
template const Schema& schema_of<OffsetCommitValue>();
template const Schema& schema_of<GroupMetadataKey>();
template const Schema& schema_of<GroupMetadataValue>();
template const Schema& schema_of<ConsumerGroupMetadataKey>();
template const Schema& schema_of<ConsumerGroupMetadataValue>();
template const Schema& schema_of<ConsumerGroupPartitionMetadataKey>();
template const Schema& schema_of<ConsumerGroupPartitionMetadataValue>();
template const Schema& schema_of<ConsumerGroupMemberMetadataKey>();
template const Schema& schema_of<ConsumerGroupMemberMetadataValue>();
template const Schema& schema_of<ConsumerGroupTargetAssignmentMetadataKey>();
template const Schema& schema_of<ConsumerGroupTargetAssignmentMetadataValue>();
template const Schema& schema_of<ConsumerGroupTargetAssignmentMemberKey>();
template const Schema& schema_of<ConsumerGroupTargetAssignmentMemberValue>();
template const Schema& schema_of<ConsumerGroupCurrentMemberAssignmentKey>();
template const Schema& schema_of<ConsumerGroupCurrentMemberAssignmentValue>();
template const Schema& schema_of<ConsumerGroupRegularExpressionKey>();
template const Schema& schema_of<ConsumerGroupRegularExpressionValue>();
template const Schema& schema_of<StreamsGroupMetadataKey>();
template const Schema& schema_of<StreamsGroupMetadataValue>();
template const Schema& schema_of<StreamsGroupMemberMetadataKey>();
template const Schema& schema_of<StreamsGroupMemberMetadataValue>();
template const Schema& schema_of<StreamsGroupTargetAssignmentMetadataKey>();
template const Schema& schema_of<StreamsGroupTargetAssignmentMetadataValue>();
template const Schema& schema_of<StreamsGroupTargetAssignmentMemberKey>();
template const Schema& schema_of<StreamsGroupTargetAssignmentMemberValue>();
template const Schema& schema_of<StreamsGroupCurrentMemberAssignmentKey>();
template const Schema& schema_of<StreamsGroupCurrentMemberAssignmentValue>();
template const Schema& schema_of<StreamsGroupTopologyKey>();
template const Schema& schema_of<StreamsGroupTopologyValue>();
template const Schema& schema_of<TransactionLogKey>();
template const Schema& schema_of<TransactionLogValue>();

}  // namespace millrace::wire
