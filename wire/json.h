#pragma once
// Messages as JSON in the form of Kafka's generated *JsonConverter classes, so that what we print
// can be compared with its tools: camelCase names in wire order, fields the version lacks and
// tagged fields at their default left out, integers exact, uuids as 22 characters of base64url,
// bytes and records as padded base64.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/result.h"
#include "millrace/wire/schema.h"

namespace millrace::wire {

// Appends. Text that is no UTF-8 shows U+FFFD where Java's decoder puts it. Fails as encode() does
// for fields the version cannot carry.
Result<void> to_json(const Schema&, const void* message, std::int16_t version, std::string& into);

// Reads into a new object. Every field that is not tagged and that the version carries must be
// there, unless Missing::Default leaves what is not named at its default. A field that the version
// lacks is read all the same: encode() then drops or refuses it. An unknown name is an error.
enum class Missing : std::uint8_t { Refuse, Default };
Result<void> from_json(const Schema&, void* into, std::int16_t version, std::string_view json,
                       Missing missing = Missing::Refuse);

template <class M>
Result<std::string> to_json(const M& message, std::int16_t version) {
    std::string json;
    MR_TRY_VOID(to_json(schema_of<M>(), &message, version, json));
    return json;
}

void append_json_text(std::string_view text, std::string& into);  // quoted, escaped as Jackson does
void append_java_double(double value, std::string& into);  // Double.toString; not finite: quoted

}  // namespace millrace::wire
