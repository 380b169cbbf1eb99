#include "millrace/wire/catalog.h"

#include <algorithm>

#include "millrace/wire/api.h"

namespace millrace::wire {

// clang-format off
#define MILLRACE_RECORDS(X) \
    X(RequestHeader) X(ResponseHeader) X(AbortedTxn) X(ProducerSnapshot) X(QuorumStateData) \
    X(DefaultPrincipalData) X(ControlRecordTypeSchema) X(EndTxnMarker) X(KRaftVersionRecord) \
    X(LeaderChangeMessage) X(SnapshotFooterRecord) X(SnapshotHeaderRecord) X(VotersRecord) \
    X(ConsumerProtocolAssignment) X(ConsumerProtocolSubscription) X(SubscriptionInfoData) \
    X(LegacyOffsetCommitKey) X(LegacyOffsetCommitValue) X(OffsetCommitKey) X(OffsetCommitValue) \
    X(GroupMetadataKey) X(GroupMetadataValue) X(ConsumerGroupMetadataKey) \
    X(ConsumerGroupMetadataValue) X(ConsumerGroupPartitionMetadataKey) \
    X(ConsumerGroupPartitionMetadataValue) X(ConsumerGroupMemberMetadataKey) \
    X(ConsumerGroupMemberMetadataValue) X(ConsumerGroupTargetAssignmentMetadataKey) \
    X(ConsumerGroupTargetAssignmentMetadataValue) X(ConsumerGroupTargetAssignmentMemberKey) \
    X(ConsumerGroupTargetAssignmentMemberValue) X(ConsumerGroupCurrentMemberAssignmentKey) \
    X(ConsumerGroupCurrentMemberAssignmentValue) X(ConsumerGroupRegularExpressionKey) \
    X(ConsumerGroupRegularExpressionValue) X(ShareGroupMemberMetadataKey) \
    X(ShareGroupMemberMetadataValue) X(ShareGroupMetadataKey) X(ShareGroupMetadataValue) \
    X(ShareGroupTargetAssignmentMetadataKey) X(ShareGroupTargetAssignmentMetadataValue) \
    X(ShareGroupTargetAssignmentMemberKey) X(ShareGroupTargetAssignmentMemberValue) \
    X(ShareGroupCurrentMemberAssignmentKey) X(ShareGroupCurrentMemberAssignmentValue) \
    X(ShareGroupStatePartitionMetadataKey) X(ShareGroupStatePartitionMetadataValue) \
    X(StreamsGroupMetadataKey) X(StreamsGroupMetadataValue) X(StreamsGroupMemberMetadataKey) \
    X(StreamsGroupMemberMetadataValue) X(StreamsGroupTargetAssignmentMetadataKey) \
    X(StreamsGroupTargetAssignmentMetadataValue) X(StreamsGroupTargetAssignmentMemberKey) \
    X(StreamsGroupTargetAssignmentMemberValue) X(StreamsGroupCurrentMemberAssignmentKey) \
    X(StreamsGroupCurrentMemberAssignmentValue) X(StreamsGroupTopologyKey) \
    X(StreamsGroupTopologyValue) X(ShareSnapshotKey) X(ShareSnapshotValue) X(ShareUpdateKey) \
    X(ShareUpdateValue) X(TransactionLogKey) X(TransactionLogValue) \
    X(RemoteLogSegmentMetadataRecord) X(RemoteLogSegmentMetadataUpdateRecord) \
    X(RemotePartitionDeleteMetadataRecord) X(RemoteLogSegmentMetadataSnapshotRecord) \
    X(RegisterBrokerRecord) X(UnregisterBrokerRecord) X(FenceBrokerRecord) \
    X(UnfenceBrokerRecord) X(BrokerRegistrationChangeRecord) X(RegisterControllerRecord) \
    X(UnregisterControllerRecord) X(TopicRecord) X(PartitionRecord) X(PartitionChangeRecord) \
    X(RemoveTopicRecord) X(ClearElrRecord) X(ConfigRecord) X(FeatureLevelRecord) \
    X(ClientQuotaRecord) X(ProducerIdsRecord) X(NoOpRecord) X(ZkMigrationStateRecord) \
    X(BeginTransactionRecord) X(EndTransactionRecord) X(AbortTransactionRecord) \
    X(DelegationTokenRecord) X(UserScramCredentialRecord) X(AccessControlEntryRecord) \
    X(RemoveAccessControlEntryRecord) X(RemoveUserScramCredentialRecord) \
    X(RemoveDelegationTokenRecord)
// clang-format on

#define MILLRACE_DECLARE(name) struct name;
MILLRACE_RECORDS(MILLRACE_DECLARE)

std::span<const Schema* const> all_messages() {
    static const auto& all = *[] {
        auto* schemas = new std::vector<const Schema*>;
        for (const Api& api : apis()) {
            schemas->push_back(&api.request());
            schemas->push_back(&api.response());
        }
#define MILLRACE_ADD(name) schemas->push_back(&schema_of<name>());
        MILLRACE_RECORDS(MILLRACE_ADD)
        return schemas;
    }();
    return all;
}

const Schema* find_message(std::string_view name) {
    for (const Schema* schema : all_messages()) {
        if (schema->name == name) return schema;
    }
    return nullptr;
}

}  // namespace millrace::wire
