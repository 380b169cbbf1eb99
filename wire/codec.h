#pragma once
// A message to bytes and back. Encoding fails for what Kafka's generated classes refuse: a field
// set that the version lacks and that is not ignorable, null where the version knows none, a string
// over 32767 bytes. Decoding is total: every length is checked against the bytes that are left
// before memory is taken. Errors name the message, version and field.
#include <cstdint>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/wire/schema.h"

namespace millrace::wire {

inline constexpr std::size_t kStringBytesMax = 32767;  // Short.MAX_VALUE, compact ones too
inline constexpr std::size_t kDecodedElementBytesMax =
    256 * 1024 * 1024;  // memory of all array elements of one message

// Tagged fields that this build does not know. Kafka keeps them in each struct; we keep them aside,
// and only when asked.
struct UnknownTag {
    std::uint32_t section;  // the how-manieth struct with tagged fields, in the order in which
                            // their tags are written
    std::uint32_t tag;
    Bytes data;
    std::string path;  // "/topics/0"; "/" is the message
};
using UnknownTags = std::vector<UnknownTag>;

// Where records go that are not copied into the sink: `data` belongs at `at` of the sink's bytes.
struct Splice {
    std::size_t at;
    Bytes data;
};

struct EncodeOptions {
    std::vector<Splice>* splices = nullptr;  // null: records are copied
    const UnknownTags* unknown = nullptr;    // written back where they were
};
Result<void> encode(const Schema&, const void* message, std::int16_t version, ByteSink&,
                    const EncodeOptions& = {});
Result<std::size_t> encoded_size(const Schema&, const void* message, std::int16_t version);

// Decodes into a new object; the rest of `bytes` is left alone, as Kafka does. Returns the bytes
// read. Bytes and Records are slices of `block` when there is one (`bytes` lies in it), else
// copies.
Result<std::size_t> decode(const Schema&, void* into, BytesView bytes, const Bytes* block,
                           std::int16_t version, UnknownTags* unknown = nullptr);

template <class M>
Result<void> encode(const M& message, std::int16_t version, ByteSink& sink) {
    return encode(schema_of<M>(), &message, version, sink);
}
template <class M>
Result<std::size_t> encoded_size(const M& message, std::int16_t version) {
    return encoded_size(schema_of<M>(), &message, version);
}
template <class M>
Result<M> decode(const Bytes& bytes, std::int16_t version) {  // slices
    M message;
    MR_TRY([[maybe_unused]] const auto read,
           decode(schema_of<M>(), &message, bytes.view(), &bytes, version));
    return message;
}
template <class M>
Result<M> decode(BytesView bytes, std::int16_t version) {  // copies
    M message;
    MR_TRY([[maybe_unused]] const auto read,
           decode(schema_of<M>(), &message, bytes, nullptr, version));
    return message;
}

}  // namespace millrace::wire
