#include "millrace/wire/records/metadata_record.h"

#include <fmt/core.h>

#include "millrace/wire/record_codec.h"

namespace millrace::wire {
namespace {

struct Seen {  // the record inside, without its type
    const Schema* schema;
    const void* record;
};

Seen look(const MetadataRecord& record) {
    return std::visit(
        []<class M>(const M& inside) {
            return Seen{&schema_of<M>(), &inside};
        },
        record);
}

struct Alternative {
    const Schema* schema;
    void* (*emplace)(MetadataRecord&);
};

template <std::size_t... I>
const Alternative* find_alternative(std::uint32_t type, std::index_sequence<I...>) {
    static const Alternative all[] = {
        {&schema_of<std::variant_alternative_t<I, MetadataRecord>>(),
         [](MetadataRecord& record) -> void* { return &record.emplace<I>(); }}...};
    for (const Alternative& one : all) {
        if (static_cast<std::uint32_t>(one.schema->type) == type) return &one;
    }
    return nullptr;
}

}  // namespace

std::string_view name(const MetadataRecord& record) {
    return look(record).schema->name;
}

Result<MetadataRecord> decode_metadata_record(const Bytes& value) {
    MR_TRY(const MetadataFrame frame, metadata_frame(value.view()));
    const auto* kind = find_alternative(
        frame.type, std::make_index_sequence<std::variant_size_v<MetadataRecord>>{});
    if (!kind)
        return fail(ErrorCode::UnsupportedVersion,
                    fmt::format("unknown metadata record type {}", frame.type));
    MetadataRecord record;
    MR_TRY([[maybe_unused]] const auto version,
           decode_record(*kind->schema, kind->emplace(record), value.view(), &value));
    return record;
}

Result<void> encode_metadata_record(const MetadataRecord& record, std::int16_t version,
                                    ByteSink& sink) {
    const Seen seen = look(record);
    return encode_record(*seen.schema, seen.record, version, sink);
}

Result<void> encode_metadata_record(const MetadataRecord& record, ByteSink& sink) {
    const Seen seen = look(record);
    MR_TRY(const std::int16_t version, lowest_version(*seen.schema, seen.record));
    return encode_record(*seen.schema, seen.record, version, sink);
}

}  // namespace millrace::wire
