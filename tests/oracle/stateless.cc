#include "oracle.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace oracle {
namespace {

using S = std::string;
using L = std::int64_t;

const Add stateless{
    {"stateless",
     [](Log& log) {
         StreamsBuilder b;
         auto in = b.stream<S, S>("in", Consumed::as("the-input"));
         auto even = in.filter([](const S* k, const S* v) { return v && v->size() % 2 == 0 && k; },
                               Named::as("even"));
         auto odd = in.filter_not([](const S* v) { return v && v->size() % 2 == 0; });
         even.map_values([](const S& v) { return L(v.size()); }, Named::as("size")).to("sizes");
         odd.map_values([](const S* k, const S* v) -> std::optional<S> {
                if (!v) return "was null at " + text(k);
                if (*v == "a") return std::nullopt;
                return text(k) + "/" + *v;
            })
             .peek([&log](const S* k, const S* v) { log.add("peek", text(k) + "=" + text(v)); })
             .to("odd", Produced::as("odd-sink"));
         in.flat_map_values([](const S* v) {
               std::vector<std::optional<S>> out;
               if (!v) {
                   out.push_back(std::nullopt);
               } else {
                   for (char c : *v) out.push_back(S(1, c));
               }
               return out;
           }).to("chars");
         in.flat_map(
               [](const S* k, const S* v) {
                   std::vector<std::pair<std::optional<S>, std::optional<L>>> out;
                   if (k) out.push_back({*k, L(k->size())});
                   if (v) out.push_back({std::nullopt, L(v->size())});
                   out.push_back({S("both"), std::nullopt});
                   return out;
               },
               Named::as("flat"))
             .merge(
                 in.map([](const S* k, const S* v) { return std::pair<S, L>(text(v), k ? 1 : 0); }),
                 Named::as("joined"))
             .to("flat-out");
         auto keyed = in.select_key([](const S* v) -> std::optional<S> {
             if (!v || v->empty()) return std::nullopt;
             return v->substr(0, 1);
         });
         keyed.merge(even).merge(keyed).to("merged");
         keyed.for_each(
             [&log](const S* k, const S* v) { log.add("each", text(k) + "=" + text(v)); },
             Named::as("last"));
         return b.build();
     },
     {},
     {}}};

// The same with lambdas that promise no nulls: what Kafka's user writes with a null check in front.
const Add grouping{
    {"grouping",
     [](Log&) {
         StreamsBuilder b;
         auto in = b.stream<S, L>("in");
         in.group_by_key().count().to_stream().to("counts");
         in.group_by_key(Grouped::as("named"))
             .count(Named::as("counter"), Materialized::as("count-store"))
             .to_stream(Named::as("streamed"))
             .to("named-counts");
         in.group_by_key()
             .reduce(
                 [](L a, L n) -> std::optional<L> {
                     if ((a + n) % 7 == 0) return std::nullopt;
                     return a + n;
                 },
                 Materialized::as("sums").with_caching_disabled())
             .to_stream()
             .to("sums-out");
         in.group_by(
               [](const S* k, const L* v) -> std::optional<S> {
                   if (!v || *v % 5 == 0) return std::nullopt;
                   return text(k) + std::to_string(*v % 3);
               },
               Grouped::with("by-mod", serde<S>(), serde<L>()))
             .aggregate([] { return S("<"); },
                        [](const S& k, L v, S agg) -> std::optional<S> {
                            if (agg.size() > 40) return std::nullopt;
                            return agg + k + ":" + std::to_string(v) + ";";
                        },
                        Named::as("concat"), Materialized::as("concats").with_logging_disabled())
             .to_stream()
             .to("concats-out");
         auto grouped = in.group_by([](const L& v) { return v % 2; });
         grouped.count(Materialized::as(StoreType::InMemory)).to_stream().to("parity");
         grouped.reduce([](L a, L v) { return std::max(a, v); }).to_stream().to("parity-max");
         auto shared = in.map_values([](L v) { return v / 2; })
                           .group_by([](const L& v) { return S(v < 0 ? "neg" : "pos"); },
                                     Grouped::as("sign"));
         shared.count().to_stream().to("signs");
         shared.aggregate([] { return 0.0; }, [](L v, double a) { return a + double(v) / 4; })
             .to_stream()
             .to("sign-sums");
         return b.build();
     },
     {},
     [](TopologyTestDriver& d, Log& log) {
         auto store = d.store<TimestampedKeyValueStore<S, L>>("count-store");
         for (auto it = store.all(); it.has_next();) {
             auto e = it.next();
             auto full = store.get(e.key);
             log.add("store", e.key + "=" + std::to_string(e.value) + "@" +
                                  std::to_string(full->timestamp.value()));
         }
     }}};

const Add windows{
    {"windows",
     [](Log&) {
         StreamsBuilder b;
         auto in = b.stream<S, L>("in");
         auto grouped = in.group_by_key(Grouped::with(serde<S>(), serde<L>()));
         grouped.windowed_by(TimeWindows::of_size_and_grace(100ms, 50ms))
             .count(Materialized::as("w-count").with_retention(1000ms))
             .to_stream()
             .to("w-counts");
         grouped.windowed_by(TimeWindows::of_size_with_no_grace(10ms))
             .reduce([](L a, L v) -> std::optional<L> {
                 if (v % 4 == 0) return std::nullopt;
                 return a * 3 + v;
             })
             .to_stream()
             .map([](const Windowed<S>& k, const L* v) {
                 return std::pair<S, std::optional<L>>(k.key() + "@" +
                                                           std::to_string(k.window().start) + "-" +
                                                           std::to_string(k.window().end),
                                                       v ? std::optional<L>(*v) : std::nullopt);
             })
             .to("w-reduce");
         grouped.windowed_by(TimeWindows::of_size_and_grace(1ms, 0ms))
             .aggregate([] { return S(); },
                        [](const S& k, const L* v, S agg) { return agg + k + text(v) + ","; },
                        Named::as("tiny"), Materialized::with(serde<S>(), serde<S>()))
             .to_stream(Named::as("tiny-stream"))
             .to("w-tiny");
         in.group_by([](const L* v) { return (v ? *v : 0) % 3; })
             .windowed_by(TimeWindows::of_size_and_grace(1000ms, 24h))
             .count(Materialized::as("by-three"))
             .to_stream()
             .group_by([](const Windowed<L>& k, L) { return k.key(); })
             .reduce([](L, L n) { return n; })
             .to_stream()
             .to("w-last");
         return b.build();
     },
     {{"processing.exception.handler", "LogAndContinueExceptionHandler"}},
     [](TopologyTestDriver& d, Log& log) {
         auto store = d.store<WindowStore<S, L>>("w-count");
         for (auto it = store.fetch_all(Timestamp{0}, Timestamp{INT64_MAX}); it.has_next();) {
             auto e = it.next();
             log.add("store",
                     e.key + "@" + std::to_string(e.start.value()) + "=" + std::to_string(e.value));
         }
     }}};

const Add joins{
    {"joins",
     [](Log& log) {
         StreamsBuilder b;
         auto table = b.table<S, S>("table", Materialized::as("table-store"));
         auto plain = b.table<S, L>("numbers");
         auto in = b.stream<S, S>("in");
         in.join(table, [](const S& l, const S& r) { return l + "+" + r; }).to("inner");
         in.left_join(
               table,
               [](const S* k, const S& l, const S* r) -> std::optional<S> {
                   if (l == "b") return std::nullopt;
                   return text(k) + ":" + l + "+" + text(r);
               },
               Joined::as("left"))
             .to("left-out");
         in.left_join(plain, [](const S& l, const std::optional<L>& r) {
               return L(l.size()) + r.value_or(-100);
           }).to("lefts");
         in.select_key([](const S* v) -> std::optional<S> {
               if (!v) return std::nullopt;
               return v->substr(0, 1);
           })
             .join(
                 plain, [](const S& k, const S& l, L r) { return k + l + std::to_string(r); },
                 Joined::with(serde<S>(), serde<S>(), serde<L>()).with_name("by-first"))
             .to("rekeyed");
         in.select_key([](const S* v) -> std::optional<S> {
               if (!v || v->size() > 1) return std::nullopt;
               return *v;
           })
             .left_join(table, [](const S* l, const S* r) { return text(l) + "~" + text(r); })
             .to("rekeyed-left");
         table.to_stream()
             .peek([&log](const S* k, const S* v) { log.add("table", text(k) + "=" + text(v)); })
             .map_values([](const S* v) { return "t:" + text(v); })
             .to("table-out");
         plain.to_stream(Named::as("numbers-stream")).to("numbers-out");
         return b.build();
     },
     {},
     {}}};

const Add joins_counted{{"join-with-count",
                         [](Log&) {
                             StreamsBuilder b;
                             auto in = b.stream<S, S>("in");
                             auto counts = in.group_by_key().count();
                             in.join(counts, [](const S& v, L n) {
                                   return v + "#" + std::to_string(n);
                               }).to("numbered");
                             in.left_join(counts, [](const S* v, const L* n) {
                                   return text(v) + "?" + text(n);
                               }).to("numbered-left");
                             return b.build();
                         },
                         {},
                         {}}};

const Add repartitions{{"repartitions",
                        [](Log&) {
                            StreamsBuilder b;
                            auto in = b.stream<S, L>("in");
                            in.repartition().to("r0");
                            in.repartition(Repartitioned::as("mine"))
                                .map_values([](const L* v) { return text(v); })
                                .to("r1");
                            in.select_key([](const L* v) -> std::optional<L> {
                                  if (!v) return std::nullopt;
                                  return *v;
                              })
                                .repartition(Repartitioned::with(serde<L>(), serde<L>())
                                                 .with_name("by-value")
                                                 .with_number_of_partitions(1))
                                .group_by_key()
                                .count()
                                .to_stream()
                                .to("r2");
                            in.repartition(Repartitioned::number_of_partitions(1))
                                .select_key([](const S& k, L) { return k + k; })
                                .repartition(Repartitioned::with(serde<S>(), serde<L>()))
                                .group_by_key()
                                .reduce([](L a, L v) { return a + v; })
                                .to_stream()
                                .repartition(Repartitioned::as("final"))
                                .to("r3");
                            in.repartition(
                                  Repartitioned::as("chosen").with_stream_partitioner<S, L>(
                                      [](const S&, const S*, const L*, std::int32_t) {
                                          return std::optional<std::int32_t>(0);
                                      }))
                                .to("r4");
                            return b.build();
                        },
                        {},
                        {}}};

const Add topics{
    {"topics",
     [](Log&) {
         StreamsBuilder b;
         auto both = b.stream<S, S>(std::vector<S>{"in", "other"}, Consumed::as("both"));
         auto again = b.stream<S, S>("in2");
         auto twice = b.stream<S, S>("in2");
         both.merge(again).to("mid");
         twice.map_values([](const S* v) { return "2" + text(v); })
             .to("mid", Produced::with(serde<S>(), serde<S>()));
         b.stream<S, S>("mid").group_by_key().count().to_stream().to("counts");
         auto table = b.table<S, S>("state");
         both.to("state");
         again.join(table, [](const S& a, const S& t) { return a + t; }).to("joined");
         again
             .process_values(
                 [] {
                     struct P : FixedKeyProcessor<S, S, S> {
                         void process(const FixedKeyRecord<S, S>& r) override {
                             context().forward(r.with_value("p:" + text(r.value_or_null())));
                         }
                     };
                     return std::make_unique<P>();
                 },
                 Named::as("prefixer"))
             .to("prefixed", Produced::as("prefixed-sink"));
         return b.build();
     },
     {},
     {}}};

}  // namespace
}  // namespace oracle
