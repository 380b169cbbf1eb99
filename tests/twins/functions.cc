#include "functions.h"

#include <algorithm>
#include <stdexcept>

namespace twins {
namespace {

std::int64_t wrap_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_sub(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t wrap_mul(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
std::int64_t floor_mod(std::int64_t a, std::int64_t m) {
    const std::int64_t r = a % m;
    return r < 0 ? r + m : r;
}
std::int64_t number(const Value& v) {
    switch (v.kind) {
        case Kind::I64:
            return v.i;
        case Kind::Str:
            return static_cast<std::int64_t>(v.s.size());
        case Kind::Rec:
            return v.r.a;
    }
    return 0;
}
std::string text_or_null(const Value* v) {
    return v ? text(*v) : "null";
}

std::string first_char(const std::string& s) {  // a character of UTF-16: one code point of the BMP
    if (s.empty()) return "";
    std::size_t n = 1;
    while (n < s.size() && (static_cast<unsigned char>(s[n]) & 0xC0) == 0x80) ++n;
    return s.substr(0, n);
}

std::vector<std::string> split(const std::string& s, char separator) {
    std::vector<std::string> parts{""};
    for (const char c : s) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

[[noreturn]] void unknown(const char* what, const std::string& name) {
    throw std::runtime_error(std::string("unknown ") + what + ' ' + name);
}

}  // namespace

std::string KeyRef::text() const {
    if (!inner) return "null";
    if (!windowed) return twins::text(*inner);
    return twins::text(*inner) + '@' + std::to_string(start) + '/' + std::to_string(end);
}

std::string str(Json json, const char* name) {
    return std::string(std::string_view(json[name]));
}
std::int64_t num(Json json, const char* name) {
    return std::int64_t(json[name]);
}
bool has(Json json, const char* name) {
    return !json[name].error();
}

Predicate predicate(Json fn) {
    const std::string f = str(fn, "fn");
    if (f == "gt")
        return [n = num(fn, "n")](const KeyRef&, const Value* v) { return v && number(*v) > n; };
    if (f == "lt")
        return [n = num(fn, "n")](const KeyRef&, const Value* v) { return v && number(*v) < n; };
    if (f == "mod")
        return [m = num(fn, "m"), r = num(fn, "r")](const KeyRef&, const Value* v) {
            return v && floor_mod(number(*v), m) == r;
        };
    if (f == "key_mod")
        return [m = num(fn, "m"), r = num(fn, "r")](const KeyRef& k, const Value*) {
            return k.inner && floor_mod(k.inner->i, m) == r;
        };
    if (f == "starts_with")
        return [s = str(fn, "s")](const KeyRef&, const Value* v) {
            return v && text(*v).starts_with(s);
        };
    if (f == "key_starts_with")
        return [s = str(fn, "s")](const KeyRef& k, const Value*) {
            return k.inner && k.text().starts_with(s);
        };
    if (f == "non_null") return [](const KeyRef&, const Value* v) { return v != nullptr; };
    if (f == "key_non_null")
        return [](const KeyRef& k, const Value*) { return k.inner != nullptr; };
    if (f == "true") return [](const KeyRef&, const Value*) { return true; };
    if (f == "false") return [](const KeyRef&, const Value*) { return false; };
    unknown("predicate", f);
}

Mapper mapper(Json fn) {
    const std::string f = str(fn, "fn");
    const auto on_value = [](auto g) -> Mapper {
        return [g](const KeyRef&, const Value* v) -> Maybe { return v ? g(*v) : Maybe(); };
    };
    if (f == "identity") return on_value([](const Value& v) -> Maybe { return v; });
    if (f == "add")
        return on_value(
            [n = num(fn, "n")](const Value& v) -> Maybe { return Value::of(wrap_add(v.i, n)); });
    if (f == "mul")
        return on_value(
            [n = num(fn, "n")](const Value& v) -> Maybe { return Value::of(wrap_mul(v.i, n)); });
    if (f == "null_if_even")
        return on_value([](const Value& v) -> Maybe { return v.i % 2 == 0 ? Maybe() : v; });
    if (f == "concat")
        return on_value([s = str(fn, "s")](const Value& v) -> Maybe { return Value::of(v.s + s); });
    if (f == "null_if_starts")
        return on_value([s = str(fn, "s")](const Value& v) -> Maybe {
            return v.s.starts_with(s) ? Maybe() : v;
        });
    if (f == "field") {
        const bool a = str(fn, "name") == "a";
        return on_value(
            [a](const Value& v) -> Maybe { return a ? Value::of(v.r.a) : Value::of(v.r.b); });
    }
    if (f == "to_string")
        return [](const KeyRef&, const Value* v) -> Maybe { return Value::of(text_or_null(v)); };
    if (f == "key_and_value")
        return [](const KeyRef& k, const Value* v) -> Maybe {
            return Value::of(k.text() + '=' + text_or_null(v));
        };
    if (f == "length")
        return on_value([](const Value& v) -> Maybe {
            return Value::of(static_cast<std::int64_t>(v.s.size()));
        });
    if (f == "make_rec")
        return on_value([s = str(fn, "s")](const Value& v) -> Maybe {
            if (v.kind == Kind::I64) return Value::of(Rec{v.i, s, {}});
            return Value::of(Rec{static_cast<std::int64_t>(v.s.size()), v.s, 0.5});
        });
    if (f == "rec_add")
        return on_value([n = num(fn, "n")](const Value& v) -> Maybe {
            Rec r = v.r;
            r.a = wrap_add(r.a, n);
            if (r.c) *r.c *= 2;
            return Value::of(r);
        });
    if (f == "or_default") {
        Json value = fn["value"];
        Value fallback;
        if (value.is_int64()) {
            fallback = Value::of(std::int64_t(value));
        } else {
            const std::string s{std::string_view(value)};
            Rec rec;
            fallback = parse_rec(s, rec) ? Value::of(rec) : Value::of(s);
        }
        return [fallback](const KeyRef&, const Value* v) -> Maybe { return v ? *v : fallback; };
    }
    if (f == "const_null") return [](const KeyRef&, const Value*) { return Maybe(); };
    if (f == "fail_if")
        return [pred = predicate(fn["pred"])](const KeyRef& k, const Value* v) -> Maybe {
            if (pred(k, v)) throw std::runtime_error("fail_if");
            return v ? Maybe(*v) : Maybe();
        };
    unknown("mapper", f);
}

Mapper selector(Json fn) {
    const std::string f = str(fn, "fn");
    const auto on_value = [](auto g) -> Mapper {
        return [g](const KeyRef&, const Value* v) -> Maybe { return v ? g(*v) : Maybe(); };
    };
    const auto on_key = [](auto g) -> Mapper {
        return [g](const KeyRef& k, const Value*) -> Maybe { return k.inner ? g(k) : Maybe(); };
    };
    if (f == "field") {
        const bool a = str(fn, "name") == "a";
        return on_value(
            [a](const Value& v) -> Maybe { return a ? Value::of(v.r.a) : Value::of(v.r.b); });
    }
    if (f == "mod_key")
        return on_key([m = num(fn, "m")](const KeyRef& k) -> Maybe {
            return Value::of(floor_mod(k.inner->i, m));
        });
    if (f == "mod_value")
        return on_value(
            [m = num(fn, "m")](const Value& v) -> Maybe { return Value::of(floor_mod(v.i, m)); });
    if (f == "first_char")
        return on_value([](const Value& v) -> Maybe { return Value::of(first_char(v.s)); });
    if (f == "key_first_char")
        return on_key([](const KeyRef& k) -> Maybe { return Value::of(first_char(k.inner->s)); });
    if (f == "value") return on_value([](const Value& v) -> Maybe { return v; });
    if (f == "key_text")
        return on_key([](const KeyRef& k) -> Maybe { return Value::of(k.text()); });
    if (f == "value_text")
        return on_value([](const Value& v) -> Maybe { return Value::of(text(v)); });
    if (f == "unwindow" || f == "same")
        return on_key([](const KeyRef& k) -> Maybe { return *k.inner; });
    if (f == "const") {
        Json s = fn["s"];
        const Value value =
            s.is_int64() ? Value::of(std::int64_t(s)) : Value::of(std::string(std::string_view(s)));
        return [value](const KeyRef&, const Value*) -> Maybe { return value; };
    }
    if (f == "null_if")
        return [pred = predicate(fn["pred"])](const KeyRef& k, const Value* v) -> Maybe {
            return !k.inner || pred(k, v) ? Maybe() : *k.inner;
        };
    unknown("selector", f);
}

FlatMapper flat_mapper(Json fn) {
    const std::string f = str(fn, "fn");
    if (f == "repeat")
        return [n = num(fn, "n")](const KeyRef& k, const Value* v) {
            Pairs pairs;
            for (std::int64_t i = 0; v && i < n; ++i) {
                Value value = *v;
                if (value.kind == Kind::I64) value.i = wrap_add(value.i, i);
                pairs.emplace_back(k.inner ? Maybe(*k.inner) : Maybe(), value);
            }
            return pairs;
        };
    if (f == "split_to_key")
        return [separator = str(fn, "sep")[0]](const KeyRef&, const Value* v) {
            Pairs pairs;
            if (!v) return pairs;
            for (const std::string& part : split(v->s, separator))
                pairs.emplace_back(Value::of(part),
                                   Value::of(static_cast<std::int64_t>(part.size())));
            return pairs;
        };
    if (f == "key_and_swap")
        return [](const KeyRef& k, const Value* v) {
            Pairs pairs;
            pairs.emplace_back(k.inner ? Maybe(*k.inner) : Maybe(), v ? Maybe(*v) : Maybe());
            if (v) pairs.emplace_back(Value::of(text(*v)), *v);
            return pairs;
        };
    unknown("flat mapper", f);
}

FlatValues flat_values(Json fn) {
    const std::string f = str(fn, "fn");
    if (f == "repeat")
        return [n = num(fn, "n")](const Value* v) {
            std::vector<Maybe> values;
            for (std::int64_t i = 0; v && i < n; ++i) {
                Value value = *v;
                if (value.kind == Kind::I64) value.i = wrap_add(value.i, i);
                values.emplace_back(value);
            }
            return values;
        };
    if (f == "split")
        return [separator = str(fn, "sep")[0]](const Value* v) {
            std::vector<Maybe> values;
            if (!v) return values;
            for (std::string& part : split(v->s, separator))
                values.emplace_back(Value::of(std::move(part)));
            return values;
        };
    unknown("flat mapper of values", f);
}

Reducer reducer(Json fn) {
    const std::string f = str(fn, "fn");
    const auto i = [](const Value* v) { return v ? v->i : 0; };
    const auto keep = [](const Value* v) { return v ? Maybe(*v) : Maybe(); };
    if (f == "sum")
        return [i](const Value* a, const Value* b) -> Maybe {
            return Value::of(wrap_add(i(a), i(b)));
        };
    if (f == "diff")
        return [i](const Value* a, const Value* b) -> Maybe {
            return Value::of(wrap_sub(i(a), i(b)));
        };
    if (f == "min" || f == "max")
        return [max = f == "max", keep](const Value* a, const Value* b) -> Maybe {
            if (!a) return keep(b);
            if (!b) return keep(a);
            return Value::of(max ? std::max(a->i, b->i) : std::min(a->i, b->i));
        };
    if (f == "first") return [keep](const Value* a, const Value*) { return keep(a); };
    if (f == "last") return [keep](const Value*, const Value* b) { return keep(b); };
    if (f == "concat" || f == "concat_minus")
        return [sign = f == "concat" ? '|' : '-'](const Value* a, const Value* b) -> Maybe {
            return Value::of(text_or_null(a) + sign + text_or_null(b));
        };
    if (f == "rec_merge")
        return [](const Value* a, const Value* b) -> Maybe {
            Rec r;
            r.a = wrap_add(a ? a->r.a : 0, b ? b->r.a : 0);
            if (b) {
                r.b = b->r.b;
                r.c = b->r.c;
            }
            return Value::of(r);
        };
    if (f == "last_odd")
        return
            [keep](const Value*, const Value* b) { return b && b->i % 2 != 0 ? keep(b) : Maybe(); };
    unknown("reducer", f);
}

Aggregator aggregator(Json fn, const std::string&) {
    const std::string f = str(fn, "fn");
    const auto i = [](const Maybe& a) { return a ? a->i : 0; };
    const auto s = [](const Maybe& a) { return a ? a->s : std::string(); };
    const auto listed = [s](const Maybe& a, const Value* v) {
        const std::string item = text_or_null(v), before = s(a);
        return before.empty() ? item : before + '|' + item;
    };
    if (f == "sum")
        return {Value::of(std::int64_t{0}), [i](Maybe a, const Value* v) -> Maybe {
                    return Value::of(wrap_add(i(a), v ? v->i : 0));
                }};
    if (f == "sum_a")
        return {Value::of(std::int64_t{0}), [i](Maybe a, const Value* v) -> Maybe {
                    return Value::of(wrap_add(i(a), v ? v->r.a : 0));
                }};
    if (f == "count_all")
        return {Value::of(std::int64_t{0}),
                [i](Maybe a, const Value*) -> Maybe { return Value::of(wrap_add(i(a), 1)); }};
    if (f == "min" || f == "max")
        return {Maybe(), [max = f == "max"](Maybe a, const Value* v) -> Maybe {
                    if (!a) return v ? Maybe(*v) : Maybe();
                    if (!v) return a;
                    return Value::of(max ? std::max(a->i, v->i) : std::min(a->i, v->i));
                }};
    if (f == "last")
        return {Maybe(), [](Maybe, const Value* v) { return v ? Maybe(*v) : Maybe(); }};
    if (f == "concat")
        return {Value::of(std::string()),
                [listed](Maybe a, const Value* v) -> Maybe { return Value::of(listed(a, v)); }};
    if (f == "list")
        return {Value::of(std::string()),
                [listed, n = num(fn, "n")](Maybe a, const Value* v) -> Maybe {
                    const std::string all = listed(a, v);
                    std::size_t at = all.size();
                    for (std::int64_t left = n; left > 0; --left) {
                        if (at == 0) return Value::of(all);
                        at = all.rfind('|', at - 1);
                        if (at == std::string::npos) return Value::of(all);
                    }
                    return Value::of(all.substr(at + 1));
                }};
    if (f == "log")
        return {Value::of(std::string()), [s](Maybe a, const Value* v) -> Maybe {
                    return Value::of(s(a) + '+' + text_or_null(v));
                }};
    if (f == "sum_reset")
        return {Value::of(std::int64_t{0}),
                [i, n = num(fn, "n")](Maybe a, const Value* v) -> Maybe {
                    const std::int64_t sum = wrap_add(i(a), v ? v->i : 0);
                    return sum >= n ? Maybe() : Value::of(sum);
                }};
    if (f == "sum_nonzero")
        return {Value::of(std::int64_t{0}), [i](Maybe a, const Value* v) -> Maybe {
                    const std::int64_t sum = wrap_add(i(a), v ? v->i : 0);
                    return sum == 0 ? Maybe() : Value::of(sum);
                }};
    unknown("aggregator", f);
}

Joiner joiner(Json fn) {
    const std::string f = str(fn, "fn");
    const auto keep = [](const Value* v) { return v ? Maybe(*v) : Maybe(); };
    const auto pair = [](const Value* a, const Value* b) {
        return '(' + text_or_null(a) + ',' + text_or_null(b) + ')';
    };
    if (f == "pair")
        return [pair](const KeyRef&, const Value* a, const Value* b) -> Maybe {
            return Value::of(pair(a, b));
        };
    if (f == "pair_key")
        return [pair](const KeyRef& k, const Value* a, const Value* b) -> Maybe {
            return Value::of(k.text() + ':' + pair(a, b));
        };
    if (f == "sum" || f == "sum_odd")
        return [odd = f == "sum_odd"](const KeyRef&, const Value* a, const Value* b) -> Maybe {
            const std::int64_t sum = wrap_add(a ? a->i : 0, b ? b->i : 0);
            return odd && sum % 2 == 0 ? Maybe() : Value::of(sum);
        };
    if (f == "left_or")
        return [keep](const KeyRef&, const Value* a, const Value* b) { return keep(a ? a : b); };
    if (f == "left") return [keep](const KeyRef&, const Value* a, const Value*) { return keep(a); };
    if (f == "right")
        return [keep](const KeyRef&, const Value*, const Value* b) { return keep(b); };
    unknown("joiner", f);
}

}  // namespace twins
