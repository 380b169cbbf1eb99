#pragma once
// The closed vocabulary of the twins: i64, str and rec as one C++ type, so that the interpreter
// instantiates each operator once. The serde is chosen by the type's name.
#include <cstdint>
#include <optional>
#include <string>

#include "millrace/dsl/serde/serde.h"
#include "millrace/dsl/windowed.h"

namespace twins {

enum class Kind : std::uint8_t { I64, Str, Rec };

struct Rec {
    std::int64_t a = 0;
    std::string b;
    std::optional<double> c;
    friend bool operator==(const Rec&, const Rec&) = default;
};

struct Value {
    Kind kind = Kind::I64;
    std::int64_t i = 0;
    std::string s;
    Rec r;

    Value() = default;
    explicit Value(std::int64_t n) : i(n) {}
    static Value of(std::int64_t n) { return Value(n); }
    static Value of(std::string text) {
        Value v;
        v.kind = Kind::Str;
        v.s = std::move(text);
        return v;
    }
    static Value of(Rec rec) {
        Value v;
        v.kind = Kind::Rec;
        v.r = std::move(rec);
        return v;
    }
    explicit operator std::int64_t() const { return i; }
    friend bool operator==(const Value&, const Value&) = default;
};
using Maybe = std::optional<Value>;

std::string text(const Value& value);  // as functions print it
std::string rec_text(const Rec& rec);  // canonical
bool parse_rec(std::string_view text, Rec& into);

struct ValueSerde {
    Kind kind = Kind::I64;
    millrace::Result<void> read(millrace::BytesView bytes, Value& into) const;
    void write(const Value& value, millrace::ByteSink& into) const;
    bool plausible(millrace::BytesView bytes) const {
        return kind != Kind::I64 || bytes.size() == 8;
    }
    std::string fingerprint() const {
        return kind == Kind::I64 ? "int64" : kind == Kind::Str ? "bytes" : "rec";
    }
};

// "str", "i64", "rec"; "time:SIZE[T]".
millrace::Serde<Value> plain_serde(const std::string& type);
millrace::Serde<millrace::Windowed<Value>> windowed_serde(const std::string& type);
inline bool is_windowed(const std::string& type) {
    return type.starts_with("time:");
}

// Bytes of a type as the JSON of the twins: null, a value, [key, start, end], or {"raw": hex}.
std::string to_json(const std::string& type, const std::optional<std::string>& bytes);
std::string quote(std::string_view text);
std::string to_json(const Value* value);

}  // namespace twins

// Only a count() without a Materialized asks for it, and counts are i64.
template <>
struct millrace::DefaultSerde<twins::Value> {
    static Serde<twins::Value> make() { return serde<twins::Value>(twins::ValueSerde{}); }
};
