package org.apache.kafka.streams;

import java.nio.ByteBuffer;
import java.nio.file.*;
import java.time.*;
import java.util.*;
import java.util.function.*;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.*;
import org.apache.kafka.common.header.internals.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.*;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.*;
import org.apache.kafka.streams.test.TestRecord;

/** The Java side of the applications in the C++ files beside: same names, same calls. */
public class Oracle {
    static class Log {
        List<String[]> lines = new ArrayList<>();
        void add(String where, String what) { lines.add(new String[] {where, what}); }
    }
    record App(String name, Function<Log, Topology> build, Map<String, String> settings, BiConsumer<TopologyTestDriver, Log> finish) {}
    static final List<App> apps = new ArrayList<>();
    static void add(String name, Function<Log, Topology> build) { apps.add(new App(name, build, Map.of(), null)); }
    static void add(String name, Map<String, String> settings, Function<Log, Topology> build) { apps.add(new App(name, build, settings, null)); }
    static void add(String name, Map<String, String> settings, Function<Log, Topology> build, BiConsumer<TopologyTestDriver, Log> finish) { apps.add(new App(name, build, settings, finish)); }
    static void add(String name, Function<Log, Topology> build, BiConsumer<TopologyTestDriver, Log> finish) { apps.add(new App(name, build, Map.of(), finish)); }

    static final Serde<String> S = Serdes.String();
    static final Serde<Long> L = Serdes.Long();
    static String text(Object o) { return o == null ? "null" : o.toString(); }
    static <K, V> KeyValue<K, V> kv(K k, V v) { return KeyValue.pair(k, v); }
    static Duration ms(long n) { return Duration.ofMillis(n); }

    static void define() {
        add("windowed-keys", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L).withName("src"));
            KTable<Windowed<String>, Long> counts = in.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(ms(50), ms(100))).count(Named.as("first"), Materialized.as("first-store"));
            KStream<Windowed<String>, Long> stream = counts.toStream();
            stream.groupByKey().count(Materialized.as("second")).toStream().to("second");
            stream.groupByKey().reduce((a, v) -> a * 10 + v, Materialized.<Windowed<String>, Long, KeyValueStore<Bytes, byte[]>>as("third").withCachingDisabled()).toStream().to("third");
            stream.selectKey((k, v) -> v == null ? null : k.key()).groupByKey(Grouped.with("inner", S, L)).aggregate(() -> 0L, (k, v, a) -> a + v, Materialized.with(S, L)).toStream().to("inner");
            stream.repartition(Repartitioned.<Windowed<String>, Long>as("whole").withKeySerde(WindowedSerdes.timeWindowedSerdeFrom(String.class, 50))).peek((k, v) -> log.add("w", k.key() + "@" + k.window().start() + "/" + k.window().end() + "=" + text(v))).to("whole");
            stream.merge(stream.filter((k, v) -> v != null && k.key().compareTo("c") < 0 && v > 1)).to("merged", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 50), L));
            stream.mapValues((k, v) -> k.key() + text(v)).to("texts", Produced.<Windowed<String>, String>valueSerde(S).withName("texts-sink"));
            return b.build();
        });
        add("tables", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KTable<String, String> people = b.table("people-topic", Consumed.with(S, S).withName("people-source"), Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("people").withStoreType(Materialized.StoreType.IN_MEMORY));
            KTable<String, String> cities = b.table("cities", Consumed.with(S, S));
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            in.processValues(Peeker::new, Named.as("peeker"), "people").to("peeked", Produced.with(S, S));
            KStream<String, String> joined = in.join(people, (v, p) -> p + v, Joined.<String, Long, String>with(S, L, S).withName("j1"));
            joined.join(cities, (k, l, c) -> k + l + c, Joined.with(S, S, S)).to("twice", Produced.with(S, S));
            joined.groupBy((k, v) -> v.substring(0, Math.min(1, v.length())), Grouped.with("letters", S, S)).count(Materialized.as("letters")).toStream().to("letters", Produced.with(S, L));
            KStream<String, String> rekeyed = in.map((k, v) -> kv(v == null ? null : "" + (char) ('a' + ((v % 5) + 5) % 5), text(k)), Named.as("rekey"));
            rekeyed.leftJoin(people, (a, p) -> a + ">" + text(p), Joined.<String, String, String>with(S, S, S).withName("rekeyed")).to("rekeyed", Produced.with(S, S));
            rekeyed.join(cities, (a, c) -> a + "*" + c, Joined.with(S, S, S)).to("rekeyed-cities", Produced.with(S, S));
            people.toStream().merge(cities.toStream()).to("both", Produced.with(S, S));
            return b.build();
        });
        add("clocks", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, String> out = b.stream("in", Consumed.with(S, L)).process(Clocks::new);
            out.to("direct", Produced.with(S, S));
            out.groupByKey(Grouped.with(S, S)).windowedBy(TimeWindows.ofSizeAndGrace(ms(100), ms(100))).count().toStream().to("windows");
            out.mapValues((k, v) -> v == null || k == null ? null : k + v).repartition(Repartitioned.<String, String>as("again").withKeySerde(S).withValueSerde(S)).to("again", Produced.with(S, S));
            return b.build();
        });
        add("window-rocks", log -> stored(Stores.persistentWindowStore("w", ms(200), ms(10), false), false));
        add("window-memory", log -> stored(Stores.inMemoryWindowStore("w", ms(200), ms(10), false), false));
        add("window-rocks-duplicates", log -> stored(Stores.persistentWindowStore("w", ms(200), ms(10), true), true));
        add("window-memory-duplicates", log -> stored(Stores.inMemoryWindowStore("w", ms(200), ms(10), true), true));
        add("names", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, String> a = b.stream("a", Consumed.with(S, S));
            KStream<String, String> c = b.stream("c", Consumed.with(S, S).withName("c-source"));
            KStream<String, String> merged = a.merge(c, Named.as("m")).selectKey((k, v) -> v);
            KGroupedStream<String, String> grouped = merged.groupByKey(Grouped.with("shared", S, S));
            grouped.count().toStream().to("x1");
            grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(ms(1000))).count(Named.as("named-window")).toStream().to("x2");
            KGroupedStream<String, String> plain = merged.groupByKey(Grouped.with(S, S));
            plain.count(Materialized.with(S, L)).toStream().to("x3");
            plain.reduce((x, y) -> x + y, Named.as("reducer"), Materialized.with(S, S)).toStream().to("x4");
            KTable<String, String> t = b.table("t", Consumed.with(S, S), Materialized.with(S, S));
            merged.join(t, (x, y) -> x + y, Joined.with(S, S, S)).filter((k, v) -> true).to("x5", Produced.with(S, S));
            merged.leftJoin(t, (x, y) -> x + text(y), Joined.<String, String, String>with(S, S, S).withName("named-join")).to("x6", Produced.with(S, S));
            merged.mapValues(v -> text(v)).leftJoin(t, (x, y) -> x + text(y), Joined.with(S, S, S)).to("x7", Produced.with(S, S));
            a.groupBy((k, v) -> v, Grouped.with(S, S)).aggregate(() -> 1L, (k, v, agg) -> agg * 2, Named.as("agg"), Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("agg-store").withValueSerde(L)).toStream().to("x8");
            a.flatMap((k, v) -> k == null || v == null ? List.<KeyValue<String, String>>of() : List.of(kv(k, v))).repartition(Repartitioned.with(S, S)).groupByKey().count().toStream().to("x9");
            a.process(Passer::new).groupByKey(Grouped.with(S, S)).count().toStream().to("x10");
            return b.build();
        });
        add("cached-chain", Map.of("statestore.cache.max.bytes", "300"), log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            KTable<String, Long> c = in.flatMapValues(v -> v == null ? List.<Long>of() : List.of(v, v + 1, v + 2)).groupByKey(Grouped.with(S, L)).count(Materialized.as("c1"));
            c.toStream().groupBy((k, v) -> v == null ? null : (Long) (v % 4), Grouped.with(L, L)).reduce((a, v) -> a + v, Materialized.as("c2")).toStream().to("sums");
            in.join(c, (v, n) -> v * 100 + n).to("joined", Produced.with(S, L));
            in.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(ms(30), ms(60))).aggregate(() -> "", (k, v, a) -> a + text(v) + ";", Materialized.<String, String, WindowStore<Bytes, byte[]>>as("win").withValueSerde(S)).toStream().to("win");
            return b.build();
        });
        add("stateless", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, String> in = b.stream("in", Consumed.with(S, S).withName("the-input"));
            KStream<String, String> even = in.filter((k, v) -> v != null && v.getBytes().length % 2 == 0 && k != null, Named.as("even"));
            KStream<String, String> odd = in.filterNot((k, v) -> v != null && v.getBytes().length % 2 == 0);
            even.mapValues(v -> v == null ? null : (long) v.getBytes().length, Named.as("size")).to("sizes", Produced.with(S, L));
            odd.mapValues((k, v) -> v == null ? "was null at " + text(k) : v.equals("a") ? null : text(k) + "/" + v)
                .peek((k, v) -> log.add("peek", text(k) + "=" + text(v)))
                .to("odd", Produced.with(S, S).withName("odd-sink"));
            in.flatMapValues(v -> {
                List<String> out = new ArrayList<>();
                if (v == null) out.add(null); else for (char c : v.toCharArray()) out.add("" + c);
                return out;
            }).to("chars", Produced.with(S, S));
            KStream<String, Long> flat = in.flatMap((k, v) -> {
                List<KeyValue<String, Long>> out = new ArrayList<>();
                if (k != null) out.add(kv(k, (long) k.length()));
                if (v != null) out.add(kv(null, (long) v.length()));
                out.add(kv("both", null));
                return out;
            }, Named.as("flat"));
            flat.merge(in.map((k, v) -> kv(text(v), k != null ? 1L : 0L)), Named.as("joined")).to("flat-out", Produced.with(S, L));
            KStream<String, String> keyed = in.selectKey((k, v) -> v == null || v.isEmpty() ? null : v.substring(0, 1));
            keyed.merge(even).merge(keyed).to("merged", Produced.with(S, S));
            keyed.foreach((k, v) -> log.add("each", text(k) + "=" + text(v)), Named.as("last"));
            return b.build();
        });
        add("grouping", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            in.groupByKey().count().toStream().to("counts");
            in.groupByKey(Grouped.as("named")).count(Named.as("counter"), Materialized.as("count-store")).toStream(Named.as("streamed")).to("named-counts");
            in.groupByKey().reduce((a, n) -> (a + n) % 7 == 0 ? null : (Long) (a + n), Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("sums").withCachingDisabled()).toStream().to("sums-out");
            in.groupBy((k, v) -> v == null || v % 5 == 0 ? null : text(k) + v % 3, Grouped.with("by-mod", S, L))
                .aggregate(() -> "<", (k, v, agg) -> agg.length() > 40 ? null : agg + k + ":" + v + ";", Named.as("concat"),
                    Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("concats").withLoggingDisabled())
                .toStream().to("concats-out", Produced.with(S, S));
            KGroupedStream<Long, Long> grouped = in.groupBy((k, v) -> v == null ? null : (Long) (v % 2), Grouped.with(L, L));
            grouped.count(Materialized.as(Materialized.StoreType.IN_MEMORY)).toStream().to("parity");
            grouped.reduce((a, v) -> Math.max(a, v)).toStream().to("parity-max");
            KGroupedStream<String, Long> shared = in.mapValues(v -> v == null ? null : (Long) (v / 2)).groupBy((k, v) -> v == null ? null : v < 0 ? "neg" : "pos", Grouped.with("sign", S, L));
            shared.count().toStream().to("signs");
            shared.aggregate(() -> 0.0, (k, v, a) -> a + (double) v / 4, Materialized.with(S, Serdes.Double())).toStream().to("sign-sums", Produced.with(S, Serdes.Double()));
            return b.build();
        }, (d, log) -> {
            KeyValueStore<String, ValueAndTimestamp<Long>> store = d.getTimestampedKeyValueStore("count-store");
            try (var it = store.all()) {
                while (it.hasNext()) {
                    var e = it.next();
                    log.add("store", e.key + "=" + e.value.value() + "@" + e.value.timestamp());
                }
            }
        });
        add("windows", Map.of("processing.exception.handler", "continue"), log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            KGroupedStream<String, Long> grouped = in.groupByKey(Grouped.with(S, L));
            grouped.windowedBy(TimeWindows.ofSizeAndGrace(ms(100), ms(50)))
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("w-count").withRetention(ms(1000)))
                .toStream().to("w-counts");
            grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(ms(10)))
                .reduce((a, v) -> v == null ? a : v % 4 == 0 ? null : (Long) (a * 3 + v))
                .toStream()
                .map((k, v) -> kv(k.key() + "@" + k.window().start() + "-" + k.window().end(), v))
                .to("w-reduce", Produced.with(S, L));
            grouped.windowedBy(TimeWindows.ofSizeAndGrace(ms(1), ms(0)))
                .aggregate(() -> "", (k, v, agg) -> agg + k + text(v) + ",", Named.as("tiny"), Materialized.with(S, S))
                .toStream(Named.as("tiny-stream")).to("w-tiny");
            in.groupBy((k, v) -> (v == null ? 0L : v) % 3, Grouped.with(L, L))
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), Duration.ofHours(24)))
                .count(Materialized.as("by-three"))
                .toStream()
                .groupBy((k, v) -> v == null ? null : k.key(), Grouped.with(L, L))
                .reduce((a, n) -> n)
                .toStream().to("w-last");
            return b.build();
        }, (d, log) -> {
            WindowStore<String, ValueAndTimestamp<Long>> store = d.getTimestampedWindowStore("w-count");
            try (var it = store.fetchAll(Instant.ofEpochMilli(0), Instant.ofEpochMilli(Long.MAX_VALUE))) {
                while (it.hasNext()) {
                    var e = it.next();
                    log.add("store", e.key.key() + "@" + e.key.window().start() + "=" + e.value.value());
                }
            }
        });
        add("joins", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KTable<String, String> table = b.table("table", Consumed.with(S, S), Materialized.as("table-store"));
            KTable<String, Long> plain = b.table("numbers", Consumed.with(S, L));
            KStream<String, String> in = b.stream("in", Consumed.with(S, S));
            in.join(table, (l, r) -> l + "+" + r).to("inner", Produced.with(S, S));
            in.leftJoin(table, (k, l, r) -> l.equals("b") ? null : k + ":" + l + "+" + text(r), Joined.as("left")).to("left-out", Produced.with(S, S));
            in.leftJoin(plain, (l, r) -> l.length() + (r == null ? -100L : r)).to("lefts", Produced.with(S, L));
            in.selectKey((k, v) -> v == null ? null : v.substring(0, Math.min(1, v.length())))
                .join(plain, (k, l, r) -> k + l + r, Joined.<String, String, Long>with(S, S, L).withName("by-first"))
                .to("rekeyed", Produced.with(S, S));
            in.selectKey((k, v) -> v == null || v.length() > 1 ? null : v)
                .leftJoin(table, (l, r) -> text(l) + "~" + text(r), Joined.with(S, S, S))
                .to("rekeyed-left", Produced.with(S, S));
            table.toStream().peek((k, v) -> log.add("table", text(k) + "=" + text(v)))
                .mapValues(v -> "t:" + text(v)).to("table-out", Produced.with(S, S));
            plain.toStream(Named.as("numbers-stream")).to("numbers-out");
            return b.build();
        });
        add("join-with-count", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, String> in = b.stream("in", Consumed.with(S, S));
            KTable<String, Long> counts = in.groupByKey().count();
            in.join(counts, (v, n) -> v + "#" + n).to("numbered", Produced.with(S, S));
            in.leftJoin(counts, (v, n) -> text(v) + "?" + text(n)).to("numbered-left", Produced.with(S, S));
            return b.build();
        });
        add("repartitions", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            in.repartition().to("r0", Produced.with(S, L));
            in.repartition(Repartitioned.as("mine")).mapValues(v -> text(v)).to("r1", Produced.with(S, S));
            in.selectKey((k, v) -> v)
                .repartition(Repartitioned.with(L, L).withName("by-value").withNumberOfPartitions(1))
                .groupByKey().count().toStream().to("r2", Produced.with(L, L));
            in.repartition(Repartitioned.numberOfPartitions(1)).selectKey((k, v) -> v == null || k == null ? null : k + k)
                .repartition(Repartitioned.with(S, L))
                .groupByKey().reduce((a, v) -> a + v).toStream().repartition(Repartitioned.as("final")).to("r3", Produced.with(S, L));
            in.repartition(Repartitioned.<String, Long>as("chosen").withStreamPartitioner((t, k, v, n) -> Optional.of(Set.of(0)))).to("r4", Produced.with(S, L));
            return b.build();
        });
        add("topics", log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, String> both = b.stream(List.of("in", "other"), Consumed.with(S, S).withName("both"));
            KStream<String, String> again = b.stream("in2", Consumed.with(S, S));
            KStream<String, String> twice = b.stream("in2", Consumed.with(S, S));
            both.merge(again).to("mid", Produced.with(S, S));
            twice.mapValues(v -> "2" + text(v)).to("mid", Produced.with(S, S));
            b.stream("mid", Consumed.with(S, S)).groupByKey().count().toStream().to("counts");
            KTable<String, String> table = b.table("state", Consumed.with(S, S));
            both.to("state", Produced.with(S, S));
            again.join(table, (a, t) -> a + t).to("joined", Produced.with(S, S));
            again.processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
                public void process(FixedKeyRecord<String, String> r) { context().forward(r.withValue("p:" + text(r.value()))); }
            }, Named.as("prefixer")).to("prefixed", Produced.with(S, S).withName("prefixed-sink"));
            return b.build();
        });
        add("processors", log -> {
            StreamsBuilder b = new StreamsBuilder();
            b.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("totals"), S, L));
            b.addStateStore(Stores.windowStoreBuilder(Stores.persistentWindowStore("history", ms(300), ms(50), false), S, S));
            KStream<String, String> out = b.stream("in", Consumed.with(S, L)).process(Totals::new, Named.as("totals-processor"), "totals", "history");
            out.process(Passer::new, Named.as("sums")).to("sums", Produced.with(S, S));
            out.process(Passer::new, Named.as("rest")).to("rest", Produced.with(S, S));
            return b.build();
        }, (d, log) -> {
            KeyValueStore<String, Long> store = d.getKeyValueStore("totals");
            try (var it = store.all()) { while (it.hasNext()) { var e = it.next(); log.add("store", e.key + "=" + e.value); } }
            try (var it = store.reverseRange("b", "d")) { while (it.hasNext()) { var e = it.next(); log.add("reverse", e.key + "=" + e.value); } }
        });
        add("shared-store", log -> {
            StreamsBuilder b = new StreamsBuilder();
            b.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("last"), S, L).withLoggingDisabled());
            b.addStateStore(Stores.timestampedKeyValueStoreBuilder(Stores.persistentTimestampedKeyValueStore("tcounts"), S, L).withLoggingEnabled(Map.of("retention.ms", "77")));
            KStream<String, Long> remembered = b.stream("in", Consumed.with(S, L)).processValues(Remember::new, "last");
            remembered.to("remembered", Produced.with(S, L));
            remembered.groupByKey(Grouped.with(S, L)).count().toStream().to("remembered-counts");
            b.stream("questions", Consumed.with(S, S)).processValues(Ask::new, Named.as("asker"), "last", "tcounts").to("answers", Produced.with(S, S));
            b.stream("alone", Consumed.with(S, S)).to("alone-out");
            return b.build();
        });
        add("extractor-fail", log -> extractor(null));
        add("extractor-skip", log -> extractor(new LogAndSkipOnInvalidTimestamp()));
        add("extractor-partition-time", log -> extractor(new UsePartitionTimeOnInvalidTimestamp()));
        add("extractor-wall", log -> extractor((r, t) -> 0));  // replaced below
        add("extractor-custom", log -> extractor((r, pt) -> {
            if (r.value() == null) return pt;
            if ("e".equals(r.key())) return r.timestamp() - 1000000;
            long v = (Long) r.value();
            return v < 0 ? v : v * 10;
        }));
        add("primitives", Map.of("deserialization.exception.handler", "continue"), log -> {
            StreamsBuilder b = new StreamsBuilder();
            Serde<Short> i16 = Serdes.Short(); Serde<Integer> i32 = Serdes.Integer(); Serde<Float> f32 = Serdes.Float(); Serde<Double> f64 = Serdes.Double();
            b.stream("i16-i32", Consumed.with(i16, i32)).map((k, v) -> kv(k == null ? null : (Integer) (k * 3), v == null ? null : (Short) v.shortValue())).to("i32-i16", Produced.with(i32, i16));
            b.stream("f32-f64", Consumed.with(f32, f64)).map((k, v) -> kv(k == null ? null : (Double) k.doubleValue(), v == null ? null : (Float) v.floatValue())).to("f64-f32", Produced.with(f64, f32));
            b.stream("f64-bool", Consumed.with(f64, Serdes.Boolean())).groupByKey().count(Materialized.as("by-double")).toStream().to("by-double", Produced.with(f64, L));
            b.stream("uuid-bytes", Consumed.with(Serdes.UUID(), Serdes.ByteArray())).mapValues(v -> v == null ? -1L : (long) v.length).to("uuid-sizes", Produced.with(Serdes.UUID(), L));
            b.stream("bool-i64", Consumed.with(Serdes.Boolean(), L)).groupBy((k, v) -> (k != null && k ? 1 : 0) + (v != null ? 2 : 0), Grouped.with(i32, L))
                .aggregate(() -> Double.POSITIVE_INFINITY, (k, v, a) -> { double x = v != null ? (double) v : 0.0; return x < a ? x : a; }, Materialized.with(i32, f64))
                .toStream().to("minimum", Produced.with(i32, f64));
            b.stream("bytes-str", Consumed.with(Serdes.ByteArray(), S)).groupByKey().count(Materialized.as("by-bytes")).toStream().to("by-bytes", Produced.with(Serdes.ByteArray(), L));
            return b.build();
        });
        add("processing-continues", Map.of("processing.exception.handler", "continue"), log -> failing());
        add("processing-dead-letters", Map.of("processing.exception.handler", "continue", "errors.dead.letter.queue.topic.name", "dead", "deserialization.exception.handler", "continue"), log -> failing());
        add("processing-fails", log -> failing());
        add("deserialization-fails", Map.of("processing.exception.handler", "continue"), log -> failing());
        add("own-handlers", Map.of("own", ""), log -> {
            StreamsBuilder b = new StreamsBuilder();
            Serde<String> picky = Serdes.serdeFrom((t, s) -> { if (s == null) return null; if (s.startsWith("!")) throw new IllegalArgumentException("picky"); return s.getBytes(); }, (t, x) -> x == null ? null : new String(x));
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            KStream<String, String> texts = in.mapValues(v -> {
                if (v != null && v == 33) throw new RuntimeException("fatal");
                if (v != null && v % 5 == 0) throw new RuntimeException("five");
                return (v != null && v % 3 == 0 ? "!" : "") + text(v);
            });
            texts.to("a", Produced.with(S, picky));
            texts.map((k, v) -> kv(text(v), text(k))).to("b", Produced.with(picky, S));
            texts.selectKey((k, v) -> text(v)).groupByKey(Grouped.with(picky, S).withName("g")).count().toStream().to("counts", Produced.with(picky, L));
            in.process(() -> new ContextualProcessor<String, Long, String, Long>() {
                public void init(ProcessorContext<String, Long> c) {
                    super.init(c);
                    c.schedule(ms(60), PunctuationType.STREAM_TIME, t -> { throw new RuntimeException("tick"); });
                }
                public void process(Record<String, Long> r) {
                    Headers h = new RecordHeaders(r.headers()); h.add("p", "1".getBytes());
                    context().forward(r.withHeaders(h).withTimestamp(r.timestamp() + 7));
                    if (r.value() != null && r.value() % 2 == 0) throw new RuntimeException("two");
                }
            }).peek((k, v) -> { if (v != null && v % 7 == 0) throw new RuntimeException("seven"); }).to("c", Produced.with(S, L));
            return b.build();
        });
        add("default-extractor", Map.of("default.timestamp.extractor", ""), log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            in.to("out");
            in.selectKey((k, v) -> text(k)).groupByKey(Grouped.with(S, L)).windowedBy(TimeWindows.ofSizeWithNoGrace(ms(100))).count().toStream().to("counts");
            return b.build();
        });
        add("cached", Map.of("statestore.cache.max.bytes", "100000"), log -> {
            StreamsBuilder b = new StreamsBuilder();
            KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
            in.flatMapValues(v -> { List<Long> out = new ArrayList<>(); if (v != null) for (long i = 0; i < (v % 4 + 4) % 4; ++i) out.add(v + i); return out; })
                .groupByKey(Grouped.with(S, L)).reduce((a, v) -> (a + v) % 4 == 0 ? null : (Long) (a + v), Materialized.as("sum"))
                .toStream().to("sum-out");
            in.flatMap((k, v) -> { List<KeyValue<String, Long>> out = new ArrayList<>(); if (k != null && v != null) for (long i = 0; i < (v % 5 + 5) % 5; ++i) out.add(kv(i % 2 != 0 ? k : "x", v)); return out; })
                .processValues(() -> new ContextualFixedKeyProcessor<String, Long, Long>() {
                    public void process(FixedKeyRecord<String, Long> r) { context().forward(r); context().forward(r.withTimestamp(r.timestamp() + 30)); }
                })
                .groupByKey(Grouped.with(S, L)).windowedBy(TimeWindows.ofSizeAndGrace(ms(40), ms(40))).count(Materialized.as("w")).toStream().to("w-out");
            KTable<String, Long> t = b.table("table", Consumed.with(S, L), Materialized.as("table-store"));
            t.toStream().to("table-out");
            in.join(t, (a, x) -> a * 1000 + x).to("joined", Produced.with(S, L));
            KTable<String, Long> c = in.groupByKey().count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("plain-count").withCachingDisabled());
            c.toStream().to("count-out");
            return b.build();
        });
        add("serdes", Map.of("deserialization.exception.handler", "continue", "processing.exception.handler", "continue"), log -> {
            StreamsBuilder b = new StreamsBuilder();
            Serde<String> rev = Serdes.serdeFrom((t, s) -> { if (s == null) return null; if (s.equals("unwritable")) throw new IllegalArgumentException("unwritable"); return new StringBuilder(s).reverse().toString().getBytes(); },
                (t, bytes) -> { if (bytes == null) return null; String s = new StringBuilder(new String(bytes)).reverse().toString(); if (s.equals("bad")) throw new IllegalArgumentException("bad"); return s; });
            KStream<String, String> in = b.stream("in", Consumed.with(rev, rev));
            in.to("default");
            in.filter((k, v) -> true).to("given", Produced.with(S, rev));
            in.mapValues(v -> text(v)).to("mapped", Produced.valueSerde(S));
            in.mapValues(v -> text(v).equals("zyx") ? "unwritable" : text(v)).to("mapped-given", Produced.with(S, rev).withName("mapped-sink"));
            in.groupByKey().reduce((a, v) -> v + a.substring(0, Math.min(8, a.length())), Materialized.as("r")).toStream().to("reduced");
            in.groupByKey(Grouped.with(S, rev)).aggregate(() -> ".", (k, v, a) -> (a + v).substring(0, Math.min(30, (a + v).length())),
                Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("agg").withKeySerde(rev).withValueSerde(rev)).toStream().to("aggregated");
            in.selectKey((k, v) -> text(v)).groupByKey(Grouped.with(rev, S).withName("g")).count().toStream().to("counted");
            in.selectKey((k, v) -> text(v)).repartition(Repartitioned.with(rev, rev).withName("rr")).to("repartitioned");
            KTable<String, String> table = b.table("table", Consumed.with(rev, S), Materialized.as("ts"));
            in.join(table, (a, t) -> a + "|" + t, Joined.with(rev, rev, S)).to("joined", Produced.valueSerde(S));
            table.toStream().filter((k, v) -> true).to("table-out");
            return b.build();
        });
    }

    static class Peeker extends ContextualFixedKeyProcessor<String, Long, String> {
        TimestampedKeyValueStore<String, String> table;
        public void init(FixedKeyProcessorContext<String, String> c) { super.init(c); table = c.getStateStore("people"); }
        public void process(FixedKeyRecord<String, Long> r) {
            String all = "";
            try (var it = table.all()) { while (it.hasNext()) { var e = it.next(); all += e.key + "=" + e.value.value() + ","; } }
            var mine = r.key() != null ? table.get(r.key()) : null;
            context().forward(r.withValue(all + (mine != null ? mine.value() + "@" + mine.timestamp() : "none")));
        }
    }
    static class Clocks extends ContextualProcessor<String, Long, String, String> {
        Cancellable once, late; int stream = 0, wall = 0;
        void out(String what, long t) { context().forward(new Record<>(what, "s" + context().currentStreamTimeMs() + " w" + context().currentSystemTimeMs(), t)); }
        public void init(ProcessorContext<String, String> c) {
            super.init(c);
            c.schedule(Instant.ofEpochMilli(75), ms(50), PunctuationType.STREAM_TIME, t -> out("anchored", t));
            once = c.schedule(ms(30), PunctuationType.STREAM_TIME, t -> { out("once", t); once.cancel(); });
            c.schedule(ms(100), PunctuationType.WALL_CLOCK_TIME, t -> {
                out("wall", t);
                if (++wall == 2) late = context().schedule(ms(20), PunctuationType.WALL_CLOCK_TIME, t2 -> { out("late-wall", t2); if (++wall > 5) late.cancel(); });
            });
            c.schedule(Instant.ofEpochMilli(1000500), ms(300), PunctuationType.WALL_CLOCK_TIME, t -> out("anchored-wall", t));
        }
        public void process(Record<String, Long> r) {
            if (r.value() != null && r.value() == 7) context().schedule(ms(40), PunctuationType.STREAM_TIME, t -> { if (++stream < 8) out("from-process", t); });
            context().forward(new Record<>(r.key(), text(r.value()), r.timestamp(), r.headers()));
            if (r.value() != null && r.value() == 9) context().commit();
        }
    }
    static Topology stored(WindowBytesStoreSupplier supplier, boolean duplicates) {
        StreamsBuilder b = new StreamsBuilder();
        b.addStateStore(Stores.windowStoreBuilder(supplier, S, L));
        b.stream("in", Consumed.with(S, L)).processValues(() -> new ContextualFixedKeyProcessor<String, Long, String>() {
            WindowStore<String, Long> store;
            public void init(FixedKeyProcessorContext<String, String> c) { super.init(c); store = c.getStateStore("w"); }
            public void process(FixedKeyRecord<String, Long> r) {
                if (r.key() == null) return;
                long ts = r.timestamp();
                store.put(r.key(), r.value(), ts);
                if (r.value() != null && r.value() % 3 == 0) store.put(r.key(), r.value() * 100, ts / 10 * 10);
                String line = "";
                try (var it = store.fetch(r.key(), Math.max(0, ts - 100), ts + 50)) { while (it.hasNext()) { var e = it.next(); line += e.key + "=" + e.value + ","; } }
                line += " | ";
                try (var it = store.fetchAll(Math.max(0, ts - 30), ts)) { while (it.hasNext()) { var e = it.next(); line += e.key.key() + e.key.window().start() + "=" + e.value + ","; } }
                if (!duplicates) line += " | " + text(store.fetch(r.key(), ts / 10 * 10));
                context().forward(r.withValue(line));
            }
        }, "w").to("out", Produced.with(S, S));
        return b.build();
    }
    // What a handler is told, as a dead letter.
    static org.apache.kafka.clients.producer.ProducerRecord<byte[], byte[]> told(String by, ErrorHandlerContext c) {
        String value = text(c.topic() == null ? "" : c.topic()) + "|" + c.partition() + "|" + c.offset() + "|" + (c.processorNodeId() == null ? "" : c.processorNodeId()) + "|" + c.taskId() + "|"
            + hex(c.sourceRawKey()) + "|" + hex(c.sourceRawValue());
        return new org.apache.kafka.clients.producer.ProducerRecord<>("told", null, c.timestamp(), by.getBytes(), value.getBytes(), c.headers());
    }
    public static class OwnDeserialization implements DeserializationExceptionHandler {
        public void configure(Map<String, ?> c) {}
        public Response handleError(ErrorHandlerContext c, ConsumerRecord<byte[], byte[]> r, Exception e) { return Response.resume(List.of(told("deserialization", c))); }
    }
    public static class OwnProcessing implements ProcessingExceptionHandler {
        public void configure(Map<String, ?> c) {}
        public Response handleError(ErrorHandlerContext c, Record<?, ?> r, Exception e) {
            String what = e.getMessage();
            if (what.equals("fatal")) return Response.fail(List.of(told("processing", c)));
            if (what.equals("two")) return Response.resume();
            return Response.resume(List.of(told("processing", c), told(e.getCause() != null ? e.getCause().getMessage() : what, c)));
        }
    }
    public static class OwnProduction implements ProductionExceptionHandler {
        public void configure(Map<String, ?> c) {}
        public Response handleError(ErrorHandlerContext c, org.apache.kafka.clients.producer.ProducerRecord<byte[], byte[]> r, Exception e) { return Response.fail(); }
        public Response handleSerializationError(ErrorHandlerContext c, org.apache.kafka.clients.producer.ProducerRecord r, Exception e, SerializationExceptionOrigin origin) {
            if (r.topic().equals("b")) return Response.fail();
            return Response.resume(List.of(told(origin == SerializationExceptionOrigin.KEY ? "production of key" : "production of value", c)));
        }
    }

    static class Totals extends ContextualProcessor<String, Long, String, String> {
        KeyValueStore<String, Long> totals; WindowStore<String, String> history; Cancellable stream; int fired = 0;
        public void init(ProcessorContext<String, String> c) {
            super.init(c);
            totals = c.getStateStore("totals"); history = c.getStateStore("history");
            stream = c.schedule(ms(100), PunctuationType.STREAM_TIME, t -> {
                List<KeyValue<String, Long>> rows = new ArrayList<>();
                try (var it = totals.all()) { while (it.hasNext()) rows.add(it.next()); }
                for (var r : rows) {
                    Headers h = new RecordHeaders(); h.add("from", "punctuation".getBytes());
                    context().forward(new Record<>(r.key, "sum " + r.value, t, h), "sums");
                    if (r.value % 2 == 0) totals.delete(r.key);
                }
                if (++fired == 12) stream.cancel();
            });
            c.schedule(ms(250), PunctuationType.WALL_CLOCK_TIME, t -> {
                var meta = context().recordMetadata();
                context().forward(new Record<>(null, "wall " + t + " stream " + context().currentStreamTimeMs() + (meta.isPresent() ? " meta " + (meta.get().topic() == null ? "" : meta.get().topic()) + meta.get().offset() : ""), t));
            });
        }
        public void process(Record<String, Long> r) {
            var meta = context().recordMetadata().get();
            if (r.key() == null) { context().forward(r.withValue("no key at " + meta.offset())); return; }
            if (r.value() == null) {
                Long old = totals.delete(r.key());
                context().forward(r.withValue("deleted " + text(old)).withTimestamp(r.timestamp() + 5), "rest");
                return;
            }
            Long had = totals.get(r.key());
            long total = (had == null ? 0 : had) + r.value();
            totals.put(r.key(), total);
            history.put(r.key(), "" + r.value(), r.timestamp());
            String line = "";
            try (var it = history.fetch(r.key(), Math.max(0, r.timestamp() - 60), r.timestamp())) { while (it.hasNext()) { var e = it.next(); line += e.key + "=" + e.value + ";"; } }
            Headers h = new RecordHeaders(r.headers()); h.add("total", ("" + total).getBytes());
            context().forward(r.withValue(line).withHeaders(h));
            if (total % 10 == 0) context().commit();
        }
    }
    static class Passer extends ContextualProcessor<String, String, String, String> {
        public void process(Record<String, String> r) { context().forward(r); }
    }
    static class Remember extends ContextualFixedKeyProcessor<String, Long, Long> {
        KeyValueStore<String, Long> last;
        public void init(FixedKeyProcessorContext<String, Long> c) { super.init(c); last = c.getStateStore("last"); }
        public void process(FixedKeyRecord<String, Long> r) {
            if (r.key() == null) { context().forward(r.withValue(-1L)); return; }
            Long old = last.putIfAbsent(r.key(), r.value() != null ? r.value() : 0L);
            context().forward(r.withValue(old == null ? -2L : old));
            if (r.value() != null && r.value() % 3 == 0) {
                last.put(r.key(), r.value());
                Headers h = new RecordHeaders(); h.add("third", null); h.add("third", "x".getBytes());
                context().forward(r.withHeaders(h).withTimestamp(r.timestamp() / 2));
            }
        }
    }
    static class Ask extends ContextualFixedKeyProcessor<String, String, String> {
        KeyValueStore<String, Long> last; TimestampedKeyValueStore<String, Long> counts; String punctuated = "";
        public void init(FixedKeyProcessorContext<String, String> c) {
            super.init(c); last = c.getStateStore("last"); counts = c.getStateStore("tcounts");
            c.schedule(Instant.ofEpochMilli(70), ms(200), PunctuationType.STREAM_TIME, t -> {
                String all = "";
                try (var it = counts.all()) { while (it.hasNext()) { var e = it.next(); all += e.key + e.value.value() + ","; } }
                if (all.length() > 60) counts.put("a", null);
                punctuated += "[" + t + all + "]";
            });
        }
        public void process(FixedKeyRecord<String, String> r) {
            String seen = "?";
            if (r.key() != null) {
                var c = counts.get(r.key());
                counts.put(r.key(), ValueAndTimestamp.make(c != null ? c.value() + 1 : 1L, Math.max(r.timestamp(), c != null ? c.timestamp() : 0)));
                seen = text(last.get(r.key())) + "/" + (c != null ? c.timestamp() : -1);
            }
            String p = punctuated; punctuated = "";
            context().forward(r.withValue(text(r.value()) + " " + seen + p));
        }
    }
    static boolean wallClock = false;
    static Topology extractor(TimestampExtractor e) {
        StreamsBuilder b = new StreamsBuilder();
        Consumed<String, Long> consumed = Consumed.with(S, L);
        if (e != null) consumed = consumed.withTimestampExtractor(e);
        KStream<String, Long> in = b.stream("in", consumed);
        in.processValues(() -> new ContextualFixedKeyProcessor<String, Long, String>() {
            public void process(FixedKeyRecord<String, Long> r) {
                var m = context().recordMetadata().get();
                context().forward(r.withValue(text(r.value()) + " @" + m.offset() + " s" + context().currentStreamTimeMs()));
            }
        }).to("out", Produced.with(S, S));
        in.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(ms(50), ms(20))).count().toStream().to("windows");
        return b.build();
    }
    static Topology failing() {
        StreamsBuilder b = new StreamsBuilder();
        KStream<String, Long> in = b.stream("in", Consumed.with(S, L));
        KStream<String, Long> mapped = in.mapValues(v -> { if (v != null && v % 5 == 0) throw new RuntimeException("five"); return v != null ? v : (Long) 0L; });
        mapped.peek((k, v) -> { if (v % 7 == 0) throw new RuntimeException("seven"); }).to("peeked", Produced.with(S, L));
        mapped.to("mapped", Produced.with(S, L));
        in.groupByKey().reduce((a, v) -> { if (v % 3 == 0) throw new RuntimeException("three"); return a + v; }, Materialized.as("reduced")).toStream()
            .filter((k, v) -> { if (v == null) return false; if (v % 11 == 0) throw new RuntimeException("eleven"); return true; }).to("reduced-out");
        in.groupBy((k, v) -> { if (k == null || v == null) return null; if (v == 13) throw new RuntimeException("thirteen"); return k + "!"; }, Grouped.with(S, L))
            .windowedBy(TimeWindows.ofSizeWithNoGrace(ms(100))).count().toStream().to("windowed");
        in.process(() -> new ContextualProcessor<String, Long, String, Long>() {
            int n = 0;
            public void init(ProcessorContext<String, Long> c) {
                super.init(c);
                c.schedule(ms(100), PunctuationType.STREAM_TIME, t -> {
                    context().forward(new Record<>("tick", (long) n, t));
                    if (++n % 2 == 0) throw new RuntimeException("punctuation");
                    context().forward(new Record<>("tock", (long) n, t));
                });
            }
            public void process(Record<String, Long> r) {
                context().forward(r);
                if (r.value() != null && r.value() % 2 == 0) throw new RuntimeException("two");
                context().forward(r.withKey("again"));
            }
        }).mapValues(v -> { if (v != null && v == 4) throw new RuntimeException("four"); return v != null ? v : (Long) (-1L); }).to("processed", Produced.with(S, L));
        in.process(() -> new ContextualProcessor<String, Long, String, Long>() {
            public void process(Record<String, Long> r) {
                Headers h = new RecordHeaders(r.headers()); h.add("later", "yes".getBytes());
                context().forward(r.withTimestamp(r.timestamp() + 1000).withHeaders(h));
            }
        }, Named.as("shift")).filter((k, v) -> { if (v != null && v % 6 == 0) throw new RuntimeException("six"); return true; }).to("shifted", Produced.with(S, L));
        return b.build();
    }

    static String hex(byte[] b) {
        if (b == null) return "~";
        StringBuilder s = new StringBuilder();
        for (byte x : b) s.append(String.format("%02x", x));
        return s.toString();
    }
    static byte[] unhex(String h) {
        if (h.equals("~")) return null;
        if (h.equals("''")) return new byte[0];
        byte[] out = new byte[h.length() / 2];
        for (int i = 0; i < out.length; ++i) out[i] = (byte) Integer.parseInt(h.substring(2 * i, 2 * i + 2), 16);
        return out;
    }
    static StringBuilder out = new StringBuilder();
    static void collect(TopologyTestDriver d, Log log, int step) {
        for (String[] l : log.lines) out.append("log:" + l[0] + '\t' + step + '\t' + l[1] + '\n');
        log.lines.clear();
        for (String topic : new TreeSet<>(d.producedTopicNames())) {
            var o = d.createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            while (!o.isEmpty()) {
                TestRecord<byte[], byte[]> r = o.readRecord();
                out.append(topic + '\t' + step + '\t' + hex(r.key()) + '\t' + hex(r.value()) + '\t' + r.timestamp() + '\t');
                boolean first = true;
                for (Header h : r.headers()) {
                    if (h.key().equals("__streams.errors.stacktrace") || h.key().equals("__streams.errors.message") || h.key().equals("__streams.errors.exception")) continue;
                    out.append((first ? "" : ",") + h.key() + '=' + (h.value() == null ? "~" : new String(h.value())));
                    first = false;
                }
                out.append('\n');
            }
        }
    }
    public static class Wall implements TimestampExtractor {
        public long extract(ConsumerRecord<Object, Object> r, long t) { return now; }
    }
    static long now;

    public static void main(String[] args) throws Exception {
        String which = args[0], scripts = args[1];
        define();
        for (App app : apps) {
            if (!which.equals("all") && !which.equals(app.name)) continue;
            out.append("APP " + app.name + "\n");
            Log log = new Log();
            Properties p = new Properties();
            p.put("application.id", "judge");
            p.put("bootstrap.servers", "x:1");
            p.put("statestore.cache.max.bytes", app.settings.getOrDefault("statestore.cache.max.bytes", "0"));
            p.put("default.key.serde", Serdes.StringSerde.class);
            p.put("default.value.serde", Serdes.StringSerde.class);
            Path dir = Files.createTempDirectory("judge");
            p.put("state.dir", dir.toString());
            if (app.settings.containsKey("deserialization.exception.handler")) p.put("deserialization.exception.handler", LogAndContinueExceptionHandler.class);
            if (app.settings.containsKey("processing.exception.handler")) p.put("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
            if (app.settings.containsKey("errors.dead.letter.queue.topic.name")) p.put("errors.dead.letter.queue.topic.name", app.settings.get("errors.dead.letter.queue.topic.name"));
            if (app.settings.containsKey("own")) {
                p.put("deserialization.exception.handler", OwnDeserialization.class);
                p.put("processing.exception.handler", OwnProcessing.class);
                p.put("production.exception.handler", OwnProduction.class);
            }
            if (app.settings.containsKey("default.timestamp.extractor")) p.put("default.timestamp.extractor", LogAndSkipOnInvalidTimestamp.class);
            try {
                now = 1000000;
                Topology t = app.name.equals("extractor-wall") ? extractor(new Wall()) : app.build.apply(log);
                out.append(t.describe() + "\n");
                TopologyTestDriver d = new TopologyTestDriver(t, p, Instant.ofEpochMilli(1000000));
                int step = 0;
                boolean failed = false;
                Map<String, TestInputTopic<byte[], byte[]>> inputs = new HashMap<>();
                try {
                    for (String line : Files.readAllLines(Path.of(scripts, app.name + ".txt"))) {
                        String[] f = line.split(" ");
                        if (f[0].equals("A")) {
                            now += Long.parseLong(f[1]);
                            d.advanceWallClockTime(ms(Long.parseLong(f[1])));
                        } else {
                            Headers h = new RecordHeaders();
                            for (int i = 5; i < f.length; ++i) {
                                String[] kv = f[i].split("=", 2);
                                h.add(kv[0], kv[1].equals("~") ? null : kv[1].getBytes());
                            }
                            d.pipeRecord(f[1], new TestRecord<>(unhex(f[2]), unhex(f[3]), h, 0L), new ByteArraySerializer(), new ByteArraySerializer(), Instant.ofEpochMilli(Long.parseLong(f[4])));
                        }
                        collect(d, log, step);
                        ++step;
                    }
                } catch (Exception e) {
                    failed = true;
                    collect(d, log, step);
                    out.append("FAILED\t" + step + "\n");
                    System.err.println(app.name + ": " + e + " <- " + e.getCause());
                }
                double dropped = 0;
                for (var m : d.metrics().entrySet()) if (m.getKey().name().equals("dropped-records-total")) dropped += (Double) m.getValue().metricValue();
                out.append("DROPPED\t" + (long) dropped + "\n");
                if (app.finish != null && !failed) { app.finish.accept(d, log); for (String[] l : log.lines) out.append("fin:" + l[0] + '\t' + l[1] + '\n'); }
                try { d.close(); } catch (Exception e) { System.err.println("close: " + e); }
            } catch (Exception e) {
                out.append("BUILD FAILED\n");
                System.err.println(app.name + ": " + e);
                e.printStackTrace();
            }
        }
        System.out.print(out);
        System.out.flush();
        System.exit(0);
    }
}
