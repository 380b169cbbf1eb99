#pragma once
// What is inside one partition of a Fetch answer, for a reader: data batches as slices of the
// fetched blocks. Control batches are left out, and with read_committed the data of aborted
// transactions (Kafka: CompletedFetch, KIP-98): a producer's data is dropped from the first offset
// that the answer lists for it up to its ABORT marker.
#include <vector>

#include "millrace/client/fetcher.h"

namespace millrace::client {

struct SplitOptions {
    bool read_committed = true;
    bool check_crcs = true;
};

// In order; the last one's `next` is the new position. Empty when the answer holds no whole batch
// beyond `position`. Errors: CorruptMessage, UnsupportedCompressionType; MessageTooLarge when the
// first batch was cut short.
Result<std::vector<FetchedBatches>> split_batches(const wire::FetchResponse::PartitionData& data,
                                                  Offset position, SplitOptions options);

// A copy without compression; the batch itself when it has none.
Result<Bytes> uncompressed_batch(const Bytes& batch);

}  // namespace millrace::client
