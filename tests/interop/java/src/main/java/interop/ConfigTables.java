package interop;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * What Apache Kafka's own definitions say of every config: the rows of broker/config/kafka_configs.inc. Run by
 * tests/interop/config_tables.sh. Arguments: the file to write.
 */
public class ConfigTables {
    private static final StringBuilder out = new StringBuilder();

    private static String quoted(String text) {
        StringBuilder b = new StringBuilder("\"");
        for (byte raw : text.getBytes(StandardCharsets.UTF_8)) {
            int c = raw & 0xff;
            if (c == '"' || c == '\\') b.append('\\').append((char) c);
            else if (c == '\n') b.append("\\n");
            else if (c < 32 || c > 126) b.append(String.format("\\%03o", c));
            else b.append((char) c);
        }
        return b.append('"').toString();
    }

    // As DescribeConfigs writes a value.
    private static String text(Object value, ConfigDef.Type type) {
        return ConfigDef.convertToString(value, type);
    }

    private static void row(ConfigDef.ConfigKey key, String doc, String mode, List<String> synonyms) {
        Object value = key.hasDefault() ? key.defaultValue : null;
        String def = value == null ? null : text(value, key.type);
        out.append("    {").append(quoted(key.name)).append(", ").append(key.type == ConfigDef.Type.PASSWORD ? "ConfigType::Password"
            : "ConfigType::" + key.type.name().charAt(0) + key.type.name().substring(1).toLowerCase());
        out.append(", ").append(key.hasDefault() ? "true" : "false").append(", ").append(def == null ? "nullptr" : quoted(def));
        String validator = key.validator == null ? "" : key.validator.toString();
        if (validator.contains("$Lambda")) validator = "";
        out.append(", ").append(quoted(validator)).append(", ").append(quoted(mode));
        out.append(", ").append(key.internalConfig ? "true" : "false").append(",\n     ").append(quoted(String.join(",", synonyms)));
        out.append(",\n     ").append(quoted(doc == null ? "" : doc)).append("},\n");
    }

    private static void table(String name, ConfigDef def) {
        out.append("constexpr KafkaConfig k").append(name).append("Configs[] = {\n");
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (ConfigDef.ConfigKey key : new TreeMap<>(def.configKeys()).values()) {
            String mode = name.equals("Broker") ? modes.getOrDefault(key.name, "read-only") : "";
            List<String> synonyms = List.of();
            if (name.equals("Broker"))
                synonyms = DynamicBrokerConfig.brokerConfigSynonyms(key.name, true);
            else if (name.equals("Topic"))
                synonyms = ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(key.name, List.of()).stream()
                    .map(ConfigSynonym::name).toList();
            row(key, key.documentation, mode, synonyms);
        }
        out.append("};\n\n");
    }

    public static void main(String[] args) throws Exception {
        out.append("// Generated from Apache Kafka's own definitions by tests/interop/config_tables.sh: do not edit.\n"
            + "// Names, types, defaults, validators, update modes and documentation are Apache Kafka 4.4.0's, Copyright The\n"
            + "// Apache Software Foundation, Apache License 2.0 (see NOTICE).\n"
            + "// Row: name, type, has a default, default (null: none), validator, update mode, internal, synonyms, documentation.\n"
            + "// clang-format off\n");
        table("Broker", AbstractKafkaConfig.CONFIG_DEF);
        table("BrokerQuota", QuotaConfig.brokerQuotaConfigs());
        table("Topic", LogConfig.configDefCopy());
        table("Group", GroupConfig.CONFIG_DEF);
        table("ClientMetrics", ClientMetricsConfigs.configDef());
        Files.writeString(Path.of(args[0]), out.toString());
    }
}
