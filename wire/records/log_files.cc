// The schemas of records are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/records/aborted_txn.h"
#include "millrace/wire/records/control.h"
#include "millrace/wire/records/principal.h"
#include "millrace/wire/records/producer_snapshot.h"
#include "millrace/wire/records/quorum_state.h"

namespace millrace::wire {

template const Schema& schema_of<AbortedTxn>();
template const Schema& schema_of<ProducerSnapshot>();
template const Schema& schema_of<QuorumStateData>();
template const Schema& schema_of<DefaultPrincipalData>();
template const Schema& schema_of<ControlRecordTypeSchema>();
template const Schema& schema_of<EndTxnMarker>();
template const Schema& schema_of<KRaftVersionRecord>();
template const Schema& schema_of<LeaderChangeMessage>();
template const Schema& schema_of<SnapshotFooterRecord>();
template const Schema& schema_of<SnapshotHeaderRecord>();
template const Schema& schema_of<VotersRecord>();

}  // namespace millrace::wire
