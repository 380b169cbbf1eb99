#include "millrace/cli/simulate/model.h"

#include <algorithm>
#include <set>

#include "millrace/base/byte_order.h"
#include "millrace/cli/simulate/payments.h"

namespace millrace::simulate {

using sim::History;
using sim::OutputByKey;
using sim::SeenRecord;

namespace {

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

std::string number(const std::string& value) {
    return value.size() == 8 ? std::to_string(load_be<std::int64_t>(as_bytes(value).data()))
                             : "(not a count)";
}

// Everything beside the fraud topology, and the changelogs of its stores.
OutputByKey other_model(const History& input, std::int32_t partitions) {
    OutputByKey expected;
    std::map<std::string, std::int64_t> merchants, categories;
    for (std::int32_t p = 0; p < partitions; ++p) {
        std::map<std::string, std::string> last;
        for (const SeenRecord& record : input.log({"payments", p})) {
            const std::string &card = *record.key, &payment = *record.value;
            const std::string tx = field(payment, "tx_id"), merchant = field(payment, "merchant");
            const auto previous = last.find(card);
            std::string answer = tx + '<' + (previous == last.end() ? "-" : previous->second);
            if (tx.back() == '7')
                last.erase(card);
            else
                last[card] = tx;
            if (tx.back() == '3') answer += '/' + std::to_string(last.size());
            expected["chain"][card].push_back(stamped(answer, record.timestamp));
            expected["changelog of last-payment"][card].push_back(
                stamped(tx.back() == '7' ? "" : tx, record.timestamp));
            const std::string n = std::to_string(++merchants[merchant]);
            expected["merchant-counts"][merchant].push_back(n);
            expected["changelog of per-merchant"][merchant].push_back(n);
            const std::string minute = field(payment, "category") + '@' +
                                       std::to_string(record.timestamp.value() / 60'000 * 60'000);
            expected["changelog of category-per-minute"][minute].push_back(
                std::to_string(++categories[minute]));
        }
        for (const SeenRecord& record : input.log({"customers", p}))
            expected["changelog of customers"][*record.key].push_back(record.value.value_or(""));
    }
    return expected;
}

OutputByKey other_output(const History& output) {
    OutputByKey actual;
    for (const TopicPartition& tp : output.partitions()) {
        const bool log = tp.topic.ends_with("-changelog");
        for (const SeenRecord& record : output.log(tp)) {
            const std::string key = record.key.value_or("(null)"),
                              value = record.value.value_or("");
            if (tp.topic == "chain") {
                actual["chain"][key].push_back(stamped(value, record.timestamp));
            } else if (tp.topic == "merchant-counts") {
                actual["merchant-counts"][key].push_back(number(value));
            } else if (log && tp.topic.find("last-payment") != std::string::npos) {
                actual["changelog of last-payment"][key].push_back(
                    stamped(value, record.timestamp));
            } else if (log && tp.topic.find("per-merchant") != std::string::npos) {
                actual["changelog of per-merchant"][key].push_back(number(value));
            } else if (log && tp.topic.find("customers") != std::string::npos) {
                actual["changelog of customers"][key].push_back(value);
            } else if (log && tp.topic.find("category-per-minute") != std::string::npos &&
                       key.size() >= 12) {
                const std::int64_t start =
                    load_be<std::int64_t>(as_bytes(key).data() + key.size() - 12);
                actual["changelog of category-per-minute"]
                      [key.substr(0, key.size() - 12) + '@' + std::to_string(start)]
                          .push_back(number(value));
            }
        }
    }
    return actual;
}

// When a payment meets which version of its card's holder is not fixed: customers and payments are
// two topics. But versions never go back, the last payments meet the last version, and whose holder
// was never deleted misses no payment.
std::optional<std::string> enriched_difference(const History& history, std::int32_t partitions,
                                               bool repeats, bool swept) {
    for (std::int32_t p = 0; p < partitions; ++p) {
        std::map<std::string, std::vector<std::string>> holders;  // accounts, in order
        for (const SeenRecord& record : history.log({"customers", p}))
            if (record.value) holders[*record.key].push_back(field(*record.value, "account"));
        std::map<std::string, std::vector<const SeenRecord*>> payments, enriched;
        for (const SeenRecord& record : history.log({"payments", p}))
            payments[*record.key].push_back(&record);
        for (const SeenRecord& record : history.log({"enriched", p}))
            enriched[record.key.value_or("?")].push_back(&record);
        for (const auto& [card, seen] : enriched) {
            const auto& accounts = holders[card];
            const auto& paid = payments[card];
            std::size_t version = 0, next = 0;
            std::set<std::string> once;
            for (const SeenRecord* record : seen) {
                const std::string text = record->value.value_or(""), tx = field(text, "tx_id");
                if (repeats) {
                    once.insert(tx);
                    continue;
                }
                const std::size_t from = next;
                while (next < paid.size() && field(*paid[next]->value, "tx_id") != tx) ++next;
                if (next == paid.size())
                    return "enriched: " + card + ' ' + tx + " is out of order or there twice";
                if (Payments::constant_customer(card) && next != from)
                    return "enriched: " + card + " lacks " + field(*paid[from]->value, "tx_id");
                const SeenRecord& payment = *paid[next++];
                const std::string account = field(text, "account");
                const auto at = std::find(accounts.begin() + static_cast<std::ptrdiff_t>(version),
                                          accounts.end(), account);
                if (at == accounts.end())
                    return "enriched: " + card + ' ' + tx + " met the holder's version " + account +
                           " after a later one";
                version = static_cast<std::size_t>(at - accounts.begin());
                const std::string state = "S" + std::to_string(std::stoul(account.substr(1)) % 3);
                const std::string expected =
                    "{\"tx_id\":\"" + tx + "\",\"account\":\"" + account + "\",\"merchant\":\"" +
                    field(*payment.value, "merchant") +
                    "\",\"amount\":" + field(*payment.value, "amount") + ",\"home_state\":\"" +
                    state +
                    "\",\"away\":" + (field(*payment.value, "state") != state ? "true" : "false") +
                    "}";
                if (text != expected || record->timestamp != payment.timestamp)
                    return "enriched: " + card + " has " + stamped(text, record->timestamp) +
                           ", expected " + stamped(expected, payment.timestamp);
            }
            if (!Payments::constant_customer(card)) continue;
            if (repeats && once.size() < paid.size())
                return "enriched: " + card + " has " + std::to_string(once.size()) + " of " +
                       std::to_string(paid.size());
            if (!repeats && next < paid.size())
                return "enriched: " + card + " lacks " + field(*paid[next]->value, "tx_id");
            if (!repeats && swept && version + 1 != accounts.size())
                return "enriched: the last payment of " + card +
                       " did not meet the last version of its holder";
        }
        for (const auto& [card, paid] : payments)
            if (Payments::constant_customer(card) && !enriched.contains(card))
                return "enriched: nothing of " + card;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> output_difference(const History& history, std::int32_t partitions,
                                             bool swept) {
    const sim::FraudModelConfig config{.partitions = partitions};
    OutputByKey expected = sim::fraud_model(history, config),
                actual = sim::fraud_output(history, config);
    expected.erase("enriched");
    actual.erase("enriched");
    if (auto difference = sim::first_difference(expected, actual)) return difference;
    if (auto difference =
            sim::first_difference(other_model(history, partitions), other_output(history)))
        return difference;
    return enriched_difference(history, partitions, false, swept);
}

std::optional<std::string> at_least_once_difference(const History& history,
                                                    std::int32_t partitions) {
    const sim::FraudModelConfig config{.partitions = partitions};
    OutputByKey expected = sim::fraud_model(history, config),
                actual = sim::fraud_output(history, config);
    expected.merge(other_model(history, partitions));
    actual.merge(other_output(history));
    const auto count = [](const std::vector<std::string>& values) {  // the last one, as a number
        return values.empty() ? 0L : std::strtol(values.back().c_str(), nullptr, 10);
    };
    // Not payments-per-minute: after a crash its store is ahead of the input, and what it forgot
    // meanwhile by its retention is counted from 1 again, as in Kafka.
    for (const char* topic : {"category-counts", "merchant-counts", "changelog of per-merchant",
                              "changelog of category-per-minute"}) {
        for (const auto& [key, values] : expected[topic]) {
            const auto found = actual[topic].find(key);
            const long n = found == actual[topic].end() ? 0 : count(found->second);
            if (n < count(values))
                return std::string(topic) + ": " + key + " ends with " + std::to_string(n) +
                       ", expected at least " + values.back();
        }
    }
    return enriched_difference(history, partitions, true, false);
}

}  // namespace millrace::simulate
