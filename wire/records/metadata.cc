// The schemas of records are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/records/metadata_broker.h"
#include "millrace/wire/records/metadata_config.h"
#include "millrace/wire/records/metadata_security.h"
#include "millrace/wire/records/metadata_topic.h"

namespace millrace::wire {

template const Schema& schema_of<RegisterBrokerRecord>();
template const Schema& schema_of<UnregisterBrokerRecord>();
template const Schema& schema_of<FenceBrokerRecord>();
template const Schema& schema_of<UnfenceBrokerRecord>();
template const Schema& schema_of<BrokerRegistrationChangeRecord>();
template const Schema& schema_of<RegisterControllerRecord>();
template const Schema& schema_of<UnregisterControllerRecord>();
template const Schema& schema_of<TopicRecord>();
template const Schema& schema_of<PartitionRecord>();
template const Schema& schema_of<PartitionChangeRecord>();
template const Schema& schema_of<RemoveTopicRecord>();
template const Schema& schema_of<ClearElrRecord>();
template const Schema& schema_of<ConfigRecord>();
template const Schema& schema_of<FeatureLevelRecord>();
template const Schema& schema_of<ClientQuotaRecord>();
template const Schema& schema_of<ProducerIdsRecord>();
template const Schema& schema_of<NoOpRecord>();
template const Schema& schema_of<ZkMigrationStateRecord>();
template const Schema& schema_of<BeginTransactionRecord>();
template const Schema& schema_of<EndTransactionRecord>();
template const Schema& schema_of<AbortTransactionRecord>();
template const Schema& schema_of<DelegationTokenRecord>();
template const Schema& schema_of<UserScramCredentialRecord>();
template const Schema& schema_of<AccessControlEntryRecord>();
template const Schema& schema_of<RemoveAccessControlEntryRecord>();
template const Schema& schema_of<RemoveUserScramCredentialRecord>();
template const Schema& schema_of<RemoveDelegationTokenRecord>();

}  // namespace millrace::wire
