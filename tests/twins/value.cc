#include "value.h"

#include <charconv>
#include <cstdio>
#include <cstring>

#include "millrace/base/byte_order.h"

namespace twins {
namespace {

// The exact decimal expansion, without exponent; ".0" when whole.
std::string decimal(double d) {
    char buffer[2048];
    std::snprintf(buffer, sizeof buffer, "%.1074f", d);
    std::string text(buffer);
    const auto last = text.find_last_not_of('0');
    text.resize(text[last] == '.' ? last + 2 : last + 1);
    return text;
}

class Reader {
public:
    explicit Reader(std::string_view t) : t_(t) {}
    bool eat(std::string_view what) {
        if (!t_.starts_with(what)) return false;
        t_.remove_prefix(what.size());
        return true;
    }
    template <class T>
    bool number(T& into) {
        const auto [end, error] = std::from_chars(t_.data(), t_.data() + t_.size(), into);
        if (error != std::errc()) return false;
        t_.remove_prefix(static_cast<std::size_t>(end - t_.data()));
        return true;
    }
    bool string(std::string& into) {
        if (!eat("\"")) return false;
        into.clear();
        while (!t_.empty() && t_.front() != '"') {
            char c = t_.front();
            t_.remove_prefix(1);
            if (c == '\\') {
                if (t_.empty()) return false;
                c = t_.front();
                t_.remove_prefix(1);
                if (c == 'u') {
                    unsigned code = 0;
                    if (t_.size() < 4) return false;
                    std::from_chars(t_.data(), t_.data() + 4, code, 16);
                    t_.remove_prefix(4);
                    c = static_cast<char>(code);
                }
            }
            into += c;
        }
        return eat("\"");
    }
    bool done() const { return t_.empty(); }

private:
    std::string_view t_;
};

std::pair<std::string, std::int64_t> split_windowed(const std::string& type) {
    const auto bracket = type.find('[');
    std::int64_t size = 0;
    std::from_chars(type.data() + 5, type.data() + bracket, size);
    return {type.substr(bracket + 1, type.size() - bracket - 2), size};
}

}  // namespace

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
            out += buffer;
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string rec_text(const Rec& rec) {
    std::string out = "{\"a\":" + std::to_string(rec.a) + ",\"b\":" + quote(rec.b);
    if (rec.c) out += ",\"c\":" + decimal(*rec.c);
    return out + '}';
}

bool parse_rec(std::string_view text, Rec& into) {
    Reader in(text);
    into.c.reset();
    if (!in.eat("{\"a\":") || !in.number(into.a) || !in.eat(",\"b\":") || !in.string(into.b))
        return false;
    if (in.eat(",\"c\":")) {
        double c;
        if (!in.number(c)) return false;
        into.c = c;
    }
    return in.eat("}") && in.done();
}

std::string text(const Value& value) {
    switch (value.kind) {
        case Kind::I64:
            return std::to_string(value.i);
        case Kind::Str:
            return value.s;
        case Kind::Rec:
            return rec_text(value.r);
    }
    return {};
}

millrace::Result<void> ValueSerde::read(millrace::BytesView bytes, Value& into) const {
    into.kind = kind;
    switch (kind) {
        case Kind::I64:
            if (bytes.size() != 8)
                return millrace::fail(millrace::ErrorCode::InvalidRecord, "no i64");
            into.i = millrace::load_be<std::int64_t>(bytes.data());
            break;
        case Kind::Str:
            into.s = millrace::as_text(bytes);
            break;
        case Kind::Rec:
            if (!parse_rec(millrace::as_text(bytes), into.r))
                return millrace::fail(millrace::ErrorCode::InvalidRecord, "no rec");
            break;
    }
    return {};
}

void ValueSerde::write(const Value& value, millrace::ByteSink& into) const {
    if (value.kind != kind) throw std::logic_error("a value of another type than its serde");
    if (kind == Kind::I64)
        millrace::append_be<std::int64_t>(into, value.i);
    else
        into.append(std::string_view(kind == Kind::Str ? value.s : rec_text(value.r)));
}

millrace::Serde<Value> plain_serde(const std::string& type) {
    return millrace::serde<Value>(ValueSerde{type == "i64"   ? Kind::I64
                                             : type == "str" ? Kind::Str
                                                             : Kind::Rec});
}

millrace::Serde<millrace::Windowed<Value>> windowed_serde(const std::string& type) {
    const auto [inner, size] = split_windowed(type);
    return millrace::time_windowed_serde(plain_serde(inner), std::chrono::milliseconds(size));
}

std::string to_json(const Value* value) {
    if (!value) return "null";
    return value->kind == Kind::I64 ? std::to_string(value->i) : quote(text(*value));
}

std::string to_json(const std::string& type, const std::optional<std::string>& bytes) {
    using namespace millrace;
    if (!bytes) return "null";
    const auto raw = [&] { return "{\"raw\":\"" + to_hex(as_bytes(*bytes)) + "\"}"; };
    const auto back = [&](const engine::Codec& codec, const void* object) {
        ByteSink sink;
        codec.write(object, sink);
        return as_text(sink.view()) == *bytes;
    };
    if (is_windowed(type)) {
        Windowed<Value> key;
        const auto serde = windowed_serde(type);
        if (!serde.codec()->read(as_bytes(*bytes), &key) || !back(*serde.codec(), &key))
            return raw();
        return '[' + to_json(&key.key()) + ',' + std::to_string(key.window().start) + ',' +
               std::to_string(key.window().end) + ']';
    }
    Value value;
    const auto serde = plain_serde(type);
    if (!serde.codec()->read(as_bytes(*bytes), &value) || !back(*serde.codec(), &value))
        return raw();
    return to_json(&value);
}

}  // namespace twins
