#include "oracle.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace oracle {
namespace {

using S = std::string;
using L = std::int64_t;
std::string when(Timestamp t) {
    return std::to_string(t.value());
}

// Windowed keys go on being keys.
const Add windowed_keys{
    {"windowed-keys",
     [](Log& log) {
         StreamsBuilder b;
         auto in = b.stream<S, L>("in", Consumed::as("src"));
         auto counts = in.group_by_key()
                           .windowed_by(TimeWindows::of_size_and_grace(50ms, 100ms))
                           .count(Named::as("first"), Materialized::as("first-store"));
         auto stream = counts.to_stream();
         stream.group_by_key().count(Materialized::as("second")).to_stream().to("second");
         stream.group_by_key()
             .reduce([](L a, L v) { return a * 10 + v; },
                     Materialized::as("third").with_caching_disabled())
             .to_stream()
             .to("third");
         stream.select_key([](const Windowed<S>& k, L) { return k.key(); })
             .group_by_key(Grouped::as("inner"))
             .aggregate([] { return L(0); }, [](const S&, L v, L a) { return a + v; })
             .to_stream()
             .to("inner");
         stream.repartition(Repartitioned::as("whole"))
             .peek([&log](const Windowed<S>& k, const L* v) {
                 log.add("w", k.key() + "@" + std::to_string(k.window().start) + "/" +
                                  std::to_string(k.window().end) + "=" + text(v));
             })
             .to("whole");
         stream
             .merge(stream.filter([](const Windowed<S>& k, L v) { return k.key() < "c" && v > 1; }))
             .to("merged");
         stream.map_values([](const Windowed<S>& k, const L* v) { return k.key() + text(v); })
             .to("texts", Produced::as("texts-sink"));
         return b.build();
     },
     {},
     {}}};

// Tables: reading a table's store in a processor, a table joined by several streams, chains of
// sub-topologies.
struct Peeker : FixedKeyProcessor<S, L, S> {
    TimestampedKeyValueStore<S, S> table;
    void init(Context& c) override {
        table = c.state_store<TimestampedKeyValueStore<S, S>>("people");
    }
    void process(const FixedKeyRecord<S, L>& r) override {
        S all;
        for (auto it = table.all(); it.has_next();) {
            auto e = it.next();
            all += e.key + "=" + e.value + ",";
        }
        auto mine = r.has_key() ? table.get(r.key()) : std::nullopt;
        context().forward(
            r.with_value(all + (mine ? mine->value + "@" + when(mine->timestamp) : "none")));
    }
};
const Add tables{
    {"tables",
     [](Log&) {
         StreamsBuilder b;
         auto people =
             b.table<S, S>("people-topic", Consumed::as("people-source"),
                           Materialized::as("people").with_store_type(StoreType::InMemory));
         auto cities = b.table<S, S>("cities");
         auto in = b.stream<S, L>("in");
         in.process_values([] { return std::make_unique<Peeker>(); }, Named::as("peeker"),
                           {"people"})
             .to("peeked");
         auto joined = in.join(
             people, [](L v, const S& p) { return p + std::to_string(v); }, Joined::as("j1"));
         joined.join(cities, [](const S& k, const S& l, const S& c) { return k + l + c; })
             .to("twice");
         joined.group_by([](const S& v) { return v.substr(0, 1); }, Grouped::as("letters"))
             .count(Materialized::as("letters"))
             .to_stream()
             .to("letters");
         auto rekeyed = in.map(
             [](const S* k, const L* v) {
                 return std::pair<std::optional<S>, S>(
                     v ? std::optional<S>(S(1, char('a' + ((*v % 5) + 5) % 5))) : std::nullopt,
                     text(k));
             },
             Named::as("rekey"));
         rekeyed
             .left_join(
                 people, [](const S& a, const S* p) { return a + ">" + text(p); },
                 Joined::with(serde<S>(), serde<S>(), serde<S>()).with_name("rekeyed"))
             .to("rekeyed");
         rekeyed.join(cities, [](const S& a, const S& c) { return a + "*" + c; })
             .to("rekeyed-cities");
         people.to_stream()
             .merge(cities.to_stream())
             .to("both", Produced::with(serde<S>(), serde<S>()));
         return b.build();
     },
     {},
     {}}};

// Clocks: several schedules, made and cancelled at odd times.
struct Clocks : Processor<S, L, S, S> {
    Cancellable once, late;
    int stream = 0, wall = 0;
    void out(const S& what, Timestamp t) {
        context().forward(Record<S, S>(what,
                                       "s" + when(context().current_stream_time()) + " w" +
                                           when(context().current_system_time()),
                                       t));
    }
    void init(Context& c) override {
        c.schedule(Timestamp{75}, 50ms, PunctuationType::StreamTime,
                   [this](Timestamp t) { out("anchored", t); });
        once = c.schedule(30ms, PunctuationType::StreamTime, [this](Timestamp t) {
            out("once", t);
            once.cancel();
        });
        c.schedule(100ms, PunctuationType::WallClockTime, [this](Timestamp t) {
            out("wall", t);
            if (++wall == 2)
                late =
                    context().schedule(20ms, PunctuationType::WallClockTime, [this](Timestamp t2) {
                        out("late-wall", t2);
                        if (++wall > 5) late.cancel();
                    });
        });
        c.schedule(Timestamp{1000500}, 300ms, PunctuationType::WallClockTime,
                   [this](Timestamp t) { out("anchored-wall", t); });
    }
    void process(const Record<S, L>& r) override {
        if (r.has_value() && r.value() == 7)
            context().schedule(40ms, PunctuationType::StreamTime, [this](Timestamp t) {
                if (++stream < 8) out("from-process", t);
            });
        context().forward(Record<S, S>(r.key_or_null() ? std::optional<S>(r.key()) : std::nullopt,
                                       text(r.value_or_null()), r.timestamp(), r.headers()));
        if (r.has_value() && r.value() == 9) context().commit();
    }
};
const Add clocks{{"clocks",
                  [](Log&) {
                      StreamsBuilder b;
                      auto out =
                          b.stream<S, L>("in").process([] { return std::make_unique<Clocks>(); });
                      out.to("direct");
                      out.group_by_key()
                          .windowed_by(TimeWindows::of_size_and_grace(100ms, 100ms))
                          .count()
                          .to_stream()
                          .to("windows");
                      out.map_values([](const S& k, const S& v) { return k + v; })
                          .repartition(Repartitioned::as("again"))
                          .to("again");
                      return b.build();
                  },
                  {},
                  {}}};

// Window stores by hand: duplicates, null puts, fetches of all kinds, memory and RocksDB semantics
// of expiry.
template <bool kDuplicates>
struct Stored : FixedKeyProcessor<S, L, S> {
    WindowStore<S, L> store;
    void init(Context& c) override { store = c.state_store<WindowStore<S, L>>("w"); }
    void process(const FixedKeyRecord<S, L>& r) override {
        if (!r.has_key()) return;
        const L ts = r.timestamp().value();
        store.put(r.key(), r.has_value() ? std::optional<L>(r.value()) : std::nullopt,
                  r.timestamp());
        if (r.has_value() && r.value() % 3 == 0)
            store.put(r.key(), r.value() * 100, Timestamp{ts / 10 * 10});
        S line;
        for (auto it =
                 store.fetch(r.key(), Timestamp{std::max<L>(0, ts - 100)}, Timestamp{ts + 50});
             it.has_next();) {
            auto e = it.next();
            line += when(e.start) + "=" + std::to_string(e.value) + ",";
        }
        line += " | ";
        for (auto it = store.fetch_all(Timestamp{std::max<L>(0, ts - 30)}, Timestamp{ts});
             it.has_next();) {
            auto e = it.next();
            line += e.key + when(e.start) + "=" + std::to_string(e.value) + ",";
        }
        if (!kDuplicates) line += " | " + text(store.fetch(r.key(), Timestamp{ts / 10 * 10}));
        context().forward(r.with_value(line));
    }
};
template <bool kDuplicates>
Topology stored(const Stores::Supplier& supplier) {
    StreamsBuilder b;
    b.add_state_store(Stores::window_store_builder<S, L>(supplier));
    b.stream<S, L>("in")
        .process_values([] { return std::make_unique<Stored<kDuplicates>>(); }, {"w"})
        .to("out");
    return b.build();
}
const Add w1{
    {"window-rocks",
     [](Log&) { return stored<false>(Stores::persistent_window_store("w", 200ms, 10ms, false)); },
     {},
     {}}};
const Add w2{
    {"window-memory",
     [](Log&) { return stored<false>(Stores::in_memory_window_store("w", 200ms, 10ms, false)); },
     {},
     {}}};
const Add w3{
    {"window-rocks-duplicates",
     [](Log&) { return stored<true>(Stores::persistent_window_store("w", 200ms, 10ms, true)); },
     {},
     {}}};
const Add w4{
    {"window-memory-duplicates",
     [](Log&) { return stored<true>(Stores::in_memory_window_store("w", 200ms, 10ms, true)); },
     {},
     {}}};

// Names, numbers and sharing.
const Add names{
    {"names",
     [](Log&) {
         StreamsBuilder b;
         auto a = b.stream<S, S>("a");
         auto c = b.stream<S, S>("c", Consumed::as("c-source"));
         auto merged = a.merge(c, Named::as("m")).select_key([](const S& v) { return v; });
         auto grouped = merged.group_by_key(Grouped::as("shared"));
         grouped.count().to_stream().to("x1");
         grouped.windowed_by(TimeWindows::of_size_with_no_grace(1s))
             .count(Named::as("named-window"))
             .to_stream()
             .to("x2");
         auto plain = merged.group_by_key();
         plain.count(Materialized::with(serde<S>(), serde<L>())).to_stream().to("x3");
         plain.reduce([](const S& x, const S& y) { return x + y; }, Named::as("reducer"))
             .to_stream()
             .to("x4");
         auto t = b.table<S, S>("t", Materialized::with(serde<S>(), serde<S>()));
         merged.join(t, [](const S& x, const S& y) { return x + y; })
             .filter([](const S*) { return true; })
             .to("x5");
         merged
             .left_join(
                 t, [](const S& x, const S* y) { return x + text(y); }, Joined::as("named-join"))
             .to("x6");
         merged.map_values([](const S* v) { return text(v); })
             .left_join(t, [](const S& x, const S* y) { return x + text(y); })
             .to("x7");
         a.group_by([](const S& v) { return v; })
             .aggregate([] { return L(1); }, [](const S&, L agg) { return agg * 2; },
                        Named::as("agg"), Materialized::as("agg-store"))
             .to_stream()
             .to("x8");
         a.flat_map([](const S& k, const S& v) {
              return std::vector<std::pair<S, S>>{{k, v}};
          })
             .repartition()
             .group_by_key()
             .count()
             .to_stream()
             .to("x9");
         a.process([] {
              struct P : Processor<S, S> {
                  void process(const Record<S, S>& r) override { context().forward(r); }
              };
              return std::make_unique<P>();
          })
             .group_by_key()
             .count()
             .to_stream()
             .to("x10");
         return b.build();
     },
     {},
     {}}};

const Add cached{{"cached-chain",
                  [](Log&) {
                      StreamsBuilder b;
                      auto in = b.stream<S, L>("in");
                      auto c = in.flat_map_values([](L v) {
                                     return std::vector<L>{v, v + 1, v + 2};
                                 })
                                   .group_by_key()
                                   .count(Materialized::as("c1"));
                      c.to_stream()
                          .group_by([](L v) { return v % 4; })
                          .reduce([](L a, L v) { return a + v; }, Materialized::as("c2"))
                          .to_stream()
                          .to("sums");
                      in.join(c, [](L v, L n) { return v * 100 + n; }).to("joined");
                      in.group_by_key()
                          .windowed_by(TimeWindows::of_size_and_grace(30ms, 60ms))
                          .aggregate([] { return S(); },
                                     [](const S&, const L* v, S a) { return a + text(v) + ";"; },
                                     Materialized::as("win").with_value_serde(serde<S>()))
                          .to_stream()
                          .to("win");
                      return b.build();
                  },
                  {{"statestore.cache.max.bytes", "300"}},
                  {}}};

}  // namespace
}  // namespace oracle
