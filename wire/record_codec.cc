#include "millrace/wire/record_codec.h"

#include <algorithm>

#include <fmt/core.h>

#include "millrace/base/byte_order.h"

namespace millrace::wire {
namespace {

constexpr std::uint32_t kMetadataFrameVersion = 1;

bool carries(const Schema& schema, const void* object, std::int16_t version);

bool carries_value(const Type& type, const void* value, std::int16_t version) {
    if (type.kind == Kind::Struct) return carries(type.schema(), value, version);
    if (type.kind != Kind::Array || type.element->kind != Kind::Struct) return true;
    for (std::size_t i = 0; i < type.count(value); ++i) {
        if (!carries(type.element->schema(), type.at(value, i), version)) return false;
    }
    return true;
}

bool carries(const Schema& schema, const void* object, std::int16_t version) {
    for (const Field& field : schema.fields) {
        if (!field.spec.in.contains(version)) {
            if (!is_default(field, schema, object)) return false;
            continue;
        }
        const void* value = field.in(object);
        if (field.type->optional()) value = field.type->get(value);
        if (!value ? !field.spec.nullable.contains(version)
                   : !carries_value(*field.type, value, version))
            return false;
    }
    return true;
}

}  // namespace

std::optional<std::int16_t> key_type(BytesView key) {
    if (key.size() < sizeof(std::int16_t)) return {};
    return load_be<std::int16_t>(key.data());
}

std::optional<std::int16_t> value_version(BytesView value) {
    return key_type(value);
}

Result<MetadataFrame> metadata_frame(BytesView value) {
    ByteReader reader(value);
    const auto frame = static_cast<std::uint32_t>(reader.unsigned_varint());
    const auto type = static_cast<std::uint32_t>(reader.unsigned_varint());
    const auto version = static_cast<std::uint32_t>(reader.unsigned_varint());
    if (!reader.ok()) return fail(ErrorCode::CorruptMessage, "a metadata record ends in its frame");
    if (frame != kMetadataFrameVersion) {
        return fail(ErrorCode::CorruptMessage,
                    fmt::format("a metadata record has frame version {}, not 1", frame));
    }
    if (type > INT16_MAX || version > INT16_MAX) {
        return fail(ErrorCode::CorruptMessage,
                    fmt::format("a metadata record of type {} version {}", type, version));
    }
    return MetadataFrame{type, version, value.size() - reader.left()};
}

Result<std::int16_t> lowest_version(const Schema& schema, const void* record) {
    for (std::int16_t version = schema.valid.low; version <= schema.valid.high; ++version) {
        if (carries(schema, record, version)) return version;
    }
    return fail(ErrorCode::UnsupportedVersion,
                fmt::format("no version of {} carries what is set", schema.name));
}

Result<void> encode_record(const Schema& schema, const void* record, std::int16_t version,
                           ByteSink& sink) {
    const std::size_t begin = sink.size();
    switch (schema.framing) {
        case Framing::None:
            break;
        case Framing::Key:
            append_be(sink, schema.type);
            break;
        case Framing::Value:
        case Framing::Protocol:
            append_be(sink, version);
            break;
        case Framing::Metadata:
            append_unsigned_varint(sink, kMetadataFrameVersion);
            append_unsigned_varint(sink, static_cast<std::uint16_t>(schema.type));
            append_unsigned_varint(sink, static_cast<std::uint16_t>(version));
            break;
    }
    auto done = encode(schema, record, version, sink);
    if (!done) sink.shrink_to(begin);
    return done;
}

Result<std::int16_t> decode_record(const Schema& schema, void* into, BytesView bytes,
                                   const Bytes* block, std::int16_t version) {
    std::size_t prefix = 0;
    std::int32_t type = schema.type;
    if (schema.framing == Framing::Metadata) {
        MR_TRY(const MetadataFrame frame, metadata_frame(bytes));
        prefix = frame.size;
        type = static_cast<std::int32_t>(frame.type);
        version = static_cast<std::int16_t>(frame.version);
    } else if (schema.framing != Framing::None) {
        const auto first = key_type(bytes);
        if (!first)
            return fail(ErrorCode::CorruptMessage,
                        fmt::format("{}: {} bytes have no prefix", schema.name, bytes.size()));
        prefix = sizeof(std::int16_t);
        if (schema.framing == Framing::Key) {
            type = *first;
        } else {
            version = *first;
            if (schema.framing == Framing::Protocol) version = std::min(version, schema.valid.high);
        }
    }
    if (type != schema.type) {
        return fail(ErrorCode::CorruptMessage,
                    fmt::format("a record of type {} is no {}", type, schema.name));
    }
    const BytesView body = bytes.subspan(prefix);
    MR_TRY(const std::size_t read, decode(schema, into, body, block, version));
    if (schema.framing == Framing::Metadata && read != body.size()) {
        return fail(ErrorCode::CorruptMessage,
                    fmt::format("{} bytes are left behind a {}", body.size() - read, schema.name));
    }
    return version;
}

}  // namespace millrace::wire
