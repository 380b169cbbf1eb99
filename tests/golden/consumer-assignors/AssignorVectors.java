// Makes vectors.tsv.gz: what Apache Kafka 4.4's server-side assignors answer to random groups, each for three rounds (members
// come, go and change their subscriptions, topics grow), and the hashes of topics. One column-separated line per assignment:
//   assignor  topics  members  result
// topics: id=partitions,...; members and result: id[/instance]:topics:held; held: topic=p.p.p+topic=p
//
//   javac -cp 'kafka/libs/*' AssignorVectors.java && java -cp 'kafka/libs/*:.' AssignorVectors | gzip -9 >vectors.tsv.gz
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.common.runtime.*;
import org.apache.kafka.coordinator.group.Utils;
import org.apache.kafka.coordinator.group.api.assignor.*;
import org.apache.kafka.coordinator.group.assignor.*;
import org.apache.kafka.coordinator.group.modern.*;

public class AssignorVectors {
    static final Random random = new Random(44001);

    record Member(String instance, Set<Uuid> topics, Map<Uuid, Set<Integer>> held) {}

    static String sets(Map<Uuid, Set<Integer>> held) {
        return held.entrySet().stream().filter(e -> !e.getValue().isEmpty()).sorted(Comparator.comparing(e -> e.getKey().toString()))
            .map(e -> e.getKey() + "=" + e.getValue().stream().sorted().map(String::valueOf).collect(Collectors.joining(".")))
            .collect(Collectors.joining("+"));
    }

    static SubscriptionType type(Collection<Member> members) {
        return members.stream().map(Member::topics).distinct().count() <= 1 ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
    }

    static Map<Uuid, Set<Integer>> fromRecord(Map<Uuid, Set<Integer>> partitions) {
        Map<Uuid, Set<Integer>> copy = new HashMap<>();
        partitions.forEach((topic, held) -> { if (!held.isEmpty()) copy.put(topic, new HashSet<>(new TreeSet<>(held))); });
        return copy;
    }

    static void round(ConsumerGroupPartitionAssignor assignor, Map<Uuid, Integer> topics, TreeMap<String, Member> members) {
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
        Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
        members.forEach((id, m) -> {
            specs.put(id, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), Optional.ofNullable(m.instance), m.topics, new Assignment(m.held)));
            m.held.forEach((topic, held) -> held.forEach(p -> owners.computeIfAbsent(topic, t -> new HashMap<>()).put(p, id)));
        });
        GroupAssignment result = assignor.assign(new GroupSpecImpl(specs, type(members.values()), owners), new SubscribedTopicDescriber() {
            public int numPartitions(Uuid topic) { return topics.getOrDefault(topic, -1); }
            public Set<String> racksForPartition(Uuid topic, int partition) { return Set.of(); }
        });
        StringBuilder line = new StringBuilder(assignor.name()).append('\t');
        line.append(topics.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).sorted().collect(Collectors.joining(","))).append('\t');
        line.append(members.entrySet().stream().map(e -> e.getKey() + (e.getValue().instance == null ? "" : "/" + e.getValue().instance) + ":" +
            e.getValue().topics.stream().map(Uuid::toString).sorted().collect(Collectors.joining("+")) + ":" + sets(e.getValue().held))
            .collect(Collectors.joining(","))).append('\t');
        TreeMap<String, Member> next = new TreeMap<>();
        members.forEach((id, m) -> {
            MemberAssignment assigned = result.members().get(id);
            next.put(id, new Member(m.instance, m.topics, assigned == null ? new HashMap<>() : fromRecord(assigned.partitions())));
        });
        line.append(next.entrySet().stream().map(e -> e.getKey() + ":" + sets(e.getValue().held)).collect(Collectors.joining(",")));
        System.out.println(line);
        members.clear();
        members.putAll(next);
    }

    static Set<Uuid> some(List<Uuid> ids) {
        Set<Uuid> chosen = new HashSet<>();
        for (Uuid id : ids) if (random.nextInt(3) > 0) chosen.add(id);
        if (chosen.isEmpty()) chosen.add(ids.get(random.nextInt(ids.size())));
        return chosen;
    }

    public static void main(String[] args) {
        System.out.println("# Made by AssignorVectors.java with Apache Kafka 4.4.0.");
        for (int n = 0; n < 240; n++) {
            ConsumerGroupPartitionAssignor assignor = n % 3 == 0 ? new RangeAssignor() : new UniformAssignor();
            boolean same = n % 2 == 0;
            Map<Uuid, Integer> topics = new HashMap<>();
            int count = 1 + random.nextInt(n % 5 == 0 ? 14 : 4);
            for (int t = 0; t < count; t++) topics.put(new Uuid(random.nextLong(), random.nextLong()), 1 + random.nextInt(n % 7 == 0 ? 60 : 9));
            TreeMap<String, Member> members = new TreeMap<>();
            int size = 1 + random.nextInt(n % 8 == 0 ? 12 : 5);
            for (int round = 0; round < 3; round++) {
                List<Uuid> ids = new ArrayList<>(new TreeSet<>(topics.keySet()));
                if (round > 0 && !members.isEmpty() && random.nextBoolean()) members.remove(members.firstKey());
                if (round > 0 && random.nextInt(3) == 0) topics.computeIfPresent(ids.get(0), (id, p) -> p + 3);
                int add = round == 0 ? size : random.nextInt(3);
                for (int m = 0; m < add; m++)
                    members.put("m" + (random.nextInt(90) + 10) + "-" + new Uuid(random.nextLong(), random.nextLong()).toString().substring(0, 6).replace('/', '_'),
                        new Member(random.nextInt(4) == 0 ? "i" + random.nextInt(1000) : null, same ? new HashSet<>(ids) : some(ids), new HashMap<>()));
                if (members.isEmpty()) continue;
                if (!same && !members.isEmpty() && random.nextBoolean())
                    members.computeIfPresent(members.lastKey(), (id, m) -> new Member(m.instance, some(ids), m.held));
                round(assignor, topics, members);
            }
        }
        // hash  id  name  partitions  racks of each partition (p;p, names joined by +)  hash
        for (int n = 0; n < 30; n++) {
            Uuid id = new Uuid(random.nextLong(), random.nextLong());
            String name = "topic-" + "x".repeat(random.nextInt(60)) + n;
            int partitions = 1 + random.nextInt(40);
            List<List<String>> racks = new ArrayList<>();
            for (int p = 0; p < partitions; p++) {
                List<String> some = new ArrayList<>();
                for (int r = random.nextInt(n % 2 == 0 ? 1 : 3); r > 0; r--) some.add("rack" + random.nextInt(5));
                racks.add(some);
            }
            CoordinatorMetadataImage.TopicMetadata topic = new CoordinatorMetadataImage.TopicMetadata() {
                public String name() { return name; }
                public Uuid id() { return id; }
                public int partitionCount() { return partitions; }
                public List<String> partitionRacks(int p) { return new ArrayList<>(racks.get(p)); }
            };
            CoordinatorMetadataImage image = (CoordinatorMetadataImage) java.lang.reflect.Proxy.newProxyInstance(AssignorVectors.class.getClassLoader(),
                new Class<?>[] {CoordinatorMetadataImage.class}, (proxy, method, arguments) -> Optional.of(topic));
            System.out.println("hash\t" + id + "\t" + name + "\t" + partitions + "\t" +
                racks.stream().map(r -> String.join("+", r)).collect(Collectors.joining(";")) + "\t" + Utils.computeTopicHash(name, image));
        }
        System.out.println("group\ta=1,b=-7,c=99\t" + Utils.computeGroupHash(Map.of("b", -7L, "a", 1L, "c", 99L)));
    }
}
