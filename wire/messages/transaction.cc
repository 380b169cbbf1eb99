// The schemas of messages are made here, several in a file: most of their compile time is that of
// the headers.
#include "millrace/wire/describe.h"
#include "millrace/wire/messages/add_offsets_to_txn.h"
#include "millrace/wire/messages/add_partitions_to_txn.h"
#include "millrace/wire/messages/allocate_producer_ids.h"
#include "millrace/wire/messages/describe_producers.h"
#include "millrace/wire/messages/describe_transactions.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/list_transactions.h"
#include "millrace/wire/messages/txn_offset_commit.h"
#include "millrace/wire/messages/write_txn_markers.h"

namespace millrace::wire {

template Api describe_api<InitProducerIdRequest, InitProducerIdResponse>(std::string_view);
template Api describe_api<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(std::string_view);
template Api describe_api<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(std::string_view);
template Api describe_api<EndTxnRequest, EndTxnResponse>(std::string_view);
template Api describe_api<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(std::string_view);
template Api describe_api<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(std::string_view);
template Api describe_api<DescribeProducersRequest, DescribeProducersResponse>(std::string_view);
template Api describe_api<DescribeTransactionsRequest, DescribeTransactionsResponse>(
    std::string_view);
template Api describe_api<ListTransactionsRequest, ListTransactionsResponse>(std::string_view);
template Api describe_api<AllocateProducerIdsRequest, AllocateProducerIdsResponse>(
    std::string_view);

}  // namespace millrace::wire
