#pragma once
// The records of `__cluster_metadata`. Each is written at the lowest version that can say what it
// says, as Kafka does.
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/wire/records/metadata_broker.h"
#include "millrace/wire/records/metadata_config.h"
#include "millrace/wire/records/metadata_security.h"
#include "millrace/wire/records/metadata_topic.h"

namespace millrace::broker {

using MetadataRecord = std::variant<
    wire::NoOpRecord, wire::RegisterBrokerRecord, wire::UnregisterBrokerRecord, wire::TopicRecord,
    wire::PartitionRecord, wire::ConfigRecord, wire::PartitionChangeRecord, wire::FenceBrokerRecord,
    wire::UnfenceBrokerRecord, wire::RemoveTopicRecord, wire::DelegationTokenRecord,
    wire::UserScramCredentialRecord, wire::FeatureLevelRecord, wire::ClientQuotaRecord,
    wire::ProducerIdsRecord, wire::BrokerRegistrationChangeRecord, wire::AccessControlEntryRecord,
    wire::RemoveAccessControlEntryRecord, wire::ZkMigrationStateRecord,
    wire::RemoveUserScramCredentialRecord, wire::BeginTransactionRecord, wire::EndTransactionRecord,
    wire::AbortTransactionRecord, wire::RemoveDelegationTokenRecord, wire::RegisterControllerRecord,
    wire::ClearElrRecord, wire::UnregisterControllerRecord>;

std::string_view name_of(const MetadataRecord& record);
Result<MetadataRecord> decode_metadata_record(
    const Bytes& value);  // CorruptMessage; UnsupportedVersion: a type or version we lack
void encode_metadata_record(const MetadataRecord& record, ByteSink& into);
// One batch: the atomic unit of the metadata log.
Bytes metadata_batch(std::span<const MetadataRecord> records, Timestamp now);

}  // namespace millrace::broker
