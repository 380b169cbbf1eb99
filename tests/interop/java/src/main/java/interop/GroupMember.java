package interop;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A group member of the Java client, classic protocol; see groups/judge.py. */
public final class GroupMember {
    private static final TreeSet<Integer> mine = new TreeSet<>();

    private static void told() {
        StringBuilder line = new StringBuilder("assigned");
        for (int partition : mine) line.append(' ').append(partition);
        System.out.println(line);
    }

    public static void main(String[] args) throws Exception {
        String mode = args[3];
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("group.id", args[2]);
        config.put("group.protocol", "classic");
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        config.put("session.timeout.ms", "6000");
        config.put("heartbeat.interval.ms", "1000");
        config.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer."
            + (mode.equals("cooperative") ? "CooperativeStickyAssignor" : "RangeAssignor"));
        if (args.length > 4) config.put("group.instance.id", args[4]);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(args[1]), new ConsumerRebalanceListener() {
                @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    partitions.forEach(tp -> mine.remove(tp.partition()));
                    told();
                }
                @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    partitions.forEach(tp -> mine.add(tp.partition()));
                    told();
                }
            });
            while (System.in.available() == 0) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) continue;
                try {
                    consumer.commitSync();
                } catch (CommitFailedException | RebalanceInProgressException e) {
                    System.out.println("commit " + e);
                    continue;
                }
                for (ConsumerRecord<String, String> record : records)
                    System.out.println("got " + record.partition() + " " + record.offset());
            }
        }
    }
}
