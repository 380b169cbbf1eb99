#pragma once
// The functions of the twins (their README, section 4), read from JSON into closures.
#include <functional>
#include <vector>

#include <simdjson.h>

#include "value.h"

namespace twins {

using Json = simdjson::dom::element;

struct KeyRef {  // a key as functions see it: null, plain or windowed
    const Value* inner = nullptr;
    bool windowed = false;
    std::int64_t start = 0, end = 0;
    KeyRef() = default;
    explicit KeyRef(const Value* key) : inner(key) {}
    explicit KeyRef(const millrace::Windowed<Value>* key) {
        if (!key) return;
        inner = &key->key();
        windowed = true;
        start = key->window().start;
        end = key->window().end;
    }
    std::string text() const;  // "null", text, key@start/end
};

using Predicate = std::function<bool(const KeyRef&, const Value*)>;
using Mapper = std::function<Maybe(const KeyRef&, const Value*)>;  // value mappers, key selectors
using Pairs = std::vector<std::pair<Maybe, Maybe>>;
using FlatMapper = std::function<Pairs(const KeyRef&, const Value*)>;
using FlatValues = std::function<std::vector<Maybe>(const Value*)>;
using Reducer = std::function<Maybe(const Value*, const Value*)>;
using Joiner = std::function<Maybe(const KeyRef&, const Value*, const Value*)>;
struct Aggregator {
    Maybe init;
    std::function<Maybe(Maybe, const Value*)> add;
};

std::string str(Json json, const char* name);
std::int64_t num(Json json, const char* name);
bool has(Json json, const char* name);

Predicate predicate(Json fn);
Mapper mapper(Json fn);
Mapper selector(Json fn);
FlatMapper flat_mapper(Json fn);
FlatValues flat_values(Json fn);
Reducer reducer(Json fn);
Aggregator aggregator(Json fn, const std::string& value_type);
Joiner joiner(Json fn);

}  // namespace twins
