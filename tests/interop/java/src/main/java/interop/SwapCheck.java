package interop;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What a Java client makes and sees of a broker whose data directory was another broker's before.
 * fill HOST:PORT ROUND          topics, configs, records of all codecs, transactions, group offsets
 * dump HOST:PORT FILE           everything that can be seen, one line each, sorted
 * live HOST:PORT DIR            producers that outlive the broker: steps when DIR/step-N appears, then makes DIR/done-N
 */
public final class SwapCheck {
    private static String bootstrap;
    private static final long BASE = Long.parseLong(System.getenv().getOrDefault("BASE_MS", "" + System.currentTimeMillis()));

    static KafkaProducer<String, String> producer(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", 0,
            "delivery.timeout.ms", 120_000, "max.block.ms", 120_000));
        config.putAll(more);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    static ProducerRecord<String, String> record(String topic, int partition, long ts, String key, String value) {
        ProducerRecord<String, String> r = new ProducerRecord<>(topic, partition, ts, key, value);
        r.headers().add("h", "x".getBytes());
        return r;
    }

    static Admin admin() {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("request.timeout.ms", "30000");
        return Admin.create(p);
    }

    static void fill(int round) throws Exception {
        long now = BASE + round * 100_000L;
        try (Admin admin = admin()) {
            Set<String> there = admin.listTopics().names().get();
            List<NewTopic> topics = new ArrayList<>();
            if (!there.contains("plain")) {
                topics.add(new NewTopic("plain", 3, (short) 1).configs(Map.of("retention.ms", "-1", "segment.bytes", "1048576")));
                topics.add(new NewTopic("txn", 2, (short) 1));
                topics.add(new NewTopic("compacted", 1, (short) 1).configs(Map.of("cleanup.policy", "compact", "segment.ms", "1000",
                    "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "100000")));
                topics.add(new NewTopic("trimmed", 1, (short) 1).configs(Map.of("message.timestamp.type", "LogAppendTime",
                    "compression.type", "zstd")));
            }
            topics.add(new NewTopic("round-" + round, 1, (short) 1));
            topics.add(new NewTopic("doomed-" + round, 2, (short) 1));
            admin.createTopics(topics).all().get();
            Thread.sleep(500);
            for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                try (var producer = producer(Map.of("compression.type", codec))) {
                    for (int i = 0; i < 200; i++)
                        producer.send(record("plain", i % 3, now + i, "k" + i, codec + round + "-" + "v".repeat(i)));
                    for (int i = 0; i < 50; i++)
                        producer.send(record("trimmed", 0, now + i, "k" + i % 7, codec + round + i));
                    producer.send(record("doomed-" + round, 1, now, "k", "v"));
                    producer.send(record("round-" + round, 0, now, "k", codec));
                }
            }
            try (var producer = producer(Map.of())) {
                for (int i = 0; i < 60; i++) {
                    producer.send(record("compacted", 0, now + i * 500L, "k" + i % 9, i % 10 == 3 ? null : "c" + round + "-" + i));
                    if (i % 10 == 0) producer.flush();
                }
            }
            try (var producer = producer(Map.of("transactional.id", "swap-" + round))) {
                producer.initTransactions();
                for (int t = 0; t < 6; t++) {
                    producer.beginTransaction();
                    for (int i = 0; i < 5; i++) producer.send(record("txn", i % 2, now + i, "t" + t, "txn" + round + "-" + t + "-" + i));
                    producer.send(record("compacted", 0, now + 40_000 + t, "t" + t % 2, "txn" + round + "-" + t));
                    producer.sendOffsetsToTransaction(Map.of(new TopicPartition("plain", t % 3), new OffsetAndMetadata(10L * round + t, "meta" + t)),
                        new org.apache.kafka.clients.consumer.ConsumerGroupMetadata("txn-group"));
                    if (t % 3 == 1) producer.abortTransaction(); else producer.commitTransaction();
                }
            }
            admin.alterConsumerGroupOffsets("simple-group", Map.of(new TopicPartition("plain", 0), new OffsetAndMetadata(3 + round, "m"),
                new TopicPartition("txn", 1), new OffsetAndMetadata(2))).all().get();
            Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", "classic-group",
                "auto.offset.reset", "earliest", "enable.auto.commit", false, "group.protocol", "classic"));
            try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of("plain"));
                long deadline = System.currentTimeMillis() + 20_000;
                int got = 0;
                while (got == 0 && System.currentTimeMillis() < deadline) got = consumer.poll(Duration.ofMillis(200)).count();
                consumer.commitSync();
            }
            admin.deleteRecords(Map.of(new TopicPartition("trimmed", 0), RecordsToDelete.beforeOffset(20L + round * 10))).all().get();
            admin.incrementalAlterConfigs(Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, "txn"), List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "" + (9_000_000_000L + round)), AlterConfigOp.OpType.SET)),
                new ConfigResource(ConfigResource.Type.BROKER, ""), List.of(new AlterConfigOp(new ConfigEntry("log.retention.ms", "" + (8_000_000_000L + round)), AlterConfigOp.OpType.SET)))).all().get();
            admin.createPartitions(Map.of("round-" + round, NewPartitions.increaseTo(2))).all().get();
            admin.deleteTopics(List.of("doomed-" + round)).all().get();
        }
        System.out.println("filled, round " + round);
    }

    static String show(ConsumerRecord<String, String> r) {
        StringBuilder h = new StringBuilder();
        for (Header one : r.headers()) h.append(one.key()).append('=').append(new String(one.value()));
        return r.offset() + " " + r.timestampType() + " " + r.timestamp() + " " + r.leaderEpoch().orElse(-1) + " " + r.key() + " "
            + (r.value() == null ? "null" : r.value().length() + ":" + r.value().hashCode()) + " " + h;
    }

    static void dump(String file) throws Exception {
        try (Admin admin = admin(); PrintStream out = new PrintStream(file)) {
            out.println("cluster " + admin.describeCluster().clusterId().get());
            for (var e : new TreeMap<>(admin.describeFeatures().featureMetadata().get().finalizedFeatures()).entrySet())
                out.println("feature " + e.getKey() + " " + e.getValue());
            Collection<String> names = new TreeSet<>(admin.listTopics(new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true)).names().get());
            Map<String, TopicDescription> topics = new TreeMap<>(admin.describeTopics(names).allTopicNames().get());
            List<TopicPartition> all = new ArrayList<>();
            for (TopicDescription t : topics.values()) {
                out.println("topic " + t.name() + " " + t.topicId() + " " + t.partitions().size() + " internal " + t.isInternal());
                for (var p : t.partitions())
                    if (!t.isInternal()) all.add(new TopicPartition(t.name(), p.partition()));
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, t.name());
                for (ConfigEntry e : new ArrayList<>(admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()).stream()
                    .sorted((a, b) -> a.name().compareTo(b.name())).toList())
                    out.println("config " + t.name() + " " + e.name() + "=" + e.value() + " " + e.source());
            }
            ConfigResource brokers = new ConfigResource(ConfigResource.Type.BROKER, "1");
            for (ConfigEntry e : admin.describeConfigs(List.of(brokers)).all().get().get(brokers).entries())
                if (e.source() == ConfigEntry.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG) out.println("broker config " + e.name() + "=" + e.value());
            for (TopicPartition tp : all) {
                for (Map.Entry<String, OffsetSpec> spec : new TreeMap<>(Map.of("earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(),
                    "max", OffsetSpec.maxTimestamp(), "at", OffsetSpec.forTimestamp(BASE + 20))).entrySet()) {
                    var r = admin.listOffsets(Map.of(tp, spec.getValue())).partitionResult(tp).get();
                    out.println("offsets " + tp + " " + spec.getKey() + " " + r.offset() + " " + r.timestamp() + (spec.getKey().equals("latest") || r.offset() == 0 ? "" : " " + r.leaderEpoch().orElse(-1)));
                }
                for (String isolation : List.of("read_uncommitted", "read_committed")) {
                    Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation,
                        "auto.offset.reset", "earliest", "enable.auto.commit", false));
                    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
                        consumer.assign(List.of(tp));
                        consumer.seekToBeginning(List.of(tp));
                        long end = consumer.endOffsets(List.of(tp)).get(tp);
                        long deadline = System.currentTimeMillis() + 15_000;
                        while (consumer.position(tp) < end && System.currentTimeMillis() < deadline)
                            for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(100))) out.println(isolation + " " + tp + " " + show(r));
                        out.println(isolation + " " + tp + " end " + end + " position " + consumer.position(tp));
                    }
                }
            }
            for (String group : List.of("simple-group", "classic-group", "txn-group", "live-group")) {
                var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
                TreeMap<String, String> sorted = new TreeMap<>();
                offsets.forEach((tp, o) -> sorted.put(tp.toString(), o == null ? "none" : o.offset() + " " + o.metadata() + " " + o.leaderEpoch().orElse(-1)));
                sorted.forEach((tp, o) -> out.println("group " + group + " " + tp + " " + o));
            }
        }
    }

    static void await(Path path) throws Exception {
        while (!Files.exists(path)) Thread.sleep(50);
    }

    /** An idempotent and a transactional producer that go on over restarts; a transaction is left open at each. */
    static void live(Path dir) throws Exception {
        try (var idempotent = producer(Map.of("enable.idempotence", true)); var txn = producer(Map.of("transactional.id", "live",
            "transaction.timeout.ms", 600_000))) {
            txn.initTransactions();
            long last = -1;
            int transaction = 0;
            for (int step = 0; ; step++) {
                await(dir.resolve("step-" + step));
                if (Files.readString(dir.resolve("step-" + step)).startsWith("end")) break;
                if (step > 0) {
                    txn.send(record("live", 0, BASE + step, "t", "after the swap " + transaction)).get();
                    txn.commitTransaction();
                }
                for (int i = 0; i < 10; i++) {
                    long at = idempotent.send(record("live", 1, BASE + step, "i", step + "-" + i)).get().offset();
                    if (at != last + 1) throw new IllegalStateException("FAILED: idempotent record at " + at + " after " + last);
                    last = at;
                }
                txn.beginTransaction();
                txn.send(record("live", 0, BASE + step, "t", "before the swap " + ++transaction)).get();
                txn.sendOffsetsToTransaction(Map.of(new TopicPartition("live", 1), new OffsetAndMetadata(last)),
                    new org.apache.kafka.clients.consumer.ConsumerGroupMetadata("live-group"));
                Files.writeString(dir.resolve("done-" + step), "");
                System.out.println("ok  live step " + step);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[1];
        switch (args[0]) {
            case "fill" -> fill(Integer.parseInt(args[2]));
            case "dump" -> dump(args[2]);
            case "live" -> {
                try (Admin admin = admin()) {
                    if (!admin.listTopics().names().get().contains("live")) admin.createTopics(List.of(new NewTopic("live", 2, (short) 1))).all().get();
                }
                live(Path.of(args[2]));
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.exit(0);
    }
}
