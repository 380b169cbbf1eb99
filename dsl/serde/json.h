#pragma once
// Plain structs as JSON. The members become a table {name, offset, type} that one non-template loop
// in json.cc reads and writes, so user files include no JSON library. A missing member keeps its
// default, an unknown one is skipped, `optional` is null or absent, an enum is its name, int64 is
// exact, NaN is refused.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/base/fields.h"
#include "millrace/dsl/serde/serde.h"

namespace millrace {
namespace json {

enum class Kind : std::uint8_t {
    Bool,
    Int,
    Unsigned,
    Float,
    Double,
    String,
    Enum,
    Optional,
    List,
    Map,
    Struct
};

struct Type;
struct Field {
    std::string_view name;
    std::size_t offset;
    const Type* type;
};
struct Type {
    Kind kind;
    std::uint8_t size = 0;        // of integers and enums, bytes
    const Type* inner = nullptr;  // of optional, list, map
    std::span<const std::string_view>
        names{};                     // of an enum, by value from 0; "" where there is none
    std::vector<Field> fields{};     // of a struct
    const void* defaults = nullptr;  // of a struct: a default object
    void (*copy)(const void* from, void* to) = nullptr;
    bool (*has)(const void*) = nullptr;  // optional
    void* (*emplace)(void*) =
        nullptr;  // optional: the object inside, made when absent. list: one more at the end
    void* (*insert)(void*, std::string_view) = nullptr;  // map
    void (*clear)(void*) = nullptr;
    // optional, list, map: each element in order, with its key in a map
    void (*each)(const void*, void* context,
                 void (*visit)(void* context, std::string_view key, const void* element)) = nullptr;
};

Result<void> read(const Type& type, BytesView bytes, void* into);
void write(const Type& type, const void* from,
           ByteSink& into);  // throws std::invalid_argument on NaN, infinity, bad enums
std::string fingerprint(const Type& type);
bool is_object(BytesView bytes);  // well-formed JSON, and an object

namespace detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

template <auto V>
constexpr std::string_view enumerator() {
    std::string_view text =
        __PRETTY_FUNCTION__;  // ... [with auto V = Color::Red; ...] or (Color)7 when it has no name
    const std::size_t from = text.find("V = ") + 4;
    text = text.substr(from, text.find_first_of(";]", from) - from);
    if (text.empty() || text.front() == '(') return {};
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos)
        text.remove_prefix(colon + 1);
    return text;
}
inline constexpr std::size_t kEnumMax = 64;  // enumerators from 0 to 63
template <class E, std::size_t... I>
constexpr std::array<std::string_view, sizeof...(I)> enumerators(std::index_sequence<I...>) {
    return {enumerator<static_cast<E>(I)>()...};
}
template <class E>
inline constexpr auto kEnumNames = enumerators<E>(std::make_index_sequence<kEnumMax>{});

template <class T>
const Type& type_of();

template <class T>
Type make_type() {
    Type type{};
    type.copy = [](const void* from, void* to) {
        *static_cast<T*>(to) = *static_cast<const T*>(from);
    };
    if constexpr (std::is_same_v<T, bool>) {
        type.kind = Kind::Bool;
    } else if constexpr (std::is_enum_v<T>) {
        type.kind = Kind::Enum;
        type.size = sizeof(T);
        type.names = kEnumNames<T>;
    } else if constexpr (std::is_integral_v<T>) {
        type.kind = std::is_signed_v<T> ? Kind::Int : Kind::Unsigned;
        type.size = sizeof(T);
    } else if constexpr (std::is_same_v<T, float>) {
        type.kind = Kind::Float;
    } else if constexpr (std::is_same_v<T, double>) {
        type.kind = Kind::Double;
    } else if constexpr (std::is_same_v<T, std::string>) {
        type.kind = Kind::String;
    } else if constexpr (IsOptional<T>::value) {
        type.kind = Kind::Optional;
        type.inner = &type_of<typename T::value_type>();
        type.has = [](const void* o) { return static_cast<const T*>(o)->has_value(); };
        type.emplace = [](void* o) -> void* {
            auto& optional = *static_cast<T*>(o);
            return optional ? &*optional : &optional.emplace();
        };
        type.clear = [](void* o) { static_cast<T*>(o)->reset(); };
        type.each = [](const void* o, void* context, auto visit) {
            if (const auto& optional = *static_cast<const T*>(o)) visit(context, {}, &*optional);
        };
    } else if constexpr (IsList<T>::value) {
        static_assert(!std::is_same_v<T, std::vector<bool>>,
                      "a JSON member cannot be std::vector<bool>; use std::vector<char>");
        type.kind = Kind::List;
        type.inner = &type_of<typename T::value_type>();
        type.emplace = [](void* o) -> void* { return &static_cast<T*>(o)->emplace_back(); };
        type.clear = [](void* o) { static_cast<T*>(o)->clear(); };
        type.each = [](const void* o, void* context, auto visit) {
            for (const auto& element : *static_cast<const T*>(o)) visit(context, {}, &element);
        };
    } else if constexpr (IsMap<T>::value) {
        type.kind = Kind::Map;
        type.inner = &type_of<typename T::mapped_type>();
        type.insert = [](void* o, std::string_view key) -> void* {
            return &(*static_cast<T*>(o))[std::string(key)];
        };
        type.clear = [](void* o) { static_cast<T*>(o)->clear(); };
        type.each = [](const void* o, void* context, auto visit) {
            for (const auto& [key, element] : *static_cast<const T*>(o))
                visit(context, key, &element);
        };
    } else {
        static_assert(PlainStruct<T>,
                      "this member's type cannot be JSON: use numbers, bool, std::string, enums, "
                      "std::optional, std::vector, "
                      "std::map<std::string, ...>, plain structs, or a type with `static void "
                      "fields(auto&& f)`; or give the "
                      "stream a serde of your own");
        static const T defaults{};
        type.kind = Kind::Struct;
        type.defaults = &defaults;
        for_each_field(defaults, [&](std::string_view name, const auto& member) {
            type.fields.push_back(
                {name,
                 static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&member) -
                                          reinterpret_cast<const std::byte*>(&defaults)),
                 &type_of<std::remove_cvref_t<decltype(member)>>()});
        });
    }
    return type;
}
template <class T>
const Type& type_of() {
    static const Type type = make_type<T>();
    return type;
}

}  // namespace detail
}  // namespace json

template <class T>
struct JsonSerde {
    Result<void> read(BytesView bytes, T& into) const {
        return json::read(json::detail::type_of<T>(), bytes, &into);
    }
    void write(const T& value, ByteSink& into) const {
        json::write(json::detail::type_of<T>(), &value, into);
    }
    bool plausible(BytesView bytes) const { return json::is_object(bytes); }
    std::string fingerprint() const {
        return "json " + json::fingerprint(json::detail::type_of<T>());
    }
};

template <PlainStruct T>
struct DefaultSerde<T> {
    static Serde<T> make() { return serde<T>(JsonSerde<T>{}); }
};

}  // namespace millrace
