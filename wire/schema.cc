#include "millrace/wire/schema.h"

#include <algorithm>
#include <string>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/describe.h"
#include "millrace/wire/records.h"

namespace millrace::wire {

describe::Collector::Collector(Schema& schema, const void* defaults)
    : schema_(schema), defaults_(defaults) {
    schema.defaults = defaults;
}

void describe::Collector::add(std::string_view name, const void* member, const Type& type,
                              const FieldSpec& spec) {
    const auto offset =
        static_cast<const std::byte*>(member) - static_cast<const std::byte*>(defaults_);
    schema_.fields.push_back({name, static_cast<std::size_t>(offset), &type, spec});
}

void describe::Collector::finish() {
    auto& fields = schema_.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].spec.tag >= 0) schema_.by_tag.push_back(static_cast<std::uint16_t>(i));
    }
    std::sort(schema_.by_tag.begin(), schema_.by_tag.end(), [&](std::uint16_t a, std::uint16_t b) {
        return fields[a].spec.tag < fields[b].spec.tag;
    });
}

std::shared_ptr<void> describe::share(void* made, Destroy destroy) {
    return {made, destroy};
}

std::string json_name(std::string_view name) {
    std::string camel;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '_' || i + 1 == name.size()) {
            camel += name[i];
        } else if (const char next = name[++i]; next >= 'a' && next <= 'z') {
            camel += static_cast<char>(next - 'a' + 'A');
        } else {
            camel += next;
        }
    }
    return camel;
}

namespace {

template <class T>
bool same(const void* a, const void* b) {
    return *static_cast<const T*>(a) == *static_cast<const T*>(b);
}

bool same_value(const Type& type, const void* a, const void* b) {
    switch (type.kind) {
        case Kind::Bool:
            return same<bool>(a, b);
        case Kind::Int8:
            return same<std::int8_t>(a, b);
        case Kind::Int16:
            return same<std::int16_t>(a, b);
        case Kind::UInt16:
            return same<std::uint16_t>(a, b);
        case Kind::Int32:
            return same<std::int32_t>(a, b);
        case Kind::UInt32:
            return same<std::uint32_t>(a, b);
        case Kind::Int64:
            return same<std::int64_t>(a, b);
        case Kind::Float64:
            return same<double>(a, b);
        case Kind::String:
            return same<std::string>(a, b);
        case Kind::Uuid:
            return same<Uuid>(a, b);
        case Kind::Bytes:
            return same<Bytes>(a, b);
        case Kind::Records:
            return same<Records>(a, b);
        case Kind::Array:
            return type.count(a) == 0 && type.count(b) == 0;  // no default has elements
        case Kind::Struct:
            break;
    }
    const Schema& schema = type.schema();
    for (const Field& field : schema.fields) {
        if (!is_default(field, schema, a)) return false;
    }
    return true;
}

}  // namespace

bool is_default(const Field& field, const Schema& schema, const void* object) {
    const void* a = field.in(object);
    const void* b = field.in(schema.defaults);
    if (field.type->optional()) {
        a = field.type->get(a);
        b = field.type->get(b);
        if (!a || !b) return a == b;
    }
    return same_value(*field.type, a, b);
}

}  // namespace millrace::wire
