#include "interpreter.h"

#include <variant>

#include "millrace/dsl/streams.h"
#include "processors.h"

namespace twins {
namespace {

using namespace millrace;

using Plain = KStream<Value, Value>;
using OnWindows = KStream<Windowed<Value>, Value>;
using Any = std::variant<std::monostate, Plain, OnWindows, KTable<Value, Value>,
                         KTable<Windowed<Value>, Value>, KGroupedStream<Value, Value>>;

struct Builder {
    StreamsBuilder builder;
    Visits& visits;
    std::map<std::string, Any> nodes;
    std::map<std::string, std::pair<std::string, std::string>> types;
    bool in_memory = false;

    void step(Json s);
    template <class K>
    Any stream_step(const std::string& op, const std::string& id, const KStream<K, Value>& in,
                    Json s, const std::string& key_type, const std::string& value_type);
    Any plain_step(const std::string& op, const Plain& in, Json s, const std::string& in_key,
                   const std::string& in_value);
    template <class Grouped>
    auto aggregate_step(const std::string& op, const Grouped& grouped, Json s,
                        const Materialized& m);
    Materialized materialized(Json s, const std::string& key, const std::string& value) const;
};

Named named(Json s) {
    return has(s, "name") ? Named::as(str(s, "name")) : Named();
}

template <class K>
const Serde<K> key_serde(const std::string& type) {
    if constexpr (std::is_same_v<K, Value>)
        return plain_serde(type);
    else
        return windowed_serde(type);
}

template <class K>
std::string key_json(const K* key) {
    if constexpr (std::is_same_v<K, Value>)
        return to_json(key);
    else if (!key)
        return "null";
    else
        return '[' + to_json(&key->key()) + ',' + std::to_string(key->window().start) + ',' +
               std::to_string(key->window().end) + ']';
}

Materialized Builder::materialized(Json s, const std::string& key, const std::string& value) const {
    Materialized m = has(s, "store") ? Materialized::as(str(s, "store")) : Materialized();
    if (has(s, "cache"))
        m = bool(s["cache"]) ? m.with_caching_enabled() : m.with_caching_disabled();
    if (has(s, "logging") && !bool(s["logging"])) m = m.with_logging_disabled();
    if (has(s, "retention")) m = m.with_retention(std::chrono::milliseconds(num(s, "retention")));
    return m.with_key_serde(plain_serde(key)).with_value_serde(plain_serde(value));
}

// What streams with plain and with windowed keys have in common.
template <class K>
Any Builder::stream_step(const std::string& op, const std::string& id, const KStream<K, Value>& in,
                         Json s, const std::string& key_type, const std::string& value_type) {
    if (op == "filter")
        return in.filter(
            [f = predicate(s["fn"])](const K* k, const Value* v) { return f(KeyRef(k), v); },
            named(s));
    if (op == "filter_not")
        return in.filter_not(
            [f = predicate(s["fn"])](const K* k, const Value* v) { return f(KeyRef(k), v); },
            named(s));
    if (op == "map_values") {
        Json fn = s["fn"];
        if (str(fn, "fn") == "key_and_value")
            return in.map_values(
                [f = mapper(fn)](const K* k, const Value* v) { return f(KeyRef(k), v); }, named(s));
        return in.map_values([f = mapper(fn)](const Value* v) { return f(KeyRef(), v); }, named(s));
    }
    if (op == "map")
        return in.map(
            [k2 = selector(s["key"]), v2 = mapper(s["value"])](const K* k, const Value* v) {
                const KeyRef key(k);
                return std::pair<Maybe, Maybe>(k2(key, v), v2(key, v));
            },
            named(s));
    if (op == "select_key")
        return in.select_key(
            [f = selector(s["fn"])](const K* k, const Value* v) { return f(KeyRef(k), v); },
            named(s));
    if (op == "flat_map_values")
        return in.flat_map_values([f = flat_values(s["fn"])](const Value* v) { return f(v); },
                                  named(s));
    if (op == "peek" || op == "foreach") {
        auto& seen = visits[op + ':' + id];
        const auto visit = [&seen](const K* k, const Value* v) {
            seen.emplace_back(key_json(k), to_json(v));
        };
        if (op == "peek") return in.peek(visit, named(s));
        in.for_each(visit, named(s));
        return {};
    }
    if (op == "process_values") {
        Json p = s["processor"];
        std::vector<std::string> stores;
        if (has(p, "store")) stores.push_back(str(p, "store"));
        return in.process_values(
            [make = logic(p)] { return std::make_unique<TwinFixed<K>>(make()); }, named(s), stores);
    }
    if (op == "to") {
        Produced produced = Produced::with(key_serde<K>(key_type), plain_serde(value_type));
        if (has(s, "name")) produced = produced.with_name(str(s, "name"));
        in.to(str(s, "topic"), produced);
        return {};
    }
    throw std::runtime_error("no op " + op + " of streams");
}

Any Builder::plain_step(const std::string& op, const Plain& in, Json s, const std::string& in_key,
                        const std::string& in_value) {
    const std::string id = str(s, "id");
    if (op == "flat_map")
        return in.flat_map(
            [f = flat_mapper(s["fn"])](const Value* k, const Value* v) { return f(KeyRef(k), v); },
            named(s));
    if (op == "merge")
        return in.merge(std::get<Plain>(nodes.at(std::string(std::string_view(s["in"].at(1))))),
                        named(s));
    if (op == "repartition") {
        Repartitioned r = Repartitioned::with(plain_serde(in_key), plain_serde(in_value));
        if (has(s, "name")) r = r.with_name(str(s, "name"));
        return in.repartition(r);
    }
    if (op == "group_by_key" || op == "group_by") {
        const std::string key = std::string(std::string_view(s["type"].at(0)));
        Grouped g = Grouped::with(plain_serde(key), plain_serde(in_value));
        if (has(s, "name")) g = g.with_name(str(s, "name"));
        if (op == "group_by_key") return in.group_by_key(g);
        return in.group_by(
            [f = selector(s["fn"])](const Value* k, const Value* v) { return f(KeyRef(k), v); }, g);
    }
    if (op == "process") {
        Json p = s["processor"];
        std::vector<std::string> stores;
        if (has(p, "store")) stores.push_back(str(p, "store"));
        return in.process([make = logic(p)] { return std::make_unique<TwinProcessor>(make()); },
                          named(s), stores);
    }
    if (op == "join_table") {
        const std::string other(std::string_view(s["in"].at(1)));
        const auto& table = std::get<KTable<Value, Value>>(nodes.at(other));
        Joined joined = Joined::with(plain_serde(in_key), plain_serde(in_value),
                                     plain_serde(types.at(other).second));
        if (has(s, "name")) joined = joined.with_name(str(s, "name"));
        const auto f = [f = joiner(s["joiner"])](const Value* k, const Value* a, const Value* b) {
            return f(KeyRef(k), a, b);
        };
        return str(s, "how") == "left" ? in.left_join(table, f, joined) : in.join(table, f, joined);
    }
    return stream_step<Value>(op, id, in, s, in_key, in_value);
}

template <class G>
auto Builder::aggregate_step(const std::string& op, const G& grouped, Json s,
                             const Materialized& m) {
    const bool bare = has(s, "bare") && bool(s["bare"]);
    const bool with_name = has(s, "name");
    if (op == "count") {
        if (bare)
            return with_name ? grouped.template count<Value>(named(s))
                             : grouped.template count<Value>();
        return with_name ? grouped.template count<Value>(named(s), m)
                         : grouped.template count<Value>(m);
    }
    if (op == "reduce")
        return grouped.reduce(
            [f = reducer(s["fn"])](const Value* a, const Value* b) { return f(a, b); }, named(s),
            m);
    const Aggregator a = aggregator(s["fn"], "");
    return grouped.aggregate([init = a.init] { return init; },
                             [add = a.add](const Value*, const Value* v, Maybe aggregate) {
                                 return add(std::move(aggregate), v);
                             },
                             named(s), m);
}

void Builder::step(Json s) {
    const std::string op = str(s, "op"), id = str(s, "id");
    if (has(s, "type"))
        types[id] = {std::string(std::string_view(s["type"].at(0))),
                     std::string(std::string_view(s["type"].at(1)))};
    if (op == "store") {
        if (str(s, "kind") != "kv") throw std::runtime_error("no store of kind " + str(s, "kind"));
        const std::string name = str(s, "name");
        auto store = Stores::key_value_store_builder<Value, Value>(
            in_memory ? Stores::in_memory_key_value_store(name)
                      : Stores::persistent_key_value_store(name),
            plain_serde(str(s, "key")), plain_serde(str(s, "value")));
        if (has(s, "cache") && bool(s["cache"])) store = store.with_caching_enabled();
        if (has(s, "logging") && !bool(s["logging"])) store = store.with_logging_disabled();
        builder.add_state_store(store);
        return;
    }
    if (op == "stream" || op == "table") {
        Consumed consumed =
            Consumed::with(plain_serde(types[id].first), plain_serde(types[id].second));
        if (has(s, "name")) consumed = consumed.with_name(str(s, "name"));
        if (op == "table") {
            const Materialized m = has(s, "store")
                                       ? materialized(s, types[id].first, types[id].second)
                                       : Materialized();
            nodes[id] = builder.table<Value, Value>(str(s, "topic"), consumed, m);
            return;
        }
        std::vector<std::string> topics;
        if (has(s, "topic"))
            topics.push_back(str(s, "topic"));
        else
            for (Json topic : simdjson::dom::array(s["topics"]))
                topics.emplace_back(std::string_view(topic));
        nodes[id] = builder.stream<Value, Value>(topics, consumed);
        return;
    }
    const std::string from(std::string_view(s["in"].at(0)));
    const Any& in = nodes.at(from);
    const auto& [in_key, in_value] = types.at(from);
    if (op == "to_stream") {
        if (const auto* table = std::get_if<KTable<Value, Value>>(&in))
            nodes[id] = table->to_stream(named(s));
        else
            nodes[id] = std::get<KTable<Windowed<Value>, Value>>(in).to_stream(named(s));
    } else if (const auto* grouped = std::get_if<KGroupedStream<Value, Value>>(&in)) {
        const Materialized m = materialized(s, in_key, types[id].second);
        if (has(s, "window")) {
            Json w = s["window"];
            const auto windows =
                TimeWindows::of_size_and_grace(std::chrono::milliseconds(num(w, "size")),
                                               std::chrono::milliseconds(num(w, "grace")));
            nodes[id] = aggregate_step(op, grouped->windowed_by(windows), s, m);
        } else {
            nodes[id] = aggregate_step(op, *grouped, s, m);
        }
    } else if (const auto* plain = std::get_if<Plain>(&in)) {
        nodes[id] = plain_step(op, *plain, s, in_key, in_value);
    } else {
        nodes[id] =
            stream_step<Windowed<Value>>(op, id, std::get<OnWindows>(in), s, in_key, in_value);
    }
}

}  // namespace

Topology build(Json twin, Visits& visits) {
    Builder build{{}, visits, {}, {}, false};
    Json config = twin["config"];
    build.in_memory = has(config, "dsl_store") && str(config, "dsl_store") == "in_memory";
    for (Json s : simdjson::dom::array(twin["topology"])) build.step(s);
    return build.builder.build();
}

}  // namespace twins
