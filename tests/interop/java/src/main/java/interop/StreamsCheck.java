package interop;

import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Apache Kafka Streams with the streams group protocol (KIP-1071), exactly once, on the broker at args[0]: two instances share a
 * repartition and a count, one is closed, one comes back; every record counts once.
 */
public final class StreamsCheck {

    static final int KEYS = 20;
    static final int EACH = 60;

    static Topology topology(String in, String out) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> words = builder.stream(in);
        words.selectKey((k, v) -> v)
            .groupByKey(Grouped.as("by-word"))
            .count(Materialized.as("counts"))
            .toStream()
            .to(out, Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    static KafkaStreams start(String bootstrap, String app, String in, String out) throws Exception {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, app);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("streams-check").toString());
        config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        KafkaStreams streams = new KafkaStreams(topology(in, out), config);
        streams.setUncaughtExceptionHandler(e -> {
            System.out.println("uncaught: " + e);
            e.printStackTrace(System.out);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        return streams;
    }

    static void feed(KafkaProducer<String, String> producer, String in) {
        for (int i = 0; i < KEYS * EACH; i++) producer.send(new ProducerRecord<>(in, i % 4, null, "word-" + i % KEYS));
        producer.flush();
    }

    static void awaitRunning(KafkaStreams streams) throws Exception {
        long until = System.currentTimeMillis() + 60_000;
        while (streams.state() != KafkaStreams.State.RUNNING) {
            if (System.currentTimeMillis() > until) throw new IllegalStateException("not running: " + streams.state());
            Thread.sleep(20);
        }
    }

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        String run = UUID.randomUUID().toString().substring(0, 8);
        String in = "streams-in-" + run, out = "streams-out-" + run, app = "streams-check-" + run;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(in, 4, (short) 1), new NewTopic(out, 4, (short) 1))).all().get();
            KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap),
                new StringSerializer(), new StringSerializer());
            Map<String, Object> reading = new HashMap<>();
            reading.put("bootstrap.servers", bootstrap);
            reading.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
            KafkaConsumer<String, Long> consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new LongDeserializer());
            List<TopicPartition> partitions = List.of(new TopicPartition(out, 0), new TopicPartition(out, 1), new TopicPartition(out, 2),
                new TopicPartition(out, 3));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<String, Long> last = new HashMap<>();

            long begun = System.currentTimeMillis();
            feed(producer, in);
            KafkaStreams one = start(bootstrap, app, in, out);
            awaitRunning(one);
            System.out.println("first instance runs after " + (System.currentTimeMillis() - begun) + " ms");
            expect(consumer, last, EACH);
            System.out.println("first output complete after " + (System.currentTimeMillis() - begun) + " ms");
            KafkaStreams two = start(bootstrap, app, in, out);
            awaitRunning(two);
            feed(producer, in);
            expect(consumer, last, 2 * EACH);
            long shared = System.currentTimeMillis();
            while (tasks(two) == 0 && System.currentTimeMillis() < shared + 60_000) Thread.sleep(50);
            check(tasks(one) > 0 && tasks(two) > 0, "both instances have tasks: " + tasks(one) + " and " + tasks(two));
            System.out.println("tasks: " + tasks(one) + " and " + tasks(two));
            one.close(Duration.ofSeconds(30));
            feed(producer, in);
            expect(consumer, last, 3 * EACH);
            System.out.println("the other one took over");
            KafkaStreams three = start(bootstrap, app, in, out);
            awaitRunning(three);
            feed(producer, in);
            expect(consumer, last, 4 * EACH);
            var described = admin.describeStreamsGroups(List.of(app)).all().get().get(app);
            check(described.members().size() == 4, "four members: " + described.members().size());
            System.out.println("group: " + described.groupState() + ", epoch " + described.groupEpoch());
            two.close(Duration.ofSeconds(30));
            three.close(Duration.ofSeconds(30));
            check(last.size() == KEYS, "keys");
        }
        System.out.println("streams: every record counted once");
    }

    static int tasks(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream().mapToInt(t -> t.activeTasks().size()).sum();
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new IllegalStateException(what);
    }

    /** Counts rise by one; each key ends at `count`. */
    static void expect(KafkaConsumer<String, Long> consumer, Map<String, Long> last, long count) {
        long until = System.currentTimeMillis() + 90_000;
        while (last.size() < KEYS || last.values().stream().anyMatch(n -> n < count)) {
            check(System.currentTimeMillis() < until, "output stops at " + last);
            consumer.poll(Duration.ofMillis(100)).forEach(r -> {
                long before = last.getOrDefault(r.key(), 0L);
                check(r.value() > before, r.key() + " goes from " + before + " to " + r.value());
                last.put(r.key(), r.value());
            });
        }
        check(last.values().stream().allMatch(n -> n == count), "counted twice: " + last);
    }
}
