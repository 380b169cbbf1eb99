#include "millrace/wire/api.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

#include "millrace/wire/codec.h"

namespace millrace::wire {

// Defined in describe.h, made in the .cc of each message.
template <class Request, class Response>
Api describe_api(std::string_view name);

// clang-format off
#define MILLRACE_APIS(X) \
    X(Produce) X(Fetch) X(ListOffsets) X(Metadata) X(OffsetCommit) X(OffsetFetch) \
    X(FindCoordinator) X(JoinGroup) X(Heartbeat) X(LeaveGroup) X(SyncGroup) X(DescribeGroups) \
    X(ListGroups) X(SaslHandshake) X(ApiVersions) X(CreateTopics) X(DeleteTopics) \
    X(DeleteRecords) X(InitProducerId) X(OffsetForLeaderEpoch) X(AddPartitionsToTxn) \
    X(AddOffsetsToTxn) X(EndTxn) X(WriteTxnMarkers) X(TxnOffsetCommit) X(DescribeAcls) \
    X(CreateAcls) X(DeleteAcls) X(DescribeConfigs) X(AlterConfigs) X(AlterReplicaLogDirs) \
    X(DescribeLogDirs) X(SaslAuthenticate) X(CreatePartitions) X(CreateDelegationToken) \
    X(RenewDelegationToken) X(ExpireDelegationToken) X(DescribeDelegationToken) X(DeleteGroups) \
    X(ElectLeaders) X(IncrementalAlterConfigs) X(AlterPartitionReassignments) \
    X(ListPartitionReassignments) X(OffsetDelete) X(DescribeClientQuotas) X(AlterClientQuotas) \
    X(DescribeUserScramCredentials) X(AlterUserScramCredentials) X(Vote) X(BeginQuorumEpoch) \
    X(EndQuorumEpoch) X(DescribeQuorum) X(AlterPartition) X(UpdateFeatures) X(Envelope) \
    X(FetchSnapshot) X(DescribeCluster) X(DescribeProducers) X(BrokerRegistration) \
    X(BrokerHeartbeat) X(UnregisterBroker) X(DescribeTransactions) X(ListTransactions) \
    X(AllocateProducerIds) X(ConsumerGroupHeartbeat) X(ConsumerGroupDescribe) \
    X(ControllerRegistration) X(GetTelemetrySubscriptions) X(PushTelemetry) \
    X(AssignReplicasToDirs) X(ListConfigResources) X(DescribeTopicPartitions) \
    X(ShareGroupHeartbeat) X(ShareGroupDescribe) X(ShareFetch) X(ShareAcknowledge) \
    X(AddRaftVoter) X(RemoveRaftVoter) X(UpdateRaftVoter) X(InitializeShareGroupState) \
    X(ReadShareGroupState) X(WriteShareGroupState) X(DeleteShareGroupState) \
    X(ReadShareGroupStateSummary) X(StreamsGroupHeartbeat) X(StreamsGroupDescribe) \
    X(DescribeShareGroupOffsets) X(AlterShareGroupOffsets) X(DeleteShareGroupOffsets) \
    X(StreamsGroupTopologyDescriptionUpdate) X(UnregisterController)
// clang-format on

#define MILLRACE_DECLARE(name) \
    struct name##Request;      \
    struct name##Response;
MILLRACE_APIS(MILLRACE_DECLARE)

std::span<const Api> apis() {
#define MILLRACE_DESCRIBE(name) describe_api<name##Request, name##Response>(#name),
    static const auto& rows = *new std::vector<Api>{MILLRACE_APIS(MILLRACE_DESCRIBE)};
    return rows;
}

const Api* find_api(std::int16_t key) {
    const auto rows = apis();
    const auto at =
        std::lower_bound(rows.begin(), rows.end(), key, [](const Api& api, std::int16_t wanted) {
            return static_cast<std::int16_t>(api.key) < wanted;
        });
    return at != rows.end() && static_cast<std::int16_t>(at->key) == key ? &*at : nullptr;
}

std::int16_t request_header_version(const Api& api, std::int16_t version) {
    return version >= api.flexible_since ? 2 : 1;
}

std::int16_t response_header_version(const Api& api, std::int16_t version) {
    // KIP-511: a client may read it before it knows what the broker speaks.
    if (api.key == ApiKey::ApiVersions) return 0;
    return version >= api.flexible_since ? 1 : 0;
}

Result<AnyMessage> decode_any(const Schema& schema, const Bytes& body, std::int16_t version,
                              bool whole) {
    std::shared_ptr<void> message = schema.make();
    MR_TRY(const std::size_t read, decode(schema, message.get(), body.view(), &body, version));
    if (whole && read != body.size()) {
        return fail(ErrorCode::InvalidRequest,
                    fmt::format("{} version {}: {} bytes are left behind the last field",
                                schema.name, version, body.size() - read));
    }
    return AnyMessage::of_body(static_cast<ApiKey>(schema.type), version, schema.tag,
                               std::move(message));
}

Result<void> encode_any(const Schema& schema, const AnyMessage& any, ByteSink& sink) {
    MR_CHECK(any.tag() == schema.tag);
    return encode(schema, any.body(), any.version(), sink);
}

}  // namespace millrace::wire
