#include "millrace/broker/config/kafka_configs.h"

#include <algorithm>

namespace millrace::broker {
namespace {

#include "millrace/broker/config/kafka_configs.inc"

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> items;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        items.push_back(trimmed(text.substr(0, comma)));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return items;
}

// What ConfigDef's validators print of themselves.
ConfigRule rule_of(std::string_view text) {
    ConfigRule rule;
    if (text == "non-empty string") {
        rule.form = ValueForm::NonEmpty;
    } else if (text.starts_with("[partitionId]")) {
        rule.form = ValueForm::ThrottledReplicas;
    } else if (text.ends_with("by_duration:PnDTnHnMn.nS]")) {
        rule.form = ValueForm::OffsetReset;
    } else if (text.find("...") != std::string_view::npos) {  // [min,...,max], "or -1" behind it
        if (text.ends_with(" or -1")) rule.or_value = -1;
        const std::size_t open = text.find('['), close = text.find(']');
        for (std::string_view item : split(text.substr(open + 1, close - open - 1))) {
            double value = 0;
            if (!parse_double(item, value)) continue;
            (item.data() < text.data() + text.find("...") ? rule.min : rule.max) = value;
        }
    } else if (const std::size_t open = text.find('['); open != std::string_view::npos) {
        rule.ignore_case = text.starts_with("(case insensitive)");
        rule.one_of = split(text.substr(open + 1, text.size() - open - 2));
    }
    return rule;
}

}  // namespace

std::span<const KafkaConfig> kafka_broker_configs() {
    return kBrokerConfigs;
}
std::span<const KafkaConfig> kafka_broker_quota_configs() {
    return kBrokerQuotaConfigs;
}
std::span<const KafkaConfig> kafka_topic_configs() {
    return kTopicConfigs;
}
std::span<const KafkaConfig> kafka_group_configs() {
    return kGroupConfigs;
}
std::span<const KafkaConfig> kafka_client_metrics_configs() {
    return kClientMetricsConfigs;
}

ConfigKey config_key(const KafkaConfig& config) {
    ConfigKey key;
    key.name = config.name;
    key.type = config.type;
    if (config.default_text) key.default_text = config.default_text;
    key.default_is_null = !config.default_text;
    key.rule = rule_of(config.validator);
    key.doc = config.doc;
    key.internal = config.internal;
    key.update = config.update_mode == "cluster-wide" ? UpdateMode::ClusterWide
                 : config.update_mode == "per-broker" ? UpdateMode::PerBroker
                                                      : UpdateMode::ReadOnly;
    return key;
}

}  // namespace millrace::broker
