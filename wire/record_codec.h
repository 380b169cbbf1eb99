#pragma once
// Records with what stands in front of them (Framing): keys and values of the coordinators' logs,
// the consumer protocol, the metadata log, and types without any prefix. Bytes behind the last
// field are ignored, as in Kafka.
#include <cstdint>
#include <optional>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/wire/codec.h"
#include "millrace/wire/schema.h"

namespace millrace::wire {

// What stands in front. `key`: the int16 type of a coordinator's key; `value`: the int16 version of
// its value.
std::optional<std::int16_t> key_type(BytesView key);
std::optional<std::int16_t> value_version(BytesView value);
struct MetadataFrame {
    std::uint32_t type, version;
    std::size_t size;  // bytes of the prefix
};
Result<MetadataFrame> metadata_frame(BytesView value);  // KIP-631; frame version 1

// The lowest version that carries every field that is set. What the metadata log's writers use, and
// OffsetCommitValue's.
Result<std::int16_t> lowest_version(const Schema&, const void* record);

Result<void> encode_record(const Schema&, const void* record, std::int16_t version, ByteSink&);
// Framing::None and Key have no version of their own: `version` says it (a key's is 0).
Result<std::int16_t> decode_record(const Schema&, void* into, BytesView, const Bytes* block,
                                   std::int16_t version = 0);

template <class M>
Result<std::int16_t> lowest_version(const M& record) {
    return lowest_version(schema_of<M>(), &record);
}
template <class M>
Result<void> encode_record(const M& record, std::int16_t version, ByteSink& sink) {
    return encode_record(schema_of<M>(), &record, version, sink);
}
template <class M>
Result<M> decode_record(const Bytes& bytes, std::int16_t version = 0) {  // Bytes fields are slices
    M record;
    MR_TRY([[maybe_unused]] const auto read,
           decode_record(schema_of<M>(), &record, bytes.view(), &bytes, version));
    return record;
}
template <class M>
Result<M> decode_record(BytesView bytes, std::int16_t version = 0) {  // Bytes fields are copies
    M record;
    MR_TRY([[maybe_unused]] const auto read,
           decode_record(schema_of<M>(), &record, bytes, nullptr, version));
    return record;
}

}  // namespace millrace::wire
