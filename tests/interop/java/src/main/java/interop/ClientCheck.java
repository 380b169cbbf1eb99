package interop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What the Java client of Apache Kafka does against a broker: admin, produce, consume, transactions. Usage: HOST:PORT. */
public final class ClientCheck {
    private static String bootstrap;

    static void check(boolean condition, String what) {
        if (!condition) throw new IllegalStateException("FAILED: " + what);
        System.out.println("ok  " + what);
    }

    static KafkaProducer<String, String> producer(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", 0));
        config.putAll(more);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    static List<ConsumerRecord<String, String>> consume(String topic, int partition, String isolation, int atLeast) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation,
            "auto.offset.reset", "earliest", "enable.auto.commit", false));
        List<ConsumerRecord<String, String>> all = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            TopicPartition tp = new TopicPartition(topic, partition);
            consumer.assign(List.of(tp));
            consumer.seekToBeginning(List.of(tp));
            long end = consumer.endOffsets(List.of(tp)).get(tp);
            long deadline = System.currentTimeMillis() + 10_000;
            while (consumer.position(tp) < end && System.currentTimeMillis() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(all::add);
            }
            check(all.size() >= atLeast, isolation + " reader of " + topic + " got " + all.size() + " records");
        }
        return all;
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        String run = Long.toString(System.currentTimeMillis());
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            var cluster = admin.describeCluster();
            check(!cluster.nodes().get().isEmpty() && cluster.clusterId().get() != null, "describeCluster " + cluster.clusterId().get());
            String topic = "java-" + run;
            var created = admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "86400000"))));
            check(created.numPartitions(topic).get() == 2, "createTopics gives the partition count");
            try {
                admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
                check(false, "creating a topic twice fails");
            } catch (java.util.concurrent.ExecutionException e) {
                check(e.getCause() instanceof TopicExistsException, "creating a topic twice: " + e.getCause().getMessage());
            }
            check(admin.listTopics().names().get().contains(topic), "listTopics");
            check(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size() == 2, "describeTopics");
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
            var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            check(config.get("retention.ms").value().equals("86400000"), "describeConfigs of a topic");
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
            check(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size() == 3, "createPartitions");

            for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                try (var producer = producer(Map.of("compression.type", codec))) {
                    List<java.util.concurrent.Future<RecordMetadata>> sent = new ArrayList<>();
                    for (int i = 0; i < 200; i++) {
                        var record = new ProducerRecord<>(topic, 0, "k" + i, codec + "-" + i);
                        record.headers().add("h", codec.getBytes());
                        sent.add(producer.send(record));
                    }
                    for (int i = 1; i < sent.size(); i++) {
                        if (sent.get(i).get().offset() != sent.get(i - 1).get().offset() + 1) check(false, codec + " offsets in order");
                    }
                }
            }
            List<ConsumerRecord<String, String>> read = consume(topic, 0, "read_uncommitted", 1000);
            check(read.get(999).value().equals("zstd-199") && new String(read.get(999).headers().lastHeader("h").value()).equals("zstd"),
                "all codecs come back, with headers");

            var transactional = producer(Map.of("transactional.id", "java-tx-" + run));
            transactional.initTransactions();
            transactional.beginTransaction();
            for (int i = 0; i < 10; i++) transactional.send(new ProducerRecord<>(topic, 1, "c", "committed-" + i));
            transactional.commitTransaction();
            transactional.beginTransaction();
            for (int i = 0; i < 10; i++) transactional.send(new ProducerRecord<>(topic, 1, "a", "aborted-" + i));
            transactional.flush();
            transactional.abortTransaction();
            transactional.beginTransaction();
            transactional.send(new ProducerRecord<>(topic, 1, "c", "committed-10"));
            transactional.commitTransaction();
            List<ConsumerRecord<String, String>> committed = consume(topic, 1, "read_committed", 11);
            check(committed.size() == 11 && committed.stream().allMatch(r -> r.value().startsWith("committed-")),
                "read_committed sees the committed transactions alone");
            check(consume(topic, 1, "read_uncommitted", 21).size() == 21, "read_uncommitted sees the aborted one too");
            var successor = producer(Map.of("transactional.id", "java-tx-" + run));
            successor.initTransactions();
            try {
                transactional.beginTransaction();
                transactional.send(new ProducerRecord<>(topic, 1, "z", "zombie"));
                transactional.commitTransaction();
                check(false, "a fenced producer fails");
            } catch (ProducerFencedException | org.apache.kafka.common.errors.InvalidProducerEpochException e) {
                check(true, "a fenced producer fails: " + e.getClass().getSimpleName());
            }
            transactional.close(Duration.ZERO);
            for (int t = 0; t < 50; t++) {
                successor.beginTransaction();
                successor.send(new ProducerRecord<>(topic, 2, "t", "t" + t));
                if (t % 5 == 4) successor.abortTransaction();
                else successor.commitTransaction();
            }
            successor.close();
            check(consume(topic, 2, "read_committed", 40).size() == 40, "50 transactions in a row, every fifth aborted");

            TopicPartition zero = new TopicPartition(topic, 0);
            check(admin.listOffsets(Map.of(zero, OffsetSpec.latest())).all().get().get(zero).offset() == 1000, "listOffsets latest");
            check(admin.listOffsets(Map.of(zero, OffsetSpec.maxTimestamp())).all().get().get(zero).offset() >= 0, "listOffsets maxTimestamp");
            admin.deleteRecords(Map.of(zero, RecordsToDelete.beforeOffset(100))).all().get();
            check(admin.listOffsets(Map.of(zero, OffsetSpec.earliest())).all().get().get(zero).offset() == 100, "deleteRecords moves the start");
            admin.deleteTopics(Set.of(topic)).all().get();
            check(!admin.listTopics().names().get().contains(topic), "deleteTopics");
        }
        System.out.println("PASSED");
    }
}
