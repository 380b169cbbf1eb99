// Applications as a user writes them, against the public headers, beside the same applications on
// Apache Kafka Streams 4.4 (twin/): what each record made of them, byte by byte, with describe(),
// internal topics, dropped records and stores. tests/golden/oracle holds the inputs and what Kafka
// Streams gave (twin/make.sh).
#include "oracle.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <zlib.h>

namespace oracle {

std::vector<App>& apps() {
    static std::vector<App> all;
    return all;
}

namespace {

using namespace millrace;
using Blocks = std::map<std::string, std::vector<std::string>>;  // by application: its lines

Blocks blocks(const std::string& file) {
    Blocks out;
    gzFile in = gzopen((std::string(MILLRACE_TESTS_DIR "/golden/oracle/") + file).c_str(), "rb");
    EXPECT_TRUE(in) << file;
    if (!in) return out;
    std::string all;
    char buffer[1 << 16];
    for (int n; (n = gzread(in, buffer, sizeof buffer)) > 0;) all.append(buffer, std::size_t(n));
    gzclose(in);
    std::vector<std::string>* block = nullptr;
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("APP "))
            block = &out[line.substr(4)];
        else if (block && !line.empty())
            block->push_back(line);
    }
    return out;
}

std::optional<std::string> unhex(std::string_view hex) {
    if (hex == "~") return std::nullopt;
    std::vector<std::byte> bytes;
    if (hex != "''" && !from_hex(hex, bytes)) ADD_FAILURE() << hex;
    return std::string(as_text(BytesView(bytes)));
}
std::string hex(const std::optional<std::string>& bytes) {
    return bytes ? to_hex(as_bytes(*bytes)) : "~";
}

// Names inside one "(topics: [..])" stand in the order of a Java hash set: sorted here.
std::string sorted_names(const std::string& line) {
    const std::size_t from = line.find("s: ["), to = line.find(']');
    if (from == std::string::npos || to == std::string::npos || to < from) return line;
    std::vector<std::string> names;
    std::istringstream list(line.substr(from + 4, to - from - 4));
    for (std::string name; std::getline(list, name, ',');)
        names.push_back(name.substr(name.find_first_not_of(' ')));
    std::sort(names.begin(), names.end());
    std::string out = line.substr(0, from + 4);
    for (const std::string& name : names) (out += name) += ' ';
    return out + line.substr(to);
}

std::string headers_text(const Headers& headers) {
    std::string out;
    for (const auto& header : headers) {
        // Names and texts of exceptions are each language's own.
        if (header.key == "__streams.errors.exception" ||
            header.key == "__streams.errors.message" || header.key == "__streams.errors.stacktrace")
            continue;
        out += (out.empty() ? "" : ",") + header.key + '=' + header.value.value_or("~");
    }
    return out;
}

class Runner {
public:
    Runner(const App& app, bool runs) : app_(app), runs_(runs) {}

    // Lines as the twin prints them.
    std::vector<std::string> run(const std::vector<std::string>& script) {
        const Topology topology = app_.build(log_);
        std::istringstream described(topology.describe());
        for (std::string line; std::getline(described, line);)
            if (!line.empty()) out_.push_back(line);
        Settings settings = app_.settings;
        settings["application.id"] = "judge";
        settings.try_emplace("statestore.cache.max.bytes", "0");
        auto options = TopologyTestDriver::Options::with(settings);
        options.wall_clock = Timestamp{1'000'000};
        options.settings.record_by_record = !runs_;
        options.settings.handlers = app_.handlers;
        if (runs_) options.records_per_step = 1'000'000;
        TopologyTestDriver driver(topology, options);
        bool failed = false;
        int step = 0;
        try {
            for (const std::string& line : script) {
                feed(driver, line);
                collect(driver, step++);
            }
            if (runs_) driver.process();
            collect(driver, step);
        } catch (const std::runtime_error&) {
            failed = true;
            collect(driver, step);
            out_.push_back("FAILED\t" + std::to_string(step));
        }
        out_.push_back("DROPPED\t" + std::to_string(driver.dropped_records()));
        if (app_.finish && !failed) app_.finish(driver, log_);
        for (const auto& [where, what] : log_.lines) out_.push_back("fin:" + where + '\t' + what);
        return std::move(out_);
    }

private:
    void feed(TopologyTestDriver& driver, const std::string& line) {
        std::istringstream in(line);
        std::string kind, topic, key, value, header;
        std::int64_t time = 0;
        in >> kind;
        if (kind == "A") {
            if (runs_) driver.process();
            in >> time;
            return driver.advance_wall_clock_time(std::chrono::milliseconds(time));
        }
        in >> topic >> key >> value >> time;
        TopicRecord record;
        record.key = unhex(key);
        record.value = unhex(value);
        record.timestamp = Timestamp{time};
        while (in >> header) {
            const std::size_t equals = header.find('=');
            const std::string text = header.substr(equals + 1);
            record.headers.add(header.substr(0, equals),
                               text == "~" ? std::nullopt : std::optional(text));
        }
        if (runs_)
            driver.enqueue(topic, record);
        else
            driver.pipe_input(topic, record);
    }
    void collect(TopologyTestDriver& driver, int step) {
        for (const auto& [where, what] : log_.lines)
            out_.push_back("log:" + where + '\t' + std::to_string(step) + '\t' + what);
        log_.lines.clear();
        for (const std::string& topic : driver.topics()) {
            const auto& all = driver.records(topic);
            for (std::size_t& n = seen_[topic]; n < all.size(); ++n) {
                const TopicRecord& r = all[n];
                out_.push_back(topic + '\t' + std::to_string(step) + '\t' + hex(r.key) + '\t' +
                               hex(r.value) + '\t' + std::to_string(r.timestamp.value()) + '\t' +
                               headers_text(r.headers));
            }
        }
    }

    const App& app_;
    bool runs_;
    Log log_;
    std::map<std::string, std::size_t> seen_;
    std::vector<std::string> out_;
};

// Without the steps, and topic by topic: what a run changes is only when things are seen.
std::vector<std::string> by_topic(std::vector<std::string> lines) {
    for (std::string& line : lines) {
        const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
        if (second != std::string::npos) line.erase(first, second - first);
    }
    std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
        return a.substr(0, a.find('\t')) < b.substr(0, b.find('\t'));
    });
    return lines;
}

void expect_equal(const std::string& app, const std::vector<std::string>& kafka,
                  const std::vector<std::string>& ours) {
    for (std::size_t i = 0; i < std::max(kafka.size(), ours.size()); ++i) {
        const std::string k = i < kafka.size() ? sorted_names(kafka[i]) : "(nothing)";
        const std::string o = i < ours.size() ? sorted_names(ours[i]) : "(nothing)";
        ASSERT_EQ(k, o) << app << ", line " << i;
    }
}

class Oracle : public testing::Test {
protected:
    const Blocks scripts = blocks("scripts.txt.gz"), expected = blocks("expected.txt.gz");
};

TEST_F(Oracle, RecordByRecord) {
    ASSERT_GE(apps().size(), 20u);
    ASSERT_EQ(expected.size(), apps().size());
    for (const App& app : apps())
        expect_equal(app.name, expected.at(app.name), Runner(app, false).run(scripts.at(app.name)));
}

// Where one topic comes in, the order of the input is one, and runs must change nothing.
TEST_F(Oracle, InRuns) {
    int compared = 0;
    for (const App& app : apps()) {
        const auto& script = scripts.at(app.name);
        std::set<std::string> topics;
        for (const std::string& line : script)
            if (line[0] == 'R') topics.insert(line.substr(2, line.find(' ', 2) - 2));
        const auto& kafka = expected.at(app.name);
        const bool fails = std::any_of(kafka.begin(), kafka.end(), [](const std::string& line) {
            return line.starts_with("FAILED");
        });
        if (topics.size() > 1 || fails || app.settings.contains("statestore.cache.max.bytes"))
            continue;
        ++compared;
        expect_equal(app.name, by_topic(kafka), by_topic(Runner(app, true).run(script)));
    }
    EXPECT_GE(compared, 10);
}

}  // namespace
}  // namespace oracle
