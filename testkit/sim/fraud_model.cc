#include "millrace/testkit/sim/fraud_model.h"

#include <set>
#include <string_view>

#include "millrace/base/byte_order.h"

namespace millrace::sim {

namespace {

// "name":value of flat JSON as the feeder writes it; strings come without quotes.
std::string field(std::string_view json, std::string_view name) {
    const std::string pattern = '"' + std::string(name) + "\":";
    std::size_t at = json.find(pattern);
    if (at == std::string_view::npos) return {};
    at += pattern.size();
    if (json[at] == '"') return std::string(json.substr(at + 1, json.find('"', at + 1) - at - 1));
    return std::string(json.substr(at, json.find_first_of(",}", at) - at));
}

std::string stamped(const std::string& value, Timestamp at) {
    return value + " @" + std::to_string(at.value());
}

}  // namespace

OutputByKey fraud_model(const History& input, const FraudModelConfig& config) {
    OutputByKey expected;
    std::map<std::string, std::int64_t> categories;  // "category@start" -> n
    for (std::int32_t p = 0; p < config.partitions; ++p) {
        std::map<std::string, std::string> customers;
        for (const SeenRecord& record : input.log({"customers", p})) {
            if (!record.key) continue;
            if (record.value)
                customers[*record.key] = *record.value;
            else
                customers.erase(*record.key);
        }
        std::int64_t observed = -1;
        std::map<std::pair<std::string, std::int64_t>, std::pair<std::int64_t, std::int64_t>>
            counts;  // n, timestamp
        for (const SeenRecord& record : input.log({"payments", p})) {
            const std::string& card = *record.key;
            const std::string& payment = *record.value;
            const std::int64_t ts = record.timestamp.value();
            observed = std::max(observed, ts);
            const std::int64_t start = ts / config.window_ms * config.window_ms;
            if (start + config.window_ms > observed - config.grace_ms) {
                auto& [n, at] = counts[{card, start}];
                at = n == 0 ? ts : std::max(at, ts);
                ++n;
                const std::string window = card + '@' + std::to_string(start);
                expected["payments-per-minute"][window].push_back(stamped(std::to_string(n), Timestamp{at}));
                if (n > config.alert_above) {
                    const std::string alert =
                        "{\"rule\":\"velocity\",\"payments\":" + std::to_string(n) +
                        ",\"window_start\":" + std::to_string(start) + "}";
                    expected["alerts"][card].push_back(stamped(alert, Timestamp{at}));
                }
            }
            if (const auto customer = customers.find(card); customer != customers.end()) {
                const std::string enriched =
                    "{\"tx_id\":\"" + field(payment, "tx_id") + "\",\"account\":\"" +
                    field(customer->second, "account") + "\",\"merchant\":\"" +
                    field(payment, "merchant") + "\",\"amount\":" + field(payment, "amount") +
                    ",\"home_state\":\"" + field(customer->second, "state") + "\",\"away\":" +
                    (field(payment, "state") != field(customer->second, "state") ? "true"
                                                                                 : "false") +
                    "}";
                expected["enriched"][card].push_back(stamped(enriched, record.timestamp));
            }
            const std::string minute = field(payment, "category") + '@' + std::to_string(start);
            expected["category-counts"][minute].push_back(std::to_string(++categories[minute]));
        }
    }
    return expected;
}

namespace {

// A changelog key of a window store: key || i64 start || i32 sequence. As key@start.
std::optional<std::string> window_of(const std::string& key) {
    if (key.size() < 12) return std::nullopt;
    const auto bytes = as_bytes(key);
    return key.substr(0, key.size() - 12) + '@' +
           std::to_string(load_be<std::int64_t>(bytes.data() + bytes.size() - 12));
}

}  // namespace

OutputByKey fraud_output(const History& output, const FraudModelConfig& config) {
    OutputByKey actual;
    for (const TopicPartition& tp : output.partitions()) {
        if (tp.topic.ends_with("-payments-per-minute-changelog")) {
            for (const SeenRecord& record : output.log(tp)) {
                const std::string value = record.value.value_or("");
                const std::string count =
                    value.size() == 8
                        ? std::to_string(load_be<std::int64_t>(as_bytes(value).data()))
                        : "(not a count)";
                actual["payments-per-minute"][window_of(record.key.value_or("")).value_or("?")]
                    .push_back(stamped(count, record.timestamp));
            }
        }
        if (tp.topic != "alerts" && tp.topic != "enriched" && tp.topic != "category-counts")
            continue;
        if (tp.partition >= config.partitions)
            actual[tp.topic]["?"].push_back("partition " + std::to_string(tp.partition));
        for (const SeenRecord& record : output.log(tp)) {
            const std::string key = record.key.value_or("(null)"),
                              value = record.value.value_or("(null)");
            if (tp.topic == "category-counts" && key.size() >= 8 && value.size() == 8) {
                const auto bytes = as_bytes(key);
                const std::int64_t start = load_be<std::int64_t>(bytes.data() + bytes.size() - 8);
                actual[tp.topic][key.substr(0, key.size() - 8) + '@' + std::to_string(start)]
                    .push_back(std::to_string(load_be<std::int64_t>(as_bytes(value).data())));
            } else {
                actual[tp.topic][key].push_back(stamped(value, record.timestamp));
            }
        }
    }
    return actual;
}

std::optional<std::string> first_difference(const OutputByKey& expected,
                                            const OutputByKey& actual) {
    static const std::map<std::string, std::vector<std::string>> kNone;
    std::set<std::string> topics;
    for (const auto& [topic, keys] : expected) topics.insert(topic);
    for (const auto& [topic, keys] : actual) topics.insert(topic);
    for (const std::string& topic : topics) {
        const auto e = expected.find(topic);
        const auto a = actual.find(topic);
        const auto& want = e == expected.end() ? kNone : e->second;
        const auto& got = a == actual.end() ? kNone : a->second;
        for (const auto& [key, values] : want) {
            const auto found = got.find(key);
            const std::size_t n = found == got.end() ? 0 : found->second.size();
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (i >= n) {
                    return topic + ": key " + key + " has " + std::to_string(n) +
                           " records, expected " + std::to_string(values.size()) + "; missing " +
                           values[i];
                }
                if (found->second[i] != values[i]) {
                    return topic + ": key " + key + " record " + std::to_string(i) +
                           " is " + found->second[i] + ", expected " + values[i];
                }
            }
            if (n > values.size()) {
                return topic + ": key " + key + " has " + std::to_string(n) +
                       " records, expected " + std::to_string(values.size()) + "; too many from " +
                       found->second[values.size()];
            }
        }
        for (const auto& [key, values] : got) {
            if (!want.contains(key))
                return topic + ": key " + key + " was not expected: " + values.front();
        }
    }
    return std::nullopt;
}

}  // namespace millrace::sim
