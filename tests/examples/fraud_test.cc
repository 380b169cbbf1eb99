// The fraud example in the topology test driver, on the whole file, against the output of its Kafka Streams twin
// (examples/fraud/twin made tests/golden/fraud).
#include <zlib.h>

#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "millrace/base/hash.h"
#include "millrace/examples/fraud/input.h"
#include "millrace/examples/fraud/topology.h"
#include "millrace/testkit/topology_test_driver.h"

namespace {

using namespace millrace;

const std::string kData = MILLRACE_SOURCE_DIR "/examples/fraud/data";
const std::string kGolden = MILLRACE_TESTS_DIR "/golden/fraud";

std::string text_of(const std::string& path) {
    std::string text;
    gzFile in = gzopen(path.c_str(), "rb");
    char buffer[1 << 16];
    for (int n; in != nullptr && (n = gzread(in, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    if (in != nullptr) gzclose(in);
    return text;
}

void run(std::int32_t partitions, std::size_t records_per_step) {
    TopologyTestDriver::Options options;
    options.partitions = partitions;
    options.records_per_step = records_per_step;
    TopologyTestDriver driver(fraud::topology(), options);
    for (const auto& r : fraud::read_customers(kData + "/customers.csv")) {
        driver.pipe_input(r.topic, {.key = r.key, .value = r.value, .timestamp = Timestamp{r.timestamp}});
    }
    std::size_t rows = 0;
    fraud::read_payments(kData + "/transactions.csv.gz", [&](fraud::InputRecord r) {
        driver.enqueue(r.topic, {.key = r.key, .value = r.value, .timestamp = Timestamp{r.timestamp}});
        if (++rows % records_per_step == 0) driver.process();
        return true;
    });
    driver.process();
    ASSERT_EQ(rows, 123'587u);

    std::map<std::string, std::string> alerts, expected_alerts;
    for (const auto& r : driver.records("alerts")) {
        alerts[*r.key] += *r.key + '\t' + *r.value + '\t' + std::to_string(r.timestamp.value()) + '\n';
    }
    std::istringstream golden(text_of(kGolden + "/alerts.tsv"));
    for (std::string line; std::getline(golden, line);) expected_alerts[line.substr(0, line.find('\t'))] += line + '\n';
    EXPECT_EQ(alerts, expected_alerts);

    std::map<std::string, std::pair<int, std::uint32_t>> enriched;
    for (const auto& r : driver.records("enriched")) {
        auto& [n, crc] = enriched[*r.key];
        ++n;
        crc = crc32c(as_bytes(*r.value + '\t' + std::to_string(r.timestamp.value()) + '\n'), crc);
    }
    std::string lines;
    for (const auto& [card, seen] : enriched) {
        char hex[16];
        std::snprintf(hex, sizeof hex, "%x", seen.second);
        lines += card + '\t' + std::to_string(seen.first) + '\t' + hex + '\n';
    }
    EXPECT_TRUE(lines == text_of(kGolden + "/enriched.tsv")) << lines.substr(0, 200);

    std::map<std::string, std::int64_t> counts;
    for (const auto& r : driver.records("category-counts")) {
        const auto key = as_bytes(*r.key);
        const std::string minute = r.key->substr(0, key.size() - 8) + '\t' +
                                   std::to_string(load_be<std::int64_t>(key.data() + key.size() - 8));
        const std::int64_t n = load_be<std::int64_t>(as_bytes(*r.value).data());
        ASSERT_EQ(n, counts[minute] + 1) << minute;
        counts[minute] = n;
    }
    lines.clear();
    for (const auto& [minute, n] : counts) lines += minute + '\t' + std::to_string(n) + '\n';
    EXPECT_TRUE(lines == text_of(kGolden + "/category-counts.tsv.gz")) << lines.substr(0, 200);
}

TEST(Fraud, DescribesItselfAsKafkaStreamsDoes) {
    EXPECT_EQ(fraud::topology().describe(), text_of(kGolden + "/describe.txt"));
}
TEST(Fraud, OutputIsTheTwinsRecordByRecord) { run(1, 1); }
TEST(Fraud, OutputIsTheTwinsInRunsOverFourPartitions) { run(4, 5000); }

TEST(Fraud, TheVerdictFindsWhatATumblingMinuteCanFind) {
    fraud::Verdict verdict(kData + "/truth.csv");
    std::istringstream golden(text_of(kGolden + "/alerts.tsv"));
    for (std::string line; std::getline(golden, line);) {
        const auto at = [&](const char* field) { return std::stoll(line.substr(line.find(field) + std::string(field).size())); };
        verdict.alert(line.substr(0, line.find('\t')), at("\"window_start\":"), at("\"payments\":"));
    }
    const auto r = verdict.result();
    EXPECT_EQ(verdict.windows_alerted(), 30u);
    EXPECT_EQ(r.found, 30u);
    EXPECT_EQ(r.missed_straddling, 10u);
    EXPECT_EQ(r.missed, 0u);
    EXPECT_EQ(r.false_alerts, 0u);
}

}  // namespace
