#pragma once
// The fraud topology written down a second time, as plain loops over the input in log order: what
// its committed output must be (I21). It shares no code with the engine.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/testkit/sim/history.h"

namespace millrace::sim {

struct FraudModelConfig {
    std::int32_t partitions = 2;  // of every topic
    std::int64_t window_ms = 60'000;
    std::int64_t grace_ms = 10'000;
    std::int64_t alert_above = 5;
};

// Per output topic and key, the values in order. Timestamps are part of the text for alerts and
// enriched; a category's minute comes from several upstream partitions, so only the sequence of its
// counts is fixed. `payments-per-minute` is no topic of its own but the changelog of that store: every
// count of it, not only those that alert.
using OutputByKey = std::map<std::string, std::map<std::string, std::vector<std::string>>>;

OutputByKey fraud_model(const History& input, const FraudModelConfig& config);
OutputByKey fraud_output(const History& output, const FraudModelConfig& config);
// The first difference, for people; nothing: equal.
std::optional<std::string> first_difference(const OutputByKey& expected, const OutputByKey& actual);

}  // namespace millrace::sim
