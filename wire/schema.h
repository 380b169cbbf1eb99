#pragma once
// The table behind a message: one Field per member, so that encoding, decoding and JSON are each
// one loop that is compiled once (encode.cc, decode.cc, json_*.cc), not once per message.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct Schema;

enum class Kind : std::uint8_t {
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    String,
    Uuid,
    Bytes,
    Records,
    Struct,
    Array,
};

// A member's C++ type, and how to reach into it.
struct Type {
    Kind kind = Kind::Bool;
    std::size_t size = 0;  // sizeof, without the optional

    const Schema& (*schema)() = nullptr;  // Struct

    const Type* element = nullptr;  // Array: a std::vector
    std::size_t (*count)(const void*) = nullptr;
    const void* (*at)(const void*, std::size_t) = nullptr;
    void* (*add)(void*) = nullptr;  // one more element, as T{}
    void (*clear)(void*) = nullptr;

    const void* (*get)(const void*) =
        nullptr;  // std::optional around it: the value, or null; nullptr: no optional
    void* (*set)(void*) = nullptr;  // makes it T{}
    void (*reset)(void*) = nullptr;
    bool optional() const { return get != nullptr; }
};

struct Field {
    std::string_view name;  // "group_id"
    std::size_t offset;
    const Type* type;
    FieldSpec spec;
    const void* in(const void* object) const {
        return static_cast<const std::byte*>(object) + offset;
    }
    void* in(void* object) const { return static_cast<std::byte*>(object) + offset; }
};

struct Schema {
    std::vector<Field> fields;          // wire order
    std::vector<std::uint16_t> by_tag;  // indexes of fields with a tag, ascending by tag
    const void* defaults = nullptr;     // an object as its initialisers make it

    // Messages only; nested structs inherit the versions of their message.
    std::string_view name;  // "FetchRequest"
    Versions valid, flexible;
    Framing framing = Framing::None;
    std::int16_t type = -1;  // of a record (Framing::Key, Metadata), or the API key
    std::shared_ptr<void> (*make)() = nullptr;
    const void* tag = nullptr;  // AnyMessage's mark of the C++ type
};

// One per struct, built at first use, never destroyed. Defined in the .cc of the message.
template <class M>
const Schema& schema_of();

// Kafka's name of a field in JSON: group_id -> groupId.
std::string json_name(std::string_view name);

// Deep: all fields as in a new object; arrays empty (or null, where that is the default).
bool is_default(const Field&, const Schema&, const void* object);

}  // namespace millrace::wire
