#include <cmath>
#include <cstdio>

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

// Keeps running totals per key, a history in a window store; two clocks; branches by child name.
struct Totals : Processor<S, L, S, S> {
    KeyValueStore<S, L> totals;
    WindowStore<S, S> history;
    Cancellable stream;
    int fired = 0;
    void init(Context& context) override {
        totals = context.state_store<KeyValueStore<S, L>>("totals");
        history = context.state_store<WindowStore<S, S>>("history");
        stream = context.schedule(100ms, PunctuationType::StreamTime, [this](Timestamp t) {
            std::vector<std::pair<S, L>> rows;
            for (auto it = totals.all(); it.has_next();) {
                auto e = it.next();
                rows.emplace_back(e.key, e.value);
            }
            for (auto& [k, v] : rows) {
                Headers h;
                h.add("from", "punctuation");
                this->context().forward(Record<S, S>(k, "sum " + std::to_string(v), t, h), "sums");
                if (v % 2 == 0) totals.erase(k);
            }
            if (++fired == 12) stream.cancel();
        });
        context.schedule(250ms, PunctuationType::WallClockTime, [this](Timestamp t) {
            auto meta = this->context().record_metadata();
            this->context().forward(Record<S, S>(
                std::nullopt,
                "wall " + when(t) + " stream " + when(this->context().current_stream_time()) +
                    (meta ? " meta " + meta->topic + std::to_string(meta->offset) : ""),
                t));
        });
    }
    void process(const Record<S, L>& r) override {
        auto meta = context().record_metadata();
        if (!r.has_key()) {
            context().forward(r.with_value(S("no key at " + std::to_string(meta->offset))));
            return;
        }
        if (!r.has_value()) {
            auto old = totals.erase(r.key());
            context().forward(
                r.with_value("deleted " + text(old)).with_timestamp(r.timestamp() + 5), "rest");
            return;
        }
        const L total = totals.get(r.key()).value_or(0) + r.value();
        totals.put(r.key(), total);
        history.put(r.key(), std::to_string(r.value()), r.timestamp());
        S line;
        for (auto it = history.fetch(r.key(), Timestamp{std::max<L>(0, r.timestamp().value() - 60)},
                                     r.timestamp());
             it.has_next();) {
            auto e = it.next();
            line += when(e.start) + "=" + e.value + ";";
        }
        Headers h = r.headers();
        h.add("total", std::to_string(total));
        context().forward(r.with_value(line).with_headers(h));
        if (total % 10 == 0) context().commit();
    }
};
struct Passer : Processor<S, S> {
    void process(const Record<S, S>& r) override { context().forward(r); }
};

const Add processors{
    {"processors",
     [](Log&) {
         StreamsBuilder b;
         b.add_state_store(
             Stores::key_value_store_builder<S, L>(Stores::persistent_key_value_store("totals")));
         b.add_state_store(Stores::window_store_builder<S, S>(
             Stores::persistent_window_store("history", 300ms, 50ms, false)));
         auto out =
             b.stream<S, L>("in").process([] { return std::make_unique<Totals>(); },
                                          Named::as("totals-processor"), {"totals", "history"});
         out.process([] { return std::make_unique<Passer>(); }, Named::as("sums")).to("sums");
         out.process([] { return std::make_unique<Passer>(); }, Named::as("rest")).to("rest");
         return b.build();
     },
     {},
     [](TopologyTestDriver& d, Log& log) {
         auto store = d.store<KeyValueStore<S, L>>("totals");
         for (auto it = store.all(); it.has_next();) {
             auto e = it.next();
             log.add("store", e.key + "=" + std::to_string(e.value));
         }
         for (auto it = store.reverse_range("b", "d"); it.has_next();) {
             auto e = it.next();
             log.add("reverse", e.key + "=" + std::to_string(e.value));
         }
     }}};

// process_values, a shared store between two processors of two sources, record mutation downstream.
struct Remember : FixedKeyProcessor<S, L, L> {
    KeyValueStore<S, L> last;
    void init(Context& c) override { last = c.state_store<KeyValueStore<S, L>>("last"); }
    void process(const FixedKeyRecord<S, L>& r) override {
        if (!r.has_key()) {
            context().forward(r.with_value(L(-1)));
            return;
        }
        auto old = last.put_if_absent(r.key(), r.has_value() ? r.value() : 0);
        context().forward(r.with_value(old.value_or(-2)));
        if (r.has_value() && r.value() % 3 == 0) {
            last.put(r.key(), r.value());
            Headers h;
            h.add("third", std::nullopt);
            h.add("third", "x");
            context().forward(
                r.with_headers(h).with_timestamp(Timestamp{r.timestamp().value() / 2}));
        }
    }
};
struct Ask : FixedKeyProcessor<S, S, S> {
    KeyValueStore<S, L> last;
    TimestampedKeyValueStore<S, L> counts;
    void init(Context& c) override {
        last = c.state_store<KeyValueStore<S, L>>("last");
        counts = c.state_store<TimestampedKeyValueStore<S, L>>("tcounts");
        c.schedule(Timestamp{70}, 200ms, PunctuationType::StreamTime, [this](Timestamp t) {
            S all;
            for (auto it = counts.all(); it.has_next();) {
                auto e = it.next();
                all += e.key + std::to_string(e.value) + ",";
            }
            if (all.size() > 60) counts.put("a", std::nullopt);
            punctuated += "[" + when(t) + all + "]";
        });
    }
    S punctuated;
    void process(const FixedKeyRecord<S, S>& r) override {
        S seen = "?";
        if (r.has_key()) {
            auto c = counts.get(r.key());
            counts.put(r.key(), ValueAndTimestamp<L>{
                                    c ? c->value + 1 : 1,
                                    std::max(r.timestamp(), c ? c->timestamp : Timestamp{0})});
            seen = text(last.get(r.key())) + "/" + std::to_string(c ? c->timestamp.value() : -1);
        }
        context().forward(
            r.with_value(text(r.value_or_null()) + " " + seen + std::exchange(punctuated, "")));
    }
};
const Add shared{{"shared-store",
                  [](Log&) {
                      StreamsBuilder b;
                      b.add_state_store(Stores::key_value_store_builder<S, L>(
                                            Stores::in_memory_key_value_store("last"))
                                            .with_logging_disabled());
                      b.add_state_store(Stores::timestamped_key_value_store_builder<S, L>(
                                            Stores::persistent_key_value_store("tcounts"))
                                            .with_logging_enabled({{"retention.ms", "77"}}));
                      auto remembered = b.stream<S, L>("in").process_values(
                          [] { return std::make_unique<Remember>(); }, {"last"});
                      remembered.to("remembered");
                      remembered.group_by_key().count().to_stream().to("remembered-counts");
                      b.stream<S, S>("questions")
                          .process_values([] { return std::make_unique<Ask>(); },
                                          Named::as("asker"), {"last", "tcounts"})
                          .to("answers");
                      b.stream<S, S>("alone").to("alone-out");
                      return b.build();
                  },
                  {},
                  {}}};

template <class F>
Topology extractor(F consumed) {
    StreamsBuilder b;
    auto in = b.stream<S, L>("in", consumed(Consumed{}));
    in.process_values([] {
          struct P : FixedKeyProcessor<S, L, S> {
              void process(const FixedKeyRecord<S, L>& r) override {
                  auto m = context().record_metadata();
                  context().forward(r.with_value(text(r.value_or_null()) + " @" +
                                                 std::to_string(m->offset) + " s" +
                                                 when(context().current_stream_time())));
              }
          };
          return std::make_unique<P>();
      }).to("out");
    in.group_by_key()
        .windowed_by(TimeWindows::of_size_and_grace(50ms, 20ms))
        .count()
        .to_stream()
        .to("windows");
    return b.build();
}
const Add fail_on_invalid{
    {"extractor-fail", [](Log&) { return extractor([](Consumed c) { return c; }); }, {}, {}}};
const Add log_and_skip{{"extractor-skip",
                        [](Log&) {
                            return extractor([](Consumed c) {
                                return c.with_timestamp_extractor(
                                    TimestampPolicy::LogAndSkipOnInvalid);
                            });
                        },
                        {},
                        {}}};
const Add partition_time{{"extractor-partition-time",
                          [](Log&) {
                              return extractor([](Consumed c) {
                                  return c.with_timestamp_extractor(
                                      TimestampPolicy::UsePartitionTimeOnInvalid);
                              });
                          },
                          {},
                          {}}};
const Add wall{{"extractor-wall",
                [](Log&) {
                    return extractor([](Consumed c) {
                        return c.with_timestamp_extractor(TimestampPolicy::WallClock);
                    });
                },
                {},
                {}}};
const Add custom{{"extractor-custom",
                  [](Log&) {
                      return extractor([](Consumed c) {
                          return c.with_timestamp_extractor<S, L>([](const S* k, const L* v,
                                                                     std::int64_t ts,
                                                                     std::int64_t partition_time) {
                              if (!v) return partition_time;
                              if (k && *k == "e") return ts - 1000000;
                              return *v < 0 ? *v : *v * 10;
                          });
                      });
                  },
                  {},
                  {}}};

// Kafka's own serdes at their ends.
const Add primitives{
    {"primitives",
     [](Log&) {
         StreamsBuilder b;
         b.stream<std::int16_t, std::int32_t>("i16-i32")
             .map([](const std::int16_t* k, const std::int32_t* v) {
                 return std::pair<std::optional<std::int32_t>, std::optional<std::int16_t>>(
                     k ? std::optional<std::int32_t>(*k * 3) : std::nullopt,
                     v ? std::optional<std::int16_t>(std::int16_t(*v)) : std::nullopt);
             })
             .to("i32-i16");
         b.stream<float, double>("f32-f64")
             .map([](const float* k, const double* v) {
                 return std::pair<std::optional<double>, std::optional<float>>(
                     k ? std::optional<double>(double(*k)) : std::nullopt,
                     v ? std::optional<float>(float(*v)) : std::nullopt);
             })
             .to("f64-f32");
         b.stream<double, bool>("f64-bool")
             .group_by_key()
             .count(Materialized::as("by-double"))
             .to_stream()
             .to("by-double");
         b.stream<Uuid, std::vector<std::byte>>("uuid-bytes")
             .map_values([](const std::vector<std::byte>* v) { return L(v ? v->size() : -1); })
             .to("uuid-sizes");
         b.stream<bool, L>("bool-i64")
             .group_by([](const bool* k, const L* v) {
                 return std::int32_t((k && *k ? 1 : 0) + (v ? 2 : 0));
             })
             .aggregate([] { return std::numeric_limits<double>::infinity(); },
                        [](const std::int32_t&, const L* v, double a) {
                            return std::min(a, v ? double(*v) : 0.0);
                        })
             .to_stream()
             .to("minimum");
         b.stream<std::vector<std::byte>, S>("bytes-str")
             .group_by_key()
             .count(Materialized::as("by-bytes"))
             .to_stream()
             .to("by-bytes");
         return b.build();
     },
     {{"deserialization.exception.handler", "LogAndContinueExceptionHandler"}},
     {}}};

Topology failing() {
    StreamsBuilder b;
    auto in = b.stream<S, L>("in");
    auto mapped = in.map_values([](const L* v) {
        if (v && *v % 5 == 0) throw std::runtime_error("five");
        return v ? *v : L(0);
    });
    mapped
        .peek([](L v) {
            if (v % 7 == 0) throw std::runtime_error("seven");
        })
        .to("peeked");
    mapped.to("mapped");
    in.group_by_key()
        .reduce(
            [](L a, L v) {
                if (v % 3 == 0) throw std::runtime_error("three");
                return a + v;
            },
            Materialized::as("reduced"))
        .to_stream()
        .filter([](const S&, L v) {
            if (v % 11 == 0) throw std::runtime_error("eleven");
            return true;
        })
        .to("reduced-out");
    in.group_by([](const S& k, L v) {
          if (v == 13) throw std::runtime_error("thirteen");
          return k + "!";
      })
        .windowed_by(TimeWindows::of_size_with_no_grace(100ms))
        .count()
        .to_stream()
        .to("windowed");
    in.process([] {
          struct P : Processor<S, L> {
              int n = 0;
              void init(Context& c) override {
                  c.schedule(100ms, PunctuationType::StreamTime, [this](Timestamp t) {
                      this->context().forward(Record<S, L>(S("tick"), L(n), t));
                      if (++n % 2 == 0) throw std::runtime_error("punctuation");
                      this->context().forward(Record<S, L>(S("tock"), L(n), t));
                  });
              }
              void process(const Record<S, L>& r) override {
                  context().forward(r);
                  if (r.has_value() && r.value() % 2 == 0) throw std::runtime_error("two");
                  context().forward(r.with_key(S("again")));
              }
          };
          return std::make_unique<P>();
      })
        .map_values([](const L* v) {
            if (v && *v == 4) throw std::runtime_error("four");
            return v ? *v : L(-1);
        })
        .to("processed");
    in.process(
          [] {
              struct P : Processor<S, L> {
                  void process(const Record<S, L>& r) override {
                      Headers h = r.headers();
                      h.add("later", "yes");
                      context().forward(r.with_timestamp(r.timestamp() + 1000).with_headers(h));
                  }
              };
              return std::make_unique<P>();
          },
          Named::as("shift"))
        .filter([](const L* v) {
            if (v && *v % 6 == 0) throw std::runtime_error("six");
            return true;
        })
        .to("shifted");
    return b.build();
}
const Add processing_continues{
    {"processing-continues",
     [](Log&) { return failing(); },
     {{"processing.exception.handler", "LogAndContinueExceptionHandler"}},
     {}}};
const Add processing_dlq{
    {"processing-dead-letters",
     [](Log&) { return failing(); },
     {{"processing.exception.handler", "LogAndContinueProcessingExceptionHandler"},
      {"errors.dead.letter.queue.topic.name", "dead"},
      {"deserialization.exception.handler", "LogAndContinueExceptionHandler"}},
     {}}};
const Add processing_fails{{"processing-fails", [](Log&) { return failing(); }, {}, {}}};
const Add deserialization_fails{
    {"deserialization-fails",
     [](Log&) { return failing(); },
     {{"processing.exception.handler", "LogAndContinueExceptionHandler"}},
     {}}};

const Add cached{{"cached",
                  [](Log&) {
                      StreamsBuilder b;
                      auto in = b.stream<S, L>("in");
                      in.flat_map_values([](L v) {
                            std::vector<L> out;
                            for (L i = 0; i < (v % 4 + 4) % 4; ++i) out.push_back(v + i);
                            return out;
                        })
                          .group_by_key()
                          .reduce(
                              [](L a, L v) -> std::optional<L> {
                                  if ((a + v) % 4 == 0) return std::nullopt;
                                  return a + v;
                              },
                              Materialized::as("sum"))
                          .to_stream()
                          .to("sum-out");
                      in.flat_map([](const S& k, L v) {
                            std::vector<std::pair<S, L>> out;
                            for (L i = 0; i < (v % 5 + 5) % 5; ++i)
                                out.push_back({i % 2 ? k : S("x"), v});
                            return out;
                        })
                          .process_values([] {
                              struct P : FixedKeyProcessor<S, L> {
                                  void process(const FixedKeyRecord<S, L>& r) override {
                                      context().forward(r);
                                      context().forward(r.with_timestamp(r.timestamp() + 30));
                                  }
                              };
                              return std::make_unique<P>();
                          })
                          .group_by_key()
                          .windowed_by(TimeWindows::of_size_and_grace(40ms, 40ms))
                          .count(Materialized::as("w"))
                          .to_stream()
                          .to("w-out");
                      auto t = b.table<S, L>("table", Materialized::as("table-store"));
                      t.to_stream().to("table-out");
                      in.join(t, [](L a, L b) { return a * 1000 + b; }).to("joined");
                      auto c = in.group_by_key().count(
                          Materialized::as("plain-count").with_caching_disabled());
                      c.to_stream().to("count-out");
                      return b.build();
                  },
                  {{"statestore.cache.max.bytes", "100000"}},
                  {}}};

// No serde named anywhere but where two formats of one type meet.
struct Reversed {
    Result<void> read(BytesView bytes, S& into) const {
        into.assign(as_text(bytes));
        std::reverse(into.begin(), into.end());
        if (into == "bad") return fail(ErrorCode::InvalidRecord, "bad");
        return {};
    }
    void write(const S& s, ByteSink& sink) const {
        S r(s.rbegin(), s.rend());
        if (s == "unwritable") throw std::invalid_argument("unwritable");
        sink.append(std::string_view(r));
    }
};
const Add serdes{
    {"serdes",
     [](Log&) {
         StreamsBuilder b;
         const auto rev = serde<S>(Reversed{});
         auto in = b.stream<S, S>("in", Consumed::with(rev, rev));
         in.to("default");
         in.filter([](const S*) { return true; }).to("given", Produced::with(serde<S>(), rev));
         in.map_values([](const S* v) { return text(v); }).to("mapped");
         in.map_values([](const S* v) {
               return text(v) == "zyx" ? S("unwritable") : text(v);
           }).to("mapped-given", Produced::with(serde<S>(), rev).with_name("mapped-sink"));
         in.group_by_key()
             .reduce([](const S& a, const S& v) { return v + a.substr(0, 8); },
                     Materialized::as("r"))
             .to_stream()
             .to("reduced");
         in.group_by_key(Grouped::with(serde<S>(), rev))
             .aggregate([] { return S("."); },
                        [](const S& v, S a) { return (a + v).substr(0, 30); },
                        Materialized::as("agg").with_key_serde(rev).with_value_serde(rev))
             .to_stream()
             .to("aggregated");
         in.select_key([](const S* v) { return text(v); })
             .group_by_key(Grouped::with(rev, serde<S>()).with_name("g"))
             .count()
             .to_stream()
             .to("counted");
         in.select_key([](const S* v) { return text(v); })
             .repartition(Repartitioned::with(rev, rev).with_name("rr"))
             .to("repartitioned");
         auto table =
             b.table<S, S>("table", Consumed::with(rev, serde<S>()), Materialized::as("ts"));
         in.join(
               table, [](const S& a, const S& t) { return a + "|" + t; },
               Joined::with(rev, rev, serde<S>()))
             .to("joined");
         table.to_stream().filter([](const S*, const S*) { return true; }).to("table-out");
         return b.build();
     },
     {{"deserialization.exception.handler", "LogAndContinueExceptionHandler"},
      {"processing.exception.handler", "LogAndContinueExceptionHandler"}},
     {}}};

}  // namespace
}  // namespace oracle
