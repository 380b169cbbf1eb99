#pragma once
// The codecs of record batches: gzip (ISA-L), snappy (xerial framing), lz4 (frame format), zstd.
// Output is limited, so that a small batch cannot fill the memory.
#include <cstddef>
#include <optional>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::wire {

// Nobody's batch is larger than this when unpacked (Kafka has no limit; a request has one of 100
// MiB).
inline constexpr std::size_t kUncompressedBytesMax = 128u << 20;

// Appends to `into`. `level`: nothing is Kafka's default. Snappy has no levels. Total for every
// input.
void compress(Codec codec, std::optional<int> level, BytesView bytes, ByteSink& into);

// CorruptMessage for what is not the codec's format or cut short; MessageTooLarge past `bytes_max`.
Result<Bytes> decompress(Codec codec, BytesView bytes,
                         std::size_t bytes_max = kUncompressedBytesMax);

// The records of one batch, uncompressed: a slice of `batch` when it has no codec, else a new
// block.
Result<Bytes> uncompressed_records(const Bytes& batch,
                                   std::size_t bytes_max = kUncompressedBytesMax);
Result<Bytes> uncompressed_records(const RecordBatchView& batch,
                                   std::size_t bytes_max = kUncompressedBytesMax);

}  // namespace millrace::wire
