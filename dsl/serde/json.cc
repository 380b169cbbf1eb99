#include "millrace/dsl/serde/json.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include <simdjson.h>

namespace millrace::json {
namespace {

using Value = simdjson::ondemand::value;
constexpr int kDepthMax = 64;

Failure bad(std::string what) {
    return fail(ErrorCode::InvalidRecord, std::move(what));
}
Failure bad(simdjson::error_code code) {
    return bad(simdjson::error_message(code));
}

void store_integer(void* into, std::uint8_t size, std::uint64_t value) {
    std::memcpy(into, &value, size);  // little endian hosts only, as the whole project
}
std::uint64_t load_integer(const void* from, std::uint8_t size, bool is_signed) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, size);
    if (is_signed && size < 8 && (value >> (8 * size - 1)) & 1)
        value |= ~std::uint64_t{0} << (8 * size);
    return value;
}

template <class Any>
Result<void> read_value(const Type& type, Any& value, void* into, int depth);

Result<void> read_struct(const Type& type, simdjson::ondemand::object object, void* into,
                         int depth) {
    std::uint64_t seen = 0;  // fields of a struct: at most 64 are tracked, PlainStruct has 32
    std::size_t expected = 0;
    for (auto field : object) {
        std::string_view key;
        if (auto error = field.unescaped_key().get(key)) return bad(error);
        // Members mostly come in the order of the struct.
        std::size_t index = expected;
        if (index >= type.fields.size() || type.fields[index].name != key) {
            for (index = 0; index < type.fields.size() && type.fields[index].name != key; ++index) {
            }
        }
        if (index == type.fields.size()) continue;
        expected = index + 1;
        Value value;
        if (auto error = field.value().get(value)) return bad(error);
        const Field& f = type.fields[index];
        if (auto read =
                read_value(*f.type, value, static_cast<std::byte*>(into) + f.offset, depth + 1);
            !read) {
            read.error().detail.insert(0, std::string(f.name) + ": ");
            return read;
        }
        if (index < 64) seen |= std::uint64_t{1} << index;
    }
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        if (i < 64 && (seen >> i) & 1) continue;
        const Field& f = type.fields[i];
        f.type->copy(static_cast<const std::byte*>(type.defaults) + f.offset,
                     static_cast<std::byte*>(into) + f.offset);
    }
    return {};
}

template <class Any>
Result<void> read_value(const Type& type, Any& value, void* into, int depth) {
    if (depth > kDepthMax) return bad("nested too deeply");
    switch (type.kind) {
        case Kind::Bool: {
            bool b;
            if (auto error = value.get_bool().get(b)) return bad(error);
            *static_cast<bool*>(into) = b;
            return {};
        }
        case Kind::Int: {
            std::int64_t n;
            if (auto error = value.get_int64().get(n)) return bad(error);
            if (type.size < 8 && (n >> (8 * type.size - 1)) != 0 &&
                (n >> (8 * type.size - 1)) != -1)
                return bad("integer out of range");
            store_integer(into, type.size, static_cast<std::uint64_t>(n));
            return {};
        }
        case Kind::Unsigned: {
            std::uint64_t n;
            if (auto error = value.get_uint64().get(n)) return bad(error);
            if (type.size < 8 && (n >> (8 * type.size)) != 0) return bad("integer out of range");
            store_integer(into, type.size, n);
            return {};
        }
        case Kind::Float:
        case Kind::Double: {
            double d;
            if (auto error = value.get_double().get(d)) return bad(error);
            if (type.kind == Kind::Double)
                *static_cast<double*>(into) = d;
            else
                *static_cast<float*>(into) = static_cast<float>(d);
            return {};
        }
        case Kind::String: {
            std::string_view text;
            if (auto error = value.get_string().get(text)) return bad(error);
            static_cast<std::string*>(into)->assign(text);
            return {};
        }
        case Kind::Enum: {
            std::string_view text;
            if (auto error = value.get_string().get(text)) return bad(error);
            for (std::size_t i = 0; i < type.names.size(); ++i) {
                if (type.names[i].empty() || type.names[i] != text) continue;
                store_integer(into, type.size, i);
                return {};
            }
            return bad("unknown enumerator " + std::string(text.substr(0, 64)));
        }
        case Kind::Optional: {
            bool null = false;
            if (auto error = value.is_null().get(null)) return bad(error);
            if (null) {
                type.clear(into);
                return {};
            }
            return read_value(*type.inner, value, type.emplace(into), depth + 1);
        }
        case Kind::List: {
            simdjson::ondemand::array array;
            if (auto error = value.get_array().get(array)) return bad(error);
            type.clear(into);
            for (auto item : array) {
                Value element;
                if (auto error = item.get(element)) return bad(error);
                MR_TRY_VOID(read_value(*type.inner, element, type.emplace(into), depth + 1));
            }
            return {};
        }
        case Kind::Map: {
            simdjson::ondemand::object object;
            if (auto error = value.get_object().get(object)) return bad(error);
            type.clear(into);
            for (auto field : object) {
                std::string_view key;
                if (auto error = field.unescaped_key().get(key)) return bad(error);
                void* place = type.insert(into, key);
                Value element;
                if (auto error = field.value().get(element)) return bad(error);
                MR_TRY_VOID(read_value(*type.inner, element, place, depth + 1));
            }
            return {};
        }
        case Kind::Struct: {
            simdjson::ondemand::object object;
            if (auto error = value.get_object().get(object)) return bad(error);
            return read_struct(type, object, into, depth);
        }
    }
    return bad("no such kind");
}

void write_string(std::string_view text, ByteSink& into) {
    into.push(std::byte{'"'});
    std::size_t plain = 0;
    const auto flush = [&](std::size_t to) { into.append(text.substr(plain, to - plain)); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        flush(i);
        plain = i + 1;
        if (c == '"' || c == '\\') {
            const char escape[2] = {'\\', static_cast<char>(c)};
            into.append(std::string_view(escape, 2));
        } else {
            constexpr char hex[] = "0123456789abcdef";
            const char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            into.append(std::string_view(escape, 6));
        }
    }
    flush(text.size());
    into.push(std::byte{'"'});
}

template <class T>
void write_number(T value, ByteSink& into) {
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    into.append(std::string_view(text, static_cast<std::size_t>(end - text)));
}

template <class T>
void write_real(T value, ByteSink& into) {
    if (!std::isfinite(value)) throw std::invalid_argument("NaN and infinity have no JSON");
    write_number(value, into);
}

struct Writing {
    const Type& type;
    ByteSink& into;
    bool first = true;
};

}  // namespace

Result<void> read(const Type& type, BytesView bytes, void* into) {
    // One parser and one padded buffer per thread: simdjson reads in wide steps past the end, and
    // bytes come from anywhere.
    struct Scratch {
        simdjson::ondemand::parser parser;
        std::string padded;
    };
    thread_local Scratch scratch;
    scratch.padded.reserve(bytes.size() + simdjson::SIMDJSON_PADDING);
    scratch.padded.assign(as_text(bytes));
    simdjson::ondemand::document document;
    if (auto error =
            scratch.parser.iterate(scratch.padded.data(), bytes.size(), scratch.padded.capacity())
                .get(document))
        return bad(error);
    auto read = read_value(type, document, into, 0);
    if (!read) return read;
    if (!document.current_location().error()) return bad("something follows the JSON value");
    return {};
}

bool is_object(BytesView bytes) {
    thread_local simdjson::dom::parser parser;
    simdjson::dom::element element;
    const std::string_view text = as_text(bytes);
    return parser.parse(text.data(), text.size()).get(element) == simdjson::SUCCESS &&
           element.is_object();
}

void write(const Type& type, const void* from, ByteSink& into) {
    switch (type.kind) {
        case Kind::Bool:
            into.append(std::string_view(*static_cast<const bool*>(from) ? "true" : "false"));
            break;
        case Kind::Int:
            write_number(static_cast<std::int64_t>(load_integer(from, type.size, true)), into);
            break;
        case Kind::Unsigned:
            write_number(load_integer(from, type.size, false), into);
            break;
        case Kind::Float:
            write_real(*static_cast<const float*>(from), into);
            break;
        case Kind::Double:
            write_real(*static_cast<const double*>(from), into);
            break;
        case Kind::String:
            write_string(*static_cast<const std::string*>(from), into);
            break;
        case Kind::Enum: {
            const std::uint64_t value = load_integer(from, type.size, false);
            if (value >= type.names.size() || type.names[value].empty())
                throw std::invalid_argument("the enum value " + std::to_string(value) +
                                            " has no name");
            write_string(type.names[value], into);
            break;
        }
        case Kind::Optional:
            if (type.has(from)) {
                Writing writing{type, into};
                type.each(from, &writing, [](void* context, std::string_view, const void* element) {
                    auto& w = *static_cast<Writing*>(context);
                    write(*w.type.inner, element, w.into);
                });
            } else {
                into.append(std::string_view("null"));
            }
            break;
        case Kind::List:
        case Kind::Map: {
            const bool map = type.kind == Kind::Map;
            into.push(map ? std::byte{'{'} : std::byte{'['});
            Writing writing{type, into};
            type.each(from, &writing, [](void* context, std::string_view key, const void* element) {
                auto& w = *static_cast<Writing*>(context);
                if (!w.first) w.into.push(std::byte{','});
                w.first = false;
                if (w.type.kind == Kind::Map) {
                    write_string(key, w.into);
                    w.into.push(std::byte{':'});
                }
                write(*w.type.inner, element, w.into);
            });
            into.push(map ? std::byte{'}'} : std::byte{']'});
            break;
        }
        case Kind::Struct: {
            into.push(std::byte{'{'});
            bool first = true;
            for (const Field& field : type.fields) {
                if (!first) into.push(std::byte{','});
                first = false;
                write_string(field.name, into);
                into.push(std::byte{':'});
                write(*field.type, static_cast<const std::byte*>(from) + field.offset, into);
            }
            into.push(std::byte{'}'});
            break;
        }
    }
}

std::string fingerprint(const Type& type) {
    const std::string bits = std::to_string(type.size * 8);
    switch (type.kind) {
        case Kind::Bool:
            return "bool";
        case Kind::Int:
            return "int" + bits;
        case Kind::Unsigned:
            return "uint" + bits;
        case Kind::Float:
            return "float";
        case Kind::Double:
            return "double";
        case Kind::String:
            return "string";
        case Kind::Enum: {
            std::string text = "enum(";
            for (const std::string_view name : type.names)
                (text += name) += name.empty() ? "" : " ";
            return text + ')';
        }
        case Kind::Optional:
            return "optional " + fingerprint(*type.inner);
        case Kind::List:
            return '[' + fingerprint(*type.inner) + ']';
        case Kind::Map:
            return "map " + fingerprint(*type.inner);
        case Kind::Struct: {
            std::string text = "{";
            for (const Field& field : type.fields) {
                if (text.size() > 1) text += ',';
                (text += field.name) += ':' + fingerprint(*field.type);
            }
            return text + '}';
        }
    }
    return {};
}

}  // namespace millrace::json
