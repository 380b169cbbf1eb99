#pragma once
// Any record of __cluster_metadata.
#include <cstdint>
#include <string_view>
#include <variant>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/wire/records/metadata_broker.h"
#include "millrace/wire/records/metadata_config.h"
#include "millrace/wire/records/metadata_security.h"
#include "millrace/wire/records/metadata_topic.h"

namespace millrace::wire {

using MetadataRecord =
    std::variant<RegisterBrokerRecord, UnregisterBrokerRecord, TopicRecord, PartitionRecord,
                 ConfigRecord, PartitionChangeRecord, FenceBrokerRecord, UnfenceBrokerRecord,
                 RemoveTopicRecord, DelegationTokenRecord, UserScramCredentialRecord,
                 FeatureLevelRecord, ClientQuotaRecord, ProducerIdsRecord,
                 BrokerRegistrationChangeRecord, AccessControlEntryRecord,
                 RemoveAccessControlEntryRecord, NoOpRecord, ZkMigrationStateRecord,
                 RemoveUserScramCredentialRecord, BeginTransactionRecord, EndTransactionRecord,
                 AbortTransactionRecord, RemoveDelegationTokenRecord, RegisterControllerRecord,
                 ClearElrRecord, UnregisterControllerRecord>;

std::string_view name(const MetadataRecord&);  // "PartitionRecord"
// With the frame. An unknown type or version is an error: a node must not guess at metadata.
Result<MetadataRecord> decode_metadata_record(const Bytes& value);
Result<void> encode_metadata_record(const MetadataRecord&, std::int16_t version, ByteSink&);
Result<void> encode_metadata_record(const MetadataRecord&,
                                    ByteSink&);  // at the lowest version that can say it

}  // namespace millrace::wire
