package fraud;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The fraud example on Apache Kafka Streams: what its output must be. Values are the JSON texts of examples/fraud/fraud.cc.
 * Usage: FraudTwin DATA_DIR OUT_DIR. The test driver runs it undisturbed, caches off, one partition.
 */
public final class FraudTwin {

    /** A CSV amount such as 41.00 as the shortest JSON number: 41. */
    static String number(String csv) {
        if (csv.indexOf('.') < 0) return csv;
        int end = csv.length();
        while (csv.charAt(end - 1) == '0') end--;
        if (csv.charAt(end - 1) == '.') end--;
        return csv.substring(0, end);
    }

    static String payment(String[] c) {
        return "{\"tx_id\":\"" + c[0] + "\",\"merchant\":\"" + c[3] + "\",\"category\":\"" + c[4] + "\",\"channel\":\"" + c[5]
            + "\",\"amount\":" + number(c[6]) + ",\"country\":\"" + c[7] + "\",\"state\":\"" + c[8] + "\"}";
    }

    static String customer(String[] c) {
        return "{\"account\":\"" + c[1] + "\",\"city\":\"" + c[2] + "\",\"state\":\"" + c[3] + "\",\"job_category\":\"" + c[7]
            + "\",\"birth_year\":" + c[8] + "}";
    }

    static String field(String json, String name) {
        int at = json.indexOf("\"" + name + "\":") + name.length() + 3;
        if (json.charAt(at) == '"') return json.substring(at + 1, json.indexOf('"', at + 1));
        int end = at;
        while (json.charAt(end) != ',' && json.charAt(end) != '}') end++;
        return json.substring(at, end);
    }

    static String enriched(String payment, String customer) {
        return "{\"tx_id\":\"" + field(payment, "tx_id") + "\",\"account\":\"" + field(customer, "account")
            + "\",\"merchant\":\"" + field(payment, "merchant") + "\",\"amount\":" + field(payment, "amount")
            + ",\"home_state\":\"" + field(customer, "state") + "\",\"away\":"
            + !field(payment, "state").equals(field(customer, "state")) + "}";
    }

    public static void main(String[] args) throws Exception {
        Path data = Path.of(args[0]);
        Path out = Path.of(args[1]);
        Files.createDirectories(out);
        Duration minute = Duration.ofMinutes(1);

        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> payments = builder.stream("payments", Consumed.with(Serdes.String(), Serdes.String()));
        KTable<String, String> customers = builder.table("customers", Consumed.with(Serdes.String(), Serdes.String()));
        payments.groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .windowedBy(TimeWindows.ofSizeAndGrace(minute, Duration.ofSeconds(10)))
            .count(Materialized.as("payments-per-minute"))
            .toStream()
            .filter((card, n) -> n > 5)
            .map((card, n) -> KeyValue.pair(card.key(), "{\"rule\":\"velocity\",\"payments\":" + n
                + ",\"window_start\":" + card.window().start() + "}"))
            .to("alerts", Produced.with(Serdes.String(), Serdes.String()));
        payments.join(customers, FraudTwin::enriched, Joined.with(Serdes.String(), Serdes.String(), Serdes.String()))
            .to("enriched", Produced.with(Serdes.String(), Serdes.String()));
        payments.groupBy((card, p) -> field(p, "category"), Grouped.with("by-category", Serdes.String(), Serdes.String()))
            .windowedBy(TimeWindows.ofSizeAndGrace(minute, Duration.ofDays(30)))
            .count(Materialized.as("category-per-minute"))
            .toStream()
            .to("category-counts", Produced.with(
                WindowedSerdes.timeWindowedSerdeFrom(String.class, minute.toMillis()), Serdes.Long()));

        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, "fraud");
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:1");
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        config.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("fraud-twin").toString());

        var topology = builder.build();
        try (PrintWriter describe = writer(out.resolve("describe.txt"))) {
            describe.print(topology.describe());
        }
        TreeMap<String, CRC32C> enriched = new TreeMap<>();
        TreeMap<String, Integer> enrichedCount = new TreeMap<>();
        TreeMap<String, Long> categories = new TreeMap<>();
        try (TopologyTestDriver driver = new TopologyTestDriver(topology, config, Instant.ofEpochMilli(1_800_000_000_000L));
             PrintWriter alerts = writer(out.resolve("alerts.tsv"))) {
            TestInputTopic<String, String> in = driver.createInputTopic("payments", new StringSerializer(), new StringSerializer());
            TestInputTopic<String, String> table = driver.createInputTopic("customers", new StringSerializer(), new StringSerializer());
            TestOutputTopic<String, String> alertsOut = driver.createOutputTopic("alerts", new StringDeserializer(), new StringDeserializer());
            TestOutputTopic<String, String> enrichedOut = driver.createOutputTopic("enriched", new StringDeserializer(), new StringDeserializer());
            Deserializer<org.apache.kafka.streams.kstream.Windowed<String>> windowed =
                WindowedSerdes.timeWindowedSerdeFrom(String.class, minute.toMillis()).deserializer();
            TestOutputTopic<org.apache.kafka.streams.kstream.Windowed<String>, Long> counts =
                driver.createOutputTopic("category-counts", windowed, new LongDeserializer());
            List<String> rows = Files.readAllLines(data.resolve("customers.csv"));
            for (String row : rows.subList(1, rows.size())) {
                String[] c = row.split(",", -1);
                table.pipeInput(c[0], customer(c), 1_769_904_000_000L);
            }
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                    new GZIPInputStream(new FileInputStream(data.resolve("transactions.csv.gz").toFile())), StandardCharsets.UTF_8))) {
                reader.readLine();
                for (String row = reader.readLine(); row != null; row = reader.readLine()) {
                    String[] c = row.split(",", -1);
                    in.pipeInput(c[2], payment(c), Long.parseLong(c[1]));
                    for (TestRecord<String, String> r : alertsOut.readRecordsToList()) {
                        alerts.println(r.key() + "\t" + r.value() + "\t" + r.timestamp());
                    }
                    for (TestRecord<String, String> r : enrichedOut.readRecordsToList()) {
                        enriched.computeIfAbsent(r.key(), k -> new CRC32C())
                            .update((r.value() + "\t" + r.timestamp() + "\n").getBytes(StandardCharsets.UTF_8));
                        enrichedCount.merge(r.key(), 1, Integer::sum);
                    }
                    for (var r : counts.readRecordsToList()) {
                        String key = r.key().key() + "\t" + r.key().window().start();
                        long previous = categories.getOrDefault(key, 0L);
                        if (r.value() != previous + 1) throw new IllegalStateException("counts do not rise by one: " + key);
                        categories.put(key, r.value());
                    }
                }
            }
        }
        try (PrintWriter w = writer(out.resolve("enriched.tsv"))) {
            enriched.forEach((k, crc) -> w.println(k + "\t" + enrichedCount.get(k) + "\t" + Long.toHexString(crc.getValue())));
        }
        try (PrintWriter w = writer(out.resolve("category-counts.tsv"))) {
            categories.forEach((k, n) -> w.println(k + "\t" + n));
        }
    }

    private static PrintWriter writer(Path path) throws Exception {
        return new PrintWriter(Files.newBufferedWriter(path, StandardCharsets.UTF_8));
    }
}
