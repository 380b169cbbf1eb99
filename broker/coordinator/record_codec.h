#pragma once
// Keys and values of coordinator records to bytes: int16 type or version in front, then the
// message.
#include <optional>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/result.h"
#include "millrace/wire/codec.h"

namespace millrace::broker {

template <class Key>
Bytes encode_key(const Key& key) {
    ByteSink sink;
    append_be<std::int16_t>(sink, Key::kType);
    MR_CHECK(wire::encode(key, 0, sink).has_value());  // limits are checked where requests come in
    return sink.to_bytes();
}

template <class Value>
Bytes encode_value(const Value& value, std::int16_t version) {
    ByteSink sink;
    append_be<std::int16_t>(sink, version);
    MR_CHECK(wire::encode(value, version, sink).has_value());
    return sink.to_bytes();
}

// The type of a key: -1 when it has none.
inline std::int16_t key_type(BytesView key) {
    return key.size() < 2 ? std::int16_t{-1} : load_be<std::int16_t>(key.data());
}

template <class Key>
Result<Key> decode_key(BytesView key) {
    if (key_type(key) != Key::kType) return fail(ErrorCode::UnsupportedVersion, "key type");
    return wire::decode<Key>(key.subspan(2), 0);
}

template <class Value>
Result<Value> decode_value(BytesView value) {
    if (value.size() < 2) return fail(ErrorCode::CorruptMessage, "a value without a version");
    const auto version = load_be<std::int16_t>(value.data());
    if (!Value::kValid.contains(version))
        return fail(ErrorCode::UnsupportedVersion, "value version");
    return wire::decode<Value>(value.subspan(2), version);
}

}  // namespace millrace::broker
