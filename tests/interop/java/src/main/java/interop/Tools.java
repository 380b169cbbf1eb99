package interop;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.internals.Exit;

/**
 * Kafka's command-line tools, one after the other in one JVM, so that a list of commands takes seconds. Usage: HOST:PORT FILE.
 * A line of the file is a tool's name and its arguments; "{}" is HOST:PORT, "'..'" keeps blanks, "<<< text" is the input, \n in
 * it a new line. Printed: the line, what the tool wrote, and its exit status when that is not 0.
 */
public final class Tools {
    private static final Map<String, String> TOOLS = Map.ofEntries(
        Map.entry("kafka-topics", "org.apache.kafka.tools.TopicCommand"),
        Map.entry("kafka-configs", "org.apache.kafka.tools.ConfigCommand"),
        Map.entry("kafka-get-offsets", "org.apache.kafka.tools.GetOffsetShell"),
        Map.entry("kafka-transactions", "org.apache.kafka.tools.TransactionsCommand"),
        Map.entry("kafka-metadata-quorum", "org.apache.kafka.tools.MetadataQuorumCommand"),
        Map.entry("kafka-log-dirs", "org.apache.kafka.tools.LogDirsCommand"),
        Map.entry("kafka-delete-records", "org.apache.kafka.tools.DeleteRecordsCommand"),
        Map.entry("kafka-features", "org.apache.kafka.tools.FeatureCommand"),
        Map.entry("kafka-cluster", "org.apache.kafka.tools.ClusterTool"),
        Map.entry("kafka-broker-api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand"),
        Map.entry("kafka-leader-election", "org.apache.kafka.tools.LeaderElectionCommand"),
        Map.entry("kafka-reassign-partitions", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"),
        Map.entry("kafka-client-metrics", "org.apache.kafka.tools.ClientMetricsCommand"),
        Map.entry("kafka-console-producer", "org.apache.kafka.tools.ConsoleProducer"),
        Map.entry("kafka-console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
        Map.entry("kafka-groups", "org.apache.kafka.tools.GroupsCommand"),
        Map.entry("kafka-consumer-groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
        Map.entry("kafka-acls", "org.apache.kafka.tools.AclCommand"),
        Map.entry("kafka-delegation-tokens", "org.apache.kafka.tools.DelegationTokenCommand"));

    private static final class Exited extends RuntimeException {
        final int status;
        Exited(int status) {
            super(null, null, false, false);
            this.status = status;
        }
    }

    static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false, any = false;
        for (char c : (line + " ").toCharArray()) {
            if (c == '\'') {
                quoted = !quoted;
                any = true;
            } else if (c == ' ' && !quoted) {
                if (any || word.length() > 0) words.add(word.toString());
                word.setLength(0);
                any = false;
            } else {
                word.append(c);
            }
        }
        return words;
    }

    public static void main(String[] args) throws Exception {
        Exit.setExitProcedure((status, message) -> { throw new Exited(status); });
        Exit.setHaltProcedure((status, message) -> { throw new Exited(status); });
        PrintStream out = System.out;
        for (String line : Files.readAllLines(Path.of(args[1]))) {
            if (line.isBlank() || line.startsWith("#")) continue;
            String input = "", command = line;
            int at = line.indexOf(" <<< ");
            if (at >= 0) {
                input = line.substring(at + 5).replace("\\n", "\n") + "\n";
                command = line.substring(0, at);
            }
            List<String> words = words(command.replace("{}", args[0]));
            out.println("$ " + line);
            if (words.get(0).equals("sleep")) {
                Thread.sleep(Long.parseLong(words.get(1)));
                continue;
            }
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            PrintStream capture = new PrintStream(said, true, StandardCharsets.UTF_8);
            System.setOut(capture);
            System.setErr(capture);
            System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
            int[] status = {0};
            Thread tool = new Thread(() -> {
                try {
                    Class.forName(TOOLS.get(words.get(0))).getMethod("main", String[].class)
                        .invoke(null, (Object) words.subList(1, words.size()).toArray(new String[0]));
                } catch (java.lang.reflect.InvocationTargetException e) {
                    Throwable cause = e.getCause();
                    if (cause instanceof Exited exited) status[0] = exited.status;
                    else {
                        status[0] = 1;
                        capture.println(cause);
                    }
                } catch (Exited e) {
                    status[0] = e.status;
                } catch (Exception e) {
                    status[0] = 2;
                    capture.println(e);
                }
            });
            tool.setDaemon(true);
            tool.start();
            tool.join(40_000);
            capture.flush();
            out.print(said.toString(StandardCharsets.UTF_8));
            if (tool.isAlive()) out.println("(still running after 40 s)");
            if (status[0] != 0) out.println("(exit " + status[0] + ")");
            out.flush();
        }
        Runtime.getRuntime().halt(0);
    }
}
