#pragma once
// What the family `offsets` says of one store of one task: how far its changelog is in the runs,
// and for which types.
//   key    store name || 0x00 || task
//   value  u8 version (1) || topic id 16 || i64 next offset || i32 leader epoch (-1: none) || i64
//   written, ms
//          || i64 observed stream time || i32 seq || fingerprint (the rest, UTF-8)
#include <string>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/state/checkpoint.h"

namespace millrace::state {

struct StoreRecord {
    Checkpoint checkpoint;
    std::int64_t stream_time = -1;  // ms; of window stores
    std::int32_t seq = 0;           // of window stores with duplicates
    std::string fingerprint;
    friend bool operator==(const StoreRecord&, const StoreRecord&) = default;
};

std::string store_record_key(const std::string& store, const std::string& task);
std::string encode(const StoreRecord& record);
Result<StoreRecord> decode_store_record(BytesView bytes);

}  // namespace millrace::state
