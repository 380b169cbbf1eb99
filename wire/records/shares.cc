// The schemas of records are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/records/remote_log.h"
#include "millrace/wire/records/share_group.h"
#include "millrace/wire/records/share_state.h"

namespace millrace::wire {

template const Schema& schema_of<ShareGroupMemberMetadataKey>();
template const Schema& schema_of<ShareGroupMemberMetadataValue>();
template const Schema& schema_of<ShareGroupMetadataKey>();
template const Schema& schema_of<ShareGroupMetadataValue>();
template const Schema& schema_of<ShareGroupTargetAssignmentMetadataKey>();
template const Schema& schema_of<ShareGroupTargetAssignmentMetadataValue>();
template const Schema& schema_of<ShareGroupTargetAssignmentMemberKey>();
template const Schema& schema_of<ShareGroupTargetAssignmentMemberValue>();
template const Schema& schema_of<ShareGroupCurrentMemberAssignmentKey>();
template const Schema& schema_of<ShareGroupCurrentMemberAssignmentValue>();
template const Schema& schema_of<ShareGroupStatePartitionMetadataKey>();
template const Schema& schema_of<ShareGroupStatePartitionMetadataValue>();
template const Schema& schema_of<ShareSnapshotKey>();
template const Schema& schema_of<ShareSnapshotValue>();
template const Schema& schema_of<ShareUpdateKey>();
template const Schema& schema_of<ShareUpdateValue>();
template const Schema& schema_of<RemoteLogSegmentMetadataRecord>();
template const Schema& schema_of<RemoteLogSegmentMetadataUpdateRecord>();
template const Schema& schema_of<RemotePartitionDeleteMetadataRecord>();
template const Schema& schema_of<RemoteLogSegmentMetadataSnapshotRecord>();

}  // namespace millrace::wire
