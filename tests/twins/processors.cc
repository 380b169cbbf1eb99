#include "processors.h"

#include <algorithm>

namespace twins {
namespace {

using millrace::PunctuationType;

Maybe maybe(const Value* v) {
    return v ? Maybe(*v) : Maybe();
}

struct AddHeader final : Logic {
    std::string name;
    std::optional<std::string> value;
    void process(Port& port, const In& in) override {
        millrace::Headers headers = *in.headers;
        headers.add(name, value);
        port.forward(maybe(in.value), {}, &headers);
    }
};

struct ClearHeaders final : Logic {
    void process(Port& port, const In& in) override {
        const millrace::Headers none;
        port.forward(maybe(in.value), {}, &none);
    }
};

struct FailIf final : Logic {
    Predicate pred;
    void process(Port& port, const In& in) override {
        port.forward(maybe(in.value), {}, nullptr);
        if (pred(in.key, in.value)) throw std::runtime_error("fail_if");
        port.forward(maybe(in.value), {}, nullptr);
    }
};

struct ShiftTs final : Logic {
    std::int64_t by = 0;
    void process(Port& port, const In& in) override {
        port.forward(maybe(in.value), Timestamp{std::max<std::int64_t>(0, in.ts.value() + by)},
                     nullptr);
    }
};

struct Repeat final : Logic {
    std::int64_t n = 0;
    void process(Port& port, const In& in) override {
        for (std::int64_t i = 0; i < n; ++i) port.forward(maybe(in.value), in.ts + i, nullptr);
    }
};

struct ContextLine final : Logic {
    void process(Port& port, const In& in) override {
        const auto metadata = port.metadata();
        const std::string from = metadata
                                     ? metadata->topic + ':' + std::to_string(metadata->partition) +
                                           ':' + std::to_string(metadata->offset)
                                     : "none";
        port.forward(Value::of(from + " ts=" + std::to_string(in.ts.value()) +
                               " stream=" + std::to_string(port.stream_time()) +
                               " wall=" + std::to_string(port.wall_time())),
                     {}, nullptr);
    }
};

struct WithStore : Logic {
    std::string name;
    Store store;
    void init(Port& port) override { store = port.store(name); }
};

struct Dedup final : WithStore {
    void process(Port& port, const In& in) override {
        if (!in.key.inner) return;
        const auto old = store.get(*in.key.inner);
        if (old && in.value && *old == *in.value) return;
        store.put(*in.key.inner, maybe(in.value));
        port.forward(maybe(in.value), {}, nullptr);
    }
};

struct Lookup final : WithStore {
    void process(Port& port, const In& in) override {
        port.forward(in.key.inner ? store.get(*in.key.inner) : Maybe(), {}, nullptr);
    }
};

struct Counter final : WithStore {  // counter, count_reset
    PunctuationType clock = PunctuationType::StreamTime;
    std::int64_t every = 0;
    bool erase = false, reset = false;
    void init(Port& port) override {
        WithStore::init(port);
        port.schedule({}, every, clock, [this, &port](Timestamp time) {
            std::vector<std::pair<Value, Value>> entries;
            for (auto it = store.all(); it.has_next();) {
                auto entry = it.next();
                entries.emplace_back(entry.key, entry.value);
            }
            for (const auto& [key, value] : entries) {
                if (!reset) port.forward_new(key, value, time);
                if (reset || erase) store.erase(key);
            }
        });
    }
    void process(Port& port, const In& in) override {
        if (!in.key.inner) return;
        const auto old = store.get(*in.key.inner);
        const Value count = Value::of(old ? old->i + 1 : std::int64_t{1});
        store.put(*in.key.inner, count);
        if (reset) port.forward(count, {}, nullptr);
    }
};

struct TopN final : WithStore {
    std::int64_t n = 0;
    void process(Port& port, const In& in) override {
        if (!in.key.inner || !in.value) return;
        const auto old = store.get(*in.key.inner);
        std::vector<std::int64_t> top;
        if (old) {
            std::size_t from = 0;
            while (from <= old->s.size() && !old->s.empty()) {
                const auto bar = std::min(old->s.find('|', from), old->s.size());
                top.push_back(std::stoll(old->s.substr(from, bar - from)));
                from = bar + 1;
            }
        }
        const auto at =
            std::find_if(top.begin(), top.end(), [&](std::int64_t x) { return x < in.value->i; });
        top.insert(at, in.value->i);
        if (top.size() > static_cast<std::size_t>(n)) top.resize(static_cast<std::size_t>(n));
        std::string line;
        for (const std::int64_t x : top) line += (line.empty() ? "" : "|") + std::to_string(x);
        store.put(*in.key.inner, Value::of(line));
        port.forward(Value::of(line), {}, nullptr);
    }
};

struct PutScan final : WithStore {
    void process(Port& port, const In& in) override {
        if (!in.key.inner) return;
        store.put(*in.key.inner, maybe(in.value));
        std::string line;
        for (auto it = store.all(); it.has_next();) {
            const auto entry = it.next();
            line += (line.empty() ? "" : ";") + text(entry.key) + '=' + text(entry.value);
        }
        port.forward(Value::of(line), {}, nullptr);
    }
};

struct Ticker final : Logic {
    PunctuationType clock = PunctuationType::StreamTime;
    std::int64_t every = 0;
    std::optional<Timestamp> start;
    void init(Port& port) override {
        port.schedule(start, every, clock, [this, &port](Timestamp time) {
            std::string line = (clock == PunctuationType::StreamTime ? "stream@" : "wall@") +
                               std::to_string(time.value());
            if (port.metadata()) line += " meta";
            port.forward_new(Value::of(std::string("tick")), Value::of(line), time);
        });
    }
    void process(Port&, const In&) override {}
};

template <class L>
auto made(L prototype) {
    return [prototype]() -> std::unique_ptr<Logic> { return std::make_unique<L>(prototype); };
}

}  // namespace

std::function<std::unique_ptr<Logic>()> logic(Json p) {
    const std::string kind = str(p, "kind");
    const auto clock = [&] {
        return str(p, "clock") == "wall" ? PunctuationType::WallClockTime
                                         : PunctuationType::StreamTime;
    };
    if (kind == "add_header") {
        AddHeader l;
        l.name = str(p, "name");
        Json value = p["value"];
        if (!value.is_null()) l.value = std::string(std::string_view(value));
        return made(l);
    }
    if (kind == "clear_headers") return made(ClearHeaders{});
    if (kind == "fail_if") {
        FailIf l;
        l.pred = predicate(p["pred"]);
        return made(l);
    }
    if (kind == "shift_ts") {
        ShiftTs l;
        l.by = num(p, "by");
        return made(l);
    }
    if (kind == "repeat") {
        Repeat l;
        l.n = num(p, "n");
        return made(l);
    }
    if (kind == "context") return made(ContextLine{});
    if (kind == "dedup") {
        Dedup l;
        l.name = str(p, "store");
        return made(l);
    }
    if (kind == "lookup") {
        Lookup l;
        l.name = str(p, "store");
        return made(l);
    }
    if (kind == "counter" || kind == "count_reset") {
        Counter l;
        l.name = str(p, "store");
        l.clock = clock();
        l.every = num(p, "every");
        l.reset = kind == "count_reset";
        l.erase = has(p, "delete") && bool(p["delete"]);
        return made(l);
    }
    if (kind == "top_n") {
        TopN l;
        l.name = str(p, "store");
        l.n = num(p, "n");
        return made(l);
    }
    if (kind == "put_scan") {
        PutScan l;
        l.name = str(p, "store");
        return made(l);
    }
    if (kind == "ticker") {
        Ticker l;
        l.clock = clock();
        l.every = num(p, "every");
        if (has(p, "start")) l.start = Timestamp{num(p, "start")};
        return made(l);
    }
    throw std::runtime_error("unknown processor " + kind);
}

}  // namespace twins
