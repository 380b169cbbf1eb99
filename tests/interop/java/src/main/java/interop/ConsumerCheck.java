package interop;

import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.serialization.*;

/** Consumer groups (KIP-848) with the Java client, group.protocol=consumer; and groups that change their protocol while they run. */
public class ConsumerCheck {
    static String bootstrap;

    static KafkaConsumer<String, String> consumer(String group, String protocol, String... more) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("group.id", group);
        p.put("group.protocol", protocol);
        p.put("auto.offset.reset", "earliest");
        p.put("enable.auto.commit", "false");
        if (protocol.equals("classic")) p.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
        for (int i = 0; i < more.length; i += 2) p.put(more[i], more[i + 1]);
        return new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
    }

    static class Told implements ConsumerRebalanceListener {
        int assigned, revoked, lost;
        public void onPartitionsAssigned(Collection<TopicPartition> p) { assigned += p.size(); }
        public void onPartitionsRevoked(Collection<TopicPartition> p) { revoked += p.size(); }
        public void onPartitionsLost(Collection<TopicPartition> p) { lost += p.size(); }
    }

    static void check(boolean good, String what) {
        System.out.println((good ? "ok   " : "FAIL ") + what);
        if (!good) System.exit(1);
    }

    @FunctionalInterface interface Condition { boolean holds() throws Exception; }

    /** Polls all of them until it holds. */
    @SafeVarargs
    static boolean until(int seconds, Condition condition, KafkaConsumer<String, String>... consumers) throws Exception {
        long end = System.currentTimeMillis() + seconds * 3000L;   // patient: a busy machine is not the broker's fault
        while (System.currentTimeMillis() < end) {
            for (KafkaConsumer<String, String> c : consumers) c.poll(Duration.ofMillis(50));
            if (condition.holds()) return true;
            if (consumers.length == 0) Thread.sleep(100);
        }
        for (KafkaConsumer<String, String> c : consumers) System.out.println("     has " + c.assignment());
        return false;
    }

    static int sizes(Collection<KafkaConsumer<String, String>> consumers) {
        Set<TopicPartition> all = new HashSet<>();
        int sum = 0;
        for (KafkaConsumer<String, String> c : consumers) { all.addAll(c.assignment()); sum += c.assignment().size(); }
        return all.size() == sum ? sum : -1;
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        if (args.length > 1) {  // a member in a process of its own, to be killed
            KafkaConsumer<String, String> c = consumer(args[1], "consumer");
            c.subscribe(List.of(args[2]));
            while (true) {
                c.poll(Duration.ofMillis(100));
                if (!c.assignment().isEmpty()) { System.out.println("assigned"); System.out.flush(); }
            }
        }
        String run = Long.toString(System.currentTimeMillis(), 36);
        String topic = "cc-" + run, other = "cc-" + run + "-other";
        Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1))).all().get();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 100; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, "v" + i));
        }

        // subscribe, read, commit, a second member, a rebalance listener, one leaves
        String group = "g-" + run;
        Told told = new Told();
        KafkaConsumer<String, String> a = consumer(group, "consumer"), b = consumer(group, "consumer");
        a.subscribe(List.of(topic), told);
        int[] read = {0};
        long end = System.currentTimeMillis() + 15000;
        while (read[0] < 100 && System.currentTimeMillis() < end) read[0] += a.poll(Duration.ofMillis(100)).count();
        check(read[0] == 100, "one member reads all");
        a.commitSync();
        check(a.committed(Set.of(new TopicPartition(topic, 0))).get(new TopicPartition(topic, 0)).offset() == 25, "and commits");
        b.subscribe(List.of(topic));
        check(until(15, () -> a.assignment().size() == 2 && b.assignment().size() == 2, a, b), "two members share");
        check(told.assigned == 4 && told.revoked == 2 && told.lost == 0, "the listener was told");
        ConsumerGroupDescription d = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        check(d.type() == GroupType.CONSUMER && d.members().size() == 2 && d.groupState() == GroupState.STABLE, "described: " + d.groupState());
        b.close();
        check(until(15, () -> a.assignment().size() == 4, a), "one leaves, the other has all");

        // topics that come: by name and by expression
        KafkaConsumer<String, String> r = consumer("r-" + run, "consumer");
        r.subscribe(new SubscriptionPattern("cc-" + run + "(-other)?"));
        check(until(15, () -> r.assignment().size() == 4, r), "an expression");
        admin.createTopics(List.of(new NewTopic(other, 3, (short) 1))).all().get();
        check(until(30, () -> r.assignment().size() == 7, r), "a topic that matches comes");
        r.close();
        boolean refused = false;
        KafkaConsumer<String, String> bad = consumer("bad-" + run, "consumer");
        bad.subscribe(new SubscriptionPattern("cc-("));
        try { until(10, () -> false, bad); } catch (InvalidRegularExpression e) { refused = true; }
        check(refused, "a bad expression is refused");
        bad.close();

        // assignors
        KafkaConsumer<String, String> x = consumer("x-" + run, "consumer", "group.remote.assignor", "range"), y = consumer("x-" + run, "consumer", "group.remote.assignor", "range");
        x.subscribe(List.of(topic, other));
        y.subscribe(List.of(topic, other));
        check(until(15, () -> x.assignment().size() + y.assignment().size() == 7 && x.assignment().size() >= 3 && y.assignment().size() >= 3, x, y), "range: " + x.assignment().size() + " and " + y.assignment().size());
        x.close();
        y.close();

        // static members: back within the session, nothing moves
        KafkaConsumer<String, String> s = consumer("s-" + run, "consumer", "group.instance.id", "one"), t = consumer("s-" + run, "consumer", "group.instance.id", "two");
        s.subscribe(List.of(topic));
        t.subscribe(List.of(topic));
        check(until(15, () -> s.assignment().size() == 2 && t.assignment().size() == 2, s, t), "static members");
        Set<TopicPartition> before = s.assignment();
        s.close();
        KafkaConsumer<String, String> again = consumer("s-" + run, "consumer", "group.instance.id", "one");
        again.subscribe(List.of(topic));
        check(until(15, () -> again.assignment().equals(before) && t.assignment().size() == 2, again, t), "it is back with the same partitions");
        again.close();
        t.close();

        // a member is killed
        Process killed = new ProcessBuilder("java", "-cp", System.getProperty("java.class.path"), "interop.ConsumerCheck", bootstrap, group, topic).redirectErrorStream(true).start();
        check(until(30, () -> a.assignment().size() == 2, a), "a member in another process joins");
        killed.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        check(until(60, () -> a.assignment().size() == 4, a), "it is killed, and its partitions come back");
        a.close();

        // classic -> consumer -> classic, while it runs
        String m = "m-" + run;
        KafkaConsumer<String, String> c1 = consumer(m, "classic"), c2 = consumer(m, "classic");
        c1.subscribe(List.of(topic));
        c2.subscribe(List.of(topic));
        check(until(30, () -> c1.assignment().size() == 2 && c2.assignment().size() == 2, c1, c2), "two classic members");
        KafkaConsumer<String, String> n = consumer(m, "consumer");
        n.subscribe(List.of(topic));
        check(until(40, () -> n.assignment().size() == 1 && sizes(List.of(c1, c2, n)) == 4, c1, c2, n), "one of the new protocol joins: the group is upgraded");
        d = admin.describeConsumerGroups(List.of(m)).all().get().get(m);
        check(d.type() == GroupType.CONSUMER && d.members().size() == 3, "type " + d.type() + ", upgraded members: " +
            d.members().stream().map(one -> String.valueOf(one.upgraded().orElse(null))).sorted().collect(Collectors.joining(" ")));
        for (KafkaConsumer<String, String> c : List.of(c1, c2, n)) c.commitSync();
        KafkaConsumer<String, String> c3 = consumer(m, "classic");
        c3.subscribe(List.of(topic));
        check(until(40, () -> c3.assignment().size() == 1 && sizes(List.of(c1, c2, c3, n)) == 4, c1, c2, c3, n), "a classic one joins it");
        c3.close();
        check(until(40, () -> sizes(List.of(c1, c2, n)) == 4, c1, c2, n), "and leaves");
        n.close();
        check(until(40, () -> c1.assignment().size() == 2 && c2.assignment().size() == 2, c1, c2), "the last of the new protocol leaves: classic again");
        d = admin.describeConsumerGroups(List.of(m)).all().get().get(m);
        check(d.type() == GroupType.CLASSIC && d.members().size() == 2, "type " + d.type());
        c1.commitSync();
        c1.close();
        c2.close();
        check(admin.listOffsets(Map.of(new TopicPartition(topic, 0), OffsetSpec.latest())).all().get().size() == 1, "all done");
        System.exit(0);
    }
}
